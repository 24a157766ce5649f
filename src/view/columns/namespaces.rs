//! Columns of a node's network namespaces.

use crate::{
    model::{Namespace, Vital, recent::Recent},
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// All columns.
pub const ALL: &[Column<Namespace>] = &[
    Column::text("namespace", |n: &Namespace| {
        let own = if n.reading.is_own { " (own)" } else { "" };
        Cell::name(format!("{}{own}", n.title()))
    }),
    Column::number("inode", |n: &Namespace| Cell::dim(n.reading.inode.to_string())),
    Column::number("drops/10s", |n: &Namespace| drops(&n.listen_drops)).of(Vital::Queue),
    Column::number("udp/10s", |n: &Namespace| drops(&n.udp_drops)).of(Vital::Queue),
    Column::number("listeners", |n: &Namespace| Cell::value(format::count(n.reading.n_listeners))),
    Column::number("tcp", |n: &Namespace| Cell::value(format::count(n.reading.n_tcp))),
    Column::number("seg in/s", |n: &Namespace| Cell::value(format::number(n.vitals.tcp_in))).of(Vital::Rate),
    Column::number("out/s", |n: &Namespace| Cell::value(format::number(n.vitals.tcp_out))).of(Vital::Rate),
    Column::number("retr/s", |n: &Namespace| Cell::value(format::number(n.vitals.tcp_retrans))).of(Vital::Rate),
    Column::number("udp in/s", |n: &Namespace| Cell::value(format::number(n.vitals.udp_in))).of(Vital::Rate),
    Column::number("udp out/s", |n: &Namespace| Cell::value(format::number(n.vitals.udp_out))).of(Vital::Rate),
    Column::number("procs", |n: &Namespace| Cell::dim(format::count(n.reading.n_processes))),
    Column::text("why not read", |n: &Namespace| Cell::dim(n.reading.unread.as_deref().unwrap_or(""))),
];

fn drops(recent: &Recent) -> Cell {
    let n = recent.sum();
    let level = if n.is_some_and(|n| n > 0) { Level::Critical } else { Level::Unknown };
    Cell::level(format::count(n), level)
}
