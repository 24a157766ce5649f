//! The Erlang VMs of a node, and what one of them lists.

use midair_vitals::{
    Order, Severity,
    vm::{Listed, SchedulerKind},
};

use super::{
    Filter, List, RowId, State,
    measured::{Place, sorted},
};
use crate::{
    app::sort::Sort,
    model::{
        Vm,
        relatives::{self, Spot},
        vm::name_of,
    },
};

pub(super) fn of_node(state: &State, list: &List) -> Vec<RowId> {
    let Some(node) = state.node() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let count = |n: Option<u64>| n.map(|n| n as f64);
    let place = |vm: &Vm| {
        let (reading, vitals) = (&vm.reading, &vm.vitals);
        let (severity, value) = match list.sort {
            Sort::By(Order::Cpu) => (None, vitals.utilisation_of(SchedulerKind::Normal)),
            Sort::By(Order::Delay) => (None, count(reading.run_queue)),
            Sort::By(Order::Mem) => (None, count(reading.memory.total_bytes)),
            Sort::By(Order::MemGrowth) => (None, vitals.mem_growth),
            Sort::By(Order::Queue) => (None, count(reading.sweep.as_ref().and_then(|sweep| sweep.n_messages))),
            Sort::By(Order::Rate) => (None, vitals.reductions),
            Sort::By(Order::Number) => (None, count(reading.counts[0].n)),
            Sort::By(_) | Sort::Caused | Sort::Throttled => (vm.severity(node), count(reading.memory.total_bytes)),
        };
        let row = RowId::Vm(node.id.clone(), reading.runtime);
        Place { severity, value, text: vm.name(node).to_lowercase(), row }
    };
    let takes = |vm: &&Vm| filter.takes(std::iter::once(vm.name(node)));
    sorted(node.vms.values().filter(takes).map(place).collect(), list)
}

pub(super) fn schedulers(state: &State, list: &List) -> Vec<RowId> {
    let Some(vm) = state.vm() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let schedulers = vm.vitals.schedulers.iter();
    let takes = |kind: SchedulerKind, number: u32| filter.takes([kind.word(), &number.to_string()].into_iter());
    let places = schedulers.filter(|s| takes(s.kind, s.number)).map(|s| {
        let value = match list.sort {
            Sort::By(Order::Cpu) => s.utilisation,
            Sort::By(Order::Delay) => s.delay,
            Sort::By(Order::Queue) => s.run_queue.map(|n| n as f64),
            Sort::By(Order::Rate) => s.switches,
            // As the VM lists them.
            Sort::By(_) | Sort::Caused | Sort::Throttled => Some(0.0),
        };
        let text = format!("{} {:08}", s.kind as u8, s.number);
        Place::by_value(value, text, RowId::Scheduler(s.kind, s.number))
    });
    sorted(places.collect(), list)
}

pub(super) fn functions(state: &State, list: &List) -> Vec<RowId> {
    let functions = state.vm().and_then(|vm| vm.reading.active_functions.as_ref()).map(|looked| &looked.functions);
    let filter = Filter::of(list, &state.model);
    let taken = functions.into_iter().flatten().filter(|seen| filter.takes(std::iter::once(&*seen.what)));
    told(taken.map(|seen| RowId::Function(seen.what.clone())).collect(), list)
}

pub(super) fn links(state: &State, list: &List) -> Vec<RowId> {
    let Some(vm) = state.vm() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let links = listed(vm.reading.links.as_ref()).iter().zip(&vm.vitals.links);
    let places = links.filter(|(link, _)| filter.takes(std::iter::once(&*link.peer))).map(|(link, vitals)| {
        let (severity, value) = match list.sort {
            Sort::By(Order::Rate) => (None, vitals.rate_in.zip(vitals.rate_out).map(|(a, b)| a + b)),
            Sort::By(_) | Sort::Caused | Sort::Throttled => (vitals.fill, link.pending_bytes.map(|n| n as f64)),
        };
        Place { severity, value, text: link.peer.to_lowercase(), row: RowId::Link(link.peer.clone()) }
    });
    sorted(places.collect(), list)
}

pub(super) fn ports(state: &State, list: &List) -> Vec<RowId> {
    let Some((node, vm)) = state.node().zip(state.vm()) else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let outlets = vm.outlets();
    let places = outlets.iter().filter_map(|outlet| {
        let owner = outlet.owner.and_then(|owner| name_of(owner, node)).map(|name| &**name).unwrap_or_default();
        let texts = [&*outlet.id, outlet.name.map_or("", |name| &**name), owner, outlet.address.map_or("", |a| &**a)];
        let value = match list.sort {
            Sort::By(Order::Rate) => outlet.moves(),
            Sort::By(Order::Name) => None,
            Sort::By(_) | Sort::Caused | Sort::Throttled => outlet.queue_bytes.map(|n| n as f64),
        };
        let row = RowId::Port(outlet.id.clone());
        // Those for which processes wait come first whatever their number.
        let severity = outlet.n_writers.filter(|n| *n > 0).map(|_| Severity::from_per_mille(1000));
        let text = outlet.id.to_lowercase();
        filter.takes(texts.into_iter()).then_some(Place { severity, value, text, row })
    });
    sorted(places.collect(), list)
}

pub(super) fn tables(state: &State, list: &List) -> Vec<RowId> {
    let Some(vm) = state.vm() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let tables = listed(vm.reading.tables.as_ref()).iter();
    let places = tables.filter(|table| filter.takes(std::iter::once(&*table.name))).map(|table| {
        let value = match list.sort {
            Sort::By(Order::Number) => table.n_objects,
            Sort::By(_) | Sort::Caused | Sort::Throttled => table.bytes,
        };
        let owner = table.owner.as_ref().map(|owner| owner.text.clone());
        let row = RowId::Table(table.name.clone(), owner);
        Place::by_value(value.map(|n| n as f64), table.name.to_lowercase(), row)
    });
    sorted(places.collect(), list)
}

fn listed<T>(of: Option<&Listed<T>>) -> &[T] {
    of.map_or(&[], |listed| &listed.rows)
}

/// Where the process in focus is, as it is told.
pub(super) fn spots(state: &State, list: &List) -> Vec<RowId> {
    let spots = state.spots();
    let filter = Filter::of(list, &state.model);
    let text = |spot: &Spot<'_>| match spot {
        Spot::Top(seen, _) | Spot::Tag(seen, _) => seen.what.clone(),
        Spot::Frame(frame, _) => (*frame).clone(),
    };
    let taken = (0..).zip(&spots).filter(|(_, spot)| filter.takes(std::iter::once(&*text(spot))));
    told(taken.map(|(n, _)| RowId::Spot(n)).collect(), list)
}

/// Other processes around the one in focus, as they are told.
pub(super) fn relatives(state: &State, list: &List) -> Vec<RowId> {
    let filter = Filter::of(list, &state.model);
    let takes = |r: &&relatives::Relative| {
        let (name, node) = (r.pid.name.as_deref().unwrap_or_default(), r.pid.node.as_deref().unwrap_or_default());
        filter.takes([r.relation.word(), name, &*r.pid.text, node].into_iter())
    };
    let relatives = state.relatives();
    told(relatives.iter().filter(takes).map(|r| RowId::Relative(r.relation, r.key())).collect(), list)
}

fn told(mut rows: Vec<RowId>, list: &List) -> Vec<RowId> {
    if list.is_inverted {
        rows.reverse();
    }
    rows
}
