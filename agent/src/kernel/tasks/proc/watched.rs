//! A process between two sweeps of `/proc`, and which of its threads must be read.
//!
//! *The account closes*: the kernel says how often all threads of a process together got on a CPU. The threads that ran
//! lately are read first; when their runs explain the difference, the others have not run, and need not be read.

mod thread;

use midair_vitals::TaskState;
use rustix::{fd::OwnedFd, io::Errno};

pub(super) use self::thread::WatchedThread;
use super::{
    kept::{Kept, Seats},
    taskstats::Account,
};
use crate::kernel::{
    files::Files,
    stat::{Stat, parse_stat},
    tasks::seen::{Seen, SeenProcess},
};

/// A process between two sweeps.
#[derive(Debug)]
pub(super) struct Watched {
    /// What its `stat` said.
    pub seen: SeenProcess,
    /// The sweep at which that was read.
    pub stat_sweep: u64,
    /// What the kernel said that all its threads used.
    pub account: Option<Account>,
    /// When it was asked, microseconds.
    pub account_us: u64,
    /// The sweep at which it moved last.
    pub moved_sweep: u64,
    /// Its threads, in order of tid.
    pub threads: Vec<WatchedThread>,
    /// The sweep at which all its threads were last accounted for; 0: never.
    pub accounted: u64,
    /// Whether something may have run that no thread has told yet.
    pub is_open: bool,
    /// Runs of threads that have ended: at least so many.
    runs_of_ended: i64,
    /// Where the reading of all threads goes on, where one sweep was not enough.
    next_tid: u32,
    /// Whether threads may be doubtful, or wait for a CPU.
    has_doubts: bool,
    stat_file: Option<Kept>,
}

/// What a sweep reads with.
pub(super) struct Reader<'a> {
    /// The files.
    pub files: &'a mut Files,
    /// Where files are kept open.
    pub seats: &'a Seats,
    /// `CLOCK_MONOTONIC`, microseconds.
    pub clock: &'a dyn Fn() -> u64,
    /// Length of a clock tick, nanoseconds.
    pub tick_ns: u64,
    /// Size of a page, bytes.
    pub page_bytes: u64,
    /// Number of the sweep.
    pub sweep: u64,
    /// Files of threads that may still be read in this sweep.
    pub n_left: u64,
    /// What was seen of threads: tid, pid, what, and when.
    pub seen: &'a mut Vec<(u32, u32, Seen, u64)>,
    /// For listings.
    pub tids: &'a mut Vec<u32>,
}

/// Moments of asking and of answering lie so far apart at most, most often; microseconds.
const AGE_SLACK_US: u64 = 20_000;

/// And closed when it has not been read for so many sweeps.
const CLOSE_AFTER: u64 = 30;

/// Whether it has not is looked at in every so manieth sweep.
const CLOSE_EVERY: u64 = 8;

impl Watched {
    /// A process that was not seen before.
    pub(super) fn new(seen: SeenProcess, sweep: u64) -> Self {
        Self {
            seen,
            stat_sweep: sweep,
            account: None,
            account_us: 0,
            moved_sweep: sweep,
            threads: Vec::new(),
            accounted: 0,
            is_open: true,
            runs_of_ended: 0,
            next_tid: 0,
            has_doubts: false,
            stat_file: None,
        }
    }

    /// Reads its `stat` again. An error means that it has ended, or may not be read.
    pub(super) fn read_stat(&mut self, reader: &mut Reader<'_>) -> Result<Stat, Errno> {
        let pid = self.seen.pid;
        let is_busy = self.stat_sweep + 1 == reader.sweep && self.moved_sweep + 1 >= reader.sweep;
        let line = match &self.stat_file {
            Some(file) => reader.files.read_kept(file)?,
            None if is_busy && reader.seats.has_room() => {
                let file = reader.files.open_kept(format_args!("{pid}/stat"))?;
                self.stat_file = reader.seats.keep(file);
                match &self.stat_file {
                    Some(file) => reader.files.read_kept(file)?,
                    None => reader.files.read_once(format_args!("{pid}/stat"))?,
                }
            }
            None => reader.files.read_once(format_args!("{pid}/stat"))?,
        };
        parse_stat(line).map_err(|_| Errno::INVAL)
    }

    /// Takes what the kernel says of it now. `true`: it may be another process, or have other threads than before, and its
    /// `stat` must be read.
    pub(super) fn take_account(&mut self, now: Option<Account>, at_us: u64, sweep: u64) -> bool {
        let (before, elapsed_us) = (self.account, at_us.saturating_sub(self.account_us));
        (self.account, self.account_us) = (now, at_us);
        let (Some(before), Some(now)) = (before, now) else {
            self.is_open = true;
            self.moved_sweep = sweep;
            return false;
        };
        if before.used != now.used {
            self.is_open = true;
            self.moved_sweep = sweep;
        } else if self.moved_sweep + 1 == sweep {
            // What ran until now stands still: it sleeps, or it waits for a CPU.
            self.threads.iter_mut().for_each(WatchedThread::stand_still);
            self.has_doubts = true;
        }
        if now.used.n_runs < before.used.n_runs {
            return true;
        }
        let n_threads = u64::from(self.seen.n_threads.max(1));
        let expected_us = before.age_us + n_threads * elapsed_us;
        now.age_us.abs_diff(expected_us) > n_threads * AGE_SLACK_US
    }

    /// Takes what its `stat` says.
    pub(super) fn take_stat(&mut self, mut seen: SeenProcess, account: Option<Account>, at_us: u64, sweep: u64) {
        let has_moved = self.seen.coarse_cpu_ns != seen.coarse_cpu_ns;
        if account.is_some() {
            // The account knows better.
            seen.coarse_cpu_ns = 0;
        } else {
            self.is_open = true;
            self.moved_sweep = if has_moved { sweep } else { self.moved_sweep };
        }
        self.is_open |= self.seen.n_threads != seen.n_threads;
        if self.account.is_none() {
            (self.account, self.account_us) = (account, at_us);
        }
        if seen.state == Some(TaskState::Running) && self.moved_sweep < sweep {
            self.threads
                .iter_mut()
                .filter(|thread| thread.tid == seen.pid)
                .for_each(|leader| leader.is_doubtful = true);
            self.has_doubts = true;
        }
        (self.seen, self.stat_sweep) = (seen, sweep);
    }

    /// Lets threads that rest be looked at: they may be woken and get no CPU, and be given other names, without running.
    pub(super) fn doubt_resting(&mut self) {
        let pid = self.seen.pid;
        for thread in self.threads.iter_mut().filter(|thread| thread.stood_still() && thread.tid != pid) {
            thread.is_doubtful = true;
            self.has_doubts = true;
        }
    }

    /// Looks at threads that stand still, those that were seen waiting for a CPU or the others.
    pub(super) fn look_for_waits(&mut self, reader: &mut Reader<'_>, are_waiting: bool) {
        if !self.has_doubts {
            return;
        }
        let (pid, is_open) = (self.seen.pid, self.is_open);
        for thread in &mut self.threads {
            let is_due = if are_waiting { thread.is_waiting() } else { thread.is_doubtful };
            // What was not read may have run.
            let stands_still = !is_open || thread.read == reader.sweep;
            if !is_due || !stands_still {
                continue;
            }
            if reader.n_left == 0 {
                return;
            }
            if let Some(seen) = thread.look_for_wait(reader, pid) {
                reader.seen.push((thread.tid, pid, seen, (reader.clock)()));
            }
        }
        self.has_doubts = self.threads.iter().any(|thread| thread.is_doubtful || thread.is_waiting());
    }

    /// Gives back the files of what has not moved for long.
    pub(super) fn close_idle(&mut self, sweep: u64) {
        if !(sweep + u64::from(self.seen.pid)).is_multiple_of(CLOSE_EVERY) {
            return;
        }
        let rests = self.moved_sweep + CLOSE_AFTER < sweep;
        if rests {
            self.stat_file = None;
        }
        for thread in self.threads.iter_mut().filter(|thread| thread.is_kept_open()) {
            if rests || thread.read + CLOSE_AFTER < sweep {
                thread.close();
            }
        }
    }

    /// Reads the threads that ran lately, then, where they do not explain what the process used, all of them. Leaves the
    /// account open where too few files are left to be read.
    pub(super) fn read_threads(&mut self, reader: &mut Reader<'_>, stat: Option<&Stat>) {
        if self.seen.state == Some(TaskState::Zombie) && self.seen.n_threads <= 1 && self.accounted > 0 {
            // It runs no more, and the kernel has taken its account away.
            (self.accounted, self.is_open) = (reader.sweep, false);
            return;
        }
        if self.is_lone(reader.sweep) {
            return self.account_lone(reader, stat);
        }
        self.read_busy(reader, stat);
        if self.is_explained() {
            self.accounted = reader.sweep;
            self.is_open = false;
            return;
        }
        if reader.n_left > 0 {
            self.read_all(reader, stat);
        }
    }

    /// Whether it has one thread, and never had another since it was first seen: then its account is that of the thread.
    fn is_lone(&self, sweep: u64) -> bool {
        let is_settled = self.accounted > 0 && self.accounted < sweep;
        let [thread] = &self.threads[..] else { return false };
        self.seen.n_threads == 1
            && is_settled
            && self.account.is_some()
            && thread.knows_delay()
            && self.runs_of_ended == 0
    }

    fn account_lone(&mut self, reader: &mut Reader<'_>, stat: Option<&Stat>) {
        let (Some(account), [thread]) = (self.account, &mut self.threads[..]) else { return };
        thread.moved_to(account.used, reader.sweep);
        self.has_doubts |= thread.is_doubtful;
        let pid = self.seen.pid;
        let seen = stat.map_or(Seen::Used(account.used), |stat| Seen::whole(stat, account.used, true));
        reader.seen.push((pid, pid, seen, self.account_us));
        self.accounted = reader.sweep;
        self.is_open = false;
    }

    fn read_busy(&mut self, reader: &mut Reader<'_>, stat: Option<&Stat>) {
        let pid = self.seen.pid;
        for thread in self.threads.iter_mut().filter(|thread| thread.is_busy()) {
            if reader.n_left == 0 {
                return;
            }
            let stat = stat.filter(|_| thread.tid == pid);
            // One that has ended is found out when all are listed: its runs explain nothing.
            if let Some(seen) = thread.read(reader, pid, None, stat) {
                self.has_doubts |= thread.is_doubtful;
                reader.seen.push((thread.tid, pid, seen, (reader.clock)()));
            }
        }
    }

    /// Whether its threads have waited for so many sweeps to be read.
    pub(super) fn is_behind(&self, sweep: u64, n_sweeps: u64) -> bool {
        self.is_open && self.accounted + n_sweeps < sweep
    }

    /// Files that are to be read until all its threads are accounted for, as far as one can tell.
    pub(super) fn n_due(&self) -> u64 {
        let n_busy = self.threads.iter().filter(|thread| thread.is_busy()).count() as u64;
        match () {
            () if !self.is_open => 0,
            () if self.accounted > 0 && self.next_tid == 0 && n_busy > 0 => n_busy,
            () => u64::from(self.seen.n_threads),
        }
    }

    /// Whether the runs of its threads explain those of the process.
    fn is_explained(&self) -> bool {
        let Some(account) = self.account.filter(|_| self.accounted > 0) else { return false };
        self.unexplained(&account) <= self.runs_of_ended
    }

    /// Runs of the process that its living threads have not told.
    fn unexplained(&self, account: &Account) -> i64 {
        let told: u64 = self.threads.iter().map(|thread| thread.used.n_runs).sum();
        account.used.n_runs.cast_signed() - told.cast_signed()
    }

    fn read_all(&mut self, reader: &mut Reader<'_>, stat: Option<&Stat>) {
        let pid = self.seen.pid;
        let folder = match self.list(reader) {
            Ok(folder) => folder,
            // It has ended, or may not be listed.
            Err(_) => return,
        };
        let began_whole = self.next_tid == 0;
        let first = self.threads.partition_point(|thread| thread.tid < self.next_tid);
        let mut n = first;
        while n < self.threads.len() && reader.n_left > 0 {
            let thread = &mut self.threads[n];
            if thread.read < reader.sweep {
                let stat = stat.filter(|_| thread.tid == pid);
                let Some(seen) = thread.read(reader, pid, folder.as_ref(), stat) else {
                    self.lose(reader, n);
                    continue;
                };
                self.has_doubts |= thread.is_doubtful;
                reader.seen.push((thread.tid, pid, seen, (reader.clock)()));
            }
            n += 1;
        }
        self.next_tid = self.threads.get(n).map_or(0, |thread| thread.tid);
        if self.next_tid != 0 {
            return;
        }
        if self.accounted == 0 {
            self.expect_busy();
        }
        self.accounted = reader.sweep;
        // Read over several sweeps, threads may have run after they were read.
        if let Some(account) = self.account.filter(|_| began_whole) {
            self.runs_of_ended = self.runs_of_ended.max(self.unexplained(&account));
        }
        self.is_open = !began_whole || self.account.is_none();
    }

    /// After the first look nobody has seen a thread move: those that ran more often than most have are expected to.
    fn expect_busy(&mut self) {
        let n_runs: u64 = self.threads.iter().map(|thread| thread.used.n_runs).sum();
        let n_threads = self.threads.len() as u64;
        self.threads.iter_mut().for_each(|thread| thread.is_likely = thread.used.n_runs * n_threads >= n_runs.max(1));
    }

    /// Brings the list of its threads up to date; gives their folder, which a lone thread does not need.
    fn list(&mut self, reader: &mut Reader<'_>) -> Result<Option<OwnedFd>, Errno> {
        let pid = self.seen.pid;
        let mut tids = std::mem::take(reader.tids);
        let listed = match self.seen.n_threads {
            0 | 1 => {
                tids.clear();
                tids.push(pid);
                Ok(None)
            }
            _ => reader.files.numbers(format_args!("{pid}/task"), &mut tids).map(Some),
        };
        if listed.is_ok() {
            for n in (0..self.threads.len()).rev() {
                if tids.binary_search(&self.threads[n].tid).is_err() {
                    self.lose(reader, n);
                }
            }
            for tid in &tids {
                if let Err(at) = self.threads.binary_search_by_key(tid, |thread| thread.tid) {
                    self.threads.insert(at, WatchedThread::new(*tid));
                }
            }
            if self.threads.capacity() > self.threads.len() * 5 / 4 + 2 {
                self.threads.shrink_to_fit();
            }
            self.seen.n_threads = tids.len() as u32;
        }
        *reader.tids = tids;
        listed
    }

    /// Forgets a thread that has ended.
    fn lose(&mut self, reader: &mut Reader<'_>, n: usize) {
        let thread = self.threads.remove(n);
        self.runs_of_ended += thread.used.n_runs.cast_signed();
        reader.seen.push((thread.tid, self.seen.pid, Seen::Ended, 0));
    }
}
