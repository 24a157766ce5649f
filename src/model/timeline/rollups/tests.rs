use super::*;
use crate::model::script::{S, at, id};

/// A window of a node that ends at a second, with so many per cent of mem at most.
fn rollup(node: &str, end_s: f64, window_s: u64, percent: u32) -> (Rollup, Stamp) {
    let severity = |per_mille| Severity::from_per_mille(per_mille);
    let mem = [severity(0), severity(percent), severity(percent * 10)];
    let rollup = Rollup {
        node: id(node),
        window_us: window_s * S,
        wall_us: at(end_s).0,
        summaries: [None, Some(mem), None, None],
    };
    (rollup, at(end_s))
}

fn kept(rollups: impl IntoIterator<Item = (Rollup, Stamp)>) -> Rollups {
    let mut all = Rollups::default();
    rollups.into_iter().for_each(|(rollup, end)| all.keep(&rollup, end, end));
    all
}

/// Per cent of mem of "a" in cells of ten seconds, from second 0 to `seconds`; -1 where nothing is known.
fn drawn(rollups: &Rollups, seconds: u64, except: Option<(f64, f64)>) -> Vec<i32> {
    let mut cells = vec![None; (seconds / 10) as usize];
    let window = Window { end: at(seconds as f64), span_us: seconds * S };
    let except = except.map(|(from, to)| (at(from), at(to)));
    rollups.raise(&id("a"), Vital::Mem, (window, &mut cells), except.as_slice());
    cells.iter().map(|cell| cell.map_or(-1, |s| s.percent() as i32)).collect()
}

#[test]
fn the_most_of_a_window_is_drawn_and_a_gap_stays_one() {
    let all = kept([rollup("a", 10.0, 10, 20), rollup("a", 20.0, 10, 70), rollup("a", 40.0, 10, 30)]);
    assert_eq!(drawn(&all, 50, None), [20, 70, -1, 30, -1]);
}

#[test]
fn what_samples_tell_is_left_to_them() {
    let all = kept([rollup("a", 10.0, 10, 20), rollup("a", 20.0, 10, 70), rollup("a", 30.0, 10, 30)]);
    assert_eq!(drawn(&all, 40, Some((10.0, 35.0))), [20, -1, -1, -1]);
}

#[test]
fn long_windows_show_where_no_short_ones_do() {
    let short = (31..=60).map(|n| rollup("a", f64::from(n) * 10.0, 10, 10));
    let long = [rollup("a", 300.0, 300, 90), rollup("a", 600.0, 300, 80)];
    let cells = drawn(&kept(short.chain(long)), 600, None);
    assert!(cells[..30].iter().all(|percent| *percent == 90), "{cells:?}");
    assert!(cells[30..].iter().all(|percent| *percent == 10), "{cells:?}");
}

#[test]
fn what_is_told_twice_or_out_of_order_stands_once_and_in_its_place() {
    let all = kept([rollup("a", 20.0, 10, 70), rollup("a", 10.0, 10, 20), rollup("a", 20.1, 10, 50)]);
    assert_eq!(drawn(&all, 30, None), [20, 50, -1]);
    assert_eq!(all.nodes[&id("a")].0[0].len(), 2);
}

#[test]
fn a_window_of_the_future_or_of_no_length_is_none() {
    let mut all = Rollups::default();
    for (window_s, end_s) in [(10, 1e6), (0, 10.0), (90_000, 10.0)] {
        let (rollup, end) = rollup("a", end_s, window_s, 50);
        all.keep(&rollup, end, at(20.0));
    }
    assert_eq!(all, Rollups::default());
}

#[test]
fn however_many_come_few_are_kept() {
    let all = kept(
        (0..3_000).flat_map(|n| [rollup("a", f64::from(n) * 10.0, 10, 1), rollup("a", f64::from(n) * 300.0, 300, 1)]),
    );
    let Bars([short, long]) = &all.nodes[&id("a")];
    assert_eq!(short.len(), N_BARS[0]);
    assert!(long.len() <= 300, "a day of five minutes: {}", long.len());
}
