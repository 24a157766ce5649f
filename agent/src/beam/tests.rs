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
