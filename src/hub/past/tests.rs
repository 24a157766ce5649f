use super::*;

#[test]
fn ten_minutes_are_kept_and_told_in_windows_of_ten_seconds() {
    let mut past = Past::default();
    assert_eq!(past.rollups(0, u64::MAX), []);
    for s in 1_000..2_000 {
        // Two minutes of silence.
        if !(1_700..1_820).contains(&s) {
            past.push(s, [Some(100), (s % 10 == 0).then_some(400), None, Some(1_000)]);
        }
    }
    let told = past.rollups(0, u64::MAX);
    let ends: Vec<u64> = (1_410..=1_700).step_by(10).chain((1_830..=2_000).step_by(10)).collect();
    assert_eq!(told.iter().map(|(end, _)| *end).collect::<Vec<_>>(), ends);
    let summary = |n: u32, of: u32| v1::Summary { min: Some(n), mean: Some(n), max: Some(n), n: Some(of) };
    for (_, rollup) in &told {
        assert_eq!((rollup.sched, rollup.mem, rollup.queue), (Some(summary(100, 10)), Some(summary(400, 1)), None));
    }
    assert_eq!(past.rollups(1_900, 1_929).iter().map(|(end, _)| *end).collect::<Vec<_>>(), [1_910, 1_920, 1_930]);
}

#[test]
fn a_gap_is_filled_and_nothing_that_was_heard_is_changed() {
    let mut past = Past::default();
    (1_000..1_030).for_each(|s| past.push(s, [Some(100); 4]));
    (1_055..1_100).for_each(|s| past.push(s, [Some(100); 4]));
    for end in [1_030, 1_040, 1_050, 1_060, 2_000] {
        past.fill(end, [Some(800), None, None, None]);
    }
    let means: Vec<_> =
        past.rollups(1_020, 1_069).into_iter().map(|(end, r)| (end, r.sched.unwrap().mean.unwrap())).collect();
    assert_eq!(means, [(1_030, 100), (1_040, 800), (1_050, 800), (1_060, 450), (1_070, 100)]);
}

#[test]
fn a_second_that_was_heard_late_finds_its_place_and_one_too_old_none() {
    let mut past = Past::default();
    past.push(5_000, [Some(8); 4]);
    past.push(4_990, [Some(16); 4]);
    past.push(4_400, [Some(24); 4]);
    let told = past.rollups(0, u64::MAX);
    assert_eq!(told.iter().map(|(end, _)| *end).collect::<Vec<_>>(), [5_000]);
    assert_eq!(told[0].1.sched.unwrap().max, Some(16));
}
