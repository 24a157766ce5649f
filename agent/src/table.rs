//! Table queries: which rows of the last reading answer one, filtered and sorted over all tasks.

use std::borrow::Cow;

use midair_proto::{
    MESSAGE_MAX,
    v1::{self as wire, Rows, TableQuery},
};
use midair_vitals::{Order, Rank, TaskId, TaskKind, TaskReading};
use prost::Message;

use crate::{
    encode,
    names::Names,
    reading::ThreadReading,
    tick::{Tick, thread_vitals},
};

/// Distinct queries that an agent serves.
pub const N_QUERIES: usize = 8;

/// Rows that one answer holds at most.
pub const LIMIT_MAX: u32 = 4_096;

/// Rows of an answer when the asker names no limit.
const LIMIT_DEFAULT: u32 = 256;

/// Longest filter, in bytes.
const FILTER_BYTES: usize = 256;

/// Room for what an answer holds beside its rows and names, and for the envelope around it.
const MARGIN_BYTES: usize = 4 * 1024;

/// A query as it is carried out; equal ones are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    runtime: Option<u32>,
    kinds: Vec<TaskKind>,
    order: Order,
    lowest: bool,
    filter: Filter,
    limit: usize,
    process: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    /// In lower case; empty: everything passes.
    text: String,
    is_inverted: bool,
}

impl Query {
    /// Reads a query, or says in words what is wrong with it.
    pub fn parse(query: &TableQuery) -> Result<Self, String> {
        let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(format!("a table answers with 1 to {LIMIT_MAX} rows, not {limit}; ask for fewer and filter"));
        }
        let order = wire::Order::try_from(query.order.unwrap_or(0))
            .map_err(|unknown| format!("this agent knows no order {}; upgrade it", unknown.0))?;
        let mut kinds = query.kinds.iter().map(|kind| task_kind(*kind)).collect::<Result<Vec<_>, _>>()?;
        kinds.sort_unstable();
        kinds.dedup();
        Ok(Self {
            runtime: query.runtime,
            kinds,
            order: encode::order_from(order),
            lowest: query.lowest.unwrap_or(false),
            filter: Filter::parse(query.filter.as_deref().unwrap_or_default())?,
            limit: limit as usize,
            process: query.process,
        })
    }

    /// The answer from a tick; the asker's number is left to be filled in. Rows that a message has no room for are cut.
    pub fn answer(&self, tick: &Tick, names: &mut Names) -> Rows {
        let (total, places) = self.choose(tick);
        let tasks: Vec<Cow<'_, TaskReading>> = places.into_iter().map(|place| place.row(tick)).collect();
        let mono_us = tick.reading.node.at_us;
        let mut n_rows = tasks.len();
        loop {
            let mut rows = encode::Rows::new(names, mono_us);
            let tasks: Vec<wire::Task> = tasks.iter().take(n_rows).map(|task| rows.task(task)).collect();
            let names = rows.names();
            let answer = Rows { id: None, mono_us: Some(mono_us), total: Some(total as u64), tasks, names };
            let n_bytes = answer.encoded_len() + MARGIN_BYTES;
            if n_bytes <= MESSAGE_MAX {
                return answer;
            }
            n_rows = (n_rows * MESSAGE_MAX / n_bytes).min(n_rows - 1);
        }
    }

    fn choose<'a>(&self, tick: &'a Tick) -> (usize, Vec<Place<'a>>) {
        let with_rows = tick.tasks().filter(|(task, _)| self.matches(task));
        let mut ranked: Vec<(Rank, Place<'_>)> =
            with_rows.map(|(task, v)| (Rank::of(self.order, task, v), Place::Row(task))).collect();
        if self.takes(TaskKind::Thread) {
            ranked.extend(tick.threads().filter_map(|thread| Some((self.rank(thread, tick)?, Place::Thread(thread)))));
        }
        let total = ranked.len();
        let by_rank = |a: &(Rank, Place<'_>), b: &(Rank, Place<'_>)| {
            let order = if self.lowest { a.0.compare(&b.0) } else { b.0.compare(&a.0) };
            // What is unknown is last whichever way the known is sorted; equal ones keep one order over all ticks.
            a.0.is_unknown().cmp(&b.0.is_unknown()).then(order).then_with(|| a.1.id().cmp(&b.1.id()))
        };
        if total > self.limit {
            ranked.select_nth_unstable_by(self.limit, by_rank);
            ranked.truncate(self.limit);
        }
        ranked.sort_unstable_by(by_rank);
        (total, ranked.into_iter().map(|(_, place)| place).collect())
    }

    /// Where a thread without a row ranks; `None` where it does not match.
    fn rank(&self, thread: &ThreadReading, tick: &Tick) -> Option<Rank> {
        if self.process.is_some_and(|process| process != u64::from(thread.process)) {
            return None;
        }
        let needs_names = !self.filter.text.is_empty() || self.order == Order::Name;
        let row = if needs_names { tick.row(thread) } else { thread.counters() };
        self.matches(&row).then(|| Rank::of(self.order, &row, &thread_vitals(&row)))
    }

    fn takes(&self, kind: TaskKind) -> bool {
        match (self.kinds.as_slice(), self.process) {
            ([], None) => kind != TaskKind::Thread,
            ([], Some(_)) => true,
            (kinds, _) => kinds.contains(&kind),
        }
    }

    fn matches(&self, task: &TaskReading) -> bool {
        self.takes(task.kind)
            && self.runtime.is_none_or(|runtime| task.id.runtime == runtime)
            && self.process.is_none_or(|process| task.kind == TaskKind::Thread && task.process == Some(process))
            && self.filter.passes(task)
    }
}

/// A task that answers a query.
enum Place<'a> {
    /// It has a row.
    Row(&'a TaskReading),
    /// A thread that has none; one is made for it if it is among the first.
    Thread(&'a ThreadReading),
}

impl<'a> Place<'a> {
    fn id(&self) -> TaskId {
        match self {
            Self::Row(task) => task.id,
            Self::Thread(thread) => thread.id(),
        }
    }

    fn row(self, tick: &Tick) -> Cow<'a, TaskReading> {
        match self {
            Self::Row(task) => Cow::Borrowed(task),
            Self::Thread(thread) => Cow::Owned(tick.row(thread)),
        }
    }
}

impl Filter {
    fn parse(text: &str) -> Result<Self, String> {
        if text.len() > FILTER_BYTES {
            return Err(format!("a filter has at most {FILTER_BYTES} bytes, this one {}; shorten it", text.len()));
        }
        let inverted = text.strip_prefix('!');
        Ok(Self { text: inverted.unwrap_or(text).to_lowercase(), is_inverted: inverted.is_some() })
    }

    fn passes(&self, task: &TaskReading) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let texts = [&task.name, &task.command, &task.user, &task.cgroup];
        let contains = texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&self.text))
            || task.id.number.to_string().contains(&self.text);
        contains != self.is_inverted
    }
}

fn task_kind(kind: i32) -> Result<TaskKind, String> {
    let known = wire::TaskKind::try_from(kind).ok().and_then(encode::task_kind_from);
    known.ok_or_else(|| format!("this agent knows no kind of task {kind}; upgrade it"))
}

#[cfg(test)]
mod tests;
