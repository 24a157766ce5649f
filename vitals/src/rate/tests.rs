use super::*;

#[test]
fn a_counter_over_half_a_second() {
    assert_eq!(per_second(Some(100), Some(150), 1_000_000, 1_500_000), Some(100.0));
}

#[test]
fn a_reset_is_unknown_not_huge() {
    assert_eq!(per_second(Some(100), Some(3), 0, 1_000_000), None);
}

#[test]
fn a_gap_widens_the_interval() {
    assert_eq!(per_second(Some(0), Some(600), 0, 60_000_000), Some(10.0));
}

#[test]
fn a_clock_that_stands_or_goes_back_gives_no_rate() {
    assert_eq!(per_second(Some(0), Some(1), 5, 5), None);
    assert_eq!(per_second(Some(0), Some(1), 5, 4), None);
}

#[test]
fn unknown_stays_unknown() {
    assert_eq!(per_second(None, Some(1), 0, 1), None);
    assert_eq!(share(Some(0), None, 0, 1), None);
    assert_eq!(sum([None, None]), None);
    assert_eq!(sum([None, Some(2.0)]), Some(2.0));
}
