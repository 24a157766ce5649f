//! Gains: what rows have gained, by column, since their reader was told of them last.

use crate::v1::{Gains, Task};

/// CPU time and run delay are told in steps of so many microseconds where bytes are dear: in gains and in a census.
pub const STEP_US: u64 = 128;

impl Gains {
    /// One row more, the `place`th of those that the reader holds. Places rise. `place` of the one before: `last`.
    pub fn push(&mut self, last: Option<usize>, place: usize, (cpu, run_delay): (i64, i64)) {
        let passed = place - last.map_or(0, |last| last + 1);
        // No stream has as many rows.
        self.passed.push(u32::try_from(passed).unwrap_or(u32::MAX));
        self.cpu.push(cpu);
        self.run_delay.push(run_delay);
    }

    /// Adds them to the rows that are held, in the order of their ids; `at_us` is `Sample.tasks_mono_us`. How many are
    /// meant for rows that are not there.
    pub fn apply<'a>(&self, held: impl IntoIterator<Item = &'a mut Task>, at_us: u64) -> usize {
        let mut held = held.into_iter();
        for (n, passed) in self.passed.iter().enumerate() {
            let Some(row) = usize::try_from(*passed).ok().and_then(|passed| held.nth(passed)) else {
                return self.passed.len() - n;
            };
            let by = |column: &[i64]| column.get(n).copied().unwrap_or(0);
            row.cpu_us = gained(row.cpu_us, by(&self.cpu));
            row.run_delay_us = gained(row.run_delay_us, by(&self.run_delay));
            row.mono_us = Some(at_us);
        }
        0
    }
}

/// By how many steps a counter has changed; `None` where steps do not say it.
pub fn steps(then: Option<u64>, now: Option<u64>) -> Option<i64> {
    match (then, now) {
        (Some(then), Some(now)) => {
            let by = i64::try_from(i128::from(now) - i128::from(then)).ok()?;
            let step = STEP_US.cast_signed();
            (by % step == 0).then_some(by / step)
        }
        (None, None) => Some(0),
        (Some(_), None) | (None, Some(_)) => None,
    }
}

fn gained(then: Option<u64>, steps: i64) -> Option<u64> {
    Some(then?.saturating_add_signed(steps.saturating_mul(STEP_US.cast_signed())))
}
