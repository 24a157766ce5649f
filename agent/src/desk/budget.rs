//! The desk and its governor: what was used is measured at each tick, what to leave out is passed on and said.

use std::time::Duration;

use midair_proto::v1::{Budget, Stream};

use super::{Desk, WatcherId};
use crate::{
    governor::{BUDGET_MILLI_MAX, Measured, RAISED_SECONDS_MAX},
    reading::Reading,
};

/// Answers that are made between two ticks may cost so much of what the budget allows for a tick; what is asked for then
/// is answered with the next tick.
const AT_ONCE_PART: u64 = 2;

/// What the desk remembers of its last tick, for its governor.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Booked {
    /// `CLOCK_MONOTONIC` of it, microseconds; 0 before the first.
    at_us: u64,
    /// CPU time that had been used by then, microseconds.
    used_us: u64,
    /// CPU time of answers made since, microseconds.
    at_once_us: u64,
}

impl Desk {
    /// Measures, decides, and writes into the cost of this tick what was decided. `sample_us` is the CPU time of the
    /// reading and of the tick before.
    pub(super) fn govern(&mut self, sample_us: u64, reading: &Reading) {
        let mut cost = self.meter.read(sample_us, self.n_watchers());
        cost.cpu_us = cost.cpu_us.map(|us| us + reading.children_us);
        cost.rss_bytes = cost.rss_bytes.map(|bytes| bytes + reading.children_rss_bytes);
        cost.vm_us = reading.vm_cost_us;
        let (at_us, used_us) = (self.clock.mono_us(), self.meter.budget_us(&cost));
        let before = std::mem::replace(&mut self.booked, Booked { at_us, used_us, at_once_us: 0 });
        // What came before the first tick is the price of a start, which no thrift makes smaller.
        if before.at_us > 0 {
            let measured = Measured {
                elapsed_us: at_us.saturating_sub(before.at_us),
                cpu_us: used_us.saturating_sub(before.used_us),
                names_us: reading.spent.names_us,
                rounds_us: reading.sources.iter().filter(|s| s.name == "sockets").filter_map(|s| s.cpu_us).sum(),
                threads_us: reading.spent.threads_us,
                are_threads_whole: reading.spent.are_threads_whole,
                rss_bytes: self.meter.bounded_bytes(&cost),
            };
            self.decide(measured, at_us);
        }
        cost.budget_milli = self.governor.budget_milli();
        cost.used_milli = self.governor.used_milli();
        let left_us = self.governor.raised_until_us().map(|until_us| until_us.saturating_sub(at_us));
        cost.budget_until_us = left_us.map(|left_us| self.clock.wall_us() + left_us);
        cost.shed = self.governor.shed();
        self.cost = cost;
    }

    fn decide(&mut self, measured: Measured, now_us: u64) {
        let (shed, raised) = (self.governor.shed(), self.governor.raised_until_us());
        self.governor.decide(measured, now_us);
        let now_shed = self.governor.shed();
        if now_shed != shed {
            let (used_milli, budget_milli) = (self.governor.used_milli(), self.governor.budget_milli());
            tracing::info!(used_milli, budget_milli, shed = now_shed.join("; "), "the governor");
        }
        if raised.is_some() && self.governor.raised_until_us().is_none() {
            tracing::info!(budget_milli = self.governor.budget_milli(), "the budget is the agent's own again");
        }
        self.keep();
    }

    /// Carries out what of the governor's decision is the desk's own part.
    fn keep(&mut self) {
        let thrift = self.governor.thrift();
        self.overview.hot.bound(thrift.hot_rows);
        self.detail.hot.bound(thrift.hot_rows);
        self.kept.hot.bound(thrift.hot_rows);
        if thrift.interval_times != std::mem::replace(&mut self.interval_times, thrift.interval_times) {
            self.stretch();
        }
    }

    /// Each watcher is sent samples as often as it asked for, as far as that goes.
    fn stretch(&mut self) {
        let moved: Vec<(WatcherId, Stream, u32)> = self
            .watchers
            .iter()
            .filter_map(|(id, watcher)| {
                let key = watcher.stream?;
                (self.every(watcher.interval_ms) != key.every).then_some((*id, key.stream, watcher.interval_ms))
            })
            .collect();
        for (id, stream, interval_ms) in moved {
            self.begin_stream(id, stream, interval_ms);
        }
    }

    /// Every so manieth tick comes closest to an interval and is no shorter.
    pub(super) fn every(&self, interval_ms: u32) -> u64 {
        u64::from(interval_ms.div_ceil(self.interval_now_ms()))
    }

    /// The interval at which the agent samples now, milliseconds.
    pub(super) fn interval_now_ms(&self) -> u32 {
        self.interval_ms.saturating_mul(self.interval_times)
    }

    /// For so long a reading may fail to come before a source is said to hang.
    pub(super) fn patience(&self, at_full_pace: Duration) -> Duration {
        at_full_pace * self.interval_times
    }

    /// Whether tables are answered and close looks are taken at a tick.
    pub(super) fn is_answering(&self, tick: u64) -> bool {
        tick.is_multiple_of(u64::from(self.governor.thrift().answers_every))
    }

    /// Whether who asks now is answered at once, and not with the next tick.
    pub(super) fn answers_at_once(&self) -> bool {
        let budget_us = self.governor.budget_milli().map(|milli| u64::from(milli) * u64::from(self.interval_now_ms()));
        let is_cheap = budget_us.is_none_or(|budget_us| self.booked.at_once_us < budget_us / AT_ONCE_PART);
        is_cheap && self.governor.thrift().answers_every == 1
    }

    /// Books the CPU time of an answer made between two ticks, microseconds.
    pub(super) fn book_at_once(&mut self, us: u64) {
        self.booked.at_once_us += us;
    }

    /// In words why nothing more is taken on, where the agent is too large already.
    pub(super) fn has_room(&self) -> Result<(), String> {
        if !self.governor.is_too_large() {
            return Ok(());
        }
        let words = self.governor.shed().pop().unwrap_or_default();
        Err(format!("this agent takes nothing more on; left out: {words}; end a query, or ask again later"))
    }

    /// An operator changes the budget for a while, or ends that.
    pub(super) fn budget(&mut self, id: WatcherId, budget: Budget) -> Result<(), String> {
        let Some(watcher) = self.watchers.get(&id) else { return Ok(()) };
        let viewer = watcher.viewer.as_str();
        watcher.access.operate(
            "budgets",
            "a budget is not changed over an insecure connection: nobody knows who asks; use the Unix socket of that host",
        )?;
        let Some(milli) = budget.milli else {
            tracing::warn!(watcher = id.0, viewer, "the budget is set back");
            self.governor.lower();
            return Ok(());
        };
        let seconds = budget.seconds.ok_or("a budget needs a time for which it is to hold, 1 to 3600 seconds")?;
        if !(1..=BUDGET_MILLI_MAX).contains(&milli) || !(1..=RAISED_SECONDS_MAX).contains(&seconds) {
            let asked = f64::from(milli) / 10.0;
            return Err(format!(
                "a budget of {asked} % of a core for {seconds} s is outside 0.1 to 100 % and 1 to {RAISED_SECONDS_MAX} s; \
                 ask for one within"
            ));
        }
        tracing::warn!(watcher = id.0, viewer, milli, seconds, "the budget is changed for a while");
        self.governor.raise(milli, self.clock.mono_us() + u64::from(seconds) * 1_000_000);
        self.keep();
        self.want();
        Ok(())
    }
}
