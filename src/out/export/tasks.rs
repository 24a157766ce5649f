//! Rows of tasks: which are asked for, and what stands in them.

use std::sync::Arc;

use midair_vitals::{TaskId, TaskKind, Unit};

use super::{
    columns::{Column, Row, Spelt},
    rows::unit_word,
};
use crate::model::{Node, Task, task::number_of};

/// Which tasks are asked for.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// Of this number or id, as a row shows it.
    Number(String),
    /// In whose texts this occurs, in any case.
    Text(String),
    /// In whose texts it does not.
    Not(String),
}

impl Wanted {
    /// As it was typed: a pid or `<0.812.0>`, `0/812/5071`, else text; a leading `!` inverts.
    pub(super) fn new(typed: &str) -> Self {
        let is_number = !typed.is_empty() && typed.chars().all(|c| c.is_ascii_digit() || "<>./".contains(c));
        match typed.strip_prefix('!') {
            _ if is_number => Self::Number(typed.to_owned()),
            Some(text) if !text.is_empty() => Self::Not(text.to_lowercase()),
            Some(_) | None => Self::Text(typed.to_lowercase()),
        }
    }

    /// Whether a task is one of them.
    pub(super) fn is_met(&self, task: &Task) -> bool {
        let reading = &task.reading;
        if let Self::Number(number) = self {
            return task.number() == *number || Spelt::Id(reading.id).to_string() == *number;
        }
        let texts = [&reading.name, &reading.command, &reading.user, &reading.cgroup, &reading.unit];
        self.is_in(texts.into_iter().filter_map(|text| text.as_deref()))
    }

    /// Whether a task with this id, kind and name is one of them, of which no more is known.
    pub(super) fn is_named(&self, id: TaskId, kind: TaskKind, name: &str) -> bool {
        match self {
            Self::Number(wanted) => number_of(id, kind) == *wanted || Spelt::Id(id).to_string() == *wanted,
            Self::Text(_) | Self::Not(_) => self.is_in([name].into_iter()),
        }
    }

    fn is_in<'a>(&self, mut texts: impl Iterator<Item = &'a str>) -> bool {
        match self {
            Self::Number(_) => false,
            Self::Text(wanted) => texts.any(|text| text.to_lowercase().contains(wanted)),
            Self::Not(wanted) => !texts.any(|text| text.to_lowercase().contains(wanted)),
        }
    }
}

/// The word for what a task is.
pub(super) fn kind(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Process => "process",
        TaskKind::Thread => "thread",
        TaskKind::KernelThread => "kernel thread",
        TaskKind::Erlang => "erlang",
        TaskKind::Tokio => "tokio",
    }
}

/// What stands in its row, beyond when and where.
pub(super) fn fill<'a>(row: &mut Row<'a>, node: &'a Node, task: &'a Task) {
    let (reading, vitals) = (&task.reading, &task.vitals);
    let text = |text: &'a Option<Arc<str>>| text.as_deref();
    row.text(Column::Runtime, node.runtime_name(reading.id.runtime).or((reading.id.runtime == 0).then_some("os")));
    row.task(reading.id, reading.kind);
    row.text(Column::Name, text(&reading.name));
    row.count(Column::Process, reading.process);
    row.count(Column::Parent, reading.parent);
    row.text(Column::Command, text(&reading.command));
    row.text(Column::User, text(&reading.user));
    row.text(Column::Cgroup, text(&reading.cgroup));
    row.text(Column::Unit, text(&reading.unit));
    row.text(Column::State, reading.state.map(|state| state.word()));
    row.text(Column::WaitChannel, text(&reading.wait_channel));
    row.severities(vitals.severities);
    for (column, value) in [
        (Column::Cpu, vitals.cpu),
        (Column::Delay, vitals.delay),
        (Column::WorstDelay, vitals.worst_delay),
        (Column::Waiting, reading.waiting_us.map(|us| us as f64 / 1e6)),
        (Column::Runs, vitals.runs),
        (Column::MemGrowth, vitals.mem_growth),
    ] {
        row.number(column, value);
    }
    row.count(Column::MemUsed, reading.rss_bytes);
    row.count(Column::SwapUsed, reading.swap_bytes);
    row.count(Column::MemAnon, reading.anon_bytes);
    row.count(Column::MemFile, reading.file_bytes);
    fill_queue(row, task);
    let moving = vitals.rates.iter().find(|rate| rate.rate_in.is_some() || rate.rate_out.is_some());
    row.text(Column::RateUnit, moving.map(|rate| unit_word(rate.unit)));
    row.number(Column::RateIn, moving.and_then(|rate| rate.rate_in));
    row.number(Column::RateOut, moving.and_then(|rate| rate.rate_out));
    if reading.kind == TaskKind::Erlang {
        row.number(Column::Active, reading.active_milli.map(|milli| f64::from(milli) / 1000.0));
        row.count(Column::MemBinary, reading.binary_bytes);
        let reductions = vitals.rates.iter().find(|rate| rate.unit == Unit::Reductions);
        row.number(Column::Reductions, reductions.and_then(|rate| rate.rate_in.or(rate.rate_out)));
    }
}

fn fill_queue<'a>(row: &mut Row<'a>, task: &'a Task) {
    let worst = task.worst_queue();
    let (queue, follows) = worst.unzip();
    row.text(Column::QueueKind, queue.map(|queue| queue.kind.word()));
    row.text(Column::QueueUnit, queue.map(|queue| unit_word(queue.unit)));
    row.text(Column::QueueLabel, queue.and_then(|queue| queue.label.as_deref()));
    row.count(Column::QueueDepth, queue.and_then(|queue| queue.depth));
    row.count(Column::QueueLimit, queue.and_then(|queue| queue.limit));
    row.number(Column::QueueGrowth, follows.and_then(|follows| follows.growth));
    row.number(Column::QueueIn, follows.and_then(|follows| follows.rate_in));
    row.number(Column::QueueOut, follows.and_then(|follows| follows.rate_out));
    row.count(Column::QueueDrops, task.vitals.drops);
    let n_listed = task.reading.queues.as_ref().map(|queues| queues.len() as u64);
    row.count(Column::Queues, task.reading.n_queues.map(u64::from).or(n_listed));
}
