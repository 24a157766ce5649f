use super::*;

/// Runs rounds that cost so much, at a tick no more than the price; says how many ticks the last took.
fn n_ticks(price: &mut Price, rounds: &[u64]) -> u64 {
    let mut n = 0;
    for cost in rounds {
        let mut left = *cost;
        n = 0;
        while left > 0 {
            let part = left.min(price.of_tick());
            left -= part;
            price.pay(part, left == 0);
            n += 1;
        }
    }
    n
}

#[test]
fn a_cheap_round_takes_one_tick_and_a_dear_one_is_spread() {
    let mut price = Price::new(1_000, 500, 3_000);
    assert_eq!(n_ticks(&mut price, &[300]), 1);
    assert!(price.is_of_one_tick());
    assert_eq!(n_ticks(&mut price, &[1_000, 1_000]), 1);
    assert_eq!(n_ticks(&mut price, &[1_200, 1_200]), 3, "in the smallest parts");
    assert!(!price.is_of_one_tick());
    assert_eq!(n_ticks(&mut price, &[10_000, 10_000]), 5);
    assert_eq!(n_ticks(&mut price, &[300_000, 300_000]), 100, "no tick pays more than it may");
}

#[test]
fn a_round_at_the_limit_does_not_change_its_mind_each_time() {
    let mut price = Price::new(1_000, 500, 3_000);
    assert_eq!(n_ticks(&mut price, &[1_001, 999]), 2, "still spread");
    assert_eq!(n_ticks(&mut price, &[900]), 2);
    assert_eq!(n_ticks(&mut price, &[700, 700]), 1);
    assert_eq!(n_ticks(&mut price, &[999]), 1);
}

#[test]
fn the_period_is_told_where_a_round_is_not_made_each_tick() {
    let mut period = Period::default();
    assert_eq!(period.us((1, 1_000)), None);
    period.begin((1, 1_000));
    period.begin((2, 2_000));
    assert_eq!(period.us((2, 2_000)), None);
    period.begin((6, 6_000));
    assert_eq!(period.us((7, 7_000)), Some(4_000));
    period.begin((7, 7_000));
    assert_eq!(period.us((7, 7_000)), None);

    let mut first = Period::default();
    first.begin((1, 1_000));
    assert_eq!((first.us((2, 2_000)), first.us((9, 9_000))), (None, Some(8_000)));
}
