//! The marks on the time line as a list over the screen, the newest first: what the line has no room to say.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{format, panel, text, theme::Theme, widget::pen::Pen};
use crate::{
    app::{Chosen, MarkKey, Playhead, State, mark_keys},
    event::NodeId,
    model::timeline::Flag,
};

/// Lines that one mark may have.
const MOST_LINES: usize = 3;

/// Columns before the words, without those of the node: selection, moment, age.
const INDENT: usize = 21;

/// The most columns that the name of a node gets.
const NODE_MAX: usize = 20;

/// Draws them.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, chosen: &Chosen<MarkKey>, theme: &Theme) {
    let marks = state.marks();
    let title = [
        (format!(" {} marks · newest first ", marks.len()), theme.title),
        ("· Enter goes to that moment and place, Esc closes ".to_owned(), theme.dim),
    ];
    let inside = panel::frame(buffer, area, &title, theme);
    if marks.is_empty() {
        let why = "no marks yet: m puts a note on the time line; agents put one where something ends, is killed or stops to work";
        panel::empty(buffer, inside, why, theme);
        return;
    }
    let selected = chosen.position(&mark_keys(&marks));
    let names: Vec<String> = marks.iter().map(|mark| node_name(state, mark)).collect();
    let n_node = names.iter().map(|name| text::width(name)).max().unwrap_or(0).min(NODE_MAX);
    let indent = INDENT + n_node + usize::from(n_node > 0);
    let columns = usize::from(inside.width).saturating_sub(indent + 1).max(1);
    let lines = |mark: &Flag| {
        let mut lines = panel::wrapped(&words(mark), columns);
        lines.truncate(MOST_LINES);
        lines
    };
    let mut first = selected;
    let mut n_rows = marks.get(first).map_or(0, |mark| lines(mark).len());
    while first > 0 && n_rows + lines(marks[first - 1]).len() <= usize::from(inside.height) {
        first -= 1;
        n_rows += lines(marks[first]).len();
    }
    let mut place = inside;
    for (n, mark) in marks.iter().enumerate().skip(first) {
        if place.is_empty() {
            break;
        }
        let lines = lines(mark);
        let head = Head { state, mark, node: &names[n], n_node, is_selected: n == selected };
        draw_one(buffer, place, &head, &lines, theme);
        let used = (lines.len() as u16).min(place.height);
        place = Rect { y: place.y + used, height: place.height - used, ..place };
    }
}

/// The node of a mark where more than one could be meant.
fn node_name(state: &State, mark: &Flag) -> String {
    let n_known = state.model.nodes.len();
    if state.screen().node().is_some() || n_known < 2 {
        return String::new();
    }
    let name = |id: &NodeId| state.model.node(id).map_or_else(|| id.0.to_string(), |node| node.name().to_owned());
    match (mark.nodes.len(), mark.nodes.keys().next()) {
        (1, Some(id)) => text::clean(&name(id)).into_owned(),
        (2.., Some(_)) if mark.nodes.len() < n_known => format!("{} nodes", mark.nodes.len()),
        _ => "all".to_owned(),
    }
}

/// What it says, who says it, and of what.
fn words(mark: &Flag) -> String {
    let mut words = text::clean(&mark.text).into_owned();
    if let Some(author) = mark.author_by_hand() {
        words += &format!(" ({})", text::clean(author));
    }
    // That of a node is said already.
    if let Some(focus) = mark.focus.as_deref().filter(|focus| focus.contains('/')) {
        words += &format!(" → {}", text::clean(focus));
    }
    words
}

/// What stands before the words of one mark.
struct Head<'a> {
    state: &'a State,
    mark: &'a Flag,
    node: &'a str,
    n_node: usize,
    is_selected: bool,
}

fn draw_one(buffer: &mut Buffer, area: Rect, head: &Head<'_>, lines: &[String], theme: &Theme) {
    let at = head.mark.at;
    let ago = format::age(Some(head.state.clock.since_us(at)));
    // What lies after the playhead has not happened yet at the moment shown.
    let is_ahead = matches!(head.state.playhead, Playhead::Past(shown) if at > shown);
    let style = if is_ahead { theme.dim } else { theme.plain };
    let mut pen = Pen::new(buffer, area, 0);
    pen.put(if head.is_selected { "▶" } else { " " }, theme.key);
    pen.put(&format!("{} ", format::clock(at)), theme.mark);
    pen.put(&format!("{ago:>6} ago "), theme.dim);
    if head.n_node > 0 {
        pen.put(&text::fit(head.node, head.n_node, text::Align::Left), theme.dim);
    }
    let indent = INDENT + head.n_node + usize::from(head.n_node > 0);
    for (row, line) in (0..area.height).zip(lines) {
        Pen::new(buffer, area, row).skip(indent as u16).put(line, style);
        if head.is_selected {
            buffer.set_style(Rect { y: area.y + row, height: 1, ..area }, theme.selected);
        }
    }
}
