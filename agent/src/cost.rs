//! What the agent itself costs: CPU, run delay and memory, as the kernel counts them.
//!
//! The files are kept open: what is read with each sample must cost less than what it tells.

use std::{
    collections::HashMap,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::PathBuf,
    str,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use midair_proto::v1::Cost;

use crate::clock::Clock;

/// Threads come and go, and so do children, but rarely: both are looked for in every so manieth sample.
const LOOK_EVERY: u64 = 10;

/// Threads whose run delay is read at most; an agent has three, the program around an embedded one a few more.
const N_THREADS: usize = 64;

/// Whose CPU time counts against the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payer {
    /// The agent's own threads: the rest of the process is somebody else's, and so are its children.
    #[default]
    Threads,
    /// The whole process and its children: it is an agent and nothing else.
    Process,
    /// None of this process: it holds many agents. What readings tell of children is all that there is.
    Children,
}

/// CPU time of the agent's threads that are not the one which asks, told by themselves.
#[derive(Clone, Debug, Default)]
pub struct ThreadTimes(Arc<[AtomicU64; 4]>);

impl ThreadTimes {
    /// What the sampler's thread has used, microseconds.
    pub fn sampler(&self, us: u64) {
        self.0[0].store(us, Ordering::Relaxed);
    }

    /// What the thread has used that serves connections in memory, microseconds.
    pub fn service(&self, us: u64) {
        self.0[1].store(us, Ordering::Relaxed);
    }

    /// What the thread of the black box has used, microseconds.
    pub fn black_box(&self, us: u64) {
        self.0[2].store(us, Ordering::Relaxed);
    }

    /// Adds what an answer from the black box has used, microseconds.
    pub fn add_history(&self, us: u64) {
        self.0[3].fetch_add(us, Ordering::Relaxed);
    }

    fn sum_us(&self) -> u64 {
        self.0.iter().map(|us| us.load(Ordering::Relaxed)).sum()
    }
}

/// Reads the agent's own cost.
///
/// CPU time, run delay and memory are those of the whole process, be it an agent or a program around one; what counts
/// against the budget is what [`Payer`] says.
#[derive(Debug)]
pub struct Meter {
    own: PathBuf,
    clock: Clock,
    payer: Payer,
    threads: ThreadTimes,
    n_reads: u64,
    statm: Option<File>,
    stat: Option<File>,
    children_us: u64,
    /// Of each thread its schedstat, and the run delay that it had at the last look, nanoseconds.
    delays: HashMap<u64, (File, u64)>,
    /// `None` where the kernel counts none.
    run_delay_ns: Option<u64>,
}

impl Meter {
    /// Reads this process. Always the real `/proc`: a fixture tree knows nothing of us.
    pub fn new(clock: Clock, payer: Payer, threads: ThreadTimes) -> Self {
        let own = PathBuf::from("/proc/self");
        // Elsewhere than on Linux nothing of this is there; unknown then, and not an error.
        let open = |name: &str| File::open(own.join(name)).ok().filter(|_| payer != Payer::Children);
        // Children are real even where the clock is not.
        let (statm, stat) = (open("statm"), open("stat").filter(|_| !clock.is_scripted()));
        let (delays, run_delay_ns) = (HashMap::new(), None);
        Self { own, clock, payer, threads, n_reads: 0, statm, stat, children_us: 0, delays, run_delay_ns }
    }

    /// What this process has cost up to now; `sample_us` is the CPU time of the last sample.
    pub fn read(&mut self, sample_us: u64, n_watchers: usize) -> Cost {
        let n_watchers = u32::try_from(n_watchers).ok();
        if self.payer == Payer::Children {
            let nothing = Some(0);
            let sample_us = Some(sample_us);
            return Cost { cpu_us: nothing, rss_bytes: nothing, sample_us, n_watchers, ..Cost::default() };
        }
        if self.n_reads.is_multiple_of(LOOK_EVERY) {
            self.children_us = self.read_children_us().unwrap_or(self.children_us);
            self.find_threads();
        }
        self.n_reads += 1;
        self.read_delays();
        Cost {
            cpu_us: Some(self.clock.process_cpu_us() + self.children_us),
            run_delay_us: self.run_delay_ns.map(|ns| ns / 1_000),
            rss_bytes: self.read_rss_bytes(),
            sample_us: Some(sample_us),
            vm_us: None,
            n_watchers,
            budget_milli: None,
            used_milli: None,
            budget_until_us: None,
            shed: Vec::new(),
        }
    }

    /// CPU time that counts against the budget, up to now, microseconds. Ask on the desk's thread.
    pub fn budget_us(&self, cost: &Cost) -> u64 {
        match self.payer {
            Payer::Process | Payer::Children => cost.cpu_us.unwrap_or(0),
            Payer::Threads => self.clock.thread_cpu_us() + self.threads.sum_us(),
        }
    }

    /// Memory that counts against the bound; `None` where it is not the agent's alone.
    pub fn bounded_bytes(&self, cost: &Cost) -> Option<u64> {
        cost.rss_bytes.filter(|_| self.payer == Payer::Process)
    }

    /// Opens the files of threads that are new, and closes those of threads that are gone.
    fn find_threads(&mut self) {
        let Ok(tasks) = fs::read_dir(self.own.join("task")) else { return };
        let tids = tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse::<u64>().ok());
        let mut before = std::mem::take(&mut self.delays);
        for tid in tids.take(N_THREADS) {
            let open = || Some((File::open(self.own.join(format!("task/{tid}/schedstat"))).ok()?, 0));
            if let Some(file) = before.remove(&tid).or_else(open) {
                self.delays.insert(tid, file);
            }
        }
    }

    /// Adds what the threads have waited since the last look (schedstat field 2, sched-stats.rst of the kernel). What a
    /// thread has waited that has ended stays in the sum.
    fn read_delays(&mut self) {
        let mut gained_ns = None;
        for (file, before_ns) in self.delays.values_mut() {
            let mut buffer = [0; 96];
            let Some(now_ns) = read(file, &mut buffer).and_then(|text| field(text, 1)) else { continue };
            *gained_ns.get_or_insert(0) += now_ns.saturating_sub(*before_ns);
            *before_ns = now_ns.max(*before_ns);
        }
        if let Some(gained_ns) = gained_ns {
            *self.run_delay_ns.get_or_insert(0) += gained_ns;
        }
    }

    fn read_rss_bytes(&self) -> Option<u64> {
        let mut buffer = [0; 96];
        let pages = field(read(self.statm.as_ref()?, &mut buffer)?, 1)?;
        Some(pages * rustix::param::page_size() as u64)
    }

    /// CPU time of children that have ended (proc(5), stat fields 16 and 17).
    fn read_children_us(&self) -> Option<u64> {
        let mut buffer = [0; 1024];
        let (_, fields) = read(self.stat.as_ref()?, &mut buffer)?.rsplit_once(')')?;
        let ticks = field(fields, 13)? + field(fields, 14)?;
        Some(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
    }
}

/// Reads a file of `/proc` anew.
fn read<'a>(file: &File, buffer: &'a mut [u8]) -> Option<&'a str> {
    // A thread that has ended: nothing is wrong.
    let n = file.read_at(buffer, 0).ok()?;
    str::from_utf8(buffer.get(..n)?).ok()
}

fn field(text: &str, n: usize) -> Option<u64> {
    text.split_ascii_whitespace().nth(n)?.parse().ok()
}

#[cfg(test)]
mod tests;
