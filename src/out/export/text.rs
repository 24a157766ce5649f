//! Rows as lines: what comes of each entry stands in one piece.

use std::io::Write;

use anyhow::Context as _;

use super::Sink;

/// Lines of several entries.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// All of them.
    pub(super) bytes: Vec<u8>,
    /// Where those of each entry end.
    ends: Vec<usize>,
    n_taken: usize,
}

impl Lines {
    /// Whatever follows belongs to the next entry.
    pub(super) fn end(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// Those of the next entry.
    fn next(&mut self) -> &[u8] {
        let from = self.n_taken.checked_sub(1).map_or(0, |before| self.ends[before]);
        let to = self.ends.get(self.n_taken).copied().unwrap_or(from);
        self.n_taken += 1;
        &self.bytes[from..to]
    }
}

/// Writes them as they are.
#[derive(Debug)]
pub(super) struct Plain<W>(pub(super) W);

impl<W: Write> Sink for Plain<W> {
    type Rows = Lines;

    fn put(&mut self, rows: &mut Lines) -> anyhow::Result<()> {
        Ok(self.0.write_all(rows.next())?)
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.0.flush().context("cannot write the rest")
    }
}
