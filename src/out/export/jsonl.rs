//! Rows as an object of JSON each: what rows of a kind do not have is left out, what is unknown is null.

use std::{io::Write as _, mem};

use super::{
    Form,
    columns::{COLUMNS, Cell, Moments, Row},
    text::Lines,
};

/// Makes them.
#[derive(Debug, Default)]
pub(super) struct Jsonl {
    lines: Lines,
    moments: Moments,
}

impl Form for Jsonl {
    type Rows = Lines;

    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        let line = &mut self.lines.bytes;
        let mut before = b'{';
        for (n, cell) in row.cells() {
            line.push(before);
            before = b',';
            line.extend_from_slice(COLUMNS[n].key.as_bytes());
            match cell {
                Cell::Unknown => line.extend_from_slice(b"null"),
                Cell::Moment(us) => serde_json::to_writer(&mut *line, self.moments.text(us))?,
                Cell::Text(text) => serde_json::to_writer(&mut *line, text)?,
                // Digits and brackets.
                Cell::Spelt(spelt) => write!(line, "\"{spelt}\"")?,
                Cell::Count(n) => serde_json::to_writer(&mut *line, &n)?,
                Cell::Number(value) => serde_json::to_writer(&mut *line, &value)?,
                Cell::Flag(flag) => serde_json::to_writer(&mut *line, &flag)?,
            }
        }
        // Each row says at least when.
        line.extend_from_slice(b"}\n");
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        self.lines.end();
        Ok(())
    }

    fn take(&mut self) -> anyhow::Result<Lines> {
        Ok(mem::take(&mut self.lines))
    }
}
