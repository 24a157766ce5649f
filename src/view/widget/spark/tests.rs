use super::*;

const S: u64 = 1_000_000;

fn drawn(width: u16, height: u16, values: &[Option<f64>], top: f64) -> Vec<String> {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(&mut buffer, area, values, top, Style::new(), Style::new());
    (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect()
}

#[test]
fn gaps_are_empty_and_zero_is_not() {
    let values = [Some(0.0), Some(0.5), None, Some(1.0)];
    assert_eq!(drawn(6, 1, &values, 1.0), ["  ▁▄ █"]);
    assert_eq!(drawn(3, 1, &values, 1.0), ["▄ █"]);
    assert_eq!(drawn(4, 2, &values, 1.0), ["   █", "▁█ █"]);
    assert_eq!(drawn(2, 1, &[Some(0.0), Some(0.0)], ceiling(&[Some(0.0)], 1.0)), ["▁▁"]);
}

#[test]
fn columns_keep_the_peak() {
    let axis = Axis::new(Stamp(59 * S), 60 * S, 6);
    assert_eq!((axis.end_us, axis.step_us), (60 * S, 10 * S));
    let points =
        (0..60).filter(|s| !(20..30).contains(s)).map(|s| (Stamp(s * S), Some(if s == 33 { 9.0 } else { 1.0 })));
    assert_eq!(axis.peaks(points), [Some(1.0), Some(1.0), None, Some(9.0), Some(1.0), Some(1.0)]);
}

#[test]
fn a_chart_stands_still_within_a_step() {
    let at = |s| Axis::new(Stamp(s * S), 600 * S, 60);
    assert_eq!(at(1000), at(1009));
    assert_ne!(at(1000), at(1010));
    assert_eq!(at(1000).column(Stamp(1009 * S)), Some(59));
    assert_eq!(at(1000).column(Stamp(1010 * S)), None);
    assert_eq!(at(1000).column(Stamp(0)), None);
    assert_eq!(at(1000).start(59), Stamp(1000 * S));
}
