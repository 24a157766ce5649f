use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

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

/// A clock that tests move.
fn scripted() -> (Arc<AtomicU64>, Beam) {
    let now_us = Arc::new(AtomicU64::new(1));
    let of_beam = Arc::clone(&now_us);
    (now_us, Beam::new(BeamConfig::default(), move || of_beam.load(Ordering::Relaxed)))
}

/// What its watcher would say of the first VM.
fn named(runtime: u32) -> SaidVm {
    let memory = v1::VmMemory { total_bytes: Some(1 << 30), ..v1::VmMemory::default() };
    let vm = v1::Vm { name: Some("chat@a".into()), answered_us: Some(1), memory: Some(memory), ..v1::Vm::default() };
    SaidVm { runtime, answers: true, vm, ..SaidVm::default() }
}

#[test]
fn a_vm_that_has_ended_stays_for_ten_minutes_with_what_it_said_last_and_its_crash_dump() {
    let (now_us, mut beam) = scripted();
    read(&mut beam, &["beam.smp"], &Wants::default());
    beam.take(Said { vms: vec![named(1)], ..Said::default() });
    now_us.store(5_000_000, Ordering::Relaxed);
    let reading = read(&mut beam, &["sh"], &Wants::default());
    assert_eq!(reading.happened, ["the Erlang VM chat@a (pid 1) is down"]);
    let [vm] = reading.vms.as_slice() else { panic!("{:?}", reading.vms) };
    assert_eq!((vm.ended_us, vm.name.as_deref(), vm.runtime), (Some(5_000_000), Some("chat@a"), Some(1)));
    assert!(vm.memory.is_some() && vm.ended_why.as_ref().unwrap().contains("no crash dump"), "{vm:?}");
    assert!(reading.runtimes.is_empty() && reading.sources.is_empty(), "it is no trouble of now");
    // Its dump is found a moment later.
    let dump = v1::CrashDump { path: Some("erl_crash.dump".into()), bytes: Some(12 << 20), is_growing: None };
    let vm = v1::Vm { crash_dump: Some(dump.clone()), ..v1::Vm::default() };
    let slogan = Some("no more memory".into());
    beam.take(Said { vms: vec![SaidVm { runtime: 1, vm, slogan, ..SaidVm::default() }], ..Said::default() });
    // Its next life is another runtime, beside it.
    now_us.store(600_000_000, Ordering::Relaxed);
    let tasks = vec![process(2, "beam.smp")];
    let mut reading = Reading { tasks, ..Reading::default() };
    beam.read(&Wants::default(), &mut reading);
    let lives: Vec<_> = reading.vms.iter().map(|vm| (vm.runtime, vm.ended_us)).collect();
    assert_eq!(lives, [(Some(2), None), (Some(1), Some(5_000_000))]);
    assert_eq!(reading.vms[1].crash_dump, Some(dump));
    assert_eq!(reading.vms[1].ended_why.as_deref(), Some("it wrote a crash dump: no more memory"));
    now_us.store(605_000_001, Ordering::Relaxed);
    let mut reading = Reading { tasks: vec![process(2, "beam.smp")], ..Reading::default() };
    beam.read(&Wants::default(), &mut reading);
    assert_eq!(reading.vms.iter().map(|vm| vm.runtime).collect::<Vec<_>>(), [Some(2)]);
}

#[test]
fn of_many_that_ended_those_that_never_answered_go_first() {
    let (now_us, mut beam) = scripted();
    let running = |of: std::ops::RangeInclusive<u64>| Reading {
        tasks: of.map(|pid| process(pid, "beam.smp")).collect(),
        ..Reading::default()
    };
    beam.read(&Wants::default(), &mut running(1..=12));
    // The one that is known is the oldest of all, and ends before others do.
    beam.take(Said { vms: vec![named(1)], ..Said::default() });
    for (second, left) in [(1, 2..=12), (2, 12..=12)] {
        now_us.store(second * 1_000_000, Ordering::Relaxed);
        beam.read(&Wants::default(), &mut running(left));
    }
    let mut reading = running(12..=12);
    beam.read(&Wants::default(), &mut reading);
    let ended: Vec<_> = reading.vms.iter().filter(|vm| vm.ended_us.is_some()).collect();
    assert_eq!(beam.ended.len(), lives::MOST_HELD);
    assert!(matches!(ended.as_slice(), [vm] if vm.name.as_deref() == Some("chat@a")), "{ended:?}");
}

#[test]
fn a_zombie_is_no_vm_any_more() {
    let (_, mut beam) = scripted();
    read(&mut beam, &["beam.smp"], &Wants::default());
    beam.take(Said { vms: vec![named(1)], ..Said::default() });
    let zombie = TaskReading { state: Some(midair_vitals::TaskState::Zombie), ..process(1, "beam.smp") };
    let mut reading = Reading { tasks: vec![zombie], ..Reading::default() };
    beam.read(&Wants::default(), &mut reading);
    assert!(reading.vms[0].ended_us.is_some());
}

/// Reads a host with this process and so many kills in its cgroup, and says why the first VM has ended.
fn why(beam: &mut Beam, name: &str, n_oom_kills: u64) -> Option<String> {
    let path: Arc<str> = "/chat".into();
    let task = TaskReading { cgroup: Some(Arc::clone(&path)), ..process(1, name) };
    let n_oom_kills = Some(n_oom_kills);
    let cgroup = midair_vitals::CgroupReading { path, n_oom_kills, ..midair_vitals::CgroupReading::default() };
    let mut reading = Reading { tasks: vec![task], cgroups: vec![cgroup], ..Reading::default() };
    beam.read(&Wants::default(), &mut reading);
    reading.vms.first()?.ended_why.clone()
}

#[test]
fn the_kernel_killed_it_for_memory_where_its_cgroup_says_so() {
    let (_, mut beam) = scripted();
    why(&mut beam, "beam.smp", 3);
    assert!(why(&mut beam, "sh", 4).unwrap().contains("lack of memory"));
}

#[test]
fn a_kill_that_is_counted_late_is_told_and_an_older_or_a_later_one_is_not() {
    for (kills_later, second, is_told) in [(4, 9, true), (4, 60, false), (3, 9, false)] {
        let (now_us, mut beam) = scripted();
        why(&mut beam, "beam.smp", 2);
        beam.take(Said { vms: vec![named(1)], ..Said::default() });
        why(&mut beam, "beam.smp", 3);
        now_us.store(1_000_000, Ordering::Relaxed);
        let first = why(&mut beam, "sh", 3).unwrap();
        assert!(first.starts_with("killed, aborted or halted"), "{first}");
        now_us.store(1_000_000 + second * 1_000_000, Ordering::Relaxed);
        let later = why(&mut beam, "sh", kills_later).unwrap();
        assert_eq!(later.contains("lack of memory"), is_told, "{later}");
    }
}

#[test]
fn what_never_answered_and_left_nothing_is_not_kept() {
    let (now_us, mut beam) = scripted();
    read(&mut beam, &["beam.smp"], &Wants::default());
    assert!(read(&mut beam, &["sh"], &Wants::default()).vms.is_empty());
    assert_eq!(beam.question(&Wants::default(), false, 1).ended.len(), 1, "its crash dump is looked for");
    let slogan = Some("no more memory".into());
    let said = SaidVm { runtime: 1, is_dump_unsure: true, slogan, ..SaidVm::default() };
    beam.take(Said { vms: vec![said], ..Said::default() });
    let reading = read(&mut beam, &["sh"], &Wants::default());
    assert_eq!(reading.vms[0].ended_why.as_deref(), Some("a crash dump appeared in its folder: no more memory"));
    assert!(reading.vms[0].crash_dump.is_none(), "it may be another's");
    read(&mut beam, &["beam.smp"], &Wants::default());
    read(&mut beam, &["sh"], &Wants::default());
    now_us.store(60_000_000, Ordering::Relaxed);
    assert_eq!(read(&mut beam, &["sh"], &Wants::default()).vms.len(), 1);
    assert_eq!(beam.ended.len(), 1);
}

#[test]
fn who_comes_by_once_a_minute_still_learns_what_was_left_behind() {
    let (now_us, mut beam) = scripted();
    read(&mut beam, &["beam.smp"], &Wants::default());
    beam.take(Said { vms: vec![named(1)], ..Said::default() });
    let mut at_us = 1;
    for name in ["beam.smp", "sh", "sh", "sh"] {
        at_us += 60_000_000;
        now_us.store(at_us, Ordering::Relaxed);
        read(&mut beam, &[name], &Wants::default());
    }
    assert_eq!(beam.question(&Wants::default(), false, at_us).ended.len(), 1);
    assert!(beam.question(&Wants::default(), false, at_us + 60_000_000).ended.is_empty());
}

#[test]
fn only_who_closed_its_connection_is_said_to_have_stopped() {
    for (hung_up_us, words) in [(Some(1), "stopped or halted"), (None, "killed, aborted or halted")] {
        let (_, mut beam) = scripted();
        read(&mut beam, &["beam.smp"], &Wants::default());
        beam.take(Said { vms: vec![SaidVm { hung_up_us, ..named(1) }], ..Said::default() });
        let reading = read(&mut beam, &["sh"], &Wants::default());
        assert!(reading.vms[0].ended_why.as_ref().unwrap().starts_with(words), "{:?}", reading.vms[0].ended_why);
    }
}

#[test]
fn a_vm_that_was_not_asked_yet_is_no_trouble() {
    let mut beam = Beam::new(BeamConfig::default(), || 1);
    beam.starts_us = 2;
    read(&mut beam, &["beam.smp"], &Wants::default());
    let said = SaidVm { runtime: 1, reason: Some(NOT_ASKED_YET.into()), ..SaidVm::default() };
    beam.take(Said { vms: vec![said], ..Said::default() });
    let mut reading = Reading::default();
    beam.tell(&Wants::default(), &mut reading);
    assert!(matches!(&reading.runtimes[0].health, Health::Off(why) if **why == *"not asked yet"));
    assert!(matches!(beam.state().health, Health::Ok));
}

/// Reads a host with these VMs: OS process, CPU time and memory. Gives those that are watched.
fn slots(beam: &mut Beam, vms: &[(u64, u64, u64)]) -> Vec<u64> {
    let one = |(n, cpu_us, rss): &(u64, u64, u64)| TaskReading {
        cpu_us: Some(*cpu_us),
        rss_bytes: Some(*rss),
        ..process(*n, "beam.smp")
    };
    let mut reading = Reading { tasks: vms.iter().map(one).collect(), ..Reading::default() };
    beam.read(&Wants::default(), &mut reading);
    let running = reading.vms.iter().filter(|vm| vm.ended_us.is_none());
    let mut watched: Vec<u64> = running.filter_map(|vm| vm.process?.number).collect();
    watched.sort_unstable();
    watched
}

#[test]
fn the_largest_get_the_slots_and_those_without_one_are_said() {
    let (now_us, mut beam) = scripted();
    let mut vms: Vec<_> = (1..=20).map(|n| (n, 10, 10)).collect();
    (vms[18].2, vms[19].1) = (1000, 1000);
    let watched = slots(&mut beam, &vms);
    assert_eq!(watched.len(), MOST_VMS);
    assert!(watched.contains(&19) && watched.contains(&20), "{watched:?}");
    let said = beam.slots.left_out().unwrap();
    assert!(said.contains("4 Erlang VMs beyond the 16 largest are not watched"), "{said}");
    // One that becomes busy gets a slot a minute later, and not at once.
    let idle = (1..=20).find(|n| !watched.contains(n)).unwrap();
    vms[idle as usize - 1].1 = 10_000_000;
    assert_eq!(slots(&mut beam, &vms), watched);
    now_us.store(120_000_000, Ordering::Relaxed);
    assert!(slots(&mut beam, &vms).contains(&idle));
}

#[test]
fn those_that_have_a_slot_keep_it_when_others_come_and_go() {
    let (now_us, mut beam) = scripted();
    let mib = 1 << 20;
    let mut vms: Vec<_> = (1..=20).map(|n| (n, 1_000_000 * n, 100 * mib)).collect();
    let first = slots(&mut beam, &vms);
    // One ends: its slot alone is given anew, though the order of the others is another one by now.
    vms.retain(|(n, ..)| *n != first[0]);
    vms.iter_mut().for_each(|(n, cpu_us, _)| *cpu_us += 20_000 * (21 - *n));
    let second = slots(&mut beam, &vms);
    assert_eq!(second.len(), MOST_VMS);
    assert!(first[1..].iter().all(|n| second.contains(n)), "{first:?} {second:?}");
    // A minute later a little larger is not enough.
    now_us.store(120_000_000, Ordering::Relaxed);
    for (n, cpu_us, rss) in &mut vms {
        let more = if second.contains(n) { 0 } else { 1 };
        *cpu_us += 2_000_000 + 500_000 * more;
        *rss += 8 * mib * more;
    }
    assert_eq!(slots(&mut beam, &vms), second);
    // One who came to sixteen has none, however large.
    let (_, mut beam) = scripted();
    vms.truncate(MOST_VMS);
    let held = slots(&mut beam, &vms);
    vms.push((99, 1_000_000_000, 1000 * mib));
    assert_eq!(slots(&mut beam, &vms), held);
}

#[test]
fn a_process_that_ended_is_told_to_streams_that_come_by_seldom() {
    let (now_us, mut beam) = scripted();
    read(&mut beam, &["beam.smp"], &Wants::default());
    let ended = vec![said::Ended { number: 7, creation: 9 }];
    beam.take(Said { vms: vec![SaidVm { ended, ..named(1) }], ..Said::default() });
    let id = TaskId { runtime: 1, number: 7, start: 9 };
    assert_eq!(read(&mut beam, &["beam.smp"], &Wants::default()).ended, [id]);
    beam.take(Said { vms: vec![named(1)], ..Said::default() });
    now_us.store(60_000_000, Ordering::Relaxed);
    assert_eq!(read(&mut beam, &["beam.smp"], &Wants::default()).ended, [id], "the slowest comes once a minute");
    now_us.store(70_000_000, Ordering::Relaxed);
    assert!(read(&mut beam, &["beam.smp"], &Wants::default()).ended.is_empty());
}

#[test]
fn what_was_asked_of_a_watcher_that_is_no_more_is_answered_and_not_asked_again() {
    let (_, mut beam) = scripted();
    let task = TaskId { runtime: 1, number: 7, start: 9 };
    let traces = vec![crate::reading::TraceWanted { number: 5, task, seconds: 1, most: 1 }];
    let inspections = vec![InspectionWanted { number: 6, task, what: v1::Keeps::State }];
    let wants = Wants { traces, inspections, ..Wants::default() };
    read(&mut beam, &["beam.smp"], &wants);
    beam.failed.take(&wants);
    let ask = beam.question(&wants, false, 1);
    assert!(ask.traces.is_empty() && ask.inspections.is_empty());
    let mut reading = Reading::default();
    beam.tell(&wants, &mut reading);
    assert!(matches!(reading.traced.as_slice(), [(5, Err(_))]));
    assert!(matches!(reading.inspected.as_slice(), [(6, one)] if one.refused.is_some()));
    beam.tell(&Wants::default(), &mut Reading::default());
    assert!(!beam.failed.is_trace(5), "nobody wants it any more");
}
