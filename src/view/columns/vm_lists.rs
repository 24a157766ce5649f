//! Columns of what a VM lists: distribution links, ports, ETS tables, and what its active processes do.

use midair_vitals::vm::{DistLink, LinkVitals, Pid, Seen, Table};

use crate::{
    model::{
        Node, Vital,
        vm::{Outlet, name_of},
    },
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

fn bytes(bytes: Option<u64>) -> String {
    format::bytes(bytes.map(|n| n as f64))
}

fn text(text: Option<&str>) -> &str {
    text.unwrap_or(format::UNKNOWN)
}

/// A process as tables name it: name and pid, as far as they are known, and its node where that is another.
pub fn pid(pid: &Pid) -> String {
    let parts = [pid.name.as_deref(), Some(&*pid.text)];
    let known: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    if known.is_empty() { format::UNKNOWN.to_owned() } else { known.join(" ") }
}

fn owner(owner: Option<&Pid>) -> Cell {
    Cell::name(owner.map_or_else(|| format::UNKNOWN.to_owned(), pid))
}

/// A distribution link, and what follows of it.
pub struct LinkRow<'a> {
    /// What was read.
    pub link: &'a DistLink,
    /// What follows.
    pub vitals: &'a LinkVitals,
}

impl<'a> LinkRow<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("peer", |r: &Self| {
            let hidden = if r.link.is_hidden { " (hidden)" } else { "" };
            Cell::name(format!("{}{hidden}", r.link.peer))
        }),
        Column::text("state", |r: &Self| match r.link.is_busy {
            Some(true) => Cell::level("busy".to_owned(), Level::Critical),
            Some(false) => Cell::dim("well"),
            None => Cell::dim(format::UNKNOWN),
        })
        .of(Vital::Queue),
        Column::number("pending B", |r: &Self| {
            Cell::level(bytes(r.link.pending_bytes), Level::of(r.vitals.fill)).without_sign()
        })
        .of(Vital::Queue),
        Column::number("fill %", |r: &Self| Cell::level(format::severity(r.vitals.fill), Level::of(r.vitals.fill)))
            .of(Vital::Queue),
        Column::number("in B/s", |r: &Self| Cell::value(format::bytes(r.vitals.rate_in))).of(Vital::Rate),
        Column::number("out B/s", |r: &Self| Cell::value(format::bytes(r.vitals.rate_out))).of(Vital::Rate),
        Column::number("msg in/s", |r: &Self| Cell::value(format::number(r.vitals.packets_in))).of(Vital::Rate),
        Column::number("out/s", |r: &Self| Cell::value(format::number(r.vitals.packets_out))).of(Vital::Rate),
        Column::text("address", |r: &Self| Cell::dim(text(r.link.address.as_deref()))),
    ];
}

/// A port or a socket, and the node that knows its owner.
pub struct PortRow<'a> {
    /// It.
    pub outlet: &'a Outlet<'a>,
    /// The node.
    pub node: &'a Node,
}

impl<'a> PortRow<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("port", |r: &Self| match r.outlet.is_port {
            true => Cell::name(&*r.outlet.id),
            false => Cell::dim("socket"),
        }),
        Column::text("driver", |r: &Self| {
            let dist = if r.outlet.is_dist { " (dist)" } else { "" };
            Cell::name(format!("{}{dist}", text(r.outlet.name.map(|name| &**name))))
        }),
        Column::number("queued B", |r: &Self| match r.outlet.n_writers {
            // What is queued in a socket the kernel knows; that somebody waits to write says that it is full.
            Some(n) if n > 0 => Cell::level(format!("{} wait", format::count(Some(n))), Level::Severe),
            Some(_) | None => Cell::value(bytes(r.outlet.queue_bytes)),
        })
        .of(Vital::Queue),
        Column::number("in B/s", |r: &Self| Cell::value(format::bytes(r.outlet.vitals.rate_in))).of(Vital::Rate),
        Column::number("out B/s", |r: &Self| Cell::value(format::bytes(r.outlet.vitals.rate_out))).of(Vital::Rate),
        Column::text("owner", |r: &Self| owner_on(r.outlet.owner, r.node)),
        Column::text("address", |r: &Self| Cell::dim(text(r.outlet.address.map(|address| &**address)))),
    ];
}

/// The owner of something, with its name as far as anybody knows it.
fn owner_on(owner: Option<&Pid>, node: &Node) -> Cell {
    let Some(owner) = owner else { return Cell::dim(format::UNKNOWN) };
    Cell::name(match name_of(owner, node) {
        Some(name) => format!("{name} {}", owner.text),
        None => pid(owner),
    })
}

/// Columns of ETS tables.
pub const TABLES: &[Column<Table>] = &[
    Column::text("table", |t: &Table| Cell::name(&*t.name)),
    Column::number("mem B", |t: &Table| Cell::value(bytes(t.bytes))).of(Vital::Mem),
    Column::number("objects", |t: &Table| Cell::value(format::count(t.n_objects))),
    Column::text("type", |t: &Table| Cell::dim(text(t.kind.as_deref()))),
    Column::text("owner", |t: &Table| owner(t.owner.as_ref())),
];

/// A function, and of how many processes that were looked at.
pub struct FunctionRow<'a> {
    /// How many were in it.
    pub seen: &'a Seen,
    /// Processes looked at.
    pub of: Option<u64>,
}

impl<'a> FunctionRow<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("function", |r: &Self| Cell::name(&*r.seen.what)),
        Column::number("processes", |r: &Self| Cell::value(format::count(Some(r.seen.n)))),
        Column::number("share %", |r: &Self| {
            let share = r.of.filter(|of| *of > 0).map(|of| r.seen.n as f64 / of as f64);
            Cell::value(format::percent(share))
        }),
    ];
}
