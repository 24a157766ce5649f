use super::*;

fn cgroup(at_s: u64, cpu_us: u64, delay_us: u64, throttled_us: u64) -> CgroupReading {
    CgroupReading {
        path: "/backup.slice".into(),
        at_us: at_s * 1_000_000,
        cpu_us: Some(cpu_us),
        run_delay_us: Some(delay_us),
        throttled_us: Some(throttled_us),
        ..CgroupReading::default()
    }
}

#[test]
fn a_burner_at_a_fifth_of_a_core_is_four_fifths_held_back() {
    // Whether the kernel counts that as run delay, not at all, or nobody knows.
    for delay_us in [Some(800_000), Some(0), None] {
        let mut now = cgroup(1, 200_000, 0, 800_000);
        now.run_delay_us = delay_us;
        let vitals = CgroupVitals::derive(Some(&cgroup(0, 0, 0, 0)), &now);
        assert_eq!(vitals.severities.sched.map(|s| s.percent()), Some(80), "{delay_us:?}");
        assert_eq!((vitals.cpu, vitals.throttled), (Some(0.2), Some(0.8)));
    }
}

#[test]
fn memory_that_can_be_taken_back_is_not_used() {
    let mut now = cgroup(1, 0, 0, 0);
    (now.mem_bytes, now.mem_inactive_bytes, now.mem_limit_bytes) = (Some(90), Some(40), Some(100));
    let vitals = CgroupVitals::derive(None, &now);
    assert_eq!(vitals.mem_used_bytes, Some(50));
    assert_eq!(vitals.severities.mem.map(|s| s.percent()), Some(50));
    assert_eq!(vitals.cpu, None, "one reading makes no rate");
    now.mem_limit_bytes = None;
    assert_eq!(CgroupVitals::derive(None, &now).severities.mem, None, "without a limit nothing is near");
}

#[test]
fn a_namespace_tells_what_it_dropped_since_the_reading_before() {
    let namespace = |at_s: u64, n: u64| NetNamespace {
        inode: 7,
        at_us: at_s * 1_000_000,
        listen_drops: Some(n),
        tcp_in: Some(10 * n),
        ..NetNamespace::default()
    };
    let vitals = NetNamespaceVitals::derive(Some(&namespace(0, 1)), &namespace(2, 5));
    assert_eq!((vitals.listen_drops, vitals.tcp_in, vitals.udp_in), (Some(4), Some(20.0), None));
}
