//! From a VM's monotonic clock to ours.

use std::collections::VecDeque;

/// Answers that count: clocks drift, so that none counts for long.
const MOST: usize = 8;

/// Where the VM's zero stands on our clock, by its last answers, microseconds.
///
/// An answer comes late and never early, so that the least of them is nearest to the truth: what one saturated VM takes to
/// answer would else stand in its stamps, and rates with it.
#[derive(Debug, Default)]
pub(super) struct Offset {
    latest: VecDeque<i64>,
}

impl Offset {
    /// The VM has said that it is `its_us` there; it was `our_us` here when that came.
    pub(super) fn take(&mut self, our_us: u64, its_us: i64) {
        if self.latest.len() == MOST {
            self.latest.pop_front();
        }
        self.latest.push_back(i64::try_from(our_us).unwrap_or(i64::MAX).saturating_sub(its_us));
    }

    /// What is to be added to its moments.
    pub(super) fn us(&self) -> i64 {
        self.latest.iter().min().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
