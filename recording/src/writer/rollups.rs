//! The rollups that an index lists: bounded, the finer ones go first.

use midair_proto::v1::{RecordedRollup, Rollup};

/// Most rollups of each length in an index: those over 5 min of 100 nodes for a day fit.
const EACH_MAX: usize = 32_768;

/// From which length on a window is a long one: of those that there are, 10 s and 5 min, the second.
const LONG_US: u64 = 60_000_000;

/// What is listed of them.
#[derive(Debug, Default)]
pub(super) struct Rollups {
    short: Few,
    long: Few,
}

#[derive(Debug, Default)]
struct Few {
    kept: Vec<RecordedRollup>,
    are_too_many: bool,
}

impl Rollups {
    /// Takes one; what an index does not need of it is left out.
    pub(super) fn push(&mut self, mut recorded: RecordedRollup) {
        let Some(rollup) = &mut recorded.rollup else { return };
        let Rollup { vms, tasks, .. } = rollup;
        (*vms, *tasks) = (Vec::new(), Vec::new());
        let few = if rollup.window_us() < LONG_US { &mut self.short } else { &mut self.long };
        few.push(recorded);
    }

    /// All of them, in order.
    pub(super) fn listed(self) -> Vec<RecordedRollup> {
        let mut all = self.long.kept;
        all.extend(self.short.kept);
        all.sort_by_key(RecordedRollup::at_us);
        all
    }
}

impl Few {
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

#[cfg(test)]
mod tests;
