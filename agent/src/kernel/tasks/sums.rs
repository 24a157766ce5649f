//! What a process used over its life: from the kernel's own total where there is one, else from its threads, and without
//! a step when one takes the place of the other.

use crate::kernel::stat::SchedStat;

/// What a process used. Never goes back.
///
/// The total of the kernel holds what ended threads used; the sum over threads holds of them what they had used at their
/// last reading, and may be behind for threads that are read in turn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    used: SchedStat,
    /// What all its threads were seen to use, ended ones included.
    of_threads: SchedStat,
    /// By how much `used` was ahead of `of_threads` when it was least: what threads used that nobody has seen.
    ahead: Option<SchedStat>,
    /// What `used` has more than the kernel's total, or less; `None` while there is no total.
    offset: Option<Offset>,
}

/// A difference of counters, either way.
#[derive(Clone, Copy, Debug, Default)]
struct Offset {
    more: SchedStat,
    less: SchedStat,
}

impl Sums {
    /// What it used by now.
    pub(super) fn used(&self) -> SchedStat {
        self.used
    }

    /// Goes on by what its threads gained and to what the kernel says is the total. Gives what is new.
    pub(super) fn advance(&mut self, gained: SchedStat, total: Option<SchedStat>, is_first: bool) -> SchedStat {
        let before = self.used;
        self.of_threads = self.of_threads.plus(gained);
        let floor = self.of_threads.plus(self.ahead.unwrap_or_default());
        let Some(total) = total else {
            self.offset = None;
            self.used = before.max(floor);
            return self.used.minus(before);
        };
        let begin = || {
            let here = if is_first { total } else { before.max(floor) };
            Offset { more: here.minus(total), less: total.minus(here) }
        };
        let offset = *self.offset.get_or_insert_with(begin);
        self.used = before.max(total.plus(offset.more).minus(offset.less));
        let ahead = self.used.minus(self.of_threads);
        self.ahead = Some(self.ahead.map_or(ahead, |least| least.min(ahead)));
        self.used.minus(before)
    }

    /// Raises the CPU time to what another counter says, which is never ahead of the truth.
    pub(super) fn raise_cpu(&mut self, cpu_ns: u64) {
        self.used.cpu_ns = self.used.cpu_ns.max(cpu_ns);
    }
}

#[cfg(test)]
mod tests;
