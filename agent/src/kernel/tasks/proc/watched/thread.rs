//! A thread between two sweeps of `/proc`: what it used, and whether it is to be read before others.

use std::num::NonZeroU64;

use midair_vitals::TaskState;
use rustix::{fd::OwnedFd, io::Errno};

use super::{super::kept::Kept, Reader};
use crate::kernel::{
    stat::{SchedStat, Stat, parse_schedstat, parse_stat},
    tasks::seen::{Seen, SeenThread},
};

/// A thread between two sweeps. There are tens of thousands: it fits a line of the CPU's cache.
#[derive(Debug)]
pub(in super::super) struct WatchedThread {
    /// What it used, by its own `schedstat`.
    pub used: SchedStat,
    /// The sweep that read it last; 0: none has.
    pub read: u64,
    /// When it was first seen runnable without having run, microseconds.
    waits_since_us: Option<NonZeroU64>,
    file: Option<Kept>,
    /// Its number.
    pub tid: u32,
    /// How many readings in a row it has moved in.
    n_moved: u8,
    /// How often its name was read.
    n_named: u8,
    /// Whether most of what its process did was done by threads like this one, as far as one reading can tell.
    pub is_likely: bool,
    /// Whether it stands still since it was last read, but may have been woken meanwhile.
    pub is_doubtful: bool,
    knows_delay: bool,
}

/// A file is kept open for a task that moved in so many readings in a row.
const KEEP_AFTER: u8 = 2;

/// A thread that was named by itself after its birth shows its parent's name until then: one that is younger than this,
/// microseconds, is looked at twice.
const NAMED_WITHIN_US: u64 = 5_000_000;

impl WatchedThread {
    /// A thread that was not read yet.
    pub(super) fn new(tid: u32) -> Self {
        Self {
            used: SchedStat::default(),
            read: 0,
            waits_since_us: None,
            file: None,
            tid,
            n_moved: 0,
            n_named: 0,
            is_likely: false,
            is_doubtful: false,
            knows_delay: false,
        }
    }

    /// Whether it ran at its last reading, or may be expected to.
    pub(super) fn is_busy(&self) -> bool {
        self.n_moved > 0 || self.is_likely
    }

    /// Whether it has not run since it was read the time before.
    pub(super) fn stood_still(&self) -> bool {
        self.n_moved == 0
    }

    /// Whether it was seen waiting for a CPU.
    pub(super) fn is_waiting(&self) -> bool {
        self.waits_since_us.is_some()
    }

    /// Whether run delay and runs of it are known.
    pub(super) fn knows_delay(&self) -> bool {
        self.knows_delay
    }

    /// Whether its file is kept open.
    pub(in super::super) fn is_kept_open(&self) -> bool {
        self.file.is_some()
    }

    /// Gives its file back.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Its process stands still since it ran: it sleeps, or it waits for a CPU.
    pub(super) fn stand_still(&mut self) {
        self.is_doubtful |= self.n_moved > 0;
        self.n_moved = 0;
    }

    /// Reads what it used. `None`: it has ended.
    pub(super) fn read(
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
        let goes_on = |now: &SchedStat| now.cpu_ns >= self.used.cpu_ns && now.n_runs >= self.used.n_runs;
        if let Some(now) = schedstat.filter(|now| self.n_named >= 2 && self.knows_delay && goes_on(now)) {
            self.moved_to(now, reader.sweep);
            return Some(leader.map_or(Seen::Used(now), |stat| Seen::whole(stat, now, true)));
        }
        let stat = match leader {
            Some(stat) if schedstat.is_some() => *stat,
            // Where there is no schedstat, the kernel has none, or the thread has ended.
            Some(_) | None => read_stat(reader, pid, self.tid, folder)?,
        };
        if schedstat.is_none() && stat.state == Some(TaskState::Zombie) && self.tid != pid {
            return None;
        }
        let is_young = (reader.clock)() < stat.start * (reader.tick_ns / 1000) + NAMED_WITHIN_US;
        self.n_named = if is_young { self.n_named.saturating_add(1) } else { 2 };
        self.knows_delay = schedstat.is_some();
        let coarse = SchedStat { cpu_ns: stat.cpu_ns(reader.tick_ns), ..SchedStat::default() };
        let now = schedstat.unwrap_or(coarse);
        self.moved_to(now, reader.sweep);
        Some(Seen::whole(&stat, now, self.knows_delay))
    }

    /// It has used this much by now.
    pub(super) fn moved_to(&mut self, now: SchedStat, sweep: u64) {
        let has_moved = now != self.used && self.read > 0;
        // It ran before, and stands still: it sleeps, or it waits for a CPU.
        self.is_doubtful = !has_moved && (self.n_moved > 0 || self.is_waiting());
        self.n_moved = if has_moved { self.n_moved.saturating_add(1) } else { 0 };
        if has_moved {
            self.waits_since_us = None;
        }
        self.is_likely = false;
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
    pub(super) fn look_for_wait(&mut self, reader: &mut Reader<'_>, pid: u32) -> Option<Seen> {
        self.is_doubtful = false;
        if self.read == 0 {
            // Nobody knows what it has used, so that nobody can say that it stands still.
            return None;
        }
        reader.n_left = reader.n_left.saturating_sub(1);
        let stat = read_stat(reader, pid, self.tid, None)?;
        if stat.state != Some(TaskState::Running) {
            self.waits_since_us = None;
            return Some(Seen::whole(&stat, self.used, self.knows_delay));
        }
        let now_us = (reader.clock)();
        let since_us = self.waits_since_us.map_or(now_us, NonZeroU64::get);
        self.waits_since_us = NonZeroU64::new(since_us);
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
    /// All that a thread says.
    pub(super) fn whole(stat: &Stat, used: SchedStat, knows_delay: bool) -> Self {
        Self::Whole(Box::new(SeenThread::of(stat, used, knows_delay)))
    }
}
