//! Censuses: all processes, or all threads, that a black box counted; put together from their parts.

use midair_proto::v1;
use midair_vitals::TaskReading;

use super::{Context, ROWS_MAX, names::Names, task};
use crate::event::{CENSUS_ID, Rows, THREADS_ID};

/// Most rows of one census that are kept; the rest is counted in its total.
const TASKS_MAX: usize = 32_768;

/// Most rows of one part of a census.
pub(crate) const PART_ROWS_MAX: usize = ROWS_MAX * 4;

/// A census of which not all parts have come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Census {
    /// The reading that it is of: two parts of one moment belong together.
    mono_us: u64,
    threads: bool,
    n_parts: u32,
    tasks: Vec<TaskReading>,
}

impl Census {
    /// Takes a part; the whole with the last of them. Parts come in order: one that does not begins or ends nothing.
    pub(super) fn part(&mut self, context: &Context, mut sent: v1::Census) -> Result<Option<Rows>, &'static str> {
        if sent.n_rows() > PART_ROWS_MAX {
            return Err("a part of a census beyond any bound");
        }
        sent.unfold();
        let (mono_us, threads) = (sent.mono_us.unwrap_or(context.mono_us), sent.threads.unwrap_or(false));
        let (part, n_all) = (sent.part.unwrap_or(0), sent.n_parts.unwrap_or(1));
        if part == 0 {
            *self = Self { mono_us, threads, ..Self::default() };
        } else if (self.mono_us, self.threads, self.n_parts) != (mono_us, threads, part) {
            // Its beginning was not told: it was before the range.
            *self = Self::default();
            return Ok(None);
        }
        self.n_parts = part.saturating_add(1);
        let names = Names::of(sent.names);
        self.tasks.extend(task::readings(sent.tasks, &names, mono_us));
        self.tasks.truncate(TASKS_MAX);
        if self.n_parts < n_all {
            return Ok(None);
        }
        let tasks = std::mem::take(&mut self.tasks);
        *self = Self::default();
        Ok(Some(Rows {
            node: context.node.clone(),
            epoch: context.epoch,
            id: if threads { THREADS_ID } else { CENSUS_ID },
            mono_us,
            total: sent.total.unwrap_or(tasks.len() as u64),
            tasks,
        }))
    }
}

#[cfg(test)]
mod tests;
