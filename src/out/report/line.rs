//! The time line of a report: the worst severity of each vital over the range, and where nodes were silent.

use midair_vitals::Severity;

use super::Page;
use crate::{
    app,
    event::Stamp,
    model::{Model, Node, Vital},
    view::svg::escaped,
};

/// How many columns it has.
const N: usize = 240;

/// The worst severity of any node in each column, by vital, and whether a node was silent in it.
#[derive(Debug)]
pub(super) struct Line {
    from: Stamp,
    to: Stamp,
    cells: [[Option<Severity>; N]; 4],
    silent: [bool; N],
}

impl Line {
    /// Of nothing yet.
    pub(super) fn new(from: Stamp, to: Stamp) -> Self {
        Self { from, to, cells: [[None; N]; 4], silent: [false; N] }
    }

    /// Takes what a sample says.
    pub(super) fn take(&mut self, node: &Node, at: Stamp) {
        let Some(latest) = node.latest.as_ref().filter(|latest| latest.at == at) else { return };
        let n = self.column(at);
        for (cells, vital) in self.cells.iter_mut().zip(Vital::FOUR) {
            cells[n] = cells[n].max(vital.of(latest.vitals.severities));
        }
    }

    /// Notes that somebody is silent.
    pub(super) fn note_silence(&mut self, model: &Model, at: Stamp) {
        if model.nodes.values().any(|node| node.presence.is_silent()) {
            let n = self.column(at);
            self.silent[n] = true;
        }
    }

    /// The worst of all, over the range.
    #[cfg(test)]
    pub(super) fn worst(&self, vital: Vital) -> Option<Severity> {
        let n = Vital::FOUR.iter().position(|of| *of == vital)?;
        self.cells[n].iter().copied().max().flatten()
    }

    fn column(&self, at: Stamp) -> usize {
        let all_us = self.to.since_us(self.from).max(1);
        let n = u128::from(at.since_us(self.from)) * N as u128 / u128::from(all_us);
        usize::try_from(n).unwrap_or(usize::MAX).min(N - 1)
    }
}

/// A row of bars for each vital, with marks above and silence and holes below.
pub(super) fn svg(page: &Page) -> String {
    const LEFT: f64 = 60.0;
    const WIDE: f64 = 960.0;
    const TALL: f64 = 44.0;
    let line = &page.line;
    let step = WIDE / N as f64;
    let (wide, tall) = (LEFT + WIDE + 10.0, 24.0 + 4.0 * TALL + 34.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide:.0} {tall:.0}\" role=\"img\" \
         aria-label=\"time line\" font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"#808080\">\n"
    );
    for (row, (vital, cells)) in Vital::FOUR.into_iter().zip(&line.cells).enumerate() {
        let base = 24.0 + (row as f64 + 1.0) * TALL - 4.0;
        svg += &format!("<text x=\"0\" y=\"{base:.0}\">{}</text>\n", vital.word());
        svg += &format!("<path d=\"M{LEFT} {base}h{WIDE}\" stroke=\"#808080\" stroke-width=\".5\"/>\n");
        for (n, severity) in cells.iter().enumerate() {
            let Some(severity) = severity.filter(|severity| severity.per_mille() > 0) else { continue };
            let high = (TALL - 8.0) * f64::from(severity.per_mille()) / 1000.0;
            svg += &format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{step:.1}\" height=\"{high:.1}\" fill=\"{}\"/>\n",
                LEFT + n as f64 * step,
                base - high,
                colour(severity)
            );
        }
    }
    let under = 24.0 + 4.0 * TALL + 4.0;
    for (n, _) in line.silent.iter().enumerate().filter(|(_, is_silent)| **is_silent) {
        let x = LEFT + n as f64 * step;
        svg += &format!("<rect x=\"{x:.1}\" y=\"{under:.0}\" width=\"{step:.1}\" height=\"4\" fill=\"#b04fd0\"/>\n");
    }
    let place = |at: Stamp| LEFT + (line.column(at) as f64 + 0.5) * step;
    for hole in &page.holes {
        let (x, to) = (place(hole.from.max(line.from)), place(hole.to));
        let w = (to - x).max(step);
        svg += &format!(
            "<rect x=\"{x:.1}\" y=\"20\" width=\"{w:.1}\" height=\"{:.0}\" fill=\"#808080\" opacity=\".3\"/>\n",
            4.0 * TALL
        );
    }
    for (n, note) in page.notes.iter().enumerate() {
        let x = place(note.at);
        svg += &format!(
            "<g><title>{}</title><path d=\"M{x:.1} 16V{under:.0}\" stroke=\"#3b82f6\"/>\
             <text x=\"{x:.1}\" y=\"12\" text-anchor=\"middle\" fill=\"#3b82f6\">{}</text></g>\n",
            escaped(&note.text),
            n + 1
        );
    }
    let end = under + 22.0;
    svg += &format!(
        "<text x=\"{LEFT}\" y=\"{end:.0}\">{}</text><text x=\"{:.0}\" y=\"{end:.0}\" text-anchor=\"end\">{}</text>\n</svg>\n",
        app::utc(line.from),
        LEFT + WIDE,
        app::utc(line.to)
    );
    svg
}

fn colour(severity: Severity) -> &'static str {
    match severity.per_mille() {
        0..200 => "#5a9e6f",
        200..500 => "#c9a227",
        500..800 => "#e07b28",
        _ => "#d43d3d",
    }
}
