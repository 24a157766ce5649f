//! Queues: of one task, and of all tasks of a node.

use std::cmp::Ordering;

use midair_vitals::{Order, Queue, QueueVitals, TaskKind};

use super::{Filter, List, RowId, State};
use crate::app::sort::Sort;

/// Queues of a node that are listed at most: the worst.
const N_QUEUES: usize = 1000;

/// Those of the task in focus.
pub(super) fn of_task(state: &State, list: &List) -> Vec<RowId> {
    let Some(task) = state.task() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let mut queues: Vec<(&Queue, &QueueVitals)> = task.queues().filter(|(q, _)| takes(&filter, q, &[])).collect();
    queues.sort_by(|(a, a_vitals), (b, b_vitals)| {
        compare((a, a_vitals), (b, b_vitals), list).then_with(|| (a.kind, a.number).cmp(&(b.kind, b.number)))
    });
    queues.into_iter().map(|(queue, _)| RowId::Queue(queue.kind, queue.number)).collect()
}

/// Those of all tasks of the node, as far as their rows tell them.
pub(super) fn of_node(state: &State, list: &List) -> Vec<RowId> {
    let Some(node) = state.node() else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let tasks = node.tasks.values().filter(|task| task.reading.kind != TaskKind::Thread);
    let mut queues: Vec<_> = tasks.flat_map(|task| task.queues().map(move |(q, v)| (task, q, v))).collect();
    queues.retain(|(task, queue, _)| takes(&filter, queue, &[&task.title()]));
    queues.sort_by(|(a_task, a, a_vitals), (b_task, b, b_vitals)| {
        let same = || (a_task.id(), a.kind, a.number).cmp(&(b_task.id(), b.kind, b.number));
        compare((a, a_vitals), (b, b_vitals), list).then_with(same)
    });
    queues.truncate(N_QUEUES);
    let row = |(task, queue, _): (&crate::model::Task, &Queue, &QueueVitals)| {
        RowId::OwnedQueue(node.id.clone(), task.id(), queue.kind, queue.number)
    };
    queues.into_iter().map(row).collect()
}

fn takes(filter: &Filter, queue: &Queue, more: &[&str]) -> bool {
    let label = queue.label.as_deref().unwrap_or_default();
    let peer = queue.peer_name.as_deref().unwrap_or_default();
    filter.takes([queue.kind.word(), label, peer].into_iter().chain(more.iter().copied()))
}

fn compare((a, a_vitals): (&Queue, &QueueVitals), (b, b_vitals): (&Queue, &QueueVitals), list: &List) -> Ordering {
    let label = |queue: &Queue| queue.label.clone().unwrap_or_default();
    let growth = |v: &QueueVitals| v.growth.unwrap_or(f64::NEG_INFINITY);
    let by_growth = || growth(b_vitals).total_cmp(&growth(a_vitals));
    let rate = |v: &QueueVitals| v.rate_in.unwrap_or(0.0) + v.rate_out.unwrap_or(0.0);
    // What is known decides first: what is unknown comes last, also when the order is turned round.
    let known = |of: fn(&Queue, &QueueVitals) -> bool| of(b, b_vitals).cmp(&of(a, a_vitals));
    let (known, ranks) = match list.sort {
        Sort::By(Order::QueueGrowth | Order::MemGrowth) => (known(|_, v| v.growth.is_some()), by_growth()),
        Sort::By(Order::Drops) => (known(|_, v| v.drops.is_some()), b_vitals.drops.cmp(&a_vitals.drops)),
        Sort::By(Order::Rate) => {
            let is_known = known(|_, v| v.rate_in.is_some() || v.rate_out.is_some());
            (is_known, rate(b_vitals).total_cmp(&rate(a_vitals)))
        }
        Sort::By(Order::Name) => (Ordering::Equal, (a.kind, label(a)).cmp(&(b.kind, label(b)))),
        Sort::By(Order::Number) => (Ordering::Equal, b.number.cmp(&a.number)),
        Sort::By(
            Order::Severity
            | Order::Queue
            | Order::Cpu
            | Order::Delay
            | Order::Mem
            | Order::Age
            | Order::Active
            | Order::Binary
            | Order::BinaryGrowth,
        )
        | Sort::Caused
        | Sort::Throttled => {
            let by_severity = b_vitals.severity.cmp(&a_vitals.severity).then_with(by_growth);
            (
                known(|q, _| q.depth.is_some()),
                by_severity.then_with(|| b.unit.cmp(&a.unit)).then_with(|| b.depth.cmp(&a.depth)),
            )
        }
    };
    let ranks = if list.is_inverted { ranks.reverse() } else { ranks };
    known.then(ranks)
}
