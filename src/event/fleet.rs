//! What a hub says of the nodes behind it: a few numbers of each, and whether it hears them.

use std::sync::Arc;

use midair_vitals::{QueueKind, Severities, Unit};

use super::{Cause, Described, NodeId};

/// Between the address of a hub and the node behind it, in the address of a watch through the hub.
pub const THROUGH: &str = " > ";

/// The address of a watch of a node through a hub.
pub fn through(hub: &str, node: &NodeId) -> Arc<str> {
    format!("{hub}{THROUGH}{}", node.0).into()
}

/// The hub and the node of such an address; `None` for one that leads to somebody directly.
pub fn behind(address: &str) -> Option<(&str, NodeId)> {
    address.split_once(THROUGH).map(|(hub, node)| (hub, NodeId::new(node)))
}

/// What a hub says at once: of all nodes, or of those of whom something changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    /// Address of the link to the hub.
    pub address: Arc<str>,
    /// True where it is the first part of all that there is to say: nodes that none of its parts names are left.
    pub begins: bool,
    /// True where it is the last part of it.
    pub ends: bool,
    /// Batches that were missed before it.
    pub n_missed: u64,
    /// Who nodes are, where that is new.
    pub nodes: Vec<Described>,
    /// Nodes that the hub looks after no more.
    pub left: Vec<NodeId>,
    /// How nodes are heard, where that changed.
    pub heard: Vec<Heard>,
    /// What is known of nodes, where some of it changed; all of it.
    pub briefs: Vec<(NodeId, Brief)>,
    /// The nodes that are worth hearing themselves, where these changed.
    pub hot: Option<Vec<NodeId>>,
}

/// How a hub hears a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Whom.
    pub node: NodeId,
    /// Whether.
    pub hearing: Hearing,
    /// Since when, in the hub's wall time, microseconds since 1970.
    pub since_us: Option<u64>,
    /// Class of the reason.
    pub cause: Option<Cause>,
    /// Why, in words.
    pub reason: Arc<str>,
    /// The node's wall time minus the hub's, and by how much that may be wrong, microseconds.
    pub clock: Option<(i64, u64)>,
    /// Samples that the hub lost of it, cumulative.
    pub n_lost: Option<u64>,
}

/// Whether a hub hears a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Nothing has come yet.
    Awaited,
    /// Samples come.
    Live,
    /// The next one is overdue.
    Late,
    /// None come.
    Silent,
}

/// The few numbers of a node that a hub tells to all who look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Brief {
    /// The four severities.
    pub severities: Severities,
    /// CPUs in use, over ten seconds.
    pub cpu: Option<f64>,
    /// Run delay, seconds per second, over ten seconds.
    pub delay: Option<f64>,
    /// Growth of the memory in use, bytes per second, over a minute.
    pub mem_growth: Option<f64>,
    /// Memory in use, bytes.
    pub mem_used_bytes: Option<u64>,
    /// TCP segments received per second, over ten seconds.
    pub tcp_in: Option<f64>,
    /// The same of segments sent.
    pub tcp_out: Option<f64>,
    /// Connections, datagrams and packets dropped since the sample before.
    pub n_drops: Option<u64>,
    /// Depth of the worst queue.
    pub queue_depth: Option<u64>,
    /// Its unit, and its kind.
    pub queue_is: Option<(Unit, QueueKind)>,
    /// Start of the host in its own wall time, seconds since 1970.
    pub booted_s: Option<u64>,
}
