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

#[test]
fn what_a_pass_took_is_told_second_by_second_and_in_the_end_all_of_it() {
    let mut cost = Cost::default();
    cost.take_pass(1_000, 4_000_000);
    let mut told = Vec::new();
    for _ in 0..6 {
        cost.tick();
        told.push(cost.all());
    }
    assert_eq!(told, [250, 500, 750, 1_000, 1_000, 1_000]);
    cost.take_pass(800, 4_000_000);
    cost.take_pass(800, 4_000_000);
    assert_eq!(cost.all(), 1_800, "the next one has come early: nothing is lost");
}
