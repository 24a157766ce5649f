use midair_vitals::{CpuTimes, QueueKind, TaskId, Unit, WorstThread};

use super::*;
use crate::ledger::Ledger;

/// A host under test: readings go in, completed nodes come out.
#[derive(Default)]
struct Host {
    ledger: Ledger,
    node: NodeLedger,
}

impl Host {
    fn read(&mut self, at_s: u64, fill: impl FnOnce(&mut Reading)) -> NodeReading {
        let mut reading = Reading::default();
        reading.node.at_us = at_s * 1_000_000;
        fill(&mut reading);
        let vitals = self.ledger.derive(&mut reading);
        let mut tick = Tick::new(reading, vitals);
        self.node.complete(&mut tick);
        tick.reading.node
    }
}

fn task(number: u64, at_s: u64, run_delay_us: u64) -> TaskReading {
    let id = TaskId { runtime: 0, number, start: 1 };
    TaskReading {
        run_delay_us: Some(run_delay_us),
        n_threads: Some(1),
        name: Some(format!("task-{number}").into()),
        ..TaskReading::unknown(id, TaskKind::Process, at_s * 1_000_000)
    }
}

fn queue(depth: u64, limit: u64) -> Queue {
    let queue = Queue::unknown(QueueKind::Listen, Unit::Connections);
    Queue { depth: Some(depth), limit: Some(limit), number: Some(1), ..queue }
}

#[test]
fn the_worst_queue_is_owned_or_an_orphan() {
    let mut host = Host::default();
    let node = host.read(1, |reading| {
        reading.tasks = vec![TaskReading { queues: Some([queue(3, 8)].into()), ..task(1, 1, 0) }];
        reading.orphans = vec![queue(8, 8)];
    });
    let worst = node.worst_queue.unwrap();
    assert_eq!((worst.task, worst.queue.depth), (None, Some(8)));
    assert_eq!(node.severities.queue, Some(Severity::from_per_mille(1_000)));
    let node = host.read(2, |reading| {
        reading.tasks = vec![TaskReading { queues: Some([queue(3, 8)].into()), ..task(1, 2, 0) }];
    });
    assert_eq!(node.worst_queue.unwrap().task.map(|id| id.number), Some(1));
    assert_eq!(node.severities.queue, Some(Severity::from_per_mille(375)));
}

#[test]
fn queues_that_nobody_reads_have_no_severity() {
    let mut host = Host::default();
    assert_eq!(host.read(1, |reading| reading.tasks = vec![task(1, 1, 0)]).severities.queue, None);
    let node = host.read(2, |reading| reading.sums = vec![queue(0, 0)]);
    assert_eq!(node.severities.queue, Some(Severity::default()), "read, and empty: well");
    assert_eq!(node.sums.len(), 1);
}

#[test]
fn the_worst_delay_is_a_thread_or_a_process_of_one() {
    let mut host = Host::default();
    let tasks = |at_s, delay| {
        let parent = TaskReading { n_threads: Some(2), ..task(1, at_s, delay * 3) };
        let thread = TaskReading { kind: TaskKind::Thread, process: Some(1), ..task(11, at_s, delay * 2) };
        vec![parent, thread, task(2, at_s, delay)]
    };
    host.read(1, |reading| reading.tasks = tasks(1, 0));
    let node = host.read(2, |reading| reading.tasks = tasks(2, 100_000));
    let worst = node.worst_delay.unwrap();
    assert_eq!((worst.task.number, worst.process, worst.value_us, worst.over_us), (11, Some(1), 200_000, 1_000_000));
    assert_eq!(worst.name.as_deref(), Some("task-11"));
    assert_eq!(node.run_delay_us, Some(400_000), "of processes; their threads are in them");
}

#[test]
fn run_delay_only_rises_when_tasks_end() {
    let mut host = Host::default();
    host.read(1, |reading| reading.tasks = vec![task(1, 1, 0), task(2, 1, 0)]);
    let before = host.read(2, |reading| reading.tasks = vec![task(1, 2, 500), task(2, 2, 700)]);
    let after = host.read(3, |reading| reading.tasks = vec![task(1, 3, 600)]);
    assert_eq!((before.run_delay_us, after.run_delay_us), (Some(1_200), Some(1_300)));
}

#[test]
fn sched_and_mem_come_from_two_readings() {
    let mut host = Host::default();
    let fill = |busy_us: u64, delay_us: u64| {
        move |reading: &mut Reading| {
            reading.node.cpu = CpuTimes { user_us: Some(busy_us), system_us: Some(0), ..CpuTimes::default() };
            reading.node.run_delay_us = Some(delay_us);
            (reading.node.mem_total_bytes, reading.node.mem_available_bytes) = (Some(1_000), Some(250));
        }
    };
    let first = host.read(1, fill(0, 0));
    assert_eq!((first.severities.sched, first.severities.mem), (None, Some(Severity::from_per_mille(750))));
    let second = host.read(2, fill(600_000, 200_000));
    assert_eq!(second.severities.sched, Some(Severity::from_per_mille(250)));
}

#[test]
fn a_rate_that_falls_is_severe_only_against_a_past() {
    let mut host = Host::default();
    let mut moved = 0;
    let mut read = |at_s: u64, per_second: u64| {
        moved += per_second;
        host.read(at_s, |reading| {
            (reading.node.tcp_in, reading.node.tcp_out) = (Some(moved), Some(0));
        })
        .severities
        .rate
    };
    for s in 1..=10 {
        assert_eq!(read(s, 1_000), None, "second {s}: no past to compare with");
    }
    for s in 11..=600 {
        assert_eq!(read(s, 1_000), Some(Severity::default()));
    }
    let fallen = read(601, 100).unwrap().per_mille();
    assert!((890..=910).contains(&fallen), "{fallen}");
}

#[test]
fn a_node_that_moves_next_to_nothing_has_no_rate_severity() {
    let mut host = Host::default();
    let mut last = None;
    for s in 1..=60 {
        let node = host.read(s, |r| (r.node.tcp_in, r.node.tcp_out) = (Some(s * 5), Some(0)));
        last = node.severities.rate;
    }
    assert_eq!(last, None);
}

#[test]
fn the_first_thread_of_several_may_have_waited_longest() {
    let mut host = Host::default();
    let fill = |at_s, first_us| {
        move |reading: &mut Reading| {
            let worst_thread = Some(WorstThread { number: 1, run_delay_us: first_us, over_us: 1_000_000 });
            let process = TaskReading { n_threads: Some(2), worst_thread, ..task(1, at_s, at_s * first_us) };
            let second = TaskReading { kind: TaskKind::Thread, process: Some(1), ..task(2, at_s, at_s * 500) };
            reading.tasks = vec![process, second];
        }
    };
    host.read(1, fill(1, 0));
    let worst = host.read(2, fill(2, 900)).worst_delay.unwrap();
    assert_eq!((worst.task.number, worst.process, worst.value_us, worst.over_us), (1, None, 900, 1_000_000));
    let worst = host.read(3, fill(3, 400)).worst_delay.unwrap();
    assert_eq!((worst.task.number, worst.process, worst.value_us), (2, Some(1), 500));
}
