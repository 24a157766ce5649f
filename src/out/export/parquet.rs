//! Rows as Apache Parquet: one optional column for each of the schema, in groups of rows that bound the memory.

use std::{io::Write, sync::Arc};

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

use super::{
    Sink,
    columns::{COLUMNS, Cell, Holds, Row, is_in},
};
use crate::model::Vital;

/// A group is written when it holds so many rows, or so many bytes of text.
const ROWS_MAX: usize = 65_536;
const TEXT_MAX: usize = 32 << 20;

/// What has gathered of one column: which rows know it, and what it is there.
#[derive(Debug)]
struct Gathered {
    /// Its place among all columns.
    n: usize,
    known: Vec<i16>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Whole(Vec<i64>),
    Number(Vec<f64>),
    Text(Vec<ByteArray>),
    Flag(Vec<bool>),
}

/// Writes them.
pub(super) struct Parquet<W: Write + Send> {
    out: SerializedFileWriter<W>,
    columns: Vec<Gathered>,
    n_rows: usize,
    n_text: usize,
}

impl<W: Write + Send> Parquet<W> {
    /// Begins a file with the columns of a vital, or all.
    pub(super) fn new(out: W, vital: Option<Vital>) -> anyhow::Result<Self> {
        let chosen = || COLUMNS.iter().enumerate().filter(|(_, column)| is_in(column.part, vital));
        let fields = chosen().map(|(_, column)| field(column.name, column.holds)).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("midair").with_fields(fields).build()?;
        let version = KeyValue::new("midair.export".to_owned(), "1".to_owned());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("midair ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![version]))
            .build();
        let columns = chosen().map(|(n, column)| Gathered { n, known: Vec::new(), values: Values::of(column.holds) });
        Ok(Self {
            out: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?,
            columns: columns.collect(),
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
            column.write(&mut group)?;
        }
        group.close()?;
        (self.n_rows, self.n_text) = (0, 0);
        Ok(())
    }
}

impl<W: Write + Send> Sink for Parquet<W> {
    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        for column in &mut self.columns {
            self.n_text += column.take(row.cell(column.n));
        }
        self.n_rows += 1;
        if self.n_rows >= ROWS_MAX || self.n_text >= TEXT_MAX { self.write_group() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        self.write_group()?;
        self.out.close()?;
        Ok(())
    }
}

impl Values {
    fn of(holds: Holds) -> Self {
        match holds {
            Holds::Moment | Holds::Count => Self::Whole(Vec::new()),
            Holds::Number => Self::Number(Vec::new()),
            Holds::Text => Self::Text(Vec::new()),
            Holds::Flag => Self::Flag(Vec::new()),
        }
    }
}

impl Gathered {
    /// Takes what a row holds; how many bytes of text that is.
    fn take(&mut self, cell: &Cell<'_>) -> usize {
        let mut n_text = 0;
        let is_known = match (&mut self.values, cell) {
            // Signed: who subtracts unsigned numbers in a database is told of an overflow. What does not fit is garbage, and
            // not known.
            (Values::Whole(all), Cell::Count(n) | Cell::Moment(n)) => i64::try_from(*n).is_ok_and(|n| {
                all.push(n);
                true
            }),
            (Values::Number(all), Cell::Number(value)) => {
                all.push(*value);
                true
            }
            (Values::Text(all), Cell::Text(text)) => {
                n_text = text.len();
                // Most rows name the node that the row before names.
                let same = all.last().filter(|last| last.data() == text.as_bytes()).cloned();
                all.push(same.unwrap_or_else(|| ByteArray::from(text.as_bytes().to_vec())));
                true
            }
            (Values::Flag(all), Cell::Flag(flag)) => {
                all.push(*flag);
                true
            }
            _ => false,
        };
        self.known.push(i16::from(is_known));
        n_text
    }

    fn write<W: Write + Send>(&mut self, group: &mut SerializedRowGroupWriter<'_, W>) -> anyhow::Result<()> {
        let mut column = group.next_column()?.context("a column of the schema is missing")?;
        let known = Some(&self.known[..]);
        match (column.untyped(), &mut self.values) {
            (ColumnWriter::Int64ColumnWriter(out), Values::Whole(all)) => {
                out.write_batch(all, known, None)?;
                all.clear();
            }
            (ColumnWriter::DoubleColumnWriter(out), Values::Number(all)) => {
                out.write_batch(all, known, None)?;
                all.clear();
            }
            (ColumnWriter::ByteArrayColumnWriter(out), Values::Text(all)) => {
                out.write_batch(all, known, None)?;
                all.clear();
            }
            (ColumnWriter::BoolColumnWriter(out), Values::Flag(all)) => {
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
