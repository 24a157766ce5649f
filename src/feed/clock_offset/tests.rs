use super::*;

const T: u64 = 1_700_000_000_000_000;

/// Echoes of (trip, agent's clock ahead by) in microseconds, one after the other.
fn estimates(rounds: &[(u64, i64)]) -> Vec<(i64, u64, bool)> {
    let mut offset = ClockOffset::default();
    let one = |&(trip, ahead): &(u64, i64)| {
        let answered = (T + trip / 2).saturating_add_signed(ahead);
        let estimate = offset.push(T, answered, T + trip).expect("three times that make sense");
        (estimate.offset_us, estimate.uncertainty_us, estimate.is_step)
    };
    rounds.iter().map(one).collect()
}

#[test]
fn the_first_echo_is_believed_as_it_is() {
    assert_eq!(estimates(&[(1_000, 40)]), [(40, 500, false)]);
    assert_eq!(estimates(&[(1_000, -7_200_000_000)]), [(-7_200_000_000, 500, false)], "no step: nothing was before");
}

#[test]
fn the_best_round_of_eight_counts() {
    let all = estimates(&[(200, 100), (90_000, 40_100), (90_000, 40_100)]);
    assert_eq!(all[2], (100, 100, false), "slow rounds say less");
    let mut rounds = vec![(200, 100)];
    rounds.extend([(400, 300); 8]);
    let last = estimates(&rounds)[8];
    assert_eq!(last, (200, 300, false), "the round of 200 us is the ninth back: half way to the new best");
}

#[test]
fn a_difference_is_slewed_by_halves() {
    let all = estimates(&[(2_000, 0), (200, 800), (200, 800)]);
    assert_eq!(all.iter().map(|e| e.0).collect::<Vec<_>>(), [0, 400, 600]);
}

#[test]
fn a_jump_of_more_than_a_second_is_a_step() {
    let all = estimates(&[(200, 0), (400, 3_600_000_000), (400, 3_600_000_000)]);
    assert_eq!(all, [(0, 100, false), (3_600_000_000, 200, true), (3_600_000_000, 200, false)]);
    assert!(!estimates(&[(200, 0), (4_000_000, 1_500_000)])[1].2, "may be all trip");
}

#[test]
fn times_that_make_no_sense_are_passed_over() {
    assert_eq!(ClockOffset::default().push(10, 5, 9), None);
    assert_eq!(ClockOffset::default().push(0, u64::MAX, 9), None);
}
