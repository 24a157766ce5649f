//! The sweep over all processes and their threads.
//!
//! Per tick and process it reads `stat`, and per thread `schedstat`; everything else is read when a task is new, has
//! changed its name, or is asked for.

mod dear;
mod process;
mod thread;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use midair_vitals::{TaskId, TaskKind, TaskReading};
use rustix::{fd::OwnedFd, io::Errno};

use self::{
    process::Process,
    thread::{From, Thread},
};
use super::{
    cgroups::Cgroups,
    files::Files,
    names::{Shared, Users},
    namespaces::Namespaces,
    stat::{Comm, SchedStat, Stat, parse_stat},
    tally::{Member, Run, Tally},
};
use crate::secrets;
use process::worst_thread;

/// What a sweep works with.
pub(super) struct Sweeper<'a> {
    /// The files.
    pub files: &'a mut Files,
    /// `CLOCK_MONOTONIC`, microseconds.
    pub clock: &'a dyn Fn() -> u64,
    /// Tasks whose dear fields are wanted.
    pub wanted: &'a HashSet<TaskId>,
    /// Length of a clock tick, microseconds.
    pub tick_us: u64,
    /// Size of a page.
    pub page_bytes: u64,
    /// Whether whole command lines are shown, masked.
    pub show_args: bool,
    /// Number of this sweep, from 1.
    pub number: u64,
    /// Where processes run.
    pub cgroups: &'a mut Cgroups,
    /// In which network they are.
    pub namespaces: &'a mut Namespaces,
    /// What they did.
    pub tally: &'a mut Tally,
}

impl Sweeper<'_> {
    fn cpu_ns(&self, stat: &Stat) -> u64 {
        (stat.user_ticks + stat.system_ticks) * self.tick_us * 1000
    }
}

/// All tasks between two sweeps.
#[derive(Default)]
pub(super) struct Tasks {
    processes: HashMap<u32, Process>,
    threads: HashMap<u32, Thread>,
    names: Shared,
    users: Users,
    pids: Vec<u32>,
    tids: Vec<u32>,
    run_delay_ns: u64,
}

/// What a sweep found out about the whole node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Swept {
    /// Processes seen.
    pub n_processes: u64,
    /// Threads seen.
    pub n_threads: u64,
    /// Processes whose files are closed to this user.
    pub n_closed: u64,
    /// Processes of which one did not say its run delay.
    pub n_without_delay: u64,
    /// Run delay of all tasks since the first sweep, microseconds; what has ended takes nothing away.
    pub run_delay_us: u64,
}

impl Tasks {
    /// Reads all tasks; rows of a process are followed by those of its threads.
    pub(super) fn sweep(&mut self, sweep: &mut Sweeper<'_>, into: &mut Vec<TaskReading>) -> Result<Swept, Errno> {
        let mut swept = Swept::default();
        let mut pids = std::mem::take(&mut self.pids);
        sweep.files.numbers(format_args!("."), &mut pids)?;
        for pid in &pids {
            match self.read_process(sweep, *pid, into, &mut swept) {
                Ok(()) => {}
                Err(Errno::ACCESS | Errno::PERM) => swept.n_closed += 1,
                // It ended between the listing and the reading: no more is known, and nothing is wrong.
                Err(_) => {}
            }
        }
        self.pids = pids;
        self.processes.retain(|_, process| process.seen == sweep.number);
        self.threads.retain(|_, thread| thread.seen == sweep.number);
        release(&mut self.processes);
        release(&mut self.threads);
        swept.run_delay_us = self.run_delay_ns / 1000;
        Ok(swept)
    }

    /// The processes of the last sweep that may hold descriptors, pid and start, in order of pid.
    pub(super) fn owners_of_descriptors(&self) -> impl Iterator<Item = (u32, u64)> {
        let own = self.pids.iter().filter_map(|pid| self.processes.get(pid).map(|p| (*pid, p)));
        own.filter(|(_, process)| !process.is_kernel_thread).map(|(pid, process)| (pid, process.start))
    }

    /// All threads of a process, its first one included, the busiest first.
    pub(super) fn threads(&mut self, sweep: &mut Sweeper<'_>, process: TaskId, most: usize) -> (Vec<TaskReading>, u32) {
        let Some((pid, owner)) = self.find(process) else { return (Vec::new(), 0) };
        let mut found: Vec<(&u32, &Thread)> = self.threads.iter().filter(|(_, t)| t.process == pid).collect();
        found.sort_by_key(|(tid, thread)| (std::cmp::Reverse(thread.busy_ns()), **tid));
        let n = found.len() as u32;
        found.truncate(most);
        let mut rows: Vec<TaskReading> = found.into_iter().map(|(tid, t)| thread_row(pid, *tid, t, owner)).collect();
        self.add_dear_of_children(sweep, &mut rows);
        (rows, n)
    }

    /// Whether a process was seen by the last sweep.
    pub(super) fn has(&self, pid: u32) -> bool {
        self.processes.contains_key(&pid)
    }

    /// Entries kept, and entries for which there is room.
    #[cfg(test)]
    pub(super) fn n_kept(&self) -> (usize, usize) {
        (self.processes.len() + self.threads.len(), self.processes.capacity() + self.threads.capacity())
    }

    fn find(&self, id: TaskId) -> Option<(u32, &Process)> {
        let pid = u32::try_from(id.number).ok()?;
        let process = self.processes.get(&pid).filter(|p| p.start == id.start && id.runtime == 0)?;
        Some((pid, process))
    }

    fn read_process(
        &mut self,
        sweep: &mut Sweeper<'_>,
        pid: u32,
        into: &mut Vec<TaskReading>,
        swept: &mut Swept,
    ) -> Result<(), Errno> {
        let line = sweep.files.read_once(format_args!("{pid}/stat"))?;
        let stat = parse_stat(line).map_err(|_| Errno::INVAL)?;
        if self.processes.get(&pid).is_some_and(|known| known.start != stat.start) {
            // The number was given to another process: nothing of the old one may stay.
            self.processes.remove(&pid);
            self.threads.retain(|_, thread| thread.process != pid);
        }
        let mut tids = std::mem::take(&mut self.tids);
        let listed = list_threads(sweep, pid, &stat, &mut tids);
        let listed = listed.map(|folder| self.read_listed(sweep, pid, (&stat, folder), &mut tids, into, swept));
        self.tids = tids;
        listed
    }

    fn read_listed(
        &mut self,
        sweep: &mut Sweeper<'_>,
        pid: u32,
        (stat, folder): (&Stat, Option<OwnedFd>),
        tids: &mut Vec<u32>,
        into: &mut Vec<TaskReading>,
        swept: &mut Swept,
    ) {
        let process = self.processes.entry(pid).or_insert_with(|| Process::new(stat, sweep.number));
        process.keep_names(sweep, &mut self.users, pid, stat);
        let mut has_schedstat = true;
        tids.retain(|tid| {
            let from = folder.as_ref().filter(|_| *tid != pid).map_or(From::Process(stat), From::Folder);
            let Some(gained) = thread::read(&mut self.threads, sweep, (pid, *tid), from) else { return false };
            process.add(gained.used);
            if !gained.is_new || sweep.number > 1 {
                self.run_delay_ns += gained.used.run_delay_ns;
                let SchedStat { cpu_ns, run_delay_ns: delay_ns, .. } = gained.used;
                // On which CPU it was stands in a file that is not read for this.
                sweep.tally.ran(Run {
                    cgroup: process.place.as_ref().map(|place| place.id),
                    cpu: None,
                    cpu_ns,
                    delay_ns,
                });
            }
            has_schedstat &= self.threads.get(tid).is_some_and(|thread| thread.has_schedstat);
            true
        });
        // The process' own sum counts the threads that ended between two sweeps too, to the last clock tick.
        process.used.cpu_ns = process.used.cpu_ns.max(sweep.cpu_ns(stat));
        let cgroup = process.place.as_ref().map(|place| place.id);
        sweep.tally.process(Member { pid, cgroup, n_threads: stat.n_threads, netns: process.netns });
        swept.n_processes += 1;
        swept.n_threads += u64::from(stat.n_threads);
        swept.n_without_delay += u64::from(!has_schedstat);

        let mut row = process_row(sweep, pid, process, stat, has_schedstat);
        row.worst_thread = worst_thread(&self.threads, tids);
        into.push(row);
        if tids.len() > 1 {
            self.add_threads(pid, tids, into);
        }
    }

    /// Rows of all threads but the first: that one has the same identity as its process, whose row stands for both.
    fn add_threads(&self, pid: u32, tids: &[u32], into: &mut Vec<TaskReading>) {
        let Some(process) = self.processes.get(&pid) else { return };
        for tid in tids.iter().filter(|tid| **tid != pid) {
            let Some(thread) = self.threads.get(tid) else { continue };
            into.push(thread_row(pid, *tid, thread, process));
        }
    }
}

/// Lists the threads of a process, and gives their folder; one that has but one thread needs neither.
fn list_threads(sweep: &mut Sweeper<'_>, pid: u32, stat: &Stat, tids: &mut Vec<u32>) -> Result<Option<OwnedFd>, Errno> {
    if stat.n_threads > 1 {
        return sweep.files.numbers(format_args!("{pid}/task"), tids).map(Some);
    }
    tids.clear();
    tids.push(pid);
    Ok(None)
}

/// The short name of a task, as it may be shown.
fn short_name(comm: &Comm) -> Arc<str> {
    secrets::short_name(&comm.text()).into()
}

/// Gives memory back after a burst of short-lived tasks.
fn release<T>(known: &mut HashMap<u32, T>) {
    if known.capacity() > 1024 && known.capacity() / 4 > known.len() {
        known.shrink_to(known.len() * 2);
    }
}

fn process_row(sweep: &Sweeper<'_>, pid: u32, process: &Process, stat: &Stat, has_schedstat: bool) -> TaskReading {
    let kind = if process.is_kernel_thread { TaskKind::KernelThread } else { TaskKind::Process };
    let mut row = TaskReading::unknown(process.id(pid), kind, (sweep.clock)());
    row.parent = Some(stat.parent).filter(|parent| *parent != 0);
    row.name = Some(process.name.clone());
    add_names(&mut row, process);
    row.state = stat.state;
    row.cpu_us = Some(process.used.cpu_ns / 1000);
    add_delay(&mut row, &process.used, has_schedstat);
    row.rss_bytes = Some(stat.rss_pages * sweep.page_bytes);
    row.n_threads = Some(stat.n_threads);
    row
}

fn thread_row(pid: u32, tid: u32, thread: &Thread, process: &Process) -> TaskReading {
    let id = TaskId { runtime: 0, number: u64::from(tid), start: thread.start };
    let mut row = TaskReading::unknown(id, TaskKind::Thread, thread.at_us);
    row.process = Some(u64::from(pid));
    row.name = Some(thread.name.clone());
    add_names(&mut row, process);
    row.cpu_us = Some(thread.used.cpu_ns / 1000);
    add_delay(&mut row, &thread.used, thread.has_schedstat);
    row
}

fn add_names(row: &mut TaskReading, process: &Process) {
    row.netns = process.netns.other();
    row.command = process.command.clone();
    row.user = process.user.clone();
    row.cgroup = process.place.as_ref().map(|place| place.path.clone());
    row.unit = process.place.as_ref().and_then(|place| place.unit.clone());
}

fn add_delay(row: &mut TaskReading, used: &SchedStat, has_schedstat: bool) {
    row.run_delay_us = has_schedstat.then_some(used.run_delay_ns / 1000);
    row.n_runs = has_schedstat.then_some(used.n_runs);
}
