//! A comparison as text for the clipboard: both sides with their moments, and what is different, with all digits.

use super::{Comparing, Row, Side, State, labels, utc};
use crate::{
    event::Stamp,
    model::compare::{Change, Of, Spread},
};

/// Rows that are copied at the most.
const MOST: usize = 40;

/// Both sides, and what changed.
pub(super) fn text(state: &State, comparing: &Comparing) -> String {
    let mut lines = vec![
        format!("A  {}", of_side(state, &comparing.a, state.now())),
        format!("B  {}", of_side(state, &comparing.b, state.now())),
    ];
    let rows = state.rows_of(comparing);
    let told = rows.iter().filter(|row| row.is_changed() || is_alone(row)).take(MOST);
    lines.extend(told.map(line));
    // Names are data: they must not act on the terminal into which this is pasted.
    let clean = |line: String| line.chars().filter(|c| !c.is_control()).collect::<String>();
    lines.into_iter().map(|line| clean(line) + "\n").collect()
}

fn is_alone(row: &Row) -> bool {
    matches!(row.change(), Change::OnlyA | Change::OnlyB)
}

fn of_side(state: &State, side: &Side, now: Stamp) -> String {
    match side {
        Side::Held(held) => format!("{} at {}  {}", held.name, utc(held.at), held.labels),
        Side::Node(id) => {
            let node = state.model.node(id);
            let name = node.map_or(&*id.0, |node| node.name());
            format!("{name} at {}  {}", utc(now), node.map(labels).unwrap_or_default())
        }
        Side::Group(key, value) => format!("{key}={value} at {}", utc(now)),
    }
}

fn line(row: &Row) -> String {
    let of = match &row.key.of {
        Of::Node => String::new(),
        of => format!("{} ", of.name()),
    };
    let amount = |side: Option<Spread>| side.map_or_else(|| "-".to_owned(), |spread| format!("{:.3}", spread.median));
    let note = match row.change() {
        Change::OnlyA => "  only in A".to_owned(),
        Change::OnlyB => "  only in B".to_owned(),
        Change::Times(times) => format!("  x{times:.2}"),
        Change::By(_) | Change::Nothing | Change::Unknown => String::new(),
    };
    format!("{of}{}  {} -> {}{}{note}", row.key.word, amount(row.a), amount(row.b), row.measure.unit())
}
