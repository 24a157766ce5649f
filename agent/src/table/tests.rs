use midair_vitals::TaskVitals;

use super::*;

fn tick() -> Tick {
    let task = |number: u64, kind, name: &str| TaskReading {
        name: Some(name.into()),
        rss_bytes: (number != 3).then_some(number * 100),
        user: Some("Chat".into()),
        ..TaskReading::unknown(TaskId { runtime: 0, number, start: 1 }, kind, 5)
    };
    let mut thread = task(21, TaskKind::Thread, "beam-sched");
    thread.process = Some(2);
    let tasks = vec![
        task(1, TaskKind::Process, "nginx"),
        task(2, TaskKind::Process, "BEAM.smp"),
        task(3, TaskKind::Process, "sshd"),
        task(4, TaskKind::KernelThread, "kworker"),
        thread,
    ];
    let vitals = vec![TaskVitals::default(); tasks.len()];
    Tick::new(crate::reading::Reading { tasks, ..Default::default() }, vitals)
}

fn ask(query: TableQuery) -> Vec<u64> {
    let answer = Query::parse(&query).unwrap().answer(&tick(), &mut Names::default());
    answer.tasks.iter().map(|task| task.id.unwrap().number.unwrap()).collect()
}

fn filtered(filter: &str) -> Vec<u64> {
    let order = Some(wire::Order::Number.into());
    ask(TableQuery { filter: Some(filter.into()), order, ..TableQuery::default() })
}

#[test]
fn every_kind_but_threads_unless_asked() {
    let order = Some(wire::Order::Number.into());
    assert_eq!(ask(TableQuery { order, ..TableQuery::default() }), [4, 3, 2, 1]);
    let kinds = vec![wire::TaskKind::Thread.into()];
    assert_eq!(ask(TableQuery { kinds, ..TableQuery::default() }), [21]);
    assert_eq!(ask(TableQuery { process: Some(2), ..TableQuery::default() }), [21]);
    assert_eq!(ask(TableQuery { runtime: Some(9), ..TableQuery::default() }), [0; 0]);
}

#[test]
fn filters_ignore_case_and_may_be_inverted() {
    assert_eq!(filtered("beam"), [2]);
    assert_eq!(filtered("!beam"), [4, 3, 1]);
    assert_eq!(filtered("CHAT"), [4, 3, 2, 1]);
    assert_eq!(filtered("3"), [3], "numbers are found too");
    assert_eq!(filtered("no such"), [0; 0]);
    assert!(Query::parse(&TableQuery { filter: Some("x".repeat(300)), ..TableQuery::default() }).is_err());
}

#[test]
fn unknown_values_come_last_both_ways() {
    let by_mem = |lowest| {
        let order = Some(wire::Order::Mem.into());
        ask(TableQuery { order, lowest: Some(lowest), ..TableQuery::default() })
    };
    assert_eq!(by_mem(false), [4, 2, 1, 3]);
    assert_eq!(by_mem(true), [1, 2, 4, 3]);
}

#[test]
fn names_are_sorted_from_a_to_z_and_limits_cut_after_sorting() {
    let order = Some(wire::Order::Name.into());
    assert_eq!(ask(TableQuery { order, limit: Some(2), ..TableQuery::default() }), [2, 4]);
    let lowest = Some(true);
    assert_eq!(ask(TableQuery { order, lowest, limit: Some(1), ..TableQuery::default() }), [3]);
}

#[test]
fn queries_that_mean_the_same_are_equal() {
    let kinds = |kinds: &[wire::TaskKind]| TableQuery {
        kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
        ..TableQuery::default()
    };
    let (a, b) = (wire::TaskKind::Process, wire::TaskKind::Thread);
    assert_eq!(Query::parse(&kinds(&[a, b])), Query::parse(&kinds(&[b, a, b])));
    let named = TableQuery { id: Some(3), filter: Some("X".into()), ..TableQuery::default() };
    let other = TableQuery { id: Some(4), filter: Some("x".into()), ..TableQuery::default() };
    assert_eq!(Query::parse(&named), Query::parse(&other));
}
