//! Growth: the difference of a level over the last ten seconds.

use std::collections::VecDeque;

use crate::window::GROWTH_US;

/// Points nearer to each other than this tell no more than one: so however fast they come, few are kept.
const STEP_US: u64 = GROWTH_US / 64;

/// A level over the growth window.
///
/// INVARIANT: points are in rising order of time, at most one of them is older than the window, and each is at least
/// [`STEP_US`] after the last but one before it.
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
        if self.points.iter().nth_back(1).is_some_and(|(last_but_one, _)| at_us - last_but_one < STEP_US) {
            self.points.pop_back();
        }
        self.points.push_back((at_us, level));
        while self.points.len() > 2 && at_us.saturating_sub(self.points[1].0) >= GROWTH_US {
            self.points.pop_front();
        }
    }

    /// Growth per second over at most the window; `None` until there are two points.
    pub fn per_second(&self) -> Option<f64> {
        let (first_us, first) = *self.points.front()?;
        let (last_us, last) = *self.points.back()?;
        (last_us > first_us).then(|| (last - first) * 1e6 / (last_us - first_us) as f64)
    }

    /// Forgets everything: the level is unknown, or belongs to something else now.
    pub fn clear(&mut self) {
        self.points.clear();
    }
}

#[cfg(test)]
mod tests;
