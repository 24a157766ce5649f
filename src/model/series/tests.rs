use super::*;

const S: u64 = 1_000_000;

fn series(points: &[(u64, Option<f32>)]) -> Series<1> {
    let mut series = Series::default();
    for (at_s, value) in points {
        series.push(Stamp(at_s * S), [*value], 600);
    }
    series
}

fn cells(points: &[(u64, Option<f32>)], carry_s: u64) -> Vec<Option<f32>> {
    series(points).cells(0, Window { end: Stamp(10 * S), span_us: 10 * S }, 5, carry_s * S)
}

#[test]
fn a_cell_shows_its_peak() {
    assert_eq!(cells(&[(2, Some(1.0)), (3, Some(9.0)), (9, Some(2.0))], 0)[1], Some(9.0));
}

#[test]
fn a_hole_longer_than_the_carry_is_a_gap() {
    let seen = cells(&[(1, Some(1.0)), (9, Some(2.0))], 3);
    assert_eq!(seen, [Some(1.0), Some(1.0), None, None, Some(2.0)]);
}

#[test]
fn what_was_unknown_is_not_carried_over() {
    let seen = cells(&[(1, Some(1.0)), (3, None), (5, Some(3.0))], 9);
    assert_eq!(seen[1], None);
}

#[test]
fn the_oldest_leave() {
    let kept = series(&[(0, Some(1.0)), (1, Some(1.0)), (601, Some(1.0))]);
    assert_eq!(kept.points().map(|p| p.at.0 / S).collect::<Vec<_>>(), [1, 601]);
}

#[test]
fn a_click_on_a_cell_leads_to_a_moment_of_that_cell() {
    let window = Window { end: Stamp(700 * S), span_us: 600 * S };
    for n_cells in [1, 7, 80, 600, 1000] {
        for cell in 0..n_cells {
            assert_eq!(window.cell_of(window.end_of(cell, n_cells), n_cells), Some(cell), "{cell} of {n_cells}");
        }
    }
}
