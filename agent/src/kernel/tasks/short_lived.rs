//! Tasks that nobody saw: the kernel counts forks, and those that were seen are known.

use std::collections::VecDeque;

/// Tasks that were born and ended between two sweeps.
#[derive(Debug, Default)]
pub(super) struct ShortLived {
    /// Forks at the first sweep.
    first_forks: Option<u64>,
    /// Tasks first seen since.
    n_seen: u64,
    /// What was missing at the last sweeps: a thread that is read in turn is seen late.
    missing: VecDeque<u64>,
    n_told: u64,
}

/// Longest round that is waited for, in sweeps.
const LONGEST: usize = 16;

impl ShortLived {
    /// How many there were since the first sweep; `None` where that is not known. `n_new` tasks were seen for the first
    /// time, and a round over all threads takes `n_sweeps`.
    pub(super) fn count(&mut self, n_forks: Option<u64>, n_new: u64, n_sweeps: u64) -> Option<u64> {
        let n_forks = n_forks?;
        let Some(first) = self.first_forks else {
            self.first_forks = Some(n_forks);
            return Some(0);
        };
        self.n_seen += n_new;
        self.missing.push_back(n_forks.saturating_sub(first).saturating_sub(self.n_seen));
        let most = usize::try_from(n_sweeps).unwrap_or(LONGEST).clamp(1, LONGEST);
        while self.missing.len() > most {
            self.missing.pop_front();
        }
        // What is missing may still be seen: only what was missing for a whole round has ended unseen.
        if self.missing.len() < most {
            return Some(self.n_told);
        }
        let least = self.missing.iter().min().copied().unwrap_or(0);
        self.n_told = self.n_told.max(least);
        Some(self.n_told)
    }
}

#[cfg(test)]
mod tests;
