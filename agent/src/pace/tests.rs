use super::*;

#[test]
fn a_burst_passes_and_then_twenty_a_second() {
    let mut pace = Pace::default();
    assert!((0..BURST).all(|_| pace.wait_us(5_000_000) == 0));
    assert_eq!(pace.wait_us(5_000_000), STEP_US);
    assert_eq!(pace.wait_us(5_000_000), 2 * STEP_US);
}

#[test]
fn who_waited_has_a_burst_again_and_never_more() {
    let mut pace = Pace::default();
    assert!((0..BURST).all(|_| pace.wait_us(1_000_000) == 0));
    let now_us = 3_600_000_000;
    assert_eq!((0..2 * BURST).filter(|_| pace.wait_us(now_us) == 0).count() as u64, BURST);
}
