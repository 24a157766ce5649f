//! All processes and threads of this host: read by one of several collectors, folded into one table.

mod collector;
mod dear;
mod fold;
mod hidden;
mod iter;
mod proc;
mod process;
mod seen;
mod short_lived;
mod sums;

use std::sync::Arc;

use midair_vitals::{TaskId, TaskReading};
use rustix::io::Errno;

pub(super) use self::{
    collector::{Collectors, Read},
    proc::HOTTEST,
};
use self::{
    dear::Looks,
    fold::{Fold, Folded},
    hidden::Hidden,
    process::Process,
    short_lived::ShortLived,
};
use super::{
    bpf::Bpf,
    files::Files,
    names::{Shared, Users},
    whereabouts::Whereabouts,
};
use crate::{
    clock::Clock,
    governor::{Off, Thrift},
    numbers::{NumberMap, TaskSet, release},
    reading::{ThreadReading, Threads},
};

/// What a sweep works with.
pub(super) struct Sweeper<'a> {
    /// The files.
    pub files: &'a mut Files,
    /// `CLOCK_MONOTONIC`, microseconds.
    pub clock: &'a dyn Fn() -> u64,
    /// Tasks whose dear fields are wanted.
    pub wanted: &'a TaskSet,
    /// The processes that these are or belong to, in rising order; the sweep fills it in.
    pub wanted_pids: Vec<u32>,
    /// Length of a clock tick, microseconds.
    pub tick_us: u64,
    /// Size of a page.
    pub page_bytes: u64,
    /// Whether whole command lines are shown, masked.
    pub show_args: bool,
    /// Number of this sweep, from 1.
    pub number: u64,
    /// Time since the sweep before, microseconds.
    pub over_us: u64,
    /// What to leave out to stay within the agent's budget.
    pub thrift: Thrift,
    /// What an operator has switched off.
    pub off: &'a Off,
    /// Where they run, and what they did there.
    pub whereabouts: &'a mut Whereabouts,
}

/// All tasks between two sweeps.
pub(super) struct Tasks {
    collectors: Collectors,
    /// Boxed: half of a map's places are empty, and one of these is more than half a KiB.
    processes: NumberMap<Box<Process>>,
    /// The processes of the last sweep, in rising order.
    pids: Vec<u32>,
    threads: Threads,
    /// The table of the sweep before the last, to be used again.
    spare: Arc<Vec<ThreadReading>>,
    names: Shared,
    users: Users,
    /// The process whose names were read last.
    named: u32,
    looks: Looks,
    /// Whether the last sweep has told the states of all threads.
    are_states_new: bool,
    short_lived: ShortLived,
    hidden: Hidden,
    /// The latest start of all that the first sweep saw, clock ticks since boot.
    since: u64,
    run_delay_ns: u64,
}

/// What a sweep found out about the whole node.
#[derive(Clone, Debug, Default)]
pub(super) struct Swept {
    /// How it was read.
    pub read: Read,
    /// Processes seen.
    pub n_processes: u64,
    /// Threads seen.
    pub n_threads: u64,
    /// Tasks that were born and ended between two sweeps, since the first; estimated.
    pub n_short_lived: Option<u64>,
    /// Processes of which one thread did not say its run delay.
    pub n_without_delay: u64,
    /// Of these those that live: their kernel does not say it.
    pub n_silent: u64,
    /// Run delay of all tasks since the first sweep, microseconds; what has ended takes nothing away.
    pub run_delay_us: u64,
    /// CPU time that names took, microseconds.
    pub names_us: u64,
}

/// Processes whose names are read in a sweep; each costs about 30 us.
const NAMES_PER_SWEEP: usize = 100;

/// The same in the first sweep, which fills the first screen.
const NAMES_AT_FIRST: usize = 1_000;

impl Tasks {
    /// Tasks of which nothing is known yet.
    pub(super) fn new(collectors: Collectors) -> Self {
        Self {
            collectors,
            processes: NumberMap::default(),
            pids: Vec::new(),
            threads: Threads::default(),
            spare: Arc::default(),
            names: Shared::default(),
            users: Users::default(),
            named: 0,
            looks: Looks::default(),
            are_states_new: false,
            short_lived: ShortLived::default(),
            hidden: Hidden::default(),
            since: u64::MAX,
            run_delay_ns: 0,
        }
    }

    /// Reads all tasks: rows of processes go into `into`, threads into the table that comes back. `n_forks` is the count
    /// of forks as of before this sweep.
    pub(super) fn sweep(
        &mut self,
        sweep: &mut Sweeper<'_>,
        n_forks: Option<u64>,
        into: &mut Vec<TaskReading>,
    ) -> Result<(Swept, Threads), Errno> {
        // The table of the sweep before is free again, once the desk has gone on.
        let mut next = Arc::try_unwrap(std::mem::take(&mut self.spare)).unwrap_or_default();
        next.clear();
        sweep.wanted_pids.extend(sweep.wanted.iter().map(|id| self.process_of(*id)));
        sweep.wanted_pids.sort_unstable();
        let before = std::mem::take(&mut self.threads);
        let mut fold = Fold::begin(&mut self.processes, before.as_slice(), next, (sweep.number, self.since));
        let outcome = self.collectors.collect(sweep, n_forks, &mut fold);
        let Folded { table, n_new, did } = fold.finish();
        self.spare = before.into_inner();
        self.threads = Threads::new(Arc::new(table));
        let read = outcome?;
        self.are_states_new = read.is_bpf && read.why.is_none();
        release(&mut self.processes);
        self.pids.clear();
        self.pids.extend(self.processes.keys());
        self.pids.sort_unstable();
        if self.since == u64::MAX {
            self.since = self.threads.iter().map(|thread| thread.start).max().unwrap_or(u64::MAX);
            self.processes.values_mut().for_each(|process| process.began_before(self.since));
        }
        // Forks are counted over all pid namespaces: elsewhere than in the first, nobody sees all that is forked.
        let n_forks = n_forks.filter(|_| self.sees_host());
        let mut swept = Swept { read, ..Swept::default() };
        swept.n_short_lived = self.short_lived.count(n_forks, n_new, swept.read.proc.n_sweeps);
        if swept.read.is_bpf {
            sweep.whereabouts.tally.sees_queued();
            self.hidden.look(sweep.files, sweep.number, |pid| self.processes.contains_key(&pid));
        } else {
            self.hidden = Hidden::default();
        }
        did.tell(&mut sweep.whereabouts.tally);
        self.settle(sweep, into, &mut swept);
        Ok((swept, self.threads.clone()))
    }

    /// Brings the sums of all processes up to date, and makes their rows.
    fn settle(&mut self, sweep: &mut Sweeper<'_>, into: &mut Vec<TaskReading>, swept: &mut Swept) {
        let mut unnamed = Vec::new();
        for process in self.processes.values_mut() {
            let is_first = process.first == sweep.number;
            let gained = process.settle(is_first);
            // What a task waited before anybody looked is no news; what one waited that was born since is.
            if !is_first || sweep.number > 1 {
                self.run_delay_ns += gained.run_delay_ns;
            }
            unnamed.extend(process.lacks_names().then_some(process.now.pid));
        }
        let (clock, before_us) = (Clock::system(), Clock::system().thread_cpu_us());
        self.read_names(sweep, unnamed);
        swept.names_us = clock.thread_cpu_us().saturating_sub(before_us);
        // With room for the threads that get rows.
        let n_threads = sweep.wanted.iter().filter(|id| !self.is_process(**id)).count();
        into.reserve(self.pids.len() + n_threads + 64);
        for process in self.pids.iter().filter_map(|pid| self.processes.get(pid)) {
            process.tally(&mut sweep.whereabouts.tally);
            swept.n_processes += 1;
            swept.n_threads += u64::from(process.now.n_threads);
            swept.n_without_delay += u64::from(process.sweep.lacks_delay);
            swept.n_silent += u64::from(process.is_silent());
            into.push(process.row());
        }
        swept.run_delay_us = self.run_delay_ns / 1000;
    }

    /// Reads the names that are due of these processes, as many as there is time for: the others in the sweeps after.
    fn read_names(&mut self, sweep: &mut Sweeper<'_>, mut pids: Vec<u32>) {
        let most = if sweep.number == 1 { NAMES_AT_FIRST } else { NAMES_PER_SWEEP };
        let are_off = sweep.off.why("names").is_some();
        let n_read = if are_off { 0 } else { most.min(sweep.thrift.names_per_tick as usize) };
        pids.sort_unstable();
        let next = pids.partition_point(|pid| *pid <= self.named);
        pids.rotate_left(next);
        for pid in pids.into_iter().take(n_read) {
            let Some(process) = self.processes.get_mut(&pid) else { continue };
            process.read_names(sweep, &mut self.users);
            self.named = pid;
        }
    }

    /// The number of the process that a task is or belongs to.
    fn process_of(&self, id: TaskId) -> u32 {
        // Most are processes; to find a thread takes fifteen looks all over the table.
        match self.is_process(id) {
            true => id.number as u32,
            false => self.threads.find(id).map_or(id.number as u32, |thread| thread.process),
        }
    }

    fn is_process(&self, id: TaskId) -> bool {
        let process = u32::try_from(id.number).ok().and_then(|pid| self.processes.get(&pid));
        process.is_some_and(|process| process.id() == id)
    }

    /// The rows of those threads that are wanted.
    pub(super) fn wanted_rows(&self, wanted: &TaskSet) -> Vec<TaskReading> {
        let threads = wanted.iter().filter(|id| !self.is_process(**id)).filter_map(|id| self.threads.find(*id));
        let threads = threads.filter(|thread| !thread.is_first());
        threads.filter_map(|thread| self.thread_row(thread)).collect()
    }

    /// The processes of the last sweep that may hold descriptors, pid and start, in order of pid.
    pub(super) fn owners_of_descriptors(&self) -> impl Iterator<Item = (u32, u64)> {
        let own = self.pids.iter().filter_map(|pid| self.processes.get(pid).map(|p| (*pid, p)));
        own.filter(|(_, process)| !process.now.is_kernel_thread).map(|(pid, process)| (pid, process.now.start))
    }

    /// Processes with at least so many descriptors, as far as is known.
    pub(super) fn with_descriptors(&self, n: u32) -> impl Iterator<Item = u32> {
        let has_many = move |process: &Process| process.now.max_fds.is_some_and(|max| max >= n);
        self.processes.values().filter(move |process| has_many(process)).map(|process| process.now.pid)
    }

    /// All threads of a process, its first one included, the busiest first.
    pub(super) fn threads(&mut self, sweep: &mut Sweeper<'_>, process: TaskId, most: usize) -> (Vec<TaskReading>, u32) {
        let mut found: Vec<&ThreadReading> = self.threads.of(process).collect();
        let busy_ns = |thread: &ThreadReading| thread.gained().map_or(0, |(g, _)| g.cpu_ns + g.run_delay_ns);
        found.sort_by_key(|thread| (std::cmp::Reverse(busy_ns(thread)), thread.number));
        let n = found.len() as u32;
        found.truncate(most);
        let mut rows: Vec<TaskReading> = found.into_iter().filter_map(|thread| self.thread_row(thread)).collect();
        self.add_dear_of_children(sweep, &mut rows);
        (rows, n)
    }

    /// Whether the first pid namespace is seen, that of the host: there the second process is the parent of the threads of
    /// the kernel.
    pub(super) fn sees_host(&self) -> bool {
        self.processes.get(&2).is_some_and(|second| second.now.is_kernel_thread)
    }

    /// What `/proc` lists and the iterators do not show, in words.
    pub(super) fn hidden(&self) -> Option<String> {
        self.hidden.words()
    }

    /// Whether a process was seen by the last sweep.
    pub(super) fn has(&self, pid: u32) -> bool {
        self.processes.contains_key(&pid)
    }

    /// The BPF iterators, where these are what reads.
    pub(super) fn bpf(&self) -> Option<&Bpf> {
        self.collectors.bpf()
    }

    /// The short name of a process.
    pub(super) fn name(&self, id: TaskId) -> Option<Arc<str>> {
        let process = self.processes.get(&u32::try_from(id.number).ok()?)?;
        (process.id() == id).then(|| process.name.clone())
    }

    /// Entries kept, and entries for which there is room.
    #[cfg(test)]
    pub(super) fn n_kept(&self) -> (usize, usize) {
        (self.processes.len() + self.threads.len(), self.processes.capacity() + self.threads.len())
    }

    fn thread_row(&self, thread: &ThreadReading) -> Option<TaskReading> {
        let process = self.processes.get(&thread.process).filter(|p| p.now.start == thread.process_start)?;
        let mut row = thread.row(None);
        row.command.clone_from(&process.command);
        row.user.clone_from(&process.user);
        process.place_of(&mut row);
        Some(row)
    }
}
