//! Rows as Apache Parquet: one optional column for each of the schema, in groups of rows that bound the memory.
//! Whoever derives rows gathers them by column; who writes appends what came of each entry to the group.

use std::{
    io::{self, Write},
    mem,
    ops::Range,
    sync::Arc,
};

use ::parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    column::writer::ColumnWriter,
    data_type::ByteArray,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::Type,
};
use anyhow::Context as _;
use bytes::Bytes;

use super::{
    Form, Sink,
    columns::{COLUMNS, Cell, Holds, Meta, Row, is_in},
};
use crate::model::Vital;

/// A group is written when it holds so many rows, or so many bytes of text.
const ROWS_MAX: usize = 65_536;
const TEXT_MAX: usize = 32 << 20;

/// Rows of several entries, by column.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<Gathered>,
    n_rows: usize,
    /// How many rows there are when those of each entry are.
    ends: Vec<usize>,
    n_taken: usize,
}

/// What has gathered of one column: which rows know it, and what it is there.
#[derive(Debug)]
struct Gathered {
    /// Its place among all columns.
    n: usize,
    /// A 1 for each row that knows it; rows at the end that do not are left out.
    known: Vec<i16>,
    values: Values,
    /// How many values were taken out.
    n_taken: usize,
}

#[derive(Debug)]
enum Values {
    Whole(Vec<i64>),
    Number(Vec<f64>),
    Text(Texts),
    Flag(Vec<bool>),
}

/// Texts in one piece of memory.
#[derive(Debug, Default)]
struct Texts {
    bytes: Vec<u8>,
    /// The same in parts that share it, once all is there.
    all: Bytes,
    /// From where to where each goes.
    spans: Vec<(usize, usize)>,
}

/// Gathers them.
#[derive(Debug)]
pub(super) struct Columns {
    chosen: Vec<(usize, Holds)>,
    table: Table,
}

impl Columns {
    /// Those of a vital, or all.
    pub(super) fn new(vital: Option<Vital>) -> Self {
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
        self.table.ends.push(self.table.n_rows);
        Ok(())
    }

    fn take(&mut self) -> anyhow::Result<Table> {
        let mut table = mem::replace(&mut self.table, Table::new(&self.chosen));
        table.columns.iter_mut().for_each(Gathered::close);
        Ok(table)
    }
}

/// Writes them.
pub(super) struct Parquet<W: Write + Send> {
    out: SerializedFileWriter<W>,
    columns: Vec<Group>,
    n_rows: usize,
    n_text: usize,
}

/// One column of the group that is written next.
#[derive(Debug)]
struct Group {
    known: Vec<i16>,
    values: GroupValues,
}

#[derive(Debug)]
enum GroupValues {
    Whole(Vec<i64>),
    Number(Vec<f64>),
    Text(Vec<ByteArray>),
    Flag(Vec<bool>),
}

impl<W: Write + Send> Parquet<W> {
    /// Begins a file with the columns of a vital, or all.
    pub(super) fn new(out: W, vital: Option<Vital>) -> anyhow::Result<Self> {
        let fields = chosen(vital).map(|(_, column)| field(column.name, column.holds)).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("midair").with_fields(fields).build()?;
        let version = KeyValue::new("midair.export".to_owned(), "1".to_owned());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("midair ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![version]))
            .build();
        Ok(Self {
            out: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?,
            columns: chosen(vital).map(|(_, column)| Group::new(column.holds)).collect(),
            n_rows: 0,
            n_text: 0,
        })
    }

    fn write_group(&mut self) -> anyhow::Result<()> {
        if self.n_rows == 0 {
            return Ok(());
        }
        let mut group = self.out.next_row_group()?;
        for column in &mut self.columns {
            column.known.resize(self.n_rows, 0);
            column.write(&mut group)?;
        }
        group.close()?;
        (self.n_rows, self.n_text) = (0, 0);
        Ok(())
    }
}

impl<W: Write + Send> Sink for Parquet<W> {
    type Rows = Table;

    fn put(&mut self, rows: &mut Table) -> anyhow::Result<()> {
        let piece = rows.next();
        for (column, from) in self.columns.iter_mut().zip(&mut rows.columns) {
            self.n_text += column.take(from, piece.clone(), self.n_rows)?;
        }
        self.n_rows += piece.len();
        if self.n_rows >= ROWS_MAX || self.n_text >= TEXT_MAX { self.write_group() } else { Ok(()) }
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.write_group()?;
        self.out.close()?;
        Ok(())
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

    /// The rows of the next entry.
    fn next(&mut self) -> Range<usize> {
        let from = self.n_taken.checked_sub(1).map_or(0, |before| self.ends[before]);
        let to = self.ends.get(self.n_taken).copied().unwrap_or(from);
        self.n_taken += 1;
        from..to
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

impl Group {
    fn new(holds: Holds) -> Self {
        let values = match holds {
            Holds::Moment | Holds::Count => GroupValues::Whole(Vec::new()),
            Holds::Number => GroupValues::Number(Vec::new()),
            Holds::Text => GroupValues::Text(Vec::new()),
            Holds::Flag => GroupValues::Flag(Vec::new()),
        };
        Self { known: Vec::new(), values }
    }

    /// Takes some rows, the next of what has gathered; how many bytes of text these are.
    fn take(&mut self, from: &mut Gathered, rows: Range<usize>, row: usize) -> anyhow::Result<usize> {
        let known = &from.known[rows.start.min(from.known.len())..rows.end.min(from.known.len())];
        let n_known = known.iter().filter(|is_known| **is_known == 1).count();
        if n_known == 0 {
            return Ok(0);
        }
        self.known.resize(row, 0);
        self.known.extend_from_slice(known);
        let values = from.n_taken..from.n_taken + n_known;
        from.n_taken = values.end;
        match (&mut self.values, &from.values) {
            (GroupValues::Whole(all), Values::Whole(taken)) => all.extend_from_slice(&taken[values]),
            (GroupValues::Number(all), Values::Number(taken)) => all.extend_from_slice(&taken[values]),
            (GroupValues::Flag(all), Values::Flag(taken)) => all.extend_from_slice(&taken[values]),
            (GroupValues::Text(all), Values::Text(taken)) => {
                let spans = &taken.spans[values];
                all.extend(spans.iter().map(|(from, to)| ByteArray::from(taken.all.slice(from..to))));
                return Ok(spans.iter().map(|(from, to)| to - from).sum());
            }
            _ => anyhow::bail!("a column holds values of another type"),
        }
        Ok(0)
    }

    fn write<W: Write + Send>(&mut self, group: &mut SerializedRowGroupWriter<'_, W>) -> anyhow::Result<()> {
        let mut column = group.next_column()?.context("a column of the schema is missing")?;
        let known = Some(&self.known[..]);
        match (column.untyped(), &mut self.values) {
            (ColumnWriter::Int64ColumnWriter(out), GroupValues::Whole(all)) => {
                out.write_batch(all, known, None)?;
                all.clear();
            }
            (ColumnWriter::DoubleColumnWriter(out), GroupValues::Number(all)) => {
                out.write_batch(all, known, None)?;
                all.clear();
            }
            (ColumnWriter::ByteArrayColumnWriter(out), GroupValues::Text(all)) => {
                out.write_batch(all, known, None)?;
                all.clear();
            }
            (ColumnWriter::BoolColumnWriter(out), GroupValues::Flag(all)) => {
                out.write_batch(all, known, None)?;
                all.clear();
            }
            _ => anyhow::bail!("a column of the schema is of another type"),
        }
        self.known.clear();
        Ok(column.close()?)
    }
}

/// The columns of a vital, or all, with their places among all.
fn chosen(vital: Option<Vital>) -> impl Iterator<Item = (usize, &'static Meta)> {
    COLUMNS.iter().enumerate().filter(move |(_, column)| is_in(column.part, vital))
}

fn field(name: &str, holds: Holds) -> Result<Arc<Type>, ::parquet::errors::ParquetError> {
    let (physical, logical) = match holds {
        Holds::Moment => {
            let logical = LogicalType::timestamp(true, TimeUnit::MICROS);
            (Physical::INT64, Some(logical))
        }
        Holds::Count => (Physical::INT64, None),
        Holds::Number => (Physical::DOUBLE, None),
        Holds::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Holds::Flag => (Physical::BOOLEAN, None),
    };
    let built = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()?;
    Ok(Arc::new(built))
}
