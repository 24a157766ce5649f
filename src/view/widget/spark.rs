//! Sparklines and charts: a series over time in eighths of a cell, with gaps where nothing is known.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::meter::UPRIGHT;
use crate::event::Stamp;

/// The stretch of time that a chart shows, cut into columns.
///
/// INVARIANT: borders of columns are multiples of the step, not of the playhead. The chart therefore stands still
/// until a step is over and then moves by one column: calm to look at, and few bytes for a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// First microsecond after the last column.
    pub end_us: u64,
    /// Microseconds per column.
    pub step_us: u64,
    /// How many columns.
    pub columns: u16,
}

impl Axis {
    /// The stretch of at least `span_us` that ends with the column of a moment.
    pub fn new(now: Stamp, span_us: u64, columns: u16) -> Self {
        // Whole seconds: samples that come once a second then fall evenly into columns.
        let step_us = span_us.div_ceil(u64::from(columns.max(1))).div_ceil(1_000_000).max(1) * 1_000_000;
        Self { end_us: (now.0 / step_us + 1) * step_us, step_us, columns }
    }

    /// In which column a moment lies.
    pub fn column(&self, at: Stamp) -> Option<u16> {
        let from_end = (self.end_us.checked_sub(at.0 + 1)?) / self.step_us;
        let from_end = u16::try_from(from_end).ok()?;
        self.columns.checked_sub(from_end + 1)
    }

    /// The first moment of a column.
    pub fn start(&self, column: u16) -> Stamp {
        let from_end = u64::from(self.columns.saturating_sub(column));
        Stamp(self.end_us.saturating_sub(from_end * self.step_us))
    }

    /// The highest value in each column: a peak must not be lost between two columns. `None` where there is none.
    pub fn peaks(&self, points: impl IntoIterator<Item = (Stamp, Option<f64>)>) -> Vec<Option<f64>> {
        let mut peaks = vec![None; usize::from(self.columns)];
        for (at, value) in points {
            if let (Some(column), Some(value)) = (self.column(at), value) {
                let peak: &mut Option<f64> = &mut peaks[usize::from(column)];
                *peak = Some(peak.map_or(value, |highest| highest.max(value)));
            }
        }
        self.bridge(&mut peaks);
        peaks
    }

    /// Fills single empty columns between two full ones where samples come more rarely than columns.
    fn bridge(&self, peaks: &mut [Option<f64>]) {
        if self.step_us > 1_000_000 {
            return;
        }
        for n in 1..peaks.len().saturating_sub(1) {
            if peaks[n].is_none() && peaks[n + 1].is_some() {
                peaks[n] = peaks[n - 1];
            }
        }
    }
}

/// The highest of the values, or a floor below which a chart would make mountains of noise.
pub fn ceiling(values: &[Option<f64>], floor: f64) -> f64 {
    values.iter().flatten().copied().fold(floor, f64::max)
}

/// Draws one bar per value, from the right; a region of several rows gives higher bars, whose lower half has another
/// style: what stays low looks calm. Zero is the lowest block, the unknown is empty.
pub fn draw(buffer: &mut Buffer, area: Rect, values: &[Option<f64>], top: f64, high: Style, low: Style) {
    let area = area.intersection(*buffer.area());
    let shown = &values[values.len().saturating_sub(usize::from(area.width))..];
    let first = area.right() - shown.len() as u16;
    for (x, value) in (first..).zip(shown) {
        if let Some(value) = value {
            column(buffer, area, x, (value / top).clamp(0.0, 1.0), high, low);
        }
    }
}

/// Draws the bar of a share between 0 and 1 in one column of a region.
pub fn column(buffer: &mut Buffer, area: Rect, x: u16, share: f64, high: Style, low: Style) {
    let eighths = ((share * f64::from(area.height) * 8.0).round() as usize).max(1);
    for row in 0..area.height {
        let below = usize::from(row) * 8;
        if eighths <= below {
            break;
        }
        if let Some(cell) = buffer.cell_mut((x, area.bottom() - 1 - row)) {
            let style = if area.height > 1 && row < area.height.div_ceil(2) { low } else { high };
            cell.set_symbol(UPRIGHT[(eighths - below).min(8) - 1]).set_style(style);
        }
    }
}

#[cfg(test)]
mod tests;
