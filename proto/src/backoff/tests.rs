use super::*;

#[test]
fn waits_double_from_a_quarter_second_to_four() {
    let at_most: Vec<u128> = (1..=7).map(|n| wait(n, 1.0).as_millis()).collect();
    assert_eq!(at_most, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    assert_eq!(wait(u32::MAX, 1.0), LONGEST);
    assert_eq!(wait(3, 0.0), Duration::ZERO);
    assert_eq!(wait(3, 0.5), Duration::from_millis(500));
}

#[test]
fn chance_spreads_over_the_whole_range_and_repeats_for_a_seed() {
    let draw = |seed| {
        let mut chance = Chance(seed);
        (0..1_000).map(|_| chance.share()).collect::<Vec<_>>()
    };
    let shares = draw(7);
    assert_eq!(shares, draw(7));
    assert_ne!(shares, draw(8));
    assert!(shares.iter().all(|s| (0.0..1.0).contains(s)));
    let mean = shares.iter().sum::<f64>() / 1_000.0;
    assert!((0.45..0.55).contains(&mean), "{mean}");
}
