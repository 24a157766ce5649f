//! What surrounds an Erlang process: whom it waits for, who sends to it, what it is linked to; and where it is.

use std::sync::Arc;

use midair_vitals::{
    TaskId,
    vm::{Pid, Seen},
};

use super::node::Node;
use crate::event::{ErlangLook, Traced};

/// How another process is related to the one looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// It is what this one waits for.
    WaitsFor,
    /// It sends messages, as a trace has counted.
    Sender,
    /// It started this one, or who did so.
    Ancestor,
    /// This one monitors it.
    Monitors,
    /// The two are linked.
    Link,
    /// It monitors this one.
    MonitoredBy,
    /// It leads the group of this one.
    Leader,
}

impl Relation {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::WaitsFor => "waits for",
            Self::Sender => "sender",
            Self::Ancestor => "ancestor",
            Self::Monitors => "monitors",
            Self::Link => "link",
            Self::MonitoredBy => "monitored by",
            Self::Leader => "leader",
        }
    }
}

/// Another process, and how it is related.
#[derive(Clone, Debug, PartialEq)]
pub struct Relative {
    /// How.
    pub relation: Relation,
    /// Who.
    pub pid: Pid,
    /// In how many looks it was waited for, or how many messages it sent.
    pub n: Option<u64>,
    /// Of how many.
    pub of: Option<u64>,
    /// In how long, microseconds, where that was measured.
    pub over_us: Option<u64>,
}

impl Relative {
    /// What tells it apart from others of the same relation.
    pub fn key(&self) -> Arc<str> {
        match &self.pid.node {
            Some(node) => format!("{} {node}", self.pid.text).into(),
            None => Arc::clone(&self.pid.text),
        }
    }
}

/// All that surrounds a process: first whom it waits for, then who sends to it, then the rest, the nearest first.
pub fn relatives(look: &ErlangLook, traced: Option<&Traced>) -> Vec<Relative> {
    let plain = |relation| move |pid: &Pid| Relative { relation, pid: pid.clone(), n: None, of: None, over_us: None };
    let waits = look.waits_for.iter().map(|pid| Relative {
        relation: Relation::WaitsFor,
        pid: pid.clone(),
        n: look.n_waits.map(u64::from),
        of: look.n_looks.map(u64::from),
        over_us: None,
    });
    let all = traced.and_then(|traced| traced.n_messages);
    let senders = traced.iter().flat_map(|traced| &traced.senders).map(|sender| Relative {
        relation: Relation::Sender,
        pid: sender.sender.clone().unwrap_or_default(),
        n: Some(sender.n),
        of: all,
        over_us: traced.and_then(|traced| traced.over_us),
    });
    let others = [
        (Relation::Ancestor, &look.ancestors),
        (Relation::Monitors, &look.monitors),
        (Relation::Link, &look.links),
        (Relation::MonitoredBy, &look.monitored_by),
    ];
    let others = others.into_iter().flat_map(|(relation, pids)| pids.iter().map(plain(relation)));
    let leader = look.group_leader.iter().map(plain(Relation::Leader));
    waits.chain(senders).chain(others).chain(leader).collect()
}

/// A line of where a process is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spot<'a> {
    /// A function that was on top of its stack, in so many looks of so many.
    Top(&'a Seen, Option<u32>),
    /// A frame of its stack, and how deep it is from 0.
    Frame(&'a Arc<str>, usize),
    /// What messages to it begin with, as a trace has counted, and over how long, microseconds.
    Tag(&'a Seen, Option<u64>),
}

/// Where a process is: what was on top of its stack, what its messages begin with, and its stack now.
pub fn spots<'a>(look: &'a ErlangLook, traced: Option<&'a Traced>) -> Vec<Spot<'a>> {
    let tops = look.tops.iter().map(|seen| Spot::Top(seen, look.n_looks));
    let tags = traced.into_iter().flat_map(|traced| traced.tags.iter().map(|seen| Spot::Tag(seen, traced.over_us)));
    let frames = look.stack.iter().enumerate().map(|(n, frame)| Spot::Frame(frame, n));
    tops.chain(tags).chain(frames).collect()
}

/// The number under which a receive trace of a task is asked for and answered: what it tells belongs to that task,
/// whoever asked. Far from the numbers of queries and focuses.
pub fn trace_number(task: TaskId) -> u32 {
    let folded = task.number ^ task.number.rotate_right(32) ^ u64::from(task.runtime).rotate_left(24);
    1 << 31 | (folded & 0x7fff_ffff) as u32
}

impl Node {
    /// What the last receive trace of a task has counted.
    pub fn traced(&self, task: TaskId) -> Option<&Traced> {
        self.traces.get(&trace_number(task)).map(|(_, traced)| traced)
    }
}

#[cfg(test)]
mod tests;
