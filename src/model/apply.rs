//! How each kind of event changes the model.

use std::sync::Arc;

use super::{
    Model,
    node::{ClockOffset, Node},
    series::POINTS_MAX,
};
use crate::event::{self, Cause, Described, Event, Link, LinkState, NodeId, Stamp, Stamped};

/// Points of the charts of all rows together, of some 40 bytes each; and what a row has in any case.
const ROW_POINTS: usize = 1_000_000;
const ROW_POINTS_LEAST: usize = 60;

/// What a node is silent for that is connected, as far as the connection tells.
const NO_SAMPLES: &str = "connected, but no samples arrive";

/// What a node is silent for that is being dialled.
const NO_ANSWER: &str = "no answer yet";

/// Ticks come twice a second; where none came for so long, microseconds, this program was held up.
const HELD_UP_US: u64 = 2_500_000;

/// And from here on it was stopped, or the story leaves a time out.
const SUSPENDED_US: u64 = 60_000_000;

impl Model {
    /// Folds an event in.
    pub fn apply(&mut self, stamped: &Stamped) {
        let at = stamped.at;
        match &stamped.event {
            Event::Reset => {
                // Also the moment: what follows lies before it.
                *self = Self::new(self.asked_interval_us);
                return;
            }
            Event::Tick if self.is_held_up(at) => {}
            Event::Tick => {
                self.wait_for_hubs(at);
                self.wait(at);
            }
            Event::Fleet(fleet) => self.fold_fleet(fleet, at),
            Event::Link(link) => self.fold_link(link, at),
            Event::Described(described) => self.fold_described(described, at),
            Event::Sample(sample) if self.is_left(&sample.node) => {}
            Event::Sample(sample) => {
                let n_points = self.points_per_row();
                self.known(&sample.node, at).fold_sample(sample, at, n_points);
            }
            Event::Rows(rows) => self.known(&rows.node, at).fold_rows(rows, at),
            Event::Details(details) => self.known(&details.node, at).fold_details(details, at),
            Event::Traced(traced) => self.known(&traced.node, at).fold_traced(traced, at),
            Event::Refused { node, reason, .. } if self.hubs.contains_key(&node.0) => {
                let refused = Some((at, reason.as_str().into()));
                self.hubs.entry(node.0.clone()).and_modify(|hub| hub.refused = refused);
            }
            Event::Lost { node, .. } if self.hubs.contains_key(&node.0) => {}
            Event::Refused { node, id, reason } => {
                self.known(node, at).refused = Some((at, *id, reason.as_str().into()));
            }
            Event::Lost { node, n_samples } => self.known(node, at).fold_loss(*n_samples, at),
            Event::Clock { node, offset_us, uncertainty_us, is_step: _ } => {
                let clock = Some(ClockOffset { offset_us: *offset_us, uncertainty_us: *uncertainty_us });
                match self.hubs.get_mut(&node.0) {
                    Some(hub) => hub.clock = clock,
                    None => self.known(node, at).clock = clock,
                }
            }
            Event::Malformed { node: _, what } => {
                let n_before = self.malformed.as_ref().map_or(0, |(n, _)| *n);
                self.malformed = Some((n_before + 1, what.as_str().into()));
            }
            // Marks stand on the time line, which outlives a step in time. Rollups reach further back than any screen yet.
            // What a process keeps may be secret: no screen keeps it yet.
            Event::Gap(_) => self.found.ticked = None,
            Event::Mark(_) | Event::Rollup(_) | Event::Inspected(_) => {}
        }
        self.now = self.now.max(at);
    }

    /// Whether a node was followed and is not any more: what was under way of its samples is passed over.
    fn is_left(&self, id: &NodeId) -> bool {
        self.nodes
            .get(id)
            .is_some_and(|node| node.is_by_hub && matches!(node.link, LinkState::Down { cause: Cause::Left, .. }))
    }

    /// The node of an id; a feed may tell of one before it is described.
    fn known(&mut self, id: &NodeId, at: Stamp) -> &mut Node {
        let node = self.nodes.entry(id.clone()).or_insert_with(|| Node::new(id.clone(), id.0.clone(), at));
        node.n_changes.0 += 1;
        node
    }

    fn fold_link(&mut self, link: &Link, at: Stamp) {
        if matches!(link.state, LinkState::Left { .. }) && !self.hubs.contains_key(&link.address) {
            return self.leave(&link.address);
        }
        self.links.insert(link.address.clone(), link.state.clone());
        if self.fold_hub_link(&link.address, &link.state, at) {
            return;
        }
        let at_first = || event::behind(&link.address).map_or_else(|| NodeId(link.address.clone()), |(_, node)| node);
        let id = self.by_address.entry(link.address.clone()).or_insert_with(at_first).clone();
        let node = self.nodes.entry(id.clone()).or_insert_with(|| Node::new(id, link.address.clone(), at));
        if node.is_by_hub {
            follow(node, link);
            return;
        }
        if node.address != link.address {
            // A node that answers at another address now; or a second agent that claims its id.
            if matches!(link.state, LinkState::Down { .. }) && node.conflict.as_ref() == Some(&link.address) {
                node.conflict = None;
            }
            return;
        }
        node.link = link.state.clone();
        match &link.state {
            LinkState::Connecting => {}
            LinkState::Up { .. } => node.presence.reached(NO_SAMPLES),
            // A node that is watched no more was taken out above.
            LinkState::Left { .. } => {}
            LinkState::Down { cause, reason, retry_at: _ } => {
                let last = node.latest.as_ref().map(|l| l.at);
                node.presence.cut(at, last, *cause, reason.clone());
                // The second agent under this id is the only one now.
                if let Some(rival) = node.conflict.take() {
                    node.link = self.links.get(&rival).cloned().unwrap_or(LinkState::Connecting);
                    node.address = rival;
                    node.presence.reached(NO_SAMPLES);
                }
            }
        }
    }

    /// An address is watched no more, and neither is its node, unless that answers at another one.
    fn leave(&mut self, address: &Arc<str>) {
        self.links.remove(address);
        let Some(id) = self.by_address.remove(address) else { return };
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if node.conflict.as_ref() == Some(address) {
            node.conflict = None;
        }
        if node.address == *address {
            self.nodes.remove(&id);
        }
    }

    fn fold_described(&mut self, described: &Described, at: Stamp) {
        if described.is_hub {
            self.fold_hub(described);
            return;
        }
        self.n_arranged.0 += 1;
        let address = &described.address;
        self.leave_address(address, &described.node, at);
        let link = self.links.get(address).cloned();
        let rival_is_up = |node: &Node| {
            node.address != *address
                && node.epoch.is_some_and(|epoch| epoch != described.epoch)
                && matches!(self.links.get(&node.address), Some(LinkState::Up { .. }))
        };
        if let Some(node) = self.nodes.get(&described.node)
            && rival_is_up(node)
        {
            self.known(&described.node, at).conflict = Some(address.clone());
            return;
        }
        let is_through = event::behind(address).is_some();
        let node = self.known(&described.node, at);
        node.address = address.clone();
        node.is_by_hub &= is_through;
        if let Some(link) = link {
            node.link = link;
        }
        if node.conflict.as_ref() == Some(address) {
            node.conflict = None;
        }
        if !node.is_by_hub {
            node.presence.reached(NO_SAMPLES);
        }
        node.enter_epoch(described.epoch);
        node.runtimes.clone_from(&described.runtimes);
        node.described = Some(described.clone());
    }

    /// An address answers for a node: whoever stood for the address until now gives way.
    fn leave_address(&mut self, address: &Arc<str>, id: &NodeId, at: Stamp) {
        let Some(before) = self.by_address.insert(address.clone(), id.clone()).filter(|before| before != id) else {
            return;
        };
        let Some(node) = self.nodes.get_mut(&before) else { return };
        if node.described.is_none() {
            self.nodes.remove(&before);
        } else if node.address == *address {
            let last = node.latest.as_ref().map(|l| l.at);
            let reason = format!("another node ({}) answers at {address}", id.0);
            node.presence.cut(at, last, crate::event::Cause::Reset, reason.into());
        }
    }

    /// Whether nothing at all was read for long, of what is told twice a second: what nodes sent meanwhile still waits, and
    /// their silence cannot be judged yet.
    fn is_held_up(&mut self, now: Stamp) -> bool {
        let waited_us = self.found.ticked.replace(now).map_or(0, |last| now.since_us(last));
        let is_held_up = (HELD_UP_US..SUSPENDED_US).contains(&waited_us);
        if is_held_up {
            self.found.held_up = Some((now, waited_us));
        }
        is_held_up
    }

    fn wait(&mut self, now: Stamp) {
        for node in self.nodes.values_mut().filter(|node| !node.is_by_hub) {
            let why = match node.link {
                LinkState::Down { .. } | LinkState::Left { .. } => continue,
                LinkState::Connecting => NO_ANSWER,
                LinkState::Up { .. } => NO_SAMPLES,
            };
            let interval_us = node.interval_us.max(self.asked_interval_us);
            node.presence.waited(now, node.latest.as_ref().map(|l| l.at), interval_us, why);
        }
        self.n_rows = self.nodes.values().map(|node| node.tasks.len()).sum();
    }

    /// How long the charts of a row are, so that those of all rows together stay within bounds.
    fn points_per_row(&self) -> usize {
        (ROW_POINTS / self.n_rows.max(1)).clamp(ROW_POINTS_LEAST, POINTS_MAX)
    }
}

/// The watch through a hub of a node that is followed, or is not any more.
fn follow(node: &mut Node, link: &Link) {
    if node.address != link.address {
        // Of a watch through another hub, which may end after this one began.
        if !matches!(link.state, LinkState::Connecting | LinkState::Up { .. }) {
            return;
        }
        node.address = link.address.clone();
    }
    node.link = link.state.clone();
    if matches!(link.state, LinkState::Down { cause: Cause::Left, .. }) {
        node.unfollow();
    }
}
