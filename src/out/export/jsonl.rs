//! Rows as an object of JSON each: what rows of a kind do not have is left out, what is unknown is null.

use std::io::Write;

use anyhow::Context as _;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{
    Sink,
    columns::{Cell, Row, moment_text},
};

/// Writes them.
#[derive(Debug)]
pub(super) struct Jsonl<W> {
    out: W,
}

impl<W: Write> Jsonl<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Sink for Jsonl<W> {
    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.out, row).map_err(std::io::Error::from)?;
        Ok(self.out.write_all(b"\n")?)
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        self.out.flush().context("cannot write the rest")
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (column, cell) in self.cells() {
            match cell {
                Cell::None => {}
                Cell::Unknown => object.serialize_entry(column.name, &())?,
                Cell::Moment(us) => object.serialize_entry(column.name, &moment_text(*us))?,
                Cell::Text(text) => object.serialize_entry(column.name, text)?,
                Cell::Count(n) => object.serialize_entry(column.name, n)?,
                Cell::Number(value) => object.serialize_entry(column.name, value)?,
                Cell::Flag(flag) => object.serialize_entry(column.name, flag)?,
            }
        }
        object.end()
    }
}
