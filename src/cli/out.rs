//! What a person typed to get something out of a recording.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    feed::file::Notebook,
    model::Vital,
    out::{
        cut,
        export::{self, Format},
        report,
    },
};

/// Of which time of a recording.
#[derive(Args, Clone, Debug)]
pub struct SpanArgs {
    /// From when on: 10m (after its beginning), 14:03, 14:03:27, 2026-11-23 14:03 (UTC).
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,

    /// Until when.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
}

/// What rows are written, and how.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// The recording.
    pub file: PathBuf,

    /// How rows are written.
    #[arg(long, value_enum)]
    pub format: FormatChoice,

    /// The file to write; without it rows go to standard output.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,

    /// Only this node, by its name or id; may be given several times.
    #[arg(long, value_name = "NODE")]
    pub node: Vec<String>,

    /// Only tasks: a pid, <0.812.0>, a task_id, or text in name, command, user, cgroup or unit; a leading ! inverts.
    #[arg(long, value_name = "PATTERN|ID")]
    pub task: Option<String>,

    /// Of which time.
    #[command(flatten)]
    pub span: SpanArgs,

    /// Only the values of this vital.
    #[arg(long, value_enum)]
    pub vital: Option<VitalChoice>,
}

/// Which part of a recording becomes one of its own.
#[derive(Args, Clone, Debug)]
pub struct CutArgs {
    /// The recording.
    pub file: PathBuf,

    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,

    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,

    /// Of which time.
    #[command(flatten)]
    pub span: SpanArgs,

    /// Only this node, by its name or id; may be given several times.
    #[arg(long, value_name = "NODE")]
    pub node: Vec<String>,

    /// Mask arguments of commands, addresses, users, labels and names of nodes; notes of marks are kept, and what everybody
    /// has: the user root, 127.0.0.0/8, ::1, 0.0.0.0 and ::.
    #[arg(long)]
    pub redact: bool,
}

impl CutArgs {
    /// The same for who cuts.
    pub fn options(&self) -> cut::Options {
        cut::Options {
            file: self.file.clone(),
            out: self.out.clone(),
            is_forced: self.force,
            from: self.span.from.clone(),
            to: self.span.to.clone(),
            nodes: self.node.clone(),
            is_redacted: self.redact,
        }
    }
}

/// Of what a page is written.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// The recording.
    pub file: PathBuf,

    /// The page to write: report.html, or report.md with a folder "report" of pictures beside it.
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,

    /// Replace what is there already.
    #[arg(long)]
    pub force: bool,

    /// Of which time.
    #[command(flatten)]
    pub span: SpanArgs,
}

impl ReportArgs {
    /// The same for who writes.
    pub fn options(&self) -> report::Options {
        report::Options {
            file: self.file.clone(),
            out: self.out.clone(),
            is_forced: self.force,
            from: self.span.from.clone(),
            to: self.span.to.clone(),
            notebook: Notebook::of_user(),
        }
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FormatChoice {
    /// An object of JSON a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// Apache Parquet: needs --out.
    Parquet,
}

/// Which vital.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum VitalChoice {
    /// Does it get the CPU it wants?
    Sched,
    /// Does it grow?
    Mem,
    /// What waits for it?
    Queue,
    /// Does work move?
    Rate,
}

impl ExportArgs {
    /// The same for who writes.
    pub fn options(&self) -> export::Options {
        export::Options {
            file: self.file.clone(),
            format: match self.format {
                FormatChoice::Jsonl => Format::Jsonl,
                FormatChoice::Csv => Format::Csv,
                FormatChoice::Parquet => Format::Parquet,
            },
            out: self.out.clone(),
            is_forced: self.force,
            nodes: self.node.clone(),
            task: self.task.clone(),
            from: self.span.from.clone(),
            to: self.span.to.clone(),
            vital: self.vital.map(|vital| match vital {
                VitalChoice::Sched => Vital::Sched,
                VitalChoice::Mem => Vital::Mem,
                VitalChoice::Queue => Vital::Queue,
                VitalChoice::Rate => Vital::Rate,
            }),
            notebook: Notebook::of_user(),
            n_workers: export::Options::workers(),
        }
    }
}
