//! Panels: a titled rule and, below it, lines of label, value, unit and trend.

pub mod chart;
pub mod vitals;
pub mod vm;

use midair_vitals::Severity;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    widgets::{Block, BorderType, Borders, Widget},
};

use super::{
    format,
    text::{self, Align},
    theme::{Level, Theme},
    widget::{pen::Pen, spark},
};
use crate::{app::layout::Frames, model::Vital};

/// One line of a panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// What it is.
    pub label: &'static str,
    /// The value.
    pub value: String,
    /// Its unit, or what explains it; what is said only where it has room follows after two spaces.
    pub note: String,
    /// How bad it is, where that is known.
    pub level: Option<Level>,
    /// How it went: one value per column, and the value that fills a column.
    pub trend: Option<(Vec<Option<f64>>, f64)>,
}

impl Line {
    /// A value with its unit.
    pub fn new(label: &'static str, value: String, note: impl Into<String>) -> Self {
        Self { label, value, note: note.into(), level: None, trend: None }
    }

    /// The same with a level.
    pub fn with_level(self, level: Level) -> Self {
        Self { level: Some(level), ..self }
    }

    /// The same with a trend, whose columns reach at least from zero to `floor`.
    pub fn with_trend(self, values: Vec<Option<f64>>, floor: f64) -> Self {
        let top = spark::ceiling(&values, floor);
        Self { trend: Some((values, top)), ..self }
    }
}

/// Columns of label and value; the rest goes to note and trend.
const LABEL: usize = 8;
const VALUE: usize = 7;

/// The longest trend: beyond it a minute takes too many cells to be seen at once.
const LONGEST_TREND: u16 = 40;

/// How many columns of trend a panel of a width has room for, beside notes of a width.
pub fn trend_columns(width: u16, note: u16) -> u16 {
    let note = if note > 0 { note + 1 } else { 0 };
    width.saturating_sub((LABEL + VALUE) as u16 + 2 + note).min(LONGEST_TREND)
}

/// A title over a table as the frames of the screen have it: in a box, in a line, or not at all; returns what is inside.
pub fn titled(buffer: &mut Buffer, area: Rect, frames: Frames, title: &[(String, Style)], theme: &Theme) -> Rect {
    match frames {
        Frames::Nothing => area,
        Frames::Boxes => frame(buffer, area, title, theme),
        Frames::Rules => {
            let line = "─".repeat(usize::from(area.width));
            Pen::new(buffer, area, 0).put(&line, theme.border);
            let mut pen = Pen::new(buffer, area, 0);
            pen.skip(1);
            for (part, style) in title {
                pen.put_whole(part, *style);
            }
            Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area }
        }
    }
}

/// A box with a title; returns what is inside. Without room for a box there is nothing.
pub fn frame(buffer: &mut Buffer, area: Rect, title: &[(String, Style)], theme: &Theme) -> Rect {
    let area = area.intersection(*buffer.area());
    if area.width < 3 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let block = Block::new().borders(Borders::ALL).border_type(BorderType::Rounded).border_style(theme.border);
    let inside = block.inner(area);
    block.render(area, buffer);
    let row = Rect { x: area.x + 1, width: area.width - 2, ..area };
    let mut pen = Pen::new(buffer, row, 0);
    pen.skip(1);
    for (part, style) in title {
        pen.put_whole(part, *style);
    }
    inside
}

/// The title of a vital's frame: its name in its colour, and its severity.
pub fn vital_title(vital: Vital, severity: Option<Severity>, theme: &Theme, is_silent: bool) -> Vec<(String, Style)> {
    let level = Level::of(severity);
    let (name, value) = if is_silent { (theme.silent, theme.silent) } else { (theme.vital(vital), theme.level(level)) };
    let percent = if severity.is_some() { " % " } else { " " };
    vec![
        (format!(" {} ", vital.word()), name.patch(theme.strong)),
        (format!("{}{}", level.sign().trim(), format::severity(severity)), value),
        (percent.to_owned(), theme.dim),
    ]
}

/// Draws lines from the top, as many as fit. Notes beside a trend have `note` columns.
pub fn lines(buffer: &mut Buffer, area: Rect, lines: &[Line], note: u16, look: Look<'_>) {
    for (row, line) in (0..area.height).zip(lines) {
        let value = look.quiet(line.level.map_or(look.theme.plain, |level| look.theme.level_or_plain(level)));
        let sign = line.level.map_or("", |level| level.sign().trim());
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(1).put(&text::fit(line.label, LABEL, Align::Left), look.theme.dim);
        pen.put(&text::fit(&format!("{sign}{}", line.value), VALUE, Align::Right), value).skip(1);
        let dim = look.quiet(look.theme.dim);
        let Some((values, top)) = &line.trend else {
            put_note(&mut pen, &line.note, dim);
            continue;
        };
        pen.put(&text::fit(&line.note, usize::from(note), Align::Left), dim);
        let room = trend_columns(area.width, note);
        let place = Rect { x: area.right().saturating_sub(room), width: room, y: area.y + row, height: 1 };
        spark::draw(buffer, place, values, *top, look.trend, look.trend);
    }
}

/// The pieces of a note, which two spaces part: the first cut where it must be, the others whole or not at all. A number
/// without its unit is another number.
fn put_note(pen: &mut Pen<'_>, note: &str, style: Style) {
    for (n, piece) in note.split("  ").enumerate() {
        match n {
            0 => pen.put(piece, style),
            _ => pen.put_whole(&format!("  {piece}"), style),
        };
    }
}

/// Draws a vital in one row: its name and severity, the values that tell most, and how the first of them went.
pub fn one_line(buffer: &mut Buffer, area: Rect, title: &[(String, Style)], lines: &[Line], look: Look<'_>) {
    let mut pen = Pen::new(buffer, area, 0);
    // Names and severities of all vitals stand in one column each.
    let width: usize = title.iter().map(|(part, _)| text::width(part)).sum();
    for (n, (part, style)) in title.iter().enumerate() {
        let part = if n == 0 { text::fit(part, NAME, Align::Left) } else { part.clone() };
        pen.put(&part, *style);
    }
    let name = title.first().map_or(0, |(part, _)| text::width(part));
    pen.skip((NAME + SEVERITY).saturating_sub(NAME + width - name) as u16);
    let trend = lines.iter().find_map(|line| line.trend.as_ref());
    let room = if trend.is_some() { SHORT_TREND } else { 0 };
    let place = Rect { x: area.right().saturating_sub(room + 1), width: room, ..area };
    for line in lines {
        let sign = line.level.map_or("", |level| level.sign().trim());
        let space = if line.label.is_empty() { "" } else { " " };
        let gap = if line.note.is_empty() || line.note.starts_with('/') { "" } else { " " };
        let first = line.note.split("  ").next().unwrap_or_default();
        let (value, note) = (format!("{space}{sign}{}", line.value), format!("{gap}{first}  "));
        let needed = text::width(line.label) + text::width(&value) + text::width(&note);
        if pen.left() < needed as u16 + room {
            break;
        }
        let style = look.quiet(line.level.map_or(look.theme.plain, |level| look.theme.level_or_plain(level)));
        pen.put(line.label, look.theme.dim).put(&value, style).put(&note, look.quiet(look.theme.dim));
    }
    if let Some((values, top)) = trend {
        spark::draw(buffer, place, values, *top, look.trend, look.trend);
    }
}

/// Columns of a vital's name and of its severity, where it has one row.
const NAME: usize = 8;
const SEVERITY: usize = 7;

/// Columns of a trend beside values in one row.
pub const SHORT_TREND: u16 = 12;

/// How the lines of a panel look.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The colour of trends.
    pub trend: Style,
    /// Grey, whatever they say: nothing is heard of the node.
    pub is_silent: bool,
}

impl Look<'_> {
    fn quiet(&self, style: Style) -> Style {
        if self.is_silent { self.theme.silent } else { style }
    }
}

/// Says why a panel is empty, and what would fill it.
pub fn empty(buffer: &mut Buffer, area: Rect, why: &str, theme: &Theme) {
    let columns = usize::from(area.width.saturating_sub(2)).max(1);
    for (row, line) in (0..area.height).zip(wrapped(why, columns)) {
        Pen::new(buffer, area, row).skip(1).put(&line, theme.dim);
    }
}

/// A text in lines of a width, broken between words.
pub fn wrapped(content: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in content.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text::width(line) + 1 + text::width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
