//! `/proc/PID/stat` and `schedstat`: what a task is, and what it used.

use std::{fmt, sync::Arc};

use midair_vitals::TaskState;

use super::text::{number, words};

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

/// A task's short name as the kernel keeps it: any bytes but NUL, at most 64 of them (kernel workers have the longest).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Comm {
    // INVARIANT: at most the length of `bytes`; what follows is zero.
    len: u8,
    bytes: [u8; 64],
}

impl Comm {
    /// The first 64 bytes of a name.
    pub fn new(name: &[u8]) -> Self {
        let len = name.len().min(64);
        let mut bytes = [0; 64];
        bytes[..len].copy_from_slice(&name[..len]);
        Self { len: len as u8, bytes }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// As text; what is no UTF-8 becomes U+FFFD. Control characters stay: the screen makes them visible.
    pub fn text(&self) -> Arc<str> {
        String::from_utf8_lossy(self.bytes()).into()
    }
}

impl fmt::Debug for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self.bytes()), f)
    }
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
    Ok(Stat {
        comm: Comm::new(&line[open + 1..close]),
        state: task_state(state),
        parent: field(4)?,
        is_kernel_thread: field(9)? & KERNEL_THREAD != 0,
        user_ticks: field(14)?,
        system_ticks: field(15)?,
        n_threads: field(20)?.try_into().map_err(|_| ParseError::Field(20))?,
        start: field(22)?,
        rss_pages: field(24)?,
    })
}

fn task_state(letter: &[u8]) -> Option<TaskState> {
    match letter {
        b"R" => Some(TaskState::Running),
        b"S" => Some(TaskState::Sleeping),
        b"D" => Some(TaskState::Blocked),
        b"T" | b"t" => Some(TaskState::Stopped),
        b"Z" | b"X" | b"x" => Some(TaskState::Zombie),
        b"I" => Some(TaskState::Idle),
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

/// Reads a line of `schedstat`.
pub fn parse_schedstat(line: &[u8]) -> Result<SchedStat, ParseError> {
    let mut fields = words(line);
    let mut field = |n: u8| fields.next().and_then(number).ok_or(ParseError::Field(n));
    Ok(SchedStat { cpu_ns: field(1)?, run_delay_ns: field(2)?, n_runs: field(3)? })
}

#[cfg(test)]
mod tests;
