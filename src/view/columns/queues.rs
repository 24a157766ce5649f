//! Columns of queues: of one task, and of all tasks of a node.

use midair_vitals::{Queue, QueueVitals, TaskId};

use super::tasks;
use crate::{
    model::{Task, Vital},
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// What a row of queues is drawn from.
pub struct Row<'a> {
    /// Whose it is.
    pub task: &'a Task,
    /// The queue.
    pub queue: &'a Queue,
    /// What follows of it.
    pub vitals: &'a QueueVitals,
    /// Who is at the other end on another node, in words.
    pub beyond: Option<String>,
    /// The task from which one came here, across one of these queues.
    pub came_from: Option<TaskId>,
}

impl<'a> Row<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("task", |r: &Self| Cell::name(tasks::title(r.task))),
        Column::number("pid", |r: &Self| Cell::dim(r.task.id().number.to_string())),
        Column::text("queue", |r: &Self| Cell::name(r.queue.kind.word())),
        Column::text("what", |r: &Self| Cell::dim(r.queue.label.as_deref().unwrap_or(""))).keeping_end(),
        Column::number("fd", |r: &Self| Cell::dim(format::exact_or_unknown(r.queue.fd.map(u64::from)))),
        Column::number("worst%", |r: &Self| {
            Cell::level(format::severity(r.vitals.severity), Level::of(r.vitals.severity))
        })
        .of(Vital::Queue),
        Column::number("depth", |r: &Self| {
            let text = format::depth(r.queue.depth, r.queue.unit);
            if r.queue.depth == Some(0) { Cell::dim("0") } else { Cell::level(text, Level::of(r.vitals.severity)) }
        })
        .of(Vital::Queue),
        Column::number("limit", |r: &Self| Cell::dim(format::amount(r.queue.limit, r.queue.unit))),
        Column::number("fill %", |r: &Self| Cell::value(format::percent(fill(r.queue)))).of(Vital::Queue),
        Column::number("grow/s", |r: &Self| Cell::value(format::amount_growth(r.vitals.growth, r.queue.unit)))
            .of(Vital::Queue),
        Column::number("drops", |r: &Self| {
            let level = if r.vitals.drops.is_some_and(|n| n > 0) { Level::Critical } else { Level::Unknown };
            Cell::level(format::count(r.vitals.drops), level)
        })
        .of(Vital::Queue),
        Column::number("in/s", |r: &Self| Cell::value(format::amount_rate(r.vitals.rate_in, r.queue.unit)))
            .of(Vital::Rate),
        Column::number("out/s", |r: &Self| Cell::value(format::amount_rate(r.vitals.rate_out, r.queue.unit)))
            .of(Vital::Rate),
        Column::number("age", |r: &Self| match r.age_us() {
            Some(us) if us >= OLD_US => Cell::dim(format::age(Some(us))),
            Some(_) | None => Cell::dim(""),
        }),
        Column::text("other end", |r: &Self| match other_end(r.queue).or_else(|| r.beyond.clone()) {
            Some(peer) if r.queue.peer.is_some() && r.queue.peer == r.came_from => Cell::name(format!("← {peer}")),
            Some(peer) => Cell::name(format!("→ {peer}")),
            None => Cell::dim(""),
        }),
    ];

    /// How much older the look at the queue is than that at its task.
    fn age_us(&self) -> Option<u64> {
        self.task.reading.at_us.checked_sub(self.queue.at_us?)
    }
}

/// A look at a queue that is younger than this beside its task's is of the same moment, microseconds.
const OLD_US: u64 = 1_000_000;

/// How full a queue is; `None` where it has no limit.
fn fill(queue: &Queue) -> Option<f64> {
    let limit = queue.limit.filter(|limit| *limit > 0)?;
    Some(queue.depth? as f64 / limit as f64)
}

/// Who is at the other end, where that is known: `postgres (4121)`.
pub fn other_end(queue: &Queue) -> Option<String> {
    let number = queue.peer?.number;
    Some(queue.peer_name.as_ref().map_or_else(|| number.to_string(), |name| format!("{name} ({number})")))
}
