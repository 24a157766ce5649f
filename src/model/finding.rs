//! What is wrong now, in one line each, the worst first: culprit before victim.

use std::sync::Arc;

use midair_vitals::{Severity, TaskId, Unit};

use super::{Model, vital::Vital};
use crate::event::{NodeId, Stamp};

/// A piece of a sentence. The view writes amounts as it does everywhere else, and makes names harmless.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Our own words.
    Words(&'static str),
    /// Something from outside: a name, a reason.
    Name(Arc<str>),
    /// So many of a unit.
    Amount(f64, Unit),
    /// So many of a unit per second, with its sign.
    Growth(f64, Unit),
    /// A count without unit.
    Count(u64),
    /// A share, 1.0 is 100 %.
    Share(f64),
    /// Time waited per time, 1.0 is a second per second.
    Delay(f64),
    /// A length of time, microseconds.
    Time(u64),
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which vital it is about; `None`: whether the node is there at all.
    pub vital: Option<Vital>,
    /// Which node.
    pub node: NodeId,
    /// Which task, where one is known.
    pub task: Option<TaskId>,
    /// The sentence.
    pub parts: Vec<Part>,
}

/// What is wrong on all nodes, or on one, at a moment; the worst first. Empty: nothing was found.
pub fn findings(_model: &Model, _node: Option<&NodeId>, _now: Stamp) -> Vec<Finding> {
    Vec::new()
}
