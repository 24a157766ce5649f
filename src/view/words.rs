//! What the words on this screen mean, over the screen: the columns of the table that has the keys, and the panels above.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    panel,
    text::{self, Align},
    theme::Theme,
    widget::pen::Pen,
};
use crate::app::{
    State,
    words::{self, LONGEST, LONGEST_WORD, Line},
};

/// Columns of one column of words: a space, the word, a space, its meaning.
const WIDTH: usize = LONGEST_WORD + LONGEST + 2;

/// Draws them over the screen, in two columns where there is room.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, scroll: usize, theme: &Theme) {
    let title =
        [(" words of this screen ".to_owned(), theme.title), ("· j k scroll, ? or Esc closes ".to_owned(), theme.dim)];
    let inside = panel::frame(buffer, area, &title, theme);
    let lines = words::lines(state);
    let middle = lines.iter().position(|line| *line == Line::Empty).unwrap_or(lines.len());
    let (columns, others) = lines.split_at(middle);
    let height = usize::from(inside.height);
    if usize::from(inside.width) >= 2 * WIDTH && columns.len().max(others.len()) <= height {
        let half = Rect { width: inside.width / 2, ..inside };
        draw_lines(buffer, half, columns, theme);
        draw_lines(buffer, Rect { x: half.right(), ..half }, others.get(1..).unwrap_or_default(), theme);
    } else {
        let last = lines.len().saturating_sub(height);
        draw_lines(buffer, inside, &lines[scroll.min(last)..], theme);
    }
}

fn draw_lines(buffer: &mut Buffer, area: Rect, lines: &[Line], theme: &Theme) {
    for (row, line) in (0..area.height).zip(lines) {
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(1);
        match line {
            Line::Empty => {}
            Line::Columns(panel) => {
                pen.put("columns of ", theme.title).put(panel.word(), theme.title);
            }
            Line::Others => {
                pen.put("other words here", theme.title);
            }
            Line::Word((word, meaning), is_sorted) => {
                let style: Style = if *is_sorted { theme.sorted } else { theme.key };
                pen.put(&text::fit(word, LONGEST_WORD + 1, Align::Left), style).put(meaning, theme.plain);
            }
        }
    }
}
