//! Whom to follow of the nodes behind hubs: those whose tasks are hot, and the worst. Of the others what a hub says is enough.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use midair_vitals::Severity;

use super::{Playhead, State};
use crate::{
    event::{Event, NodeId, Stamp},
    model::{Node, Vital},
};

/// The worst so many are followed.
const WORST: usize = 160;

/// Of those that are hot, so many.
const HOT: usize = 128;

/// With those that were among them a moment ago, no more than so many.
const FOLLOWED_MAX: usize = 320;

/// Who is followed already counts as so much worse, per mille: of nodes that are alike none comes and goes each second.
const STICKY: u32 = 50;

/// A node that is no longer among them is followed on for so long, microseconds: few come and go.
const HOLD_US: u64 = 20_000_000;

/// Below this a vital is no reason to follow anybody, per mille.
const LEAST: u32 = 50;

/// Who is followed beside those on the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Crowd {
    /// When each was last one of them.
    wanted: BTreeMap<NodeId, Stamp>,
}

impl Crowd {
    /// Everybody that is followed.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &NodeId> {
        self.wanted.keys()
    }
}

/// A hub has spoken: looks who is worth following now.
pub(super) fn hear(state: &mut State, event: &Event, at: Stamp) {
    let Event::Fleet(fleet) = event else { return };
    // While it tells of all, only some are known.
    if state.playhead != Playhead::Live || state.timeline.is_retelling() || (fleet.begins && !fleet.ends) {
        return;
    }
    let now = worth(state);
    let model = &state.model;
    let wanted = &mut state.crowd.wanted;
    wanted.retain(|node, last| at.since_us(*last) <= HOLD_US && model.nodes.contains_key(node));
    wanted.extend(now.into_iter().map(|node| (node, at)));
    let n_over = wanted.len().saturating_sub(FOLLOWED_MAX);
    if n_over > 0 {
        let mut oldest: Vec<(Stamp, NodeId)> = wanted.iter().map(|(node, last)| (*last, node.clone())).collect();
        oldest.sort();
        for (_, node) in oldest.iter().take(n_over) {
            wanted.remove(node);
        }
    }
}

/// Who is worth following, the best reasons first, as many as are followed at most.
fn worth(state: &State) -> BTreeSet<NodeId> {
    let is_there = |node: &&Node| node.is_by_hub && !node.presence.is_silent();
    let hot = state.model.hubs.values().flat_map(|hub| &hub.hot);
    let hot = hot.filter(|id| state.model.node(id).filter(is_there).is_some());
    let mut all: BTreeSet<NodeId> = hot.take(HOT).cloned().collect();
    let wanted = &state.crowd.wanted;
    let newest = wanted.values().max();
    let rank = |node: &Node| {
        let known = node.severities()?;
        let severity = |vital: Vital| vital.of(known).map_or(0, Severity::per_mille);
        let rank = (severity(state.vital), severity(Vital::Worst));
        let is_in = || newest.is_some() && wanted.get(&node.id) == newest;
        let is_worth = rank.0.max(rank.1) >= LEAST;
        let bonus = if is_worth && is_in() { STICKY } else { 0 };
        is_worth.then_some((rank.0 + bonus, rank.1 + bonus))
    };
    let mut worst: Vec<(Reverse<(u32, u32)>, &NodeId)> =
        state.model.nodes.values().filter(is_there).filter_map(|node| Some((Reverse(rank(node)?), &node.id))).collect();
    if worst.len() > WORST {
        worst.select_nth_unstable(WORST);
        worst.truncate(WORST);
        worst.sort_unstable();
    }
    all.extend(worst.into_iter().map(|(_, id)| id.clone()));
    all
}

/// The nodes that are to be followed, and the hub through which each is: who is on the screen, and the crowd.
pub(super) fn followed(state: &State) -> BTreeMap<NodeId, Arc<str>> {
    let on_screen = state.screen().node().into_iter().chain(state.compared_nodes());
    let all = on_screen.chain(state.crowd.nodes());
    let way = |id: &NodeId| {
        let node = state.model.node(id).filter(|node| node.is_by_hub)?;
        // Where no hub is reached nothing changes: the watch through it goes on when it is back.
        let way = state.model.way_to(node).map(|hub| hub.address.clone());
        Some((id.clone(), way.or_else(|| state.asked.hub_of(id))?))
    };
    all.filter_map(way).collect()
}
