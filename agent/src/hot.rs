//! Which rows stand in the base streams: the first of each order, and those that were, for ten ticks more.

mod kept;

use std::cmp::Ordering;

use midair_proto::v1::Stream;
use midair_vitals::{Order, QueueKind, Rank, Severity, TaskId, TaskKind, TaskReading, TaskVitals, window::HOLD_TICKS};

pub use kept::{Chosen, Kept, is_noted};

use crate::{numbers::TaskMap, tick::Tick};

/// The orders that every kind of task but threads is ranked by.
const ORDERS: [Order; 7] =
    [Order::Severity, Order::Cpu, Order::Delay, Order::Mem, Order::MemGrowth, Order::Rate, Order::Drops];

/// The orders that Erlang processes are ranked by among themselves: beside the processes of the kernel their memory is
/// little, and nothing else has these numbers.
const ERLANG_ORDERS: [Order; 6] =
    [Order::Active, Order::Rate, Order::Mem, Order::MemGrowth, Order::Binary, Order::BinaryGrowth];

/// The orders that threads are ranked by, after all others: a process stands for its threads but where one of them burns
/// or starves.
const THREAD_ORDERS: [Order; 2] = [Order::Cpu, Order::Delay];

/// How many rows a stream takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Of each order.
    pub top: usize,
    /// Of all together.
    pub rows: usize,
}

/// How many rows a stream takes (the table in sample.proto).
pub fn size(stream: Stream) -> Size {
    match stream {
        Stream::Overview => Size { top: 3, rows: 40 },
        Stream::Detail | Stream::Unspecified => Size { top: 20, rows: 200 },
    }
}

/// The rows of one stream.
#[derive(Debug)]
pub struct Hot {
    size: Size,
    rows_most: usize,
    /// Tick at which a row last ranked.
    ranked: TaskMap<u64>,
}

impl Hot {
    /// No rows yet.
    pub fn new(stream: Stream) -> Self {
        Self { size: size(stream), rows_most: usize::MAX, ranked: TaskMap::default() }
    }

    /// From now on at most so many rows, and never more than the stream takes.
    pub fn bound(&mut self, rows: usize) {
        self.rows_most = rows;
    }

    /// The tasks that ranked within the last ticks.
    pub fn held(&self) -> impl Iterator<Item = TaskId> {
        self.ranked.keys().copied()
    }

    /// Nobody looks: what ranked is forgotten, so that nothing of it is held when somebody does.
    pub fn rest(&mut self) {
        self.ranked.clear();
    }

    /// The rows of this tick as places in its reading: those that rank, best places first, then those that are held.
    pub fn choose(&mut self, tick: &Tick, lists: &Lists) -> Vec<usize> {
        let most = self.size.rows.min(self.rows_most);
        let mut rows = Vec::with_capacity(most);
        let mut is_chosen = vec![false; tick.reading.tasks.len()];
        // Round by round through the orders, so that the cut takes the lower places and never a whole order.
        for place in 0..self.size.top {
            for list in &lists.0 {
                let Some(n) = list.places.get(place).copied() else { continue };
                if rows.len() < most && !std::mem::replace(&mut is_chosen[n], true) {
                    rows.push(n);
                }
            }
        }
        for n in &rows {
            if let Some(task) = tick.reading.tasks.get(*n) {
                self.ranked.insert(task.id, tick.number);
            }
        }
        let mut held: Vec<(u64, usize)> = Vec::new();
        self.ranked.retain(|id, last| {
            if tick.number.saturating_sub(*last) > u64::from(HOLD_TICKS) {
                return false;
            }
            let place = tick.place(id);
            held.extend(place.filter(|n| !is_chosen[*n]).map(|n| (*last, n)));
            place.is_some() || tick.is_alive(id)
        });
        held.sort_unstable_by(|a, b| b.cmp(a));
        let room = most - rows.len();
        rows.extend(held.into_iter().take(room).map(|(_, n)| n));
        rows
    }
}

/// Each order's first, made once per tick for all streams.
#[derive(Debug, Default)]
pub struct Lists(Vec<List>);

/// The first of one order.
#[derive(Debug)]
struct List {
    by: By,
    /// As places in the reading.
    places: Vec<usize>,
}

/// By what tasks are ranked, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// All but threads.
    Tasks(Order),
    /// All but threads, by their worst queue of a kind.
    Level,
    /// All but threads, by their fastest growing queue of a kind.
    Growth,
    /// Erlang processes among themselves.
    Erlang(Order),
    /// Threads.
    Threads(Order),
}

impl Lists {
    /// Ranks all tasks of a tick for all streams.
    pub fn of(tick: &Tick) -> Self {
        Self::within(tick, Stream::Detail)
    }

    /// Ranks them as far as this stream asks.
    pub fn within(tick: &Tick, stream: Stream) -> Self {
        let top = size(stream).top;
        let not_threads: Vec<usize> = places(tick, |task| task.kind != TaskKind::Thread);
        let threads: Vec<usize> = places(tick, |task| task.kind == TaskKind::Thread);
        let has_queues = |n: &usize| !tick.reading.tasks[*n].queues().is_empty();
        let with_queues: Vec<usize> = not_threads.iter().copied().filter(has_queues).collect();
        let is_there = |kind: QueueKind| {
            let mut queues = with_queues.iter().flat_map(|n| tick.reading.tasks[*n].queues());
            queues.any(|queue| queue.kind == kind)
        };
        let mut lists: Vec<List> = Vec::with_capacity(32);
        let ranked = |by: By, order: Order, among: &[usize]| {
            let rank = |task: &TaskReading, vitals: &TaskVitals| {
                Some(Rank::of(order, task, vitals)).filter(|rank| !rank.is_nothing())
            };
            List { by, places: first(tick, among, top, rank, Rank::compare) }
        };
        lists.extend(ORDERS.map(|order| ranked(By::Tasks(order), order, &not_threads)));
        // The count of an eventfd says nothing of how bad things are.
        for kind in QueueKind::ALL.into_iter().filter(|kind| *kind != QueueKind::Event && is_there(*kind)) {
            let levels = first(tick, &with_queues, top, |t, v| level(kind, t, v), compare);
            let growing = first(tick, &with_queues, top, |t, v| growth(kind, t, v), compare);
            lists.extend([List { by: By::Level, places: levels }, List { by: By::Growth, places: growing }]);
        }
        let erlang: Vec<usize> = places(tick, |task| task.kind == TaskKind::Erlang);
        lists.extend(ERLANG_ORDERS.map(|order| ranked(By::Erlang(order), order, &erlang)));
        lists.extend(THREAD_ORDERS.map(|order| ranked(By::Threads(order), order, &threads)));
        Self(lists)
    }
}

/// The threads that rank by CPU or run delay and have no row yet: as many of each as the stream takes. Where there is a
/// black box, also all that are noted there.
pub fn threads(tick: &Tick, stream: Stream, is_kept: bool) -> Vec<TaskId> {
    let top = size(stream).top;
    let per_second = |ns: u64, over_us: u64| ns as f64 / over_us.max(1) as f64;
    let used = tick.reading.threads.rows().filter_map(|thread| thread.gained().map(|gained| (thread, gained)));
    let (mut by_cpu, mut by_delay, mut noted) = (Vec::new(), Vec::new(), Vec::new());
    for (thread, (gained, over_us)) in used {
        // Most do nothing, and need not be looked for among the rows.
        if gained.cpu_ns == 0 && gained.run_delay_ns == 0 || tick.place(&thread.id()).is_some() {
            continue;
        }
        let delay_ns = if thread.knows_delay { gained.run_delay_ns } else { 0 };
        if is_kept && kept::is_much(gained.cpu_ns.max(delay_ns) as f64 / 1e3, over_us) {
            noted.push(thread.id());
        }
        if gained.cpu_ns > 0 {
            by_cpu.push((per_second(gained.cpu_ns, over_us), thread.id()));
        }
        if gained.run_delay_ns > 0 && thread.knows_delay {
            by_delay.push((per_second(gained.run_delay_ns, over_us), thread.id()));
        }
    }
    for list in [&mut by_cpu, &mut by_delay] {
        let descending = |a: &(f64, TaskId), b: &(f64, TaskId)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if list.len() > top {
            list.select_nth_unstable_by(top, descending);
            list.truncate(top);
        }
    }
    noted.truncate(kept::N_NOTED);
    by_cpu.into_iter().chain(by_delay).map(|(_, id)| id).chain(noted).collect()
}

type QueueRank = (Option<Severity>, f64, u64);

fn compare(a: &QueueRank, b: &QueueRank) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

fn places(tick: &Tick, is_wanted: impl Fn(&TaskReading) -> bool) -> Vec<usize> {
    tick.reading.tasks.iter().enumerate().filter(|(_, task)| is_wanted(task)).map(|(n, _)| n).collect()
}

/// The first of those that rank at all.
fn first<R>(
    tick: &Tick,
    among: &[usize],
    top: usize,
    rank: impl Fn(&TaskReading, &TaskVitals) -> Option<R>,
    compare: impl Fn(&R, &R) -> Ordering,
) -> Vec<usize> {
    let ranked = |n: &usize| Some((rank(tick.reading.tasks.get(*n)?, tick.vitals.get(*n)?)?, *n));
    let mut ranked: Vec<(R, usize)> = among.iter().filter_map(ranked).collect();
    let descending = |a: &(R, usize), b: &(R, usize)| compare(&b.0, &a.0).then(a.1.cmp(&b.1));
    if ranked.len() > top {
        ranked.select_nth_unstable_by(top, descending);
        ranked.truncate(top);
    }
    ranked.sort_unstable_by(descending);
    ranked.into_iter().map(|(_, n)| n).collect()
}

/// A task's worst queue of a kind; nothing where all are empty.
fn level(kind: QueueKind, task: &TaskReading, vitals: &TaskVitals) -> Option<QueueRank> {
    let queues = task.queues().iter().zip(vitals.queues.iter()).filter(|(queue, _)| queue.kind == kind);
    queues
        .filter(|(queue, _)| queue.depth.is_some_and(|depth| depth > 0))
        .map(|(queue, v)| (v.severity, v.growth.unwrap_or(0.0), queue.depth.unwrap_or(0)))
        .max_by(compare)
}

/// A task's fastest growing queue of a kind; nothing where none grows.
fn growth(kind: QueueKind, task: &TaskReading, vitals: &TaskVitals) -> Option<QueueRank> {
    let queues = task.queues().iter().zip(vitals.queues.iter()).filter(|(queue, _)| queue.kind == kind);
    queues
        .filter_map(|(queue, v)| Some((None, v.growth.filter(|g| *g > 0.0)?, queue.depth.unwrap_or(0))))
        .max_by(compare)
}

#[cfg(test)]
mod tests;
