//! A feed that writes down what passes: entries and inputs, in the order in which the screen took them.

use crate::{entry::Entry, feed::Feed, feed::tape::weight};

/// What passed through a feed, bounded in bytes.
///
/// INVARIANT: `entries` is a gapless beginning of what passed; when the bound is reached it stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    entries: Vec<Entry>,
    n_bytes: usize,
    bytes_max: usize,
    n_left_out: u64,
}

impl Recording {
    /// What was written down, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What was written down, in order.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// How many entries came after the bound was reached, and are not in here.
    pub fn n_left_out(&self) -> u64 {
        self.n_left_out
    }

    pub(super) fn push(&mut self, entry: &Entry) {
        let n_bytes = self.n_bytes + weight(entry);
        if self.n_left_out > 0 || n_bytes > self.bytes_max {
            self.n_left_out += 1;
            return;
        }
        self.n_bytes = n_bytes;
        self.entries.push(entry.clone());
    }
}

/// The same feed, writing down what passes from now on, up to so many bytes.
pub fn record(feed: Feed, bytes_max: usize) -> Feed {
    let recording = Recording { entries: Vec::new(), n_bytes: 0, bytes_max, n_left_out: 0 };
    Feed { recording: Some(recording), ..feed }
}
