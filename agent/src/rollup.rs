//! Minimum, mean and maximum of the node's severities over 10 s and over 5 min.

use midair_proto::v1::{Rollup, Summary};
use midair_vitals::{Severities, window::ROLLUPS_US};

/// Both windows.
#[derive(Debug)]
pub struct Rollups([Window; 2]);

#[derive(Debug)]
struct Window {
    length_us: u64,
    start_us: Option<u64>,
    sums: [Sum; 4],
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    min: u32,
    max: u32,
    total: u64,
    n: u32,
}

impl Default for Rollups {
    fn default() -> Self {
        Self(ROLLUPS_US.map(|length_us| Window { length_us, start_us: None, sums: [Sum::default(); 4] }))
    }
}

impl Rollups {
    /// Adds a tick; the windows that end before it come out.
    pub fn push(&mut self, mono_us: u64, wall_us: u64, severities: Severities) -> Vec<Rollup> {
        let mut ended = Vec::new();
        for window in &mut self.0 {
            ended.extend(window.end(mono_us, wall_us));
            window.add(mono_us, severities);
        }
        ended
    }
}

impl Window {
    fn end(&mut self, mono_us: u64, wall_us: u64) -> Option<Rollup> {
        let start_us = self.start_us?;
        let past_us = mono_us.checked_sub(start_us + self.length_us)?;
        let [sched, mem, queue, rate] = std::mem::take(&mut self.sums).map(Sum::summary);
        // Windows stay on their grid; after a gap the next one starts anew.
        self.start_us = (past_us < self.length_us).then_some(start_us + self.length_us);
        Some(Rollup {
            window_us: Some(self.length_us),
            wall_us: Some(wall_us.saturating_sub(past_us)),
            sched,
            mem,
            queue,
            rate,
            ..Rollup::default()
        })
    }

    fn add(&mut self, mono_us: u64, severities: Severities) {
        self.start_us.get_or_insert(mono_us);
        for (sum, severity) in self.sums.iter_mut().zip(severities.all()) {
            if let Some(severity) = severity {
                sum.add(severity.per_mille());
            }
        }
    }
}

impl Sum {
    fn add(&mut self, value: u32) {
        self.min = if self.n == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.total += u64::from(value);
        self.n += 1;
    }

    /// Nothing where nothing was known.
    fn summary(self) -> Option<Summary> {
        let mean = (self.total + u64::from(self.n / 2)).checked_div(u64::from(self.n))?;
        let mean = u32::try_from(mean).expect("a mean of per milles is no larger than they are");
        Some(Summary { min: Some(self.min), mean: Some(mean), max: Some(self.max), n: Some(self.n) })
    }
}

#[cfg(test)]
mod tests;
