//! What a hub keeps of the rows of one node's overview: how high each stands in the orders by which tasks are ranked in the
//! whole cluster. Rates follow from counters as everywhere; growth is over five to ten seconds.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use midair_proto::v1::{QueueKind, TaskKind};
use midair_vitals::{
    Queue,
    rate::{per_second, share},
    severity,
};

use super::reading::{self, Task};
use crate::wire;

/// Most rows of one node (the overview has 40), and most queues of one row: one of each kind.
const ROWS_MAX: usize = 80;
const QUEUES_MAX: usize = N_KINDS;

/// Kinds of queues: numbers of `QueueKind` from 1.
const N_KINDS: usize = QueueKind::MessageQueue as usize;

/// Growth is measured from a level of at least so long ago, milliseconds, and at most twice that.
const GROWTH_MS: u32 = 5_000;

/// Orders of tasks: first these, then the levels of the queues of each kind, then their growth.
#[derive(Clone, Copy, Debug)]
enum Order {
    Severity,
    Cpu,
    Delay,
    Mem,
    MemGrowth,
    Rate,
    Active,
    ErlangRate,
    ErlangMem,
    ErlangMemGrowth,
    Binary,
    BinaryGrowth,
    ThreadCpu,
    ThreadDelay,
}

const N_PLAIN: usize = Order::ThreadDelay as usize + 1;

/// How many orders there are.
pub(super) const N_ORDERS: usize = N_PLAIN + 2 * N_KINDS;

/// How high the first row of a node stands in each order; 0: not at all.
pub(super) type Scores = [f32; N_ORDERS];

/// The rows of one node.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    rows: Vec<Row>,
    /// Start of the last sweep over the tasks, by the agent's monotonic clock.
    swept_us: u64,
}

/// One row.
#[derive(Debug)]
struct Row {
    /// Runtime, number and start in one number: rows are told apart by it, and nothing else is asked of it.
    id: u64,
    kind: i32,
    /// In the last sample.
    is_told: bool,
    read_us: u64,
    cpu_us: Option<u64>,
    delay_us: Option<u64>,
    moved: Option<u64>,
    mem: Level,
    binary: Level,
    active_milli: u32,
    /// Per second, while the row was told in the last sample.
    cpu: f32,
    delay: f32,
    rate: f32,
    queues: Vec<RowQueue>,
}

/// The worst queue of a kind.
#[derive(Clone, Debug)]
struct RowQueue {
    kind: usize,
    severity: f32,
    depth: Level,
}

/// A level, and what it was. There are a million of these: their times are milliseconds of a clock that goes round.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    now: f32,
    /// When it was what; the older first.
    before: Option<[(u32, f32); 2]>,
}

impl Level {
    fn push(&mut self, at_us: u64, now: f32) {
        self.now = now;
        let at_ms = millis(at_us);
        self.before = match self.before {
            None => Some([(at_ms, now); 2]),
            Some([_, last]) if at_ms.wrapping_sub(last.0) >= GROWTH_MS => Some([last, (at_ms, now)]),
            known => known,
        };
    }

    /// Per second; 0 where it does not grow, or nobody knows yet.
    fn growth(&self, at_us: u64) -> f32 {
        let Some([(from_ms, from), _]) = self.before else { return 0.0 };
        let over_ms = millis(at_us).wrapping_sub(from_ms);
        if over_ms == 0 { 0.0 } else { ((self.now - from) * 1e3 / over_ms as f32).max(0.0) }
    }
}

fn millis(us: u64) -> u32 {
    (us / 1_000) as u32
}

impl Tasks {
    /// Forgets all: the agent began anew.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    /// What a sample says of rows. A key names all that there are.
    pub(super) fn apply(&mut self, sample: reading::Sample, is_key: bool, at_us: u64) {
        let swept_us = sample.tasks_mono_us.unwrap_or(at_us);
        let by_us = swept_us.saturating_sub(std::mem::replace(&mut self.swept_us, swept_us));
        self.rows.iter_mut().for_each(|row| row.is_told = false);
        for gone in sample.left.iter().chain(&sample.died).map(number) {
            self.rows.retain(|row| row.id != gone);
        }
        for task in sample.tasks {
            let Some(id) = task.id.as_ref().map(number) else { continue };
            if let Some(row) = self.rows.iter_mut().find(|row| row.id == id) {
                row.apply(task, row.read_us + by_us);
            } else if self.rows.len() < ROWS_MAX {
                self.rows.push(Row::new(id, task, swept_us));
            }
        }
        if is_key {
            self.rows.retain(|row| row.is_told);
        }
        for row in self.rows.iter_mut().filter(|row| !row.is_told) {
            // It was read again, and gained nothing.
            row.read_us += by_us;
            (row.cpu, row.delay, row.rate) = (0.0, 0.0, 0.0);
        }
    }

    /// The highest of its rows in each order.
    pub(super) fn scores(&self) -> Scores {
        let mut scores = [0.0; N_ORDERS];
        for row in &self.rows {
            row.score(&mut scores);
        }
        scores
    }
}

impl Row {
    fn new(id: u64, task: Task, swept_us: u64) -> Self {
        let previous = task.previous.clone().unwrap_or_default();
        let before = |counter: Option<u64>| counter.filter(|_| previous.mono_us.is_some());
        let mut row = Self {
            id,
            kind: 0,
            is_told: true,
            read_us: previous.mono_us.unwrap_or(swept_us),
            cpu_us: before(previous.cpu_us),
            delay_us: before(previous.run_delay_us),
            moved: previous.flows.as_ref().and_then(moved),
            mem: Level::default(),
            binary: Level::default(),
            active_milli: 0,
            cpu: 0.0,
            delay: 0.0,
            rate: 0.0,
            queues: Vec::new(),
        };
        row.apply(task, swept_us);
        row
    }

    fn apply(&mut self, task: Task, read_us: u64) {
        let (before_us, now_us) = (self.read_us, task.mono_us.unwrap_or(read_us));
        (self.read_us, self.is_told) = (now_us, true);
        self.kind = task.kind.unwrap_or(self.kind);
        let gained = |before: Option<u64>, now: Option<u64>| share(before, now.or(before), before_us, now_us);
        self.cpu = gained(self.cpu_us, task.cpu_us).unwrap_or(0.0) as f32;
        self.delay = gained(self.delay_us, task.run_delay_us).unwrap_or(0.0) as f32;
        let now = task.flows.as_ref().and_then(moved).or(self.moved);
        self.rate = per_second(self.moved, now, before_us, now_us).unwrap_or(0.0) as f32;
        (self.cpu_us, self.delay_us) = (task.cpu_us.or(self.cpu_us), task.run_delay_us.or(self.delay_us));
        self.moved = now;
        self.active_milli = task.active_milli.unwrap_or(self.active_milli);
        if let Some(bytes) = task.rss_bytes {
            self.mem.push(now_us, bytes as f32);
        }
        if let Some(bytes) = task.binary_bytes {
            self.binary.push(now_us, bytes as f32);
        }
        if let Some(queues) = task.queues {
            self.queues(&queues, now_us);
        }
    }

    fn queues(&mut self, sent: &reading::Queues, at_us: u64) {
        let mut before = std::mem::take(&mut self.queues);
        for sent in sent.queue.iter().take(QUEUES_MAX) {
            let (Some(kind), Some(unit)) = (sent.kind, sent.unit) else { continue };
            let Some((known, unit)) = wire::queue_kind(kind).zip(wire::unit(unit)) else { continue };
            // What counts events says nothing of how bad things are.
            if known == midair_vitals::QueueKind::Event {
                continue;
            }
            let queue = Queue { depth: sent.depth, limit: sent.limit, ..Queue::unknown(known, unit) };
            let severity = severity::queue(&queue, None).map_or(0.0, |severity| severity.per_mille() as f32);
            let kind = kind as usize - 1;
            let earlier = before.iter().position(|queue| queue.kind == kind).map(|n| before.swap_remove(n).depth);
            let mut depth = earlier.unwrap_or_default();
            depth.push(at_us, sent.depth.unwrap_or(0) as f32);
            self.queues.push(RowQueue { kind, severity, depth });
        }
    }

    fn score(&self, scores: &mut Scores) {
        let mut is = |order: usize, value: f32| scores[order] = scores[order].max(value);
        let of = |is: &mut dyn FnMut(usize, f32), orders: [(Order, f32); 4]| {
            orders.into_iter().for_each(|(order, value)| is(order as usize, value));
        };
        let (mem, mem_growth) = (self.mem.now, self.mem.growth(self.read_us));
        match TaskKind::try_from(self.kind) {
            Ok(TaskKind::Thread) => {
                is(Order::ThreadCpu as usize, self.cpu);
                is(Order::ThreadDelay as usize, self.delay);
                return;
            }
            Ok(TaskKind::Erlang) => {
                let (mem, growth) = ((Order::ErlangMem, mem), (Order::ErlangMemGrowth, mem_growth));
                of(&mut is, [(Order::Active, self.active_milli as f32), (Order::ErlangRate, self.rate), mem, growth]);
                is(Order::Binary as usize, self.binary.now);
                is(Order::BinaryGrowth as usize, self.binary.growth(self.read_us));
            }
            _ => {
                of(
                    &mut is,
                    [
                        (Order::Cpu, self.cpu),
                        (Order::Delay, self.delay),
                        (Order::Mem, mem),
                        (Order::MemGrowth, mem_growth),
                    ],
                );
                is(Order::Rate as usize, self.rate);
            }
        }
        let sched = severity::sched(Some(self.cpu.into()), Some(self.delay.into()), None, None);
        is(Order::Severity as usize, sched.map_or(0.0, |severity| severity.per_mille() as f32));
        for queue in &self.queues {
            is(Order::Severity as usize, queue.severity);
            is(N_PLAIN + queue.kind, queue.severity * DEEP + queue.depth.now.max(1.0).log2());
            is(N_PLAIN + N_KINDS + queue.kind, queue.depth.growth(self.read_us));
        }
    }
}

/// Queues of one severity are told apart by their depth (its binary logarithm, below 64).
const DEEP: f32 = 64.0;

fn number(id: &reading::TaskId) -> u64 {
    FixedState::default().hash_one((id.runtime, id.number, id.start))
}

/// What came in and went out in the first unit that is known.
fn moved(flows: &reading::Flows) -> Option<u64> {
    flows.flow.iter().find_map(|flow| match (flow.n_in, flow.n_out) {
        (None, None) => None,
        (n_in, n_out) => Some(n_in.unwrap_or(0).saturating_add(n_out.unwrap_or(0))),
    })
}

#[cfg(test)]
mod tests;
