//! What was used over the last ten seconds: the mean that is shown.

use std::collections::VecDeque;

/// Length of the window, microseconds.
const WINDOW_US: u64 = 10_000_000;

/// At most so many readings are kept: forty of a quarter of a second, and a few that came closer.
const N_READINGS: usize = 64;

/// The last readings: their lengths and what was used, microseconds.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<(u64, u64)>);

impl Window {
    /// One reading more; those that are not needed to fill the window are forgotten.
    pub(super) fn push(&mut self, elapsed_us: u64, cpu_us: u64) {
        self.0.push_back((elapsed_us, cpu_us));
        let mut all_us: u64 = self.0.iter().map(|(elapsed_us, _)| elapsed_us).sum();
        while let Some((first_us, _)) = self.0.front().copied()
            && (all_us - first_us >= WINDOW_US || self.0.len() > N_READINGS)
        {
            all_us -= first_us;
            self.0.pop_front();
        }
    }

    /// The mean over the window, per mille of one core; `None` where no time has passed.
    pub(super) fn milli(&self) -> Option<u32> {
        let (elapsed_us, cpu_us) = self.0.iter().fold((0, 0), |sum: (u64, u64), r| (sum.0 + r.0, sum.1 + r.1));
        let milli = (cpu_us * 1_000 + elapsed_us / 2).checked_div(elapsed_us)?;
        u32::try_from(milli).ok()
    }
}

#[cfg(test)]
mod tests;
