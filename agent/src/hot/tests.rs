use midair_vitals::{Queue, Severities, Unit};

use crate::reading::Reading;

use super::*;

/// A tick of tasks, each with the vitals that it is ranked by.
fn tick(tasks: Vec<(TaskReading, TaskVitals)>) -> Tick {
    let (tasks, vitals) = tasks.into_iter().unzip();
    let mut tick = Tick::new(Reading { tasks, ..Reading::default() }, vitals);
    tick.number = 1;
    tick
}

fn task(number: u64, kind: TaskKind, vitals: TaskVitals) -> (TaskReading, TaskVitals) {
    (TaskReading::unknown(TaskId { runtime: 0, number, start: 1 }, kind, 1), vitals)
}

fn numbers(tick: &Tick, rows: &[usize]) -> Vec<u64> {
    rows.iter().map(|n| tick.reading.tasks[*n].id.number).collect()
}

fn chosen(tick: &Tick) -> Vec<u64> {
    let rows = Hot::new(Stream::Overview).choose(tick, &Lists::of(tick));
    numbers(tick, &rows)
}

#[test]
fn idle_tasks_do_not_rank() {
    let idle = (1..=50).map(|n| task(n, TaskKind::Process, TaskVitals { cpu: Some(0.0), ..TaskVitals::default() }));
    assert_eq!(chosen(&tick(idle.collect())), [0; 0]);
}

#[test]
fn each_order_brings_its_first_three() {
    let burner = |n| task(n, TaskKind::Process, TaskVitals { cpu: Some(n as f64), ..TaskVitals::default() });
    let starved = |n| task(n, TaskKind::Process, TaskVitals { delay: Some(n as f64), ..TaskVitals::default() });
    let tick = tick((1..=9).map(burner).chain((11..=19).map(starved)).collect());
    let mut numbers = chosen(&tick);
    numbers.sort_unstable();
    assert_eq!(numbers, [7, 8, 9, 17, 18, 19]);
}

#[test]
fn each_kind_of_queue_has_orders_of_its_own() {
    let owner = |number, kind, per_mille, growth: f64| {
        let queue = Queue { depth: Some(5), ..Queue::unknown(kind, Unit::Bytes) };
        let severity = Some(Severity::from_per_mille(per_mille));
        let vitals =
            midair_vitals::QueueVitals { growth: Some(growth), drops: None, rate_in: None, rate_out: None, severity };
        let (mut task, mut all) = task(number, TaskKind::Process, TaskVitals::default());
        task.queues = Some([queue].into());
        all.queues = [vitals].into();
        all.worst_queue = Some(0);
        all.severities = Severities { queue: severity, ..Severities::default() };
        (task, all)
    };
    // Many bad mailboxes shall not hide the one pipe, nor the one unix socket that grows.
    let mailboxes = (1..=30).map(|n| owner(n, QueueKind::Mailbox, 900, 0.0));
    let others = [owner(50, QueueKind::Pipe, 10, 0.0), owner(60, QueueKind::Unix, 0, 4.0)];
    let numbers = chosen(&tick(mailboxes.chain(others).collect()));
    assert!(numbers.contains(&50) && numbers.contains(&60), "{numbers:?}");
    assert!(numbers.len() <= 12, "{numbers:?}");
}

#[test]
fn a_thread_that_burns_is_shown_and_takes_no_process_its_place() {
    let busy = |n, kind| task(n, kind, TaskVitals { cpu: Some(n as f64), ..TaskVitals::default() });
    let processes = (1..=3).map(|n| busy(n, TaskKind::Process));
    let threads = (101..=120).map(|n| busy(n, TaskKind::Thread));
    let mut numbers = chosen(&tick(processes.chain(threads).collect()));
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 118, 119, 120]);
}
