use midair_vitals::TaskId;

use super::*;
use crate::reading::Reading;

fn tick(n: u64) -> Tick {
    let task = |number: u64| TaskReading {
        name: Some(format!("task {number} {}", "x".repeat(600)).into()),
        cpu_us: Some(number * 128),
        rss_bytes: Some(u64::MAX >> 4),
        run_delay_us: Some(u64::MAX >> 4),
        ..TaskReading::unknown(TaskId { runtime: 0, number, start: u64::MAX >> 4 }, TaskKind::Process, 1)
    };
    let tasks: Vec<TaskReading> = (1..=n).map(task).collect();
    let vitals = vec![midair_vitals::TaskVitals::default(); tasks.len()];
    Tick::new(Reading { tasks, ..Reading::default() }, vitals)
}

fn parts_of(n: u64) -> Vec<wire::Census> {
    let mut parts = Vec::new();
    of_processes(&tick(n), &mut Names::default(), |mut part| {
        let n_bytes = prost::Message::encoded_len(&part);
        assert!(n_bytes <= 256 << 10, "{n_bytes} bytes");
        part.unfold();
        parts.push(part);
    });
    parts
}

#[test]
fn every_task_is_counted_once_and_no_part_is_larger_than_256_kib() {
    let parts = parts_of(1_000);
    assert_eq!(parts.len(), 3);
    let mut numbers = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        assert_eq!((part.part(), part.n_parts(), part.total(), part.threads()), (n as u32, 3, 1_000, false));
        for task in &part.tasks {
            let name = part.names.iter().find(|name| name.id == task.name).and_then(|name| name.text.as_deref());
            assert!(name.unwrap().starts_with(&format!("task {} ", task.cpu_us() / 128)), "{name:?}");
            numbers.push(task.id.unwrap().number());
        }
    }
    assert_eq!(numbers, (1..=1_000).collect::<Vec<_>>());
}

#[test]
fn a_census_has_an_end_and_says_how_many_there_were() {
    let parts = parts_of(N_TASKS as u64 + 1);
    let n_rows: usize = parts.iter().map(|part| part.tasks.len()).sum();
    assert_eq!((n_rows, parts[0].total()), (N_TASKS, N_TASKS as u64 + 1));
}

#[test]
fn processes_are_counted_each_minute_and_threads_every_ten() {
    let mut census = Census::default();
    let due: Vec<[bool; 2]> = (0..1_200).map(|second| census.due(second * 1_000_000)).collect();
    let count = |n: usize| due.iter().filter(|due| due[n]).count();
    assert_eq!((count(0), count(1)), (20, 2));
    assert_eq!((due[5], due[20]), ([true, false], [false, true]));
}
