//! What is known now: events fold into it, screens read from it.
//!
//! Pure: the same events give the same model, live, replayed or told anew after a step in time.

mod apply;
pub mod cgroup;
pub mod cluster;
pub mod compare;
pub mod ends;
pub mod finding;
pub mod focus;
pub mod found;
pub mod host;
pub mod hub;
pub mod links;
pub mod node;
pub mod presence;
pub mod rank;
pub mod recent;
pub mod relatives;
#[cfg(test)]
pub(crate) mod script;
pub mod series;
pub mod task;
pub mod timeline;
pub mod vital;
pub mod vm;
pub mod wait;
pub mod why;
pub mod words;

use std::{collections::BTreeMap, sync::Arc};

use crate::event::{LinkState, NodeId, Stamp};

pub use cgroup::{Cgroup, Namespace};
pub use finding::Finding;
pub use focus::{Focus, Probe};
pub use hub::{Hub, Sight};
pub use node::{Changes, CpuVitals, Glance, Latest, Node, NodeValue};
pub use presence::Presence;
pub use series::{Series, Window};
pub use task::{Task, TaskValue};
pub use timeline::Timeline;
pub use vital::Vital;
pub use vm::{Standing, Vm, VmValue};

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Moment of the newest event.
    pub now: Stamp,
    /// The nodes.
    pub nodes: BTreeMap<NodeId, Node>,
    /// The connections, by address.
    pub links: BTreeMap<Arc<str>, LinkState>,
    /// Messages that were not what the contract says, and the last of them in words.
    pub malformed: Option<(u64, Arc<str>)>,
    /// How often samples were asked for, microseconds: silence is judged by it.
    pub asked_interval_us: u64,
    /// The hubs, by the address at which each is watched.
    pub hubs: BTreeMap<Arc<str>, Hub>,
    /// How often nodes came, left or described themselves: by it is told whether groups are as they were.
    pub n_arranged: Changes,
    /// Who answers at an address; the address itself until it has been said.
    by_address: BTreeMap<Arc<str>, NodeId>,
    /// What was found wrong, and what has just ended.
    pub found: found::Found,
    /// Rows of all nodes, at the last tick.
    n_rows: usize,
}

impl Model {
    /// A model of nothing yet; samples are asked for at an interval.
    pub fn new(asked_interval_us: u64) -> Self {
        Self { asked_interval_us, ..Self::default() }
    }

    /// A node.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }
}

#[cfg(test)]
mod tests;
