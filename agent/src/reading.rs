//! What a source hands to the sampler: raw readings of the node, its tasks and its queues.

mod threads;

use std::{collections::HashMap, sync::Arc};

use midair_proto::v1::{ErlangLook, Inspected, Keeps, Traced, Vm};
use midair_vitals::{CgroupReading, NetNamespace, NodeReading, TaskId, TaskReading};

pub use self::threads::{Comm, ThreadReading, Threads, Used};
use crate::governor::{Off, Thrift};

/// What sources are asked for beyond the rows that every reading has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wants {
    /// Tasks to look at closely: all their queues, their threads or children, wait channel, switches.
    pub close: Vec<TaskId>,
    /// Tasks that stand in the base streams now: dear fields (wait channel) are read for these and `close` alone.
    pub hot: Vec<TaskId>,
    /// Receive traces that have not been answered yet.
    pub traces: Vec<TraceWanted>,
    /// Inspections of Erlang processes that have not been answered yet.
    pub inspections: Vec<InspectionWanted>,
    /// What to leave out to stay within the agent's budget.
    pub thrift: Thrift,
    /// Whether nobody is told of more than a few rows: who makes rows up need not make all.
    pub is_few: bool,
    /// What an operator has switched off: a part that is says so as its state, and reads nothing.
    pub off: Off,
}

/// Where values come from. Each may be absent, fail or hang, and never takes the agent with it.
pub trait Source: Send {
    /// The word by which it is switched off as a whole.
    fn name(&self) -> &'static str {
        "source"
    }

    /// Reads once and adds what it knows to `into`. Errors become the source's state, never a panic.
    fn read(&mut self, wants: &Wants, into: &mut Reading);
}

/// All that was read at one tick.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The node's values. Severities, sums and worsts are left to the sampler.
    pub node: NodeReading,
    /// Every process, and the threads that were wanted. In streams and tables a row carries at most one queue per kind:
    /// the worst of its kind.
    pub tasks: Vec<TaskReading>,
    /// Every OS thread, in few bytes.
    pub threads: Threads,
    /// Queues with data waiting or drops whose owner is not known.
    pub orphans: Vec<midair_vitals::Queue>,
    /// Close looks, by task; a task that is gone is absent.
    pub close: HashMap<TaskId, Close>,
    /// Erlang processes that stood in rows or close looks and have ended; one that only ranks no more is not here.
    pub ended: Vec<TaskId>,
    /// State of each source.
    pub sources: Vec<SourceState>,
    /// One sum per queue kind over all queues of the node, owned or not.
    pub sums: Vec<midair_vitals::Queue>,
    /// Cgroups with processes in them; at most those that the stream takes, the busiest first.
    pub cgroups: Vec<CgroupReading>,
    /// Processes that the kernel has killed for lack of memory on the whole host, since its boot.
    pub n_oom_kills: Option<u64>,
    /// Network namespaces in which processes run, the agent's own first.
    pub namespaces: Vec<NetNamespace>,
    /// What else schedules tasks here than the kernel: each Erlang VM that was found, whether it answers or not.
    pub runtimes: Vec<RuntimeState>,
    /// What is known of each Erlang VM, as it travels: nothing here is derived from it.
    pub vms: Vec<Vm>,
    /// What happened since the last reading, for the time line.
    pub happened: Vec<String>,
    /// Receive traces that have ended, by the number under which they were wanted.
    pub traced: Vec<(u64, Result<Traced, String>)>,
    /// Inspections that have ended, by the number under which they were wanted; a refusal is part of one.
    pub inspected: Vec<(u64, Inspected)>,
    /// CPU time that watching has caused inside of VMs, cumulative, microseconds; `None` where none is watched.
    pub vm_cost_us: Option<u64>,
    /// CPU time that children of the agent which still run have used, microseconds.
    pub children_us: u64,
    /// Resident memory of these, bytes.
    pub children_rss_bytes: u64,
    /// What of the reading's cost the governor can make less.
    pub spent: Spent,
}

impl Reading {
    /// Whether Erlang VMs were not looked at, though there may be some: nobody can tell then what has ended in them.
    pub fn is_beam_off(&self) -> bool {
        self.sources.iter().any(|state| state.name == "beam" && matches!(state.health, Health::Off(_)))
    }
}

/// What schedules tasks on a node, besides its kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct RuntimeState {
    /// Its id: of this agent's instance, never used again.
    pub id: u32,
    /// Its kind: "beam".
    pub kind: &'static str,
    /// Its name: "chat@node-0412".
    pub name: String,
    /// Whether it answers, and why not.
    pub health: Health,
    /// How many tasks it has.
    pub n_tasks: Option<u64>,
    /// Whether it is off since it was started so that nobody can ask it.
    pub is_undistributed: bool,
}

/// A receive trace that somebody wants, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceWanted {
    /// Its number, rising, never used again.
    pub number: u64,
    /// The Erlang process.
    pub task: TaskId,
    /// For how long, seconds.
    pub seconds: u32,
    /// At most so many messages.
    pub most: u32,
}

/// What an Erlang process keeps, wanted by somebody once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectionWanted {
    /// Its number, rising, never used again.
    pub number: u64,
    /// The Erlang process.
    pub task: TaskId,
    /// What of it.
    pub what: Keeps,
}

/// CPU time of parts of a reading that may be left out, which are no source of their own; microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// On names of tasks.
    pub names_us: u64,
    /// On threads, as far as they may be read less often than processes.
    pub threads_us: u64,
    /// Whether all threads are read in one pass with their processes, and so are never read less often.
    pub are_threads_whole: bool,
}

/// A close look at one task.
#[derive(Clone, Debug)]
pub struct Close {
    /// The task with all its queues, at most 256, the worst first.
    pub task: TaskReading,
    /// How many queues it has.
    pub n_queues: u32,
    /// Its threads (of a process) or none, at most 512, the busiest first.
    pub children: Vec<TaskReading>,
    /// How many there are.
    pub n_children: u32,
    /// The cgroup in which it runs.
    pub cgroup: Option<CgroupReading>,
    /// Its network namespace.
    pub namespace: Option<NetNamespace>,
    /// What a probe has counted of its sockets since somebody looks, per unit; `None` without a probe.
    pub probed: Option<Vec<midair_vitals::Flow>>,
    /// What the probe has cost the node, microseconds; estimated.
    pub probe_us: Option<u64>,
    /// What a look at an Erlang process showed, as it travels.
    pub erlang: Option<Box<ErlangLook>>,
}

impl Close {
    /// A look at a task of which no more is known than its row.
    pub fn of(task: TaskReading) -> Self {
        Self {
            task,
            n_queues: 0,
            children: Vec::new(),
            n_children: 0,
            cgroup: None,
            namespace: None,
            probed: None,
            probe_us: None,
            erlang: None,
        }
    }
}

/// How well a source works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Works.
    Ok,
    /// Works in part: what is missing, and the remedy.
    Degraded(Arc<str>),
    /// Does not work: why.
    Off(Arc<str>),
}

/// A source and its state.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceState {
    /// Its name: "kernel /proc", "sockets".
    pub name: &'static str,
    /// How well it works.
    pub health: Health,
    /// What there is to say of it though it works.
    pub note: Option<Arc<str>>,
    /// CPU time of this reading, microseconds; the sampler fills it in.
    pub cpu_us: Option<u64>,
    /// How long a full round over all that it reads takes, milliseconds; `None` where each reading reads all.
    pub period_ms: Option<u32>,
    /// The same for processes with so many descriptors that they have a round of their own.
    pub slow_period_ms: Option<u32>,
}

impl SourceState {
    /// The state of a source that reads all of it each time; its cost is still to be booked.
    pub fn new(name: &'static str, health: Health) -> Self {
        Self { name, health, note: None, cpu_us: None, period_ms: None, slow_period_ms: None }
    }
}
