//! Values over time, for charts: bounded, with gaps where nothing was measured.

mod points;

use crate::event::Stamp;

use points::Points;

/// How far charts look back, microseconds.
pub const CHART_US: u64 = 600_000_000;

/// Most points of a chart: ten minutes at the shortest interval.
pub const POINTS_MAX: usize = 2_400;

/// A stretch of time that a chart or the time line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its right edge.
    pub end: Stamp,
    /// Its length, microseconds.
    pub span_us: u64,
}

impl Window {
    /// Which of `n_cells` cells shows a moment; `None` outside the window.
    pub fn cell_of(self, at: Stamp, n_cells: usize) -> Option<usize> {
        let start = self.end.0.saturating_sub(self.span_us);
        if at < Stamp(start) || at > self.end || n_cells == 0 || self.span_us == 0 {
            return None;
        }
        let cell = u128::from(at.0 - start) * n_cells as u128 / u128::from(self.span_us);
        Some((cell as usize).min(n_cells - 1))
    }

    /// The last moment of a cell.
    pub fn end_of(self, cell: usize, n_cells: usize) -> Stamp {
        let start = self.end.0.saturating_sub(self.span_us);
        let n_cells = n_cells.max(1) as u128;
        let into = u128::from(self.span_us) * (cell as u128 + 1) / n_cells;
        Stamp(start.saturating_add(into as u64).saturating_sub(1).min(self.end.0))
    }
}

/// Values of one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Point<const N: usize> {
    /// When they arrived.
    pub at: Stamp,
    /// The values.
    pub values: Values<N>,
}

/// Values of which some are unknown: as many words as values, for there are very many of them.
#[derive(Clone, Copy, Debug)]
pub struct Values<const N: usize>([f32; N]);

impl<const N: usize> Values<N> {
    /// One of them.
    pub fn get(&self, value: usize) -> Option<f32> {
        self.0.get(value).copied().filter(|known| !known.is_nan())
    }
}

impl<const N: usize> From<[Option<f32>; N]> for Values<N> {
    fn from(values: [Option<f32>; N]) -> Self {
        Self(values.map(|value| value.unwrap_or(f32::NAN)))
    }
}

/// What is unknown is as unknown as anything.
impl<const N: usize> PartialEq for Values<N> {
    fn eq(&self, other: &Self) -> bool {
        (0..N).all(|n| self.get(n) == other.get(n))
    }
}

/// Several values over time.
///
/// INVARIANT: points are in rising order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series<const N: usize> {
    points: Points<Point<N>>,
}

impl<const N: usize> Series<N> {
    /// Adds a point; one at the time of the last takes its place. Keeps at most `n_max` points of the chart's length.
    pub fn push(&mut self, at: Stamp, values: impl Into<Values<N>>, n_max: usize) {
        while self.points.back().is_some_and(|last| last.at >= at) {
            self.points.pop_back();
        }
        self.points.push_back(Point { at, values: values.into() });
        while self.points.len() > n_max || self.points.front().is_some_and(|p| at.since_us(p.at) > CHART_US) {
            self.points.pop_front();
        }
    }

    /// All points, the oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point<N>> {
        self.points.iter()
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.points.len() == 0
    }

    /// Largest value of each of `n_cells` cells of a window: a peak must not vanish between two columns. A cell without
    /// a point repeats the one before where that is at most `carry_us` old, else it is a gap.
    pub fn cells(&self, value: usize, window: Window, n_cells: usize, carry_us: u64) -> Vec<Option<f32>> {
        self.cells_of(|values| values.get(value), window, n_cells, carry_us)
    }

    /// The same of what is picked from each point.
    pub fn cells_of(
        &self,
        pick: impl Fn(&Values<N>) -> Option<f32>,
        window: Window,
        n_cells: usize,
        carry_us: u64,
    ) -> Vec<Option<f32>> {
        let mut cells = vec![None; n_cells];
        let mut seen = vec![false; n_cells];
        for point in self.points.iter() {
            let Some(cell) = window.cell_of(point.at, n_cells) else { continue };
            seen[cell] = true;
            let known = pick(&point.values);
            cells[cell] = match (cells[cell], known) {
                (Some(a), Some(b)) => Some(f32::max(a, b)),
                (a, b) => b.or(a),
            };
        }
        carry(&mut cells, &seen, window, carry_us, |at| self.at_or_before(&pick, at));
        cells
    }

    fn at_or_before(&self, pick: impl Fn(&Values<N>) -> Option<f32>, at: Stamp) -> Option<(Stamp, Option<f32>)> {
        let after = self.points.partition_point(|p| p.at <= at);
        let point = self.points.get(after.checked_sub(1)?)?;
        Some((point.at, pick(&point.values)))
    }
}

/// Fills cells in which nothing was measured with the newest value before them, where it is young enough.
pub(crate) fn carry<T: Copy>(
    cells: &mut [Option<T>],
    seen: &[bool],
    window: Window,
    carry_us: u64,
    newest_before: impl Fn(Stamp) -> Option<(Stamp, Option<T>)>,
) {
    let n_cells = cells.len();
    for cell in (0..n_cells).filter(|cell| !seen[*cell]) {
        let end = window.end_of(cell, n_cells);
        if let Some((at, value)) = newest_before(end)
            && end.since_us(at) <= carry_us
        {
            cells[cell] = value;
        }
    }
}

#[cfg(test)]
mod tests;
