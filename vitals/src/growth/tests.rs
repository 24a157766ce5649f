use super::*;

fn grown(points: &[(u64, f64)]) -> Option<f64> {
    let mut growth = Growth::default();
    points.iter().for_each(|(s, level)| growth.push(s * 1_000_000, *level));
    growth.per_second()
}

#[test]
fn one_point_has_no_growth() {
    assert_eq!(grown(&[(1, 5.0)]), None);
}

#[test]
fn growth_is_per_second() {
    assert_eq!(grown(&[(1, 5.0), (3, 9.0)]), Some(2.0));
}

#[test]
fn what_is_older_than_the_window_is_forgotten() {
    let points: Vec<_> = (0..60).map(|s| (s, if s < 30 { s as f64 * 100.0 } else { 3000.0 })).collect();
    assert_eq!(grown(&points), Some(0.0));
}

#[test]
fn a_gap_keeps_one_point_to_compare_with() {
    assert_eq!(grown(&[(0, 0.0), (100, 50.0)]), Some(0.5));
}

#[test]
fn a_clock_that_goes_back_starts_anew() {
    assert_eq!(grown(&[(50, 10.0), (60, 20.0), (1, 7.0)]), None);
}

#[test]
fn points_that_come_fast_are_few() {
    let mut growth = Growth::default();
    (0..100_000).for_each(|us| growth.push(us * 200, us as f64));
    assert!(growth.points.len() < 140, "{}", growth.points.len());
    assert_eq!(growth.per_second().map(f64::round), Some(5_000.0));
}

#[test]
fn a_level_that_stays_takes_two_points_and_tells_what_all_points_would() {
    let (mut all, mut growth): (Vec<(u64, f64)>, _) = (Vec::new(), Growth::default());
    // Runs of one to twenty equal levels, and every fifth level one of its own.
    for s in 0..2_000_u64 {
        let level = (s / (1 + s / 100) + u64::from(s % 500 < 100) * (s % 5)) as f64;
        all.push((s * 1_000_000, level));
        growth.push(s * 1_000_000, level);
        let now_us = s * 1_000_000;
        let (first_us, first) = *all.iter().rev().find(|(us, _)| us + GROWTH_US <= now_us).unwrap_or(&all[0]);
        let expected = (now_us > first_us).then(|| (level - first) * 1e6 / (now_us - first_us) as f64);
        assert_eq!(growth.per_second(), expected, "after {s} s");
    }
    let mut still = Growth::default();
    assert!(!still.is_flat());
    (0..100).for_each(|s| still.push(s * 1_000_000, 7.0));
    assert!(still.is_flat() && still.points.len() == 2);
    still.push(100_000_000, 8.0);
    assert!(!still.is_flat());
    assert_eq!(still.per_second(), Some(0.1));
}
