//! What is wrong now, in one line each, the worst first: culprit before victim.

mod causes;
mod fleet;
mod mem;
pub(super) mod queue;
pub(super) mod sched;
mod vm;

use std::{collections::BTreeMap, sync::Arc};

use midair_vitals::{QueueKind, Severity, TaskId};

use super::{
    Model,
    host::{self, Check},
    node::Node,
    presence::Presence,
    task::Task,
    vital::Vital,
    words::Part,
};
use crate::event::{NodeId, Stamp};

pub use fleet::Compared;
pub use vm::VmTopic;

/// From here on a severity is a finding, per mille: of sched, mem and queue.
const WORTH_SAYING: [u32; 3] = [200, 900, 500];

/// That the dashboard was held up is told for so long, microseconds.
const HELD_UP_TOLD_US: u64 = 20_000_000;

/// What a finding is about, on its node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Two agents with one id.
    Conflict,
    /// The dashboard itself.
    Dashboard,
    /// Whether the node is heard.
    Presence,
    /// Who gets the CPU.
    Sched,
    /// A quota that holds a cgroup back; its path.
    Quota(Arc<str>),
    /// Memory of the node.
    Mem,
    /// Memory of a cgroup; its path.
    CgroupMem(Arc<str>),
    /// A queue: its owner, where known, and its kind.
    Queue(Option<TaskId>, QueueKind),
    /// The host beyond its tasks.
    Host(Check),
    /// A network namespace; its inode.
    Namespace(u64),
    /// An Erlang VM: its runtime, and what of it.
    Vm(u32, VmTopic),
    /// Samples that were lost.
    Lost,
    /// Several nodes that are not heard.
    Silent,
    /// A VM that does not read what several nodes send it.
    Reader,
    /// Nodes that share a label and grow.
    Group(Arc<str>, Arc<str>),
    /// A hub that tells nothing; its address.
    Hub(Arc<str>),
    /// The same trouble on several nodes; that of the worst of them.
    Several(Box<Topic>),
    /// The clock of the node.
    Clock,
    /// Who stands out of its peers, and by what.
    Peers(Compared),
    /// Certificates that end soon.
    Certificate,
}

/// A finding as it is told apart from the others, whatever its words and its rank are now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// On which node.
    pub node: NodeId,
    /// About what.
    pub topic: Topic,
}

/// Where `Enter` leads, on the finding's node.
#[derive(Clone, Debug, PartialEq)]
pub enum Lead {
    /// To the node.
    Node,
    /// To a task.
    Task(TaskId),
    /// To a cgroup, by its path.
    Cgroup(Arc<str>),
    /// To a network namespace, by its inode.
    Namespace(u64),
    /// To an Erlang VM, by its runtime.
    Vm(u32),
    /// To the schedulers of an Erlang VM, by its runtime.
    Schedulers(u32),
    /// To the distribution links of an Erlang VM.
    Links(u32),
    /// To what the active processes of an Erlang VM do, by its runtime.
    Functions(u32),
    /// To the host beyond its tasks.
    Host,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which vital it is about; `None`: the node or host as such.
    pub vital: Option<Vital>,
    /// What it is about.
    pub subject: Subject,
    /// Where `Enter` leads.
    pub lead: Lead,
    /// The sentence.
    pub parts: Vec<Part>,
}

impl Finding {
    /// Whether it is about a task.
    pub fn is_about(&self, task: TaskId) -> bool {
        self.lead == Lead::Task(task)
    }
}

/// What is wrong on all nodes, or on one, at a moment; the worst first. Empty: nothing was found.
pub fn findings(model: &Model, node: Option<&NodeId>, now: Stamp) -> Vec<Finding> {
    let in_scope = |candidate: &&Node| node.is_none_or(|id| *id == candidate.id);
    // On the screen of one node its name would be said twice.
    let says_node = node.is_none() && model.nodes.len() > 1;
    let mut found = Vec::new();
    let is_any_silent = model.nodes.values().filter(in_scope).any(|node| node.presence.is_silent());
    // Those who have links to one that is not heard know whether it is up.
    let peers = if is_any_silent { model.link_peers() } else { BTreeMap::new() };
    for node in model.nodes.values().filter(in_scope) {
        // Of all nodes behind a hub that is not reached one thing is said.
        if says_node && model.is_cut_off(node) {
            continue;
        }
        let seen = if node.presence.is_silent() { model.seen_up(node, &peers) } else { None };
        Teller { node, says_node, now, seen, found: &mut found }.tell();
    }
    causes::raise(&mut found);
    if says_node {
        fleet::tell_hubs(model, now, &mut found);
        fleet::tell(model, &peers, &mut found);
        held_up(model, now, &mut found);
    }
    // What befell several comes before each of them.
    found.sort_by_key(|finding| !matches!(finding.subject.topic, Topic::Silent | Topic::Hub(_) | Topic::Reader));
    found.sort_by(|a, b| (b.severity, a.vital, &a.subject.node).cmp(&(a.severity, b.vital, &b.subject.node)));
    found
}

/// By how many of those who have or had links to it something is seen up.
fn seen_up(words: &'static str, seen: Option<(usize, usize)>) -> Vec<Part> {
    let Some((n, of)) = seen else { return Vec::new() };
    let (n, of) = (Part::Count(n as u64), Part::Count(of as u64));
    vec![Part::Words(words), n, Part::Words(" of "), of, Part::Words(" peers")]
}

/// The dashboard was held up: what nodes sent meanwhile was read late.
fn held_up(model: &Model, now: Stamp, found: &mut Vec<Finding>) {
    let Some((_, us)) = model.found.held_up.filter(|(at, _)| now.since_us(*at) < HELD_UP_TOLD_US) else { return };
    let Some(node) = model.nodes.keys().next() else { return };
    let words = Part::Words("the host of this dashboard is too slow: nothing was read for ");
    let parts = vec![words, Part::Time(us), Part::Words("; nodes may seem late that are not")];
    let (severity, subject) = (Severity::from_per_mille(980), Subject { node: node.clone(), topic: Topic::Dashboard });
    found.push(Finding { severity, vital: None, subject, lead: Lead::Node, parts });
}

/// Tells what is wrong with one node.
struct Teller<'a> {
    node: &'a Node,
    says_node: bool,
    now: Stamp,
    /// Of a node that is not heard: how many of those who had a link to it still have one.
    seen: Option<(usize, usize)>,
    found: &'a mut Vec<Finding>,
}

impl Teller<'_> {
    fn tell(&mut self) {
        let node = self.node;
        if let Some(address) = &node.conflict {
            let parts =
                vec![self.name(), Part::Words(": a second agent claims this id, at "), Part::Name(address.clone())];
            self.push(1000, None, Topic::Conflict, Lead::Node, parts);
        }
        match &node.presence {
            Presence::Awaited { .. } => {}
            // What a silent node said last is not what is wrong now.
            Presence::Silent { since, reason, .. } => {
                // The name has been said: what is left of "cannot reach agent NAME: ..." is the cause.
                let cause = reason.strip_prefix("cannot reach agent ").and_then(|rest| rest.split_once(": "));
                let cause = cause.map_or_else(|| reason.clone(), |(_, cause)| cause.into());
                let (age, why) = (Part::Time(self.now.since_us(*since)), Part::Name(cause));
                let mut parts = vec![self.name(), Part::Words(" silent for "), age];
                // Whether it is dead or cut off is the first question.
                parts.extend(seen_up(", its VM seen up by ", self.seen));
                parts.extend([Part::Words(": "), why]);
                self.push(1000, None, Topic::Presence, Lead::Node, parts);
            }
            Presence::Late { since } => {
                let age = Part::Time(self.now.since_us(*since));
                let parts = vec![self.name(), Part::Words(" late: no sample for "), age];
                self.push(950, None, Topic::Presence, Lead::Node, parts);
                self.tell_latest();
            }
            Presence::Live => self.tell_latest(),
        }
        self.certificate();
    }

    /// A notice, after all that is wrong now. Our own certificate is no matter of a node: the header speaks of it.
    fn certificate(&mut self) {
        let notice =
            self.node.link.notice().and_then(|notice| notice.split(", ").find(|part| part.starts_with("its ")));
        if let Some(notice) = notice {
            let parts = vec![self.name(), Part::Words(": "), Part::Name(notice.into())];
            self.push(50, None, Topic::Certificate, Lead::Node, parts);
        }
    }

    fn tell_latest(&mut self) {
        if let Some(latest) = &self.node.latest {
            self.sched(latest);
            self.mem(latest);
            self.queues(latest);
            self.vms();
            self.quotas();
            self.cgroup_mem();
            self.namespaces();
            self.host();
            self.lost();
        }
    }

    /// What explains a stuck host beyond its tasks.
    fn host(&mut self) {
        for fact in host::troubles(self.node) {
            let mut parts = vec![Part::Words(fact.check.word())];
            parts.extend(
                fact.check.name().map(|name| [Part::Words(" "), Part::Name(name.clone())]).into_iter().flatten(),
            );
            self.on_node(&mut parts);
            parts.push(Part::Words(": "));
            parts.extend(fact.now);
            let owner = self.owner_of(&fact.check);
            parts.extend(owner.map(|task| [Part::Words(", most at "), name_of(task)]).into_iter().flatten());
            let lead = owner.map_or(Lead::Host, |task| Lead::Task(task.id()));
            let severity = fact.severity.map_or(0, Severity::per_mille);
            self.push(severity, fact.check.vital(), Topic::Host(fact.check), lead, parts);
        }
    }

    /// Whose queues drop, where that is what was looked at.
    fn owner_of(&self, check: &Check) -> Option<&Task> {
        let kind = match check {
            Check::ListenQueues => QueueKind::Listen,
            Check::Udp => QueueKind::UdpReceive,
            Check::LostCpu
            | Check::Retransmits
            | Check::Timeouts
            | Check::TcpSockets
            | Check::Connections
            | Check::TcpMemory
            | Check::Interfaces
            | Check::SoftInterrupts
            | Check::PacketBacklog
            | Check::Conntrack
            | Check::Disk(_)
            | Check::Filesystem(_)
            | Check::Files
            | Check::ShortLived => return None,
        };
        let n_drops = |task: &Task| {
            let of_kind = task.queues().filter(|(queue, _)| queue.kind == kind);
            of_kind.filter_map(|(_, vitals)| vitals.drops).max().filter(|n| *n > 0)
        };
        let dropping = self.node.tasks.values().filter_map(|task| Some((n_drops(task)?, task)));
        dropping.max_by_key(|(n, _)| *n).map(|(_, task)| task)
    }

    fn lost(&mut self) {
        let lost = self.node.lost_since(Stamp((self.now.0 + 1).saturating_sub(10_000_000)));
        if lost.n > 0 {
            let about = Part::Words(if lost.is_least { "~" } else { "" });
            let mut parts = vec![about, Part::Count(lost.n), Part::Words(" samples")];
            self.on_node(&mut parts);
            parts.push(Part::Words(" lost on the way"));
            self.push(100, None, Topic::Lost, Lead::Node, parts);
        }
    }

    fn name(&self) -> Part {
        Part::Name(self.node.name().into())
    }

    fn on_node(&self, parts: &mut Vec<Part>) {
        if self.says_node {
            parts.extend([Part::Words(" on "), self.name()]);
        }
    }

    fn push(&mut self, per_mille: u32, vital: Option<Vital>, topic: Topic, lead: Lead, parts: Vec<Part>) {
        let severity = Severity::from_per_mille(per_mille);
        let subject = Subject { node: self.node.id.clone(), topic };
        self.found.push(Finding { severity, vital, subject, lead, parts });
    }
}

fn name_of(task: &Task) -> Part {
    Part::Name(task.title().into())
}

fn lead_to(task: Option<TaskId>) -> Lead {
    task.map_or(Lead::Node, Lead::Task)
}

#[cfg(test)]
mod tests;
