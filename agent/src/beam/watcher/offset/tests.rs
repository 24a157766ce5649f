use super::*;

#[test]
fn an_answer_that_takes_long_moves_no_stamp() {
    let mut offset = Offset::default();
    let second = |n: i64| n * 1_000_000 - 500_000_000;
    for (n, late_us) in [(0, 900), (1, 300), (2, 2_000_000), (3, 400)] {
        offset.take((n * 1_000_000 + late_us) as u64, second(n));
        assert!((300..=900).contains(&(offset.us() - 500_000_000)), "after {n}: {}", offset.us());
    }
}

#[test]
fn a_clock_that_drifts_is_followed() {
    let mut offset = Offset::default();
    for n in 0..100 {
        offset.take(n * 1_010_000, n as i64 * 1_000_000);
    }
    assert_eq!(offset.us(), 92 * 10_000);
    offset.take(0, i64::MIN);
    offset.take(u64::MAX, i64::MIN);
}
