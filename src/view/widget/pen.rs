//! Text into cells, one row at a time, never beyond its row.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::view::text;

/// Writes from left to right into one row of a region.
///
/// INVARIANT: nothing is written outside the row that it was made for, and no control character is written at all.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    x: u16,
    end: u16,
    y: u16,
}

impl<'a> Pen<'a> {
    /// A pen at the start of a row of a region; beyond the region it writes nothing.
    pub fn new(buffer: &'a mut Buffer, area: Rect, row: u16) -> Self {
        let area = area.intersection(*buffer.area());
        let end = if row < area.height { area.right() } else { area.x };
        Self { buffer, x: area.x, end, y: area.y.saturating_add(row) }
    }

    /// How many columns are left.
    pub fn left(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Writes a text, cut with `…` where the row ends.
    pub fn put(&mut self, content: &str, style: Style) -> &mut Self {
        let content = text::clean(content);
        let content = text::cut(&content, usize::from(self.left()));
        if self.left() > 0 {
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, content, usize::from(self.left()), style);
        }
        self
    }

    /// Writes a text only if it fits whole.
    pub fn put_whole(&mut self, content: &str, style: Style) -> &mut Self {
        if text::width(&text::clean(content)) <= usize::from(self.left()) {
            self.put(content, style);
        }
        self
    }

    /// Moves on without writing.
    pub fn skip(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.end);
        self
    }

    /// Writes parts so that they end with the row, each only if it still fits whole, the last the most important.
    pub fn put_right(&mut self, parts: &[(String, Style)]) {
        let left = usize::from(self.left());
        let mut used = 0;
        let mut first = parts.len();
        while first > 0 && used + text::width(&parts[first - 1].0) <= left {
            used += text::width(&parts[first - 1].0);
            first -= 1;
        }
        self.skip((left - used) as u16);
        for (content, style) in &parts[first..] {
            self.put(content, *style);
        }
    }
}
