//! One thread between two sweeps: what it used, and how much of that is new.

use std::{collections::HashMap, sync::Arc};

use rustix::fd::OwnedFd;

use super::{Sweeper, dear::Dear, short_name};
use crate::kernel::stat::{Comm, SchedStat, Stat, parse_schedstat, parse_stat};

/// A thread as it was at its last reading.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    /// Its process.
    pub process: u32,
    /// Its start in clock ticks since boot.
    pub start: u64,
    /// Its short name, as the kernel keeps it.
    comm: Comm,
    /// Its short name.
    pub name: Arc<str>,
    /// What it used over its life.
    pub used: SchedStat,
    /// Whether run delay and runs are known; without `schedstat` only the CPU time is, in clock ticks.
    pub has_schedstat: bool,
    /// What of `used` came in the last interval, and the length of that; `None` at the first reading.
    pub moved: Option<(SchedStat, u64)>,
    /// When it was read, microseconds.
    pub at_us: u64,
    /// What the last look at its dear fields found.
    pub dear: Option<Box<Dear>>,
    /// The sweep that saw it first.
    first: u64,
    /// The sweep that saw it last.
    pub seen: u64,
}

/// What a reading of a thread adds to its process and to the node.
pub(super) struct Gained {
    /// To the process: the time used since the last reading, or since its birth.
    pub used: SchedStat,
    /// Whether it was born since the last sweep, so that all it used is new to the node too.
    pub is_new: bool,
}

/// Where the files of a thread are.
#[derive(Clone, Copy)]
pub(super) enum From<'a> {
    /// It is the first thread of its process, whose `stat` is its own.
    Process(&'a Stat),
    /// In the folder of all threads of the process.
    Folder(&'a OwnedFd),
}

/// Reads thread `tid` of process `pid` and keeps it in `threads`. `None`: the thread has ended.
pub(super) fn read(
    threads: &mut HashMap<u32, Thread>,
    sweep: &mut Sweeper<'_>,
    (pid, tid): (u32, u32),
    from: From<'_>,
) -> Option<Gained> {
    let (schedstat, leader) = match from {
        From::Process(stat) => (sweep.files.read_once(format_args!("{pid}/schedstat")), Some(stat)),
        From::Folder(folder) => (sweep.files.read_once_in(folder, format_args!("{tid}/schedstat")), None),
    };
    let schedstat = schedstat.ok().and_then(|line| parse_schedstat(line).ok());
    let at_us = (sweep.clock)();
    if let Some(thread) = threads.get_mut(&tid) {
        let same_start = leader.is_none_or(|stat| stat.start == thread.start);
        // A thread that was named by itself after its birth shows its parent's name until then: look twice.
        let is_settled = leader.is_some() || thread.first + 1 < sweep.number;
        if let Some(now) = schedstat
            && thread.process == pid
            && same_start
            && is_settled
            && thread.has_schedstat
            && now.cpu_ns >= thread.used.cpu_ns
            && now.n_runs >= thread.used.n_runs
        {
            if let Some(stat) = leader {
                thread.rename(stat.comm);
            }
            return Some(Gained { used: thread.advance(now, at_us, sweep.number), is_new: false });
        }
    }
    let stat = match from {
        From::Process(stat) => *stat,
        From::Folder(folder) => parse_stat(sweep.files.read_once_in(folder, format_args!("{tid}/stat")).ok()?).ok()?,
    };
    let known = threads.get_mut(&tid).filter(|t| t.process == pid && t.start == stat.start);
    let now = schedstat.unwrap_or_else(|| {
        // What it does not say now it says again later: until then nothing is gained, and nothing is gained twice.
        let last = known.as_ref().map_or_else(SchedStat::default, |thread| thread.used);
        SchedStat { cpu_ns: sweep.cpu_ns(&stat).max(last.cpu_ns), ..last }
    });
    if let Some(thread) = known {
        thread.rename(stat.comm);
        thread.has_schedstat = schedstat.is_some();
        return Some(Gained { used: thread.advance(now, at_us, sweep.number), is_new: false });
    }
    let thread = Thread {
        process: pid,
        start: stat.start,
        comm: stat.comm,
        name: short_name(&stat.comm),
        used: now,
        has_schedstat: schedstat.is_some(),
        moved: None,
        at_us,
        dear: None,
        first: sweep.number,
        seen: sweep.number,
    };
    threads.insert(tid, thread);
    Some(Gained { used: now, is_new: true })
}

impl Thread {
    fn advance(&mut self, now: SchedStat, at_us: u64, sweep: u64) -> SchedStat {
        let moved = SchedStat {
            cpu_ns: now.cpu_ns.saturating_sub(self.used.cpu_ns),
            run_delay_ns: now.run_delay_ns.saturating_sub(self.used.run_delay_ns),
            n_runs: now.n_runs.saturating_sub(self.used.n_runs),
        };
        self.moved = Some((moved, at_us.saturating_sub(self.at_us)));
        self.used = now;
        self.at_us = at_us;
        self.seen = sweep;
        moved
    }

    fn rename(&mut self, comm: Comm) {
        if self.comm != comm {
            self.comm = comm;
            self.name = short_name(&comm);
        }
    }

    /// CPU time and run delay of the last interval, nanoseconds: how busy it is.
    pub(super) fn busy_ns(&self) -> u64 {
        self.moved.map_or(0, |(moved, _)| moved.cpu_ns + moved.run_delay_ns)
    }
}
