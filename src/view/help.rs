//! The help: what the vitals and signs mean, and every key, from the table of keys.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    panel,
    text::{self, Align},
    theme::Theme,
    widget::pen::Pen,
};
use crate::{
    app::keymap::{Place, SECTIONS},
    model::Vital,
};

type Line = Vec<(String, Style)>;

/// What the words and signs on the screens mean.
const SIGNS: &[(&str, &str)] = &[
    ("-", "unknown; ~ estimated; grey: old, or of a silent node"),
    ("·", "nothing there: a task without sockets has no queue"),
    ("▵ ▲ !", "from 50 %, 75 %, 90 % of a severity"),
    ("× ~ ?", "a node that is silent, late, awaited"),
    ("⚑ × ░ ◌", "on the time line: a mark, silence, not recorded, lost"),
    ("delay", "time runnable but waiting for a CPU, per second"),
    ("worst%", "worst of the four severities, 0 to 100"),
    ("B", "bytes in powers of 1024; all times are UTC"),
];

fn question(vital: Vital) -> &'static str {
    match vital {
        Vital::Worst => "the worst of the four",
        Vital::Sched => "does it get the CPU it wants?",
        Vital::Mem => "does it grow, and how near is the limit?",
        Vital::Queue => "what waits for it?",
        Vital::Rate => "does work move?",
    }
}

fn place(place: Place) -> &'static str {
    match place {
        Place::Everywhere => "",
        Place::Cluster => " (cluster)",
        Place::Node => " (node)",
        Place::Task => " (task)",
        Place::Panels => "",
    }
}

/// All lines of the help.
pub fn lines(theme: &Theme) -> Vec<Line> {
    let entry =
        |key: &str, words: String, style: Style| vec![(text::fit(key, 11, Align::Left), style), (words, theme.plain)];
    let mut lines: Vec<Line> = Vec::new();
    for section in SECTIONS {
        lines.push(vec![(section.title.to_owned(), theme.title)]);
        let bindings = section.bindings.iter();
        lines.extend(bindings.map(|b| entry(b.label, format!("{}{}", b.help, place(b.place)), theme.key)));
        lines.push(Vec::new());
    }
    lines.push(vec![("vitals".to_owned(), theme.title)]);
    lines.extend(Vital::FOUR.map(|v| entry(v.word(), question(v).to_owned(), theme.vital(v))));
    lines.push(Vec::new());
    lines.push(vec![("signs".to_owned(), theme.title)]);
    lines.extend(SIGNS.iter().map(|(sign, words)| entry(sign, (*words).to_owned(), theme.key)));
    lines
}

/// Draws it over the screen, in two columns where there is room.
pub fn draw(buffer: &mut Buffer, area: Rect, scroll: usize, theme: &Theme) {
    let title = [
        (" help ".to_owned(), theme.title),
        ("· ? again: columns and words of this screen · j k scroll, Esc closes ".to_owned(), theme.dim),
    ];
    let inside = panel::frame(buffer, area, &title, theme);
    let lines = lines(theme);
    // Two columns part between two sections, so that each is read as a whole.
    let middle = (lines.len() / 2..lines.len()).find(|n| lines[*n].is_empty()).map_or(lines.len(), |n| n + 1);
    if inside.width >= 130 && middle <= usize::from(inside.height) {
        let half = Rect { width: inside.width / 2, ..inside };
        draw_lines(buffer, half, &lines[..middle]);
        draw_lines(buffer, Rect { x: half.right(), ..half }, &lines[middle..]);
    } else {
        let last = lines.len().saturating_sub(usize::from(inside.height));
        draw_lines(buffer, inside, &lines[scroll.min(last)..]);
    }
}

fn draw_lines(buffer: &mut Buffer, area: Rect, lines: &[Line]) {
    for (row, line) in (0..area.height).zip(lines) {
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(1);
        for (part, style) in line {
            pen.put(part, *style);
        }
    }
}
