use midair_vitals::{
    Queue, QueueKind, TaskId, TaskReading, TaskState, VmReading,
    vm::{ActiveFunctions, Count, CrashDump, DistLink, Listed, Scheduler, SchedulerKind, Seen, Sweep, VmMemory},
};

use super::*;
use crate::{
    event::{Health, Runtime, Sample, Stamped},
    model::{finding::tests::said as all_said, script::*},
};

const LIFE: u64 = 5;
const PROCESS: TaskId = TaskId { runtime: 0, number: 9, start: 100 };

fn scheduler(number: u32, s: u64, busy: u64, n_runs: u64, delay_ms: u64) -> Scheduler {
    Scheduler {
        number,
        kind: SchedulerKind::Normal,
        active: Some(s * busy * 10),
        total: Some(s * 1_000),
        run_queue: None,
        thread: Some(TaskId { number: 100 + u64::from(number), ..PROCESS }),
        cpu_us: Some(s * busy * 10_000),
        run_delay_us: Some(s * delay_ms * 1_000),
        n_runs: Some(s * n_runs),
    }
}

/// The VM chat@a at rest, and its OS process of 9 MiB.
fn measured(s: u64, health: Health, change: impl FnOnce(&mut VmReading, &mut Sample)) -> Stamped {
    let us = s * 1_000_000;
    sample_with(s as f64, "a", |sample| {
        let runtime = Runtime {
            id: 1,
            kind: "beam".into(),
            name: "chat@a".into(),
            health,
            n_tasks: Some(3),
            is_undistributed: false,
        };
        sample.runtimes.push(runtime);
        sample.tasks = vec![task(PROCESS.number, s as f64, 0.0, 0.0)];
        let mut vm = VmReading {
            runtime: 1,
            name: Some("chat@a".into()),
            at_us: Some(us),
            answered_us: Some(us),
            creation: Some(LIFE),
            process: Some(PROCESS),
            schedulers: (1..=2).map(|number| scheduler(number, s, 10, 100, 0)).collect(),
            run_queue: Some(0),
            ..VmReading::default()
        };
        change(&mut vm, sample);
        sample.vms.insert(0, vm);
    })
}

/// What is said after three seconds in which the VM is changed so.
fn said(change: impl Fn(u64, &mut VmReading, &mut Sample)) -> Vec<String> {
    let at = |s| measured(s, Health::Ok, |vm, sample| change(s, vm, sample));
    all_said(&[at(1), at(2), at(3)], None, 3.0)
}

fn process(number: u64, s: u64) -> TaskReading {
    let id = TaskId { runtime: 1, number, start: LIFE };
    TaskReading {
        name: Some(format!("proc-{number}").into()),
        state: Some(TaskState::Waiting),
        ..TaskReading::unknown(id, TaskKind::Erlang, s * 1_000_000)
    }
}

#[test]
fn a_vm_at_rest_has_nothing_to_say() {
    assert_eq!(said(|_, _, _| {}), [""; 0]);
}

#[test]
fn more_work_than_schedulers_is_named() {
    let saturated = said(|s, vm, _| {
        vm.schedulers = (1..=2).map(|number| scheduler(number, s, 100, 100, 0)).collect();
        vm.run_queue = Some(14);
    });
    assert_eq!(saturated, ["chat@a: 14 processes wait for 2 schedulers, busy 100 %"]);
    let roomy = said(|s, vm, _| {
        vm.schedulers = (1..=2).map(|number| scheduler(number, s, 50, 100, 0)).collect();
        vm.run_queue = Some(14);
    });
    assert_eq!(roomy, [""; 0], "what waits at one look has its turn at once");
}

#[test]
fn jobs_for_dirty_schedulers_are_named_too() {
    let dirty = said(|s, vm, _| {
        let busy = Scheduler { kind: SchedulerKind::DirtyCpu, ..scheduler(1, s, 100, 1, 0) };
        vm.schedulers.push(busy);
        vm.run_queue_dirty_cpu = Some(7);
    });
    assert_eq!(dirty, ["chat@a: 7 jobs of native code wait for 1 dirty CPU schedulers, busy 100 %"]);
}

#[test]
fn a_host_without_cpu_for_the_schedulers_is_the_culprit() {
    let starved = said(|s, vm, _| vm.schedulers = (1..=2).map(|number| scheduler(number, s, 30, 100, 600)).collect());
    let expected = "the host has too few CPUs for the schedulers of chat@a: they wait 1200 ms/s, and run on 0.6 cores";
    assert_eq!(starved, [expected]);
}

#[test]
fn schedulers_that_are_busy_and_switch_without_end_fight_for_a_lock() {
    let fight = |n_runs| {
        said(move |s, vm, _| {
            vm.schedulers = (1..=2).map(|number| scheduler(number, s, 100, n_runs, 0)).collect();
            let functions = vec![Seen { what: "ets:insert/2".into(), n: 60 }];
            vm.active_functions = Some(ActiveFunctions { at_us: None, n_looked: Some(80), functions });
        })
    };
    let expected = "ets:insert/2 in 75 % of active processes: lock contention in chat@a, whose schedulers are all busy \
                    and wait for each other: 143000 switches/s on each";
    assert_eq!(fight(143_000), [expected]);
    assert_eq!(fight(145), [""; 0], "busy with work");
}

/// A VM whose OS process and whose own memory grow so many MiB a second, with so much in carriers, of which so much is used.
fn growing(rss: u64, total: u64, carriers_mib: u64, blocks_mib: u64) -> Vec<String> {
    let said = said(move |s, vm, sample| {
        sample.reading.mem_total_bytes = Some(1_000 << 20);
        sample.reading.mem_available_bytes = Some(400 << 20);
        sample.tasks[0].rss_bytes = Some((100 + rss * s) << 20);
        vm.memory = VmMemory { total_bytes: Some((50 + total * s) << 20), ..VmMemory::default() };
        (vm.carriers_bytes, vm.blocks_bytes) = (Some(carriers_mib << 20), Some(blocks_mib << 20));
        let mut holder = process(33, s);
        holder.binary_bytes = Some((10 + 2 * total * s) << 20);
        sample.tasks.push(holder);
    });
    said.into_iter().filter(|sentence| sentence.contains("grows")).collect()
}

#[test]
fn a_leak_is_told_from_fragmentation() {
    let leak = "binaries of proc-33 <0.33.0> +2097152 Bytes/s; chat@a grows +1048576 Bytes/s: what it holds itself, a leak \
                unless it has more to do";
    assert_eq!(growing(1, 1, 110, 100), [leak]);
    let fragmented = "chat@a grows +1048576 Bytes/s: fragmentation, 60 % of its carriers is used by no block";
    assert_eq!(growing(1, 0, 100, 40), [fragmented]);
    assert_eq!(growing(0, 0, 100, 40), [""; 0], "what does not grow is nobody's trouble");
}

#[test]
fn the_peer_of_a_busy_link_is_named_first_and_its_victims_last() {
    let link = |is_busy, pending| {
        said(move |_, vm, _| {
            let link = DistLink {
                peer: "db@b".into(),
                pending_bytes: Some(pending),
                is_busy: Some(is_busy),
                ..DistLink::default()
            };
            vm.links = Some(Listed { rows: vec![link], n_total: Some(1), partial: None, at_us: None });
            vm.dist_busy_bytes = Some(1_000);
            vm.sweep = Some(Sweep { n_suspended: is_busy.then_some(12), ..Sweep::default() });
        })
    };
    let busy = "db@b does not read: the link from chat@a is busy, 1500 Bytes pending, 12 processes suspended";
    assert_eq!(link(true, 1_500), [busy]);
    assert_eq!(link(false, 800), ["db@b reads slowly: on the link from chat@a 800 Bytes pending"]);
    assert_eq!(link(false, 100), [""; 0]);
}

#[test]
fn a_limit_that_is_near_is_named_with_what_happens_at_it() {
    let atoms = |n| said(move |_, vm, _| vm.counts[Limited::Atoms as usize] = Count { n: Some(n), max: Some(1_000) });
    assert_eq!(atoms(930), ["atoms of chat@a: 93 % of the limit of 1000; at the limit the VM ends"]);
    assert_eq!(atoms(700), [""; 0]);
}

#[test]
fn a_mailbox_that_grows_is_told_with_its_process_and_its_vm() {
    let grows = said(|s, _, sample| {
        let depth = Some(1_000_000 + 5_000 * s);
        let queue = Queue { depth, ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) };
        sample.tasks.push(TaskReading { queues: Some([queue].into()), ..process(812, s) });
    });
    assert_eq!(grows, ["mailbox of proc-812 <0.812.0> of chat@a: 1015000 Messages, +5000 Messages/s"]);
}

#[test]
fn who_holds_up_the_sweep_is_led_to_though_no_table_knows_it() {
    let at = measured(1, Health::Ok, |vm, _| {
        let stuck_at = Some("<0.77.0>".into());
        vm.sweep = Some(Sweep { stuck_at, stuck_ms: Some(12_000), ..Sweep::default() });
    });
    let found = crate::model::finding::findings(&told(&[at]), None, crate::model::script::at(1.0));
    let stuck = found.iter().find(|finding| matches!(finding.subject.topic, Topic::Vm(1, VmTopic::Stuck)));
    let to = TaskId { runtime: 1, number: 77, start: LIFE };
    assert_eq!(stuck.map(|finding| &finding.lead), Some(&Lead::Task(to)));
}

/// A VM that has ended at second 2, and what is said at second 62; what else there is then.
fn ended(change: impl Fn(&mut VmReading, &mut Sample)) -> Vec<String> {
    let gone = sample_with(62.0, "a", |sample| {
        let mut vm = VmReading {
            runtime: 1,
            name: Some("chat@a".into()),
            at_us: Some(1_000_000),
            answered_us: Some(1_000_000),
            creation: Some(LIFE),
            ended_us: Some(2_000_000),
            ended_why: Some("it wrote a crash dump".into()),
            ..VmReading::default()
        };
        change(&mut vm, sample);
        sample.vms.insert(0, vm);
    });
    all_said(&[measured(1, Health::Ok, |_, _| {}), gone], None, 62.0)
}

#[test]
fn a_vm_that_ended_is_told_with_its_reason_and_its_crash_dump() {
    assert_eq!(ended(|_, _| {}), ["chat@a ended 60 s ago: it wrote a crash dump"]);
    let dumped = ended(|vm, _| {
        let path = Some("/srv/chat/erl_crash.dump".into());
        vm.crash_dump = Some(CrashDump { path, bytes: Some(12_000), is_growing: false });
    });
    let expected = "chat@a ended 60 s ago: it wrote a crash dump; crash dump of 12000 Bytes: /srv/chat/erl_crash.dump";
    assert_eq!(dumped, [expected], "the dump is not told a second time");
}

#[test]
fn a_vm_that_runs_again_says_so_and_weighs_less() {
    let again = ended(|_, sample| {
        sample.vms.push(VmReading {
            runtime: 2,
            name: Some("chat@a".into()),
            at_us: Some(61_000_000),
            creation: Some(LIFE + 1),
            up_us: Some(30_000_000),
            ..VmReading::default()
        });
    });
    assert_eq!(again, ["chat@a ended 60 s ago: it wrote a crash dump; it runs again for 30 s"]);
}

#[test]
fn a_vm_that_ought_to_answer_and_does_not_is_told_and_one_that_nobody_asks_is_not() {
    let silent = |why: &str, is_undistributed| {
        let told = measured(1, Health::Off(why.into()), |vm, sample| {
            (vm.answered_us, vm.at_us) = (None, None);
            sample.runtimes.last_mut().expect("just pushed").is_undistributed = is_undistributed;
        });
        all_said(&[told], None, 1.0)
    };
    assert_eq!(silent("no answer within 5 s", false), ["chat@a does not answer: no answer within 5 s"]);
    assert_eq!(silent("not distributed: neither -sname nor -name", true), [""; 0]);
    assert_eq!(silent("not asked yet", false), [""; 0]);
}

#[test]
fn who_holds_up_a_scheduler_is_named_before_those_who_wait_there() {
    let held = |others: u64| {
        said(move |s, vm, sample| {
            vm.schedulers = (1..=2).map(|n| scheduler(n, s, if n == 1 { 100 } else { others }, 100, 0)).collect();
            for one in &mut vm.schedulers {
                one.run_queue = Some(if one.number == 1 { 40 } else { 0 });
            }
            let waits =
                Queue { depth: Some(5_000), ..Queue::unknown(QueueKind::Mailbox, midair_vitals::Unit::Messages) };
            sample.tasks.push(TaskReading { active_milli: Some(1_000), ..process(7, s) });
            let ready = TaskReading { state: Some(TaskState::Running), ..process(8, s) };
            sample.tasks.push(TaskReading { queues: Some([waits].into()), ..ready });
        })
    };
    let first = "proc-7 <0.7.0> of chat@a is always active and holds up scheduler 1: 40 processes wait there while the others have room";
    let all = held(10);
    assert!(all[0] == first && all[1].starts_with("mailbox of proc-8"), "{all:?}");
    assert!(held(100).iter().all(|line| !line.contains("holds up")), "where all are busy nobody holds up one");
}
