//! A process between two sweeps of `/proc`, and which of its threads must be read.
//!
//! *The account closes*: the kernel says how often all threads of a process together got on a CPU. The threads that ran
//! lately are read first; when their runs explain the difference, the others have not run, and need not be read.

use midair_vitals::TaskState;
use rustix::{fd::OwnedFd, io::Errno};

use super::{
    kept::{Kept, Seats},
    taskstats::Account,
};
use crate::kernel::{
    files::Files,
    stat::{SchedStat, Stat, parse_schedstat, parse_stat},
    tasks::seen::{Seen, SeenProcess, SeenThread},
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
    stat_file: Option<Kept>,
}

/// A thread between two sweeps.
#[derive(Debug)]
pub(super) struct WatchedThread {
    /// Its number.
    pub tid: u32,
    /// What it used, by its own `schedstat`.
    pub used: SchedStat,
    /// How many readings in a row it has moved in.
    pub n_moved: u32,
    /// When it was first seen runnable without having run, microseconds.
    pub waits_since_us: Option<u64>,
    /// Whether it stands still since it was last read, but may have been woken meanwhile.
    pub is_doubtful: bool,
    /// The sweep that read it last; 0: none has.
    pub read: u64,
    /// How often its name was read.
    n_named: u32,
    knows_delay: bool,
    file: Option<Kept>,
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

/// A file is kept open for a task that moved in so many readings in a row.
const KEEP_AFTER: u32 = 2;

/// Moments of asking and of answering lie so far apart at most, most often; microseconds.
const AGE_SLACK_US: u64 = 20_000;

/// And closed when it has not been read for so many sweeps.
const CLOSE_AFTER: u64 = 30;

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
            for thread in self.threads.iter_mut().filter(|thread| thread.n_moved > 0) {
                thread.n_moved = 0;
                thread.is_doubtful = true;
            }
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
        }
        (self.seen, self.stat_sweep) = (seen, sweep);
    }

    /// Looks at threads that stand still, those that were seen waiting for a CPU or the others.
    pub(super) fn look_for_waits(&mut self, reader: &mut Reader<'_>, are_waiting: bool) {
        let (pid, is_open) = (self.seen.pid, self.is_open);
        for thread in &mut self.threads {
            let is_due = if are_waiting { thread.waits_since_us.is_some() } else { thread.is_doubtful };
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
    }

    /// Gives back the files of what has not moved for long.
    pub(super) fn close_idle(&mut self, sweep: u64) {
        if self.moved_sweep + CLOSE_AFTER < sweep {
            self.stat_file = None;
        }
        for thread in self.threads.iter_mut().filter(|thread| thread.file.is_some()) {
            if thread.read + CLOSE_AFTER < sweep || self.moved_sweep + CLOSE_AFTER < sweep {
                thread.file = None;
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
            && thread.knows_delay
            && self.runs_of_ended == 0
    }

    fn account_lone(&mut self, reader: &mut Reader<'_>, stat: Option<&Stat>) {
        let (Some(account), [thread]) = (self.account, &mut self.threads[..]) else { return };
        thread.moved_to(account.used, reader.sweep);
        let pid = self.seen.pid;
        let seen = stat.map_or(Seen::Used(account.used), |stat| Seen::whole(stat, account.used, true));
        reader.seen.push((pid, pid, seen, self.account_us));
        self.accounted = reader.sweep;
        self.is_open = false;
    }

    fn read_busy(&mut self, reader: &mut Reader<'_>, stat: Option<&Stat>) {
        let pid = self.seen.pid;
        for thread in self.threads.iter_mut().filter(|thread| thread.n_moved > 0) {
            if reader.n_left == 0 {
                return;
            }
            let stat = stat.filter(|_| thread.tid == pid);
            // One that has ended is found out when all are listed: its runs explain nothing.
            if let Some(seen) = thread.read(reader, pid, None, stat) {
                reader.seen.push((thread.tid, pid, seen, (reader.clock)()));
            }
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
                reader.seen.push((thread.tid, pid, seen, (reader.clock)()));
            }
            n += 1;
        }
        self.next_tid = self.threads.get(n).map_or(0, |thread| thread.tid);
        if self.next_tid != 0 {
            return;
        }
        self.accounted = reader.sweep;
        // Read over several sweeps, threads may have run after they were read.
        if let Some(account) = self.account.filter(|_| began_whole) {
            self.runs_of_ended = self.runs_of_ended.max(self.unexplained(&account));
        }
        self.is_open = !began_whole || self.account.is_none();
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

impl WatchedThread {
    fn new(tid: u32) -> Self {
        Self {
            tid,
            used: SchedStat::default(),
            n_moved: 0,
            waits_since_us: None,
            is_doubtful: false,
            read: 0,
            n_named: 0,
            knows_delay: false,
            file: None,
        }
    }

    /// Reads what it used. `None`: it has ended.
    fn read(
        &mut self,
        reader: &mut Reader<'_>,
        pid: u32,
        folder: Option<&OwnedFd>,
        leader: Option<&Stat>,
    ) -> Option<Seen> {
        reader.n_left = reader.n_left.saturating_sub(1);
        let schedstat = self.read_schedstat(reader, pid, folder);
        if schedstat == Err(Errno::SRCH) {
            self.file = None;
            return None;
        }
        let schedstat = schedstat.ok();
        // A thread that was named by itself after its birth shows its parent's name until then: it is looked at twice.
        let is_settled = self.n_named >= 2;
        let goes_on = |now: &SchedStat| now.cpu_ns >= self.used.cpu_ns && now.n_runs >= self.used.n_runs;
        if let Some(now) = schedstat.filter(|now| is_settled && self.knows_delay && goes_on(now)) {
            self.moved_to(now, reader.sweep);
            return Some(leader.map_or(Seen::Used(now), |stat| Seen::whole(stat, now, true)));
        }
        let stat = match leader {
            Some(stat) if schedstat.is_some() => *stat,
            // Where there is no schedstat, the kernel has none, or the thread has ended.
            Some(_) | None => read_stat(reader, pid, self.tid, folder)?,
        };
        self.n_named += 1;
        self.knows_delay = schedstat.is_some();
        let coarse = SchedStat { cpu_ns: stat.cpu_ns(reader.tick_ns), ..SchedStat::default() };
        let now = schedstat.unwrap_or(coarse);
        self.moved_to(now, reader.sweep);
        Some(Seen::whole(&stat, now, self.knows_delay))
    }

    #[cfg(test)]
    pub(super) fn is_kept_open(&self) -> bool {
        self.file.is_some()
    }

    fn moved_to(&mut self, now: SchedStat, sweep: u64) {
        let has_moved = now != self.used && self.read > 0;
        // It ran before, and stands still: it sleeps, or it waits for a CPU.
        self.is_doubtful = !has_moved && (self.n_moved > 0 || self.waits_since_us.is_some());
        self.n_moved = if has_moved { self.n_moved + 1 } else { 0 };
        if has_moved {
            self.waits_since_us = None;
        }
        self.used = now;
        self.read = sweep;
    }

    fn read_schedstat(
        &mut self,
        reader: &mut Reader<'_>,
        pid: u32,
        folder: Option<&OwnedFd>,
    ) -> Result<SchedStat, Errno> {
        let tid = self.tid;
        if self.file.is_none() && self.n_moved >= KEEP_AFTER && reader.seats.has_room() {
            let file = reader.files.open_kept(format_args!("{pid}/task/{tid}/schedstat"))?;
            self.file = reader.seats.keep(file);
        }
        let line = match (&self.file, folder) {
            (Some(file), _) => reader.files.read_kept(file)?,
            (None, Some(folder)) => reader.files.read_once_in(folder, format_args!("{tid}/schedstat"))?,
            (None, None) if tid == pid => reader.files.read_once(format_args!("{pid}/schedstat"))?,
            (None, None) => reader.files.read_once(format_args!("{pid}/task/{tid}/schedstat"))?,
        };
        parse_schedstat(line).map_err(|_| Errno::INVAL)
    }

    /// Looks whether it waits for a CPU: runnable, though it has not run since it was last looked at. How long before
    /// this sweep it was woken nobody knows, so the wait counts from the first look that saw it.
    fn look_for_wait(&mut self, reader: &mut Reader<'_>, pid: u32) -> Option<Seen> {
        self.is_doubtful = false;
        reader.n_left = reader.n_left.saturating_sub(1);
        let stat = read_stat(reader, pid, self.tid, None)?;
        if stat.state != Some(TaskState::Running) {
            self.waits_since_us = None;
            return Some(Seen::whole(&stat, self.used, self.knows_delay));
        }
        let now_us = (reader.clock)();
        let since_us = *self.waits_since_us.get_or_insert(now_us);
        let waiting_ns = now_us.saturating_sub(since_us) * 1000;
        let used = SchedStat { run_delay_ns: self.used.run_delay_ns + waiting_ns, ..self.used };
        let thread = SeenThread { is_queued: true, waiting_ns, ..SeenThread::of(&stat, used, self.knows_delay) };
        Some(Seen::Whole(Box::new(thread)))
    }
}

fn read_stat(reader: &mut Reader<'_>, pid: u32, tid: u32, folder: Option<&OwnedFd>) -> Option<Stat> {
    let line = match folder {
        Some(folder) => reader.files.read_once_in(folder, format_args!("{tid}/stat")),
        None if tid == pid => reader.files.read_once(format_args!("{pid}/stat")),
        None => reader.files.read_once(format_args!("{pid}/task/{tid}/stat")),
    };
    parse_stat(line.ok()?).ok()
}

impl SeenThread {
    fn of(stat: &Stat, used: SchedStat, knows_delay: bool) -> Self {
        Self {
            start: stat.start,
            comm: stat.comm,
            state: stat.state,
            cpu: stat.cpu,
            used,
            knows_delay,
            is_queued: false,
            waiting_ns: 0,
        }
    }
}

impl Seen {
    fn whole(stat: &Stat, used: SchedStat, knows_delay: bool) -> Self {
        Self::Whole(Box::new(SeenThread::of(stat, used, knows_delay)))
    }
}
