//! Rows as lines: what comes of each entry stands in one piece.

use std::io::Write;

use anyhow::Context as _;

use super::{Sink, pieces::Pieces};

/// Lines of several entries.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// All of them.
    pub(super) bytes: Vec<u8>,
    pieces: Pieces,
}

impl Lines {
    /// Whatever follows belongs to the next entry.
    pub(super) fn end(&mut self) {
        self.pieces.end(self.bytes.len());
    }
}

/// Writes them as they are.
#[derive(Debug)]
pub(super) struct Plain<W>(pub(super) W);

impl<W: Write> Sink for Plain<W> {
    type Rows = Lines;

    fn put(&mut self, rows: &mut Lines) -> anyhow::Result<()> {
        Ok(self.0.write_all(&rows.bytes[rows.pieces.next()])?)
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.0.flush().context("cannot write the rest")
    }
}
