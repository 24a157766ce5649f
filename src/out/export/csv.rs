//! Rows as comma-separated values: what is unknown, or not of this kind, is empty.

use std::{
    fmt::{Display, Write as _},
    io, mem,
};

use csv::{Terminator, Writer, WriterBuilder};

use super::{
    Form,
    columns::{COLUMNS, Cell, Moments, Row, is_in},
    text::Lines,
};
use crate::model::Vital;

/// Makes them.
#[derive(Debug)]
pub(super) struct Csv {
    out: Writer<Vec<u8>>,
    /// Where the lines of each entry end.
    ends: Vec<usize>,
    /// Its columns, by their places among all.
    columns: Vec<usize>,
    moments: Moments,
}

impl Csv {
    /// Those with the columns of a vital, or all.
    pub(super) fn new(vital: Option<Vital>) -> Self {
        let is_chosen = |n: &usize| is_in(COLUMNS[*n].part, vital);
        let columns = (0..COLUMNS.len()).filter(is_chosen).collect();
        Self { out: writer(), ends: Vec::new(), columns, moments: Moments::default() }
    }

    /// The line of names, with which they begin.
    ///
    /// # Errors
    /// None is known.
    pub(super) fn names(&self) -> anyhow::Result<Vec<u8>> {
        let mut out = writer();
        out.write_record(self.columns.iter().map(|n| COLUMNS[*n].name))?;
        Ok(out.into_inner().map_err(csv::IntoInnerError::into_error)?)
    }

    fn fields(&mut self, row: &Row<'_>) -> csv::Result<()> {
        let mut digits = String::new();
        for n in &self.columns {
            match row.cell(*n) {
                None | Some(Cell::Unknown) => self.out.write_field(""),
                Some(Cell::Moment(us)) => self.out.write_field(self.moments.text(us)),
                Some(Cell::Text(text)) if text.contains(char::is_control) => self.out.write_field(plain(text)),
                Some(Cell::Text(text)) => self.out.write_field(text),
                Some(Cell::Spelt(text)) => self.out.write_field(spelt(&mut digits, &text)),
                Some(Cell::Count(n)) => self.out.write_field(spelt(&mut digits, &n)),
                Some(Cell::Number(value)) => self.out.write_field(spelt(&mut digits, &value)),
                Some(Cell::Flag(flag)) => self.out.write_field(if flag { "true" } else { "false" }),
            }?;
        }
        self.out.write_record(None::<&[u8]>)
    }
}

impl Form for Csv {
    type Rows = Lines;

    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()> {
        Ok(self.fields(row).map_err(io::Error::from)?)
    }

    fn end(&mut self) -> anyhow::Result<()> {
        // What it has buffered comes to the lines.
        self.out.flush()?;
        self.ends.push(self.out.get_ref().len());
        Ok(())
    }

    fn take(&mut self) -> anyhow::Result<Lines> {
        let out = mem::replace(&mut self.out, writer());
        let bytes = out.into_inner().map_err(csv::IntoInnerError::into_error)?;
        Ok(Lines::new(bytes, mem::take(&mut self.ends)))
    }
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new())
}

/// A text without an allocation for each.
fn spelt<'a>(digits: &'a mut String, text: &impl Display) -> &'a str {
    digits.clear();
    write!(digits, "{text}").expect("a string takes what is written to it");
    digits
}

/// What others have written is data: a line stays a line, and no terminal takes it for a command.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
