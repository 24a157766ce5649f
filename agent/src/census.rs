//! A census: what runs, whether it ranks or not. The black box keeps one of all processes each minute and one of all threads
//! every ten.

use midair_proto::v1 as wire;
use midair_vitals::{TaskKind, TaskReading};

use crate::{encode, names::Names, reading::ThreadReading, tick::Tick};

/// Processes, Erlang processes and all else but threads are counted so often.
const PROCESSES_EVERY_US: u64 = 60_000_000;

/// Threads are.
const THREADS_EVERY_US: u64 = 600_000_000;

/// The first count of each waits so long: a start has enough to do.
const PROCESSES_AFTER_US: u64 = 5_000_000;
const THREADS_AFTER_US: u64 = 20_000_000;

/// Rows of a part: with the longest of names it stays below 256 KiB.
const N_ROWS: usize = 400;

/// Rows of a census at most; its total says how many there were.
const N_TASKS: usize = 20_000;

/// When the next counts are due, `CLOCK_MONOTONIC` in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    next_us: Option<[u64; 2]>,
}

impl Census {
    /// What is to be counted in a tick of this moment: processes, threads. A census that was left out is not made up for.
    pub fn due(&mut self, now_us: u64) -> [bool; 2] {
        let next_us = self.next_us.get_or_insert([now_us + PROCESSES_AFTER_US, now_us + THREADS_AFTER_US]);
        let mut due = [false; 2];
        for (n, every_us) in [PROCESSES_EVERY_US, THREADS_EVERY_US].into_iter().enumerate() {
            if now_us >= next_us[n] {
                due[n] = true;
                next_us[n] = now_us + every_us;
            }
        }
        due
    }
}

/// Counts all tasks but threads, and hands on part by part.
pub fn of_processes(tick: &Tick, names: &mut Names, take: impl FnMut(wire::Census)) {
    let mut counted: Vec<&TaskReading> =
        tick.reading.tasks.iter().filter(|task| task.kind != TaskKind::Thread).collect();
    counted.sort_unstable_by_key(|task| task.id);
    parts(tick, names, (false, counted.len()), counted.into_iter().cloned(), take);
}

/// Counts all threads that are no process' first, and hands on part by part.
pub fn of_threads(tick: &Tick, names: &mut Names, take: impl FnMut(wire::Census)) {
    let total = tick.reading.threads.rows().count();
    let row = |thread: &ThreadReading| TaskReading { name: Some(thread.name()), ..thread.counters() };
    parts(tick, names, (true, total), tick.reading.threads.rows().map(row), take);
}

/// `tasks` in the order of their ids: so the columns have their fewest bytes.
fn parts(
    tick: &Tick,
    names: &mut Names,
    (is_threads, total): (bool, usize),
    tasks: impl Iterator<Item = TaskReading>,
    mut take: impl FnMut(wire::Census),
) {
    let mono_us = tick.reading.node.at_us;
    let n_parts = total.min(N_TASKS).div_ceil(N_ROWS);
    let mut tasks = tasks.take(N_TASKS);
    for part in 0..n_parts {
        let mut rows = encode::Rows::new(names, mono_us);
        let tasks: Vec<wire::Task> = tasks.by_ref().take(N_ROWS).map(|task| rows.counted(&task)).collect();
        take(wire::Census {
            mono_us: Some(mono_us),
            part: u32::try_from(part).ok(),
            n_parts: u32::try_from(n_parts).ok(),
            threads: Some(is_threads),
            total: Some(total as u64),
            tasks: Vec::new(),
            names: rows.names(),
            columns: Some(wire::CensusColumns::of(&tasks)),
        });
    }
}

#[cfg(test)]
mod tests;
