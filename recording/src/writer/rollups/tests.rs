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
