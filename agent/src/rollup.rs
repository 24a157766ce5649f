//! Minimum, mean and maximum over 10 s and over 5 min: of the node's severities, of the tasks that ranked longest, of the
//! memory of VMs.

mod ranked;

use midair_proto::v1::{Rollup, Summary};
use midair_vitals::{Severities, window::ROLLUPS_US};

use self::ranked::Ranked;
use crate::tick::Tick;

/// Tasks that each window tells.
const N_TASKS: [usize; 2] = [20, 40];

/// Both windows.
#[derive(Debug)]
pub struct Rollups([Window; 2]);

#[derive(Debug)]
struct Window {
    length_us: u64,
    start_us: Option<u64>,
    sums: [Sum; 4],
    ranked: Ranked,
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
        let window = |n: usize| Window {
            length_us: ROLLUPS_US[n],
            start_us: None,
            sums: [Sum::default(); 4],
            ranked: Ranked::new(N_TASKS[n]),
        };
        Self([window(0), window(1)])
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

    /// Adds the tasks that rank in that tick, as places in its reading, and its VMs.
    pub fn note(&mut self, tick: &Tick, ranked: &[usize]) {
        self.0.iter_mut().for_each(|window| window.ranked.add(tick, ranked));
    }
}

impl Window {
    fn end(&mut self, mono_us: u64, wall_us: u64) -> Option<Rollup> {
        let start_us = self.start_us?;
        let past_us = mono_us.checked_sub(start_us + self.length_us)?;
        let [sched, mem, queue, rate] = std::mem::take(&mut self.sums).map(Sum::summary);
        let (vms, tasks) = self.ranked.take();
        // Windows stay on their grid; after a gap the next one starts anew.
        self.start_us = (past_us < self.length_us).then_some(start_us + self.length_us);
        Some(Rollup {
            window_us: Some(self.length_us),
            wall_us: Some(wall_us.saturating_sub(past_us)),
            sched,
            mem,
            queue,
            rate,
            vms,
            tasks,
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
