use std::sync::Arc;

use super::*;
use crate::reading::{Comm, Threads, Used};

fn thread(number: u32, cpu_ms: u64) -> ThreadReading {
    let used = |at_us, cpu_ms| Used { at_us, cpu_ns: cpu_ms * 1_000_000, ..Used::default() };
    ThreadReading {
        number,
        process: 10,
        start: 7,
        process_start: 5,
        comm: Comm::new(b"worker"),
        state: None,
        knows_delay: true,
        is_queued: false,
        cpu: None,
        now: used(2_000_000, cpu_ms),
        before: Some(used(1_000_000, 0)),
        waiting_ns: 0,
    }
}

fn id(number: u64, start: u64) -> TaskId {
    TaskId { runtime: 0, number, start }
}

fn tick() -> Tick {
    let mut process = TaskReading::unknown(id(10, 5), TaskKind::Process, 2_000_000);
    process.command = Some("/bin/chat".into());
    let threads =
        Threads::new(Arc::new(vec![ThreadReading { start: 5, ..thread(10, 0) }, thread(11, 500), thread(12, 0)]));
    let reading = Reading { tasks: vec![process], threads, ..Reading::default() };
    Tick::new(reading, vec![TaskVitals::default()])
}

#[test]
fn a_thread_without_a_row_lives_and_counts_as_a_task() {
    let tick = tick();
    assert_eq!(tick.n_tasks, 3);
    assert!(tick.is_alive(&id(12, 7)) && tick.task(&id(12, 7)).is_none());
    assert!(!tick.is_alive(&id(12, 8)) && !tick.is_alive(&id(13, 7)));
}

#[test]
fn a_thread_is_given_one_row_with_its_rate_and_the_names_of_its_process() {
    let mut tick = tick();
    tick.give_rows([id(11, 7), id(11, 7), id(10, 5), id(99, 7)]);
    assert_eq!((tick.reading.tasks.len(), tick.vitals.len(), tick.n_tasks), (2, 2, 3));
    let (row, vitals) = tick.task(&id(11, 7)).unwrap();
    assert_eq!((row.command.as_deref(), vitals.cpu), (Some("/bin/chat"), Some(0.5)));
    assert_eq!(tick.threads().map(|t| t.number).collect::<Vec<_>>(), [12]);
}

#[test]
fn nobody_has_died_in_a_vm_that_is_no_longer_looked_at() {
    let erlang = TaskId { runtime: 3, number: 80, start: 1 };
    let with = |sources| Tick::new(Reading { sources, ..Reading::default() }, Vec::new());
    let state = |health| vec![crate::reading::SourceState::new("beam", health)];
    assert!(with(state(crate::reading::Health::Off("switched off".into()))).is_alive(&erlang));
    assert!(!with(state(crate::reading::Health::Ok)).is_alive(&erlang), "its VM is gone");
}
