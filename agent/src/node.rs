//! What the agent derives of its node: severities, the worst queue, the worst delay.

use std::collections::VecDeque;

use midair_vitals::{
    Growth, NodeReading, NodeVitals, Queue, QueueVitals, Severities, Severity, TaskKind, TaskReading, WorstQueue,
    WorstTask, severity, window::RATE_MEAN_US,
};

use crate::{reading::Reading, tick::Tick};

/// The mean of the rate needs this much past before its fall means anything.
const RATE_PAST_US: u64 = 10_000_000;

/// Distance of the points from which the mean is taken: 120 of them make ten minutes.
const RATE_STEP_US: u64 = 5_000_000;

/// What is kept of the node from tick to tick.
#[derive(Debug, Default)]
pub struct NodeLedger {
    before: Option<NodeReading>,
    /// Run delay of all tasks seen, where no source adds it up.
    run_delay_us: u64,
    moved: Moved,
    orphans: Vec<(Queue, u64, Growth)>,
}

/// The two severities of a queue on its way to be the worst.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct QueueRank(Option<Severity>, f64, u64);

impl NodeLedger {
    /// Completes the node's reading: run delay, sums, worsts, severities.
    pub fn complete(&mut self, tick: &mut Tick) {
        let orphans = self.derive_orphans(&tick.reading);
        let worst_queue = worst_queue(tick, &orphans);
        let severity_queue = worst_queue.as_ref().map(|(rank, _)| rank.0);
        let worst_delay = worst_delay(tick);
        let missed_us: u64 = tick.reading.tasks.iter().filter(|t| t.kind != TaskKind::Thread).map(delay_of).sum();
        let has_delay = tick.reading.tasks.iter().any(|t| t.run_delay_us.is_some());
        self.run_delay_us += missed_us;

        let node = &mut tick.reading.node;
        node.run_delay_us = node.run_delay_us.or(has_delay.then_some(self.run_delay_us));
        node.sums = std::mem::take(&mut tick.reading.sums);
        node.worst_queue = worst_queue.map(|(_, worst)| worst);
        node.worst_delay = worst_delay;
        node.severities = Severities {
            // Where no queue is read at all, nothing is known of queues; where all are empty, they are well.
            queue: severity_queue.unwrap_or_else(|| (!node.sums.is_empty()).then(Severity::default)),
            rate: self.moved.severity(node),
            ..Severities::default()
        };
        let vitals = NodeVitals::derive(self.before.as_ref(), node);
        node.severities = vitals.severities;
        self.before = Some(node.clone());
    }

    fn derive_orphans(&mut self, reading: &Reading) -> Vec<(Queue, QueueVitals)> {
        let at_us = reading.node.at_us;
        let mut before = std::mem::take(&mut self.orphans);
        let mut derive = |queue: &Queue| {
            let earlier = before.iter_mut().find(|(b, ..)| b.is_same(queue));
            let (last, mut growth) = match earlier {
                Some((b, at, growth)) => (Some((b.clone(), *at)), std::mem::take(growth)),
                None => (None, Growth::default()),
            };
            if let Some(depth) = queue.depth {
                growth.push(at_us, depth as f64);
            }
            let vitals = QueueVitals::derive(last.as_ref().map(|(q, at)| (q, *at)), queue, at_us, &growth);
            self.orphans.push((queue.clone(), at_us, growth));
            (queue.clone(), vitals)
        };
        reading.orphans.iter().map(&mut derive).collect()
    }
}

/// Segments that moved through the node over the last ten minutes.
#[derive(Debug, Default)]
struct Moved {
    /// Time and cumulative count, in rising order of time.
    points: VecDeque<(u64, u64)>,
    /// Half of the time it was less; follows from the points, which change every few seconds.
    median: Option<f64>,
    last: Option<(u64, u64)>,
}

impl Moved {
    /// How far the rate has fallen below its mean.
    fn severity(&mut self, node: &NodeReading) -> Option<Severity> {
        let now = (node.at_us, node.tcp_in? + node.tcp_out?);
        let last = self.last.replace(now);
        if last.is_some_and(|(at_us, n)| now.0 <= at_us || now.1 < n) {
            // The counters or the clock began anew.
            self.points.clear();
        }
        let n_before = self.points.len();
        while self.points.front().is_some_and(|(at_us, _)| now.0 - at_us > RATE_MEAN_US) {
            self.points.pop_front();
        }
        let is_due = self.points.back().is_none_or(|(at_us, _)| now.0 - at_us >= RATE_STEP_US);
        if is_due {
            self.points.push_back(now);
        }
        if is_due || self.points.len() != n_before {
            self.median = self.median_of_points();
        }
        let first = *self.points.front().filter(|(at_us, _)| now.0 - at_us >= RATE_PAST_US)?;
        // One burst raises the mean for ten minutes: what falls back from it has not fallen from what was usual.
        let mean = rate_between(first, now)?;
        severity::rate(rate_between(last?, now), Some(self.median.map_or(mean, |median| median.min(mean))))
    }

    fn median_of_points(&self) -> Option<f64> {
        let pairs = self.points.iter().zip(self.points.iter().skip(1));
        let mut rates: Vec<f64> = pairs.filter_map(|(before, now)| rate_between(*before, *now)).collect();
        rates.sort_unstable_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    }
}

fn rate_between(before: (u64, u64), now: (u64, u64)) -> Option<f64> {
    midair_vitals::rate::per_second(Some(before.1), Some(now.1), before.0, now.0)
}

fn worst_queue(tick: &Tick, orphans: &[(Queue, QueueVitals)]) -> Option<(QueueRank, WorstQueue)> {
    let rank = |queue: &Queue, vitals: &QueueVitals| {
        QueueRank(vitals.severity, vitals.growth.unwrap_or(0.0), queue.depth.unwrap_or(0))
    };
    let owned = tick.tasks().filter(|(task, _)| task.kind != TaskKind::Thread).flat_map(|(task, vitals)| {
        let queues = task.queues().iter().zip(vitals.queues.iter());
        queues.map(move |(queue, v)| (rank(queue, v), Some(task.id), queue))
    });
    let all = owned.chain(orphans.iter().map(|(queue, v)| (rank(queue, v), None, queue)));
    let worst = all
        .filter(|(_, _, queue)| queue.depth.is_some())
        .max_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal))?;
    let (rank, task, queue) = worst;
    // An empty queue is nobody's trouble: it sets the severity, but there is no worst one to show.
    Some((rank, WorstQueue { task, queue: queue.clone() }))
}

/// The thread, or process with one thread, that waited longest for a CPU since the tick before.
fn worst_delay(tick: &Tick) -> Option<WorstTask> {
    let waited = tick.reading.tasks.iter().filter_map(|task| Some((waited(task)?, task)));
    let row = waited.max_by_key(|((value_us, _), _)| *value_us).map(|((value_us, over_us), worst)| WorstTask {
        task: worst.id,
        process: worst.process,
        name: worst.name.clone(),
        value_us,
        over_us,
    });
    let now_us = tick.reading.node.at_us;
    // What was not read at this tick has told its wait before.
    let threads = tick.reading.threads.rows().filter(|thread| thread.knows_delay && thread.now.at_us >= now_us);
    let waited =
        threads.filter_map(|thread| thread.gained().map(|(gained, over_us)| (gained.run_delay_ns, over_us, thread)));
    let thread = waited.max_by_key(|(delay_ns, ..)| *delay_ns).map(|(delay_ns, over_us, worst)| WorstTask {
        task: worst.id(),
        process: Some(u64::from(worst.process)),
        name: Some(worst.name()),
        value_us: delay_ns / 1000,
        over_us,
    });
    [row, thread].into_iter().flatten().max_by_key(|worst| worst.value_us).filter(|worst| worst.value_us > 0)
}

/// How long a single thread waited, and in which time. The first thread of several has no row of its own: the row of its
/// process stands for it, and says so where that thread is the worst.
fn waited(task: &TaskReading) -> Option<(u64, u64)> {
    if task.kind == TaskKind::Thread || task.n_threads.is_none_or(|n| n <= 1) {
        let previous = task.previous.as_ref()?;
        return Some((delay_of(task), task.at_us.checked_sub(previous.at_us)?));
    }
    let first = task.worst_thread.filter(|worst| worst.number == task.id.number)?;
    Some((first.run_delay_us, first.over_us))
}

/// Run delay since the tick before; zero where it is not known, which adds nothing to a sum and wins no comparison.
fn delay_of(task: &TaskReading) -> u64 {
    let before = task.previous.as_ref().and_then(|p| p.run_delay_us);
    midair_vitals::rate::advance(before, task.run_delay_us).unwrap_or(0)
}

#[cfg(test)]
mod tests;
