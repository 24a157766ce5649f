//! Columns of a VM's processes. What is read without waking them is in part an estimate, and says so.

use super::tasks::{self, Row};
use crate::{
    model::Vital,
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// A process that was found active in a larger share of looks than this keeps a scheduler to itself.
const ALWAYS_ACTIVE: u32 = 950;

impl<'a> Row<'a> {
    /// All columns of a table of Erlang processes.
    pub const OF_VM: &'a [Column<Self>] = &[
        Column::text("task", |r: &Self| Cell::name(tasks::title(r.task))),
        Column::number("pid", |r: &Self| Cell::dim(r.task.number())),
        Column::number("worst%", |r: &Self| {
            let severity = r.task.vitals.severities.worst();
            Cell::level(format::severity(severity), Level::of(severity))
        })
        .of(Vital::Worst),
        Column::text("state", |r: &Self| match r.task.reading.state {
            Some(state @ midair_vitals::TaskState::Suspended) => Cell::level(state.word().to_owned(), Level::Severe),
            state => Cell::dim(state.map_or(format::UNKNOWN, |state| state.word())),
        }),
        Column::number("active %", |r: &Self| {
            let milli = r.task.reading.active_milli;
            let text = format::estimate(format::percent(milli.map(|milli| f64::from(milli) / 1000.0)));
            if milli >= Some(ALWAYS_ACTIVE) { Cell::level(text, Level::High) } else { Cell::value(text) }
        })
        .of(Vital::Sched),
        Column::number("mailbox", |r: &Self| match r.task.worst_queue() {
            Some((queue, _)) if queue.depth == Some(0) => Cell::dim("0"),
            Some((queue, vitals)) => Cell::level(format::amount(queue.depth, queue.unit), Level::of(vitals.severity)),
            None => Cell::dim(format::UNKNOWN),
        })
        .of(Vital::Queue),
        Column::number("grow/s", |r: &Self| {
            Cell::value(format::growth(r.task.worst_queue().and_then(|(_, vitals)| vitals.growth)))
        })
        .of(Vital::Queue),
        Column::number("reds/s", |r: &Self| Cell::value(format::number(tasks::reductions(r.task)))).of(Vital::Rate),
        Column::number("mem B", |r: &Self| Cell::value(tasks::mem(r.task))).of(Vital::Mem),
        Column::number("+B/s", |r: &Self| Cell::value(format::bytes_growth(r.task.vitals.mem_growth))).of(Vital::Mem),
        Column::number("binary B", |r: &Self| {
            Cell::value(format::bytes(r.task.reading.binary_bytes.map(|bytes| bytes as f64)))
        })
        .of(Vital::Mem),
        Column::number("+bin/s", |r: &Self| Cell::value(format::bytes_growth(r.task.vitals.binary_growth)))
            .of(Vital::Mem),
        Column::number("age", |r: &Self| {
            let now_us = r.node.latest.as_ref().map(|latest| latest.mono_us);
            Cell::dim(format::age(now_us.map(|now_us| now_us.saturating_sub(r.task.reading.at_us))))
        }),
        Column::text("now in", |r: &Self| Cell::dim(r.task.reading.wait_channel.as_deref().unwrap_or(format::UNKNOWN))),
    ];
}
