use super::*;

#[test]
fn what_was_printed_comes_in_lines_and_says_how_much_it_was() {
    let shown = shown(&look::Printed { text: "{state,\n 1}".into(), is_cut: false });
    assert_eq!(shown.lines, ["{state,", " 1}"]);
    assert_eq!((shown.bytes, shown.cut, shown.refused), (Some(11), Some(false), None));
}

#[test]
fn more_lines_than_travel_are_said_to_be_cut() {
    let shown = shown(&look::Printed { text: "x\n".repeat(MOST_LINES + 1), is_cut: false });
    assert_eq!((shown.lines.len(), shown.cut), (MOST_LINES, Some(true)));
}
