//! Links of the Erlang distribution by the VM to which they lead: who does not read stands out of those who wait for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use midair_vitals::Severity;

use super::{Model, node::Node, vm::Vm};
use crate::event::{NodeId, Stamp};

/// A link that is gone is remembered for so long, microseconds.
pub const LOST_US: u64 = 600_000_000;

/// From here on what waits on a link is worth a word, per mille of what it may hold.
pub const WAITING: u32 = 500;

/// All links that lead to one VM, as those at their other ends tell of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Its name.
    pub name: Arc<str>,
    /// On which node it runs, and its runtime there, where that is known.
    pub at: Option<(NodeId, u32)>,
    /// VMs that have a link to it.
    pub n_up: usize,
    /// VMs that had one within ten minutes and have it no more.
    pub n_lost: usize,
    /// When the last of these went.
    pub lost_at: Option<Stamp>,
    /// Nodes whose link to it is so full that senders are suspended.
    pub busy_from: BTreeSet<NodeId>,
    /// Nodes whose link to it is half full at least.
    pub slow_from: BTreeSet<NodeId>,
    /// Bytes that wait on all of them, as far as it is known.
    pub pending_bytes: Option<u64>,
    /// Processes suspended on those VMs of which no other link is busy.
    pub n_suspended: u64,
    /// How full the fullest is.
    pub fill: Option<Severity>,
}

impl Peer {
    fn new(name: &Arc<str>) -> Self {
        Self {
            name: name.clone(),
            at: None,
            n_up: 0,
            n_lost: 0,
            lost_at: None,
            busy_from: BTreeSet::new(),
            slow_from: BTreeSet::new(),
            pending_bytes: None,
            n_suspended: 0,
            fill: None,
        }
    }

    /// VMs that have a link to it or had one.
    pub fn n_all(&self) -> usize {
        self.n_up + self.n_lost
    }

    fn has_link(&mut self, node: &Node, vm: &Vm, n: usize) {
        self.n_up += 1;
        let Some(link) = vm.reading.links.as_ref().and_then(|links| links.rows.get(n)) else { return };
        let fill = vm.vitals.links.get(n).and_then(|vitals| vitals.fill);
        self.fill = self.fill.max(fill);
        self.pending_bytes = match (self.pending_bytes, link.pending_bytes) {
            (Some(all), Some(one)) => Some(all.saturating_add(one)),
            (all, one) => all.or(one),
        };
        if fill.is_some_and(|fill| fill.per_mille() >= WAITING) {
            self.slow_from.insert(node.id.clone());
        }
        if link.is_busy == Some(true) {
            self.busy_from.insert(node.id.clone());
            let links = vm.reading.links.iter().flat_map(|links| &links.rows);
            let is_only = links.filter(|link| link.is_busy == Some(true)).count() == 1;
            let n_suspended = vm.reading.sweep.as_ref().and_then(|sweep| sweep.n_suspended);
            self.n_suspended += n_suspended.filter(|_| is_only).unwrap_or(0);
        }
    }
}

impl Model {
    /// All VMs to which links lead, by name; those of silent nodes tell of no links.
    pub fn link_peers(&self) -> BTreeMap<Arc<str>, Peer> {
        let mut peers: BTreeMap<Arc<str>, Peer> = BTreeMap::new();
        let heard = self.nodes.values().filter(|node| !node.presence.is_silent());
        for (node, vm) in heard.flat_map(|node| node.vms.values().map(move |vm| (node, vm))) {
            if vm.is_old(node) {
                continue;
            }
            for (n, link) in vm.reading.links.iter().flat_map(|links| &links.rows).enumerate() {
                peers.entry(link.peer.clone()).or_insert_with(|| Peer::new(&link.peer)).has_link(node, vm, n);
            }
            for (name, at) in vm.lost_links().filter(|(_, at)| self.now.since_us(*at) < LOST_US) {
                let peer = peers.entry(name.clone()).or_insert_with(|| Peer::new(name));
                peer.n_lost += 1;
                peer.lost_at = peer.lost_at.max(Some(at));
            }
        }
        for (node, vm) in self.nodes.values().flat_map(|node| node.vms.values().map(move |vm| (node, vm))) {
            if let Some(peer) = peers.get_mut(vm.name(node)) {
                peer.at = Some((node.id.clone(), vm.reading.runtime));
            }
        }
        peers
    }

    /// Of the VMs that have or had a link to one of a node's VMs how many still have it, and how many there are; `None` where
    /// nobody tells of any. Where many do, the node is up and only its agent is not heard.
    pub fn seen_up(&self, node: &Node, peers: &BTreeMap<Arc<str>, Peer>) -> Option<(usize, usize)> {
        let names = node.vms.values().map(|vm| vm.name(node)).chain(node.runtimes.iter().map(|one| &*one.name));
        let known: BTreeMap<&str, &Peer> = names.filter_map(|name| Some((name, peers.get(name)?))).collect();
        let (n_up, n_all) = known.values().fold((0, 0), |sum, peer| (sum.0 + peer.n_up, sum.1 + peer.n_all()));
        (n_all > 0).then_some((n_up, n_all))
    }
}

#[cfg(test)]
mod tests;
