//! Of which time the time line lacks rollups that a black box may keep: before a node was first heard, and while it was not.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

use crate::{
    app::State,
    event::{NodeId, Stamp},
};

const SECOND_US: u64 = 1_000_000;

/// The windows of rollups: 10 s and 5 min.
pub(super) const WINDOWS_US: [u64; 2] = [10 * SECOND_US, 300 * SECOND_US];

/// Up to this time line the short ones are asked for, microseconds.
const SHORT_LINE_US: u64 = 3 * 3_600 * SECOND_US;

/// A window that has ended is kept after so long, microseconds.
const KEPT_AFTER_US: u64 = 2 * SECOND_US;

/// What is to be asked of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedLine {
    pub(super) node: NodeId,
    pub(super) range: (Stamp, Stamp),
    pub(super) is_long: bool,
}

/// What is known of the lines of all nodes.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// When a node was first heard.
    first: BTreeMap<NodeId, Stamp>,
    /// Ranges that were asked for, by node and whether of long windows, in rising order.
    known: BTreeMap<(NodeId, bool), Vec<(Stamp, Stamp)>>,
    /// Who was asked last: of many each has its turn.
    last: Option<NodeId>,
}

impl Lines {
    /// A node has said who it is.
    pub(super) fn hear(&mut self, node: &str, at: Stamp) {
        self.first.entry(NodeId::new(node)).or_insert(at);
    }

    /// A range was asked for to its end.
    pub(super) fn know(&mut self, node: NodeId, range: (Stamp, Stamp), is_long: bool) {
        let known = self.known.entry((node, is_long)).or_default();
        known.push(range);
        known.sort_unstable();
    }

    /// What is to be asked next, of so many nodes at the most, none of which is asked already.
    pub(super) fn wanted(
        &mut self,
        state: &State,
        now: Stamp,
        n_most: usize,
        is_asked: impl Fn(&NodeId) -> bool,
    ) -> Vec<WantedLine> {
        let last = self.last.take();
        let after = last.as_ref().map_or(Unbounded, Excluded);
        let all = &state.model.nodes;
        let rest = last.as_ref().into_iter().flat_map(|last| all.range(..=last.clone()));
        let in_turn = all.range((after, Unbounded)).chain(rest).map(|(_, node)| node);
        let scope = state.screen().node();
        let in_scope = in_turn.filter(|node| super::keeps(node) && scope.is_none_or(|scope| *scope == node.id));
        let wanted =
            in_scope.filter_map(|node| self.of_node(state, &node.id, now)).filter(|line| !is_asked(&line.node));
        let wanted: Vec<WantedLine> = wanted.take(n_most).collect();
        self.last = wanted.last().map(|line| line.node.clone()).or(last);
        wanted
    }

    /// What the time line lacks of a node: what was before it was first heard, then what it did not say while it was silent.
    fn of_node(&self, state: &State, node: &NodeId, now: Stamp) -> Option<WantedLine> {
        let (window, is_long) = (state.window(), state.zoom.span_us() > SHORT_LINE_US);
        let length_us = WINDOWS_US[usize::from(is_long)];
        let start = Stamp(window.end.0.saturating_sub(window.span_us));
        let first = self.first.get(node).copied().unwrap_or(now);
        let before = (start, Stamp(first.0 + length_us).min(window.end));
        let is_over = |(from, to): &(Stamp, Stamp)| {
            to.since_us(*from) >= length_us && now.since_us(*to) >= length_us + KEPT_AFTER_US
        };
        let missed = state.timeline.missed(node).filter(is_over);
        let missed = missed.map(|(from, to)| (from.max(start), Stamp(to.0 + length_us).min(window.end)));
        let range = std::iter::once(before).chain(missed).find_map(|range| self.missing(node, range, is_long))?;
        Some(WantedLine { node: node.clone(), range, is_long })
    }

    /// The part of a range that was not asked for.
    pub(super) fn missing(&self, node: &NodeId, range: (Stamp, Stamp), is_long: bool) -> Option<(Stamp, Stamp)> {
        let least_us = 2 * WINDOWS_US[usize::from(is_long)];
        let (mut from, mut to) = range;
        for (known_from, known_to) in self.known.get(&(node.clone(), is_long)).into_iter().flatten() {
            if *known_from <= from {
                from = from.max(*known_to);
            } else if *known_to >= to {
                to = to.min(*known_from);
            }
        }
        (to.since_us(from) >= least_us).then_some((from, to))
    }
}
