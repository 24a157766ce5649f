use super::*;

#[track_caller]
fn check(intervals: &[(u64, u64)], expected: &[(u64, u64)]) {
    let mut balance = Balance::default();
    let split: Vec<_> = intervals.iter().map(|(throttled, delay)| balance.add(*throttled, *delay)).collect();
    assert_eq!(split.iter().map(|s| (s.in_delay_us, s.beside_us)).collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_in_the_delay_is_not_counted_twice() {
    check(&[(800, 800), (800, 900), (0, 100)], &[(800, 0), (800, 0), (0, 0)]);
}

#[test]
fn what_comes_late_or_early_is_met_in_the_next_interval() {
    check(&[(800, 700), (800, 900), (800, 800)], &[(700, 0), (900, 0), (800, 0)]);
    check(&[(700, 800), (900, 800), (800, 800)], &[(700, 0), (900, 0), (800, 0)]);
}

#[test]
fn time_that_no_task_tells_is_beside_the_delay() {
    check(&[(800, 0), (800, 0), (0, 0), (0, 0)], &[(0, 0), (0, 800), (0, 800), (0, 0)]);
}
