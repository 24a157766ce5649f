//! One tick: a reading with all that was derived from it.

use std::collections::HashMap;

use midair_vitals::{TaskId, TaskReading, TaskVitals};

use crate::reading::Reading;

/// A reading with all that was derived from it; tables, focuses and streams are answered from the last one.
#[derive(Clone, Debug, Default)]
pub struct Tick {
    /// Its number, from 1.
    pub number: u64,
    /// `CLOCK_MONOTONIC` when it was made, microseconds.
    pub mono_us: u64,
    /// Microseconds since 1970 when it was made.
    pub wall_us: u64,
    /// The reading. Each task carries its counters at the tick before, where there are any.
    pub reading: Reading,
    /// Vitals of the tasks, in the order of the reading's.
    pub vitals: Vec<TaskVitals>,
    /// Where a task stands in the reading.
    pub index: HashMap<TaskId, usize>,
}

impl Tick {
    /// A task and its vitals.
    pub fn task(&self, id: &TaskId) -> Option<(&TaskReading, &TaskVitals)> {
        let n = *self.index.get(id)?;
        Some((self.reading.tasks.get(n)?, self.vitals.get(n)?))
    }

    /// All tasks with their vitals.
    pub fn tasks(&self) -> impl Iterator<Item = (&TaskReading, &TaskVitals)> {
        self.reading.tasks.iter().zip(&self.vitals)
    }
}
