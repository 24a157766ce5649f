//! What sources leave out to stay within the agent's budget. The default leaves out nothing.

use std::time::Duration;

/// What sources and streams leave out now. Node vitals are never left out, nor is any process: a row that was not read
/// anew is handed on with the moment at which it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thrift {
    /// Tasks whose arguments, user and cgroup path are read in one reading, or read again, at most. Those beyond it
    /// wait for a later reading under the short name that came with their counters.
    pub names_per_tick: u32,
    /// Whether the black box is told a census now and then; the desk keeps it.
    pub counts: bool,
    /// Least time between two rounds over sockets, pipes and other queues; zero: one each reading. In between, rows
    /// carry the queues of the last round with its moment. Ask a [`Round`] whether one is due.
    pub sockets_every: Duration,
    /// Time within which all threads are read; zero: all in each reading. Processes are read each time, and so are the
    /// threads of those that are hot; the others take turns. It grows with the interval: as many in each reading.
    pub threads_every: Duration,
    /// Rows of the detail stream at most; the desk keeps it. Dear fields are read for these and for focuses alone.
    pub hot_rows: usize,
    /// Tables are answered and close looks are read in every so manieth reading; the desk keeps it. At least 1.
    pub answers_every: u32,
    /// The interval between two readings is so many times the configured one; the sampler keeps it. At least 1.
    pub interval_times: u32,
}

impl Default for Thrift {
    fn default() -> Self {
        Self {
            names_per_tick: u32::MAX,
            counts: true,
            sockets_every: Duration::ZERO,
            threads_every: Duration::ZERO,
            hot_rows: usize::MAX,
            answers_every: 1,
            interval_times: 1,
        }
    }
}

/// When something that is not read each time was read last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    last_us: Option<u64>,
}

impl Round {
    /// Whether a round is due now, `CLOCK_MONOTONIC` in microseconds; if so it is taken to begin. A reading that comes a
    /// little early (a tenth of the period) is taken: the next might come much too late.
    pub fn begin(&mut self, every: Duration, now_us: u64) -> bool {
        let every_us = u64::try_from(every.as_micros()).unwrap_or(u64::MAX);
        let is_due = self.last_us.is_none_or(|last| now_us.saturating_sub(last) >= every_us - every_us / 10);
        if is_due {
            self.last_us = Some(now_us);
        }
        is_due
    }
}

#[cfg(test)]
mod tests;
