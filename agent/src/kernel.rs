//! The kernel source: this host through `/proc`, opened plainly at each tick, and its sockets through netlink.
//!
//! The root may be another `/proc` than this host's (a fixture, a bind mount of the host's in a container).

pub mod bpf;
mod cgroups;
mod exited;
mod files;
mod kept;
mod mounts;
mod names;
mod namespaces;
mod node;
mod probes;
mod queues;
mod stat;
mod status;
mod tally;
mod tasks;
mod text;
mod whereabouts;

use std::path::{Path, PathBuf};

use midair_vitals::{TaskId, TaskReading};
use rustix::{
    io::Errno,
    param::{clock_ticks_per_second, page_size},
};

pub use self::stat::{ParseError, SchedStat, Stat, parse_schedstat, parse_stat};
use self::{
    bpf::Choice,
    exited::Exited,
    files::Files,
    names::own_user,
    node::{InUse, Node},
    probes::Probes,
    queues::{Look, Queues},
    tasks::{Collectors, HOTTEST, Sweeper, Swept, Tasks},
    whereabouts::Whereabouts,
};
use crate::{
    clock::Clock,
    config::Collector,
    numbers::TaskSet,
    reading::{Close, Health, Reading, Source, SourceState, Spent, Wants},
};

/// The kernel of this host.
pub struct Kernel {
    root: PathBuf,
    files: Option<Files>,
    clock: Box<dyn Fn() -> u64 + Send>,
    tasks: Tasks,
    queues: Queues,
    probes: Probes,
    exited: Exited,
    node: Node,
    whereabouts: Whereabouts,
    processes: Vec<(u32, u64)>,
    show_args: bool,
    number: u64,
    /// When it was read last, microseconds.
    at_us: u64,
    wanted: TaskSet,
}

/// At most so many threads are listed in a close look.
const MOST_CHILDREN: usize = 512;

impl Kernel {
    /// A source that reads files below `root`, `/proc` most often. `clock` is `CLOCK_MONOTONIC` in microseconds.
    pub fn new(root: PathBuf, clock: impl Fn() -> u64 + Send + 'static) -> Self {
        let is_own = root == Path::new("/proc");
        Self {
            node: Node::new(&root),
            whereabouts: Whereabouts::new(&root),
            root,
            files: None,
            clock: Box::new(clock),
            tasks: Tasks::new(Collectors::new(Collector::Proc, Choice::default(), is_own)),
            queues: Queues::new(is_own),
            probes: Probes::default(),
            exited: Exited::default(),
            processes: Vec::new(),
            show_args: false,
            number: 0,
            at_us: 0,
            wanted: TaskSet::default(),
        }
    }

    /// Reads tasks in a chosen way.
    #[must_use]
    pub fn reading_through(self, collector: Collector) -> Self {
        self.reading_through_iterators(collector, Choice::default())
    }

    /// The same, with iterators from there.
    #[must_use]
    pub fn reading_through_iterators(mut self, collector: Collector, from: Choice) -> Self {
        let is_own = self.root == Path::new("/proc");
        if is_own && collector != Collector::Proc {
            self.probes = Probes::new(from.clone());
        }
        self.tasks = Tasks::new(Collectors::new(collector, from, is_own));
        self
    }

    /// Shows whole command lines, with what looks like a secret masked.
    #[must_use]
    pub fn showing_args(mut self, show_args: bool) -> Self {
        self.show_args = show_args;
        self
    }

    fn read_all(&mut self, wants: &Wants, into: &mut Reading) -> Result<(), Errno> {
        let mut files = match self.files.take() {
            Some(files) => files,
            None => Files::open(&self.root)?,
        };
        self.number += 1;
        self.wanted.clear();
        self.wanted.extend(wants.hot.iter().chain(&wants.close));
        let tick_us = 1_000_000 / clock_ticks_per_second().max(1);
        let last_us = std::mem::replace(&mut self.at_us, (self.clock)());
        into.node.at_us = self.at_us;
        let in_use = self.node.read(tick_us, &mut into.node);
        into.n_oom_kills = self.node.read_oom_kills();
        self.whereabouts.read(&into.node, &wants.off);
        let mut sweep = Sweeper {
            files: &mut files,
            clock: &*self.clock,
            wanted: &self.wanted,
            wanted_pids: Vec::new(),
            tick_us,
            page_bytes: page_size() as u64,
            show_args: self.show_args,
            number: self.number,
            over_us: self.at_us.saturating_sub(last_us),
            thrift: wants.thrift,
            off: &wants.off,
            whereabouts: &mut self.whereabouts,
        };
        read_tasks(&mut self.tasks, &mut sweep, &wants.close, into)?;
        // Ends are counted on the whole host: as forks, they are told where the whole host is seen.
        let bpf = self.tasks.bpf().filter(|_| self.tasks.sees_host());
        into.node.short_lived = self.exited.read(bpf, (self.clock)(), sweep.off);
        self.node.add_queues(&sweep.whereabouts.tally, &mut into.node);
        sweep.whereabouts.close(into);
        self.processes.clear();
        self.processes.extend(self.tasks.owners_of_descriptors());
        read_queues((&mut self.queues, in_use), (&self.tasks, &self.processes), wants, &mut sweep, into);
        let over_us = sweep.over_us;
        into.sources.extend(self.probes.keep(&wants.close, (self.at_us, over_us), &wants.off));
        for id in &wants.close {
            let Some(row) = into.tasks.iter().find(|row| row.id == *id) else { continue };
            let mut close = close(&mut self.tasks, &mut self.queues, &mut sweep, row);
            (close.cgroup, close.namespace) = sweep.whereabouts.of(row, &into.node);
            self.probes.add_to(&mut close);
            into.close.insert(*id, close);
        }
        self.files = Some(files);
        Ok(())
    }
}

/// Reads all tasks, and these closely.
fn read_tasks(tasks: &mut Tasks, sweep: &mut Sweeper<'_>, closely: &[TaskId], into: &mut Reading) -> Result<(), Errno> {
    let (swept, threads) = tasks.sweep(sweep, into.node.n_forks, &mut into.tasks)?;
    if sweep.off.why("threads").is_none() {
        into.threads = threads;
        into.tasks.extend(tasks.wanted_rows(sweep.wanted));
    }
    tasks.add_dear(sweep, closely, &mut into.tasks);
    // Where no process says how long it waited, the sum is not zero but unknown.
    into.node.run_delay_us = Some(swept.run_delay_us).filter(|_| swept.n_without_delay < swept.n_processes);
    into.node.n_processes = Some(swept.n_processes);
    into.node.n_threads = Some(swept.n_threads);
    into.node.n_short_lived = swept.n_short_lived;
    into.spent = Spent {
        names_us: swept.names_us,
        threads_us: swept.read.proc.threads_us,
        are_threads_whole: swept.read.is_bpf,
    };
    let name = if swept.read.is_bpf { "kernel bpf" } else { "kernel /proc" };
    let health = health(sweep.files, tasks, &swept);
    let period_us = swept.read.proc.n_sweeps * sweep.over_us;
    let period_ms = (swept.read.proc.n_sweeps > 1).then(|| u32::try_from(period_us / 1000).unwrap_or(u32::MAX));
    into.sources.push(SourceState { period_ms, ..SourceState::new(name, health) });
    for part in ["bpf", "names", "threads"] {
        into.sources.extend(sweep.off.why(part).map(|why| SourceState::new(part, Health::Off(why))));
    }
    Ok(())
}

/// Reads the queues and adds them to the rows of their owners.
fn read_queues(
    (queues, in_use): (&mut Queues, InUse),
    (tasks, processes): (&Tasks, &[(u32, u64)]),
    wants: &Wants,
    sweep: &mut Sweeper<'_>,
    into: &mut Reading,
) {
    let clock = Clock::system();
    let before_us = clock.thread_cpu_us();
    let large: Vec<u32> = tasks.with_descriptors(queues::LARGE).collect();
    let other_netns: Vec<(u64, u32)> = sweep.whereabouts.other_namespaces().collect();
    let mut state = queues.read(&mut Look {
        files: &mut *sweep.files,
        bpf: tasks.bpf(),
        in_use,
        processes,
        large: &large,
        own_netns: sweep.whereabouts.own_namespace(),
        other_netns: &other_netns,
        close: &wants.close,
        now_us: (sweep.clock)(),
        cpu_us: &|| clock.thread_cpu_us(),
        thrift: wants.thrift,
        off: &wants.off,
    });
    if !matches!(state.health, Health::Off(_)) {
        for row in into.tasks.iter_mut().filter(|row| row.process.is_none()) {
            queues.add_to(row);
        }
        queues.add_whole(into);
        sweep.whereabouts.add_listeners(queues.listeners(), queues.sees_all_namespaces(), &mut into.namespaces);
    }
    state.cpu_us = Some(clock.thread_cpu_us().saturating_sub(before_us));
    into.sources.push(state);
}

/// A close look at the task of a row.
fn close(tasks: &mut Tasks, queues: &mut Queues, sweep: &mut Sweeper<'_>, row: &TaskReading) -> Close {
    let mut task = row.clone();
    if task.process.is_some() {
        return Close::of(task);
    }
    let mut all = queues.all_of(sweep.files, task.id);
    let n_queues = all.as_ref().map_or(0, |(_, n)| *n);
    for queue in all.iter_mut().flat_map(|(queues, _)| queues) {
        queue.peer_name = queue.peer.and_then(|peer| tasks.name(peer));
    }
    task.queues = all.map(|(queues, _)| queues.into());
    task.n_queues = Some(n_queues).filter(|_| task.queues.is_some());
    if task.n_threads.is_none_or(|n| n < 2) {
        return Close { n_queues, ..Close::of(task) };
    }
    let (children, n_children) = tasks.threads(sweep, task.id, MOST_CHILDREN);
    if children.len() == n_children as usize {
        task.n_voluntary = children.iter().map(|thread| thread.n_voluntary).sum();
        task.n_involuntary = children.iter().map(|thread| thread.n_involuntary).sum();
    }
    Close { n_queues, children, n_children, ..Close::of(task) }
}

/// How much is kept between two readings.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
struct Kept {
    /// Processes and threads.
    tasks: usize,
    /// Processes and threads for which there is room.
    room: usize,
    /// Sockets and processes with their owners and books.
    owners: usize,
}

#[cfg(test)]
impl Kernel {
    fn n_kept(&self) -> Kept {
        let (tasks, room) = self.tasks.n_kept();
        Kept { tasks, room, owners: self.queues.n_kept() }
    }
}

impl Source for Kernel {
    fn name(&self) -> &'static str {
        "kernel"
    }

    fn read(&mut self, wants: &Wants, into: &mut Reading) {
        if let Err(error) = self.read_all(wants, into) {
            let why = format!("cannot read {}: {error}; is it mounted, and open to this user?", self.root.display());
            into.sources.push(SourceState::new("kernel /proc", Health::Off(why.into())));
        }
    }
}

/// What is missing, and the remedy.
fn health(files: &mut Files, tasks: &Tasks, swept: &Swept) -> Health {
    let remedy = "run midair-agent as root or with CAP_SYS_PTRACE, or mount /proc without hidepid";
    let n_closed = swept.read.proc.n_closed;
    if n_closed > 0 {
        let all = swept.n_processes + n_closed;
        let user = own_user();
        let why = format!("{n_closed} of {all} processes are not readable as user {user}; {remedy}");
        return Health::Degraded(why.into());
    }
    // With hidepid=2 the processes of others are not even listed; the first of all is always somebody's.
    let hidden = tasks.hidden();
    if !tasks.has(1)
        && hidden.is_none()
        && matches!(files.read_once(format_args!("1/stat")), Err(Errno::NOENT | Errno::ACCESS | Errno::PERM))
    {
        return Health::Degraded(format!("processes of other users are hidden; {remedy}").into());
    }
    if !tasks.sees_host() {
        let why = "only the processes of this agent's pid namespace are seen, while load and memory of the node are those of \
            the host; run midair-agent in the host's pid namespace (hostPID), or with --proc-root on the host's /proc";
        return Health::Degraded(why.into());
    }
    if swept.n_silent > 0 {
        let why = "run delay is not known for all tasks: this kernel has no /proc/PID/schedstat (CONFIG_SCHED_INFO)";
        return Health::Degraded(why.into());
    }
    if let Some(what) = hidden {
        return Health::Degraded(format!("{what}: `--collector proc` reads all").into());
    }
    match &swept.read.why {
        Some(why) if swept.read.is_missed => Health::Degraded(why.clone()),
        Some(why) if swept.read.proc.n_sweeps > 1 => {
            let text = format!("threads of all but the {HOTTEST} hottest processes are read in turn; {why}");
            Health::Degraded(text.into())
        }
        Some(_) | None => Health::Ok,
    }
}

#[cfg(test)]
mod tests;
