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
