//! What is kept of each task from tick to tick: its counters, and the windows of what may grow.

use std::sync::Arc;

use midair_vitals::{Growth, Movement, Previous, Queue, QueueKind, TaskKind, TaskReading, TaskVitals};

use crate::{numbers::TaskMap, reading::Reading, tick::thread_vitals};

/// The tasks of the last tick.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Boxed: half of a map's places are empty.
    tasks: TaskMap<Box<Account>>,
    n_ticks: u64,
    /// Counters of rows that nobody needs any more: each tick takes as many as the one before gives back.
    #[expect(clippy::vec_box, reason = "rows hold them boxed: a box goes from row to row, and none is made anew")]
    spare: Vec<Box<Previous>>,
}

#[derive(Debug, Default)]
struct Account {
    counters: Previous,
    mem: Growth,
    binaries: Growth,
    queues: Vec<(QueueKind, Option<u64>)>,
    /// The windows of these queues, in their order.
    windows: Vec<Growth>,
    /// What was derived of queues and flows, where as much follows as long as they stay what they are. The windows rest
    /// until then.
    at_rest: Option<Movement>,
    /// Tick at which the task was last read.
    seen: u64,
}

impl Ledger {
    /// Derives the vitals of all tasks, and hands each its counters at the tick before. Tasks that are gone are forgotten.
    pub fn derive(&mut self, reading: &mut Reading) -> Vec<TaskVitals> {
        self.n_ticks += 1;
        let seen = self.n_ticks;
        let limit_bytes = reading.node.mem_limit_bytes.or(reading.node.mem_total_bytes);
        let spare = &mut self.spare;
        let mut derive = |task: &mut TaskReading| {
            if task.kind == TaskKind::Thread && task.previous.is_some() {
                // Its source keeps the past of threads itself: most of them never get a row.
                return thread_vitals(task);
            }
            let account = self.tasks.entry(task.id).or_default();
            // A task that a source names twice is one task: the second reading of a tick changes nothing.
            let is_again = account.seen == seen;
            let is_known = account.seen != 0 && !is_again && account.counters.at_us < task.at_us;
            let is_new = account.seen == 0;
            account.seen = seen;
            let is_same = is_known && account.moved_nothing(task);
            // A row that enters may bring its past from its source.
            let past = task.previous.take().filter(|past| is_new && past.at_us < task.at_us);
            if let Some(past) = &past {
                account.grow(past.at_us, [past.rss_bytes, past.binary_bytes], &past.queues, false);
            }
            if !is_again {
                account.grow(task.at_us, [task.rss_bytes, task.binary_bytes], task.queues(), is_same);
            }
            let before = is_known.then(|| {
                let mut before = spare.pop().unwrap_or_default();
                *before = std::mem::replace(&mut account.counters, task.counters());
                before
            });
            if is_new {
                account.counters = task.counters();
            }
            let before = before.or(past);
            let movement = account.movement(before.as_deref(), task, is_same);
            task.previous = before;
            let vitals = TaskVitals::with(movement, task.previous.as_deref(), task, &account.mem, limit_bytes);
            TaskVitals { binary_growth: account.binaries.per_second(), ..vitals }
        };
        // Threads are given rows later: with room for these.
        let mut vitals = Vec::with_capacity(reading.tasks.len() + 64);
        vitals.extend(reading.tasks.iter_mut().map(&mut derive));
        self.tasks.retain(|_, account| account.seen == seen);
        self.spare.truncate(self.tasks.len() / 4);
        vitals
    }

    /// Takes the rows of a tick that is over: the next ones need the same room.
    pub fn take_back(&mut self, rows: Vec<TaskReading>) {
        self.spare.extend(rows.into_iter().filter_map(|row| row.previous));
    }
}

impl Account {
    /// Whether queues and flows are those of the reading before, so that nothing moved.
    fn moved_nothing(&self, task: &TaskReading) -> bool {
        fn is_same<T>(before: &Arc<[T]>, now: Option<&Arc<[T]>>) -> bool {
            now.map_or(before.is_empty(), |now| Arc::ptr_eq(before, now))
        }
        is_same(&self.counters.queues, task.queues.as_ref()) && is_same(&self.counters.flows, task.flows.as_ref())
    }

    /// What follows from the queues and flows of a reading.
    fn movement(&mut self, before: Option<&Previous>, task: &TaskReading, is_same: bool) -> Movement {
        if let Some(movement) = self.at_rest.as_ref().filter(|_| is_same) {
            return movement.clone();
        }
        let movement = Movement::derive(before, task, &self.windows);
        // A queue whose depth is not known has no window that could move.
        let mut queues = task.queues().iter().zip(&self.windows);
        let is_still = queues.all(|(queue, window)| queue.depth.is_none() || window.is_flat());
        self.at_rest = (is_same && is_still).then(|| movement.clone());
        movement
    }

    /// Moves the windows on; those of queues that are gone are dropped, so that they stand in the order of the reading's.
    /// `levels` are memory and binaries.
    fn grow(&mut self, at_us: u64, levels: [Option<u64>; 2], queues: &[Queue], is_same: bool) {
        for (window, level) in [&mut self.mem, &mut self.binaries].into_iter().zip(levels) {
            match level {
                Some(bytes) => window.push(at_us, bytes as f64),
                None => window.clear(),
            }
        }
        if self.at_rest.is_some() {
            if is_same {
                return;
            }
            self.at_rest = None;
            self.windows.iter_mut().for_each(|window| window.stay(self.counters.at_us));
        }
        if queues.is_empty() && self.queues.is_empty() {
            return;
        }
        let (keys, mut windows) = (std::mem::take(&mut self.queues), std::mem::take(&mut self.windows));
        for queue in queues {
            let key = (queue.kind, queue.number);
            let known = keys.iter().position(|k| *k == key);
            let mut window = known.map(|n| std::mem::take(&mut windows[n])).unwrap_or_default();
            match queue.depth {
                Some(depth) => window.push(at_us, depth as f64),
                None => window.clear(),
            }
            self.queues.push(key);
            self.windows.push(window);
        }
    }
}

#[cfg(test)]
mod tests;
