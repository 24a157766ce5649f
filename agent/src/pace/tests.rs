use super::*;

const BURST: u64 = CONTROLS.burst;
const STEP_US: u64 = 1_000_000 / CONTROLS.per_second;

#[test]
fn a_burst_passes_and_then_twenty_a_second() {
    let mut pace = Pace::controls();
    assert!((0..BURST).all(|_| pace.wait_us(5_000_000) == 0));
    assert_eq!(pace.wait_us(5_000_000), STEP_US);
    assert_eq!(pace.wait_us(5_000_000), 2 * STEP_US);
}

#[test]
fn who_waited_has_a_burst_again_and_never_more() {
    let mut pace = Pace::controls();
    assert!((0..BURST).all(|_| pace.wait_us(1_000_000) == 0));
    let now_us = 3_600_000_000;
    assert_eq!((0..2 * BURST).filter(|_| pace.wait_us(now_us) == 0).count() as u64, BURST);
}

#[test]
fn requests_and_connections_have_limits_of_their_own() {
    for (mut pace, limit) in [(Pace::new(REQUESTS), REQUESTS), (Pace::new(CONNECTIONS), CONNECTIONS)] {
        assert_eq!((0..10_000).filter(|_| pace.wait_us(1_000_000) == 0).count() as u64, limit.burst);
        assert_eq!(pace.wait_us(11_000_000_000), 0);
    }
}
