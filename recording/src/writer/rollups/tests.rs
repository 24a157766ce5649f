use midair_proto::v1::VmRollup;

use super::*;

fn rollup(at_us: u64, window_us: u64) -> RecordedRollup {
    let vms = vec![VmRollup::default()];
    let rollup = Rollup { window_us: Some(window_us), vms, ..Rollup::default() };
    RecordedRollup { at_us: Some(at_us), node: None, rollup: Some(rollup) }
}

#[test]
fn they_are_listed_in_order_without_what_a_line_does_not_need() {
    let mut rollups = Rollups::default();
    for (at, window) in [(10, 10_000_000), (20, 10_000_000), (20, 300_000_000), (30, 10_000_000)] {
        rollups.push(rollup(at, window));
    }
    let listed = rollups.listed();
    assert_eq!(listed.iter().map(RecordedRollup::at_us).collect::<Vec<_>>(), [10, 20, 20, 30]);
    assert!(listed.iter().all(|r| r.rollup.as_ref().is_some_and(|r| r.vms.is_empty())));
}

#[test]
fn of_too_many_the_fine_ones_go() {
    let mut rollups = Rollups::default();
    (0..=EACH_MAX as u64 + 5).for_each(|at| rollups.push(rollup(at, 10_000_000)));
    rollups.push(rollup(7, 300_000_000));
    assert_eq!(
        rollups.listed(),
        [RecordedRollup { rollup: Some(Rollup { window_us: Some(300_000_000), ..Rollup::default() }), ..rollup(7, 0) }]
    );
}

#[test]
fn of_five_hundred_nodes_over_a_day_all_is_covered_and_the_worst_is_there() {
    const NODES: u64 = 500;
    const WINDOW_US: u64 = 300_000_000;
    const DAY: u64 = 288;
    let mut rollups = Rollups::default();
    for n in 1..=DAY {
        for node in 0..NODES {
            let value = |n| Summary { min: Some(n), mean: Some(n), max: Some(n), n: Some(300) };
            let sched = Some(value(if n == 100 { 900 } else { (n % 7) as u32 }));
            let wall_us = Some(n * WINDOW_US);
            let told = Rollup { window_us: Some(WINDOW_US), wall_us, sched, ..Rollup::default() };
            let (at_us, node) = (Some(n * WINDOW_US + node), Some(format!("node-{node}")));
            rollups.push(RecordedRollup { at_us, node, rollup: Some(told) });
        }
    }
    let listed = rollups.listed();
    assert!(listed.len() <= EACH_MAX && listed.len() > EACH_MAX / 4, "{}", listed.len());
    for node in 0..NODES {
        let name = format!("node-{node}");
        let of: Vec<&RecordedRollup> = listed.iter().filter(|one| one.node() == name).collect();
        let mut end_us = 0;
        for rollup in of.iter().filter_map(|one| one.rollup.as_ref()) {
            assert_eq!(rollup.wall_us() - rollup.window_us(), end_us, "{name}: without a hole, and nothing twice");
            assert!(rollup.window_us() <= 16 * WINDOW_US, "{name}: {} s", rollup.window_us() / 1_000_000);
            end_us = rollup.wall_us();
            let sched = rollup.sched.unwrap();
            assert_eq!(sched.n(), (rollup.window_us() / 1_000_000) as u32);
            let holds_worst = rollup.wall_us() >= 100 * WINDOW_US && end_us - rollup.window_us() < 100 * WINDOW_US;
            assert_eq!(sched.max() == 900, holds_worst, "{name}");
        }
        assert_eq!(end_us, DAY * WINDOW_US, "{name}");
    }
}

#[test]
fn over_a_time_of_which_nothing_is_known_no_windows_become_one() {
    let told = |end_us| Rollup { window_us: Some(300_000_000), wall_us: Some(end_us), ..Rollup::default() };
    assert!(joined(&told(300_000_000), &told(600_100_000), 600_000_000).is_some());
    assert_eq!(joined(&told(300_000_000), &told(900_000_000), 600_000_000), None);
    assert_eq!(joined(&told(300_000_000), &told(600_000_000), 599_000_000), None, "too long");
}
