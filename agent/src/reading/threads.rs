//! Threads in few bytes each: a host has ten times as many of them as processes, most rest, and few are ever shown.

use std::{fmt, sync::Arc};

use midair_vitals::{Previous, TaskId, TaskKind, TaskReading, TaskState};

use crate::secrets;

/// All threads of a reading. A copy costs nothing: source and desk share what was read.
///
/// INVARIANT: in rising order of number, each number once.
#[derive(Clone, Debug, Default)]
pub struct Threads(Arc<Vec<ThreadReading>>);

/// One thread as it was read; the first thread of a process is among them, though its row is that of its process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThreadReading {
    /// Its tid.
    pub number: u32,
    /// The number of its process.
    pub process: u32,
    /// Its start since boot in clock ticks.
    pub start: u64,
    /// The start of its process: with its number, that is the identity.
    pub process_start: u64,
    /// Short name, as the kernel keeps it.
    pub comm: Comm,
    /// What it was doing when that was last looked at.
    pub state: Option<TaskState>,
    /// Whether run delay and runs are known.
    pub knows_delay: bool,
    /// Whether it waits for a CPU at this moment.
    pub is_queued: bool,
    /// The CPU that it is on, queued at, or ran on last.
    pub cpu: Option<u16>,
    /// What it used, at its last reading.
    pub now: Used,
    /// The same at the reading before; `None` at the first.
    pub before: Option<Used>,
    /// How long it has waited for a CPU now, nanoseconds; part of the run delay already.
    pub waiting_ns: u64,
}

/// What a thread used over its life, as of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// The moment: `CLOCK_MONOTONIC`, microseconds.
    pub at_us: u64,
    /// Time on a CPU, nanoseconds.
    pub cpu_ns: u64,
    /// Time runnable but waiting for a CPU, nanoseconds.
    pub run_delay_ns: u64,
    /// Times it was put on a CPU.
    pub n_runs: u64,
}

/// A task's short name as the kernel keeps it (`TASK_COMM_LEN`, include/linux/sched.h): any bytes but NUL, at most 15.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Comm([u8; 16]);

impl Threads {
    /// Threads in rising order of number; what stands out of order is not found again.
    pub fn new(threads: Arc<Vec<ThreadReading>>) -> Self {
        debug_assert!(threads.is_sorted_by(|a, b| a.number < b.number), "in rising order of number");
        Self(threads)
    }

    /// All of them, in order of number.
    pub fn iter(&self) -> std::slice::Iter<'_, ThreadReading> {
        self.0.iter()
    }

    /// All of them at once.
    pub fn as_slice(&self) -> &[ThreadReading] {
        &self.0
    }

    /// How many there are, first ones included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The thread of this identity.
    pub fn find(&self, id: TaskId) -> Option<&ThreadReading> {
        let number = u32::try_from(id.number).ok().filter(|_| id.runtime == 0)?;
        let n = self.0.binary_search_by_key(&number, |thread| thread.number).ok()?;
        Some(&self.0[n]).filter(|thread| thread.start == id.start)
    }

    /// The threads of a process, its first one included.
    pub fn of(&self, process: TaskId) -> impl Iterator<Item = &ThreadReading> {
        self.0.iter().filter(move |thread| thread.process_id() == process)
    }

    /// The threads that have rows of their own: all but the first of each process.
    pub fn rows(&self) -> impl Iterator<Item = &ThreadReading> {
        self.0.iter().filter(|thread| !thread.is_first())
    }

    /// What is behind it, to be used again once nobody else holds it.
    #[cfg(target_os = "linux")]
    pub(crate) fn into_inner(self) -> Arc<Vec<ThreadReading>> {
        self.0
    }
}

impl ThreadReading {
    /// Its identity.
    pub fn id(&self) -> TaskId {
        TaskId { runtime: 0, number: u64::from(self.number), start: self.start }
    }

    /// The identity of its process.
    pub fn process_id(&self) -> TaskId {
        TaskId { runtime: 0, number: u64::from(self.process), start: self.process_start }
    }

    /// Whether it is the first of its process, whose row stands for both.
    pub fn is_first(&self) -> bool {
        self.number == self.process
    }

    /// What it used between its last two readings, and how long that was, microseconds.
    pub fn gained(&self) -> Option<(Used, u64)> {
        let before = self.before?;
        let gained = Used {
            at_us: self.now.at_us,
            cpu_ns: self.now.cpu_ns.saturating_sub(before.cpu_ns),
            run_delay_ns: self.now.run_delay_ns.saturating_sub(before.run_delay_ns),
            n_runs: self.now.n_runs.saturating_sub(before.n_runs),
        };
        Some((gained, self.now.at_us.checked_sub(before.at_us)?))
    }

    /// Its short name, as it may be shown.
    pub fn name(&self) -> Arc<str> {
        self.comm.shown()
    }

    /// Its row, with the names of its process.
    pub fn row(&self, process: Option<&TaskReading>) -> TaskReading {
        let mut row = self.counters();
        row.name = Some(self.name());
        if let Some(process) = process {
            row.command.clone_from(&process.command);
            row.user.clone_from(&process.user);
            row.cgroup.clone_from(&process.cgroup);
            row.unit.clone_from(&process.unit);
            row.netns = process.netns;
        }
        row
    }

    /// Its row without names: what it is ranked by.
    pub fn counters(&self) -> TaskReading {
        let mut row = TaskReading::unknown(self.id(), TaskKind::Thread, self.now.at_us);
        row.process = Some(u64::from(self.process));
        row.state = self.state;
        row.cpu_us = Some(self.now.cpu_ns / 1000);
        row.run_delay_us = self.knows_delay.then_some(self.now.run_delay_ns / 1000);
        row.n_runs = self.knows_delay.then_some(self.now.n_runs);
        row.waiting_us = Some(self.waiting_ns / 1000).filter(|us| *us > 0);
        row.previous = self.before.map(|before| {
            Box::new(Previous {
                at_us: before.at_us,
                cpu_us: Some(before.cpu_ns / 1000),
                run_delay_us: self.knows_delay.then_some(before.run_delay_ns / 1000),
                n_runs: self.knows_delay.then_some(before.n_runs),
                ..Previous::default()
            })
        });
        row
    }
}

impl Comm {
    /// The first 15 bytes of a name, up to a NUL.
    pub fn new(name: &[u8]) -> Self {
        let len = name.iter().position(|b| *b == 0).unwrap_or(name.len()).min(15);
        let mut bytes = [0; 16];
        bytes[..len].copy_from_slice(&name[..len]);
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0[..self.0.iter().position(|b| *b == 0).unwrap_or(15)]
    }

    /// As text; what is no UTF-8 becomes U+FFFD. Control characters stay: the screen makes them visible.
    pub fn text(&self) -> Arc<str> {
        String::from_utf8_lossy(self.bytes()).into()
    }

    /// As it may be shown: without a secret that it names.
    pub fn shown(&self) -> Arc<str> {
        secrets::short_name(&String::from_utf8_lossy(self.bytes())).into()
    }
}

impl fmt::Debug for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self.bytes()), f)
    }
}

#[cfg(test)]
mod tests;
