//! One process between two sweeps: its names, which are read seldom, and its sums, which outlive its threads.

use std::{collections::HashMap, sync::Arc};

use midair_vitals::{TaskId, WorstThread};

use super::{Sweeper, dear::Dear, short_name, thread::Thread};
use crate::{
    kernel::{
        cgroups::Place,
        names::Users,
        stat::{Comm, SchedStat, Stat},
        status::parse_status,
        tally::Netns,
    },
    secrets,
};

/// A process as it was at its last reading.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// Its start in clock ticks since boot.
    pub start: u64,
    comm: Comm,
    /// Its short name.
    pub name: Arc<str>,
    /// Its executable with allowed arguments; a kernel thread has none.
    pub command: Option<Arc<str>>,
    /// Its user.
    pub user: Option<Arc<str>>,
    /// Its cgroup.
    pub place: Option<Place>,
    /// Its network namespace.
    pub netns: Netns,
    /// Whether it is a thread of the kernel.
    pub is_kernel_thread: bool,
    /// What its threads used, ended ones included. Never goes back.
    pub used: SchedStat,
    /// What the last look at its dear fields found.
    pub dear: Option<Box<Dear>>,
    first: u64,
    /// The sweep that saw it last.
    pub seen: u64,
}

/// User and cgroup of a process are read again after so many sweeps.
const NAMES_AGAIN: u64 = 64;

impl Process {
    /// A process that was not seen before.
    pub(super) fn new(stat: &Stat, sweep: u64) -> Self {
        Self {
            start: stat.start,
            comm: stat.comm,
            name: short_name(&stat.comm),
            command: None,
            user: None,
            place: None,
            netns: Netns::Unknown,
            is_kernel_thread: stat.is_kernel_thread,
            used: SchedStat::default(),
            dear: None,
            first: sweep,
            seen: sweep,
        }
    }

    /// Its identity.
    pub(super) fn id(&self, pid: u32) -> TaskId {
        TaskId { runtime: 0, number: u64::from(pid), start: self.start }
    }

    /// Reads its names where they may have changed: at its first two sweeps (a child takes its own user, cgroup and
    /// program some time after its birth) and with a new short name (it has become another program). User and cgroup may
    /// change at any time: they are read again now and then. The command line is not, for that waits where a process is
    /// stuck in the kernel with its memory locked.
    pub(super) fn keep_names(&mut self, sweep: &mut Sweeper<'_>, users: &mut Users, pid: u32, stat: &Stat) {
        self.seen = sweep.number;
        let is_renamed = self.comm != stat.comm;
        if is_renamed {
            self.comm = stat.comm;
            self.name = short_name(&stat.comm);
        }
        let is_young = self.first + 1 >= sweep.number;
        if is_young || is_renamed {
            self.read_command(sweep, pid);
        }
        let is_turn = !self.is_kernel_thread && (sweep.number + u64::from(pid)).is_multiple_of(NAMES_AGAIN);
        if is_young || is_renamed || is_turn {
            if let Ok(text) = sweep.files.read(format_args!("{pid}/cgroup")) {
                self.place = sweep.cgroups.place(text, None);
            }
            if !self.is_kernel_thread {
                self.netns = sweep.namespaces.of_process(pid);
            }
            // The owner of the files alone would say root of each process that changed its user.
            let status = sweep.files.read_once(format_args!("{pid}/status")).map(parse_status);
            self.user = status.ok().and_then(|status| status.uid).map(|uid| users.name(uid));
        }
    }

    /// A command line is at most 16 KiB long here: what is allowed out of it stands at its start.
    fn read_command(&mut self, sweep: &mut Sweeper<'_>, pid: u32) {
        if self.is_kernel_thread {
            return;
        }
        let Ok(line) = sweep.files.read_once(format_args!("{pid}/cmdline")) else { return };
        let command = if sweep.show_args { secrets::masked(line) } else { secrets::command_line(line) };
        self.command = (!command.is_empty()).then(|| command.into());
    }

    /// Adds what a thread used.
    pub(super) fn add(&mut self, used: SchedStat) {
        self.used.cpu_ns += used.cpu_ns;
        self.used.run_delay_ns += used.run_delay_ns;
        self.used.n_runs += used.n_runs;
    }
}

/// The thread among these that waited longest for a CPU in the last interval.
pub(super) fn worst_thread(threads: &HashMap<u32, Thread>, tids: &[u32]) -> Option<WorstThread> {
    let waited = tids.iter().filter_map(|tid| {
        let thread = threads.get(tid).filter(|t| t.has_schedstat)?;
        let (moved, over_us) = thread.moved?;
        let number = u64::from(*tid);
        Some(WorstThread { number, run_delay_us: moved.run_delay_ns / 1000, over_us })
    });
    waited.max_by_key(|worst| worst.run_delay_us)
}
