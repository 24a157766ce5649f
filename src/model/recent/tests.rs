use super::*;

const S: u64 = 1_000_000;

fn after(counts: &[(u64, Option<u64>)]) -> Option<u64> {
    let mut recent = Recent::default();
    counts.iter().for_each(|(s, n)| recent.push(s * S, *n));
    recent.sum()
}

#[test]
fn a_burst_is_read_for_ten_seconds() {
    assert_eq!(after(&[(1, Some(0)), (2, Some(7)), (3, Some(0))]), Some(7));
    assert_eq!(after(&[(2, Some(7)), (5, Some(2)), (11, Some(0))]), Some(9));
    assert_eq!(after(&[(2, Some(7)), (5, Some(2)), (12, Some(0))]), Some(2));
    assert_eq!(after(&[(2, Some(7)), (30, Some(0))]), Some(0));
}

#[test]
fn what_is_not_known_is_not_zero() {
    assert_eq!(after(&[]), None);
    assert_eq!(after(&[(1, None)]), None);
    assert_eq!(after(&[(1, Some(3)), (2, None)]), Some(3), "what was seen was seen");
    assert_eq!(after(&[(1, Some(3)), (20, None)]), None);
}

#[test]
fn one_look_told_twice_counts_once() {
    assert_eq!(after(&[(1, Some(0)), (2, Some(7)), (2, Some(7))]), Some(7));
}

#[test]
fn a_clock_that_goes_back_begins_anew() {
    assert_eq!(after(&[(9, Some(7)), (1, Some(2))]), Some(2));
}

#[test]
fn quiet_seconds_take_no_room() {
    let mut recent = Recent::default();
    (0..100).for_each(|s| recent.push(s * S, Some(0)));
    assert_eq!(recent.seen.len(), 1);
}
