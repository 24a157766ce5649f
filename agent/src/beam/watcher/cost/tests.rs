use super::*;

#[test]
fn a_helper_that_is_started_anew_takes_nothing_back_and_garbage_does_not_overflow() {
    let mut cost = Cost::default();
    cost.hot.is_now(5_000);
    cost.once.add(7);
    cost.hot.is_now(100);
    assert_eq!(cost.all(), 5_107);
    cost.hot.is_now(150);
    assert_eq!(cost.all(), 5_157);
    cost.sweep.add(u64::MAX);
    cost.sweep.add(u64::MAX);
    cost.links.is_now(u64::MAX);
    cost.links.is_now(1);
    assert_eq!(cost.all(), u64::MAX);
}
