//! Rows as comma-separated values: what is unknown, or not of this kind, is empty.

use std::{
    fmt::{Display, Write as _},
    io::Write,
};

use csv::{Terminator, Writer, WriterBuilder};

use super::{
    Sink,
    columns::{COLUMNS, Cell, Moments, Row, is_in},
};
use crate::model::Vital;

/// Writes them.
#[derive(Debug)]
pub(super) struct Csv<W: Write> {
    out: Writer<W>,
    vital: Option<Vital>,
    moments: Moments,
}

impl<W: Write> Csv<W> {
    /// Begins with a line of names.
    pub(super) fn new(out: W, vital: Option<Vital>) -> anyhow::Result<Self> {
        let mut out = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(out);
        let names = COLUMNS.iter().filter(|column| is_in(column.part, vital)).map(|column| column.name);
        out.write_record(names).map_err(io_of)?;
        Ok(Self { out, vital, moments: Moments::default() })
    }
}

impl<W: Write> Sink for Csv<W> {
    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        let mut digits = String::new();
        for (_, cell) in row.cells().filter(|(column, _)| is_in(column.part, self.vital)) {
            let written = match cell {
                Cell::None | Cell::Unknown => self.out.write_field(""),
                Cell::Moment(us) => self.out.write_field(self.moments.text(*us)),
                Cell::Text(text) if text.contains(char::is_control) => self.out.write_field(plain(text)),
                Cell::Text(text) => self.out.write_field(&**text),
                Cell::Count(n) => self.out.write_field(spelt(&mut digits, n)),
                Cell::Number(value) => self.out.write_field(spelt(&mut digits, value)),
                Cell::Flag(flag) => self.out.write_field(if *flag { "true" } else { "false" }),
            };
            written.map_err(io_of)?;
        }
        Ok(self.out.write_record(None::<&[u8]>).map_err(io_of)?)
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}

/// A number in figures, without an allocation for each.
fn spelt<'a>(digits: &'a mut String, number: &impl Display) -> &'a str {
    digits.clear();
    write!(digits, "{number}").expect("a string takes what is written to it");
    digits
}

/// What others have written is data: a line stays a line, and no terminal takes it for a command.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The error of the place: a pipe that nobody reads is told by it.
fn io_of(error: csv::Error) -> std::io::Error {
    if !error.is_io_error() {
        return error.into();
    }
    match error.into_kind() {
        // As it is: within another its kind would be lost.
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}
