//! Growth: the difference of a level over the last ten seconds.

use std::collections::VecDeque;

use crate::window::GROWTH_US;

/// Points nearer to each other than this tell no more than one: so however fast they come, few are kept.
const STEP_US: u64 = GROWTH_US / 64;

/// A level over the growth window.
///
/// INVARIANT: points are in rising order of time, at most one of them is older than the window, and each is at least
/// [`STEP_US`] after the last but one before it. Of points with the same level only the first and the last of a run are
/// kept: most levels never change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Growth {
    points: VecDeque<(u64, f64)>,
}

impl Growth {
    /// Adds the level at a time. A time that is not later than the last starts the window anew: the clock was reset.
    pub fn push(&mut self, at_us: u64, level: f64) {
        if self.points.back().is_some_and(|(last, _)| at_us <= *last) {
            self.points.clear();
        }
        let n = self.points.len();
        if n >= 2 && self.points[n - 2].1 == level && self.points[n - 1].1 == level {
            self.points[n - 1].0 = at_us;
        } else {
            if n >= 2 && at_us - self.points[n - 2].0 < STEP_US {
                self.points.pop_back();
            }
            self.points.push_back((at_us, level));
        }
        while self.points.len() > 2 && at_us.saturating_sub(self.points[1].0) >= GROWTH_US {
            self.points.pop_front();
        }
    }

    /// Growth per second over at most the window; `None` until there are two points.
    pub fn per_second(&self) -> Option<f64> {
        let (mut first_us, first) = *self.points.front()?;
        let (last_us, last) = *self.points.back()?;
        if let Some((until_us, _)) = self.points.get(1).filter(|(_, level)| *level == first) {
            // It was the same until then, so that the window begins in this run, or at its end.
            first_us = first_us.max(last_us.saturating_sub(GROWTH_US).min(*until_us));
        }
        (last_us > first_us).then(|| (last - first) * 1e6 / (last_us - first_us) as f64)
    }

    /// Says that the level was still the same at a time: pushes need not tell so one by one.
    pub fn stay(&mut self, until_us: u64) {
        if let Some((_, level)) = self.points.back().copied().filter(|(last_us, _)| *last_us < until_us) {
            self.push(until_us, level);
        }
    }

    /// Whether the level has been the same as long as the window knows it, which is more than one point.
    pub fn is_flat(&self) -> bool {
        self.points.len() == 2 && self.points[0].1 == self.points[1].1
    }

    /// Forgets everything: the level is unknown, or belongs to something else now.
    pub fn clear(&mut self) {
        self.points.clear();
    }
}

#[cfg(test)]
mod tests;
