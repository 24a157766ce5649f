//! One tick: a reading with all that was derived from it.

use midair_vitals::{Growth, TaskId, TaskKind, TaskReading, TaskVitals};

use crate::{
    numbers::TaskMap,
    reading::{Reading, ThreadReading},
};

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
    /// The ids of the rows that stand first, in rising order; none is a thread.
    ordered: Vec<TaskId>,
    /// Where the others stand in the reading.
    places: TaskMap<usize>,
    /// How many tasks the kernel has, threads without a row of their own included.
    pub n_tasks: usize,
}

impl Tick {
    /// A reading with the vitals of its tasks; when and which tick it is are left to be filled in.
    pub fn new(reading: Reading, vitals: Vec<TaskVitals>) -> Self {
        let mut last = None;
        let in_order = |task: &&TaskReading| task.kind != TaskKind::Thread && last.replace(task.id) < Some(task.id);
        let mut ordered = Vec::with_capacity(reading.tasks.len());
        ordered.extend(reading.tasks.iter().take_while(in_order).map(|task| task.id));
        let places = reading.tasks.iter().enumerate().skip(ordered.len()).map(|(n, task)| (task.id, n)).collect();
        let is_counted = |task: &&TaskReading| {
            let is_os = task.id.runtime == 0;
            is_os && (task.kind != TaskKind::Thread || reading.threads.find(task.id).is_none())
        };
        let n_tasks = reading.tasks.iter().filter(is_counted).count() + reading.threads.rows().count();
        Self { reading, vitals, places, ordered, n_tasks, ..Self::default() }
    }

    /// Where the row of a task stands in the reading.
    pub fn place(&self, id: &TaskId) -> Option<usize> {
        // Sources deliver their tasks in order: a map of thousands need not be made at each tick.
        self.places.get(id).copied().or_else(|| self.ordered.binary_search(id).ok())
    }

    /// A task and its vitals, where it has a row.
    pub fn task(&self, id: &TaskId) -> Option<(&TaskReading, &TaskVitals)> {
        let n = self.place(id)?;
        Some((self.reading.tasks.get(n)?, self.vitals.get(n)?))
    }

    /// All tasks that have a row, with their vitals.
    pub fn tasks(&self) -> impl Iterator<Item = (&TaskReading, &TaskVitals)> {
        self.reading.tasks.iter().zip(&self.vitals)
    }

    /// The threads that have no row yet and may be given one.
    pub fn threads(&self) -> impl Iterator<Item = &ThreadReading> {
        self.reading.threads.rows().filter(|thread| !self.places.contains_key(&thread.id()))
    }

    /// Whether a task runs, with or without a row.
    pub fn is_alive(&self, id: &TaskId) -> bool {
        if id.runtime != 0 {
            let is_there = || self.is_watched(*id) && !self.reading.ended.contains(id);
            return self.place(id).is_some() || self.reading.is_beam_off() || is_there();
        }
        self.place(id).is_some() || self.reading.threads.find(*id).is_some()
    }

    /// Whether the runtime of a task is there, and so could tell whether it has ended.
    pub fn is_watched(&self, id: TaskId) -> bool {
        self.reading.runtimes.iter().any(|runtime| runtime.id == id.runtime)
    }

    /// The row that a thread would have.
    pub fn row(&self, thread: &ThreadReading) -> TaskReading {
        thread.row(self.task(&thread.process_id()).map(|(process, _)| process))
    }

    /// Gives threads rows of their own; those that have one keep it, and those that have ended get none.
    pub fn give_rows(&mut self, ids: impl IntoIterator<Item = TaskId>) {
        for id in ids {
            let thread = self.reading.threads.find(id).filter(|thread| !thread.is_first());
            let Some(thread) = thread.filter(|_| self.place(&id).is_none()) else { continue };
            let row = self.row(thread);
            self.places.insert(id, self.reading.tasks.len());
            self.vitals.push(thread_vitals(&row));
            self.reading.tasks.push(row);
        }
    }
}

/// The vitals of a thread, whose row carries its past itself: it has neither memory nor queues of its own.
pub fn thread_vitals(row: &TaskReading) -> TaskVitals {
    TaskVitals::derive(row.previous.as_deref(), row, &Growth::default(), &[], None)
}

#[cfg(test)]
mod tests;
