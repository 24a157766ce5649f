use super::*;

fn process(number: u64, name: &str) -> TaskReading {
    let id = TaskId { runtime: 0, number, start: 1 };
    TaskReading { name: Some(name.into()), ..TaskReading::unknown(id, TaskKind::Process, 1) }
}

/// Reads once, on a host with these processes. What tests run in starts no watcher.
fn read(beam: &mut Beam, names: &[&str], wants: &Wants) -> Reading {
    let tasks = (1..).zip(names).map(|(number, name)| process(number, name)).collect();
    let mut reading = Reading { tasks, ..Reading::default() };
    beam.read(wants, &mut reading);
    reading
}

#[test]
fn emulators_are_found_by_name_and_what_begins_alike_is_none() {
    let mut beam = Beam::new(BeamConfig::default(), || 1);
    let reading = read(&mut beam, &["beam.smp", "beamline", "beam.debug.smp", "beam"], &Wants::default());
    let processes: Vec<_> = reading.vms.iter().filter_map(|vm| vm.process?.number).collect();
    assert_eq!(processes, [1, 3, 4]);
    assert!(matches!(reading.runtimes[0].health, Health::Off(_)), "nobody watches it");
}

#[test]
fn a_viewer_who_steps_through_processes_gathers_no_looks() {
    let mut beam = Beam::new(BeamConfig::default(), || 1);
    let close: Vec<TaskId> = (0..40).map(|number| TaskId { runtime: 1, number, start: 1 }).collect();
    for some in close.chunks(N_FOCUSES) {
        beam.starts_us = 0;
        read(&mut beam, &["beam.smp"], &Wants { close: some.to_vec(), ..Wants::default() });
    }
    assert_eq!(beam.looks.len(), MOST_LOOKS);
}

#[test]
fn what_vms_say_of_themselves_may_be_any_number() {
    let mut beam = Beam::new(BeamConfig::default(), || 1);
    read(&mut beam, &["beam.smp", "beam.smp"], &Wants::default());
    for (cost_us, n_messages) in [(u64::MAX, u64::MAX), (1, u64::MAX)] {
        let vm = |runtime| {
            let sweep = v1::VmSweep { n_messages: Some(n_messages), ..v1::VmSweep::default() };
            let vm = v1::Vm { cost_us: Some(cost_us), sweep: Some(sweep), ..v1::Vm::default() };
            SaidVm { runtime, answers: true, vm, ..SaidVm::default() }
        };
        beam.take(Said { vms: vec![vm(1), vm(2)], ..Said::default() });
    }
    let mut reading = Reading::default();
    beam.tell(&Wants::default(), &mut reading);
    assert_eq!((reading.sums[0].depth, reading.vm_cost_us), (Some(u64::MAX), Some(u64::MAX)));
}

#[test]
fn sixteen_vms_that_say_too_much_fit_into_a_message() {
    let mut beam = Beam::new(BeamConfig::default(), || 1);
    read(&mut beam, &["beam.smp"; MOST_VMS], &Wants::default());
    let long = || Some("\u{e4}".repeat(100_000));
    let table = || v1::VmTable { name: long(), ..v1::VmTable::default() };
    let scheduler = |n| v1::Scheduler { number: Some(n), active: Some(u64::MAX), ..v1::Scheduler::default() };
    let vm = |runtime| {
        let schedulers = v1::Schedulers { scheduler: (0..500).map(scheduler).collect(), threads_mono_us: None };
        let vm = v1::Vm {
            name: long(),
            erts: long(),
            tables: Some(v1::VmTables { table: vec![table(); 3], ..v1::VmTables::default() }),
            schedulers: Some(schedulers),
            crash_dump: Some(v1::CrashDump { path: long(), ..v1::CrashDump::default() }),
            ..v1::Vm::default()
        };
        SaidVm { runtime, reason: long(), vm, ..SaidVm::default() }
    };
    beam.take(Said { vms: (1..=16).map(vm).collect(), ..Said::default() });
    let mut reading = Reading::default();
    beam.tell(&Wants::default(), &mut reading);
    let bytes: usize = reading.vms.iter().map(prost::Message::encoded_len).sum();
    assert!(reading.vms.len() == 16 && bytes < VMS_BYTES, "{bytes}");
    assert!(reading.vms.iter().all(|vm| vm.schedulers.is_some() && vm.tables.is_none()));
    let reasons = reading.runtimes.iter().map(|runtime| format!("{runtime:?}").len());
    assert!(reasons.max() < Some(3000));
}
