//! Columns of a node's cgroups.

use crate::{
    model::{Cgroup, Vital},
    view::{
        format,
        theme::Level,
        widget::table::{Cell, Column},
    },
};

/// All columns.
pub const ALL: &[Column<Cgroup>] = &[
    Column::text("cgroup", |c: &Cgroup| Cell::name(c.title())),
    Column::text("kind", |c: &Cgroup| Cell::dim(c.reading.kind.word())),
    Column::number("worst%", |c: &Cgroup| {
        let worst = c.vitals.severities.worst();
        Cell::level(format::severity(worst), Level::of(worst))
    })
    .of(Vital::Worst),
    Column::number("caused/s", |c: &Cgroup| Cell::value(caused(c))).of(Vital::Sched),
    Column::number("delay/s", |c: &Cgroup| Cell::value(format::delay(c.vitals.delay))).of(Vital::Sched),
    Column::number("cores", |c: &Cgroup| Cell::value(format::number(c.vitals.cpu))).of(Vital::Sched),
    Column::number("quota", |c: &Cgroup| Cell::dim(quota(c))).of(Vital::Sched),
    Column::number("held/s", |c: &Cgroup| Cell::level(format::delay(c.vitals.throttled), level_of_sched(c)))
        .of(Vital::Sched),
    Column::number("mem B", |c: &Cgroup| {
        let used = format::bytes(c.vitals.mem_used_bytes.map(|bytes| bytes as f64));
        Cell::level(used, Level::of(c.vitals.severities.mem))
    })
    .of(Vital::Mem),
    Column::number("limit", |c: &Cgroup| Cell::dim(limit(c))).of(Vital::Mem),
    Column::number("psi %", |c: &Cgroup| Cell::value(pressure(c))),
    Column::number("oom", |c: &Cgroup| {
        let n = c.oom_kills.sum();
        let level = if n.is_some_and(|n| n > 0) { Level::Critical } else { Level::Unknown };
        Cell::level(format::count(n), level)
    })
    .of(Vital::Mem),
    Column::number("procs", |c: &Cgroup| Cell::dim(format::count(c.reading.n_processes))),
    Column::text("path", |c: &Cgroup| Cell::dim(&*c.reading.path)).keeping_end(),
];

/// Delay that it causes others, an estimate.
pub fn caused(cgroup: &Cgroup) -> String {
    match format::delay(cgroup.vitals.caused) {
        zero if zero == "0" => zero,
        delay => format::estimate(delay),
    }
}

/// CPUs that its quota allows. A cgroup without one is known to have none.
pub fn quota(cgroup: &Cgroup) -> String {
    let milli = cgroup.reading.quota_milli;
    milli.map_or_else(|| format::NOTHING.to_owned(), |milli| format::number(Some(milli as f64 / 1000.0)))
}

/// Its memory limit. A cgroup without one is known to have none.
pub fn limit(cgroup: &Cgroup) -> String {
    let bytes = cgroup.reading.mem_limit_bytes;
    bytes.map_or_else(|| format::NOTHING.to_owned(), |bytes| format::bytes(Some(bytes as f64)))
}

fn level_of_sched(cgroup: &Cgroup) -> Level {
    let is_held = cgroup.vitals.throttled.is_some_and(|held| held > 0.0);
    if is_held { Level::of(cgroup.vitals.severities.sched) } else { Level::Unknown }
}

/// The worst of its pressures, and of what.
fn pressure(cgroup: &Cgroup) -> String {
    let vitals = &cgroup.vitals;
    let known = [(vitals.psi_cpu, "cpu"), (vitals.psi_mem, "mem"), (vitals.psi_io, "io")];
    let known = known.into_iter().filter_map(|(share, what)| Some((share?, what)));
    match known.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((share, what)) if share > 0.0 => format!("{what} {}", format::percent(Some(share))),
        Some(_) => "0".to_owned(),
        None => format::UNKNOWN.to_owned(),
    }
}
