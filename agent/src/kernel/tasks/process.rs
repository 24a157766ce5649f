//! One process between two sweeps: its names, which are read seldom, and its sums, which outlive its threads.

use std::sync::Arc;

use midair_vitals::{TaskId, TaskKind, TaskReading, TaskState, WorstThread};

use super::{
    Sweeper,
    seen::{Others, SeenProcess},
    sums::Sums,
};
use crate::{
    kernel::{
        cgroups::{CgroupIds, Place},
        names::Users,
        stat::SchedStat,
        status::parse_status,
        tally::{Member, Netns, Run, Tally},
    },
    secrets,
};

/// A process as it was at its last reading.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// What a collector said of it last.
    pub now: SeenProcess,
    /// What the kernel said last of all its threads, ended ones included.
    pub told: Option<Total>,
    /// Its short name.
    pub name: Arc<str>,
    /// Its executable with allowed arguments; a kernel thread has none.
    pub command: Option<Arc<str>>,
    /// Its user.
    pub user: Option<Arc<str>>,
    /// Its cgroup.
    pub place: Option<Place>,
    /// The ids of its cgroups when the file was read that said so.
    placed_by: Option<CgroupIds>,
    /// Its network namespace.
    pub netns: Netns,
    /// What its threads used, ended ones included.
    pub sums: Sums,
    /// What of it came with the last sweep.
    gained: SchedStat,
    /// When its sums were read, microseconds.
    pub at_us: u64,
    /// The sweep that saw it first.
    pub first: u64,
    /// The sweep that saw it last.
    pub seen: u64,
    /// What the sweep that is going on has found.
    pub sweep: Found,
    names: Names,
    /// Whether it had run for a while when it was first seen.
    is_old: bool,
}

/// What a sweep finds out about a process, thread by thread.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// What holds for threads of which the collector says nothing.
    pub others: Others,
    /// What its threads used since their last readings, or since their births.
    pub gained: SchedStat,
    /// What its living threads used, those that were read.
    pub living: SchedStat,
    /// What waits now are part of that, nanoseconds.
    pub waiting_ns: u64,
    /// The longest of these.
    pub longest_wait_ns: u64,
    /// Whether some thread does not say its run delay.
    pub lacks_delay: bool,
    /// The thread that waited longest in the last interval: its run delay in nanoseconds, number, and the interval.
    worst: Option<(u64, u32, u64)>,
}

/// What the kernel says of a whole process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum Total {
    /// All its threads used this, without waits that are going on.
    All(SchedStat),
    /// Those that have ended used this.
    Ended(SchedStat),
    /// Those that have ended used so much CPU time, nanoseconds; how long they waited is not known.
    EndedCpu(u64),
}

/// Which names are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Names {
    /// The command line: of a process that is new or has become another program.
    command: bool,
    /// User and cgroup.
    owner: bool,
}

/// User and cgroup of a process are read again after so many sweeps: a tenth of a millisecond each time.
const OWNER_AGAIN: u64 = 256;

/// User and cgroup of a process are read once more after its first so many sweeps.
const SETTLED_AFTER: u64 = 8;

/// Of those of the first sweep: unless they started so many clock ticks before it (half a minute).
const OLD_TICKS: u64 = 3_000;

/// The same where the collector tells when most of what they depend on changes; it knows nothing of the effective user.
const TOLD_OWNER_AGAIN: u64 = 512;

impl Process {
    /// A process that was not seen before.
    pub(super) fn new(seen: &SeenProcess, sweep: u64) -> Self {
        Self {
            now: *seen,
            told: None,
            name: seen.comm.shown(),
            command: None,
            user: None,
            place: None,
            placed_by: None,
            netns: Netns::Unknown,
            sums: Sums::default(),
            gained: SchedStat::default(),
            at_us: 0,
            first: sweep,
            seen: 0,
            sweep: Found::default(),
            names: Names::default(),
            is_old: false,
        }
    }

    /// Notes when the first sweep was, clock ticks since boot: what started long before has gone where it belongs.
    pub(super) fn began_before(&mut self, first_sweep: u64) {
        self.is_old = self.now.start + OLD_TICKS < first_sweep;
    }

    /// Its identity.
    pub(super) fn id(&self) -> TaskId {
        TaskId { runtime: 0, number: u64::from(self.now.pid), start: self.now.start }
    }

    /// Takes what a collector says of it, and decides which names are to be read: those of a process at its first two
    /// sweeps (a child takes its own user, cgroup and program some time after its birth; into a cgroup it may take seconds,
    /// on a host that is busy) and with a new short name (it has
    /// become another program). User and cgroup may change at any time: they are read again now and then. The command
    /// line is not, for that waits where a process is stuck in the kernel with its memory locked.
    pub(super) fn begin(&mut self, seen: &SeenProcess, sweep: u64) {
        let is_renamed = self.now.comm != seen.comm;
        if is_renamed {
            self.name = seen.comm.shown();
        }
        let owner = |seen: &SeenProcess| (seen.user, seen.cgroups, seen.netns);
        let has_new_owner = owner(&self.now) != owner(seen);
        self.now = *seen;
        self.begin_once(sweep);
        self.names.command |= is_renamed;
        self.names.owner |= is_renamed || has_new_owner;
    }

    /// Begins a sweep, unless that was done: a thread may come before the first one of its process.
    pub(super) fn begin_once(&mut self, sweep: u64) {
        if self.seen == sweep {
            return;
        }
        self.seen = sweep;
        self.sweep = Found::default();
        let is_told = self.now.user.is_some();
        let is_young = self.first + 1 >= sweep;
        self.names.command |= is_young;
        let is_settled = !self.is_old && self.first + SETTLED_AFTER == sweep && !self.now.is_kernel_thread;
        self.names.owner |= self.first == sweep || ((is_young || is_settled) && !is_told);
        let again = if is_told { TOLD_OWNER_AGAIN } else { OWNER_AGAIN };
        self.names.owner |= !self.now.is_kernel_thread && (sweep + u64::from(self.now.pid)).is_multiple_of(again);
    }

    /// Says in a row where it runs.
    pub(super) fn place_of(&self, row: &mut TaskReading) {
        row.cgroup = self.place.as_ref().map(|place| place.path.clone());
        row.netns = self.netns.other();
        row.unit = self.place.as_ref().and_then(|place| place.unit.clone());
    }

    /// Tells where it is, and what it did of which no thread that was read says anything.
    pub(super) fn tally(&self, tally: &mut Tally) {
        let cgroup = self.place.as_ref().map(|place| place.id);
        tally.process(Member { pid: self.now.pid, cgroup, n_threads: self.now.n_threads, netns: self.netns });
        let SchedStat { cpu_ns, run_delay_ns: delay_ns, .. } = self.gained.minus(self.sweep.gained);
        tally.ran(Run { cgroup, cpu: None, cpu_ns, delay_ns });
    }

    /// Whether the kernel does not say of it, or of a thread of it, how long it waited, though it lives: the files of one that
    /// has ended may be gone before it is.
    pub(super) fn is_silent(&self) -> bool {
        self.sweep.lacks_delay && self.now.state != Some(TaskState::Zombie)
    }

    /// Whether some of its names are to be read.
    pub(super) fn lacks_names(&self) -> bool {
        self.names != Names::default()
    }

    /// Reads the names that are due.
    pub(super) fn read_names(&mut self, sweep: &mut Sweeper<'_>, users: &mut Users) {
        let mut due = std::mem::take(&mut self.names);
        let pid = self.now.pid;
        if due.command && self.may_be_stuck(sweep.number) {
            due.command = false;
            self.names.command = true;
        }
        // A command line is at most 16 KiB long here: what is allowed out of it stands at its start.
        if due.command
            && !self.now.is_kernel_thread
            && let Ok(line) = sweep.files.read_once(format_args!("{pid}/cmdline"))
        {
            let command = if sweep.show_args { secrets::masked(line) } else { secrets::command_line(line) };
            self.command = (!command.is_empty()).then(|| command.into());
        }
        if due.owner {
            self.find_place(sweep);
            if !self.now.is_kernel_thread {
                self.netns = sweep.whereabouts.netns(pid, self.now.netns);
            }
            // The owner of the files alone would say root of each process that changed its user.
            let status = sweep.files.read_once(format_args!("{pid}/status")).map(parse_status);
            self.user = status.ok().and_then(|status| status.uid).map(|uid| users.name(uid));
        }
    }

    /// Finds out where it runs: by the ids of its cgroups where these are known already, else from its file.
    fn find_place(&mut self, sweep: &mut Sweeper<'_>) {
        let ids = self.now.cgroups;
        if let Some(place) = ids.and_then(|ids| sweep.whereabouts.place_by_ids(&ids)) {
            self.place = Some(place);
            return;
        }
        let Ok(text) = sweep.files.read(format_args!("{}/cgroup", self.now.pid)) else { return };
        let place = sweep.whereabouts.place(text);
        // It may have moved between the two looks: ids and file belong together where both were the same at the last one.
        if let Some((ids, place)) = ids.zip(place.as_ref()).filter(|_| place == self.place && ids == self.placed_by) {
            sweep.whereabouts.learn(ids, place);
        }
        self.place = place;
        self.placed_by = ids;
    }

    /// Whether it may wait for a CPU or a disk with its memory locked, as a starved program does that has just begun to
    /// load: whoever reads its command line then waits until it gets on (`mmap_lock`, fs/proc/base.c).
    fn may_be_stuck(&self, sweep: u64) -> bool {
        let waits = matches!(self.now.state, Some(TaskState::Running | TaskState::Blocked) | None);
        waits && (self.first == sweep || self.gained.cpu_ns == 0)
    }

    /// Brings its sums up to date; gives what is new in them.
    pub(super) fn settle(&mut self, is_first: bool) -> SchedStat {
        let found = &self.sweep;
        let total = match self.told {
            Some(Total::All(all)) => Some(SchedStat { run_delay_ns: all.run_delay_ns + found.waiting_ns, ..all }),
            Some(Total::Ended(ended)) => Some(found.living.plus(ended)),
            Some(Total::EndedCpu(_)) | None => None,
        };
        let before = self.sums.used();
        self.sums.advance(found.gained, total, is_first);
        if let Some(Total::EndedCpu(ended_ns)) = self.told {
            self.sums.raise_cpu(found.living.cpu_ns + ended_ns);
        }
        // Its own sum counts the threads that ended between two sweeps too, to the last clock tick.
        self.sums.raise_cpu(self.now.coarse_cpu_ns);
        self.gained = self.sums.used().minus(before);
        self.gained
    }

    /// Its row, without queues and dear fields.
    pub(super) fn row(&self) -> TaskReading {
        let kind = if self.now.is_kernel_thread { TaskKind::KernelThread } else { TaskKind::Process };
        let mut row = TaskReading::unknown(self.id(), kind, self.at_us);
        let (now, used, has_delay) = (&self.now, self.sums.used(), !self.sweep.lacks_delay);
        row.parent = Some(now.parent).filter(|parent| *parent != 0);
        row.name = Some(self.name.clone());
        row.command.clone_from(&self.command);
        row.user.clone_from(&self.user);
        self.place_of(&mut row);
        row.state = now.state;
        row.cpu_us = Some(used.cpu_ns / 1000);
        row.run_delay_us = has_delay.then_some(used.run_delay_ns / 1000);
        row.n_runs = has_delay.then_some(used.n_runs);
        row.rss_bytes = Some(now.rss_bytes);
        row.n_threads = Some(now.n_threads);
        row.waiting_us = Some(self.sweep.longest_wait_ns / 1000).filter(|us| *us > 0);
        row.worst_thread = self.sweep.worst.map(|(delay_ns, number, over_us)| WorstThread {
            number: u64::from(number),
            run_delay_us: delay_ns / 1000,
            over_us,
        });
        if let Some(memory) = now.memory {
            row.anon_bytes = Some(memory.anon);
            row.file_bytes = Some(memory.file);
            row.swap_bytes = Some(memory.swap);
        }
        row
    }
}

impl Found {
    /// Takes note of what a thread waited in its last interval, microseconds long.
    pub(super) fn waited(&mut self, number: u32, delay_ns: u64, over_us: u64) {
        if self.worst.is_none_or(|(worst_ns, ..)| delay_ns > worst_ns) {
            self.worst = Some((delay_ns, number, over_us));
        }
    }

    /// Takes note of a wait that is going on.
    pub(super) fn waits(&mut self, waiting_ns: u64) {
        self.waiting_ns += waiting_ns;
        self.longest_wait_ns = self.longest_wait_ns.max(waiting_ns);
    }
}
