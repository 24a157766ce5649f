//! The files of one cgroup: which there are on v1 and v2, which are read at each tick and which now and then.
//!
//! Cgroup v2: Documentation/admin-guide/cgroup-v2.rst; v1: Documentation/admin-guide/cgroup-v1/ and scheduler/sched-bwc.rst
//! of the kernel.

use super::{paths::Hierarchy, trees::Trees};
use crate::kernel::{
    kept::{Kept, Page},
    text::{number, pressure, value_number, words},
};

/// What the files of a cgroup say. What stands in no file is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Values {
    /// CPU time used in it and below, microseconds.
    pub cpu_us: Option<u64>,
    /// Time in which its quota held it back, microseconds.
    pub throttled_us: Option<u64>,
    /// Periods in which its quota held it back.
    pub n_throttled: Option<u64>,
    /// Periods of its quota that have passed.
    pub n_periods: Option<u64>,
    /// What it may use in each period, microseconds; `None` without a quota.
    pub quota_us: Option<u64>,
    /// The period, microseconds.
    pub period_us: Option<u64>,
    /// Memory in use, bytes.
    pub mem_bytes: Option<u64>,
    /// Of that, files not used lately, bytes.
    pub mem_inactive_bytes: Option<u64>,
    /// Its own limit, or (v1) the nearest above, bytes.
    pub mem_limit_bytes: Option<u64>,
    /// Processes killed for lack of memory.
    pub n_oom_kills: Option<u64>,
    /// PSI: some task waited for a CPU, microseconds.
    pub psi_cpu_some_us: Option<u64>,
    /// PSI: some task waited for memory, microseconds.
    pub psi_mem_some_us: Option<u64>,
    /// PSI: some task waited for a disk, microseconds.
    pub psi_io_some_us: Option<u64>,
}

impl Values {
    /// CPUs that its quota allows, thousandths.
    pub(super) fn quota_milli(&self) -> Option<u64> {
        self.quota_us?.checked_mul(1000)?.checked_div(self.period_us?)
    }
}

/// Takes what a file says into the values. A file that could not be read is told as an empty text.
type Parse = fn(&[u8], &mut Values);

/// How often a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// At each tick: what rates are made of, at 1 us a file, and who was killed: that is told of whoever ended just then.
    Tick,
    /// The same, where the cgroup has a quota.
    TickWithQuota,
    /// In turns: limits, and `memory.stat`, for which the kernel first adds up the counters of all CPUs.
    Turn,
}

const FILES: [(Hierarchy, &str, Pace, Parse); 16] = [
    (Hierarchy::Unified, "cpu.stat", Pace::Tick, cpu_stat),
    (Hierarchy::Unified, "memory.current", Pace::Tick, memory_in_use),
    (Hierarchy::Unified, "cpu.pressure", Pace::Tick, |text, into| into.psi_cpu_some_us = some(text)),
    (Hierarchy::Unified, "memory.pressure", Pace::Tick, |text, into| into.psi_mem_some_us = some(text)),
    (Hierarchy::Unified, "io.pressure", Pace::Tick, |text, into| into.psi_io_some_us = some(text)),
    (Hierarchy::Unified, "cpu.max", Pace::Turn, cpu_max),
    (Hierarchy::Unified, "memory.max", Pace::Turn, |text, into| into.mem_limit_bytes = first_number(text)),
    (Hierarchy::Unified, "memory.stat", Pace::Turn, |t, into| {
        into.mem_inactive_bytes = value_number(b"inactive_file ", t)
    }),
    (Hierarchy::Unified, "memory.events", Pace::Tick, oom_kills),
    (Hierarchy::Cpuacct, "cpuacct.usage", Pace::Tick, |text, into| {
        into.cpu_us = first_number(text).map(|ns| ns / 1000)
    }),
    (Hierarchy::Cpu, "cpu.stat", Pace::TickWithQuota, cpu_stat_v1),
    (Hierarchy::Cpu, "cpu.cfs_quota_us", Pace::Turn, |text, into| into.quota_us = first_number(text)),
    (Hierarchy::Cpu, "cpu.cfs_period_us", Pace::Turn, |text, into| into.period_us = first_number(text)),
    (Hierarchy::Memory, "memory.usage_in_bytes", Pace::Tick, memory_in_use),
    (Hierarchy::Memory, "memory.stat", Pace::Turn, memory_stat_v1),
    (Hierarchy::Memory, "memory.oom_control", Pace::Tick, oom_kills),
];

/// Of a controller that is on v1 the unified hierarchy holds no files; `cpu.stat` alone is there all the same.
fn is_elsewhere(trees: &Trees, hierarchy: Hierarchy, name: &str) -> bool {
    hierarchy == Hierarchy::Unified
        && (name == "cpu.stat" && trees.has(Hierarchy::Cpuacct) || name == "cpu.max" && trees.has(Hierarchy::Cpu))
}

/// The files of one cgroup.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    /// Places in [`FILES`], and the files: kept open where they are read at each tick.
    files: Vec<(usize, Kept)>,
    values: Values,
}

impl Gauges {
    /// The files of a cgroup that is in these hierarchies, none of them opened yet; none at all where its directories are
    /// out of sight.
    pub(super) fn new(trees: &Trees, path: &str, hierarchies: [bool; 4]) -> Self {
        let file = |(n, (hierarchy, name, ..)): (usize, &(Hierarchy, &str, Pace, Parse))| {
            let is_there = hierarchies[*hierarchy as usize] && !is_elsewhere(trees, *hierarchy, name);
            let directory = trees.directory(*hierarchy, path).filter(|_| is_there)?;
            Some((n, Kept::new(format!("{directory}/{name}"))))
        };
        Self { files: FILES.iter().enumerate().filter_map(file).collect(), values: Values::default() }
    }

    /// Whether there is nothing to read.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether the kernel counts its CPU time.
    pub(super) fn count_cpu(&self) -> bool {
        self.files.iter().any(|(n, _)| {
            matches!(FILES[*n].1, "cpuacct.usage") || FILES[*n].0 == Hierarchy::Unified && FILES[*n].1 == "cpu.stat"
        })
    }

    /// What was read last.
    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    /// Reads the files of each tick, and with `is_turn` all.
    pub(super) fn read(&mut self, trees: &Trees, page: &mut Page, is_turn: bool) {
        for (n, file) in &mut self.files {
            let (hierarchy, _, pace, parse) = &FILES[*n];
            let Some(folder) = trees.folder(*hierarchy) else { continue };
            let is_due = match pace {
                Pace::Tick => true,
                Pace::TickWithQuota => is_turn || self.values.quota_us.is_some(),
                Pace::Turn => is_turn,
            };
            if !is_due {
                continue;
            }
            if *pace == Pace::Turn {
                parse(file.read(folder, page).unwrap_or_default(), &mut self.values);
                file.close();
            } else {
                parse(file.read_short(folder, page).unwrap_or_default(), &mut self.values);
            }
        }
    }

    /// Gives the descriptors back; the values stay.
    pub(super) fn close(&mut self) {
        self.files.iter_mut().for_each(|(_, file)| file.close());
    }
}

/// `usage_usec` and, where the controller is enabled, the counts of its quota.
fn cpu_stat(text: &[u8], into: &mut Values) {
    into.cpu_us = value_number(b"usage_usec ", text);
    into.n_periods = value_number(b"nr_periods ", text);
    into.n_throttled = value_number(b"nr_throttled ", text);
    into.throttled_us = value_number(b"throttled_usec ", text);
}

/// On v1 the time is in nanoseconds, and the CPU time stands elsewhere.
fn cpu_stat_v1(text: &[u8], into: &mut Values) {
    into.n_periods = value_number(b"nr_periods ", text);
    into.n_throttled = value_number(b"nr_throttled ", text);
    into.throttled_us = value_number(b"throttled_time ", text).map(|ns| ns / 1000);
}

/// `QUOTA PERIOD`, the quota `max` where there is none.
fn cpu_max(text: &[u8], into: &mut Values) {
    let mut numbers = words(text).map(number);
    (into.quota_us, into.period_us) = (numbers.next().flatten(), numbers.next().flatten());
}

fn memory_in_use(text: &[u8], into: &mut Values) {
    into.mem_bytes = first_number(text);
}

fn memory_stat_v1(text: &[u8], into: &mut Values) {
    into.mem_inactive_bytes = value_number(b"total_inactive_file ", text);
    into.mem_limit_bytes = value_number(b"hierarchical_memory_limit ", text);
}

fn oom_kills(text: &[u8], into: &mut Values) {
    into.n_oom_kills = value_number(b"oom_kill ", text);
}

fn first_number(text: &[u8]) -> Option<u64> {
    words(text).next().and_then(number)
}

fn some(text: &[u8]) -> Option<u64> {
    pressure(b"some", text)
}

#[cfg(test)]
mod tests;
