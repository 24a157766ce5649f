//! A close look at one task: its queues one by one and its threads or children.

use midair_vitals::{TaskId, TaskReading};

use super::task::{Keep, Task};
use crate::event::{Details, Stamp};

/// What the answers to one focus have told.
#[derive(Clone, Debug, PartialEq)]
pub struct Focus {
    /// The task with all its queues; the last that was known when it has ended.
    pub task: Task,
    /// True once the task has ended.
    pub has_ended: bool,
    /// How many queues it has, listed or not.
    pub n_queues: Option<u32>,
    /// Its threads or children.
    pub children: Vec<Task>,
    /// How many of them there are, listed or not.
    pub n_children: Option<u32>,
    /// When the newest answer arrived.
    pub at: Stamp,
    /// The agent's monotonic time of the newest answer, microseconds.
    pub mono_us: u64,
}

impl Focus {
    /// Folds an answer into what was known. `row` is what the tables know of the task: its chart goes on from there.
    pub(super) fn fold(
        known: Option<Self>,
        details: &Details,
        at: Stamp,
        limit_bytes: Option<u64>,
        row: impl FnOnce(TaskId) -> Option<Task>,
    ) -> Option<Self> {
        let Some(reading) = &details.task else {
            return known.map(|focus| Self { has_ended: true, at, mono_us: details.mono_us, ..focus });
        };
        let (mut before, mut task) = match known {
            Some(focus) if focus.task.id() == reading.id => (focus.children, Some(focus.task)),
            Some(_) | None => (Vec::new(), None),
        };
        if task.is_none() {
            task = row(reading.id);
        }
        let task = match task {
            Some(mut task) => {
                task.absorb(reading, at, limit_bytes, Keep::Long);
                task
            }
            None => Task::new(reading, at, limit_bytes, Keep::Long),
        };
        let mut child = |reading: &TaskReading| match before.iter().position(|c| c.id() == reading.id) {
            Some(n) => {
                let mut child = before.swap_remove(n);
                child.absorb(reading, at, limit_bytes, Keep::Short);
                child
            }
            None => Task::new(reading, at, limit_bytes, Keep::Short),
        };
        let children = details.children.iter().map(&mut child).collect();
        let (n_queues, n_children) = (details.n_queues, details.n_children);
        Some(Self { task, has_ended: false, n_queues, children, n_children, at, mono_us: details.mono_us })
    }
}
