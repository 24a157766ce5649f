//! The tasks of a node by name: those of one name are summed, for pids differ between nodes and between moments.

use std::{collections::BTreeMap, sync::Arc};

use midair_vitals::{Queue, QueueKind, QueueVitals, Severity, TaskId, TaskKind, Unit};

use super::{MEM, Of, QUEUE, RATE, SCHED, Value, value};
use crate::model::{Latest, Node, Task, compare::measure::Measure};

/// All tasks of one name.
#[derive(Default)]
struct Sum {
    n: u64,
    cpu: Option<f64>,
    delay: Option<f64>,
    rss_bytes: Option<f64>,
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

/// What the tasks of each name use, in the order of names. Threads are parts of their processes.
pub(super) fn of(node: &Node) -> Vec<Value> {
    let mut sums: BTreeMap<(Arc<str>, Arc<str>), Sum> = BTreeMap::new();
    for task in node.tasks.values().filter(|task| task.reading.kind != TaskKind::Thread) {
        // What nobody has named yet is one with nothing.
        let Some(name) = task.reading.name.as_ref().or(task.reading.command.as_ref()) else { continue };
        sums.entry((runtime(node, task), name.clone())).or_default().add(task);
    }
    sums.into_iter().flat_map(|((runtime, name), sum)| sum.values(&Of::Tasks(runtime, name))).collect()
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
        plus(&mut self.cpu, vitals.cpu);
        plus(&mut self.delay, vitals.delay);
        plus(&mut self.rss_bytes, reading.rss_bytes.map(|bytes| bytes as f64));
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
            value(of, "cpu", SCHED, Measure::Cores, self.cpu),
            value(of, "delay", SCHED, Measure::Delay, self.delay),
            value(of, "mem", MEM, Measure::Bytes, self.rss_bytes),
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

fn plus(sum: &mut Option<f64>, more: Option<f64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or(0.0) + more);
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
