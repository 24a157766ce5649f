//! `/proc/PID/stat` and `schedstat`: what a task is, and what it used.

use midair_vitals::TaskState;

use super::text::{number, words};
use crate::reading::Comm;

/// Why a line of the kernel's could not be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The short name is not in parentheses.
    #[error("no name in parentheses")]
    NoName,
    /// A field is absent or no number.
    #[error("field {0} is absent or no number")]
    Field(u8),
}

/// The fields of `/proc/PID/stat` (proc(5)) that midair reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Short name, field 2.
    pub comm: Comm,
    /// What it is doing, field 3; `None` for a letter that this program does not know.
    pub state: Option<TaskState>,
    /// Parent process, field 4.
    pub parent: u64,
    /// Whether it is a thread of the kernel: `PF_KTHREAD` of field 9.
    pub is_kernel_thread: bool,
    /// CPU time in user mode, field 14, in clock ticks; of a process with the threads that have ended.
    pub user_ticks: u64,
    /// CPU time in the kernel, field 15, in clock ticks.
    pub system_ticks: u64,
    /// Threads, field 20.
    pub n_threads: u32,
    /// Start since boot in clock ticks, field 22.
    pub start: u64,
    /// Resident pages, field 24.
    pub rss_pages: u64,
    /// The CPU that it is on or ran on last, field 39.
    pub cpu: Option<u16>,
}

impl Stat {
    /// CPU time in nanoseconds, where a clock tick has so many.
    pub fn cpu_ns(&self, tick_ns: u64) -> u64 {
        (self.user_ticks + self.system_ticks) * tick_ns
    }
}

/// `PF_KTHREAD`, include/linux/sched.h.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Reads a line of `/proc/PID/stat` or `/proc/PID/task/TID/stat`.
pub fn parse_stat(line: &[u8]) -> Result<Stat, ParseError> {
    // The name may itself hold parentheses, spaces and newlines: it ends at the last parenthesis.
    let open = line.iter().position(|b| *b == b'(').ok_or(ParseError::NoName)?;
    let close = line.iter().rposition(|b| *b == b')').filter(|close| *close > open).ok_or(ParseError::NoName)?;
    let mut fields = words(&line[close + 1..]);
    let state = fields.next().ok_or(ParseError::Field(3))?;
    let mut at = 3u8;
    let mut field = |wanted: u8| {
        let word = fields.nth(usize::from(wanted - at - 1));
        at = wanted;
        word.and_then(number).ok_or(ParseError::Field(wanted))
    };
    let parent = field(4)?;
    let is_kernel_thread = field(9)? & KERNEL_THREAD != 0;
    Ok(Stat {
        comm: Comm::new(bare(&line[open + 1..close], is_kernel_thread)),
        state: state.first().and_then(|letter| task_state(*letter)),
        parent,
        is_kernel_thread,
        user_ticks: field(14)?,
        system_ticks: field(15)?,
        n_threads: field(20)?.try_into().map_err(|_| ParseError::Field(20))?,
        start: field(22)?,
        rss_pages: field(24)?,
        cpu: field(39).ok().and_then(|cpu| cpu.try_into().ok()),
    })
}

/// The name of a worker of the kernel without what it works at, `kworker/0:1-events`, which the kernel adds to these
/// files alone (`wq_worker_comm`, kernel/workqueue.c). `kworker/R-` starts the whole name of a rescuer.
fn bare(comm: &[u8], is_kernel_thread: bool) -> &[u8] {
    if !is_kernel_thread || !comm.starts_with(b"kworker/") || comm.starts_with(b"kworker/R-") {
        return comm;
    }
    let end = comm.iter().position(|b| matches!(b, b'-' | b'+')).unwrap_or(comm.len());
    &comm[..end]
}

/// What a letter of the kernel's stands for (proc(5)); `None` for one that this program does not know.
pub(super) fn task_state(letter: u8) -> Option<TaskState> {
    match letter {
        b'R' => Some(TaskState::Running),
        b'S' => Some(TaskState::Sleeping),
        b'D' => Some(TaskState::Blocked),
        b'T' | b't' => Some(TaskState::Stopped),
        b'Z' | b'X' | b'x' => Some(TaskState::Zombie),
        b'I' => Some(TaskState::Idle),
        _ => None,
    }
}

/// What one thread used over its life: `/proc/PID/schedstat`, three numbers, times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SchedStat {
    /// Time on a CPU.
    pub cpu_ns: u64,
    /// Time runnable but waiting for a CPU.
    pub run_delay_ns: u64,
    /// Times it was put on a CPU.
    pub n_runs: u64,
}

impl SchedStat {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    /// What is left of this without the other; never below zero.
    pub fn minus(self, other: Self) -> Self {
        self.each(other, u64::saturating_sub)
    }

    /// The larger of each of the three.
    pub fn max(self, other: Self) -> Self {
        self.each(other, u64::max)
    }

    /// The smaller of each of the three.
    pub fn min(self, other: Self) -> Self {
        self.each(other, u64::min)
    }

    fn each(self, other: Self, of: fn(u64, u64) -> u64) -> Self {
        Self {
            cpu_ns: of(self.cpu_ns, other.cpu_ns),
            run_delay_ns: of(self.run_delay_ns, other.run_delay_ns),
            n_runs: of(self.n_runs, other.n_runs),
        }
    }
}

/// Reads a line of `schedstat`.
pub fn parse_schedstat(line: &[u8]) -> Result<SchedStat, ParseError> {
    let mut fields = words(line);
    let mut field = |n: u8| fields.next().and_then(number).ok_or(ParseError::Field(n));
    Ok(SchedStat { cpu_ns: field(1)?, run_delay_ns: field(2)?, n_runs: field(3)? })
}

#[cfg(test)]
mod tests;
