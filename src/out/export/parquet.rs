//! Rows as Apache Parquet: one optional column for each of the schema, in groups of rows that bound the memory.
//! Whoever derives rows gathers them by column; who writes appends what came of each entry to the group.

mod table;

use std::{io::Write, ops::Range, sync::Arc};

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

pub(super) use self::table::{Columns, Table};
use self::table::{Gathered, Values, chosen};
use super::{Sink, columns::Holds};
use crate::model::Vital;

/// A group is written when it holds so many rows, or so many bytes of text.
const ROWS_MAX: usize = 65_536;
const TEXT_MAX: usize = 32 << 20;

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
        let piece = rows.pieces.next();
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
