use super::*;

const SECOND_US: u64 = 1_000_000;

/// Readings a second apart, each with what queues cost in it.
fn rounds(of: &mut Rounds, period_s: u64, costs: impl IntoIterator<Item = u64>) {
    costs.into_iter().for_each(|us| of.push(SECOND_US, us, Duration::from_secs(period_s)));
}

#[test]
fn a_round_with_each_reading_costs_what_most_of_the_last_ones_did() {
    let mut known = Rounds::default();
    rounds(&mut known, 1, [90_000, 5_000, 5_200]);
    assert_eq!((known.base_us(), known.round_us()), (0.0, 5_200.0), "the first, which is dear, is not meant");
}

#[test]
fn what_queues_cost_between_rounds_is_no_part_of_a_round() {
    let mut known = Rounds::default();
    rounds(&mut known, 8, (0..16).map(|n| if n % 8 == 0 { 5_300 } else { 300 }));
    assert_eq!((known.base_us(), known.round_us()), (300.0, 5_000.0));
    rounds(&mut known, 60, [300, 300, 300]);
    assert_eq!(known.round_us(), 5_000.0, "a round that has not come yet costs what the last one did");
    rounds(&mut known, 60, (0..300).map(|n| if n % 60 == 0 { 1_300 } else { 300 }));
    assert_eq!(known.round_us(), 1_000.0, "until it turned out to be cheaper");
}

#[test]
fn a_round_in_slices_costs_as_much_as_all_of_them() {
    let mut known = Rounds::default();
    rounds(&mut known, 4, (0..12).map(|n| if n % 4 < 2 { 2_100 } else { 100 }));
    assert_eq!((known.base_us(), known.round_us()), (100.0, 4_000.0));
}

#[test]
fn what_a_round_costs_is_paid_until_the_next_and_no_more() {
    let mut known = Rounds::default();
    let mut paid_us = Vec::new();
    for n in 0..600 {
        known.push(SECOND_US, if n % 60 == 0 { 60_000 } else { 0 }, Duration::from_secs(60));
        paid_us.push(known.pay_us(SECOND_US));
    }
    assert!(paid_us.iter().all(|us| *us < 2_000.0), "{paid_us:?}");
    let last_us: f64 = paid_us[540..].iter().sum();
    assert!((55_000.0..65_000.0).contains(&last_us), "{last_us}");
}
