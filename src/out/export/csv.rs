//! Rows as comma-separated values: what is unknown, or not of this kind, is empty. Most fields are: who writes them one by
//! one is busy with nothing else.

use std::{io::Write as _, mem};

use super::{
    Form,
    columns::{COLUMNS, Cell, Meta, Moments, Row, is_in},
    text::Lines,
};
use crate::model::Vital;

/// Makes them.
#[derive(Debug)]
pub(super) struct Csv {
    lines: Lines,
    /// How many of its columns come before each of all.
    before: Vec<usize>,
    n_columns: usize,
    names: String,
    moments: Moments,
}

impl Csv {
    /// Those with the columns of a vital, or all.
    pub(super) fn new(vital: Option<Vital>) -> Self {
        let is_chosen = |column: &&Meta| is_in(column.part, vital);
        let before = (0..COLUMNS.len()).map(|n| COLUMNS[..n].iter().filter(is_chosen).count());
        let names: Vec<_> = COLUMNS.iter().filter(is_chosen).map(|column| column.name).collect();
        Self {
            lines: Lines::default(),
            before: before.collect(),
            n_columns: names.len(),
            names: names.join(",") + "\n",
            moments: Moments::default(),
        }
    }

    /// The line of names, with which they begin.
    pub(super) fn names(&self) -> &str {
        &self.names
    }
}

impl Form for Csv {
    type Rows = Lines;

    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        let line = &mut self.lines.bytes;
        let mut column = 0;
        for (n, cell) in row.cells().filter(|(_, cell)| *cell != Cell::Unknown) {
            let to = self.before[n];
            line.resize(line.len() + to - mem::replace(&mut column, to), b',');
            match cell {
                Cell::Unknown => {}
                Cell::Moment(us) => line.extend_from_slice(self.moments.text(us).as_bytes()),
                Cell::Text(text) => push_text(line, text),
                Cell::Spelt(text) => write!(line, "{text}")?,
                Cell::Count(n) => serde_json::to_writer(&mut *line, &n)?,
                Cell::Number(value) => serde_json::to_writer(&mut *line, &value)?,
                Cell::Flag(flag) => serde_json::to_writer(&mut *line, &flag)?,
            }
        }
        line.resize(line.len() + self.n_columns - 1 - column, b',');
        line.push(b'\n');
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

/// What others have written is data: a line stays a line (RFC 4180, rules 5 to 7), and no terminal takes it for a command.
fn push_text(line: &mut Vec<u8>, text: &str) {
    let is_plain = |c: char| !c.is_control() && c != '"' && c != ',';
    if text.chars().all(is_plain) {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    let spoken = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let text: String = text.chars().map(spoken).collect();
    line.push(b'"');
    line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    line.push(b'"');
}
