//! What stands beside the nodes and tasks of the whole cluster: groups of nodes, and VMs by the links that lead to them.

use midair_vitals::{Order, Severity};

use super::{
    Filter, List, RowId, State,
    measured::{Place, sorted},
};
use crate::{
    app::sort::Sort,
    model::{Vital, cluster::Summary, links::Peer},
};

pub(super) fn groups(state: &State, list: &List) -> Vec<RowId> {
    let filter = Filter::of(list, &state.model);
    let place = |group: &Summary| {
        let vital = match list.sort {
            Sort::By(Order::Delay) => Vital::Sched,
            Sort::By(Order::Mem) => Vital::Mem,
            Sort::By(Order::Queue) => Vital::Queue,
            Sort::By(Order::Rate) => Vital::Rate,
            Sort::By(_) | Sort::Caused | Sort::Throttled => Vital::Worst,
        };
        let spread = group.spread(vital);
        let (severity, value) = match list.sort {
            Sort::By(Order::Number) => (None, Some((group.n_nodes - group.n_heard) as f64)),
            _ => (
                spread.map(|spread| spread.worst),
                spread.map(|spread| f64::from(spread.p99.per_mille() * 1_000 + spread.median.per_mille())),
            ),
        };
        let text = group.value.as_deref().unwrap_or_default().to_lowercase();
        Place { severity, value, text, row: RowId::Group(group.value.clone()) }
    };
    let takes = |group: &&Summary| filter.takes(group.value.as_deref().into_iter());
    sorted(state.summaries().iter().filter(takes).map(place).collect(), list)
}

/// First to whom most are held up, then whose links are fullest.
pub(super) fn peers(state: &State, list: &List) -> Vec<RowId> {
    let filter = Filter::of(list, &state.model);
    let place = |peer: &Peer| {
        let pending = peer.pending_bytes.unwrap_or(0) as f64;
        let (severity, value) = match list.sort {
            Sort::By(Order::Queue) => (None, Some(pending)),
            Sort::By(Order::Number) => (None, Some(peer.n_all() as f64)),
            Sort::By(_) | Sort::Caused | Sort::Throttled => {
                (Some(trouble(peer)), Some(pending + peer.busy_from.len() as f64 * 1e15 + peer.n_lost as f64))
            }
        };
        Place { severity, value, text: peer.name.to_lowercase(), row: RowId::Peer(peer.name.clone()) }
    };
    let takes = |peer: &&Peer| filter.takes(std::iter::once(&*peer.name));
    sorted(state.model.link_peers().values().filter(takes).map(place).collect(), list)
}

/// How bad it is what leads to a VM: how full its links are, and whether it was lost.
pub(in crate::app) fn trouble(peer: &Peer) -> Severity {
    let lost = if peer.n_lost > 0 { (peer.n_lost * 1_000 / peer.n_all().max(1)) as u32 } else { 0 };
    peer.fill.unwrap_or_default().max(Severity::from_per_mille(lost.min(900)))
}
