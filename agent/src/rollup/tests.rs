use midair_vitals::Severity;

use super::*;

fn sched(per_mille: u32) -> Severities {
    Severities { sched: Some(Severity::from_per_mille(per_mille)), ..Severities::default() }
}

#[test]
fn a_window_of_ten_seconds_comes_out_when_the_next_begins() {
    let mut rollups = Rollups::default();
    for second in 0..10 {
        assert!(rollups.push(second * 1_000_000, second * 1_000_000, sched(second as u32 * 10)).is_empty());
    }
    let ended = rollups.push(10_000_000, 10_000_000, sched(1000));
    let [rollup] = ended.as_slice() else { panic!("{ended:?}") };
    assert_eq!(rollup.window_us, Some(10_000_000));
    assert_eq!(rollup.wall_us, Some(10_000_000));
    assert_eq!(rollup.sched, Some(Summary { min: Some(0), mean: Some(45), max: Some(90), n: Some(10) }));
    assert_eq!(rollup.rate, None, "what was never known has no summary");
}

#[test]
fn five_minutes_hold_thirty_of_them() {
    let mut rollups = Rollups::default();
    let ended: Vec<Rollup> = (0..=300).flat_map(|s| rollups.push(s * 1_000_000, s * 1_000_000, sched(500))).collect();
    let long: Vec<_> = ended.iter().filter(|r| r.window_us == Some(300_000_000)).collect();
    assert_eq!((ended.len() - long.len(), long.len()), (30, 1));
    assert_eq!(long[0].sched.as_ref().unwrap().n, Some(300));
}

#[test]
fn a_gap_ends_one_window_and_starts_another() {
    let mut rollups = Rollups::default();
    rollups.push(0, 0, sched(1));
    assert_eq!(rollups.push(100_000_000, 100_000_000, sched(2)).len(), 1);
    assert!(rollups.push(109_000_000, 109_000_000, sched(2)).is_empty());
    assert_eq!(rollups.push(110_000_000, 110_000_000, sched(2)).len(), 1);
}
