//! Columns of what the cluster is made of beside nodes and tasks: groups of nodes, and VMs by the links that lead to them.

use midair_vitals::Severity;

use crate::{
    app::State,
    model::{
        Vital,
        cluster::{Spread, Summary},
        links::Peer,
    },
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// A group of nodes.
pub struct GroupRow<'a> {
    /// It, in numbers.
    pub group: &'a Summary,
    /// What is known.
    pub state: &'a State,
}

impl<'a> GroupRow<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("group", |r: &Self| match &r.group.value {
            Some(value) => Cell::name(&**value),
            None => Cell::dim("without"),
        })
        .keeping_end(),
        Column::number("heard", |r: &Self| {
            let (n, of) = (r.group.n_heard, r.group.n_nodes);
            let level = if n < of { Level::of(Some(Severity::from_per_mille(700))) } else { Level::Unknown };
            Cell::level(format!("{n} of {of}"), level)
        }),
        Column::number("sched %", |r: &Self| spread(r.group.spreads[0])).of(Vital::Sched),
        Column::number("mem %", |r: &Self| spread(r.group.spreads[1])).of(Vital::Mem),
        Column::number("queue %", |r: &Self| spread(r.group.spreads[2])).of(Vital::Queue),
        Column::number("rate %", |r: &Self| spread(r.group.spreads[3])).of(Vital::Rate),
        Column::number("worst%", |r: &Self| {
            let severity = r.group.worst.as_ref().map(|(_, severity)| *severity);
            Cell::level(format::severity(severity), Level::of(severity))
        })
        .of(Vital::Worst),
        Column::text("worst node", |r: &Self| {
            let node = r.group.worst.as_ref().and_then(|(id, _)| r.state.model.node(id));
            node.map_or_else(|| Cell::dim(format::UNKNOWN), |node| Cell::name(node.name()))
        })
        .keeping_end(),
    ];
}

/// Median, 99th percentile and worst; it looks as bad as the worst.
fn spread(spread: Option<Spread>) -> Cell {
    let Some(Spread { median, p99, worst }) = spread else { return Cell::dim(format::UNKNOWN) };
    let [median, p99, max] = [median, p99, worst].map(|one| format::severity(Some(one)));
    Cell::level(format!("{median} {p99:>3} {max:>3}"), Level::of(Some(worst))).without_sign()
}

/// A VM to which links lead.
pub struct PeerRow<'a> {
    /// It, with what others tell of their links to it.
    pub peer: &'a Peer,
    /// What is known.
    pub state: &'a State,
}

impl<'a> PeerRow<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("peer", |r: &Self| Cell::name(&*r.peer.name)).keeping_end(),
        Column::number("busy from", |r: &Self| count(r.peer.busy_from.len(), Level::Critical)),
        Column::number("filling", |r: &Self| count(r.peer.slow_from.len(), Level::High)),
        Column::number("pending B", |r: &Self| {
            let bytes = format::bytes(r.peer.pending_bytes.map(|n| n as f64));
            Cell::level(bytes, Level::of(r.peer.fill)).without_sign()
        })
        .of(Vital::Queue),
        Column::number("fill %", |r: &Self| Cell::level(format::severity(r.peer.fill), Level::of(r.peer.fill)))
            .of(Vital::Queue),
        Column::number("suspended", |r: &Self| {
            let level = if r.peer.n_suspended > 0 { Level::Severe } else { Level::Unknown };
            Cell::level(format::count(Some(r.peer.n_suspended)), level).without_sign()
        })
        .of(Vital::Queue),
        Column::number("seen up by", |r: &Self| {
            let (n, of) = (r.peer.n_up, r.peer.n_all());
            let level = if n < of { Level::of(Some(Severity::from_per_mille(700))) } else { Level::Unknown };
            Cell::level(format!("{n} of {of}"), level)
        }),
        Column::text("node", |r: &Self| {
            let node = r.peer.at.as_ref().and_then(|(id, _)| r.state.model.node(id));
            node.map_or_else(|| Cell::dim("not watched"), |node| Cell::name(node.name()))
        })
        .keeping_end(),
        Column::text("last down", |r: &Self| {
            let lost = r.peer.lost_at.map(|at| format::age(Some(r.state.now().since_us(at))));
            match (lost, r.state.down_reason(&r.peer.name)) {
                (None, None) => Cell::dim("·"),
                (Some(age), None) => Cell::name(format!("{age} ago")),
                (age, Some((at, why))) => {
                    let age = age.unwrap_or_else(|| format::age(Some(r.state.now().since_us(at))));
                    Cell::name(format!("{age} ago: {why}"))
                }
            }
        }),
    ];
}

fn count(n: usize, level: Level) -> Cell {
    let level = if n > 0 { level } else { Level::Unknown };
    Cell::level(format::count(Some(n as u64)), level)
}
