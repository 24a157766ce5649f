//! What was used lately: the mean that is shown, and the one that is decided by.

use std::{collections::VecDeque, time::Duration};

use super::{Measured, micros};

/// Length of the window that is shown, microseconds.
const SHOWN_US: u64 = 10_000_000;

/// What is read each time is judged by the readings of so long, and by two at least.
const STEADY_US: u64 = 3_000_000;

/// What is kept, microseconds: a little more than the longest time between two rounds.
const KEPT_US: u64 = 75_000_000;

/// At most so many readings are kept: four a second over that time.
const N_READINGS: usize = 300;

/// The last readings.
#[derive(Debug, Default)]
pub(super) struct Window {
    readings: VecDeque<Measured>,
    /// How many of them came since something else was left out.
    n_since: usize,
}

impl Window {
    /// One reading more; those that are too old are forgotten.
    pub(super) fn push(&mut self, measured: Measured) {
        self.readings.push_back(measured);
        self.n_since += 1;
        let mut all_us: u64 = self.readings.iter().map(|reading| reading.elapsed_us).sum();
        while let Some(first) = self.readings.front()
            && (all_us.saturating_sub(first.elapsed_us) >= KEPT_US || self.readings.len() > N_READINGS)
        {
            all_us -= first.elapsed_us;
            self.readings.pop_front();
        }
        self.n_since = self.n_since.min(self.readings.len());
    }

    /// From now on something else is left out: what came before tells nothing of it.
    pub(super) fn turn(&mut self) {
        self.n_since = 0;
    }

    /// The mean over the last ten seconds, per mille of one core; `None` where no time has passed.
    pub(super) fn milli(&self) -> Option<u32> {
        let (elapsed_us, cpu_us) = self.sum(self.readings.len(), SHOWN_US, |reading| reading.cpu_us);
        let milli = (cpu_us * 1_000 + elapsed_us / 2).checked_div(elapsed_us)?;
        u32::try_from(milli).ok()
    }

    /// What is used while the same is left out, per mille of one core: what is read each time by the last readings, and
    /// rounds, which come once in `period`, as if no other came in that time.
    pub(super) fn estimate(&self, period: Duration) -> f64 {
        let (elapsed_us, steady_us) =
            self.sum(self.n_since, STEADY_US, |reading| reading.cpu_us.saturating_sub(reading.rounds_us));
        let (over_us, rounds_us) = self.sum(self.n_since, micros(period).max(STEADY_US), |reading| reading.rounds_us);
        per_mille(steady_us, elapsed_us) + per_mille(rounds_us, over_us.max(micros(period)))
    }

    /// Time and a sum over the last readings: of so many at most, and no more than are needed to fill a time.
    fn sum(&self, most: usize, over_us: u64, of: impl Fn(&Measured) -> u64) -> (u64, u64) {
        let mut sum = (0, 0);
        for reading in self.readings.iter().rev().take(most) {
            if sum.0 >= over_us {
                break;
            }
            sum = (sum.0 + reading.elapsed_us, sum.1 + of(reading));
        }
        sum
    }
}

fn per_mille(cpu_us: u64, elapsed_us: u64) -> f64 {
    cpu_us as f64 * 1e3 / (elapsed_us as f64).max(1.0)
}

#[cfg(test)]
mod tests;
