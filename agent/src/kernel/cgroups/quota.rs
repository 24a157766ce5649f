//! Which part of the time in which a quota held a cgroup back is in its tasks' run delay already.
//!
//! A task that is held back stays runnable, so that its wait counts as run delay (`sched_info_depart`, kernel/sched/stats.h;
//! measured on 6.18: 2,747 ms of run delay beside 2,746 ms throttled). Not in there is what held back tasks of which nobody
//! says how long they waited: of a kernel without run delay, or such that ended unseen.

/// Throttled time and run delay that have not met yet. The two are read at different moments of a tick, so that what one
/// says in this interval the other may say in the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Balance {
    throttled_us: u64,
    delay_us: u64,
}

/// The throttled time of an interval, split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Throttled {
    /// In the run delay, microseconds.
    pub in_delay_us: u64,
    /// Not in the run delay, microseconds; told one interval late.
    pub beside_us: u64,
}

impl Balance {
    /// Adds an interval.
    pub(super) fn add(&mut self, throttled_us: u64, delay_us: u64) -> Throttled {
        // What is owed from the interval before is met first; what then is still owed will never be met.
        let late_us = self.throttled_us.min(delay_us);
        let beside_us = self.throttled_us - late_us;
        let early_us = throttled_us.min(self.delay_us);
        let now_us = (throttled_us - early_us).min(delay_us - late_us);
        *self = Self { throttled_us: throttled_us - early_us - now_us, delay_us: delay_us - late_us - now_us };
        Throttled { in_delay_us: late_us + early_us + now_us, beside_us }
    }
}

#[cfg(test)]
mod tests;
