use super::*;
use midair_vitals::Order;

use crate::app::heads;

const fn head(title: &'static str, width: u16, weight: u8) -> Head {
    Head { title, width, is_node: false, weight, grows: 0, sort: None }
}

const HEADS: [Head; 3] = [
    Head { grows: 1, ..head("task", 6, 0) },
    Head { sort: Some(Sort::By(Order::Cpu)), ..head("cpu %", 6, 1) },
    head("sev", 4, 2),
];

const COLUMNS: [Column<str>; 3] = [
    Column::text("task", |r: &str| Cell::name(r)),
    Column::number("cpu %", |r: &str| Cell::value(r.len().to_string())),
    Column::number("sev", |r: &str| Cell::level(r.len().to_string(), Level::Critical)),
];

fn drawn(width: u16, rows: &[&str]) -> Vec<String> {
    let area = Rect::new(0, 0, width, rows.len() as u16 + 1);
    let mut buffer = Buffer::empty(area);
    let theme = Theme::monochrome();
    let table = Table::new(&HEADS, &COLUMNS, &heads::arrange(&HEADS, width, 0, 0));
    table.draw_head(&mut buffer, area, Sorted { sort: Sort::By(Order::Cpu), is_inverted: false }, &theme);
    for (n, row) in (1..).zip(rows) {
        table.draw_row(&mut buffer, area, n, *row, Look { theme: &theme, is_silent: false });
    }
    (0..area.height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect()
}

#[test]
fn columns_are_aligned_and_signed() {
    assert_eq!(
        drawn(24, &["beam.smp", "a\u{1b}[0m"]),
        ["task         cpu %▼  sev", "beam.smp          8   !8", "a␛[0m             5   !5"]
    );
}

#[test]
fn a_narrow_table_drops_the_heaviest_columns() {
    assert_eq!(drawn(13, &["postgres"]), ["task   cpu %▼", "postg…      8"]);
    assert_eq!(drawn(5, &["postgres"]), ["task ", "post…"]);
    assert_eq!(drawn(1, &["postgres"]), ["…", "…"]);
}

#[test]
fn scrolled_columns_leave_the_name() {
    let indices: Vec<usize> = heads::arrange(&HEADS, 40, 1, 0).into_iter().map(|(n, ..)| n).collect();
    assert_eq!(indices, [0, 2]);
    assert_eq!(heads::arrange(&HEADS, 40, 99, 0).len(), 2);
}
