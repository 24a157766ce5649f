//! By how much an agent's clock differs from ours: the best round trip of eight, slewed.

use std::collections::VecDeque;

/// Round trips that are compared.
const ROUNDS: usize = 8;
/// A difference above this is a jump, and is not slewed.
const STEP_US: i64 = 1_000_000;

/// An estimate of an agent's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The agent's wall time minus ours, microseconds.
    pub offset_us: i64,
    /// By how much that may be wrong: half the best round trip, and what is still to be slewed.
    pub uncertainty_us: u64,
    /// True when the offset jumped.
    pub is_step: bool,
}

/// The last round trips to one agent, and the offset that is shown.
#[derive(Clone, Debug, Default)]
pub struct ClockOffset {
    rounds: VecDeque<Round>,
    shown_us: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Round {
    trip_us: u64,
    offset_us: i64,
}

impl ClockOffset {
    /// Takes one echo: sent and received by our clock, answered by the agent's. `None` where the three make no sense.
    pub fn push(&mut self, sent_us: u64, answered_us: u64, received_us: u64) -> Option<Estimate> {
        let trip_us = received_us.checked_sub(sent_us)?;
        let middle = i64::try_from(sent_us + trip_us / 2).ok()?;
        let round = Round { trip_us, offset_us: i64::try_from(answered_us).ok()?.checked_sub(middle)? };
        let is_step = self.shown_us.is_some_and(|shown| is_jump(shown, round));
        if is_step {
            // What was measured before the jump says nothing about the clock after it.
            self.rounds.clear();
            self.shown_us = None;
        }
        self.rounds.push_back(round);
        self.rounds.drain(..self.rounds.len().saturating_sub(ROUNDS));
        Some(self.estimate(is_step))
    }

    /// Half of the difference to the best round is taken at each echo: times on the screen do not jump.
    fn estimate(&mut self, is_step: bool) -> Estimate {
        let best = self.rounds.iter().min_by_key(|r| r.trip_us).copied().unwrap_or(Round { trip_us: 0, offset_us: 0 });
        let shown = match self.shown_us {
            Some(shown) => shown + (best.offset_us - shown) / 2,
            None => best.offset_us,
        };
        self.shown_us = Some(shown);
        let uncertainty_us = best.trip_us / 2 + shown.abs_diff(best.offset_us);
        Estimate { offset_us: shown, uncertainty_us, is_step }
    }
}

/// A round that is more than a second away, even if all of its trip was spent on one way.
fn is_jump(shown_us: i64, round: Round) -> bool {
    let slack = i64::try_from(round.trip_us / 2).unwrap_or(i64::MAX);
    round.offset_us.abs_diff(shown_us) > STEP_US.saturating_add(slack).unsigned_abs()
}

#[cfg(test)]
mod tests;
