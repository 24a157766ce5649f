//! What keeps the agent within its budget: it measures what the agent uses, and says what to leave out.
//!
//! A bucket holds the CPU time that may be used: it fills at a little less than the budget, up to a few seconds of it, and
//! what the agent uses is taken out. When it is empty and still more is used than comes in, so many steps of the ladder are
//! taken as what was measured of each part says that are needed. Steps are given back where by the same measure all fits
//! without them: after a while of a few readings, and later each time that it turned out not to.

mod book;
mod ladder;
pub mod off;
mod rounds;
pub mod switches;
pub mod thrift;
mod window;

use std::time::Duration;

pub use off::Off;
pub use switches::Switches;
pub use thrift::{Round, Thrift};

use book::Book;
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

/// So much of the budget may be used at once: a key, a dashboard that opens.
const BURST: Duration = Duration::from_secs(3);

/// Debts beyond this are forgiven: a host that was suspended, a collector that had to be loaded anew.
const DEBT: Duration = Duration::from_secs(5);

/// A start in which much is done for the first time: it has so much of the budget beside what comes in, and leaves no debt
/// but a little to begin with.
const START: Duration = Duration::from_secs(10);
const AFTER_START: Duration = Duration::from_secs(1);

/// A level is held for so long, and for so many readings, before the agent goes back up; at most for [`PATIENCE_MAX`].
const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_READINGS: usize = 3;
const PATIENCE_MAX: Duration = Duration::from_secs(900);

/// What is known of steps fades each time that a level has lasted for so long.
const LASTS: Duration = Duration::from_secs(60);

/// More steps are taken after so many readings of a level at least, fewer where so many times the budget is used.
const SURE: usize = 4;
const SURE_FAR_OVER: usize = 2;
const FAR_OVER: f64 = 1.5;

/// Steps given back at once.
const STEPS_AT_ONCE: usize = 8;

/// What is to be used, and what the bucket earns, of the budget: the rest pays for bursts and for what turns out dearer.
const FILL: f64 = 0.9;
const EARNED: f64 = 0.93;

/// What the agent has used since it was asked last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Time since then, microseconds.
    pub elapsed_us: u64,
    /// CPU time since then, microseconds: everything that is done for the agent.
    pub cpu_us: u64,
    /// How much of that went into names of tasks, microseconds.
    pub names_us: u64,
    /// How much went into queues, rounds over which come once in [`Thrift::sockets_every`], microseconds.
    pub rounds_us: u64,
    /// How much went into reading threads, as far as [`Thrift::threads_every`] rules it, microseconds.
    pub threads_us: u64,
    /// Whether threads and processes are read in one pass: then threads are not read less often.
    pub are_threads_whole: bool,
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
    /// How long the agent waits until it tries each level again.
    patience: Vec<Duration>,
    /// CPU time that may be used now, microseconds; below zero it is owed.
    balance_us: f64,
    /// Time since the start, microseconds.
    age_us: u64,
    /// Time since the level changed, microseconds.
    held_us: u64,
    book: Book,
    window: Window,
    is_too_large: bool,
    rss_bytes: Option<u64>,
}

impl Governor {
    /// For an agent that samples at this interval; without a budget it only measures.
    pub fn new(own_milli: Option<u32>, interval: Duration) -> Self {
        let ladder = Ladder::at(interval);
        Self {
            own_milli,
            raised: None,
            level: 0,
            is_on_trial: false,
            patience: vec![PATIENCE; ladder.n_steps() + 1],
            balance_us: own_milli.map_or(0.0, |milli| part(milli, START)),
            age_us: 0,
            held_us: 0,
            book: Book::new(ladder.n_steps()),
            ladder,
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
        self.ladder.heed_threads(measured.are_threads_whole);
        self.book.push(measured, &self.ladder, self.level);
        let charge_us = self.book.charge_us(&measured);
        let is_starting = self.age_us < micros(START);
        self.age_us += measured.elapsed_us;
        let Some(milli) = self.budget_milli() else { return self.change(0) };
        self.settle(milli, measured.elapsed_us, charge_us);
        self.hold(measured.elapsed_us);
        let Some(costs) = self.book.costs(is_starting) else { return };
        let used_milli = self.book.milli(&self.ladder, (self.level, costs), self.level);
        let brim_milli = f64::from(milli) * EARNED;
        let has_burst = self.balance_us <= -part(milli, DEBT) && self.book.mean_milli() > brim_milli;
        if self.balance_us < 0.0 && (used_milli > brim_milli || has_burst) {
            // One reading alone may have caught up with something, and little over may be chance.
            let is_far_over = has_burst || used_milli > f64::from(milli) * FAR_OVER;
            if self.book.n_since() >= if is_far_over { SURE_FAR_OVER } else { SURE } {
                let times = if has_burst { self.book.mean_milli() / used_milli.max(1e-3) } else { 1.0 };
                self.go_down(milli, costs, times.max(1.0));
            }
        } else if self.level > 0 && self.balance_us >= 0.0 {
            self.go_up(milli, costs);
        }
    }

    /// Sets another budget until a moment, `CLOCK_MONOTONIC` in microseconds, and tries everything anew.
    pub fn raise(&mut self, milli: u32, until_us: u64) {
        self.raised = Some(Raised { milli, until_us });
        self.patience.fill(PATIENCE);
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

    /// Fills the bucket and takes out what was used, microseconds.
    fn settle(&mut self, milli: u32, elapsed_us: u64, used_us: f64) {
        let earned_us = elapsed_us as f64 * f64::from(milli) / 1e3 * EARNED;
        let balance_us = self.balance_us + earned_us - used_us;
        let is_starting = self.age_us <= micros(START);
        // What is left of a start is not saved up, and what it owes is forgiven: all begins anew.
        let (least_us, most_us) = match self.age_us.saturating_sub(elapsed_us) <= micros(START) {
            true if is_starting => (-part(milli, DEBT), part(milli, START)),
            true => (part(milli, AFTER_START), part(milli, AFTER_START)),
            false => (-part(milli, DEBT), part(milli, BURST)),
        };
        self.balance_us = balance_us.clamp(least_us, most_us);
    }

    /// The level has held for so much longer, microseconds.
    fn hold(&mut self, elapsed_us: u64) {
        let minutes = |us: u64| us / micros(LASTS);
        let before_us = self.held_us;
        self.held_us += elapsed_us;
        if minutes(self.held_us) > minutes(before_us) {
            self.book.fade(&self.ladder, self.level);
        }
        if self.is_on_trial && self.held_us > micros(PATIENCE_MAX) {
            // All has been well for long: what did not fit once is as good as new.
            self.patience.fill(PATIENCE);
            self.is_on_trial = false;
        }
    }

    /// Leaves out more: as many steps as are needed so that it fits, where all costs so many times what it costs most often.
    fn go_down(&mut self, milli: u32, costs: book::Costs, times: f64) {
        let most_milli = f64::from(milli) * FILL;
        let fits = |to: &usize| self.book.milli(&self.ladder, (self.level, costs), *to) * times <= most_milli;
        let n_steps = self.ladder.n_steps();
        let level = (self.level + 1..=n_steps).find(fits).unwrap_or(n_steps);
        if self.is_on_trial {
            // Whatever is dearer yet need not be tried before, nor what is not cheaper.
            let patience = (self.patience[self.level] * 2).min(PATIENCE_MAX);
            self.patience[..level].iter_mut().for_each(|dear| *dear = patience.max(*dear));
        }
        self.change(level);
        self.is_on_trial = false;
    }

    /// Leaves out less, where by what was measured it fits.
    fn go_up(&mut self, milli: u32, costs: book::Costs) {
        if self.book.n_since() < PATIENCE_READINGS {
            return;
        }
        let most_milli = f64::from(milli) * FILL;
        let is_due = |to: &usize| self.held_us >= micros(self.patience[*to]);
        let fits = |to: &usize| self.book.milli(&self.ladder, (self.level, costs), *to) <= most_milli;
        let first = self.level.saturating_sub(STEPS_AT_ONCE);
        if let Some(level) = (first..self.level).find(|to| is_due(to) && fits(to)) {
            self.change(level);
            self.is_on_trial = true;
        }
    }

    fn change(&mut self, level: usize) {
        let before = std::mem::replace(&mut self.level, level);
        if level != before {
            self.held_us = 0;
            self.book.turn(&self.ladder, before, self.age_us > micros(START));
        }
    }
}

/// A budget's CPU time in a while, microseconds.
fn part(milli: u32, of: Duration) -> f64 {
    of.as_secs_f64() * f64::from(milli) * 1e3
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
