//! What keeps the agent within its budget: it measures what the agent uses, and says what to leave out.
//!
//! A bucket holds the CPU time that may be used: it fills at the rate of the budget, up to a few seconds of it, and what
//! the agent uses is taken out. When it is empty and still more is used than comes in, the next steps of the ladder are
//! left out; so over any long time the agent uses no more than its budget, what the bucket holds, and what the few
//! readings cost by which it learns. Going back up is slow: only where so little is used that the step, at its worst, would fit,
//! and later each time that it turned out not to.

mod ladder;
pub mod off;
pub mod switches;
pub mod thrift;
mod window;

use std::time::Duration;

pub use off::Off;
pub use switches::Switches;
pub use thrift::{Round, Thrift};

use ladder::Ladder;
use window::Window;

/// CPU time in per mille of one core, where nobody says otherwise: 10 ms a second.
pub const BUDGET_MILLI: u32 = 10;

/// Resident memory that an agent by itself may take, bytes.
pub const MEMORY_BYTES: u64 = 64 << 20;

/// The largest budget: a whole core.
pub const BUDGET_MILLI_MAX: u32 = 1_000;

/// For how long an operator may change the budget at most.
pub const RAISED_SECONDS_MAX: u32 = 3_600;

/// So much of the budget may be used at once: the first reading, a key, a dashboard that opens.
const BURST: Duration = Duration::from_secs(5);

/// Debts beyond this are forgiven: a host that was suspended, a collector that had to be loaded anew.
const DEBT: Duration = Duration::from_secs(10);

/// A level is held for so many intervals before the agent goes back up, and at most for [`PATIENCE_MAX`].
const PATIENCE_INTERVALS: u32 = 10;
const PATIENCE_MAX: Duration = Duration::from_secs(600);

/// Steps taken at once.
const STEPS_AT_ONCE: usize = 6;

/// Going up may bring the use to so much of the budget, not to its brim.
const FILL: f64 = 0.9;

/// What the agent has used since it was asked last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Time since then, microseconds.
    pub elapsed_us: u64,
    /// CPU time since then, microseconds: everything that is done for the agent.
    pub cpu_us: u64,
    /// How much of that went into rounds over queues, which come once in [`Thrift::sockets_every`], microseconds.
    pub rounds_us: u64,
    /// Resident memory now; `None` where that of the agent cannot be told from others'.
    pub rss_bytes: Option<u64>,
}

/// A budget that an operator has set for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Raised {
    milli: u32,
    /// `CLOCK_MONOTONIC` at which it ends, microseconds.
    until_us: u64,
}

/// Keeps an agent within its budget.
#[derive(Debug)]
pub struct Governor {
    /// The agent's own budget; `None`: it has none, and nothing is left out.
    own_milli: Option<u32>,
    raised: Option<Raised>,
    ladder: Ladder,
    /// Steps of the ladder that are left out.
    level: usize,
    /// Whether the level was reached from below: then it is on trial.
    is_on_trial: bool,
    /// How long each level waits before it is tried again.
    patience: Vec<Duration>,
    patience_min: Duration,
    /// CPU time that may be used now, microseconds; below zero it is owed.
    balance_us: f64,
    /// Time since the level changed, and what was used since, microseconds.
    held_us: u64,
    held_cpu_us: u64,
    window: Window,
    is_too_large: bool,
    rss_bytes: Option<u64>,
}

impl Governor {
    /// For an agent that samples at this interval; without a budget it only measures.
    pub fn new(own_milli: Option<u32>, interval: Duration) -> Self {
        let ladder = Ladder::at(interval);
        let patience_min = (interval * PATIENCE_INTERVALS).min(PATIENCE_MAX);
        Self {
            own_milli,
            raised: None,
            level: 0,
            is_on_trial: false,
            patience: vec![patience_min; ladder.n_steps() + 1],
            patience_min,
            balance_us: own_milli.map_or(0.0, |milli| part(milli, BURST)),
            ladder,
            held_us: 0,
            held_cpu_us: 0,
            window: Window::default(),
            is_too_large: false,
            rss_bytes: None,
        }
    }

    /// Takes in what was used, and decides what to leave out from now on. `now_us` is `CLOCK_MONOTONIC`.
    pub fn decide(&mut self, measured: Measured, now_us: u64) {
        if self.raised.is_some_and(|raised| raised.until_us <= now_us) {
            self.raised = None;
        }
        self.window.push(measured);
        self.weigh(measured.rss_bytes);
        let Some(milli) = self.budget_milli() else { return self.change(0) };
        let earned_us = measured.elapsed_us as f64 * f64::from(milli) / 1e3;
        self.settle(milli, earned_us, measured.cpu_us as f64);
        self.held_us += measured.elapsed_us;
        self.held_cpu_us += measured.cpu_us;
        let used_milli = self.window.estimate(self.thrift().sockets_every);
        if self.balance_us < 0.0 && used_milli > f64::from(milli) {
            self.go_down(used_milli / f64::from(milli));
        } else if self.level > 0 {
            self.go_up(milli);
        } else if self.held_us > micros(PATIENCE_MAX) {
            // All has been well for long: what did not fit once is as good as new.
            self.patience.fill(self.patience_min);
            self.is_on_trial = false;
        }
    }

    /// Sets another budget until a moment, `CLOCK_MONOTONIC` in microseconds, and tries everything anew.
    pub fn raise(&mut self, milli: u32, until_us: u64) {
        self.raised = Some(Raised { milli, until_us });
        self.patience.fill(self.patience_min);
        self.balance_us = part(milli, BURST);
        self.change(0);
        self.is_on_trial = false;
    }

    /// Back to the agent's own budget at once.
    pub fn lower(&mut self) {
        self.raised = None;
    }

    /// The budget that holds now, per mille of one core.
    pub fn budget_milli(&self) -> Option<u32> {
        self.raised.map_or(self.own_milli, |raised| Some(raised.milli))
    }

    /// The agent's own budget.
    pub fn own_milli(&self) -> Option<u32> {
        self.own_milli
    }

    /// Until when an operator has changed the budget, `CLOCK_MONOTONIC` in microseconds.
    pub fn raised_until_us(&self) -> Option<u64> {
        self.raised.map(|raised| raised.until_us)
    }

    /// What was used over the last ten seconds, per mille of one core.
    pub fn used_milli(&self) -> Option<u32> {
        self.window.milli()
    }

    /// What to leave out.
    pub fn thrift(&self) -> Thrift {
        self.ladder.thrift(self.level)
    }

    /// What is left out, in words, first what was left out first.
    pub fn shed(&self) -> Vec<String> {
        let mut words = self.ladder.words(self.level);
        if self.is_too_large {
            let mib = |bytes: u64| bytes.div_ceil(1 << 20);
            let (is, most) = (mib(self.rss_bytes.unwrap_or(0)), mib(MEMORY_BYTES));
            words.push(format!("new tables and close looks: {is} MiB of memory in use, {most} allowed"));
        }
        words
    }

    /// Whether the agent takes more memory than it may: then it takes nothing on.
    pub fn is_too_large(&self) -> bool {
        self.is_too_large
    }

    fn weigh(&mut self, rss_bytes: Option<u64>) {
        self.rss_bytes = rss_bytes;
        // Once too large, it is well below the bound before it is no longer.
        let most = if self.is_too_large { MEMORY_BYTES / 10 * 9 } else { MEMORY_BYTES };
        self.is_too_large = rss_bytes.is_some_and(|bytes| bytes > most);
    }

    /// Fills the bucket and takes out what was used.
    fn settle(&mut self, milli: u32, earned_us: f64, used_us: f64) {
        // What comes in lumps must fit in: a round each minute uses a minute's budget at once.
        let room_us = part(milli, BURST.max(self.ladder.period(self.level)));
        // A bucket that was larger is not emptied; it runs dry.
        let filled_us = (self.balance_us + earned_us).min(room_us.max(self.balance_us));
        self.balance_us = (filled_us - used_us).max(-part(milli, DEBT));
    }

    /// Leaves out more: a step, and one for each time that the use is twice the budget again.
    fn go_down(&mut self, times: f64) {
        if self.is_on_trial
            && let Some(patience) = self.patience.get_mut(self.level)
        {
            *patience = (*patience * 2).min(PATIENCE_MAX);
        }
        let n_steps = 1 + doublings(times);
        self.change((self.level + n_steps.min(STEPS_AT_ONCE)).min(self.ladder.n_steps()));
        self.is_on_trial = false;
    }

    /// Leaves out less, where so little is used that this would fit at its worst.
    fn go_up(&mut self, milli: u32) {
        let period = self.ladder.period(self.level);
        let room_us = part(milli, BURST.max(period));
        let patience = self.patience.get(self.level - 1).copied().unwrap_or(self.patience_min);
        // A whole period and a reading more: the lump of what comes in lumps must be in what is looked at.
        let wait_us = micros(patience.max(period + period / 4));
        if self.held_us < wait_us || self.balance_us < room_us * FILL {
            return;
        }
        let mut level = self.level;
        let mut milli_then = self.held_cpu_us as f64 * 1e3 / self.held_us as f64;
        while level > 0 && self.level - level < STEPS_AT_ONCE {
            milli_then *= self.ladder.factor(level);
            if milli_then > f64::from(milli) * FILL {
                break;
            }
            level -= 1;
        }
        if level < self.level {
            self.change(level);
            self.is_on_trial = true;
        }
    }

    fn change(&mut self, level: usize) {
        self.level = level;
        (self.held_us, self.held_cpu_us) = (0, 0);
        self.window.turn();
    }
}

/// A budget's CPU time in a while, microseconds.
fn part(milli: u32, of: Duration) -> f64 {
    of.as_secs_f64() * f64::from(milli) * 1e3
}

/// How often one must be doubled not to exceed this.
fn doublings(ratio: f64) -> usize {
    std::iter::successors(Some(2.0), |power| Some(power * 2.0)).take(STEPS_AT_ONCE).filter(|p| *p <= ratio).count()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
