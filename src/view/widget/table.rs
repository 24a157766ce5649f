//! Tables: columns are data, rows are drawn from them.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::pen::Pen;
use crate::{
    app::{
        heads::{Head, Place},
        sort::Sort,
    },
    model::Vital,
    view::{
        text::{self, Align},
        theme::{Level, Theme},
    },
};

/// What stands in one cell, and how it looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The text; cleaned and cut when it is drawn.
    pub text: String,
    /// How it looks.
    pub tone: Tone,
}

/// How a cell looks; the theme says in which colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A value.
    Plain,
    /// A value of little interest: zero, unknown, idle.
    Dim,
    /// A value with a severity: coloured, and with a sign in front from half way up.
    Level(Level),
    /// The same where a sign would be in the way: another column has it.
    Coloured(Level),
    /// A value of a node that is silent.
    Silent,
}

impl Cell {
    /// A value; what is unknown or nothing at all recedes.
    pub fn value(text: String) -> Self {
        let tone = if matches!(text.as_str(), "-" | "0" | "0.0") { Tone::Dim } else { Tone::Plain };
        Self { text, tone }
    }

    /// A name.
    pub fn name(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    /// Something that explains.
    pub fn dim(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Dim }
    }

    /// The same, without a sign in front.
    pub fn without_sign(self) -> Self {
        match self.tone {
            Tone::Level(level) => Self { tone: Tone::Coloured(level), ..self },
            Tone::Plain | Tone::Dim | Tone::Silent | Tone::Coloured(_) => self,
        }
    }

    /// A value with a level.
    pub fn level(text: String, level: Level) -> Self {
        match level {
            Level::Unknown | Level::Well => Self::value(text),
            Level::Raised | Level::High | Level::Severe | Level::Critical => Self { text, tone: Tone::Level(level) },
        }
    }
}

/// What stands below a head, of tables whose rows are `R`.
pub struct Column<R: ?Sized> {
    /// The head that it belongs to; see [`crate::app::heads`].
    pub title: &'static str,
    /// Names left, numbers right.
    pub align: Align,
    /// True where the end of a text tells more than its start: the start is cut off.
    pub keeps_end: bool,
    /// The vital that it tells of: its head has that colour.
    pub vital: Option<Vital>,
    /// What stands in it.
    pub cell: fn(&R) -> Cell,
}

impl<R: ?Sized> Column<R> {
    /// A column of text.
    pub const fn text(title: &'static str, cell: fn(&R) -> Cell) -> Self {
        Self { title, align: Align::Left, keeps_end: false, vital: None, cell }
    }

    /// A column of numbers.
    pub const fn number(title: &'static str, cell: fn(&R) -> Cell) -> Self {
        Self { title, align: Align::Right, keeps_end: false, vital: None, cell }
    }

    /// The same, cut at the start where it is too narrow.
    pub const fn keeping_end(self) -> Self {
        Self { keeps_end: true, ..self }
    }

    /// The same, telling of a vital.
    pub const fn of(self, vital: Vital) -> Self {
        Self { vital: Some(vital), ..self }
    }
}

/// The columns of a table for which there is room.
pub struct Table<'a, R: ?Sized>(Vec<(&'a Head, &'a Column<R>, u16, u16)>);

impl<'a, R: ?Sized> Table<'a, R> {
    /// Heads where they stand, each with the column of its title.
    pub fn new(heads: &'a [Head], columns: &'a [Column<R>], places: &[Place]) -> Self {
        let with_column = |(n, x, width): &Place| {
            let head = &heads[*n];
            Some((head, columns.iter().find(|column| column.title == head.title)?, *x, *width))
        };
        Self(places.iter().filter_map(with_column).collect())
    }

    /// Draws the heads into the first row of a region.
    pub fn draw_head(&self, buffer: &mut Buffer, area: Rect, sorted: Sorted, theme: &Theme) {
        for (head, column, x, width) in &self.0 {
            let is_sorted = head.sort == Some(sorted.sort);
            let sign = if sorted.is_inverted { "▲" } else { "▼" };
            let title = if is_sorted { format!("{}{sign}", head.title) } else { head.title.to_owned() };
            let colour = column.vital.map_or(theme.head, |vital| theme.head.patch(theme.vital(vital)));
            let style = if is_sorted { colour.patch(theme.sorted) } else { colour };
            let mut pen = Pen::new(buffer, area, 0);
            pen.skip(*x).put(&text::fit(&title, usize::from(*width), column.align), style);
        }
    }

    /// Draws one row of the table into one row of a region.
    pub fn draw_row(&self, buffer: &mut Buffer, area: Rect, row: u16, of: &R, look: Look<'_>) {
        for (_, column, x, width) in &self.0 {
            let Cell { text: content, tone } = (column.cell)(of);
            let mut pen = Pen::new(buffer, area, row);
            pen.skip(*x);
            let width = usize::from(*width);
            let content = text::clean(&content).into_owned();
            // The sign takes a column of its own only where it belongs to a value: it must not push digits out.
            let content = match tone {
                Tone::Level(level) if text::width(&content) < width => format!("{}{content}", level.sign()),
                Tone::Level(_) | Tone::Coloured(_) | Tone::Plain | Tone::Dim | Tone::Silent => content,
            };
            let content = if column.keeps_end { text::cut_start(&content, width) } else { content.into() };
            pen.put(&text::fit(&content, width, column.align), look.style(tone));
        }
    }
}

/// By what a table is sorted, for its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// By what.
    pub sort: Sort,
    /// Lowest first.
    pub is_inverted: bool,
}

/// How a row looks as a whole.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The cells are of a silent node: grey, whatever they say.
    pub is_silent: bool,
}

impl Look<'_> {
    fn style(&self, tone: Tone) -> Style {
        if self.is_silent {
            return self.theme.silent;
        }
        match tone {
            Tone::Plain => self.theme.plain,
            Tone::Dim => self.theme.dim,
            Tone::Level(level) | Tone::Coloured(level) => self.theme.level(level),
            Tone::Silent => self.theme.silent,
        }
    }
}

#[cfg(test)]
mod tests;
