//! Copies of the state on the way: a step back in time begins at the one before it, not at the beginning of the tape.

use crate::{event::Stamp, model::Model, wire::Decoder};

/// A copy is made so often: what is told again after it takes a few milliseconds.
const EVERY_US: u64 = 15_000_000;
/// How many rows all copies hold together: some 3 KiB each, for charts are shared. Beyond it every other one goes, then
/// all; whoever watches more than a few nodes closely is told anew from the tape.
const ROWS_MAX: usize = 20_000;

/// What was known when so many entries had been told.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    /// Entries told, counted as the tape counts them.
    pub(super) n_told: usize,
    pub(super) at: Stamp,
    n_rows: usize,
    pub(super) model: Model,
    pub(super) decoder: Decoder,
}

/// The copies kept.
///
/// INVARIANT: in rising order of entries and of time, and together at most `ROWS_MAX` rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints {
    kept: Vec<Checkpoint>,
    /// When there were last too many rows for a copy: to count those of thousands of nodes at each entry is much.
    crowded: Option<Stamp>,
}

impl Checkpoints {
    /// Makes a copy where the newest is old enough.
    pub(super) fn pass(&mut self, n_told: usize, at: Stamp, model: &Model, decoder: &Decoder) {
        if self.kept.last().is_some_and(|last| n_told <= last.n_told || at.since_us(last.at) < EVERY_US) {
            return;
        }
        if self.crowded.is_some_and(|crowded| at >= crowded && at.since_us(crowded) < EVERY_US) {
            return;
        }
        let n_rows = model.nodes.values().map(|node| 1 + node.tasks.len()).sum();
        self.crowded = (n_rows > ROWS_MAX).then_some(at);
        if self.crowded.is_some() {
            return;
        }
        self.kept.push(Checkpoint { n_told, at, n_rows, model: model.clone(), decoder: decoder.clone() });
        while self.kept.iter().map(|c| c.n_rows).sum::<usize>() > ROWS_MAX {
            self.thin();
        }
    }

    /// The newest copy that knows no more than so many entries.
    pub(super) fn before(&self, n_entries: usize) -> Option<&Checkpoint> {
        self.kept[..self.kept.partition_point(|c| c.n_told <= n_entries)].last()
    }

    /// Forgets copies from which the tape cannot go on any more: it begins after them.
    pub(super) fn forget(&mut self, n_dropped: usize) {
        let n_lost = self.kept.partition_point(|c| c.n_told < n_dropped);
        self.kept.drain(..n_lost);
    }

    /// Drops the one that leaves the smallest hole; never the newest, from which the next is counted.
    fn thin(&mut self) {
        let hole = |n: usize| {
            let before = n.checked_sub(1).map_or(Stamp(0), |n| self.kept[n].at);
            self.kept[n + 1].at.since_us(before)
        };
        let n = (0..self.kept.len() - 1).min_by_key(|n| hole(*n)).unwrap_or(0);
        self.kept.remove(n);
    }
}

#[cfg(test)]
mod tests;
