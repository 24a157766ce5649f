//! One node as the dashboard knows it.

mod changes;
mod cpus;
mod glance;
mod loss;
mod sample;

use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use midair_vitals::{CpuTimes, Growth, NodeReading, NodeVitals, QueueKind, QueueVitals, TaskId, Unit, rate};

use super::{
    cgroup::{Cgroup, Namespace},
    focus::Focus,
    host::Bursts,
    hub::Sight,
    presence::Presence,
    series::Series,
    task::Task,
    vm::{Standing, Vm},
};
pub use changes::Changes;
pub use cpus::CpuVitals;
pub use glance::{Glance, WorstQueue};
pub use loss::Loss;

use crate::event::{Brief, Cause, Cost, Described, Health, LinkState, NodeId, Runtime, Source, Stamp, Stream, Traced};

/// The values of a node that charts show, in the order in which its series holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described where NodeVitals has it")]
pub enum NodeValue {
    SeveritySched,
    SeverityMem,
    SeverityQueue,
    SeverityRate,
    Cpu,
    Delay,
    WorstDelay,
    Running,
    MemUsed,
    SwapUsed,
    TcpIn,
    TcpOut,
    UdpIn,
    UdpOut,
    NetRx,
    NetTx,
    /// What waits in queues of this and the following kinds, one sum per kind, in the order of `QueueKind::ALL`.
    Mailboxes,
    Listen,
    TcpReceive,
    TcpSend,
    UdpReceive,
    Unix,
    Pipes,
    Channels,
    Waiters,
    Events,
    MessageQueues,
}

impl NodeValue {
    /// How many there are.
    pub const N: usize = 27;

    /// The sum of one kind of queue.
    pub fn of_kind(kind: QueueKind) -> Self {
        match kind {
            QueueKind::Mailbox => Self::Mailboxes,
            QueueKind::Listen => Self::Listen,
            QueueKind::TcpReceive => Self::TcpReceive,
            QueueKind::TcpSend => Self::TcpSend,
            QueueKind::UdpReceive => Self::UdpReceive,
            QueueKind::Unix => Self::Unix,
            QueueKind::Pipe => Self::Pipes,
            QueueKind::Channel => Self::Channels,
            QueueKind::Waiters => Self::Waiters,
            QueueKind::Event => Self::Events,
            QueueKind::MessageQueue => Self::MessageQueues,
        }
    }
}

/// The newest sample of a node, and what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// When it arrived.
    pub at: Stamp,
    /// Boot and instance of the agent that measured it.
    pub epoch: u64,
    /// Which stream it belongs to.
    pub stream: Stream,
    /// Its number there.
    pub seq: u64,
    /// The agent's monotonic time, microseconds.
    pub mono_us: u64,
    /// The agent's wall time, microseconds since 1970.
    pub wall_us: u64,
    /// What was read.
    pub reading: NodeReading,
    /// What follows from it and the one before.
    pub vitals: NodeVitals,
    /// What follows of each CPU, by number.
    pub cpus: Vec<CpuVitals>,
    /// What follows for each of `reading.sums`, in their order.
    pub sums: Vec<QueueVitals>,
    /// Growth of the memory in use, bytes per second over ten seconds.
    pub mem_growth: Option<f64>,
    /// Seconds until the memory limit at this growth; `None` where it does not grow.
    pub mem_full_in: Option<f64>,
    /// State of the agent's sources.
    pub sources: Vec<Source>,
    /// What the agent costs, as it counts.
    pub cost: Option<Cost>,
    /// Share of one CPU that the agent takes.
    pub cost_share: Option<f64>,
    /// Share of one CPU that the agent causes inside watched VMs.
    pub vm_cost_share: Option<f64>,
    /// Seconds per second that the agent itself waited for a CPU: a starved agent is a symptom.
    pub agent_delay: Option<f64>,
}

/// The newest answer to a table query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When it arrived.
    pub at: Stamp,
    /// The agent's monotonic time, microseconds.
    pub mono_us: u64,
    /// How many tasks matched.
    pub total: u64,
    /// How many of them were sent.
    pub n_rows: u64,
    /// The runtime of all rows, where that is one and not the kernel.
    pub runtime: Option<u32>,
}

/// An agent's clock against ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockOffset {
    /// Its wall time minus ours, microseconds.
    pub offset_us: i64,
    /// By how much that may be wrong, microseconds.
    pub uncertainty_us: u64,
}

impl ClockOffset {
    /// A moment of the agent's wall time on our clock.
    pub fn to_cluster(self, wall_us: u64) -> Stamp {
        Stamp(wall_us.saturating_add_signed(self.offset_us.saturating_neg()))
    }
}

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its id; its address until it has said who it is.
    pub id: NodeId,
    /// Address under which it was reached last.
    pub address: Arc<str>,
    /// The connection to that address.
    pub link: LinkState,
    /// Who it is, once it has said so.
    pub described: Option<Described>,
    /// Another address at which a second live agent claims the same id.
    pub conflict: Option<Arc<str>>,
    /// Whether it is heard.
    pub presence: Presence,
    /// Boot and instance of its agent; counters never span two.
    pub epoch: Option<u64>,
    /// The newest sample; kept when the node falls silent.
    pub latest: Option<Box<Latest>>,
    /// What a hub told of it last, and when.
    pub brief: Option<(Stamp, Brief)>,
    /// How hubs see it, where some do.
    pub sights: Vec<Sight>,
    /// Whether it is known through hubs alone: whether it is heard is what they say.
    pub is_by_hub: bool,
    /// What schedules tasks there, with its state.
    pub runtimes: Vec<Runtime>,
    /// Its tasks, from the stream and from tables.
    pub tasks: BTreeMap<TaskId, Task>,
    /// The cgroups of the stream, by path.
    pub cgroups: BTreeMap<Arc<str>, Cgroup>,
    /// The network namespaces of the stream, by inode.
    pub namespaces: BTreeMap<u64, Namespace>,
    /// The Erlang VMs of the stream, by runtime.
    pub vms: BTreeMap<u32, Vm>,
    /// What receive traces counted, by their number, and when that arrived.
    pub traces: BTreeMap<u32, (Stamp, Traced)>,
    /// Newest answer per table query.
    pub answers: BTreeMap<u32, Answer>,
    /// Close looks, by number.
    pub focuses: BTreeMap<u32, Focus>,
    /// How it went; see [`NodeValue`].
    pub series: Series<{ NodeValue::N }>,
    /// What happened in bursts over the last seconds.
    pub bursts: Bursts,
    /// Its clock.
    pub clock: Option<ClockOffset>,
    /// Samples lost on the way during the last ten minutes.
    pub losses: VecDeque<Loss>,
    /// The last control that was refused: number of the query or focus, and why.
    pub refused: Option<(Stamp, Option<u32>, Arc<str>)>,
    /// How often its samples come, microseconds, as far as seen.
    pub interval_us: u64,
    /// Samples that have been folded in; rows refer to it.
    n_samples: u64,
    /// How often something was learnt of it.
    pub n_changes: Changes,
    /// The reading before the newest.
    before: Option<Box<NodeReading>>,
    mem_growth: Growth,
    sum_growth: Vec<((QueueKind, Unit), Growth)>,
}

/// How often samples are assumed to come until two have.
const INTERVAL_US: u64 = 1_000_000;

impl Node {
    pub(super) fn new(id: NodeId, address: Arc<str>, at: Stamp) -> Self {
        Self {
            id,
            address,
            link: LinkState::Connecting,
            described: None,
            conflict: None,
            presence: Presence::Awaited { since: at },
            epoch: None,
            latest: None,
            brief: None,
            sights: Vec::new(),
            is_by_hub: false,
            runtimes: Vec::new(),
            tasks: BTreeMap::new(),
            cgroups: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            vms: BTreeMap::new(),
            traces: BTreeMap::new(),
            answers: BTreeMap::new(),
            focuses: BTreeMap::new(),
            series: Series::default(),
            bursts: Bursts::default(),
            clock: None,
            losses: VecDeque::new(),
            refused: None,
            interval_us: INTERVAL_US,
            n_samples: 0,
            n_changes: Changes::default(),
            before: None,
            mem_growth: Growth::default(),
            sum_growth: Vec::new(),
        }
    }

    /// Name for people.
    pub fn name(&self) -> &str {
        self.described.as_ref().map_or(&self.id.0, |d| &d.name)
    }

    /// Value of a label.
    pub fn label(&self, key: &str) -> Option<&Arc<str>> {
        self.described.as_ref()?.labels.iter().find(|(k, _)| **k == *key).map(|(_, value)| value)
    }

    /// Name of one of its runtimes.
    pub fn runtime_name(&self, runtime: u32) -> Option<&str> {
        // What has ended is no runtime any more, and has its name still.
        let of_vm = || self.vms.get(&runtime)?.reading.name.as_deref();
        self.runtimes.iter().find(|r| r.id == runtime).map(|r| &*r.name).or_else(of_vm)
    }

    /// The VM whose OS process a task is.
    pub fn vm_of(&self, process: TaskId) -> Option<&Vm> {
        self.vms.values().find(|vm| vm.reading.process == Some(process))
    }

    /// What is known of a task: the close look where there is one, else its row.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.focus_on(id).map(|f| &f.task).or_else(|| self.tasks.get(&id))
    }

    /// The close look at a task.
    pub fn focus_on(&self, id: TaskId) -> Option<&Focus> {
        self.focuses.values().find(|f| f.task.id() == id)
    }

    /// What does not work as it should: the name of each runtime or source, and why. That it is not heard has no name; what
    /// is left out to stay within the budget stands under `shed`.
    pub fn troubles(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let unheard = match (&self.presence, &self.link) {
            // That nobody follows it is no trouble.
            (Presence::Live | Presence::Late { .. }, LinkState::Down { cause: Cause::Left, .. }) => None,
            (Presence::Silent { reason, .. }, _) | (_, LinkState::Down { reason, .. }) => {
                Some(("", Cow::from(&**reason)))
            }
            (Presence::Awaited { .. } | Presence::Live | Presence::Late { .. }, _) => None,
        };
        // That nobody asks a VM is no trouble.
        let is_asked = |r: &&Runtime| !matches!(r.standing(), Standing::Unasked(_));
        let runtimes = self.runtimes.iter().filter(is_asked).map(|r| (&*r.name, &r.health));
        let sources = self.latest.iter().flat_map(|l| &l.sources).map(|s| (&*s.name, &s.health));
        let why = |(name, health)| match health {
            &Health::Ok => None,
            Health::Degraded(why) | Health::Off(why) => Some((name, Cow::from(&**why))),
        };
        let shed = self.shed().join(", ");
        let shed = (!shed.is_empty()).then_some(("shed", Cow::from(shed)));
        unheard.into_iter().chain(runtimes.chain(sources).filter_map(why)).chain(shed)
    }

    /// The cgroup that makes others wait most, and for how long, seconds per second.
    pub fn noisiest(&self) -> Option<(&Cgroup, f64)> {
        let causing = self.cgroups.values().filter_map(|c| Some((c, c.vitals.caused.filter(|caused| *caused > 0.0)?)));
        causing.max_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The cgroup that its quota holds back most, and for how long, seconds per second.
    pub fn most_held_back(&self) -> Option<(&Cgroup, f64)> {
        let held = self.cgroups.values().filter_map(|c| Some((c, c.vitals.throttled.filter(|held| *held > 0.0)?)));
        held.max_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// What its agent leaves out to stay within its budget, in its words and its order.
    pub fn shed(&self) -> &[Arc<str>] {
        self.latest.as_ref().and_then(|latest| latest.cost.as_ref()).map_or(&[], |cost| &cost.shed)
    }

    /// For how long the budget of its agent is still raised, microseconds; `None` where it is not.
    pub fn raised_for_us(&self, now: Stamp) -> Option<u64> {
        let until_us = self.latest.as_ref()?.cost.as_ref()?.budget_until_us?;
        let offset = self.clock.unwrap_or(ClockOffset { offset_us: 0, uncertainty_us: 0 });
        offset.to_cluster(until_us).0.checked_sub(now.0).filter(|left| *left > 0)
    }

    /// CPUs in user mode, in the kernel and in interrupts.
    pub fn cpu_split(&self) -> [Option<f64>; 3] {
        let parts: [fn(&CpuTimes) -> Option<u64>; 3] = [|cpu| cpu.user_us, |cpu| cpu.system_us, |cpu| cpu.irq_us];
        parts.map(|part| {
            let (before, now) = (self.before.as_ref()?, &self.latest.as_ref()?.reading);
            rate::share(part(&before.cpu), part(&now.cpu), before.at_us, now.at_us)
        })
    }

    /// Whether nothing is known of it at the moment shown, for nobody was listened to then and no black box tells.
    pub fn is_unmeasured(&self) -> bool {
        self.latest.is_none() && matches!(self.link, LinkState::Down { cause: Cause::BlackBox, .. })
    }

    /// Samples lost on the way during the last ten minutes.
    pub fn lost(&self) -> Loss {
        self.lost_since(Stamp(0))
    }

    /// Samples lost on the way since a moment. Agents say how many: the sum stays in bounds whatever they say.
    pub fn lost_since(&self, moment: Stamp) -> Loss {
        let since = self.losses.iter().filter(|loss| loss.at >= moment);
        since.fold(Loss::default(), |sum, loss| sum.and(*loss))
    }

    /// Its nearest memory limit, bytes.
    pub fn mem_limit_bytes(&self) -> Option<u64> {
        let reading = &self.latest.as_ref()?.reading;
        reading.mem_limit_bytes.or(reading.mem_total_bytes)
    }

    /// Growth per second of the kind of queue that is its worst.
    pub fn queue_growth(&self) -> Option<f64> {
        let latest = self.latest.as_ref()?;
        let kind = latest.reading.worst_queue.as_ref()?.queue.kind;
        let sum = latest.reading.sums.iter().position(|sum| sum.kind == kind)?;
        latest.sums.get(sum)?.growth
    }

    /// What was dropped since the sample before, at listen queues, sockets and interfaces.
    pub fn n_drops(&self) -> Option<u64> {
        let vitals = &self.latest.as_ref()?.vitals;
        let parts = [vitals.listen_drops, vitals.udp_drops, vitals.net_drops];
        parts.into_iter().flatten().fold(None, |sum, n| Some(sum.unwrap_or(0) + n))
    }

    /// Nobody follows it any more: what only samples of its own tell is forgotten, for it would be of no time that one knows.
    pub(super) fn unfollow(&mut self) {
        let before = std::mem::replace(self, Self::new(self.id.clone(), self.address.clone(), Stamp(0)));
        *self = Self {
            link: before.link,
            described: before.described.map(|described| Described { runtimes: Vec::new(), ..described }),
            conflict: before.conflict,
            presence: before.presence,
            brief: before.brief,
            sights: before.sights,
            is_by_hub: before.is_by_hub,
            clock: before.clock,
            n_changes: before.n_changes,
            ..Self::new(before.id, before.address, Stamp(0))
        };
        self.n_changes.0 += 1;
    }

    /// Forgets how it went; what followed from it stays.
    #[cfg(test)]
    pub(crate) fn forget_past(&mut self) {
        let n_samples = std::mem::take(&mut self.n_samples);
        self.series = Series::default();
        for task in self.tasks.values_mut() {
            task.forget_past();
            task.seen.in_sample = task.seen.in_sample.map(|seen| n_samples - seen);
        }
        for focus in self.focuses.values_mut() {
            focus.task.forget_past();
            focus.children.iter_mut().for_each(Task::forget_past);
        }
        let now = self.latest.as_ref().map_or(Stamp(0), |latest| latest.at);
        self.vms.values_mut().for_each(|vm| vm.forget_past(now));
        self.losses.clear();
        self.traces.clear();
    }
}
