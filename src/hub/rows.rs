//! The nodes of a hub, each by the number of its row: what arrives is folded into them. Knows no clock.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;
use midair_proto::v1::{self, payload::Kind};

use crate::{
    entry::{Entry, Item},
    event::{Link, LinkState, Stamp},
    wire::Carries,
};

use super::{
    backfill::{Gap, windows},
    node::{Node, Taken},
    texts::Texts,
};

/// Most nodes that are looked after; more is an attack, not a cluster.
const ROWS_MAX: usize = 32_768;

/// What is counted of what arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Samples.
    pub(super) n_samples: u64,
    /// Of these, samples that could not be used.
    pub(super) n_unusable: u64,
    /// Bytes of all payloads.
    pub(super) n_bytes: u64,
    /// Connections to agents that were made.
    pub(super) n_connects: u64,
}

/// All nodes.
///
/// INVARIANT: a row stays its node's until the node leaves, and is given again only after that was told.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Option<Node>>,
    by_address: HashMap<Arc<str>, usize, RandomState>,
    by_id: HashMap<Arc<str>, usize, RandomState>,
    /// Rows whose nodes left, to be told.
    left: Vec<usize>,
    free: Vec<usize>,
    /// What was not heard of nodes that are back; whoever asks for it takes it.
    pub(super) gaps: Vec<Gap>,
    pub(super) texts: Texts,
    pub(super) counts: Counts,
}

impl Rows {
    /// Takes an entry in.
    pub(super) fn fold(&mut self, entry: &Entry) {
        match &entry.item {
            Item::Envelope(address, envelope) => self.envelope(address, envelope, entry.at),
            Item::Link(link) => self.link(link, entry.at),
            Item::Clock(address, offset_us, uncertainty_us, _) => {
                if let Some(node) = self.at(address) {
                    node.offset = Some((*offset_us, *uncertainty_us));
                }
            }
            Item::Notice(words) => tracing::warn!("{words}"),
            Item::Gap(_) | Item::Page(_) | Item::Tick | Item::Reset | Item::Input(_) => {}
        }
    }

    /// All nodes, each with its row.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.rows.iter().enumerate().filter_map(|(row, node)| Some((row, node.as_ref()?)))
    }

    /// The node of a row.
    pub(super) fn get(&self, row: usize) -> Option<&Node> {
        self.rows.get(row)?.as_ref()
    }

    /// The node with an id.
    pub(super) fn by_id(&self, id: &str) -> Option<&Node> {
        self.get(*self.by_id.get(id)?)
    }

    /// Rows that there are, taken or not.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Time passed.
    pub(super) fn waited(&mut self, now: Stamp) {
        self.rows.iter_mut().flatten().for_each(|node| node.waited(now));
    }

    /// Rows whose nodes left since this was asked last. They are given again from now on.
    pub(super) fn take_left(&mut self) -> Vec<usize> {
        let left = std::mem::take(&mut self.left);
        self.free.extend(&left);
        left
    }

    /// A black box told of a time in which a node was not heard.
    pub(super) fn fill(&mut self, id: &str, told: &[v1::Envelope]) {
        let Some(node) = self.by_id.get(id).and_then(|row| self.rows.get_mut(*row)?.as_mut()) else { return };
        let offset_s = node.offset.map_or(0, |(offset_us, _)| offset_us / 1_000_000);
        for (end_s, per_mille) in windows(told) {
            node.past.fill(end_s.saturating_add_signed(-offset_s), per_mille);
        }
    }

    fn at(&mut self, address: &Arc<str>) -> Option<&mut Node> {
        self.rows.get_mut(*self.by_address.get(address)?)?.as_mut()
    }

    fn envelope(&mut self, address: &Arc<str>, envelope: &v1::Envelope, at: Stamp) {
        self.counts.n_bytes += envelope.payload.as_ref().map_or(0, |payload| payload.len() as u64);
        match Carries::of(envelope) {
            Carries::Sample => {
                self.counts.n_samples += 1;
                let taken = self.at(address).map(|node| node.sample(envelope, at));
                self.counts.n_unusable += u64::from(taken == Some(Taken::Unusable));
            }
            Carries::Description => {
                if let Some(Kind::Described(description)) = envelope.kind() {
                    self.described(address, envelope, description, at);
                }
            }
            // What a hub behind this one says of its nodes is passed on to nobody.
            Carries::Fleet => {}
            Carries::Echo | Carries::Refusal | Carries::Mark | Carries::Rollup | Carries::Kept | Carries::Other => {}
        }
    }

    /// An agent says who it is. Its row is that of its id, wherever it was before.
    fn described(&mut self, address: &Arc<str>, envelope: &v1::Envelope, description: v1::Description, at: Stamp) {
        let id: Arc<str> = envelope.node.as_deref().unwrap_or(address).into();
        let Some(row) = self.row_of(&id, address, at) else { return };
        if let Some(before) = self.by_address.insert(address.clone(), row).filter(|before| *before != row) {
            self.leave_if_unnamed(before, address);
        }
        let texts = &mut self.texts;
        let labels = description.labels.iter().flat_map(|label| [&label.key, &label.value]);
        let labels: Vec<u32> = labels
            .map(|text| texts.number(text.as_deref().unwrap_or_default()))
            .collect::<Option<_>>()
            .unwrap_or_default();
        let Some(node) = self.rows[row].as_mut() else { return };
        node.address = address.clone();
        node.keep(&envelope.payload.clone().unwrap_or_default());
        self.gaps.extend(node.described(envelope.epoch.unwrap_or(0), description.interval_ms, at));
        let program = description.version.as_ref().and_then(|version| {
            Some(format!("contract {}, {}", version.contract?, version.program.as_deref().unwrap_or("unnamed")))
        });
        let is_demo = description.capabilities.iter().any(|capability| capability == "demo");
        node.described = v1::FleetNode {
            row: u32::try_from(row).ok(),
            node: Some(id.to_string()),
            name: description.name.or(description.node),
            address: Some(address.to_string()),
            labels,
            n_cpus: description.n_cpus,
            mem_total_bytes: description.mem_total_bytes,
            epoch: envelope.epoch,
            program,
            demo: is_demo.then_some(true),
            insecure: description.insecure,
            ..v1::FleetNode::default()
        };
    }

    fn link(&mut self, link: &Link, at: Stamp) {
        let Link { address, state } = link;
        if has_left(state) {
            // One that has moved is watched at its other address.
            let row = self.by_address.remove(address);
            if let Some(row) = row.filter(|row| self.get(*row).is_some_and(|node| node.address == *address)) {
                self.leave(row);
            }
            return;
        }
        self.counts.n_connects += u64::from(matches!(state, LinkState::Up { .. }));
        if !self.by_address.contains_key(address) {
            // Who answers says at once who it is. Of who does not, the address is all that is known.
            let LinkState::Down { .. } = state else { return };
            let Some(row) = self.row_of(address, address, at) else { return };
            self.by_address.insert(address.clone(), row);
        }
        if let Some(node) = self.at(address).filter(|node| node.address == *address) {
            node.link(state, at);
        }
    }

    fn row_of(&mut self, id: &Arc<str>, address: &Arc<str>, at: Stamp) -> Option<usize> {
        if let Some(row) = self.by_id.get(id) {
            return Some(*row);
        }
        let row = match self.free.pop() {
            Some(row) => row,
            None if self.rows.len() < ROWS_MAX => {
                self.rows.push(None);
                self.rows.len() - 1
            }
            None => {
                tracing::warn!(node = %id, "not looked after: there are {ROWS_MAX} nodes already");
                return None;
            }
        };
        let mut node = Node::new(id.clone(), address.clone(), at);
        node.described = v1::FleetNode {
            row: u32::try_from(row).ok(),
            node: Some(id.to_string()),
            name: Some(id.to_string()),
            address: Some(address.to_string()),
            ..v1::FleetNode::default()
        };
        self.rows[row] = Some(node);
        self.by_id.insert(id.clone(), row);
        Some(row)
    }

    /// A row that stood for an address leaves once who is there has said its name.
    fn leave_if_unnamed(&mut self, row: usize, address: &Arc<str>) {
        if self.get(row).is_some_and(|node| node.id == *address) {
            self.leave(row);
        }
    }

    fn leave(&mut self, row: usize) {
        if let Some(node) = self.rows.get_mut(row).and_then(Option::take) {
            self.by_id.remove(&node.id);
            self.left.push(row);
        }
    }
}

/// Whether an agent is watched no more: it is no longer named, or calls in no more.
pub(super) fn has_left(state: &LinkState) -> bool {
    matches!(state, LinkState::Left { .. })
}

#[cfg(test)]
mod tests;
