//! The time line of a report: the worst severity of each vital over the range, and where nodes were silent.

use midair_vitals::Severity;

use super::{Hole, Page, words};
use crate::{
    event::Stamp,
    model::{Model, Node, Vital},
    view::svg::escaped,
};

/// How many columns it has at most.
const N: usize = 240;
/// How much time one holds at least, microseconds: else a sample that comes late leaves a gap.
const COLUMN_US: u64 = 2_000_000;
/// How many moments stand under it.
const N_TICKS: u64 = 5;
/// A figure of a number of a mark, and the room beside a number, in the picture's unit.
const FIGURE_WIDE: f64 = 7.0;
const BESIDE: f64 = 4.0;
/// Numbers of marks that stand close to each other stand in so many rows at most, each so high.
const LANES: usize = 4;
const LANE_TALL: f64 = 12.0;

/// The worst severity of any node in each column, by vital, and whether a node was silent in it.
#[derive(Debug)]
pub(super) struct Line {
    from: Stamp,
    to: Stamp,
    n: usize,
    cells: [[Option<Severity>; N]; 4],
    silent: [bool; N],
}

impl Line {
    /// Of nothing yet.
    pub(super) fn new(from: Stamp, to: Stamp) -> Self {
        let n = usize::try_from(to.since_us(from) / COLUMN_US).unwrap_or(N).clamp(1, N);
        Self { from, to, n, cells: [[None; N]; 4], silent: [false; N] }
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
        let n = u128::from(at.since_us(self.from)) * self.n as u128 / u128::from(all_us);
        usize::try_from(n).unwrap_or(usize::MAX).min(self.n - 1)
    }
}

/// Left of it stand the vitals.
const LEFT: f64 = 60.0;
const WIDE: f64 = 960.0;
const TALL: f64 = 44.0;
/// Above it stand the numbers of marks.
const TOP: f64 = 24.0;
/// Where the last row ends.
const UNDER: f64 = TOP + 4.0 * TALL + 4.0;

/// A row of bars for each vital, with marks above, silence and moments below, holes in grey.
pub(super) fn svg(page: &Page) -> String {
    let line = &page.line;
    let step = WIDE / line.n as f64;
    let (wide, tall) = (LEFT + WIDE + 40.0, UNDER + 58.0);
    let lanes = lanes(page);
    // What needs more rows of numbers grows upwards.
    let above = LANE_TALL * lanes.iter().flatten().copied().max().unwrap_or(0) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 {:.0} {wide:.0} {:.0}\" role=\"img\" \
         aria-label=\"time line\" font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"#808080\">\n",
        -above,
        tall + above
    );
    for (row, (vital, cells)) in Vital::FOUR.into_iter().zip(&line.cells).enumerate() {
        let base = TOP + (row as f64 + 1.0) * TALL - 4.0;
        let top = base - (TALL - 8.0);
        svg += &format!("<text x=\"0\" y=\"{:.0}\" font-size=\"14\">{}</text>\n", base - 12.0, vital.word());
        for (y, label, stroke) in [(base, "0", ".5"), (top, "100 %", ".2")] {
            svg += &format!(
                "<path d=\"M{LEFT} {y}h{WIDE}\" stroke=\"#808080\" stroke-width=\"{stroke}\"/>\
                 <text x=\"{:.0}\" y=\"{:.0}\" font-size=\"9\">{label}</text>\n",
                LEFT + WIDE + 4.0,
                y + 3.0
            );
        }
        for (n, severity) in cells.iter().take(line.n).enumerate() {
            let Some(severity) = severity.filter(|severity| severity.per_mille() > 0) else { continue };
            let high = (TALL - 8.0) * f64::from(severity.per_mille()) / 1000.0;
            svg += &format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{step:.1}\" height=\"{high:.1}\" fill=\"{}\"/>\n",
                LEFT + n as f64 * step,
                base - high,
                colour(severity.per_mille())
            );
        }
    }
    for (n, _) in line.silent.iter().take(line.n).enumerate().filter(|(_, is_silent)| **is_silent) {
        let x = LEFT + n as f64 * step;
        svg += &format!("<rect x=\"{x:.1}\" y=\"{UNDER:.0}\" width=\"{step:.1}\" height=\"4\" fill=\"#b04fd0\"/>\n");
    }
    svg + &holes(page) + &marks(page, &lanes) + &moments(page) + &key(tall) + "</svg>\n"
}

fn place(line: &Line, at: Stamp) -> f64 {
    LEFT + (line.column(at) as f64 + 0.5) * WIDE / line.n as f64
}

fn holes(page: &Page) -> String {
    let line = &page.line;
    let hole = |hole: &Hole| {
        let (x, to) = (place(line, hole.from.max(line.from)), place(line, hole.to));
        let wide = (to - x).max(WIDE / line.n as f64);
        let tall = 4.0 * TALL;
        format!(
            "<rect x=\"{x:.1}\" y=\"20\" width=\"{wide:.1}\" height=\"{tall:.0}\" fill=\"#808080\" opacity=\".3\"/>\n"
        )
    };
    page.holes.iter().map(hole).collect()
}

/// In which row the number of each mark stands, so that none stands over another; `None` where there is no room. Those of
/// people come first.
fn lanes(page: &Page) -> Vec<Option<usize>> {
    let mut taken: [Vec<(f64, f64)>; LANES] = Default::default();
    let mut lanes = vec![None; page.notes.len()];
    let mut order: Vec<usize> = (0..page.notes.len()).collect();
    order.sort_by_key(|n| page.notes[*n].is_automatic);
    for n in order {
        let x = place(&page.line, page.notes[n].at);
        let half = ((n + 1).to_string().len() as f64 * FIGURE_WIDE + BESIDE) / 2.0;
        let is_free = |lane: &Vec<(f64, f64)>| lane.iter().all(|(from, to)| x + half <= *from || x - half >= *to);
        lanes[n] = taken.iter().position(is_free);
        if let Some(lane) = lanes[n] {
            taken[lane].push((x - half, x + half));
        }
    }
    lanes
}

/// Each with its number, where there is room for it; the words come up where a pointer rests.
fn marks(page: &Page, lanes: &[Option<usize>]) -> String {
    let mut svg = String::new();
    for ((n, note), lane) in page.notes.iter().enumerate().zip(lanes) {
        let x = place(&page.line, note.at);
        let number = lane.map_or_else(String::new, |lane| {
            let y = 12.0 - LANE_TALL * lane as f64;
            format!("<text x=\"{x:.1}\" y=\"{y:.0}\" text-anchor=\"middle\" fill=\"#3b82f6\">{}</text>", n + 1)
        });
        svg += &format!(
            "<g><title>{}</title><path d=\"M{x:.1} 16V{UNDER:.0}\" stroke=\"#3b82f6\"{}/>{number}</g>\n",
            escaped(&note.text),
            // What people noted stands out.
            if note.is_automatic { " opacity=\".45\"" } else { "" }
        );
    }
    svg
}

fn moments(page: &Page) -> String {
    let line = &page.line;
    let length_us = line.to.since_us(line.from);
    let moment = |n: u64| {
        let at = Stamp(line.from.0 + length_us / (N_TICKS - 1) * n);
        let x = LEFT + WIDE / (N_TICKS - 1) as f64 * n as f64;
        let anchor = if n == 0 {
            "start"
        } else if n == N_TICKS - 1 {
            "end"
        } else {
            "middle"
        };
        format!(
            "<path d=\"M{x:.1} {UNDER:.0}v6\" stroke=\"#808080\"/><text x=\"{x:.1}\" y=\"{:.0}\" \
             text-anchor=\"{anchor}\">{}</text>\n",
            UNDER + 20.0,
            words::when(page, at)
        )
    };
    (0..N_TICKS).map(moment).collect()
}

/// What the colours say.
fn key(tall: f64) -> String {
    let (mut svg, mut x) = (String::new(), LEFT);
    for (per_mille, words) in [(0, "below 20 %"), (200, "20 to 50 %"), (500, "50 to 80 %"), (800, "80 % and more")] {
        let y = tall - 12.0;
        svg += &format!(
            "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"10\" height=\"10\" fill=\"{}\"/><text x=\"{:.0}\" y=\"{:.0}\">{words}</text>\n",
            colour(per_mille),
            x + 15.0,
            y + 9.0
        );
        x += 110.0;
    }
    svg
}

fn colour(per_mille: u32) -> &'static str {
    match per_mille {
        0..200 => "#5a9e6f",
        200..500 => "#c9a227",
        500..800 => "#e07b28",
        _ => "#d43d3d",
    }
}
