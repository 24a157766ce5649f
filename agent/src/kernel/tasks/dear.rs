//! The dear fields: where a task waits, of what its memory is, how often it was switched. One or two more files per task,
//! so they are read for the tasks of the streams (*hot*) and of close looks alone.
//!
//! A task that has not run since it was looked at waits where it waited, and is not looked at again. Of the hot ones that
//! ran, a few a tick are, first those that are blocked, then those whose look is oldest; the others keep what was seen for
//! ten ticks at most, and a wait channel only while they wait. Counters are never kept: a rate of old ones would be wrong.

use std::sync::Arc;

use midair_vitals::{TaskId, TaskKind, TaskReading, TaskState};

use super::{Sweeper, Tasks};
use crate::{
    kernel::{
        names::Shared,
        stat::parse_stat,
        status::{Status, parse_status},
    },
    numbers::TaskMap,
};

/// Hot tasks looked at again per tick; 10 to 25 us each. Those that wait for a disk or a lock come first.
const LOOKS_PER_TICK: usize = 5;

/// Hot tasks that were never looked at, per tick: a first screen fills in a few.
const FIRST_LOOKS_PER_TICK: usize = 60;

/// Threads of a close look looked at per tick, of those that ran; the busiest come first.
const CHILDREN_PER_TICK: usize = 64;

/// What was seen is shown for so many ticks. Where more run than have their turn in that time, those that were not looked
/// at meanwhile come first again.
const KEEP_TICKS: u64 = 10;

/// What looks have found.
#[derive(Debug, Default)]
pub(super) struct Looks(TaskMap<Box<Dear>>);

/// What a look at a task found.
#[derive(Clone, Debug)]
struct Dear {
    /// What the task had used, and what of memory it had, when it was looked at.
    used: Mark,
    /// The sweep of the look.
    sweep: u64,
    /// The last sweep that asked for it.
    wanted: u64,
    wait_channel: Option<Arc<str>>,
    status: Option<Status>,
    /// What a worker of the kernel works at.
    work: Option<Arc<str>>,
}

/// What changes when a task runs: CPU time, runs, resident memory.
type Mark = (Option<u64>, Option<u64>, Option<u64>);

fn mark(row: &TaskReading) -> Mark {
    (row.cpu_us, row.n_runs, row.rss_bytes)
}

impl Dear {
    /// Whether nothing can have changed since the look.
    fn is_current(&self, row: &TaskReading) -> bool {
        // Without schedstat a short run may leave no trace.
        row.n_runs.is_some() && self.used == mark(row)
    }

    fn show(&self, row: &mut TaskReading, has_switches: bool) {
        let waits = row.state != Some(TaskState::Running);
        row.wait_channel = self.wait_channel.clone().filter(|_| waits);
        if let Some(work) = &self.work {
            row.name = Some(Arc::clone(work));
        }
        let Some(status) = self.status else { return };
        if row.process.is_none() && row.anon_bytes.is_none() {
            row.anon_bytes = status.anon_bytes;
            row.file_bytes = status.file_bytes;
            row.swap_bytes = status.swap_bytes;
        }
        // Of a process the file counts the switches of the first thread alone.
        if has_switches && (row.process.is_some() || row.n_threads == Some(1)) {
            row.n_voluntary = status.n_voluntary;
            row.n_involuntary = status.n_involuntary;
        }
    }
}

impl Looks {
    /// Adds the dear fields to the rows of wanted tasks; those in `close` are looked at in any case.
    fn add(&mut self, sweep: &mut Sweeper<'_>, names: &mut Shared, close: &[TaskId], rows: &mut [TaskReading]) {
        let mut due = Vec::new();
        for (n, row) in rows.iter_mut().enumerate().filter(|(_, row)| sweep.wanted.contains(&row.id)) {
            if close.contains(&row.id) {
                self.look(sweep, names, row, true);
                continue;
            }
            let dear = self.of(row, sweep.number);
            let kept = dear.filter(|dear| dear.sweep + KEEP_TICKS >= sweep.number);
            if let Some(current) = dear.filter(|dear| dear.is_current(row)) {
                current.show(row, false);
            } else {
                let is_blocked = row.state == Some(TaskState::Blocked);
                due.push((kept.map(|dear| dear.sweep), !is_blocked, n));
                kept.inspect(|dear| dear.show(row, false));
            }
        }
        due.sort_unstable_by_key(|(last, is_other, n)| (*is_other, *last, *n));
        let n_first = due.iter().filter(|(last, ..)| last.is_none()).count();
        for (.., n) in due.into_iter().take(n_first.clamp(LOOKS_PER_TICK, FIRST_LOOKS_PER_TICK)) {
            self.look(sweep, names, &mut rows[n], false);
        }
        self.0.retain(|_, dear| dear.wanted + KEEP_TICKS >= sweep.number);
    }

    /// The same for the threads of a close look, the busiest first.
    fn add_children(&mut self, sweep: &mut Sweeper<'_>, names: &mut Shared, rows: &mut [TaskReading]) {
        let mut n_looks = 0;
        for row in rows {
            match self.of(row, sweep.number).filter(|dear| dear.status.is_some()) {
                Some(dear) if dear.is_current(row) => dear.show(row, true),
                _ if n_looks < CHILDREN_PER_TICK => {
                    n_looks += 1;
                    self.look(sweep, names, row, true);
                }
                Some(dear) if dear.sweep + KEEP_TICKS >= sweep.number => dear.show(row, false),
                Some(_) | None => {}
            }
        }
    }

    /// What the last look at the task of a row found.
    fn of(&mut self, row: &TaskReading, sweep: u64) -> Option<&Dear> {
        let dear = self.0.get_mut(&row.id)?;
        dear.wanted = sweep;
        Some(dear)
    }

    fn look(&mut self, sweep: &mut Sweeper<'_>, names: &mut Shared, row: &mut TaskReading, has_switches: bool) {
        let (pid, tid) = (row.process.unwrap_or(row.id.number), row.id.number);
        let folder = if row.process.is_some() { format!("{pid}/task/{tid}") } else { pid.to_string() };
        let wait_channel = sweep.files.read_once(format_args!("{folder}/wchan")).ok();
        let wait_channel = wait_channel.and_then(wait_channel_name).map(|name| names.share(name));
        let is_worker = row.kind == TaskKind::KernelThread && row.name.as_deref().is_some_and(is_worker);
        let work = is_worker.then(|| sweep.files.read_once(format_args!("{folder}/comm")).ok()).flatten();
        let work = work.map(|name| names.share(name.trim_ascii_end()));
        // Of a thread the file tells only the switches, which are for close looks; the kernel's own have no memory.
        let lacks_memory = row.process.is_none() && row.anon_bytes.is_none() && row.kind != TaskKind::KernelThread;
        let status = (lacks_memory || has_switches)
            .then(|| sweep.files.read_once(format_args!("{folder}/status")).map(parse_status).ok())
            .flatten();
        let seen = Dear { used: mark(row), sweep: sweep.number, wanted: sweep.number, wait_channel, status, work };
        seen.show(row, has_switches);
        self.0.insert(row.id, Box::new(seen));
    }
}

impl Tasks {
    /// Adds the dear fields to the rows of wanted tasks; those in `close` are looked at in any case.
    pub(in crate::kernel) fn add_dear(&mut self, sweep: &mut Sweeper<'_>, close: &[TaskId], rows: &mut [TaskReading]) {
        if !self.are_states_new {
            rows.iter_mut().filter(|row| sweep.wanted.contains(&row.id)).for_each(|row| add_state(sweep, row));
        }
        self.looks.add(sweep, &mut self.names, close, rows);
    }

    /// The same for the threads of a close look, the busiest first.
    pub(super) fn add_dear_of_children(&mut self, sweep: &mut Sweeper<'_>, rows: &mut [TaskReading]) {
        if !self.are_states_new {
            rows.iter_mut().for_each(|row| add_state(sweep, row));
        }
        self.looks.add_children(sweep, &mut self.names, rows);
    }
}

/// The state of a thread: that of a process stands in its row already. Read each time, for a thread that was woken and
/// does not get the CPU has not run.
fn add_state(sweep: &mut Sweeper<'_>, row: &mut TaskReading) {
    let Some(pid) = row.process else { return };
    if let Ok(Ok(stat)) = sweep.files.read_once(format_args!("{pid}/task/{}/stat", row.id.number)).map(parse_stat) {
        row.state = stat.state;
    }
}

fn is_worker(name: &str) -> bool {
    name.starts_with("kworker/")
}

/// `0` stands for a task that does not wait, and for one whose wait this user may not see.
fn wait_channel_name(text: &[u8]) -> Option<&[u8]> {
    Some(text.trim_ascii()).filter(|name| !name.is_empty() && *name != b"0")
}
