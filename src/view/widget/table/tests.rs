use super::*;

const COLUMNS: [Column<str>; 3] = [
    Column::text("task", 6, 0, |r: &str| Cell::name(r)).growing(1),
    Column::number("cpu %", 6, 1, |r: &str| Cell::value(r.len().to_string())).by(Order::Cpu),
    Column::number("sev", 4, 2, |r: &str| Cell::level(r.len().to_string(), Level::Critical)),
];

fn drawn(width: u16, rows: &[&str]) -> Vec<String> {
    let area = Rect::new(0, 0, width, rows.len() as u16 + 1);
    let mut buffer = Buffer::empty(area);
    let theme = Theme::monochrome();
    let places = arrange(&COLUMNS, width, 0);
    draw_head(&mut buffer, area, &COLUMNS, &places, Sorted { order: Order::Cpu, is_inverted: false }, &theme);
    for (n, row) in (1..).zip(rows) {
        draw_row(&mut buffer, area, n, &COLUMNS, &places, *row, Look { theme: &theme, is_silent: false });
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
    let indices: Vec<usize> = arrange(&COLUMNS, 40, 1).into_iter().map(|(n, ..)| n).collect();
    assert_eq!(indices, [0, 2]);
    assert_eq!(arrange(&COLUMNS, 40, 99).len(), 2);
}
