//! Which part of what was made comes of which entry.

use std::ops::Range;

/// Where what comes of each entry ends, one after another; and how many were taken.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    ends: Vec<usize>,
    n_taken: usize,
}

impl Pieces {
    /// All up to here comes of the entries so far: whatever follows, of the next.
    pub(super) fn end(&mut self, at: usize) {
        self.ends.push(at);
    }

    /// What comes of the next entry; nothing once all were taken.
    pub(super) fn next(&mut self) -> Range<usize> {
        let from = self.n_taken.checked_sub(1).map_or(0, |before| self.ends[before]);
        let to = self.ends.get(self.n_taken).copied().unwrap_or(from);
        self.n_taken += 1;
        from..to
    }
}
