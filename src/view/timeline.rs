//! The time line: the chosen vital of what is in focus over the last minutes, marks, gaps, silence, and the playhead.

use midair_vitals::Severity;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    format, panel, rect, text,
    theme::{Level, Theme},
    widget::{pen::Pen, spark},
};
use crate::{
    app::{
        Playhead, State,
        layout::{Areas, Frames},
        screen::Screen,
    },
    event::Stamp,
    model::{
        Vital, Window,
        timeline::{Cell, Flag},
    },
};

/// Draws it.
pub fn draw(buffer: &mut Buffer, areas: &Areas, state: &State, theme: &Theme) {
    let window = state.window();
    let chart = rect(areas.timeline_chart()).intersection(*buffer.area());
    let minutes = length(window.span_us);
    if areas.frames == Frames::Rules {
        let area = rect(areas.timeline);
        let vital = theme.vital(state.vital).patch(theme.strong);
        Pen::new(buffer, area, 0).skip(1).put(state.vital.word(), vital);
        Pen::new(buffer, area, 1).skip(1).put(&minutes, theme.dim);
    }
    if areas.frames == Frames::Boxes {
        let title = [
            (format!(" {} ", state.vital.word()), theme.vital(state.vital).patch(theme.strong)),
            (format!("{} · last {minutes} ", about(state)), theme.dim),
        ];
        panel::frame(buffer, rect(areas.timeline), &title, theme);
    }
    if chart.is_empty() {
        return;
    }
    let n_cells = usize::from(chart.width);
    let window = steady(window, n_cells);
    let cells = state.timeline.cells(state.screen().node(), state.vital, window, n_cells);
    let (bars, axis) = if chart.height > 1 { (chart.height - 1, Some(chart.bottom() - 1)) } else { (1, None) };
    let bars = Rect { height: bars, ..chart };
    for (x, cell) in (chart.x..).zip(&cells) {
        draw_cell(buffer, bars, x, *cell, state.vital, theme);
    }
    if let Some(y) = axis {
        draw_axis(buffer, Rect { y, height: 1, ..chart }, state, &cells, window, theme);
    }
    draw_playhead(buffer, chart, state, window, theme);
    draw_held(buffer, chart, state, window, theme);
}

/// The window with its end on a border between cells: the line then stands still until a cell is over. What was the
/// last moment of a cell lies in the same cell as before, so a click still finds what it pointed at.
fn steady(window: Window, n_cells: usize) -> Window {
    let cell_us = (window.span_us / n_cells.max(1) as u64).max(1);
    Window { end: Stamp((window.end.0 / cell_us + 1) * cell_us - 1), ..window }
}

/// Up to an hour in minutes, then in hours: a day has 24 of them.
fn length(us: u64) -> String {
    const HOUR_US: u64 = 3_600_000_000;
    if us < HOUR_US { format::duration(us) } else { format!("{} h", us / HOUR_US) }
}

fn about(state: &State) -> String {
    match state.screen() {
        Screen::Cluster => "of the worst node".to_owned(),
        Screen::Node(id) | Screen::Scope(id, _) | Screen::Vm(id, _) | Screen::Task(id, _) => {
            let name = state.model.node(id).map_or_else(|| id.0.to_string(), |n| n.name().to_owned());
            format!("of {}", text::clean(&name))
        }
    }
}

fn draw_cell(buffer: &mut Buffer, bars: Rect, x: u16, cell: Cell, vital: Vital, theme: &Theme) {
    let Some(severity) = cell.severity else {
        let (symbol, style) = match cell {
            Cell { is_silent: true, .. } => ("×", theme.alarm),
            Cell { is_hole: true, .. } => ("░", theme.dim),
            Cell { .. } => return,
        };
        if let Some(cell) = buffer.cell_mut((x, bars.bottom() - 1)) {
            cell.set_symbol(symbol).set_style(style);
        }
        return;
    };
    let share = f64::from(severity.per_mille()) / 1000.0;
    spark::column(buffer, bars, x, share, colour(severity, vital, theme), theme.low(vital));
}

/// What is well has the colour of its vital, what is not that of its severity.
fn colour(severity: Severity, vital: Vital, theme: &Theme) -> Style {
    let level = Level::of(Some(severity));
    match level {
        Level::Unknown | Level::Well | Level::Raised if vital != Vital::Worst => theme.vital(vital),
        Level::Unknown | Level::Well | Level::Raised | Level::High | Level::Severe | Level::Critical => {
            theme.level(level)
        }
    }
}

/// Times along the line, and over them what happened: marks, silence, lost samples.
fn draw_axis(buffer: &mut Buffer, area: Rect, state: &State, cells: &[Cell], window: Window, theme: &Theme) {
    let notes = notes(state, cells.len(), window);
    for (moment, words) in ticks(window) {
        let Some(cell) = window.cell_of(moment, cells.len()) else { continue };
        let label = cell..cell + text::width(&words);
        let is_free = cells.get(label.clone()).is_some_and(|cells| !cells.iter().any(|c| c.is_silent || c.n_lost > 0))
            && !notes.iter().any(|(n, text)| *n < label.end && label.start < n + text::width(text));
        if is_free {
            Pen::new(buffer, area, 0).skip(cell as u16).put(&words, theme.border);
        }
    }
    let mut put = |n: usize, sign: &str, style: Style| {
        Pen::new(buffer, area, 0).skip(n as u16).put(sign, style);
    };
    for (n, cell) in cells.iter().enumerate() {
        if cell.n_lost > 0 {
            put(n, "◌", theme.alarm);
        }
        // Where nothing was measured at all the chart itself says so.
        if cell.is_silent && cell.severity.is_some() {
            put(n, "×", theme.silent);
        }
    }
    for (n, text) in &notes {
        put(*n, text, theme.mark);
    }
}

/// The most columns that the words of a mark take.
const NOTE_MAX: usize = 24;

/// Columns that a mark needs at least: its sign, and room for a count.
const NOTE_MIN: usize = 3;

/// Columns from which on some of the words are shown.
const NOTE_WORDS: usize = 7;

/// Marks that belong to what is shown: where they stand, and what stands there. Those that fall on one place are one sign
/// with their count, and the words of the newest as far as the next one leaves room; of those that people wrote, where there
/// are some.
fn notes(state: &State, n_cells: usize, window: Window) -> Vec<(usize, String)> {
    let marks = state.marks();
    let placed = marks.iter().rev().filter_map(|mark| Some((window.cell_of(mark.at, n_cells)?, *mark)));
    let mut groups: Vec<(usize, usize, &Flag)> = Vec::new();
    for (cell, mark) in placed {
        match groups.last_mut() {
            Some((from, n, told)) if cell < *from + NOTE_MIN => {
                // What a person wrote is told before what a program found.
                let is_less = mark.is_automatic && !told.is_automatic;
                *n += 1;
                if !is_less {
                    *told = mark;
                }
            }
            Some(_) | None => groups.push((cell, 1, mark)),
        }
    }
    let ends: Vec<usize> = groups.iter().skip(1).map(|(from, ..)| *from).chain([n_cells]).collect();
    let note = |((from, n, newest), end): (&(usize, usize, &Flag), usize)| {
        let count = if *n > 1 { n.to_string() } else { String::new() };
        let room = (end - from).saturating_sub(usize::from(end < n_cells));
        let (what, author) = words(state, newest);
        // Whoever put it there is said where that costs none of the words.
        let whole = [what.as_str(), &author].concat();
        let has_room = text::width(&whole) + NOTE_MIN <= room.min(NOTE_MAX + NOTE_MIN);
        let words = if has_room { whole } else { text::cut(&what, NOTE_MAX).into_owned() };
        // A letter and a half of words say less than none.
        let note = if room < NOTE_WORDS { format!("⚑{count}") } else { format!("⚑{count} {words} ") };
        (*from, text::cut(&note, room).into_owned())
    };
    groups.iter().zip(ends).map(note).collect()
}

/// What a mark says, where more than one node could be meant with its node; and who put it there.
fn words(state: &State, mark: &Flag) -> (String, String) {
    let is_clear = state.screen().node().is_some() || state.model.nodes.len() < 2;
    let node = mark.nodes.keys().next().filter(|_| mark.nodes.len() == 1 && !is_clear);
    let node = node.and_then(|id| state.model.node(id)).map(|node| format!("{}: ", node.name())).unwrap_or_default();
    let author = mark.author_by_hand().map(|author| format!(" ({})", text::clean(author))).unwrap_or_default();
    (text::clean(&format!("{node}{}", mark.text)).into_owned(), author)
}

/// Times under the line, as many as can be read, each with its words.
fn ticks(window: Window) -> impl Iterator<Item = (Stamp, String)> {
    const MINUTE_US: u64 = 60_000_000;
    let minutes = match window.span_us / MINUTE_US {
        0..=5 => 1,
        6..=10 => 2,
        11..=20 => 5,
        21..=60 => 10,
        61..=180 => 30,
        181..=360 => 60,
        361..=720 => 120,
        721.. => 240,
    };
    let step = if window.span_us <= MINUTE_US { MINUTE_US / 3 } else { minutes * MINUTE_US };
    let n_letters = if step < MINUTE_US { 8 } else { 5 };
    let start = window.end.0.saturating_sub(window.span_us);
    let tick = move |n| (Stamp(n * step), format!("╷{}", &format::clock(Stamp(n * step))[..n_letters]));
    (start.div_ceil(step)..=window.end.0 / step).map(tick)
}

/// The moments of what is held, at the foot of the line.
fn draw_held(buffer: &mut Buffer, chart: Rect, state: &State, window: Window, theme: &Theme) {
    for (letter, at) in state.held_moments() {
        let Some(n) = window.cell_of(at, usize::from(chart.width)) else { continue };
        if let Some(cell) = buffer.cell_mut((chart.x + n as u16, chart.bottom() - 1)) {
            cell.set_symbol(letter).set_style(theme.held);
        }
    }
}

fn draw_playhead(buffer: &mut Buffer, chart: Rect, state: &State, window: Window, theme: &Theme) {
    let Playhead::Past(at) = state.playhead else { return };
    let Some(n) = window.cell_of(at, usize::from(chart.width)) else { return };
    let x = chart.x + n as u16;
    for y in chart.y..chart.bottom() {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.set_symbol("│").set_style(theme.past);
        }
    }
}
