//! What an Erlang process keeps, over the screen: lines as its VM prints them, or why they are not shown.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{columns::tasks, format, panel, theme::Theme, widget::pen::Pen};
use crate::app::{Kept, State, kept_word};

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, kept: &Kept, scroll: usize, theme: &Theme) {
    let name =
        state.model.node(&kept.node).and_then(|node| node.task(kept.task)).map_or_else(String::new, tasks::title);
    let answer = kept.answer.as_ref().and_then(|answer| answer.as_ref().ok());
    let bytes = answer.and_then(|answer| answer.bytes).map_or_else(String::new, |bytes| {
        let cut = if answer.is_some_and(|answer| answer.is_cut) { ", the first of it" } else { "" };
        format!("· {}B{cut} ", format::bytes(Some(bytes as f64)))
    });
    let title = [
        (format!(" {} of {name} ", kept_word(kept.what)), theme.title),
        (bytes, theme.dim),
        ("· may be secret · j k scroll, Esc closes ".to_owned(), theme.dim),
    ];
    let inside = panel::frame(buffer, area, &title, theme);
    let lines = kept.lines(usize::from(inside.width.saturating_sub(2)));
    let style = if answer.is_some_and(|answer| answer.lines.is_ok()) { theme.plain } else { theme.dim };
    for (row, line) in (0..inside.height).zip(lines.iter().skip(scroll.min(lines.len().saturating_sub(1)))) {
        Pen::new(buffer, inside, row).skip(1).put(line, style);
    }
}
