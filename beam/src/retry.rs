//! When to come again. Each wrong cookie is an error report in the target's log, so that one waits for minutes.

use std::time::Duration;

/// What kind of failure a try ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Not there, broken off, too slow: it may be back in a moment.
    Absent,
    /// The name is taken: the target may not have noticed yet that our last connection ended.
    NameInUse,
    /// It refused us, and will do so again until somebody changes something.
    Refused,
}

impl Trouble {
    /// The first pause and the longest.
    fn pauses(self) -> (Duration, Duration) {
        match self {
            Self::Absent => (Duration::from_secs(1), Duration::from_secs(30)),
            Self::NameInUse => (Duration::from_secs(2), Duration::from_secs(60)),
            Self::Refused => (Duration::from_secs(120), Duration::from_secs(900)),
        }
    }
}

/// A connection that held this long starts the pauses anew; a shorter one may be a node that dies at each start.
const STEADY: Duration = Duration::from_secs(30);

/// Pauses between tries to reach one node. Pure: it counts, whoever asks sleeps.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    last: Option<Trouble>,
    n_failed: u32,
    reason: Option<String>,
}

impl Backoff {
    /// A try failed: how long to wait before the next. `jitter` (0 to 1) takes up to a quarter off, so that many agents
    /// do not come at once.
    pub fn failed(&mut self, trouble: Trouble, reason: impl Into<String>, jitter: f64) -> Duration {
        // Another kind of trouble is another story, and its pauses begin anew.
        self.n_failed = if self.last == Some(trouble) { self.n_failed.saturating_add(1) } else { 1 };
        self.last = Some(trouble);
        self.reason = Some(reason.into());
        let (first, longest) = trouble.pauses();
        let pause = first.saturating_mul(1 << (self.n_failed - 1).min(16)).min(longest);
        pause.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 4.0)
    }

    /// A connection ended after it held for so long: how long to wait before the next try.
    pub fn ended(&mut self, held: Duration, reason: impl Into<String>, jitter: f64) -> Duration {
        if held >= STEADY {
            *self = Self::default();
        }
        self.failed(Trouble::Absent, reason, jitter)
    }

    /// Why the last try failed, as long as nothing better happened.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Tries in a row that failed with the same trouble.
    pub fn n_failed(&self) -> u32 {
        self.n_failed
    }

    /// A connection stands: there is nothing to say any more. The pauses go on from where they were until it has held.
    pub fn connected(&mut self) {
        self.reason = None;
    }
}

#[cfg(test)]
mod tests;
