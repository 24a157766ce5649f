//! Columns of what is looked at of a host beyond its tasks.

use crate::{
    model::{Vital, host::Fact},
    view::{
        finding, format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// All columns.
pub const ALL: &[Column<Fact>] = &[
    Column::text("what", |f: &Fact| match f.check.name() {
        Some(name) => Cell::name(format!("{} {name}", f.check.word())),
        None => Cell::name(f.check.word()),
    }),
    Column::number("worst%", |f: &Fact| Cell::level(format::severity(f.severity), Level::of(f.severity)))
        .of(Vital::Worst),
    Column::text("vital", |f: &Fact| Cell::dim(f.check.vital().map_or("", Vital::word))),
    Column::text("now", |f: &Fact| match f.now.is_empty() {
        true => Cell::dim(format::UNKNOWN),
        false if f.is_trouble() => Cell::level(finding::words(&f.now), Level::of(f.severity)).without_sign(),
        false => Cell::dim(finding::words(&f.now)),
    }),
];
