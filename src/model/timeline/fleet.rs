//! The line of nodes behind hubs: one of the worst of all of them, for of each by itself it would be as many lines as nodes.

use midair_vitals::Severities;

use super::Timeline;
use crate::{
    event::{Fleet, NodeId, Stamp},
    model::Model,
};

impl Timeline {
    /// A hub spoke: how bad the worst of its nodes is now. While it tells of all of them anew, half of them say nothing.
    pub(super) fn push_fleet(&mut self, model: &Model, fleet: &Fleet, at: Stamp) {
        for node in &fleet.left {
            self.forget(node);
        }
        if fleet.begins && !fleet.ends {
            return;
        }
        let of_hub = model.nodes.values().filter(|node| node.is_by_hub && !node.presence.is_silent());
        let worst = of_hub.filter_map(|node| node.severities()).fold(Severities::default(), |a, b| Severities {
            sched: a.sched.max(b.sched),
            mem: a.mem.max(b.mem),
            queue: a.queue.max(b.queue),
            rate: a.rate.max(b.rate),
        });
        // It stands under the address of the hub, as no node is called.
        self.push(&NodeId(fleet.address.clone()), worst, at);
    }

    /// Whether the line of all nodes has it among those behind hubs.
    pub(super) fn is_among_others(&self, node: &NodeId) -> bool {
        self.followed.contains(node)
    }

    /// A node that is followed no more: what samples of its own told is found again in rollups.
    pub(super) fn forget(&mut self, node: &NodeId) {
        if self.followed.remove(node) {
            self.nodes.remove(node);
        }
    }
}
