//! Columns of one task's queues.

use midair_vitals::{Queue, QueueVitals};

use crate::{
    model::Vital,
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// What a row of queues is drawn from.
pub struct Row<'a> {
    /// The queue.
    pub queue: &'a Queue,
    /// What follows of it.
    pub vitals: &'a QueueVitals,
}

impl<'a> Row<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("queue", |r: &Self| Cell::name(r.queue.kind.word())),
        Column::text("what", |r: &Self| Cell::dim(r.queue.label.as_deref().unwrap_or(""))).keeping_end(),
        Column::number("depth", |r: &Self| {
            let text = format::depth(r.queue.depth, r.queue.unit);
            if r.queue.depth == Some(0) { Cell::dim("0") } else { Cell::level(text, Level::of(r.vitals.severity)) }
        })
        .of(Vital::Queue),
        Column::number("limit", |r: &Self| Cell::dim(format::amount(r.queue.limit, r.queue.unit))),
        Column::number("worst%", |r: &Self| {
            Cell::level(format::severity(r.vitals.severity), Level::of(r.vitals.severity))
        })
        .of(Vital::Queue),
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
    ];
}
