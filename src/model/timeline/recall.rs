//! What was told behind of a time line joins what the line shows already.

use std::collections::VecDeque;

use super::{N_GAPS, N_POINTS, Silence, Timeline};
use crate::event::Stamp;

impl Timeline {
    /// Takes in the line of an earlier time that reaches up to what is shown. What both know is known once.
    pub fn recall(&mut self, past: Self) {
        // What this line knows beyond it says how things went on.
        let goes_on = self.newest > past.newest;
        let end = past.newest;
        self.oldest = self.oldest.into_iter().chain(past.oldest).min();
        self.newest = self.newest.max(past.newest);
        for (id, points) in past.nodes {
            let ours = self.nodes.entry(id).or_default();
            *ours = joined(std::mem::take(ours), points, |(at, _)| *at);
            ours.drain(..ours.len().saturating_sub(N_POINTS));
        }
        self.gaps = joined(std::mem::take(&mut self.gaps), past.gaps, |gap| (gap.at, gap.node.clone()));
        self.holes =
            joined(std::mem::take(&mut self.holes), past.holes, |hole| (hole.from, hole.to, hole.node.clone()));
        self.gaps.drain(..self.gaps.len().saturating_sub(N_GAPS));
        self.holes.drain(..self.holes.len().saturating_sub(N_GAPS));
        for (id, silences) in past.silences {
            let ours = self.silences.entry(id).or_default();
            ours.extend(silences.into_iter().map(|s| Silence { to: s.to.or(goes_on.then_some(end)), ..s }));
            ours.sort_by_key(|silence| silence.from);
            ours.dedup_by(|later, earlier| unite(earlier, *later));
        }
        past.flags.iter().for_each(|flag| self.flags.push(flag.clone()));
        if !goes_on {
            self.outages = past.outages;
        }
        self.rollups.recall(past.rollups);
    }
}

/// Both in order, what both hold once.
fn joined<T, K: Ord>(ours: VecDeque<T>, theirs: VecDeque<T>, key: impl Fn(&T) -> K) -> VecDeque<T> {
    let mut all: Vec<T> = ours.into_iter().chain(theirs).collect();
    all.sort_by_key(|item| key(item));
    all.dedup_by(|later, earlier| key(later) == key(earlier));
    all.into()
}

/// Makes one of two silences that touch; false where they do not.
fn unite(earlier: &mut Silence, later: Silence) -> bool {
    let end = |silence: &Silence| silence.to.unwrap_or(Stamp(u64::MAX));
    if later.from > end(earlier) {
        return false;
    }
    // The last word on whether it goes on is of the one that ends later.
    earlier.to = Some(end(earlier).max(end(&later))).filter(|to| to.0 < u64::MAX);
    true
}
