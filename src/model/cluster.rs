//! The cluster as a whole: counts, groups, spread, and the hottest tasks of all nodes.

mod groups;

use std::sync::Arc;

use super::{Model, node::Node, presence::Presence, vital::Vital};
use crate::event::NodeId;
use midair_vitals::Severity;

pub use groups::Summary;

/// How many nodes are how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub n_nodes: usize,
    /// Heard.
    pub n_live: usize,
    /// Overdue.
    pub n_late: usize,
    /// Not heard.
    pub n_silent: usize,
    /// Not heard yet.
    pub n_awaited: usize,
}

/// Nodes that share a label's value.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The value; `None`: nodes without that label.
    pub value: Option<Arc<str>>,
    /// The nodes, by name.
    pub nodes: Vec<NodeId>,
}

/// How much a node needs a look, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heat {
    /// Nothing is known of it yet.
    Unknown,
    /// As bad as this.
    Known(Severity),
    /// Overdue.
    Late,
    /// Not heard.
    Silent,
}

/// How a vital is spread over the nodes that are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Half of the nodes are below.
    pub median: Severity,
    /// One of a hundred is above.
    pub p99: Severity,
    /// The worst.
    pub worst: Severity,
}

impl Model {
    /// How many nodes are how.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { n_nodes: self.nodes.len(), ..Counts::default() };
        for node in self.nodes.values() {
            match node.presence {
                Presence::Live => counts.n_live += 1,
                Presence::Late { .. } => counts.n_late += 1,
                Presence::Silent { .. } => counts.n_silent += 1,
                Presence::Awaited { .. } => counts.n_awaited += 1,
            }
        }
        counts
    }

    /// Keys of the labels that nodes carry, in order.
    pub fn label_keys(&self) -> Vec<Arc<str>> {
        let described = self.nodes.values().filter_map(|n| n.described.as_ref());
        let mut keys: Vec<Arc<str>> = described.flat_map(|d| &d.labels).map(|(key, _)| key.clone()).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Nodes by the value of a label; all in one group without a key. Groups by value, nodes by name.
    pub fn groups(&self, key: Option<&str>) -> Vec<Group> {
        let value = |node: &Node| key.and_then(|key| node.label(key).cloned());
        let mut nodes: Vec<&Node> = self.nodes.values().collect();
        nodes.sort_by(|a, b| (value(a), a.name(), &a.id).cmp(&(value(b), b.name(), &b.id)));
        let mut groups: Vec<Group> = Vec::new();
        for node in nodes {
            let value = value(node);
            match groups.last_mut().filter(|group| group.value == value) {
                Some(group) => group.nodes.push(node.id.clone()),
                None => groups.push(Group { value, nodes: vec![node.id.clone()] }),
            }
        }
        groups
    }

    /// How a vital is spread over all nodes; `None` where it is known of none.
    pub fn spread(&self, vital: Vital) -> Option<Spread> {
        spread(self.nodes.values(), vital)
    }
}

/// How a vital is spread over those of these nodes that are heard; `None` where it is known of none.
pub fn spread<'a>(nodes: impl Iterator<Item = &'a Node>, vital: Vital) -> Option<Spread> {
    let heard = nodes.filter(|n| !n.presence.is_silent());
    spread_of(heard.filter_map(|n| vital.of(n.severities()?)).collect())
}

impl Node {
    /// How much it needs a look, by a vital.
    pub fn heat(&self, vital: Vital) -> Heat {
        match self.presence {
            Presence::Silent { .. } => Heat::Silent,
            Presence::Late { .. } => Heat::Late,
            Presence::Awaited { .. } => Heat::Unknown,
            Presence::Live => self.severities().and_then(|known| vital.of(known)).map_or(Heat::Unknown, Heat::Known),
        }
    }
}

/// How some are spread; `None` of none.
fn spread_of(mut known: Vec<Severity>) -> Option<Spread> {
    known.sort_unstable();
    let at = |percent: usize| known.get((known.len() * percent / 100).min(known.len().checked_sub(1)?)).copied();
    Some(Spread { median: at(50)?, p99: at(99)?, worst: at(100)? })
}
