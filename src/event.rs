//! The vocabulary: what happens (`Event`), what a person does (`Input`), what is asked for (`Control`).
//!
//! Pure data: no clock, no IO, no protobuf, no screen. Times are microseconds since 1970 on the dashboard's clock
//! ([`Stamp`]) unless a name says otherwise.

mod control;
mod erlang;
mod fleet;
mod input;

use std::sync::Arc;

use midair_vitals::{CgroupReading, Flow, NetNamespace, NodeReading, Severity, TaskId, TaskReading, VmReading};

pub use control::{Control, TableQuery};
pub use erlang::{ErlangLook, Inspected, Keeps, Sender, Traced, WaitKind};
pub use fleet::{Brief, Fleet, Heard, Hearing, THROUGH, behind, through};
pub use input::{Input, Key, Mouse, MouseKind};

/// Number of the answer that a census of a black box is: that of the dashboard's table, which nobody asked for then.
pub const CENSUS_ID: u32 = 1;

/// The same for a census of threads.
pub const THREADS_ID: u32 = u32::MAX;

/// A moment: microseconds since 1970 on the dashboard's clock, in order of arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

impl Stamp {
    /// Microseconds since another moment; zero when that lies ahead.
    pub fn since_us(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0)
    }
}

/// Stable id of a node; before an agent has said who it is, its address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub Arc<str>);

impl NodeId {
    /// From text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }
}

/// Something that happened, with the moment it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamped {
    /// When it arrived.
    pub at: Stamp,
    /// What happened.
    pub event: Event,
}

/// Something that happened. All that a screen shows arrived as one of these.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Time passed; sent a few times a second, so that silence can be told.
    Tick,
    /// All that was known is to be forgotten: a seek begins. What follows up to the playhead is told anew.
    Reset,
    /// The connection to an agent changed.
    Link(Link),
    /// An agent said who it is; first on each connection.
    Described(Box<Described>),
    /// An agent measured.
    Sample(Box<Sample>),
    /// The answer to a table query.
    Rows(Box<Rows>),
    /// The answer to a focus: a close look at one task.
    Details(Box<Details>),
    /// What a receive trace of an Erlang process counted.
    Traced(Box<Traced>),
    /// What an Erlang process keeps.
    Inspected(Box<Inspected>),
    /// A control was not carried out, in words.
    Refused {
        /// Who refused.
        node: NodeId,
        /// Number of the query or focus, where it had one.
        id: Option<u32>,
        /// Why, and what to do.
        reason: String,
    },
    /// Samples of a node were lost on the way because this side read too slowly, or were missing in the numbering.
    Lost {
        /// Whose.
        node: NodeId,
        /// How many; `None`: some, nobody counted.
        n_samples: Option<u64>,
    },
    /// A time of which nothing, or less, was recorded.
    Gap(Gap),
    /// A note on the time line.
    Mark(Mark),
    /// A new estimate of a node's clock.
    Clock {
        /// Whose.
        node: NodeId,
        /// The node's wall time minus ours, microseconds.
        offset_us: i64,
        /// By how much that may be wrong, microseconds.
        uncertainty_us: u64,
        /// True when it jumped by more than a second instead of being slewed.
        is_step: bool,
    },
    /// Bytes arrived that are not what the contract says; they were counted and passed over.
    Malformed {
        /// From whom, as far as known.
        node: NodeId,
        /// What was wrong.
        what: String,
    },
    /// Minimum, mean and maximum of a node's severities over a window.
    Rollup(Box<Rollup>),
    /// A hub spoke of its nodes.
    Fleet(Box<Fleet>),
}

/// The state of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Address that was dialled: "10.0.0.7:7070", "unix:/run/midair/agent.sock", "embedded".
    pub address: Arc<str>,
    /// Its state.
    pub state: LinkState,
}

/// The note of a connection that is neither encrypted nor authenticated.
pub const INSECURE: &str = "tcp, insecure";

/// In the note of a connection, what follows needs somebody's attention.
pub const NOTICE: &str = ", ! ";

/// How a connection is.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkState {
    /// Being dialled.
    Connecting,
    /// Open. `note` says how and why this way, for the header: "embedded agent (no local agent answers)".
    Up {
        /// How and why.
        note: Arc<str>,
    },
    /// Closed or not to be had.
    Down {
        /// Class of the reason.
        cause: Cause,
        /// The reason in words, with what to do.
        reason: Arc<str>,
        /// When it is dialled again.
        retry_at: Stamp,
    },
    /// Nobody watches it any more: it is no longer named, or calls in no more.
    Left {
        /// Why, in words.
        reason: Arc<str>,
    },
}

impl LinkState {
    /// Whether it is open, and nobody vouches for the other side: known here, whatever that says of itself.
    pub fn is_insecure(&self) -> bool {
        matches!(self, Self::Up { note } if **note == *INSECURE)
    }

    /// What of an open connection needs somebody's attention: certificates that end soon.
    pub fn notice(&self) -> Option<&str> {
        let Self::Up { note } = self else { return None };
        note.split_once(NOTICE).map(|(_, notice)| notice)
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nobody listens there: the host is up, the agent is not.
    Refused,
    /// No answer: the host or the path.
    Timeout,
    /// Was open, was closed.
    Reset,
    /// No such host.
    Name,
    /// The peer does not speak the contract.
    Protocol,
    /// The peer speaks another version of it.
    Version,
    /// The peer does not let us in.
    Denied,
    /// Another link leads to the same node: two agents with one id, or one agent under two addresses.
    Conflict,
    /// Nobody looks at it any more: what a hub says of it is enough.
    Left,
    /// Of the moment shown its black box has told nothing.
    BlackBox,
}

impl Cause {
    /// The word that the screen shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Name => "no such host",
            Self::Protocol => "not an agent",
            Self::Version => "version",
            Self::Denied => "denied",
            Self::Conflict => "conflict",
            Self::Left => "not followed",
            Self::BlackBox => "black box",
        }
    }

    /// What a hub means by its word for it; `None` for a word of a newer one.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "refused" => Self::Refused,
            "timeout" => Self::Timeout,
            "reset" => Self::Reset,
            "name" => Self::Name,
            "protocol" => Self::Protocol,
            "version" => Self::Version,
            "denied" => Self::Denied,
            "conflict" => Self::Conflict,
            _ => return None,
        })
    }
}

/// Who an agent is.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// Address under which it was reached.
    pub address: Arc<str>,
    /// Stable id.
    pub node: NodeId,
    /// Name for people.
    pub name: Arc<str>,
    /// Program and version: "midair-agent 0.1.0".
    pub program: Arc<str>,
    /// Boot id and instance in one number.
    pub epoch: u64,
    /// Labels, in the agent's order.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Logical CPUs online.
    pub n_cpus: Option<u32>,
    /// Memory, bytes.
    pub mem_total_bytes: Option<u64>,
    /// "Linux 6.18.44".
    pub system: Option<Arc<str>>,
    /// User as whom the agent runs.
    pub user: Option<Arc<str>>,
    /// Interval between its samples, milliseconds.
    pub interval_ms: Option<u32>,
    /// What schedules tasks there.
    pub runtimes: Vec<Runtime>,
    /// True where the connection is neither encrypted nor authenticated.
    pub is_insecure: bool,
    /// True where its black box can be asked.
    pub keeps_history: bool,
    /// True where all that it tells is made up.
    pub is_demo: bool,
    /// True where it is a hub: it speaks of many nodes, and passes on to each.
    pub is_hub: bool,
}

/// How well something works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Works.
    Ok,
    /// Works in part: what is missing and the remedy.
    Degraded(Arc<str>),
    /// Does not work: why.
    Off(Arc<str>),
}

/// What schedules tasks on a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Runtime {
    /// Its id; 0 is the kernel.
    pub id: u32,
    /// "os", "beam", "tokio".
    pub kind: Arc<str>,
    /// "os", "chat@node-0412".
    pub name: Arc<str>,
    /// Whether it answers.
    pub health: Health,
    /// How many tasks it has.
    pub n_tasks: Option<u64>,
    /// Whether it is off by choice: an Erlang VM without `-name` or `-sname`, which nobody can ask. No trouble of anyone.
    pub is_undistributed: bool,
}

/// Where an agent gets its values from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// How well it works.
    pub health: Health,
    /// What it says of itself while it works: the black box, what it holds.
    pub note: Option<Arc<str>>,
    /// CPU time of the last reading, microseconds.
    pub cpu_us: Option<u64>,
    /// How long a full round takes, milliseconds; `None` where each sample reads all.
    pub period_ms: Option<u32>,
    /// The same for processes with very many descriptors.
    pub slow_period_ms: Option<u32>,
}

/// What an agent costs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cost {
    /// CPU time, cumulative microseconds.
    pub cpu_us: Option<u64>,
    /// Run delay, cumulative microseconds.
    pub run_delay_us: Option<u64>,
    /// Resident memory, bytes.
    pub rss_bytes: Option<u64>,
    /// CPU time of the last sample, microseconds.
    pub sample_us: Option<u64>,
    /// CPU time caused inside watched VMs, cumulative microseconds.
    pub vm_us: Option<u64>,
    /// Watchers connected.
    pub n_watchers: Option<u32>,
    /// CPU time that the budget allows, per mille of one core; `None` without a budget.
    pub budget_milli: Option<u32>,
    /// What the governor measured over its last window, per mille of one core.
    pub used_milli: Option<u32>,
    /// The agent's wall time until which the budget is raised, microseconds since 1970.
    pub budget_until_us: Option<u64>,
    /// What is left out to stay within the budget, in words.
    pub shed: Vec<Arc<str>>,
}

/// The two base streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// About 1 KiB.
    Overview,
    /// All that the node screen shows without asking.
    Detail,
}

/// What an agent measured: all that the stream holds at this tick, deltas already applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Whose.
    pub node: NodeId,
    /// Counters never span two epochs.
    pub epoch: u64,
    /// Number in its stream, up by one.
    pub seq: u64,
    /// Which stream.
    pub stream: Stream,
    /// The agent's `CLOCK_MONOTONIC`, microseconds.
    pub mono_us: u64,
    /// The agent's wall time, microseconds since 1970.
    pub wall_us: u64,
    /// The node's values.
    pub reading: NodeReading,
    /// The rows of the stream, all of them.
    pub tasks: Vec<TaskReading>,
    /// False where the rows were left out: what is known of them stands.
    pub has_tasks: bool,
    /// Tasks that ended since the sample before.
    pub died: Vec<TaskId>,
    /// The agent's sources.
    pub sources: Vec<Source>,
    /// The node's runtimes.
    pub runtimes: Vec<Runtime>,
    /// What the agent costs.
    pub cost: Option<Cost>,
    /// The cgroups of the stream.
    pub cgroups: Vec<CgroupReading>,
    /// The network namespaces of the stream.
    pub namespaces: Vec<NetNamespace>,
    /// The Erlang VMs of the stream, those included that have ended a few minutes ago. An overview has at most four, the worst
    /// first, and a few values of each.
    pub vms: Vec<VmReading>,
}

/// The answer to a table query: complete in itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Whose.
    pub node: NodeId,
    /// Counters never span two epochs.
    pub epoch: u64,
    /// Number of the query.
    pub id: u32,
    /// The agent's `CLOCK_MONOTONIC`, microseconds.
    pub mono_us: u64,
    /// How many matched.
    pub total: u64,
    /// The first of them.
    pub tasks: Vec<TaskReading>,
}

/// A close look at one task: complete in itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// Whose.
    pub node: NodeId,
    /// Counters never span two epochs.
    pub epoch: u64,
    /// Number of the focus.
    pub id: u32,
    /// The agent's `CLOCK_MONOTONIC`, microseconds.
    pub mono_us: u64,
    /// The task with all its queues; `None` when it is gone.
    pub task: Option<TaskReading>,
    /// How many queues it has.
    pub n_queues: Option<u32>,
    /// Its threads or children.
    pub children: Vec<TaskReading>,
    /// How many of them there are.
    pub n_children: Option<u32>,
    /// The cgroup in which it runs.
    pub cgroup: Option<CgroupReading>,
    /// Its network namespace.
    pub namespace: Option<NetNamespace>,
    /// What a probe counts of its sockets while somebody looks; `None` without a probe.
    pub probed: Option<Vec<Flow>>,
    /// What the probe has cost the node, microseconds; estimated.
    pub probe_us: Option<u64>,
    /// What the look at an Erlang process showed.
    pub erlang: Option<Box<ErlangLook>>,
}

/// A time of which nothing, or less, was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Of which node; `None`: of all.
    pub node: Option<NodeId>,
    /// Where it begins.
    pub from: Stamp,
    /// Where it ends.
    pub to: Stamp,
    /// What the recorder left out, where it counted.
    pub n_lost: Option<u64>,
    /// Why, in words.
    pub why: Arc<str>,
}

/// A note on the time line.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// On which node; `None`: on the whole cluster.
    pub node: Option<NodeId>,
    /// The node's wall time that it is about, microseconds since 1970.
    pub wall_us: u64,
    /// The note.
    pub text: Arc<str>,
    /// Who put it there.
    pub author: Option<Arc<str>>,
    /// What it is about, as `--go` takes it.
    pub focus: Option<Arc<str>>,
    /// True when a program put it there by rule.
    pub is_automatic: bool,
}

/// Summary of a node's severities over a window: sched, mem, queue, rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// Whose.
    pub node: NodeId,
    /// Length of the window, microseconds.
    pub window_us: u64,
    /// The node's wall time at its end, microseconds since 1970.
    pub wall_us: u64,
    /// Minimum, mean, maximum of each severity.
    pub summaries: [Option<[Severity; 3]>; 4],
}
