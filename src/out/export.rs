//! Rows of a recording for other programs: `midair export`. `recording/EXPORT.md` says what stands in them.

mod columns;
mod csv;
mod jsonl;
mod parquet;
mod rollups;
mod rows;
mod tasks;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use self::{columns::Row, csv::Csv, jsonl::Jsonl, parquet::Parquet, rows::Rows};
use super::{
    place::Place,
    progress::{Progress, warn},
    telling::Telling,
};
use crate::{clock::Clock, feed::file::Notebook, model::Vital};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object of JSON a line.
    Jsonl,
    /// Comma-separated values (RFC 4180), with a line of names.
    Csv,
    /// Apache Parquet: needs a file.
    Parquet,
}

/// What is to be written, from where, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The recording.
    pub file: PathBuf,
    /// How.
    pub format: Format,
    /// Where to; `None`: to standard output.
    pub out: Option<PathBuf>,
    /// Whether a file that is there is replaced.
    pub is_forced: bool,
    /// Only these nodes, by name or id; empty: all.
    pub nodes: Vec<String>,
    /// Only tasks of this number, or that match this text.
    pub task: Option<String>,
    /// From this moment, as `replay --at` takes it.
    pub from: Option<String>,
    /// To this moment.
    pub to: Option<String>,
    /// Only the values of this vital.
    pub vital: Option<Vital>,
    /// Where notes are that somebody put on the recording later.
    pub notebook: Notebook,
}

impl Options {
    /// All of a recording.
    pub fn all_of(file: &Path, format: Format, out: Option<PathBuf>) -> Self {
        Self {
            file: file.to_owned(),
            format,
            out,
            is_forced: false,
            nodes: Vec::new(),
            task: None,
            from: None,
            to: None,
            vital: None,
            notebook: Notebook::default(),
        }
    }
}

/// Where rows go.
trait Sink {
    /// Takes one.
    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()>;

    /// Writes what is left.
    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}

/// Writes them; how many rows there were.
///
/// # Errors
/// When the recording cannot be read, the place cannot be written, or what was asked for is not there.
pub fn export(options: &Options, clock: Clock) -> anyhow::Result<u64> {
    anyhow::ensure!(
        options.out.is_some() || options.format != Format::Parquet,
        "parquet is written to a file: name one with --out"
    );
    let mut telling = Telling::open(&options.file, options.from.as_deref(), options.to.as_deref(), &options.notebook)?;
    let mut rows = Rows::new(options, telling.source())?;
    let mut progress = Progress::new("export", clock)?;
    let n_rows = match &options.out {
        Some(path) => {
            let mut place = Place::new(path, options.is_forced)?;
            let n_rows = tell(&mut telling, &mut rows, options, &mut place, &mut progress);
            let n_rows = n_rows.with_context(|| format!("cannot write {}", path.display()))?;
            place.finish()?;
            progress.say(&format!("{}: {n_rows} rows", path.display()));
            n_rows
        }
        None => {
            progress.be_quiet();
            let out = io::BufWriter::with_capacity(1 << 16, io::stdout());
            match tell(&mut telling, &mut rows, options, out, &mut progress) {
                // Who reads has seen enough: `midair export ... | head`.
                Err(error) if is_closed(&error) => return Ok(0),
                told => told?,
            }
        }
    };
    for damage in telling.source().damage() {
        warn(&format!("{}: damaged: {damage}; all the rest is there", options.file.display()));
    }
    Ok(n_rows)
}

fn tell(
    telling: &mut Telling,
    rows: &mut Rows,
    options: &Options,
    out: impl Write + Send,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    let mut sink: Box<dyn Sink + '_> = match options.format {
        Format::Jsonl => Box::new(Jsonl::new(out)),
        Format::Csv => Box::new(Csv::new(out, options.vital)?),
        Format::Parquet => Box::new(Parquet::new(out, options.vital)?),
    };
    let (from, to) = telling.range();
    progress.through(from, to);
    let mut n_rows = 0;
    telling.tell(progress, |model, at, told| {
        rows.of(model, at, told, &mut |row| {
            n_rows += 1;
            sink.row(row)
        })
    })?;
    rows.check()?;
    sink.finish()?;
    Ok(n_rows)
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;
