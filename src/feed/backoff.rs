//! When to dial again, and how dials are spread.

use std::time::Duration;

pub use midair_proto::backoff::{Chance, FIRST, LONGEST, PATIENT, wait};

/// Most dials per second of one dashboard.
pub const DIALS_PER_SECOND: u64 = 500;
/// Most dials per second of one hub: its agents are all it has, and shall be there within seconds of its start.
pub const HUB_DIALS_PER_SECOND: u64 = 1_500;

/// Spreads dials, so that ten thousand targets are not dialled at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    per_second: u64,
    next_us: u64,
}

impl Pace {
    /// So many each second.
    pub fn new(per_second: u64) -> Self {
        Self { per_second: per_second.max(1), next_us: 0 }
    }

    /// Takes the next free slot; how long to wait for it.
    pub fn slot(&mut self, now_us: u64) -> Duration {
        let slot = self.next_us.max(now_us);
        self.next_us = slot + 1_000_000 / self.per_second;
        Duration::from_micros(slot - now_us)
    }
}

#[cfg(test)]
mod tests;
