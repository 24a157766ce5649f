//! Tables: columns are data, rows are drawn from them.

use midair_vitals::Order;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::pen::Pen;
use crate::{
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

    /// A value with a level.
    pub fn level(text: String, level: Level) -> Self {
        match level {
            Level::Unknown | Level::Well => Self::value(text),
            Level::Raised | Level::High | Level::Severe | Level::Critical => Self { text, tone: Tone::Level(level) },
        }
    }
}

/// A column of a table whose rows are `R`.
pub struct Column<R: ?Sized> {
    /// Its head, with the unit.
    pub title: &'static str,
    /// Its width; of a column that grows, the least.
    pub width: u16,
    /// Names left, numbers right.
    pub align: Align,
    /// 0 stays longest when the table gets narrow.
    pub weight: u8,
    /// How much of the room that is left it takes, against others that grow; 0: none.
    pub grows: u16,
    /// True where the end of a text tells more than its start: the start is cut off.
    pub keeps_end: bool,
    /// The vital that it tells of: its head has that colour.
    pub vital: Option<Vital>,
    /// The order that sorts by it.
    pub order: Option<Order>,
    /// What stands in it.
    pub cell: fn(&R) -> Cell,
}

impl<R: ?Sized> Column<R> {
    /// A column of text.
    pub const fn text(title: &'static str, width: u16, weight: u8, cell: fn(&R) -> Cell) -> Self {
        Self { title, width, align: Align::Left, weight, grows: 0, keeps_end: false, vital: None, order: None, cell }
    }

    /// A column of numbers.
    pub const fn number(title: &'static str, width: u16, weight: u8, cell: fn(&R) -> Cell) -> Self {
        Self { title, width, align: Align::Right, weight, grows: 0, keeps_end: false, vital: None, order: None, cell }
    }

    /// The same, taking room that is left.
    pub const fn growing(self, grows: u16) -> Self {
        Self { grows, ..self }
    }

    /// The same, cut at the start where it is too narrow.
    pub const fn keeping_end(self) -> Self {
        Self { keeps_end: true, ..self }
    }

    /// The same, telling of a vital.
    pub const fn of(self, vital: Vital) -> Self {
        Self { vital: Some(vital), ..self }
    }

    /// The same, being what an order sorts by.
    pub const fn by(self, order: Order) -> Self {
        Self { order: Some(order), ..self }
    }
}

/// Where a column stands: its index, its distance from the left, its width.
pub type Place = (usize, u16, u16);

/// Where the columns of a table stand; so many after the first are scrolled out.
pub fn arrange<R: ?Sized>(columns: &[Column<R>], width: u16, n_skipped: usize) -> Vec<Place> {
    let n_skipped = n_skipped.min(columns.len().saturating_sub(2));
    let mut shown: Vec<usize> = (0..columns.len()).filter(|n| *n == 0 || *n > n_skipped).collect();
    let needed = |shown: &[usize]| shown.iter().map(|n| columns[*n].width + 1).sum::<u16>().saturating_sub(1);
    while shown.len() > 1 && needed(&shown) > width {
        // Of equal weight the one on the right goes first.
        let last =
            shown.iter().enumerate().max_by_key(|(place, n)| (columns[**n].weight, *place)).map(|(place, _)| place);
        shown.remove(last.expect("more than one column is left"));
    }
    let spare = width.saturating_sub(needed(&shown));
    let shares: u16 = shown.iter().map(|n| columns[*n].grows).sum();
    let mut x = 0;
    let mut rest = spare;
    let mut places = Vec::with_capacity(shown.len());
    let last_growing = shown.iter().rposition(|n| columns[*n].grows > 0);
    for (place, n) in shown.iter().enumerate() {
        let grown = match shares {
            0 => 0,
            _ if Some(place) == last_growing => rest,
            _ => spare * columns[*n].grows / shares,
        };
        rest -= grown;
        let wide = (columns[*n].width + grown).min(width.saturating_sub(x));
        places.push((*n, x, wide));
        x += columns[*n].width + grown + 1;
    }
    places
}

/// By what a table is sorted, for its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// By what.
    pub order: Order,
    /// Lowest first.
    pub is_inverted: bool,
}

/// Draws the heads into the first row of a region.
pub fn draw_head<R: ?Sized>(
    buffer: &mut Buffer,
    area: Rect,
    columns: &[Column<R>],
    places: &[Place],
    sorted: Sorted,
    theme: &Theme,
) {
    for (n, x, width) in places {
        let column = &columns[*n];
        let is_sorted = column.order == Some(sorted.order);
        let sign = if sorted.is_inverted { "▲" } else { "▼" };
        let title = if is_sorted { format!("{}{sign}", column.title.trim_end()) } else { column.title.to_owned() };
        let colour = column.vital.map_or(theme.head, |vital| theme.head.patch(theme.vital(vital)));
        let style = if is_sorted { colour.patch(theme.strong) } else { colour };
        let mut pen = Pen::new(buffer, area, 0);
        pen.skip(*x).put(&text::fit(&title, usize::from(*width), column.align), style);
    }
}

/// Draws one row of a table into one row of a region.
pub fn draw_row<R: ?Sized>(
    buffer: &mut Buffer,
    area: Rect,
    row: u16,
    columns: &[Column<R>],
    places: &[Place],
    of: &R,
    look: Look<'_>,
) {
    for (n, x, width) in places {
        let column = &columns[*n];
        let Cell { text: content, tone } = (column.cell)(of);
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(*x);
        let style = look.style(tone);
        let content = text::clean(&content).into_owned();
        // The sign takes a column of its own only where it belongs to a value: it must not push digits out.
        let content = match tone {
            Tone::Level(level) if text::width(&content) < usize::from(*width) => format!("{}{content}", level.sign()),
            Tone::Level(_) | Tone::Plain | Tone::Dim | Tone::Silent => content,
        };
        let content = if column.keeps_end { text::cut_start(&content, usize::from(*width)) } else { content.into() };
        pen.put(&text::fit(&content, usize::from(*width), column.align), style);
    }
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
            Tone::Level(level) => self.theme.level(level),
            Tone::Silent => self.theme.silent,
        }
    }
}

#[cfg(test)]
mod tests;
