//! What the stream measures of a node beside its tasks: cgroups, network namespaces, CPUs, the host.

use std::cmp::Ordering;

use midair_vitals::{Order, Severity};

use super::{Filter, List, RowId, Scope, State};
use crate::{
    app::sort::Sort,
    model::{Cgroup, CpuVitals, Namespace, host},
};

/// Where a row stands: by severity, then by a value, then by name or number.
pub(super) struct Place {
    pub(super) severity: Option<Severity>,
    pub(super) value: Option<f64>,
    pub(super) text: String,
    pub(super) row: RowId,
}

impl Place {
    pub(super) fn by_value(value: Option<f64>, text: String, row: RowId) -> Self {
        Self { severity: None, value, text, row }
    }

    fn is_unknown(&self) -> bool {
        self.severity.is_none() && self.value.is_none()
    }
}

/// The highest first, what is unknown last also when the order is turned round; by name where `by_text` says so.
pub(super) fn sorted(mut places: Vec<Place>, list: &List) -> Vec<RowId> {
    let by_text = list.sort == Order::Name;
    places.sort_by(|a, b| {
        let known = if by_text { Ordering::Equal } else { a.is_unknown().cmp(&b.is_unknown()) };
        let value = |place: &Place| place.value.unwrap_or(f64::NEG_INFINITY);
        let ranks = match by_text {
            true => a.text.cmp(&b.text),
            false => b.severity.cmp(&a.severity).then_with(|| value(b).total_cmp(&value(a))),
        };
        let ranks = if list.is_inverted { ranks.reverse() } else { ranks };
        known.then(ranks).then_with(|| a.text.cmp(&b.text)).then_with(|| a.row.cmp(&b.row))
    });
    places.into_iter().map(|place| place.row).collect()
}

pub(super) fn cgroups(state: &State, list: &List) -> Vec<RowId> {
    let Some(node) = state.node() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let takes = |c: &&Cgroup| filter.takes([c.title(), &c.reading.path, c.reading.kind.word()].into_iter());
    let place = |cgroup: &Cgroup| {
        let (reading, vitals) = (&cgroup.reading, &cgroup.vitals);
        let (severity, value) = match list.sort {
            // Of healthy ones the busy one is the one to look at.
            Sort::By(
                Order::Severity
                | Order::Queue
                | Order::QueueGrowth
                | Order::Rate
                | Order::Drops
                | Order::Age
                | Order::Active
                | Order::Binary
                | Order::BinaryGrowth,
            ) => (vitals.severities.worst(), vitals.cpu),
            Sort::By(Order::Delay) => (None, vitals.delay),
            Sort::By(Order::Cpu) => (None, vitals.cpu),
            Sort::By(Order::Mem | Order::MemGrowth) => (None, vitals.mem_used_bytes.map(|bytes| bytes as f64)),
            Sort::By(Order::Number) => (None, reading.n_processes.map(|n| n as f64)),
            Sort::By(Order::Name) => (None, None),
            Sort::Caused => (None, vitals.caused),
            Sort::Throttled => (None, vitals.throttled),
        };
        let row = RowId::Scope(node.id.clone(), Scope::Cgroup(reading.path.clone()));
        Place { severity, value, text: cgroup.title().to_lowercase(), row }
    };
    sorted(node.cgroups.values().filter(takes).map(place).collect(), list)
}

pub(super) fn namespaces(state: &State, list: &List) -> Vec<RowId> {
    let Some(node) = state.node() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let takes = |n: &&Namespace| filter.takes([&*n.title(), &n.reading.inode.to_string()].into_iter());
    let place = |namespace: &Namespace| {
        let moved = namespace.vitals.tcp_in.zip(namespace.vitals.tcp_out).map(|(a, b)| a + b);
        let value = match list.sort {
            Sort::By(Order::Drops) => namespace.n_drops().map(|n| n as f64),
            Sort::By(Order::Number) => namespace.reading.n_processes.map(|n| n as f64),
            Sort::By(_) | Sort::Caused | Sort::Throttled => moved,
        };
        let severity = if list.sort == Order::Severity { namespace.severity() } else { None };
        let row = RowId::Scope(node.id.clone(), Scope::Namespace(namespace.reading.inode));
        Place { severity, value, text: namespace.title().to_lowercase(), row }
    };
    sorted(node.namespaces.values().filter(takes).map(place).collect(), list)
}

pub(super) fn cpus(state: &State, list: &List) -> Vec<RowId> {
    let Some(latest) = state.node().and_then(|node| node.latest.as_ref()) else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let place = |cpu: &CpuVitals| {
        let value = match list.sort {
            Sort::By(Order::Cpu) => cpu.busy,
            Sort::By(Order::Delay) => cpu.delay,
            Sort::By(Order::Queue) => cpu.n_queued.map(f64::from),
            // The first one first.
            Sort::By(_) | Sort::Caused | Sort::Throttled => Some(-f64::from(cpu.number)),
        };
        Place::by_value(value, format!("{:08}", cpu.number), RowId::Cpu(cpu.number))
    };
    let takes = |cpu: &&CpuVitals| filter.takes(std::iter::once(&*cpu.number.to_string()));
    sorted(latest.cpus.iter().filter(takes).map(place).collect(), list)
}

pub(super) fn host(state: &State, list: &List) -> Vec<RowId> {
    let Some(node) = state.node() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let facts = host::facts(node);
    let takes = |fact: &&host::Fact| {
        let name = fact.check.name().map_or("", |name| name);
        filter.takes([fact.check.word(), name].into_iter())
    };
    let place = |(n, fact): (usize, &host::Fact)| Place {
        severity: fact.severity,
        value: Some(-(n as f64)),
        text: format!("{} {}", fact.check.word(), fact.check.name().map_or("", |name| name)),
        row: RowId::Check(fact.check.clone()),
    };
    sorted(facts.iter().filter(takes).enumerate().map(place).collect(), list)
}
