//! Columns of a node's CPUs.

use midair_vitals::Severity;

use crate::{
    model::{CpuVitals, Vital},
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

/// A CPU that does little else than interrupts holds all packets up that come to it.
const INTERRUPTED: f64 = 0.5;

/// All columns.
pub const ALL: &[Column<CpuVitals>] = &[
    Column::number("cpu", |c: &CpuVitals| Cell::name(c.number.to_string())),
    Column::number("busy %", |c: &CpuVitals| share(c.busy)).of(Vital::Sched),
    Column::number("system %", |c: &CpuVitals| Cell::value(format::percent(c.system))).of(Vital::Sched),
    Column::number("irq %", |c: &CpuVitals| {
        let is_much = c.interrupts.is_some_and(|share| share >= INTERRUPTED);
        if is_much { share(c.interrupts) } else { Cell::value(format::percent(c.interrupts)) }
    })
    .of(Vital::Sched),
    Column::number("steal %", |c: &CpuVitals| Cell::value(format::percent(c.steal))).of(Vital::Sched),
    Column::number("waiting", |c: &CpuVitals| Cell::value(format::count(c.n_queued.map(u64::from)))).of(Vital::Sched),
    Column::number("delay/s", |c: &CpuVitals| {
        Cell::level(format::delay(c.delay), Level::of(c.delay.and_then(Severity::from_share)))
    })
    .of(Vital::Sched),
    Column::text("in use", |c: &CpuVitals| {
        let bar = meter::text(c.busy, BAR);
        Cell::level(bar, Level::of(c.busy.and_then(Severity::from_share))).without_sign()
    }),
];

fn share(share: Option<f64>) -> Cell {
    Cell::level(format::percent(share), Level::of(share.and_then(Severity::from_share)))
}
