use super::*;

#[test]
fn this_process_is_found_with_its_user_and_memory() {
    let mut source = Sysinfo::new(|| 7);
    let mut reading = Reading::default();
    source.read(&Wants::default(), &mut reading);
    let own = u64::from(std::process::id());
    let row = reading.tasks.iter().find(|row| row.id.number == own).expect("this process runs");
    assert!(row.rss_bytes.unwrap() > 100_000 && row.user.is_some() && row.at_us == 7, "{row:?}");
    assert_eq!((row.run_delay_us, row.kind), (None, TaskKind::Process));
    assert!(reading.node.mem_total_bytes.unwrap() > reading.node.mem_available_bytes.unwrap());
    assert_eq!(reading.sources[0].health, Health::Degraded(MISSING.into()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_task_has_the_same_identity_as_through_the_kernel() {
    let mut both = Reading::default();
    crate::kernel::Kernel::new("/proc".into(), || 1).read(&Wants::default(), &mut both);
    let mut reading = Reading::default();
    Sysinfo::new(|| 1).read(&Wants::default(), &mut reading);
    let own = u64::from(std::process::id());
    let of = |reading: &Reading| {
        let row = reading.tasks.iter().find(|row| row.id.number == own).unwrap().clone();
        (row.id, row.parent, row.user, row.command)
    };
    assert_eq!(of(&both), of(&reading));
}
