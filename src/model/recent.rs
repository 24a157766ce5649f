//! What happened over the last seconds: counts that come in bursts, summed, so that they can be read before they are gone.

use std::collections::VecDeque;

use midair_vitals::window::GROWTH_US;

/// Counts of the last ten seconds. At one look in a second a burst of drops would stand on the screen for that second only.
///
/// INVARIANT: in rising order of time, none older than the window, none zero but the newest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recent {
    seen: VecDeque<(u64, u64)>,
}

impl Recent {
    /// So many more at a time; `None` where it is not known how many.
    pub(super) fn push(&mut self, at_us: u64, n: Option<u64>) {
        if self.seen.back().is_some_and(|(last, _)| *last > at_us) {
            self.seen.clear();
        }
        if self.seen.back().is_some_and(|(last, n)| *last == at_us || *n == 0) {
            let same = self.seen.pop_back().filter(|(last, _)| *last == at_us);
            // The same look told twice counts once.
            if let Some(same) = same.filter(|(_, n)| *n > 0) {
                self.seen.push_back(same);
                return;
            }
        }
        if let Some(n) = n {
            self.seen.push_back((at_us, n));
        }
        while self.seen.front().is_some_and(|(at, _)| at_us - at >= GROWTH_US) {
            self.seen.pop_front();
        }
    }

    /// How many there were; `None` where nothing is known.
    pub fn sum(&self) -> Option<u64> {
        self.seen.iter().map(|(_, n)| *n).reduce(u64::saturating_add)
    }
}

#[cfg(test)]
mod tests;
