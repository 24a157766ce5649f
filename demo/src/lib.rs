//! A made-up messaging cluster behind real agents, with scripted incidents: for training, and to measure what a fleet costs.
//!
//! What a node shows is a pure function of a seed, the node and the time: [`World::values`]. No clock, and no chance but the
//! seed. A [`source`] makes of it what sources of hosts make of theirs, so that all from there on is the real agent: the same
//! sampler, streams, outbox and service.

pub mod chance;
pub mod children;
pub mod cluster;
pub mod node;
pub mod scenario;
pub mod script;
pub mod serve;
pub mod source;
pub mod values;

pub use cluster::{Cluster, Node, Role};
pub use scenario::{Incident, Moment, Scenario};
pub use script::{Plan, Script};
pub use values::Values;

/// A cluster and what is to happen to it.
#[derive(Debug)]
pub struct World {
    /// The nodes.
    pub cluster: Cluster,
    /// The incidents.
    pub script: Script,
}

impl World {
    /// A cluster of so many nodes out of a seed, and what is planned for it.
    pub fn new(seed: u64, n_nodes: usize, plan: Plan) -> Self {
        Self { cluster: Cluster::new(seed, n_nodes), script: Script::new(seed, plan) }
    }

    /// What a node shows so many seconds after the beginning.
    pub fn values(&self, node: &Node, at_s: f64) -> Values {
        let mut values = node::healthy(&self.cluster, node, at_s);
        for incident in self.script.left_by(at_s) {
            incident.leave(&self.cluster, node, at_s, &mut values);
        }
        for (incident, moment) in self.script.at(at_s) {
            incident.bend(&self.cluster, node, moment, &mut values);
        }
        values.settle(node);
        values
    }

    /// Whether a node is cut off so many seconds after the beginning; the same as [`Values::is_cut`], and cheap.
    pub fn is_cut(&self, node: &Node, at_s: f64) -> bool {
        let racks = self.script.at(at_s).filter_map(|(incident, moment)| incident.cut_off(&self.cluster, moment));
        racks.into_iter().any(|rack| rack == node.rack)
    }
}

#[cfg(test)]
mod tests;
