//! Columns of nodes.

use midair_vitals::Severity;

use crate::{
    event::Stamp,
    model::{Glance, Hub, Model, Node, Presence, Vital},
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// What a row of nodes is drawn from.
pub struct Row<'a> {
    /// The node.
    pub node: &'a Node,
    /// What is known of it at a glance.
    pub glance: Option<Glance>,
    /// The moment shown.
    pub now: Stamp,
    /// Key of the label by which nodes are grouped.
    pub group_by: Option<&'a str>,
}

impl<'a> Row<'a> {
    /// All columns.
    pub const ALL: &'a [Column<Self>] = &[
        Column::text("node", |r: &Self| Cell::name(r.node.name())).keeping_end(),
        Column::text("group", group),
        Column::text("heard", heard),
        Column::number("worst%", |r: &Self| percent(r, Vital::Worst)).of(Vital::Worst),
        Column::number("delay/s", delay).of(Vital::Sched),
        Column::number("cpus", |r: &Self| Cell::value(format::number(r.glance.and_then(|g| g.cpu)))).of(Vital::Sched),
        Column::number("mem %", |r: &Self| percent(r, Vital::Mem)).of(Vital::Mem),
        Column::number("+B/s", |r: &Self| Cell::value(format::bytes_growth(r.glance.and_then(|g| g.mem_growth))))
            .of(Vital::Mem),
        Column::number("queue", queue).of(Vital::Queue),
        Column::number("drops", drops).of(Vital::Queue),
        Column::number("seg in/s", |r: &Self| Cell::value(format::number(r.glance.and_then(|g| g.tcp_in))))
            .of(Vital::Rate),
        Column::number("out/s", |r: &Self| Cell::value(format::number(r.glance.and_then(|g| g.tcp_out))))
            .of(Vital::Rate),
        Column::number("fall %", |r: &Self| percent(r, Vital::Rate)).of(Vital::Rate),
        Column::number("up", |r: &Self| Cell::dim(format::age(r.glance.and_then(|g| g.up_us)))),
    ];
}

/// How a node is heard, in words; nothing when all is well.
pub fn presence(node: &Node, now: Stamp) -> Option<String> {
    match &node.presence {
        Presence::Live => None,
        Presence::Awaited { .. } if node.is_unmeasured() => Some("not measured then".to_owned()),
        Presence::Awaited { .. } => Some("awaited".to_owned()),
        Presence::Late { since } => Some(format!("late {}", format::age(Some(now.since_us(*since))))),
        Presence::Silent { since, cause, .. } => {
            let age = format::age(Some(now.since_us(*since)));
            let cause = cause.map_or("no samples", |c| c.word());
            Some(format!("silent {age}, {cause}"))
        }
    }
}

/// Which of several hubs hear a node, in words; and whether they agree. Nothing where there are not several.
pub fn seen_by(model: &Model, node: &Node, now: Stamp) -> Option<(String, bool)> {
    if !node.is_by_hub || model.hubs.len() < 2 {
        return None;
    }
    let hears = |presence: Option<&Presence>| matches!(presence, Some(Presence::Live | Presence::Late { .. }));
    let n_hearing = model.seen_by(node).filter(|(hub, seen)| hub.trouble().is_none() && hears(*seen)).count();
    let n_hubs = model.hubs.len();
    if n_hearing == n_hubs || n_hearing == 0 {
        return Some((format!("heard by {n_hearing} of {n_hubs} hubs"), true));
    }
    let one = |(hub, presence): (&Hub, Option<&Presence>)| match (hub.trouble(), presence) {
        (Some(_), _) => format!("{} is not reached", hub.name),
        (None, Some(Presence::Live | Presence::Late { .. })) => format!("{} hears it", hub.name),
        (None, Some(Presence::Awaited { .. })) => format!("{} awaits it", hub.name),
        (None, Some(Presence::Silent { since, reason, .. })) => {
            format!("{} not since {}: {reason}", hub.name, format::age(Some(now.since_us(*since))))
        }
        (None, None) => format!("{} does not know it", hub.name),
    };
    Some((model.seen_by(node).map(one).collect::<Vec<_>>().join(", "), false))
}

/// The sign of how a node is heard.
pub fn sign(node: &Node) -> &'static str {
    match node.presence {
        Presence::Live => "",
        Presence::Awaited { .. } if node.is_unmeasured() => "- ",
        Presence::Awaited { .. } => "? ",
        Presence::Late { .. } => "~ ",
        Presence::Silent { .. } => "× ",
    }
}

fn severity(row: &Row<'_>, vital: Vital) -> Option<Severity> {
    vital.of(row.glance?.severities)
}

fn heard(row: &Row<'_>) -> Cell {
    let sights = &row.node.sights;
    let n_silent = sights.iter().filter(|sight| sight.presence.is_silent()).count();
    match (&row.node.presence, presence(row.node, row.now)) {
        (Presence::Live, _) if row.node.is_by_hub && n_silent > 0 => {
            Cell::name(format!("live {}/{} hubs", sights.len() - n_silent, sights.len()))
        }
        (Presence::Live, _) | (_, None) => Cell::dim("live"),
        (Presence::Silent { since, cause, .. }, Some(_)) => {
            let age = format::age(Some(row.now.since_us(*since)));
            Cell::name(format!("× {age} {}", cause.map_or("no samples", |c| c.word())))
        }
        (Presence::Awaited { .. } | Presence::Late { .. }, Some(words)) => {
            Cell::name(format!("{}{words}", sign(row.node)))
        }
    }
}

fn group(row: &Row<'_>) -> Cell {
    let first = row.node.described.as_ref().and_then(|d| d.labels.first()).map(|(_, value)| value);
    let label = row.group_by.map_or(first, |key| row.node.label(key));
    Cell::dim(label.map_or("-", |value| value))
}

fn percent(row: &Row<'_>, vital: Vital) -> Cell {
    let severity = severity(row, vital);
    Cell::level(format::severity(severity), Level::of(severity))
}

fn delay(row: &Row<'_>) -> Cell {
    let level = Level::of(severity(row, Vital::Sched));
    Cell::level(format::delay(row.glance.and_then(|g| g.delay)), level)
}

fn queue(row: &Row<'_>) -> Cell {
    let level = Level::of(severity(row, Vital::Queue));
    match row.glance.and_then(|g| g.queue) {
        None => Cell::dim(format::UNKNOWN),
        Some(worst) if worst.depth == Some(0) => Cell::dim("0"),
        Some(worst) => Cell::level(format::depth(worst.depth, worst.unit), level),
    }
}

fn drops(row: &Row<'_>) -> Cell {
    let sum = row.glance.and_then(|g| g.n_drops);
    let level = if sum.is_some_and(|n| n > 0) { Level::Critical } else { Level::Unknown };
    Cell::level(format::count(sum), level)
}
