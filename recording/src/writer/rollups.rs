//! The rollups that an index lists: bounded, the finer ones go first, and of the others neighbours become one.

use std::collections::HashMap;

use midair_proto::v1::{RecordedRollup, Rollup, Summary};

/// Most rollups of each length in an index: those over 5 min of 100 nodes for a day fit.
const EACH_MAX: usize = 32_768;

/// From which length on a window is a long one: of those that there are, 10 s and 5 min, the second.
const LONG_US: u64 = 60_000_000;

/// A window that is made of others is at most so long: it would say little of a day.
const JOINED_MAX_US: u64 = 6 * 3_600_000_000;

/// What is listed of them.
#[derive(Debug, Default)]
pub(super) struct Rollups {
    short: Short,
    long: Long,
}

/// Windows that are left out where there are too many of them.
#[derive(Debug, Default)]
struct Short {
    kept: Vec<RecordedRollup>,
    are_too_many: bool,
}

/// Windows that are joined where there are too many of them.
#[derive(Debug, Default)]
struct Long {
    kept: Vec<RecordedRollup>,
    /// So long may one be that was joined.
    joined_us: u64,
    are_too_many: bool,
}

impl Rollups {
    /// Takes one; what an index does not need of it is left out.
    pub(super) fn push(&mut self, mut recorded: RecordedRollup) {
        let Some(rollup) = &mut recorded.rollup else { return };
        let Rollup { vms, tasks, .. } = rollup;
        (*vms, *tasks) = (Vec::new(), Vec::new());
        if rollup.window_us() < LONG_US {
            self.short.push(recorded);
        } else {
            self.long.push(recorded);
        }
    }

    /// All of them, in order.
    pub(super) fn listed(self) -> Vec<RecordedRollup> {
        let mut all = self.long.kept;
        all.extend(self.short.kept);
        all.sort_by_key(RecordedRollup::at_us);
        all
    }
}

impl Short {
    /// A line that ends somewhere in the middle says less than none: the longer windows reach over the whole file.
    fn push(&mut self, recorded: RecordedRollup) {
        self.are_too_many |= self.kept.len() == EACH_MAX;
        if self.are_too_many {
            self.kept = Vec::new();
        } else {
            self.kept.push(recorded);
        }
    }
}

impl Long {
    fn push(&mut self, recorded: RecordedRollup) {
        if self.are_too_many {
            return;
        }
        self.kept.push(recorded);
        if self.kept.len() <= EACH_MAX {
            return;
        }
        self.join();
        while self.kept.len() > EACH_MAX / 2 && self.joined_us < JOINED_MAX_US {
            self.joined_us = (self.joined_us * 2).max(10 * LONG_US);
            self.join();
        }
        // Of so many nodes there is no line that fits.
        if self.kept.len() > EACH_MAX / 4 * 3 {
            (self.kept, self.are_too_many) = (Vec::new(), true);
        }
    }

    /// Makes one window of neighbours of a node, as long as may be.
    fn join(&mut self) {
        let mut last: HashMap<Option<String>, usize> = HashMap::new();
        let mut kept: Vec<RecordedRollup> = Vec::new();
        for recorded in std::mem::take(&mut self.kept) {
            let before = last.get(&recorded.node).and_then(|n| kept.get_mut(*n));
            let joined = before.and_then(|before| {
                let rollup = joined(before.rollup.as_ref()?, recorded.rollup.as_ref()?, self.joined_us)?;
                (before.rollup, before.at_us) = (Some(rollup), before.at_us.max(recorded.at_us));
                Some(())
            });
            if joined.is_none() {
                last.insert(recorded.node.clone(), kept.len());
                kept.push(recorded);
            }
        }
        self.kept = kept;
    }
}

/// Both windows as one; `None` where that is too long, or there is a time between them of which nothing is known.
fn joined(before: &Rollup, after: &Rollup, most_us: u64) -> Option<Rollup> {
    let window_us = before.window_us().saturating_add(after.window_us());
    let after_begins_us = after.wall_us().saturating_sub(after.window_us());
    if window_us > most_us || before.wall_us().abs_diff(after_begins_us) >= LONG_US {
        return None;
    }
    Some(Rollup {
        window_us: Some(window_us),
        wall_us: after.wall_us,
        sched: both(before.sched, after.sched),
        mem: both(before.mem, after.mem),
        queue: both(before.queue, after.queue),
        rate: both(before.rate, after.rate),
        ..Rollup::default()
    })
}

/// Of all values that went into either.
fn both(one: Option<Summary>, other: Option<Summary>) -> Option<Summary> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other) };
    let mean = || {
        let (n, m) = (u64::from(a.n?), u64::from(b.n?));
        let total = u64::from(a.mean?) * n + u64::from(b.mean?) * m;
        u32::try_from((total + (n + m) / 2).checked_div(n + m)?).ok()
    };
    Some(Summary {
        min: a.min.zip(b.min).map(|(a, b)| a.min(b)),
        mean: mean(),
        max: a.max.zip(b.max).map(|(a, b)| a.max(b)),
        n: a.n.zip(b.n).map(|(a, b)| a.saturating_add(b)),
    })
}

#[cfg(test)]
mod tests;
