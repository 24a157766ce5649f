use super::*;
use crate::encode;

fn rollup(window_us: u64, end_s: u64, value: u32) -> Envelope {
    let sched = Some(Summary { min: Some(value), mean: Some(value), max: Some(value), n: Some(10) });
    let rollup = Rollup { window_us: Some(window_us), wall_us: Some(end_s * 1_000_000), sched, ..Rollup::default() };
    Envelope { payload: Some(encode::payload(Kind::Rollup(rollup))), ..Envelope::default() }
}

/// The points of an hour of which there is a rollup every 10 s and every 5 min, whose value is its minute.
fn points(most: u32) -> Vec<Rollup> {
    let mut thin = Thin::new(most, (1_000_000, 3_600_000_000), Some((0, u64::MAX)));
    for end_s in (10..=3_600).step_by(10) {
        thin.take(&rollup(10_000_000, end_s, end_s as u32 / 60));
        if end_s.is_multiple_of(300) {
            thin.take(&rollup(300_000_000, end_s, end_s as u32 / 60));
        }
    }
    thin.told()
        .into_iter()
        .filter_map(|(_, kind)| if let Kind::Rollup(point) = kind { Some(point) } else { None })
        .collect()
}

#[test]
fn the_finest_that_fits_is_told_and_never_more_than_was_asked_for() {
    for (most, n, window_s) in [(1_000, 360, 10), (360, 360, 10), (359, 12, 300), (12, 12, 300)] {
        let points = points(most);
        assert_eq!((points.len(), points[0].window_us), (n, Some(window_s * 1_000_000)), "{most}");
    }
    for most in 1..12 {
        let points = points(most);
        assert!(!points.is_empty() && points.len() <= most as usize, "{most}: {}", points.len());
        assert!(points.is_sorted_by_key(|point| point.wall_us));
    }
}

#[test]
fn points_that_are_merged_keep_the_extremes_and_weigh_the_mean() {
    let all = points(1);
    let sched = all[0].sched.unwrap();
    assert_eq!((sched.min, sched.mean, sched.max, sched.n), (Some(5), Some(33), Some(60), Some(120)));
    assert_eq!(all[0].window_us, Some(3_600_000_000));
}

#[test]
fn only_what_is_known_is_merged() {
    let with = Rollup { window_us: Some(1), wall_us: Some(5), ..Rollup::default() };
    let mut point = Point::default();
    point.add(&with);
    point.add(&Rollup { sched: Some(Summary::default()), ..with });
    assert_eq!((point.rollup().sched, point.rollup().mem), (Some(Summary::default()), None));
}

#[test]
fn a_mean_of_many_does_not_drift() {
    let of = |mean: u32| Summary { min: Some(mean), mean: Some(mean), max: Some(mean), n: Some(10) };
    let mut point = Point::default();
    // Rounded after each, it would stay at 3.
    (0..1_000).for_each(|n| point.add(&Rollup { mem: Some(of(if n == 0 { 3 } else { 4 })), ..Rollup::default() }));
    assert_eq!(point.rollup().mem.unwrap().mean, Some(4));
}

#[test]
fn a_range_of_which_nothing_is_kept_has_no_points() {
    let mut thin = Thin::new(10, (0, u64::MAX), None);
    thin.take(&Envelope::default());
    assert_eq!(thin.told(), []);
}
