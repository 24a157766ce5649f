//! Is what was planted in the sample? What costs little because it does not see is no measurement.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs,
};

use midair_proto::v1::{Queue, QueueKind, Task, Unit};

use crate::{
    load::{
        Plant, Ready, Role,
        plant::{BACKLOG, N_BYTES, N_DATAGRAMS, N_MESSAGES, N_UNACCEPTED},
    },
    watch::Held,
};

/// What the row of a thread says is at least what the thread's own books said when so many samples ago came.
const BEHIND: usize = 2;

/// How far ahead of its own books a row may be: the sum of a process has whole clock ticks, and a wait that goes on is not in the
/// thread's own books yet.
const AHEAD_US: u64 = 20_000;
const WAIT_US: u64 = 5_000_000;

/// Size of a pipe (pipe(7)): in bytes, and in buffers.
const PIPE_BYTES: u64 = 65_536;
const PIPE_BUFFERS: u64 = 16;

/// Samples in which a plant may be missing, of a hundred: another process' end can hide one from a walk.
const MISSED_PERCENT: u64 = 10;

/// What became of one plant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is in the sample, with its value.
    Seen,
    /// This collector cannot see it, as its documentation says.
    Unknown(Plant),
    /// It is not in the sample, while the agent says that it leaves things out to stay within its budget.
    Shed(String),
    /// It is missing in few samples only.
    Rarely(String),
    /// It is not in the samples; the words say what is there instead.
    Missing(String),
}

/// Who looks at each sample whether all that was planted is in it.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    planted: Vec<(Plant, Ready)>,
    /// The threads' own books when the last samples came, the oldest first.
    books: VecDeque<Books>,
    n_samples: u64,
    /// Of each plant: how often it was not there, and what was there instead the last time.
    missed: BTreeMap<&'static str, (u64, String)>,
}

impl Witness {
    /// Looks for these.
    pub(crate) fn new(planted: &[Ready]) -> Self {
        let plant = |ready: &Ready| match ready.role {
            Role::Plant(plant) => Some((plant, ready.clone())),
            Role::Rest { .. } | Role::Serve { .. } => None,
        };
        Self { planted: planted.iter().filter_map(plant).collect(), ..Self::default() }
    }

    /// Looks at what the stream holds now that a sample has come.
    pub(crate) fn see(&mut self, held: &Held) {
        self.books.push_back(Books::read(&self.planted));
        if self.books.len() <= BEHIND {
            return;
        }
        self.n_samples += 1;
        let (Some(then), Some(now)) = (self.books.pop_front(), self.books.back()) else { return };
        for (plant, ready) in &self.planted {
            if let Err(instead) = look(*plant, ready, held, (&then, now)) {
                let (n, last) = self.missed.entry(plant.word()).or_default();
                (*n, *last) = (*n + 1, instead);
            }
        }
    }

    /// What became of all plants in so many seconds, and of the samples themselves. `sees_pipes`: whether the collector can.
    pub(crate) fn found(&self, held: &Held, seconds: f64, sees_pipes: bool) -> Vec<Found> {
        let found = |(plant, _): &(Plant, Ready)| match self.missed.get(plant.word()) {
            None if self.n_samples > 0 => Found::Seen,
            None => Found::Missing(format!("{}: no sample came", plant.word())),
            Some(_) if *plant == Plant::Pipe && !sees_pipes => Found::Unknown(*plant),
            Some((n, instead)) => {
                let what = format!("{} in {n} of {} samples: {instead}", plant.word(), self.n_samples);
                let is_rare = n * 100 <= self.n_samples * MISSED_PERCENT;
                if is_rare { Found::Rarely(what) } else { Found::Missing(what) }
            }
        };
        let all = self.planted.iter().map(found).chain(find_gap(held, seconds));
        all.map(|found| match found {
            Found::Missing(what) | Found::Rarely(what) if !held.shed.is_empty() => Found::Shed(what),
            other => other,
        })
        .collect()
    }
}

/// What the threads' own books say: CPU time and run delay by tid, microseconds.
#[derive(Clone, Debug, Default)]
struct Books(HashMap<u32, (u64, u64)>);

impl Books {
    /// Reads the books of planted threads (proc(5), schedstat).
    fn read(planted: &[(Plant, Ready)]) -> Self {
        let read = |(_, ready): &(Plant, Ready)| {
            let text = fs::read_to_string(format!("/proc/{}/task/{}/schedstat", ready.pid, ready.tid)).ok()?;
            let mut us = text.split_ascii_whitespace().map(|ns| ns.parse::<u64>().map(|ns| ns / 1_000));
            Some((ready.tid, (us.next()?.ok()?, us.next()?.ok()?)))
        };
        Self(planted.iter().filter_map(read).collect())
    }

    fn of(&self, ready: &Ready, field: impl Fn(&(u64, u64)) -> u64) -> Result<u64, String> {
        self.0.get(&ready.tid).map(field).ok_or_else(|| format!("thread {} has no schedstat", ready.tid))
    }
}

/// Samples that did not come, but for one at either end.
fn find_gap(held: &Held, seconds: f64) -> Option<Found> {
    // Who did not get a CPU could not do better; the figures are still right.
    let waited_s = held.run_delay_us() as f64 / 1e6;
    let words = || Found::Missing(format!("samples: {} in {seconds:.1} s", held.n_samples));
    ((held.n_samples as f64) < seconds - 2.0 - waited_s).then(words)
}

fn look(plant: Plant, ready: &Ready, held: &Held, (then, now): (&Books, &Books)) -> Result<(), String> {
    let number = u64::from(ready.tid);
    let row = held.rows.values().find(|row| row.id.as_ref().and_then(|id| id.number) == Some(number));
    let row = row.ok_or_else(|| format!("task {number} has no row of {}", held.rows.len()))?;
    match plant {
        Plant::Hot => {
            counter("CPU", row.cpu_us, (then.of(ready, |own| own.0)?, now.of(ready, |own| own.0)? + AHEAD_US))
        }
        Plant::Starved => {
            let most_us = now.of(ready, |own| own.1)? + WAIT_US;
            counter("run delay", row.run_delay_us, (then.of(ready, |own| own.1)?, most_us))
        }
        Plant::Pipe => {
            queue(row, QueueKind::Pipe, |q| q.depth == Some(if is_bytes(q) { PIPE_BYTES } else { PIPE_BUFFERS }))
        }
        Plant::Listen => queue(row, QueueKind::Listen, |q| (q.depth, q.limit) == (Some(N_UNACCEPTED), Some(BACKLOG))),
        Plant::Udp => queue(row, QueueKind::UdpReceive, |q| holds(q, N_DATAGRAMS)),
        Plant::Tcp => queue(row, QueueKind::TcpReceive, |q| q.depth == Some(N_BYTES)),
        Plant::Unix => queue(row, QueueKind::Unix, |q| holds(q, N_MESSAGES)),
    }
}

/// A counter of the row beside what the thread's own books allow.
fn counter(what: &str, row_us: Option<u64>, (least_us, most_us): (u64, u64)) -> Result<(), String> {
    let is_between = row_us.is_some_and(|row_us| least_us <= row_us && row_us <= most_us);
    is_between.then_some(()).ok_or_else(|| {
        let row = row_us.map_or("-".to_owned(), |us| us.to_string());
        format!("{what} is {row} us in the row; by the thread's own books it lies from {least_us} to {most_us} us")
    })
}

/// A queue of the row.
fn queue(row: &Task, kind: QueueKind, is_right: impl Fn(&Queue) -> bool) -> Result<(), String> {
    let queues = row.queues.as_ref().map(|queues| queues.queue.as_slice()).unwrap_or_default();
    let own: Vec<&Queue> = queues.iter().filter(|q| q.kind == Some(kind.into())).collect();
    let depths: Vec<_> = own.iter().map(|q| (q.depth, q.limit)).collect();
    let is_there = own.into_iter().any(is_right);
    is_there.then_some(()).ok_or_else(|| format!("{} with (depth, limit) {depths:?}", kind.as_str_name()))
}

fn is_bytes(queue: &Queue) -> bool {
    queue.unit == Some(Unit::Bytes.into())
}

/// So many messages of 100 bytes each; counted in bytes, the kernel's own are among them. Of a unix socket netlink says
/// the length of the first message alone (net/unix/af_unix.c, unix_inq_len).
fn holds(queue: &Queue, messages: u64) -> bool {
    if is_bytes(queue) { queue.depth >= Some(100) } else { queue.depth == Some(messages) }
}
