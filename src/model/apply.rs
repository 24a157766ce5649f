//! How each kind of event changes the model.

use std::sync::Arc;

use super::{
    Model,
    node::{ClockOffset, Node},
    series::POINTS_MAX,
};
use crate::event::{Described, Event, Link, LinkState, NodeId, Stamp, Stamped};

/// Points of the charts of all rows together, of some 40 bytes each; and what a row has in any case.
const ROW_POINTS: usize = 1_000_000;
const ROW_POINTS_LEAST: usize = 60;

/// What a node is silent for that is connected, as far as the connection tells.
const NO_SAMPLES: &str = "connected, but no samples arrive";

/// What a node is silent for that is being dialled.
const NO_ANSWER: &str = "no answer yet";

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
            Event::Tick => self.wait(at),
            Event::Link(link) => self.fold_link(link, at),
            Event::Described(described) => self.fold_described(described, at),
            Event::Sample(sample) => {
                let n_points = self.points_per_row();
                self.known(&sample.node, at).fold_sample(sample, at, n_points);
            }
            Event::Rows(rows) => self.known(&rows.node, at).fold_rows(rows, at),
            Event::Details(details) => self.known(&details.node, at).fold_details(details, at),
            Event::Traced(traced) => self.known(&traced.node, at).fold_traced(traced, at),
            Event::Refused { node, id, reason } => {
                self.known(node, at).refused = Some((at, *id, reason.as_str().into()));
            }
            Event::Lost { node, n_samples } => self.known(node, at).fold_loss(*n_samples, at),
            Event::Clock { node, offset_us, uncertainty_us, is_step: _ } => {
                let clock = ClockOffset { offset_us: *offset_us, uncertainty_us: *uncertainty_us };
                self.known(node, at).clock = Some(clock);
            }
            Event::Malformed { node: _, what } => {
                let n_before = self.malformed.as_ref().map_or(0, |(n, _)| *n);
                self.malformed = Some((n_before + 1, what.as_str().into()));
            }
            // Marks stand on the time line, which outlives a step in time. Rollups reach further back than any screen yet.
            // What a process keeps may be secret: no screen keeps it yet.
            Event::Mark(_) | Event::Gap(_) | Event::Rollup(_) | Event::Inspected(_) => {}
        }
        self.now = self.now.max(at);
    }

    /// The node of an id; a feed may tell of one before it is described.
    fn known(&mut self, id: &NodeId, at: Stamp) -> &mut Node {
        let node = self.nodes.entry(id.clone()).or_insert_with(|| Node::new(id.clone(), id.0.clone(), at));
        node.n_changes.0 += 1;
        node
    }

    fn fold_link(&mut self, link: &Link, at: Stamp) {
        self.links.insert(link.address.clone(), link.state.clone());
        let id = self.by_address.entry(link.address.clone()).or_insert_with(|| NodeId(link.address.clone())).clone();
        let node = self.nodes.entry(id.clone()).or_insert_with(|| Node::new(id, link.address.clone(), at));
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

    fn fold_described(&mut self, described: &Described, at: Stamp) {
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
        let node = self.known(&described.node, at);
        node.address = address.clone();
        if let Some(link) = link {
            node.link = link;
        }
        if node.conflict.as_ref() == Some(address) {
            node.conflict = None;
        }
        node.presence.reached(NO_SAMPLES);
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

    fn wait(&mut self, now: Stamp) {
        for node in self.nodes.values_mut() {
            let why = match node.link {
                LinkState::Down { .. } => continue,
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
