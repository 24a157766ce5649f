use super::*;

const SECOND: u64 = 1_000_000;

fn task(number: u64) -> Task {
    let id = Some(reading::TaskId { runtime: Some(0), number: Some(number), start: Some(1) });
    Task { id, kind: Some(TaskKind::Process.into()), ..Task::default() }
}

fn sample(tasks: Vec<Task>) -> reading::Sample {
    reading::Sample { tasks, ..reading::Sample::default() }
}

fn of(tasks: &Tasks, order: Order) -> f32 {
    tasks.scores()[order as usize]
}

#[test]
fn rates_follow_from_counters_and_a_row_that_is_not_told_gained_nothing() {
    let mut tasks = Tasks::default();
    let used = |cpu_us: u64| Task { cpu_us: Some(cpu_us), ..task(1) };
    tasks.apply(sample(vec![used(0), task(2)]), true, SECOND);
    assert_eq!(of(&tasks, Order::Cpu), 0.0);
    tasks.apply(sample(vec![used(500_000)]), false, 2 * SECOND);
    assert_eq!(of(&tasks, Order::Cpu), 0.5);
    tasks.apply(sample(vec![]), false, 3 * SECOND);
    assert_eq!(of(&tasks, Order::Cpu), 0.0);
    // It rested for a second, and did all this in the one after.
    tasks.apply(sample(vec![used(750_000)]), false, 4 * SECOND);
    assert_eq!(of(&tasks, Order::Cpu), 0.25);
}

#[test]
fn a_row_that_enters_has_its_first_rate_and_one_that_leaves_none() {
    let mut tasks = Tasks::default();
    let previous = reading::Previous { mono_us: Some(SECOND), cpu_us: Some(0), ..reading::Previous::default() };
    let entering = Task { cpu_us: Some(900_000), previous: Some(previous), ..task(7) };
    tasks.apply(sample(vec![entering]), false, 2 * SECOND);
    assert!(of(&tasks, Order::Cpu) > 0.89);
    let left = vec![task(7).id.unwrap()];
    tasks.apply(reading::Sample { left, ..reading::Sample::default() }, false, 3 * SECOND);
    assert!(tasks.rows.is_empty());
    // A key names all that there are.
    tasks.apply(sample(vec![task(1), task(2)]), false, 4 * SECOND);
    tasks.apply(sample(vec![task(2)]), true, 5 * SECOND);
    assert_eq!(tasks.rows.len(), 1);
}

#[test]
fn queues_rank_within_their_kind_by_level_and_by_growth() {
    let mut tasks = Tasks::default();
    let queue = |depth: u64| reading::Queue { kind: Some(1), unit: Some(1), depth: Some(depth), limit: None };
    let with = |depth: u64| Task { queues: Some(reading::Queues { queue: vec![queue(depth)] }), ..task(1) };
    for s in 1..=9 {
        tasks.apply(sample(vec![with(1_000 * s)]), s == 1, s * SECOND);
    }
    let scores = tasks.scores();
    assert!((scores[N_PLAIN + N_KINDS] - 1_000.0).abs() < 1.0, "{scores:?}");
    assert!(scores[N_PLAIN] > 0.0 && scores[Order::Severity as usize] > 500.0);
    assert!(scores[N_PLAIN + 1..N_PLAIN + N_KINDS].iter().all(|score| *score == 0.0));
}
