//! What rounds over queues cost: they come in lumps, and less often than samples.

use std::{collections::VecDeque, time::Duration};

use super::micros;

/// Where a round comes with each reading, it costs what it did in most of so many.
const N_JUDGED: usize = 3;

/// At most so many readings are kept: four a second for longer than the longest period.
const N_KEPT: usize = 300;

/// What a round was known to cost counts so much less with each reading that does not bear it out.
const FADE: f64 = 0.98;

/// Rounds, as readings have told of them.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// Time and cost of the last readings, microseconds, of one period at most.
    readings: VecDeque<(u64, u64)>,
    period_us: u64,
    /// What queues cost in a reading without a round.
    base_us: f64,
    /// What a round costs beyond that.
    round_us: f64,
    /// What rounds have cost that is still to be paid.
    owed_us: f64,
}

impl Rounds {
    /// One reading more, which took so much of its cost for queues, where a round comes once in `period`.
    pub(super) fn push(&mut self, elapsed_us: u64, us: u64, period: Duration) {
        if micros(period) != std::mem::replace(&mut self.period_us, micros(period)) {
            self.readings.clear();
        }
        self.readings.push_back((elapsed_us, us));
        let mut all_us: u64 = self.readings.iter().map(|(elapsed_us, _)| elapsed_us).sum();
        while let Some((first_us, _)) = self.readings.front().copied()
            && self.readings.len() > N_JUDGED
            && (all_us - first_us >= self.period_us || self.readings.len() > N_KEPT)
        {
            all_us -= first_us;
            self.readings.pop_front();
        }
        self.judge(elapsed_us, all_us >= self.period_us);
        self.owed_us += (us as f64 - self.base_us).max(0.0);
    }

    /// What is to be paid of the last rounds for a reading, and what each reading costs, microseconds.
    pub(super) fn pay_us(&mut self, elapsed_us: u64) -> f64 {
        let paid_us = self.owed_us * (elapsed_us as f64 / (self.period_us as f64).max(1.0)).min(1.0);
        self.owed_us -= paid_us;
        paid_us + self.base_us
    }

    /// What queues cost in a reading without a round, microseconds.
    pub(super) fn base_us(&self) -> f64 {
        self.base_us
    }

    /// What a round costs beyond that, microseconds.
    pub(super) fn round_us(&self) -> f64 {
        self.round_us
    }

    fn judge(&mut self, elapsed_us: u64, is_whole: bool) {
        let each = || self.readings.iter().map(|(_, us)| *us);
        if self.period_us < elapsed_us + elapsed_us / 2 {
            let mut last: Vec<u64> = each().rev().take(N_JUDGED).collect();
            last.sort_unstable();
            let usual_us = last.get(last.len() / 2).copied().unwrap_or(0) as f64;
            self.base_us = self.base_us.min(usual_us);
            self.round_us = usual_us - self.base_us;
            return;
        }
        if self.readings.len() >= N_JUDGED {
            self.base_us = each().min().unwrap_or(0) as f64;
        }
        let beyond_us: f64 = each().map(|us| (us as f64 - self.base_us).max(0.0)).sum();
        // Until a whole period is seen, another round may be in what is left of it; and a round that comes late is none
        // that costs nothing.
        self.round_us = beyond_us.max(if is_whole { self.round_us * FADE } else { self.round_us });
    }
}

#[cfg(test)]
mod tests;
