//! Rows as those gather them, by column, who derive them.

use std::{
    io::{self, Write as _},
    mem,
};

use bytes::Bytes;

use super::super::{
    Form,
    columns::{COLUMNS, Cell, Holds, Meta, Row, is_in},
    pieces::Pieces,
};
use crate::model::Vital;

/// Rows of several entries, by column.
#[derive(Debug, Default)]
pub(in super::super) struct Table {
    /// Each of those that are chosen.
    pub(super) columns: Vec<Gathered>,
    n_rows: usize,
    /// The rows of each entry.
    pub(super) pieces: Pieces,
}

/// What has gathered of one column: which rows know it, and what it is there.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Its place among all columns.
    n: usize,
    /// A 1 for each row that knows it; rows at the end that do not are left out.
    pub(super) known: Vec<i16>,
    /// The values of those that do.
    pub(super) values: Values,
    /// How many of these were taken out.
    pub(super) n_taken: usize,
}

#[derive(Debug)]
pub(super) enum Values {
    Whole(Vec<i64>),
    Number(Vec<f64>),
    Text(Texts),
    Flag(Vec<bool>),
}

/// Texts in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// The same in parts that share it, once all is there.
    pub(super) all: Bytes,
    /// From where to where each goes.
    pub(super) spans: Vec<(usize, usize)>,
}

/// Gathers them.
#[derive(Debug)]
pub(in super::super) struct Columns {
    chosen: Vec<(usize, Holds)>,
    table: Table,
}

impl Columns {
    /// Those of a vital, or all.
    pub(in super::super) fn new(vital: Option<Vital>) -> Self {
        let chosen: Vec<_> = chosen(vital).map(|(n, column)| (n, column.holds)).collect();
        Self { table: Table::new(&chosen), chosen }
    }
}

impl Form for Columns {
    type Rows = Table;

    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        let table = &mut self.table;
        let mut columns = table.columns.iter_mut();
        for (n, cell) in row.cells() {
            // Both in the order of all columns.
            if let Some(column) = columns.find(|column| column.n == n) {
                column.take(cell, table.n_rows)?;
            }
        }
        table.n_rows += 1;
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        self.table.pieces.end(self.table.n_rows);
        Ok(())
    }

    fn take(&mut self) -> anyhow::Result<Table> {
        let mut table = mem::replace(&mut self.table, Table::new(&self.chosen));
        table.columns.iter_mut().for_each(Gathered::close);
        Ok(table)
    }
}

impl Table {
    fn new(chosen: &[(usize, Holds)]) -> Self {
        let column = |(n, holds): &(usize, Holds)| {
            let values = match holds {
                Holds::Moment | Holds::Count => Values::Whole(Vec::new()),
                Holds::Number => Values::Number(Vec::new()),
                Holds::Text => Values::Text(Texts::default()),
                Holds::Flag => Values::Flag(Vec::new()),
            };
            Gathered { n: *n, known: Vec::new(), values, n_taken: 0 }
        };
        Self { columns: chosen.iter().map(column).collect(), ..Self::default() }
    }
}

impl Gathered {
    /// Takes what a row holds.
    fn take(&mut self, cell: Cell<'_>, row: usize) -> anyhow::Result<()> {
        match (&mut self.values, cell) {
            // Signed: who subtracts unsigned numbers in a database is told of an overflow. What does not fit is garbage, and
            // not known.
            (Values::Whole(all), Cell::Count(n) | Cell::Moment(n)) => match i64::try_from(n) {
                Ok(n) => all.push(n),
                Err(_) => return Ok(()),
            },
            (Values::Number(all), Cell::Number(value)) => all.push(value),
            (Values::Text(all), Cell::Text(text)) => all.push(|bytes| bytes.write_all(text.as_bytes()))?,
            (Values::Text(all), Cell::Spelt(text)) => all.push(|bytes| write!(bytes, "{text}"))?,
            (Values::Flag(all), Cell::Flag(flag)) => all.push(flag),
            _ => return Ok(()),
        }
        self.known.resize(row, 0);
        self.known.push(1);
        Ok(())
    }

    /// All is there.
    fn close(&mut self) {
        if let Values::Text(texts) = &mut self.values {
            texts.all = mem::take(&mut texts.bytes).into();
        }
    }
}

impl Texts {
    fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let from = self.bytes.len();
        write(&mut self.bytes)?;
        let span = (from, self.bytes.len());
        // Most rows name the node that the row before names.
        let same = self.spans.last().copied().filter(|last| self.bytes[last.0..last.1] == self.bytes[from..]);
        if same.is_some() {
            self.bytes.truncate(from);
        }
        self.spans.push(same.unwrap_or(span));
        Ok(())
    }
}

/// The columns of a vital, or all, with their places among all.
pub(super) fn chosen(vital: Option<Vital>) -> impl Iterator<Item = (usize, &'static Meta)> {
    COLUMNS.iter().enumerate().filter(move |(_, column)| is_in(column.part, vital))
}
