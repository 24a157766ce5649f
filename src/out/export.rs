//! Rows of a recording for other programs: `midair export`. `recording/EXPORT.md` says what stands in them.

mod columns;
mod csv;
mod jsonl;
mod parquet;
mod pieces;
mod rollups;
mod rows;
mod tasks;
mod text;
mod workers;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use self::{
    columns::Row,
    csv::Csv,
    jsonl::Jsonl,
    parquet::{Columns, Parquet},
    rows::Rows,
    text::Plain,
};
use super::{
    place::Place,
    progress::{Progress, warn},
    telling::Telling,
};
use crate::{clock::Clock, feed::file::Notebook, model::Vital};

/// Most threads that derive rows: one reads and writes for all, and has enough to do with these.
const WORKERS_MAX: usize = 6;

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
    /// On how many threads rows are derived.
    pub n_workers: usize,
}

impl Options {
    /// As many threads as there are CPUs, up to a bound.
    pub fn workers() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX)
    }

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
            n_workers: Self::workers(),
        }
    }
}

/// Rows in the form of a format, as those make them who derive them.
trait Form: Send {
    /// What was made: rows of several entries, one after another.
    type Rows: Send;

    /// Takes a row.
    fn row(&mut self, row: &Row<'_>) -> anyhow::Result<()>;

    /// Whatever follows comes of the next entry.
    fn end(&mut self) -> anyhow::Result<()>;

    /// What was made so far.
    fn take(&mut self) -> anyhow::Result<Self::Rows>;
}

/// Where rows go.
trait Sink: Sized {
    /// In which form they come.
    type Rows: Send;

    /// Takes what came of the next entry.
    fn put(&mut self, rows: &mut Self::Rows) -> anyhow::Result<()>;

    /// Writes what is left.
    fn finish(self) -> anyhow::Result<()>;
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
    mut out: impl Write + Send,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    let (from, to) = telling.range();
    progress.through(from, to);
    let (vital, n) = (options.vital, options.n_workers);
    match options.format {
        Format::Jsonl => through(telling, rows, (n, Jsonl::default as fn() -> Jsonl), Plain(out), progress),
        Format::Csv => {
            out.write_all(Csv::new(vital).names().as_bytes())?;
            through(telling, rows, (n, || Csv::new(vital)), Plain(out), progress)
        }
        Format::Parquet => through(telling, rows, (n, || Columns::new(vital)), Parquet::new(out, vital)?, progress),
    }
}

fn through<F: Form, S: Sink<Rows = F::Rows>>(
    telling: &mut Telling,
    rows: &mut Rows,
    form: (usize, impl Fn() -> F),
    mut sink: S,
    progress: &mut Progress,
) -> anyhow::Result<u64> {
    let n_rows = workers::tell(telling, rows, form, &mut sink, progress)?;
    rows.check()?;
    sink.finish()?;
    Ok(n_rows)
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;
