//! How fast one watcher may ask: a burst as of a person at the keys, then so many controls a second.

/// Controls that are taken at once.
pub const BURST: u64 = 60;

/// Controls that are taken each second from then on.
pub const PER_SECOND: u64 = 20;

const STEP_US: u64 = 1_000_000 / PER_SECOND;

/// How fast one watcher asks.
#[derive(Debug, Default)]
pub struct Pace {
    /// When all that was taken would have been taken, one each step.
    paid_us: u64,
}

impl Pace {
    /// How long to wait before the next control is taken, microseconds.
    pub fn wait_us(&mut self, now_us: u64) -> u64 {
        self.paid_us = self.paid_us.max(now_us) + STEP_US;
        (self.paid_us - now_us).saturating_sub(BURST * STEP_US)
    }
}

#[cfg(test)]
mod tests;
