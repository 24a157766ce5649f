//! Hubs: who tells of nodes that are not watched themselves, what each hub says of whom, and what follows where they differ.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Model,
    node::{ClockOffset, Node},
    presence::Presence,
};
use crate::event::{self, Cause, Described, Fleet, Heard, Hearing, LinkState, NodeId, Stamp};

/// A hub sends a batch each second; after so long without one what it said last is of no time that one knows, microseconds.
const QUIET_US: u64 = 5_000_000;

/// A hub that is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Hub {
    /// Address at which it is watched.
    pub address: Arc<str>,
    /// Its name for people.
    pub name: Arc<str>,
    /// What it is: "midair 0.1.0".
    pub program: Arc<str>,
    /// The connection to it.
    pub link: LinkState,
    /// True where nobody vouches for it.
    pub is_insecure: bool,
    /// When it spoke last of its nodes.
    pub at: Option<Stamp>,
    /// True once it has told of all of them.
    pub is_whole: bool,
    /// Its clock.
    pub clock: Option<ClockOffset>,
    /// The nodes that are worth hearing themselves, as it says.
    pub hot: BTreeSet<NodeId>,
    /// Batches that were missed.
    pub n_missed: u64,
    /// What it refused last, in words.
    pub refused: Option<(Stamp, Arc<str>)>,
    /// How often it has told of all.
    n_keys: u32,
    /// Whether no batch has come for long.
    is_quiet: bool,
}

/// How a hub sees a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// Address of the hub.
    pub hub: Arc<str>,
    /// Whether the hub hears it, on our clock.
    pub presence: Presence,
    /// Samples that the hub lost of it, cumulative.
    pub n_lost: Option<u64>,
    /// In which telling of all it was named last.
    n_key: u32,
}

impl Hub {
    /// Why nothing that it said is of now: the class of the reason where the connection tells, and the words.
    pub fn trouble(&self) -> Option<(Option<Cause>, String)> {
        let what = match &self.link {
            LinkState::Up { .. } if self.is_quiet => return Some((None, format!("hub {} says nothing", self.name))),
            LinkState::Up { .. } => return None,
            LinkState::Connecting => return Some((None, format!("hub {} is not reached yet", self.name))),
            LinkState::Down { reason, cause, .. } => (Some(*cause), reason),
            LinkState::Left { reason } => (None, reason),
        };
        // The hub has been named: what is left of "cannot reach agent NAME: ..." is the cause.
        let cause = what.1.strip_prefix("cannot reach agent ").and_then(|rest| rest.split_once(": "));
        let words = cause.map_or(&**what.1, |(_, words)| words);
        Some((what.0, format!("hub {} is not reached: {words}", self.name)))
    }
}

impl Model {
    /// The hub that is watched under an address.
    pub fn hub(&self, address: &str) -> Option<&Hub> {
        self.hubs.get(address)
    }

    /// Through which hub a node is best watched: one that hears it.
    pub fn way_to(&self, node: &Node) -> Option<&Hub> {
        let reached = node.sights.iter().filter_map(|sight| Some((sight, self.hubs.get(&sight.hub)?)));
        let reached = reached.filter(|(_, hub)| matches!(hub.link, LinkState::Up { .. }));
        // The first of equal ones: who is followed stays with a hub.
        reached.min_by_key(|(sight, _)| Reverse(rank(&sight.presence))).map(|(_, hub)| hub)
    }

    /// How many hubs hear a node, of how many that are watched; and where they differ, what each says.
    pub fn seen_by<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = (&'a Hub, Option<&'a Presence>)> {
        self.hubs.values().map(|hub| {
            let sight = node.sights.iter().find(|sight| sight.hub == hub.address);
            (hub, sight.map(|sight| &sight.presence))
        })
    }

    /// Whether a node is silent only for that none of the hubs that told of it is reached.
    pub fn is_cut_off(&self, node: &Node) -> bool {
        let is_in_trouble = |hub: &Hub| hub.trouble().is_some();
        node.is_by_hub && node.sights.iter().all(|sight| self.hubs.get(&sight.hub).is_none_or(is_in_trouble))
    }

    /// An address has said that a hub answers there.
    pub(super) fn fold_hub(&mut self, described: &Described) {
        let address = &described.address;
        if self.nodes.get(&described.node).is_some_and(|node| node.described.is_none()) {
            self.nodes.remove(&described.node);
        }
        self.n_arranged.0 += 1;
        let link = self.links.get(address).cloned().unwrap_or(LinkState::Connecting);
        let hub = self.hubs.entry(address.clone()).or_insert_with(|| Hub {
            address: address.clone(),
            name: described.name.clone(),
            program: described.program.clone(),
            link: LinkState::Connecting,
            is_insecure: false,
            at: None,
            is_whole: false,
            clock: None,
            hot: BTreeSet::new(),
            n_missed: 0,
            refused: None,
            n_keys: 0,
            is_quiet: false,
        });
        (hub.name, hub.program) = (described.name.clone(), described.program.clone());
        (hub.link, hub.is_insecure) = (link, described.is_insecure);
    }

    /// The connection to a hub changed; false where none is watched there.
    pub(super) fn fold_hub_link(&mut self, address: &Arc<str>, state: &LinkState, at: Stamp) -> bool {
        let Some(hub) = self.hubs.get_mut(address) else { return false };
        hub.link = state.clone();
        if matches!(state, LinkState::Up { .. }) {
            // What it says next is awaited as long as if it had just spoken.
            (hub.is_quiet, hub.at) = (false, hub.at.map(|_| at));
        }
        self.judge_all(Some(address));
        true
    }

    /// A hub spoke of its nodes.
    pub(super) fn fold_fleet(&mut self, fleet: &Fleet, at: Stamp) {
        let Some(hub) = self.hubs.get_mut(&fleet.address) else { return };
        let was_quiet = std::mem::take(&mut hub.is_quiet);
        hub.at = Some(at);
        hub.n_missed = hub.n_missed.saturating_add(fleet.n_missed);
        hub.n_keys += u32::from(fleet.begins);
        hub.is_whole |= fleet.ends;
        if let Some(hot) = &fleet.hot {
            hub.hot = hot.iter().cloned().collect();
        }
        let hub = hub.clone_head();
        for described in &fleet.nodes {
            self.fold_of_hub(&hub, described, at);
        }
        for node in &fleet.left {
            self.unsee(&hub.address, node);
        }
        for (id, brief) in &fleet.briefs {
            if let Some(node) = self.nodes.get_mut(id) {
                node.brief = Some((at, *brief));
                node.n_changes.0 += 1;
            }
        }
        for heard in &fleet.heard {
            self.fold_heard(&hub, heard, at);
        }
        if fleet.ends {
            self.unsee_unnamed(&hub);
        }
        if was_quiet {
            self.judge_all(Some(&hub.address));
        }
    }

    /// Whether hubs still speak, as time passes.
    pub(super) fn wait_for_hubs(&mut self, now: Stamp) {
        let is_quiet = |hub: &Hub| hub.at.is_some_and(|at| now.since_us(at) > QUIET_US);
        let fallen: Vec<Arc<str>> =
            self.hubs.values().filter(|hub| !hub.is_quiet && is_quiet(hub)).map(|hub| hub.address.clone()).collect();
        for address in fallen {
            if let Some(hub) = self.hubs.get_mut(&address) {
                hub.is_quiet = true;
            }
            self.judge_all(Some(&address));
        }
    }

    fn fold_of_hub(&mut self, hub: &Head, described: &Described, at: Stamp) {
        self.n_arranged.0 += 1;
        let node = self.nodes.entry(described.node.clone()).or_insert_with(|| {
            let address = event::through(&hub.address, &described.node);
            let mut node = Node::new(described.node.clone(), address, at);
            node.is_by_hub = true;
            node.link = LinkState::Down { cause: Cause::Left, reason: "".into(), retry_at: Stamp(u64::MAX) };
            node
        });
        node.n_changes.0 += 1;
        match node.sights.iter_mut().find(|sight| sight.hub == hub.address) {
            Some(sight) => sight.n_key = hub.n_keys,
            None => node.sights.push(Sight {
                hub: hub.address.clone(),
                presence: Presence::Awaited { since: at },
                n_lost: None,
                n_key: hub.n_keys,
            }),
        }
        // Who is heard itself has said more of itself.
        if !node.is_heard_itself() {
            node.described = Some(described.clone());
        }
    }

    fn fold_heard(&mut self, hub: &Head, heard: &Heard, at: Stamp) {
        let Some(node) = self.nodes.get_mut(&heard.node) else { return };
        let since = heard.since_us.map_or(at, |us| hub.on_ours(us).min(at));
        let presence = match heard.hearing {
            Hearing::Awaited => Presence::Awaited { since },
            Hearing::Live => Presence::Live,
            Hearing::Late => Presence::Late { since },
            Hearing::Silent => Presence::Silent { since, cause: heard.cause, reason: heard.reason.clone(), n_back: 0 },
        };
        if let Some(sight) = node.sights.iter_mut().find(|sight| sight.hub == hub.address) {
            (sight.presence, sight.n_lost) = (presence, heard.n_lost.or(sight.n_lost));
        }
        if let Some((offset_us, uncertainty_us)) = heard.clock.filter(|_| !node.is_heard_itself()) {
            let offset_us = offset_us.saturating_add(hub.clock.map_or(0, |clock| clock.offset_us));
            node.clock = Some(ClockOffset { offset_us, uncertainty_us });
        }
        node.n_changes.0 += 1;
        judge(&self.hubs, node);
    }

    /// A hub looks after a node no more.
    fn unsee(&mut self, hub: &Arc<str>, id: &NodeId) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        node.sights.retain(|sight| sight.hub != *hub);
        if node.is_by_hub && node.sights.is_empty() {
            self.nodes.remove(id);
            self.n_arranged.0 += 1;
        } else {
            judge(&self.hubs, node);
        }
    }

    fn unsee_unnamed(&mut self, hub: &Head) {
        let is_old = |node: &&Node| node.sights.iter().any(|s| s.hub == hub.address && s.n_key != hub.n_keys);
        let old: Vec<NodeId> = self.nodes.values().filter(is_old).map(|node| node.id.clone()).collect();
        old.iter().for_each(|id| self.unsee(&hub.address, id));
    }

    fn judge_all(&mut self, hub: Option<&Arc<str>>) {
        for node in self.nodes.values_mut() {
            if hub.is_none_or(|hub| node.sights.iter().any(|sight| sight.hub == *hub)) {
                judge(&self.hubs, node);
            }
        }
    }
}

/// What of a hub is needed while its nodes change.
struct Head {
    address: Arc<str>,
    clock: Option<ClockOffset>,
    n_keys: u32,
}

impl Head {
    fn on_ours(&self, wall_us: u64) -> Stamp {
        self.clock.map_or(Stamp(wall_us), |clock| clock.to_cluster(wall_us))
    }
}

impl Hub {
    fn clone_head(&self) -> Head {
        Head { address: self.address.clone(), clock: self.clock, n_keys: self.n_keys }
    }
}

/// A node is as well heard as by the hub that hears it best.
fn judge(hubs: &BTreeMap<Arc<str>, Hub>, node: &mut Node) {
    if !node.is_by_hub {
        return;
    }
    let told = |(hub, presence): (&Hub, &Presence)| match hub.trouble() {
        None => presence.clone(),
        Some((cause, words)) => {
            let since = presence.silent_since().or(hub.at).unwrap_or(Stamp(0));
            Presence::Silent { since, cause, reason: words.into(), n_back: 0 }
        }
    };
    let sights = node.sights.iter().filter_map(|sight| Some((hubs.get(&sight.hub)?, &sight.presence)));
    if let Some(best) = sights.map(told).max_by_key(rank) {
        node.presence = best;
    }
}

/// The better a node is heard the higher; of silences the one that began last.
fn rank(presence: &Presence) -> (u8, Stamp) {
    match presence {
        Presence::Live => (3, Stamp(0)),
        Presence::Late { since } => (2, *since),
        Presence::Awaited { since } => (1, *since),
        Presence::Silent { since, .. } => (0, *since),
    }
}

#[cfg(test)]
mod tests;
