//! What the agent itself costs: CPU, run delay and memory of this process, as the kernel counts them.

use std::{fs, path::PathBuf};

use midair_proto::v1::Cost;

use crate::clock::Clock;

/// Reads the agent's own cost.
///
/// An embedded agent cannot be told from the program that it is part of, so the whole program is counted.
#[derive(Debug)]
pub struct Meter {
    own: PathBuf,
    clock: Clock,
}

impl Meter {
    /// Reads this process. Always the real `/proc`: a fixture tree knows nothing of us.
    pub fn new(clock: Clock) -> Self {
        Self { own: PathBuf::from("/proc/self"), clock }
    }

    /// What this process has cost up to now; `sample_us` is the CPU time of the last sample.
    pub fn read(&self, sample_us: u64, n_watchers: usize) -> Cost {
        Cost {
            cpu_us: Some(self.clock.process_cpu_us() + self.children_us().unwrap_or(0)),
            run_delay_us: self.run_delay_us(),
            rss_bytes: self.rss_bytes(),
            sample_us: Some(sample_us),
            vm_us: None,
            n_watchers: u32::try_from(n_watchers).ok(),
            budget_milli: None,
            used_milli: None,
            budget_until_us: None,
            shed: Vec::new(),
        }
    }

    /// Run delay of all threads that live now.
    fn run_delay_us(&self) -> Option<u64> {
        // Elsewhere than on Linux nothing of this is there; unknown then, and not an error.
        let threads = fs::read_dir(self.own.join("task")).ok()?;
        let delay_ns = |path: PathBuf| {
            let text = fs::read_to_string(path.join("schedstat")).ok()?;
            text.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()
        };
        threads.flatten().filter_map(|thread| delay_ns(thread.path())).reduce(|a, b| a + b).map(|ns| ns / 1_000)
    }

    fn rss_bytes(&self) -> Option<u64> {
        let statm = fs::read_to_string(self.own.join("statm")).ok()?;
        let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }

    /// CPU time of children that have ended (proc(5), stat fields 16 and 17).
    fn children_us(&self) -> Option<u64> {
        let stat = fs::read_to_string(self.own.join("stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace().skip(13);
        let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
        Some(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
    }
}

#[cfg(test)]
mod tests;
