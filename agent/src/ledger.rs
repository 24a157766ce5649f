//! What is kept of each task from tick to tick: its counters, and the windows of what may grow.

use midair_vitals::{Growth, Previous, QueueKind, TaskKind, TaskReading, TaskVitals};

use crate::{numbers::TaskMap, reading::Reading, tick::thread_vitals};

/// The tasks of the last tick.
#[derive(Debug, Default)]
pub struct Ledger {
    tasks: TaskMap<Account>,
    n_ticks: u64,
}

#[derive(Debug, Default)]
struct Account {
    counters: Previous,
    mem: Growth,
    queues: Vec<(QueueKind, Option<u64>)>,
    /// The windows of these queues, in their order.
    windows: Vec<Growth>,
    /// Tick at which the task was last read.
    seen: u64,
}

impl Ledger {
    /// Derives the vitals of all tasks, and hands each its counters at the tick before. Tasks that are gone are forgotten.
    pub fn derive(&mut self, reading: &mut Reading) -> Vec<TaskVitals> {
        self.n_ticks += 1;
        let seen = self.n_ticks;
        let limit_bytes = reading.node.mem_limit_bytes.or(reading.node.mem_total_bytes);
        let mut derive = |task: &mut TaskReading| {
            if task.kind == TaskKind::Thread && task.previous.is_some() {
                // Its source keeps the past of threads itself: most of them never get a row.
                return thread_vitals(task);
            }
            let account = self.tasks.entry(task.id).or_default();
            // A task that a source names twice is one task: the second reading of a tick changes nothing.
            let is_again = account.seen == seen;
            let is_known = account.seen != 0 && !is_again && account.counters.at_us < task.at_us;
            if !is_again {
                account.grow(task);
            }
            let before = is_known.then(|| std::mem::replace(&mut account.counters, task.counters()));
            if account.seen == 0 {
                account.counters = task.counters();
            }
            account.seen = seen;
            let vitals = TaskVitals::derive(before.as_ref(), task, &account.mem, &account.windows, limit_bytes);
            task.previous = before.map(Box::new);
            vitals
        };
        let vitals = reading.tasks.iter_mut().map(&mut derive).collect();
        self.tasks.retain(|_, account| account.seen == seen);
        vitals
    }
}

impl Account {
    /// Moves the windows on; those of queues that are gone are dropped, so that they stand in the order of the reading's.
    fn grow(&mut self, task: &TaskReading) {
        match task.rss_bytes {
            Some(bytes) => self.mem.push(task.at_us, bytes as f64),
            None => self.mem.clear(),
        }
        let queues = task.queues.as_deref().unwrap_or_default();
        if queues.is_empty() && self.queues.is_empty() {
            return;
        }
        let (keys, mut windows) = (std::mem::take(&mut self.queues), std::mem::take(&mut self.windows));
        for queue in queues {
            let key = (queue.kind, queue.number);
            let known = keys.iter().position(|k| *k == key);
            let mut window = known.map(|n| std::mem::take(&mut windows[n])).unwrap_or_default();
            match queue.depth {
                Some(depth) => window.push(task.at_us, depth as f64),
                None => window.clear(),
            }
            self.queues.push(key);
            self.windows.push(window);
        }
    }
}

#[cfg(test)]
mod tests;
