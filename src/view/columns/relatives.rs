//! Columns of where an Erlang process is, and of the processes around it.

use super::vm_lists;
use crate::{
    model::{
        Node,
        relatives::{Relation, Relative, Spot},
    },
    view::{
        format,
        widget::table::{Cell, Column},
    },
};

/// A line of where a process is.
pub struct SpotRow<'a>(pub Spot<'a>);

impl<'a> SpotRow<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("seen", |row: &Self| match &row.0 {
            Spot::Top(seen, of) => Cell::name(counted(Some(seen.n), of.map(u64::from))),
            Spot::Tag(seen, over_us) => Cell::name(messages(Some(seen.n), *over_us)),
            Spot::Frame(_, 0) => Cell::dim("now"),
            Spot::Frame(_, n) => Cell::dim(format!("below {n}")),
        }),
        Column::text("function", |row: &Self| match &row.0 {
            Spot::Top(seen, _) => Cell::name(&*seen.what),
            Spot::Tag(seen, _) => Cell::name(format!("received: {}", seen.what)),
            Spot::Frame(frame, 0) => Cell::name(&***frame),
            Spot::Frame(frame, _) => Cell::dim(&***frame),
        }),
    ];
}

/// A process beside the one in focus, on the node of that.
pub struct RelativeRow<'a> {
    /// It.
    pub relative: &'a Relative,
    /// The node that was looked at.
    pub node: &'a Node,
}

impl<'a> RelativeRow<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("it", |r: &Self| match r.relative.relation {
            Relation::WaitsFor => Cell::name(r.relative.relation.word()),
            Relation::Sender
            | Relation::Ancestor
            | Relation::Monitors
            | Relation::Link
            | Relation::MonitoredBy
            | Relation::Leader => Cell::dim(r.relative.relation.word()),
        }),
        Column::text("process", |r: &Self| Cell::name(name(r))),
        Column::number("count", |r: &Self| match r.relative.n {
            None => Cell::dim(""),
            n if r.relative.relation == Relation::Sender => Cell::value(messages(n, r.relative.over_us)),
            n => Cell::value(counted(n, r.relative.of)),
        }),
        Column::text("node", |r: &Self| Cell::dim(r.relative.pid.node.as_deref().unwrap_or(""))),
    ];
}

/// Its name: as it was told, else as the tables of this node know it.
fn name(row: &RelativeRow<'_>) -> String {
    let pid = &row.relative.pid;
    let known = || row.node.tasks.get(&pid.task?).and_then(|task| task.reading.name.as_deref());
    match (&pid.name, known()) {
        (None, Some(name)) => format!("{name} {}", pid.text),
        _ if pid.text.is_empty() && pid.node.is_some() => "on another node".to_owned(),
        _ => vm_lists::pid(pid),
    }
}

fn counted(n: Option<u64>, of: Option<u64>) -> String {
    match of {
        Some(of) => format!("{} of {}", format::count(n), format::count(Some(of))),
        None => format::count(n),
    }
}

/// Messages, and in how long they were counted.
fn messages(n: Option<u64>, over_us: Option<u64>) -> String {
    match over_us {
        Some(us) => format!("{} in {}", format::count(n), format::seconds(us)),
        None => format!("{} msg", format::count(n)),
    }
}
