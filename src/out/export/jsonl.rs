//! Rows as an object of JSON each: what rows of a kind do not have is left out, what is unknown is null.

use std::io::Write;

use anyhow::Context as _;

use super::{
    Sink,
    columns::{Cell, Moments, Row},
};

/// Writes them.
#[derive(Debug)]
pub(super) struct Jsonl<W> {
    out: W,
    /// The row that is being made: it is written in one piece.
    line: Vec<u8>,
    moments: Moments,
}

impl<W: Write> Jsonl<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, line: Vec::new(), moments: Moments::default() }
    }
}

impl<W: Write> Sink for Jsonl<W> {
    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        let line = &mut self.line;
        line.clear();
        for (column, cell) in row.cells().filter(|(_, cell)| !matches!(cell, Cell::None)) {
            line.push(if line.is_empty() { b'{' } else { b',' });
            line.extend_from_slice(column.key.as_bytes());
            let written = match cell {
                Cell::None | Cell::Unknown => serde_json::to_writer(&mut *line, &()),
                Cell::Moment(us) => serde_json::to_writer(&mut *line, self.moments.text(*us)),
                Cell::Text(text) => serde_json::to_writer(&mut *line, text),
                Cell::Count(n) => serde_json::to_writer(&mut *line, n),
                Cell::Number(value) => serde_json::to_writer(&mut *line, value),
                Cell::Flag(flag) => serde_json::to_writer(&mut *line, flag),
            };
            written.map_err(std::io::Error::from)?;
        }
        // Each row says at least when.
        line.extend_from_slice(b"}\n");
        Ok(self.out.write_all(line)?)
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        self.out.flush().context("cannot write the rest")
    }
}
