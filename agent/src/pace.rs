//! How fast one may ask: a burst as of a person at the keys, then so many a second.

/// A burst, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Taken at once.
    pub burst: u64,
    /// Taken each second from then on.
    pub per_second: u64,
}

/// Controls of one watcher.
pub const CONTROLS: Limit = Limit { burst: 60, per_second: 20 };

/// Requests (Describe, Watch, History) of one connection: a dashboard makes two.
pub const REQUESTS: Limit = Limit { burst: 20, per_second: 2 };

/// Connections of one door. Those that wait are not accepted yet.
pub const CONNECTIONS: Limit = Limit { burst: 256, per_second: 20 };

/// How fast one asks.
#[derive(Debug)]
pub struct Pace {
    limit: Limit,
    /// When all that was taken would have been taken, one each step.
    paid_us: u64,
}

impl Pace {
    /// Of a watcher's controls.
    pub fn controls() -> Self {
        Self::new(CONTROLS)
    }

    /// By a limit.
    pub fn new(limit: Limit) -> Self {
        Self { limit, paid_us: 0 }
    }

    /// How long to wait before the next is taken, microseconds.
    pub fn wait_us(&mut self, now_us: u64) -> u64 {
        let step_us = 1_000_000 / self.limit.per_second;
        self.paid_us = self.paid_us.max(now_us) + step_us;
        (self.paid_us - now_us).saturating_sub(self.limit.burst * step_us)
    }
}

#[cfg(test)]
mod tests;
