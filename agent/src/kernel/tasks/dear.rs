//! The dear fields: where a task waits, of what its memory is, how often it was switched. Two more files per task, so
//! they are read for the tasks of the streams (*hot*) and of close looks alone.
//!
//! A task that has not run since it was looked at waits where it waited, and is not looked at again. Of the hot ones that
//! ran, a few a tick are, those whose look is oldest first; the others keep what was seen for ten ticks at most, and a
//! wait channel only while they wait. Counters are never kept: a rate of old ones would be wrong.

use std::sync::Arc;

use midair_vitals::{TaskId, TaskReading, TaskState};

use super::{Sweeper, Tasks};
use crate::kernel::{
    stat::{SchedStat, parse_stat},
    status::{Status, parse_status},
};

/// Hot tasks looked at again per tick; about 25 us each.
const LOOKS_PER_TICK: usize = 20;

/// Hot tasks that were never looked at, per tick: a first screen fills in a few.
const FIRST_LOOKS_PER_TICK: usize = 60;

/// Threads of a close look looked at per tick, of those that ran; the busiest come first.
const CHILDREN_PER_TICK: usize = 64;

/// What was seen is shown for so many ticks.
const KEEP_TICKS: u64 = 10;

/// What a look at a task found.
#[derive(Clone, Debug)]
pub(super) struct Dear {
    /// What the task had used, and what of memory it had, when it was looked at.
    used: SchedStat,
    rss_bytes: Option<u64>,
    /// The sweep of the look.
    sweep: u64,
    wait_channel: Option<Arc<str>>,
    status: Option<Status>,
}

impl Dear {
    /// Whether nothing can have changed since the look.
    fn is_current(&self, used: &SchedStat, row: &TaskReading) -> bool {
        // Without schedstat a short run may leave no trace.
        row.n_runs.is_some() && self.used == *used && self.rss_bytes == row.rss_bytes
    }

    fn show(&self, row: &mut TaskReading, has_switches: bool) {
        let waits = row.state != Some(TaskState::Running);
        row.wait_channel = self.wait_channel.clone().filter(|_| waits);
        let Some(status) = self.status else { return };
        if row.process.is_none() {
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

impl Tasks {
    /// Adds the dear fields to the rows of wanted tasks; those in `close` are looked at in any case.
    pub(in crate::kernel) fn add_dear(&mut self, sweep: &mut Sweeper<'_>, close: &[TaskId], rows: &mut [TaskReading]) {
        let mut due = Vec::new();
        for (n, row) in rows.iter_mut().enumerate().filter(|(_, row)| sweep.wanted.contains(&row.id)) {
            add_state(sweep, row);
            if close.contains(&row.id) {
                self.look(sweep, row, true);
                continue;
            }
            let Some((used, dear)) = self.dear(row) else { continue };
            let kept = dear.as_deref().filter(|dear| dear.sweep + KEEP_TICKS >= sweep.number);
            if let Some(current) = dear.as_deref().filter(|dear| dear.is_current(&used, row)) {
                current.show(row, false);
            } else {
                due.push((kept.map(|dear| dear.sweep), n));
                kept.inspect(|dear| dear.show(row, false));
            }
        }
        due.sort_unstable();
        let n_first = due.iter().filter(|(last, _)| last.is_none()).count();
        for (_, n) in due.into_iter().take(n_first.clamp(LOOKS_PER_TICK, FIRST_LOOKS_PER_TICK)) {
            self.look(sweep, &mut rows[n], false);
        }
    }

    /// The same for the threads of a close look, the busiest first.
    pub(super) fn add_dear_of_children(&mut self, sweep: &mut Sweeper<'_>, rows: &mut [TaskReading]) {
        let mut n_looks = 0;
        for row in rows {
            add_state(sweep, row);
            let Some((used, dear)) = self.dear(row) else { continue };
            match dear.as_deref().filter(|dear| dear.status.is_some()) {
                Some(dear) if dear.is_current(&used, row) => dear.show(row, true),
                _ if n_looks < CHILDREN_PER_TICK => {
                    n_looks += 1;
                    self.look(sweep, row, true);
                }
                Some(dear) if dear.sweep + KEEP_TICKS >= sweep.number => dear.show(row, false),
                Some(_) | None => {}
            }
        }
    }

    /// What the task of a row used, and what the last look at it found.
    fn dear(&mut self, row: &TaskReading) -> Option<(SchedStat, &mut Option<Box<Dear>>)> {
        let number = u32::try_from(row.id.number).ok()?;
        match row.process {
            Some(_) => self.threads.get_mut(&number).map(|thread| (thread.used, &mut thread.dear)),
            None => self.processes.get_mut(&number).map(|process| (process.used, &mut process.dear)),
        }
    }

    fn look(&mut self, sweep: &mut Sweeper<'_>, row: &mut TaskReading, has_switches: bool) {
        let (pid, tid) = (row.process.unwrap_or(row.id.number), row.id.number);
        let folder = if row.process.is_some() { format!("{pid}/task/{tid}") } else { pid.to_string() };
        let wait_channel = sweep.files.read_once(format_args!("{folder}/wchan")).ok();
        let wait_channel = wait_channel.and_then(wait_channel_name).map(|name| self.names.share(name));
        // Of a thread the file tells only the switches, which are for close looks.
        let status = (row.process.is_none() || has_switches)
            .then(|| sweep.files.read_once(format_args!("{folder}/status")).map(parse_status).ok())
            .flatten();
        let Some((used, dear)) = self.dear(row) else { return };
        let seen = Dear { used, rss_bytes: row.rss_bytes, sweep: sweep.number, wait_channel, status };
        seen.show(row, has_switches);
        *dear = Some(Box::new(seen));
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

/// `0` stands for a task that does not wait, and for one whose wait this user may not see.
fn wait_channel_name(text: &[u8]) -> Option<&[u8]> {
    Some(text.trim_ascii()).filter(|name| !name.is_empty() && *name != b"0")
}
