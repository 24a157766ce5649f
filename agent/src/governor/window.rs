//! What was used lately: the mean that is shown.

use std::collections::VecDeque;

use super::Measured;

/// Length of the window that is shown, microseconds.
const SHOWN_US: u64 = 10_000_000;

/// At most so many readings are kept: four a second over that time.
const N_READINGS: usize = 41;

/// The last readings.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Time and CPU time of each, microseconds.
    readings: VecDeque<(u64, u64)>,
}

impl Window {
    /// One reading more; those that are too old are forgotten.
    pub(super) fn push(&mut self, measured: Measured) {
        self.readings.push_back((measured.elapsed_us, measured.cpu_us));
        let mut all_us: u64 = self.readings.iter().map(|(elapsed_us, _)| elapsed_us).sum();
        while let Some((first_us, _)) = self.readings.front()
            && (all_us - first_us >= SHOWN_US || self.readings.len() > N_READINGS)
        {
            all_us -= first_us;
            self.readings.pop_front();
        }
    }

    /// The mean over the last ten seconds, per mille of one core; `None` where no time has passed.
    pub(super) fn milli(&self) -> Option<u32> {
        let sum = |(elapsed_us, cpu_us), (e, c): &(u64, u64)| (elapsed_us + e, cpu_us + c);
        let (elapsed_us, cpu_us) = self.readings.iter().fold((0, 0), sum);
        let milli = (cpu_us * 1_000 + elapsed_us / 2).checked_div(elapsed_us)?;
        u32::try_from(milli).ok()
    }
}

#[cfg(test)]
mod tests;
