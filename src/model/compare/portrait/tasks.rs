//! The tasks of a node by name: those of one name are summed, for pids differ between nodes and between moments.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use midair_vitals::{Queue, QueueKind, QueueVitals, Severity, TaskId, TaskKind, Unit};

use super::{MEM, Of, QUEUE, RATE, SCHED, Value, value};
use crate::{
    event::Stream,
    model::{Latest, Node, Task, compare::measure::Measure},
};

/// All tasks of one name.
#[derive(Default)]
struct Sum {
    n: u64,
    cpu: Amount,
    delay: Amount,
    rss_bytes: Amount,
    rates: BTreeMap<Unit, f64>,
    /// Deepest queue per kind: unit, depth, severity.
    queues: BTreeMap<QueueKind, (Unit, u64, Option<Severity>)>,
    /// The one that has most memory, or is the first.
    most: Option<(u64, TaskId)>,
}

/// Whether all processes that the node counts are among its rows.
pub(super) fn are_all(node: &Node, latest: &Latest) -> bool {
    let is_process = |task: &&Task| matches!(task.reading.kind, TaskKind::Process | TaskKind::KernelThread);
    let n_known = node.tasks.values().filter(is_process).count() as u64;
    latest.reading.n_processes.is_some_and(|n| n_known >= n)
}

/// What the tasks of each name use, in the order of names.
pub(super) fn of(node: &Node) -> Vec<Value> {
    let mut sums: BTreeMap<(Arc<str>, Arc<str>), Sum> = BTreeMap::new();
    named(node).for_each(|(name, task)| sums.entry(name).or_default().add(task));
    sums.into_iter().flat_map(|((runtime, name), sum)| sum.values(&Of::Tasks(runtime, name))).collect()
}

/// How many rows of an order an agent sends at least, in its overview and in its detail stream (the contract's table of orders
/// says 3 and 20; half of it leaves room for rows that have just left).
const RANKED: [usize; 2] = [2, 10];

/// What a process that is not listed has at most: agents send those that have most of each.
pub(super) fn at_most(node: &Node, latest: &Latest) -> Vec<(&'static str, f64)> {
    if node.shed().iter().any(|what| what.starts_with("hot set")) {
        return Vec::new();
    }
    let n_ranked = match latest.stream {
        Stream::Overview => RANKED[0],
        Stream::Detail => RANKED[1],
    };
    let processes = || node.tasks.values().filter(|task| task.reading.kind == TaskKind::Process);
    let last = |value: fn(&Task) -> Option<f64>| {
        let mut known: Vec<f64> = processes().filter_map(value).collect();
        known.sort_by(|a, b| b.total_cmp(a));
        // What has nothing of it does not rank: where fewer do, all that have some are there.
        known.get(n_ranked - 1).copied().unwrap_or(0.0)
    };
    vec![
        ("cpu", last(|task| task.vitals.cpu)),
        ("delay", last(|task| task.vitals.delay)),
        ("mem", last(|task| task.reading.rss_bytes.map(|bytes| bytes as f64))),
    ]
}

/// Tasks of which nobody could read the queues.
pub(super) fn unread(node: &Node) -> BTreeSet<Of> {
    let hidden = named(node).filter(|(_, task)| task.reading.queues.is_none());
    hidden.map(|((runtime, name), _)| Of::Tasks(runtime, name)).collect()
}

/// The tasks that have a name, each with its runtime and name. Threads are parts of their processes.
fn named(node: &Node) -> impl Iterator<Item = ((Arc<str>, Arc<str>), &Task)> {
    node.tasks.values().filter(|task| task.reading.kind != TaskKind::Thread).filter_map(|task| {
        // What nobody has named yet is one with nothing.
        let name = task.reading.name.as_ref().or(task.reading.command.as_ref())?;
        Some(((runtime(node, task), name.clone()), task))
    })
}

/// The runtime that schedules it; empty for the kernel. The host in a VM's name differs from node to node.
fn runtime(node: &Node, task: &Task) -> Arc<str> {
    match task.id().runtime {
        0 => "".into(),
        other => {
            let name = node.runtime_name(other).unwrap_or_default();
            name.split_once('@').map_or(name, |(name, _)| name).into()
        }
    }
}

impl Sum {
    fn add(&mut self, task: &Task) {
        let (reading, vitals) = (&task.reading, &task.vitals);
        self.n += 1;
        self.cpu.add(vitals.cpu);
        self.delay.add(vitals.delay);
        self.rss_bytes.add(reading.rss_bytes.map(|bytes| bytes as f64));
        for rate in vitals.rates.iter() {
            if rate.rate_in.is_some() || rate.rate_out.is_some() {
                *self.rates.entry(rate.unit).or_default() += rate.rate_in.unwrap_or(0.0) + rate.rate_out.unwrap_or(0.0);
            }
        }
        for (queue, vitals) in task.queues() {
            self.add_queue(queue, vitals);
        }
        let most = (reading.rss_bytes.unwrap_or(0), task.id());
        if self.most.is_none_or(|known| most.0 > known.0) {
            self.most = Some(most);
        }
    }

    fn add_queue(&mut self, queue: &Queue, vitals: &QueueVitals) {
        // In what counts up for ever nothing waits.
        let Some(depth) = queue.depth.filter(|_| queue.unit != Unit::Events) else { return };
        let worst = self.queues.entry(queue.kind).or_insert((queue.unit, depth, vitals.severity));
        if (vitals.severity, depth) > (worst.2, worst.1) {
            *worst = (queue.unit, depth, vitals.severity);
        }
    }

    fn values(self, of: &Of) -> Vec<Value> {
        let mut values = vec![
            self.cpu.value(value(of, "cpu", SCHED, Measure::Cores, None)),
            self.delay.value(value(of, "delay", SCHED, Measure::Delay, None)),
            self.rss_bytes.value(value(of, "mem", MEM, Measure::Bytes, None)),
        ];
        values.extend(self.queues.into_iter().map(|(kind, (unit, depth, severity))| {
            let value = value(of, kind.word(), QUEUE, Measure::Depth(unit), Some(depth as f64));
            Value { severity, ..value }
        }));
        values.extend(self.rates.into_iter().map(|(unit, rate)| {
            let measure = if unit == Unit::Bytes { Measure::ByteRate } else { Measure::Rate(Some(unit)) };
            value(of, moving(unit), RATE, measure, Some(rate))
        }));
        values.push(value(of, "how many", None, Measure::Count, Some(self.n as f64)));
        let task = self.most.map(|(_, task)| task);
        values.into_iter().map(|value| Value { task, ..value }).collect()
    }
}

/// What several tasks have together, and one of them at most.
#[derive(Clone, Copy, Default)]
struct Amount {
    sum: Option<f64>,
    single: Option<f64>,
}

impl Amount {
    fn add(&mut self, more: Option<f64>) {
        if let Some(more) = more {
            self.sum = Some(self.sum.unwrap_or(0.0) + more);
            self.single = Some(self.single.map_or(more, |most| most.max(more)));
        }
    }

    fn value(self, of: Value) -> Value {
        Value { amount: self.sum, single: self.single, ..of }
    }
}

/// What moves, in a word.
fn moving(unit: Unit) -> &'static str {
    match unit {
        Unit::Messages => "messages",
        Unit::Bytes => "bytes",
        Unit::Connections => "connections",
        Unit::Waiters => "waiters",
        Unit::Segments => "segments",
        Unit::Reductions => "reductions",
        Unit::Polls => "polls",
        Unit::Events => "events",
    }
}
