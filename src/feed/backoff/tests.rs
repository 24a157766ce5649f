use super::*;

#[test]
fn dials_are_spread_to_500_a_second() {
    let mut pace = Pace::new(DIALS_PER_SECOND);
    let waits: Vec<u128> = (0..4).map(|_| pace.slot(1_000_000).as_micros()).collect();
    assert_eq!(waits, [0, 2_000, 4_000, 6_000]);
    assert_eq!(pace.slot(9_000_000), Duration::ZERO, "a slot that nobody took is not saved up");
}
