//! Which rows a black box keeps: all that are noted in a second, and beside them the first of each order that mean
//! something.
//!
//! A stream for eyes may change all its rows each second; what is kept for a day may not. So tasks that differ by noise do
//! not push each other out: below what is noted only few rows enter in a second.

use midair_vitals::{Order, TaskId, TaskKind, TaskReading, TaskVitals};

use super::{By, Lists};
use crate::{
    numbers::{TaskMap, TaskSet},
    tick::Tick,
};

/// A task is noted in each second in which it uses so much of a core or waits for so much of a second.
const NOTED_SHARE: f64 = 0.01;

/// Or has a queue of this severity, per mille.
const NOTED_QUEUE: u32 = 200;

/// So many are noted at most: when a host of 3,000 threads stands still for a moment, hundreds of them and their processes
/// wait at once.
pub(super) const N_NOTED: usize = 1_024;

/// Rows beside those that are noted, at most.
const N_RANKED: usize = 120;

/// All rows together, those that are held included.
const N_ROWS: usize = 1_536;

/// So many rows that are not noted enter in one tick at most.
const N_ENTER: usize = 4;

/// A row stays for so many ticks after it was last noted or ranked: to stand costs less than to come and go.
const HOLD_TICKS: u64 = 20;

/// Below this an order says nothing: shares of a core or of a second, bytes a second, messages a second.
const SHARE: f64 = 0.002;
const BYTES_PER_S: f64 = 65_536.0;
const MOVED_PER_S: f64 = 10.0;
const SEVERITY: u32 = 50;
const ACTIVE_MILLI: u32 = 100;

/// Whether so many microseconds of so many are enough to be noted.
pub(super) fn is_much(us: f64, over_us: u64) -> bool {
    us >= NOTED_SHARE * over_us as f64 && us > 0.0
}

/// Whether a task is noted in the second of this reading: it used 1 % of a core, waited for 1 % of the time, or has a queue
/// of severity 20.
pub fn is_noted(vitals: &TaskVitals) -> bool {
    let is_much = |share: Option<f64>| share.is_some_and(|share| share >= NOTED_SHARE);
    let queues = vitals.queues.iter().filter_map(|queue| queue.severity);
    is_much(vitals.cpu) || is_much(vitals.delay) || queues.max().is_some_and(|s| s.per_mille() >= NOTED_QUEUE)
}

/// The rows of a black box.
#[derive(Debug)]
pub struct Kept {
    /// Tick at which a row was last noted or ranked.
    ranked: TaskMap<u64>,
    most: usize,
}

/// The rows of one tick.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// As places in the reading; those that are noted come first.
    pub rows: Vec<usize>,
    /// How many are noted.
    pub n_noted: usize,
    /// How many are noted or rank; those after them did so a while ago.
    pub n_ranked: usize,
}

impl Chosen {
    /// Those that are noted or rank in this tick.
    pub fn ranked(&self) -> &[usize] {
        self.rows.get(..self.n_ranked).unwrap_or_default()
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self { ranked: TaskMap::default(), most: usize::MAX }
    }
}

impl Kept {
    /// From now on at most so many rows beside those that are noted.
    pub fn bound(&mut self, rows: usize) {
        self.most = rows;
    }

    /// The rows of this tick.
    pub fn choose(&mut self, tick: &Tick, lists: &Lists) -> Chosen {
        let mut rows: Vec<usize> = (0..tick.vitals.len()).filter(|n| is_noted(&tick.vitals[*n])).collect();
        // Of far too many those that were there before: else no row would stand long enough to be read.
        rows.sort_by_key(|n| tick.reading.tasks.get(*n).is_none_or(|task| !self.ranked.contains_key(&task.id)));
        rows.truncate(N_NOTED);
        let n_noted = rows.len();
        let mut is_chosen = vec![false; tick.reading.tasks.len()];
        rows.iter().for_each(|n| is_chosen[*n] = true);
        let mut ids: TaskSet = rows.iter().filter_map(|n| Some(tick.reading.tasks.get(*n)?.id)).collect();
        let (mut n_entered, most) = (0, n_noted + N_RANKED.min(self.most));
        for (n, task) in ranking(tick, lists) {
            if is_chosen[n] {
                continue;
            }
            if rows.len() == most {
                break;
            }
            if !self.ranked.contains_key(&task.id) {
                if n_entered == N_ENTER {
                    continue;
                }
                n_entered += 1;
            }
            is_chosen[n] = true;
            ids.insert(task.id);
            rows.push(n);
        }
        let n_ranked = rows.len();
        self.hold(tick, &ids, (&mut rows, &is_chosen));
        rows.truncate(N_ROWS);
        Chosen { rows, n_noted, n_ranked }
    }

    /// Those that ranked within the last ticks stay.
    fn hold(&mut self, tick: &Tick, ids: &TaskSet, (rows, is_chosen): (&mut Vec<usize>, &[bool])) {
        self.ranked.extend(ids.iter().map(|id| (*id, tick.number)));
        self.ranked.retain(|id, last| {
            if tick.number.saturating_sub(*last) > HOLD_TICKS {
                return false;
            }
            let place = tick.place(id);
            rows.extend(place.filter(|n| !is_chosen[*n]));
            place.is_some() || tick.is_alive(id)
        });
    }

    /// The tasks that ranked within the last ticks.
    pub fn held(&self) -> impl Iterator<Item = TaskId> {
        self.ranked.keys().copied()
    }
}

/// The first of each order, round by round, as far as their place means something.
fn ranking<'a>(tick: &'a Tick, lists: &'a Lists) -> impl Iterator<Item = (usize, &'a TaskReading)> {
    let top = lists.0.iter().map(|list| list.places.len()).max().unwrap_or(0);
    let at = move |place: usize| lists.0.iter().filter_map(move |list| Some((list.by, *list.places.get(place)?)));
    (0..top).flat_map(at).filter_map(|(by, n)| {
        let (task, vitals) = (tick.reading.tasks.get(n)?, tick.vitals.get(n)?);
        means_something(by, task, vitals).then_some((n, task))
    })
}

fn means_something(by: By, task: &TaskReading, vitals: &TaskVitals) -> bool {
    let above = |value: Option<f64>, least: f64| value.is_some_and(|value| value >= least);
    match by {
        // A thread is kept while it is noted; its process stands for it else.
        By::Threads(_) => false,
        By::Level | By::Growth => true,
        By::Tasks(order) | By::Erlang(order) => match order {
            Order::Severity => vitals.severities.worst().is_some_and(|s| s.per_mille() >= SEVERITY),
            Order::Cpu => above(vitals.cpu, SHARE),
            Order::Delay => above(vitals.delay, SHARE),
            Order::MemGrowth => above(vitals.mem_growth, BYTES_PER_S),
            Order::BinaryGrowth => above(vitals.binary_growth, BYTES_PER_S),
            Order::Rate if task.kind == TaskKind::Erlang => matches!(by, By::Erlang(_)),
            Order::Rate => above(vitals.moved(), MOVED_PER_S),
            Order::Active => task.active_milli.is_some_and(|milli| milli >= ACTIVE_MILLI),
            Order::Mem | Order::Binary | Order::Drops | Order::Queue | Order::QueueGrowth => true,
            Order::Name | Order::Number | Order::Age => false,
        },
    }
}
