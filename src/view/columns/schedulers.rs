//! Columns of a VM's schedulers: what the VM says of each beside what the kernel says of its thread.

use midair_vitals::{Severity, TaskId, vm::SchedulerVitals};

use crate::{
    model::{Task, Vital},
    view::{
        format,
        theme::Level,
        widget::{
            meter,
            table::{Cell, Column},
        },
    },
};

/// Columns of the bar.
const BAR: usize = 40;

/// What a row is drawn from.
pub struct Row<'a> {
    /// What follows of the scheduler.
    pub vitals: &'a SchedulerVitals,
    /// Its OS thread.
    pub thread: Option<TaskId>,
    /// What is known of that.
    pub task: Option<&'a Task>,
}

impl<'a> Row<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("scheduler", |r: &Self| Cell::name(format!("{} {}", r.vitals.kind.word(), r.vitals.number))),
        Column::number("busy %", |r: &Self| share(r.vitals.utilisation)).of(Vital::Sched),
        Column::number("ready", |r: &Self| match r.vitals.run_queue {
            Some(n) => Cell::value(format::count(Some(n))),
            None => Cell::dim(format::NOTHING),
        })
        .of(Vital::Sched),
        Column::number("thread", |r: &Self| Cell::dim(format::exact_or_unknown(r.thread.map(|thread| thread.number)))),
        Column::number("on cpu %", |r: &Self| Cell::value(format::percent(r.vitals.cpu))).of(Vital::Sched),
        Column::number("delay/s", |r: &Self| {
            let level = Level::of(r.vitals.delay.and_then(Severity::from_share));
            Cell::level(format::delay(r.vitals.delay), level)
        })
        .of(Vital::Sched),
        Column::number("switches/s", |r: &Self| Cell::value(format::number(r.vitals.switches))).of(Vital::Sched),
        Column::text("state", |r: &Self| {
            let state = r.task.and_then(|task| task.reading.state);
            Cell::dim(state.map_or(format::UNKNOWN, |state| state.word()))
        }),
        Column::text("waits in", |r: &Self| {
            Cell::dim(r.task.and_then(|task| task.reading.wait_channel.as_deref()).unwrap_or(format::UNKNOWN))
        }),
        Column::text("in use", |r: &Self| {
            let level = Level::of(r.vitals.utilisation.and_then(Severity::from_share));
            Cell::level(meter::text(r.vitals.utilisation, BAR), level).without_sign()
        }),
    ];
}

fn share(share: Option<f64>) -> Cell {
    Cell::level(format::percent(share), Level::of(share.and_then(Severity::from_share)))
}
