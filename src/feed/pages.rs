//! What black boxes told: kept for a while, bounded, beside the tape. What is farthest from the playhead goes first.

use std::collections::BTreeMap;

use crate::{
    entry::{Entry, Item},
    event::{NodeId, Stamp},
    feed::tape::{grounded, weight},
};

/// How many bytes are kept, roughly.
pub const BYTES_MAX: usize = 64 << 20;

/// A time shorter than this is not asked for by itself, microseconds: samples are a second apart.
const LEAST_US: u64 = 1_500_000;

/// One answer: what a node's black box had of a range.
///
/// INVARIANT: `entries` is in rising order of stamps.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Start of the range that was asked for.
    pub from: Stamp,
    /// Its end.
    pub to: Stamp,
    /// What came of it, from the key before it on.
    pub entries: Vec<Entry>,
    /// Why that is not all, in words.
    pub trouble: Option<std::sync::Arc<str>>,
}

/// The answers of all nodes.
///
/// INVARIANT: those of one node are in rising order and do not overlap; `n_bytes` is the sum of their weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pages {
    nodes: BTreeMap<NodeId, Vec<Leaf>>,
    n_bytes: usize,
}

impl Pages {
    /// Keeps an answer; what is farthest from the playhead gives way.
    pub fn keep(&mut self, node: &NodeId, leaf: Leaf, playhead: Stamp) {
        self.n_bytes += bytes(&leaf);
        let leaves = self.nodes.entry(node.clone()).or_default();
        leaves.insert(leaves.partition_point(|known| known.from <= leaf.from), leaf);
        while self.n_bytes > BYTES_MAX {
            self.drop_farthest(playhead);
        }
    }

    /// Whether there is room for what is not needed at once.
    pub fn is_roomy(&self) -> bool {
        self.n_bytes < BYTES_MAX / 4 * 3
    }

    /// The part of a range next to its end that was not asked of a node yet.
    pub fn missing(&self, node: &NodeId, (from, to): (Stamp, Stamp)) -> Option<(Stamp, Stamp)> {
        let mut end = to;
        for leaf in self.nodes.get(node).into_iter().flatten().rev() {
            if leaf.to < end && end.since_us(leaf.to.max(from)) >= LEAST_US {
                return Some((leaf.to.max(from), end));
            }
            if leaf.from < end && leaf.to >= end {
                end = leaf.from;
            }
            if end <= from {
                return None;
            }
        }
        (end.since_us(from) >= LEAST_US).then_some((from, end))
    }

    /// The answer that a moment lies in.
    pub fn at(&self, node: &NodeId, at: Stamp) -> Option<&Leaf> {
        self.nodes.get(node)?.iter().find(|leaf| leaf.from <= at && at <= leaf.to)
    }

    /// What is known of a node from one moment to another, as far back from the second as it hangs together.
    pub fn told(&self, node: &NodeId, (from, to): (Stamp, Stamp)) -> Vec<Entry> {
        let Some(leaves) = self.nodes.get(node) else { return Vec::new() };
        let end = leaves.partition_point(|leaf| leaf.from <= to);
        let mut first = end;
        while let Some(leaf) = first.checked_sub(1).map(|n| &leaves[n]) {
            let follows = if first == end { leaf.to >= to } else { leaves[first].from.since_us(leaf.to) < LEAST_US };
            // What broke off does not lead on to what follows.
            if !follows || (first < end && leaf.trouble.is_some()) || leaf.to < from {
                break;
            }
            first -= 1;
        }
        let mut last = Stamp(0);
        let mut all: Vec<&Entry> = Vec::new();
        for leaf in &leaves[first..end] {
            // An answer begins with the key before it, which the one before has told.
            let new = leaf.entries.partition_point(|entry| entry.at <= last);
            all.extend(leaf.entries[new..].iter().take_while(|entry| entry.at <= to));
            last = last.max(leaf.entries.last().map_or(Stamp(0), |entry| entry.at));
        }
        grounded(all.into_iter().filter(|entry| entry.at >= from)).collect()
    }

    /// Forgets answers that were refused or broke off: they are asked for again.
    pub fn forget_troubles(&mut self) {
        for leaves in self.nodes.values_mut() {
            leaves.retain(|leaf| {
                let stays = leaf.trouble.is_none();
                self.n_bytes -= if stays { 0 } else { bytes(leaf) };
                stays
            });
        }
    }

    fn drop_farthest(&mut self, playhead: Stamp) {
        let far = |leaf: &Leaf| leaf.from.since_us(playhead).max(playhead.since_us(leaf.to));
        let all =
            self.nodes.iter().flat_map(|(id, leaves)| leaves.iter().enumerate().map(move |(n, l)| (far(l), id, n)));
        let Some((_, id, n)) = all.max().map(|(far, id, n)| (far, id.clone(), n)) else {
            self.n_bytes = 0;
            return;
        };
        if let Some(leaves) = self.nodes.get_mut(&id) {
            self.n_bytes -= bytes(&leaves.remove(n));
        }
    }
}

fn bytes(leaf: &Leaf) -> usize {
    leaf.entries.iter().map(weight).sum::<usize>() + size_of::<Leaf>()
}

/// What was told of several nodes, with ticks between, in one order.
pub fn merged(mut all: Vec<Entry>, ticks_from: Option<Stamp>, to: Stamp) -> Vec<Entry> {
    const TICK_US: u64 = 500_000;
    if let Some(first) = ticks_from.or_else(|| all.iter().map(|entry| entry.at).min()) {
        // At full seconds and halves of our clock, wherever the telling began.
        let ticks = first.0 / TICK_US + 1..=to.0 / TICK_US;
        all.extend(ticks.map(|n| Entry { at: Stamp(n * TICK_US), item: Item::Tick }));
    }
    all.sort_by_key(|entry| entry.at);
    all
}

#[cfg(test)]
mod tests;
