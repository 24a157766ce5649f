//! The collector that reads `/proc`, and asks for whole processes through netlink where it may.
//!
//! Opening and reading one file per thread and tick costs three times what the whole agent may. So: which processes there
//! are is remembered (`listing`); what each of them used is asked for at once (`taskstats`); of those that moved, the
//! threads that ran lately are read first, and the others only where the account does not close (`watched`); files that are
//! read at each tick are kept open, within a bound (`kept`). What a sweep has no room for is read in turn, the hottest
//! processes first, and keeps its last values with their stamp.

mod kept;
mod listing;
mod taskstats;
mod watched;

use std::{cmp::Reverse, ops::RangeInclusive};

use rustix::io::Errno;

use self::{
    kept::Seats,
    listing::Listing,
    taskstats::{AT_ONCE, Account, Taskstats},
    watched::{Reader, Watched},
};
use super::{
    Sweeper,
    fold::Fold,
    process::Total,
    seen::{Others, Seen, SeenProcess},
};
use crate::{
    clock::Clock,
    kernel::stat::{Stat, parse_stat},
    numbers::{NumberMap, release},
};

/// The collector between two sweeps.
pub(in crate::kernel) struct Proc {
    /// Whether the root is the `/proc` of this kernel, of which alone netlink speaks.
    is_own: bool,
    listing: Listing,
    accounts: Accounts,
    watched: NumberMap<Watched>,
    seats: Seats,
    /// The process after which resting tasks are looked at next.
    turn: u32,
    round: Vec<Item>,
    seen: Vec<(u32, u32, Seen, u64)>,
    tids: Vec<u32>,
}

/// Where the sums of processes come from.
#[derive(Debug)]
enum Accounts {
    /// From the kernel, once it was asked; so often in a row that failed.
    Untried(u32),
    /// From the kernel.
    Kernel(Taskstats),
    /// From the threads that were read.
    Threads,
}

/// A process in a sweep.
#[derive(Clone, Copy, Debug)]
struct Item {
    pid: u32,
    account: Option<Account>,
    at_us: u64,
    /// CPU time and run delay since the last sweep, nanoseconds.
    moved_ns: u64,
    stat: Option<Stat>,
    fate: Fate,
}

/// What became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    /// It runs, but its files are closed to this user.
    Closed,
    Ended,
}

/// What a sweep of `/proc` found out beside its tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::kernel) struct Collected {
    /// Processes whose files are closed to this user.
    pub n_closed: u64,
    /// How many sweeps a round over all threads takes; 1 where all that moved is read in each.
    pub n_sweeps: u64,
    /// CPU time that the threads took which need not be read in each sweep, microseconds.
    pub threads_us: u64,
}

/// Files of threads read in a sweep at least; where that is not enough for a round in ten seconds, an eighth of all threads.
const THREADS_PER_SWEEP: u64 = 1_000;

/// It is not where some threads have waited for it for so many sweeps.
const BEHIND_AFTER: u64 = 4;

/// The same in the first sweep, which fills the first screen.
const THREADS_AT_FIRST: u64 = 4_000;

/// At least so many where the agent is over its budget.
const THREADS_IN_THRIFT: u64 = 100;

/// `stat` files read in a sweep, of processes that moved: of the hottest ones, and of those that have waited longest for it.
const STATS_PER_SWEEP: [usize; 2] = [100, 150];

/// Processes whose threads are read in each sweep, if they moved: the hottest.
pub(in crate::kernel) const HOTTEST: usize = 50;

/// Those of them that come before what is wanted.
const VERY_HOTTEST: usize = 10;

/// Threads that have just come to stand still looked at in a sweep: do they sleep, or wait for a CPU?
const DOUBTS_PER_SWEEP: u64 = 64;

/// Threads that have stood still for long have their turn: a sixtieth of them in a sweep, within these bounds.
const TURN: RangeInclusive<u64> = 32..=128;

impl Proc {
    /// A collector that knows nothing yet.
    pub(in crate::kernel) fn new(is_own: bool) -> Self {
        Self {
            is_own,
            listing: Listing::default(),
            accounts: if is_own { Accounts::Untried(0) } else { Accounts::Threads },
            watched: NumberMap::default(),
            seats: Seats::of_process(),
            turn: 0,
            round: Vec::new(),
            seen: Vec::new(),
            tids: Vec::new(),
        }
    }

    /// Reads what has moved. `n_forks` is the count of forks as of before this sweep.
    pub(in crate::kernel) fn collect(
        &mut self,
        sweep: &mut Sweeper<'_>,
        n_forks: Option<u64>,
        fold: &mut Fold<'_>,
    ) -> Result<Collected, Errno> {
        let n_forks = n_forks.filter(|_| self.is_own);
        let pids = self.listing.update(sweep.files, n_forks, sweep.number)?;
        self.round.clear();
        self.round.extend(pids.iter().map(|pid| Item::new(*pid)));
        self.accounts.ask(sweep.clock, &mut self.round);
        let Self { watched, seats, turn, round, seen, tids, .. } = self;
        let n_threads = watched.values().map(|process| process.threads.len() as u64).sum::<u64>();
        let is_behind = watched.values().any(|process| process.is_behind(sweep.number, BEHIND_AFTER));
        let most_threads = most_threads(sweep, n_threads, is_behind);
        let mut reader = Reader {
            files: &mut *sweep.files,
            seats,
            clock: sweep.clock,
            tick_ns: sweep.tick_us * 1000,
            page_bytes: sweep.page_bytes,
            sweep: sweep.number,
            n_left: most_threads,
            seen,
            tids,
        };
        let n_turn = (n_threads / 60).clamp(*TURN.start(), *TURN.end());
        read_processes(watched, &mut reader, round, (turn, n_turn), &sweep.wanted_pids);
        let (cpu, before_us) = (Clock::system(), Clock::system().thread_cpu_us());
        read_threads(watched, &mut reader, round, &sweep.wanted_pids);
        let threads_us = cpu.thread_cpu_us().saturating_sub(before_us);
        let n_unread = if reader.n_left > 0 || most_threads == 0 { 0 } else { n_unread(watched) };
        reader.n_left = DOUBTS_PER_SWEEP + n_turn;
        look_for_waits(watched, &mut reader, round);
        tell(watched, round, sweep, fold);
        hand_over(seen, fold);
        let collected = Collected {
            n_closed: round.iter().filter(|item| item.fate == Fate::Closed).count() as u64,
            n_sweeps: 1 + n_unread.div_ceil(most_threads.max(1)),
            threads_us,
        };
        self.forget_ended();
        Ok(collected)
    }

    fn forget_ended(&mut self) {
        let ended: Vec<u32> = self.round.iter().filter(|item| item.fate == Fate::Ended).map(|item| item.pid).collect();
        self.listing.forget(&ended);
        let is_listed = |pid: &u32| self.round.binary_search_by_key(pid, |item| item.pid).is_ok();
        self.watched.retain(|pid, _| is_listed(pid) && ended.binary_search(pid).is_err());
        release(&mut self.watched);
    }
}

/// Files of threads that may be read in a sweep.
fn most_threads(sweep: &Sweeper<'_>, n_threads: u64, is_behind: bool) -> u64 {
    let every_us = u64::try_from(sweep.thrift.threads_every.as_micros()).unwrap_or(u64::MAX);
    let most = THREADS_PER_SWEEP.max(n_threads / 8);
    match every_us {
        _ if sweep.off.why("threads").is_some() => 0,
        0 if sweep.number == 1 => THREADS_AT_FIRST,
        0 if !is_behind => THREADS_PER_SWEEP,
        0 => most,
        _ => (n_threads * sweep.over_us / every_us).clamp(THREADS_IN_THRIFT, most),
    }
}

impl Accounts {
    /// Asks for the sums of all processes.
    fn ask(&mut self, clock: &dyn Fn() -> u64, round: &mut [Item]) {
        let n_failed = match self {
            Self::Threads => 0,
            Self::Untried(n_failed) => *n_failed,
            Self::Kernel(_) => 0,
        };
        if let Self::Untried(_) = self {
            match Taskstats::open() {
                Ok(open) => *self = Self::Kernel(open),
                Err(_) => *self = Self::Threads,
            }
        }
        let Self::Kernel(taskstats) = self else { return };
        for items in round.chunks_mut(AT_ONCE) {
            let mut pids = [0; AT_ONCE];
            for (pid, item) in pids.iter_mut().zip(&*items) {
                *pid = item.pid;
            }
            let asked = taskstats.ask(&pids[..items.len()], |n, account| {
                items[n].account = account;
                if account.is_none() {
                    items[n].fate = Fate::Ended;
                }
            });
            // What was answered before an error is as old as this, too.
            let at_us = clock();
            for item in items {
                item.at_us = at_us;
            }
            if asked.is_err() {
                // Three times in a row is no accident.
                *self = if n_failed >= 2 { Self::Threads } else { Self::Untried(n_failed + 1) };
                return;
            }
        }
    }
}

impl Item {
    fn new(pid: u32) -> Self {
        Self { pid, account: None, at_us: 0, moved_ns: 0, stat: None, fate: Fate::Lives }
    }
}

/// Reads the `stat` of processes that are new, that moved, that are wanted, and in turn of those that rest.
fn read_processes(
    watched: &mut NumberMap<Watched>,
    reader: &mut Reader<'_>,
    round: &mut [Item],
    turn: (&mut u32, u64),
    wanted: &[u32],
) {
    let mut is_due = vec![false; round.len()];
    for (item, is_due) in round.iter_mut().zip(&mut is_due) {
        let Some(process) = watched.get_mut(&item.pid) else {
            *is_due = true;
            continue;
        };
        let before = process.account;
        // Without an account nobody knows whether it moved.
        *is_due = process.take_account(item.account, item.at_us, reader.sweep) || item.account.is_none();
        *is_due |= wanted.binary_search(&item.pid).is_ok();
        item.moved_ns = before.zip(item.account).map_or(0, |(before, now)| now.moved_since(&before));
    }
    take_turn(watched, round, &mut is_due, turn);
    let mut moved: Vec<usize> = (0..round.len()).filter(|n| !is_due[*n] && round[*n].moved_ns > 0).collect();
    let [n_hottest, n_oldest] = STATS_PER_SWEEP;
    if moved.len() > n_hottest + n_oldest {
        moved.select_nth_unstable_by_key(n_hottest, |n| Reverse(round[*n].moved_ns));
        let read = |n: &usize| watched.get(&round[*n].pid).map(|process| process.stat_sweep);
        moved[n_hottest..].select_nth_unstable_by_key(n_oldest, read);
        moved.truncate(n_hottest + n_oldest);
    }
    for n in moved {
        is_due[n] = true;
    }
    for (item, _) in round.iter_mut().zip(is_due).filter(|(item, is_due)| *is_due && item.fate == Fate::Lives) {
        match read_stat(watched, reader, item) {
            Ok(stat) => item.stat = Some(stat),
            Err(Errno::ACCESS | Errno::PERM) => item.fate = Fate::Closed,
            // It ended between the listing and the reading: no more is known, and nothing is wrong.
            Err(_) => item.fate = Fate::Ended,
        }
    }
}

/// Lets some processes that rest be looked at: their memory may be taken, their parent may end, they may be woken and
/// get no CPU, and their threads may be given other names, all without running.
fn take_turn(watched: &mut NumberMap<Watched>, round: &[Item], is_due: &mut [bool], (turn, most): (&mut u32, u64)) {
    let first = round.partition_point(|item| item.pid <= *turn);
    let mut n_taken = 0;
    for n in (first..round.len()).chain(0..first) {
        if n_taken >= most {
            return;
        }
        let Some(process) = watched.get_mut(&round[n].pid) else { continue };
        *turn = round[n].pid;
        is_due[n] = true;
        n_taken += process.threads.len() as u64;
        process.doubt_resting();
    }
}

fn read_stat(watched: &mut NumberMap<Watched>, reader: &mut Reader<'_>, item: &mut Item) -> Result<Stat, Errno> {
    let known = watched.get_mut(&item.pid);
    let stat = match known {
        Some(process) => process.read_stat(reader),
        None => {
            let line = reader.files.read_once(format_args!("{}/stat", item.pid));
            line.and_then(|line| parse_stat(line).map_err(|_| Errno::INVAL))
        }
    }?;
    if item.account.is_none() {
        item.at_us = (reader.clock)();
    }
    let seen = SeenProcess::of(item.pid, &stat, reader);
    let is_new = || Watched::new(seen, reader.sweep);
    let process = watched.entry(item.pid).or_insert_with(is_new);
    if process.seen.start != stat.start {
        // The number was given to another process.
        *process = is_new();
    }
    let has_accounts = item.account.is_some();
    if !has_accounts {
        item.moved_ns = seen.coarse_cpu_ns.saturating_sub(process.seen.coarse_cpu_ns);
    }
    process.take_stat(seen, item.account, item.at_us, reader.sweep);
    Ok(stat)
}

/// Reads the threads of processes that moved: of the very hottest, of those that are wanted, of the other hot ones, and then
/// of those that have waited longest for it.
fn read_threads(watched: &mut NumberMap<Watched>, reader: &mut Reader<'_>, round: &[Item], wanted: &[u32]) {
    let mut open: Vec<(Reverse<u64>, u64, usize)> = Vec::new();
    for (n, item) in round.iter().enumerate().filter(|(_, item)| item.fate == Fate::Lives) {
        let Some(process) = watched.get(&item.pid).filter(|process| process.is_open) else { continue };
        open.push((Reverse(item.moved_ns), process.accounted, n));
    }
    for n in in_turn(open, |n| wanted.binary_search(&round[n].pid).is_ok()) {
        if let Some(process) = watched.get_mut(&round[n].pid) {
            process.read_threads(reader, round[n].stat.as_ref());
        }
    }
}

/// In which order processes are read, of which it is known how much they moved, and when all of them was read last. However
/// little there is room for, what burns or starves is found.
fn in_turn(
    mut open: Vec<(Reverse<u64>, u64, usize)>,
    is_wanted: impl Fn(usize) -> bool,
) -> impl Iterator<Item = usize> {
    open.sort_unstable();
    let mut places: Vec<(u8, u64, usize)> = Vec::with_capacity(open.len());
    for (place, (_, accounted, n)) in open.into_iter().enumerate() {
        places.push(match place {
            0..VERY_HOTTEST => (0, place as u64, n),
            _ if is_wanted(n) => (1, accounted, n),
            VERY_HOTTEST..HOTTEST => (2, place as u64, n),
            _ => (3, accounted, n),
        });
    }
    places.sort_unstable();
    places.into_iter().map(|(.., n)| n)
}

/// Files of threads that may have run since they were last read.
fn n_unread(watched: &NumberMap<Watched>) -> u64 {
    watched.values().map(Watched::n_due).sum()
}

/// Looks at threads that stand still: those that were seen waiting for a CPU first.
fn look_for_waits(watched: &mut NumberMap<Watched>, reader: &mut Reader<'_>, round: &[Item]) {
    for are_waiting in [true, false] {
        for item in round.iter().filter(|item| item.fate == Fate::Lives) {
            if reader.n_left == 0 {
                return;
            }
            if let Some(process) = watched.get_mut(&item.pid) {
                process.look_for_waits(reader, are_waiting);
            }
        }
    }
}

/// Tells the fold of all processes.
fn tell(watched: &mut NumberMap<Watched>, round: &[Item], sweep: &Sweeper<'_>, fold: &mut Fold<'_>) {
    for item in round.iter().filter(|item| item.fate == Fate::Lives) {
        let Some(process) = watched.get_mut(&item.pid) else { continue };
        process.close_idle(sweep.number);
        let total = item.account.map(|account| Total::All(account.used));
        let others = if process.is_open { Others::Unread } else { Others::Rest };
        fold.process(&process.seen, total, others, item.at_us);
    }
}

/// Hands over what was seen of threads, in order of tid. What was seen of a thread last counts.
fn hand_over(seen: &mut Vec<(u32, u32, Seen, u64)>, fold: &mut Fold<'_>) {
    // One that has ended may have given its number to another one.
    seen.sort_by_key(|(tid, _, what, _)| (*tid, *what != Seen::Ended));
    for n in 0..seen.len() {
        let (tid, pid, what, at_us) = &seen[n];
        if seen.get(n + 1).is_none_or(|(next, ..)| next != tid) {
            fold.thread((*tid, *pid), what.sight(), *at_us);
        }
    }
    seen.clear();
    if seen.capacity() > 4096 {
        seen.shrink_to(1024);
    }
}

impl Account {
    /// CPU time and run delay since an earlier one, nanoseconds; at least 1 where anything moved.
    fn moved_since(&self, before: &Self) -> u64 {
        let moved = self.used.minus(before.used);
        (moved.cpu_ns + moved.run_delay_ns).max(u64::from(self.used != before.used))
    }
}

impl SeenProcess {
    fn of(pid: u32, stat: &Stat, reader: &Reader<'_>) -> Self {
        Self {
            pid,
            start: stat.start,
            comm: stat.comm,
            state: stat.state,
            parent: stat.parent,
            is_kernel_thread: stat.is_kernel_thread,
            n_threads: stat.n_threads,
            rss_bytes: stat.rss_pages * reader.page_bytes,
            memory: None,
            coarse_cpu_ns: stat.cpu_ns(reader.tick_ns),
            netns: None,
            max_fds: None,
            cgroups: None,
            user: None,
        }
    }
}

#[cfg(test)]
mod tests;
