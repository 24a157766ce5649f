//! Columns of a node's Erlang VMs.

use midair_vitals::{Severity, vm::SchedulerKind};

use crate::{
    model::{Node, Standing, Vital, Vm},
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// What a row is drawn from.
pub struct Row<'a> {
    /// The VM.
    pub vm: &'a Vm,
    /// Its node.
    pub node: &'a Node,
}

fn bytes(bytes: Option<u64>) -> String {
    format::bytes(bytes.map(|n| n as f64))
}

impl<'a> Row<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("vm", |r: &Self| Cell::name(r.vm.name(r.node))),
        Column::text("otp", |r: &Self| Cell::dim(r.vm.reading.otp_release.as_deref().unwrap_or(format::UNKNOWN))),
        Column::number("worst%", |r: &Self| {
            let severity = r.vm.severity(r.node);
            Cell::level(format::severity(severity), Level::of(severity))
        })
        .of(Vital::Worst),
        Column::number("answer", answer),
        Column::number("busy %", |r: &Self| {
            let share = r.vm.vitals.utilisation_of(SchedulerKind::Normal);
            Cell::level(format::percent(share), Level::of(share.and_then(Severity::from_share)))
        })
        .of(Vital::Sched),
        Column::number("ready", |r: &Self| {
            Cell::level(format::count(r.vm.reading.run_queue), Level::of(r.vm.vitals.severities.sched))
        })
        .of(Vital::Sched),
        Column::number("mem B", |r: &Self| Cell::value(bytes(r.vm.reading.memory.total_bytes))).of(Vital::Mem),
        Column::number("+B/s", |r: &Self| Cell::value(format::bytes_growth(r.vm.vitals.mem_growth))).of(Vital::Mem),
        Column::number("rss B", |r: &Self| {
            Cell::value(bytes(r.vm.process(r.node).and_then(|task| task.reading.rss_bytes)))
        })
        .of(Vital::Mem),
        Column::number("messages", |r: &Self| {
            let n = r.vm.reading.sweep.as_ref().and_then(|sweep| sweep.n_messages);
            Cell::level(format::count(n), Level::of(r.vm.vitals.severities.queue))
        })
        .of(Vital::Queue),
        Column::number("reds/s", |r: &Self| Cell::value(format::number(r.vm.vitals.reductions))).of(Vital::Rate),
        Column::number("processes", |r: &Self| Cell::value(format::count(r.vm.reading.counts[0].n))),
        Column::number("swept", |r: &Self| Cell::dim(format::age(r.vm.sweep_age_us(r.node)))),
        Column::number("cost %", |r: &Self| Cell::dim(format::estimate(format::percent(r.vm.vitals.cost)))),
        Column::text("why not", why_not),
    ];
}

/// How old its last answer is, where it does not answer.
fn answer(row: &Row<'_>) -> Cell {
    let age = row.vm.answer_age_us(row.node);
    match (row.vm.standing(row.node), age) {
        (Standing::Silent(_), None) => Cell::level("never".to_owned(), Level::Severe),
        (Standing::Silent(_), age) => Cell::level(format::age(age), Level::Severe),
        (Standing::Ended { .. }, _) => Cell::level("ended".to_owned(), Level::Severe),
        (Standing::Unasked(_), _) => Cell::dim(format::NOTHING),
        (Standing::Answers, None) => Cell::dim(format::UNKNOWN),
        (Standing::Answers, Some(_)) => Cell::dim("yes"),
    }
}

/// Why nothing new is said of it.
fn why_not(row: &Row<'_>) -> Cell {
    match row.vm.standing(row.node) {
        Standing::Answers => Cell::dim(""),
        Standing::Unasked(why) | Standing::Silent(why) => Cell::dim(&**why),
        Standing::Ended { ago_us, why } => {
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            Cell::dim(format!("ended {} ago{why}", format::duration(ago_us)))
        }
    }
}
