use midair_vitals::{Flow, Queue, TaskId, Unit};

use super::*;

fn reading(at_s: u64, cpu_us: u64, depths: &[(u64, u64)]) -> Reading {
    let id = TaskId { runtime: 0, number: 1, start: 1 };
    let queue = |(number, depth): &(u64, u64)| Queue {
        number: Some(*number),
        depth: Some(*depth),
        ..Queue::unknown(QueueKind::TcpReceive, Unit::Bytes)
    };
    let task = TaskReading {
        cpu_us: Some(cpu_us),
        rss_bytes: Some(at_s * 100),
        queues: Some(depths.iter().map(queue).collect()),
        ..TaskReading::unknown(id, TaskKind::Process, at_s * 1_000_000)
    };
    Reading { tasks: vec![task], ..Reading::default() }
}

#[test]
fn rates_come_from_the_reading_before_and_growth_from_ten_seconds() {
    let mut ledger = Ledger::default();
    for s in 1..=20 {
        let mut reading = reading(s, s * 250_000, &[(7, s * 10)]);
        let vitals = ledger.derive(&mut reading);
        let has_past = s > 1;
        assert_eq!(vitals[0].cpu, has_past.then_some(0.25));
        assert_eq!(vitals[0].mem_growth, has_past.then_some(100.0));
        assert_eq!(vitals[0].queues[0].growth, has_past.then_some(10.0));
        assert_eq!(reading.tasks[0].previous.is_some(), has_past);
    }
}

#[test]
fn the_window_of_a_queue_follows_its_number() {
    let mut ledger = Ledger::default();
    ledger.derive(&mut reading(1, 0, &[(7, 0), (8, 100)]));
    let vitals = ledger.derive(&mut reading(2, 0, &[(8, 300), (9, 5), (7, 50)]));
    let growth: Vec<_> = vitals[0].queues.iter().map(|q| q.growth).collect();
    assert_eq!(growth, [Some(200.0), None, Some(50.0)]);
}

#[test]
fn a_task_that_is_gone_is_forgotten() {
    let mut ledger = Ledger::default();
    ledger.derive(&mut reading(1, 0, &[]));
    ledger.derive(&mut Reading::default());
    let vitals = ledger.derive(&mut reading(3, 900_000, &[]));
    assert_eq!(vitals[0].cpu, None, "nothing is known of the time between");
}

#[test]
fn a_task_read_twice_in_one_moment_keeps_its_rate() {
    let mut ledger = Ledger::default();
    ledger.derive(&mut reading(1, 0, &[]));
    let mut twice = reading(2, 500_000, &[]);
    twice.tasks.push(twice.tasks[0].clone());
    // A little later in the same tick is no interval either.
    twice.tasks.push(TaskReading { at_us: 2_000_001, ..twice.tasks[0].clone() });
    let vitals = ledger.derive(&mut twice);
    assert_eq!([vitals[0].cpu, vitals[1].cpu, vitals[2].cpu], [Some(0.5), None, None]);
    let vitals = ledger.derive(&mut reading(3, 1_000_000, &[]));
    assert_eq!((vitals[0].cpu, vitals[0].mem_growth), (Some(0.5), Some(100.0)), "nor does growth begin anew");
}

/// The vitals of a task whose readings share their queues while these do not change, and of one whose never do.
#[test]
fn what_rests_is_told_as_if_it_had_been_derived() {
    let (mut sharing, mut copying) = (Ledger::default(), Ledger::default());
    let mut last: Option<TaskReading> = None;
    for s in 1..200_u64 {
        // Still for a while, then growing, then of another size.
        let depth = if s % 50 < 30 { s / 50 } else { s };
        let mut now = reading(s, s * 1_000, &[(7, depth), (8, 5)]);
        now.tasks[0].queues = now.tasks[0].queues.take().map(|queues| {
            let mut queues = queues.to_vec();
            queues[1].depth = (s % 70 < 35).then_some(5);
            queues.into()
        });
        let flow = Flow { unit: Unit::Segments, n_in: Some(s / 20 * 100), n_out: None };
        now.tasks[0].flows = (s % 90 > 10).then(|| [flow].into());
        let mut same = now.clone();
        if let Some(last) = &last {
            let task = &mut same.tasks[0];
            let keep = last.queues == task.queues;
            task.queues = if keep { last.queues.clone() } else { task.queues.take() };
            task.flows = if last.flows == task.flows { last.flows.clone() } else { task.flows.take() };
        }
        last = Some(same.tasks[0].clone());
        assert_eq!(sharing.derive(&mut same), copying.derive(&mut now), "after {s} s");
        assert_eq!(same.tasks, now.tasks);
        sharing.take_back(same.tasks);
    }
}

#[test]
fn what_rests_costs_no_memory_of_its_own() {
    let mut ledger = Ledger::default();
    let first = reading(1, 0, &[(7, 0)]);
    let mut vitals = Vec::new();
    for s in 1..10 {
        let mut now = first.clone();
        now.tasks[0].at_us = s * 1_000_000;
        vitals.push(ledger.derive(&mut now).remove(0).queues);
        ledger.take_back(now.tasks);
    }
    assert!(vitals[4..].iter().all(|queues| Arc::ptr_eq(queues, &vitals[4])));
}
