//! One task as the dashboard knows it: what was read, what follows from it, and how it went.

use std::fmt;

use midair_vitals::{Growth, Previous, Queue, QueueKind, QueueVitals, TaskId, TaskKind, TaskReading, TaskVitals};

use super::series::{Series, Values, Window};
use crate::event::Stamp;

/// Of an Erlang process with more messages than this its memory is not asked, for that walks its mailbox; agents draw the same
/// line.
pub const SHORT_MAILBOX: u64 = 1_000;

/// The values of a task that charts show, in the order in which its series holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskValue {
    /// CPUs in use.
    Cpu,
    /// Seconds waited per second.
    Delay,
    /// Resident memory, bytes.
    Rss,
    /// Depth of the worst queue, in its unit.
    Depth,
    /// Which queue that is: depths of two queues are not one curve.
    DepthOf,
    /// In and out per second, in its first unit that moves.
    Rate,
    /// Erlang: share of looks in which it ran or was runnable.
    Active,
}

impl TaskValue {
    /// How many there are.
    pub const N: usize = 7;
}

/// How much of a task's past is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A minute: of rows that a table or an overview shows there may be very many.
    Short,
    /// So many points, or as long as charts look back.
    Long(usize),
    /// As much as is there: another stream has said how much.
    AsItWas,
}

impl Keep {
    fn n_points(self, n_now: usize) -> usize {
        match self {
            Self::Short => 60,
            Self::Long(n_points) => n_points,
            Self::AsItWas => n_now.max(60),
        }
    }
}

/// Where a row came from, and until when it counts as shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Number of the node's sample in which the stream last held it.
    pub in_sample: Option<u64>,
    /// The query whose newest answer holds it.
    pub by_query: Option<u32>,
}

/// One task.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// What was read last.
    pub reading: TaskReading,
    /// What follows from it.
    pub vitals: TaskVitals,
    /// When it arrived; on a row that is only held it shows the age.
    pub at: Stamp,
    /// Where it came from.
    pub seen: Seen,
    /// How it went; see [`TaskValue`].
    pub series: Series<{ TaskValue::N }>,
    /// Counters of the reading before this one.
    before: Option<Previous>,
    mem_growth: Growth,
    binary_growth: Growth,
    /// Growth windows of the queues, in the order of `growing`.
    queue_growth: Vec<Growth>,
    /// Which queues those are: kind and number.
    growing: Vec<(QueueKind, Option<u64>)>,
}

impl Task {
    /// A task that enters. Its first rates come from the counters that its row may bring along.
    pub fn new(reading: &TaskReading, at: Stamp, limit_bytes: Option<u64>, keep: Keep) -> Self {
        let mut task = Self {
            before: None,
            vitals: TaskVitals::default(),
            at,
            seen: Seen::default(),
            series: Series::default(),
            mem_growth: Growth::default(),
            binary_growth: Growth::default(),
            queue_growth: Vec::new(),
            growing: Vec::new(),
            reading: TaskReading::unknown(reading.id, reading.kind, 0),
        };
        task.take_previous(reading);
        task.take(reading, at, limit_bytes, keep);
        task
    }

    /// Its identity.
    pub fn id(&self) -> TaskId {
        self.reading.id
    }

    /// How people call it: "postgres (4121)", "chat_router <0.812.0>".
    pub fn title(&self) -> String {
        let number = self.number();
        match (self.reading.name.as_ref().or(self.reading.command.as_ref()), self.reading.kind) {
            (Some(name), TaskKind::Erlang) => format!("{name} {number}"),
            (Some(name), _) => format!("{name} ({number})"),
            (None, _) => number,
        }
    }

    /// Its number as people write it: a pid, a tid, `<0.812.0>`.
    pub fn number(&self) -> String {
        number_of(self.reading.id, self.reading.kind)
    }

    /// A newer reading of the same task. One of the same moment (the stream and a table tell of the same look) replaces
    /// the reading but is not compared with it: rates over no time are unknown.
    pub fn absorb(&mut self, reading: &TaskReading, at: Stamp, limit_bytes: Option<u64>, keep: Keep) {
        if reading.at_us != self.reading.at_us {
            self.before = Some(self.reading.counters());
            self.take_previous(reading);
        }
        self.take(reading, at, limit_bytes, keep);
    }

    /// Its worst queue and what follows of it.
    pub fn worst_queue(&self) -> Option<(&Queue, &QueueVitals)> {
        let n = self.vitals.worst_queue?;
        Some((self.reading.queues.as_ref()?.get(n)?, self.vitals.queues.get(n)?))
    }

    /// For how long the mailbox of an Erlang process has grown without ever growing shorter, microseconds. `None` where it
    /// does not grow.
    pub fn grows_for_us(&self, now: Stamp) -> Option<u64> {
        let (queue, vitals) = self.worst_queue()?;
        if queue.kind != QueueKind::Mailbox || vitals.growth.is_none_or(|growth| growth <= 0.0) {
            return None;
        }
        let mark = mark_of(queue);
        let mut since = None;
        let mut above = f32::INFINITY;
        for point in self.series.points().rev() {
            let is_same = point.values.get(TaskValue::DepthOf as usize) == Some(mark);
            let depth = point.values.get(TaskValue::Depth as usize).filter(|_| is_same);
            match depth.filter(|depth| *depth <= above) {
                Some(depth) => (above, since) = (depth, Some(point.at)),
                None => break,
            }
        }
        since.map(|since| now.since_us(since))
    }

    /// Its queues with what follows of each, in the order of the reading.
    pub fn queues(&self) -> impl Iterator<Item = (&Queue, &QueueVitals)> {
        self.reading.queues().iter().zip(self.vitals.queues.iter())
    }

    /// The counters that a row brings along are the better baseline where they are newer than what is known here: the
    /// row was away in between.
    fn take_previous(&mut self, reading: &TaskReading) {
        let Some(previous) = reading.previous.as_deref().filter(|p| p.at_us < reading.at_us) else { return };
        if self.before.as_ref().is_none_or(|b| b.at_us < previous.at_us || b.at_us >= reading.at_us) {
            if self.before.is_none() {
                self.push_growth(previous.at_us, [previous.rss_bytes, previous.binary_bytes], &previous.queues);
            }
            self.before = Some(previous.clone());
        }
    }

    fn take(&mut self, reading: &TaskReading, at: Stamp, limit_bytes: Option<u64>, keep: Keep) {
        let is_again = self.reading.at_us == reading.at_us;
        self.push_growth(reading.at_us, [reading.rss_bytes, reading.binary_bytes], reading.queues());
        self.vitals =
            TaskVitals::derive(self.before.as_ref(), reading, &self.mem_growth, &self.queue_growth, limit_bytes);
        self.vitals.binary_growth = self.binary_growth.per_second();
        self.reading = TaskReading { previous: None, ..reading.clone() };
        self.at = at;
        if !is_again {
            let n_points = keep.n_points(self.series.len());
            self.series.push(at, self.values(), n_points);
        }
    }

    /// Brings the growth windows to a reading: one per queue, in the order of its queues.
    /// `levels` are its memory and its binaries.
    fn push_growth(&mut self, at_us: u64, levels: [Option<u64>; 2], queues: &[Queue]) {
        let is_again = self.reading.at_us == at_us;
        for (window, level) in [&mut self.mem_growth, &mut self.binary_growth].into_iter().zip(levels) {
            match level {
                Some(_) if is_again => {}
                Some(bytes) => window.push(at_us, bytes as f64),
                None => window.clear(),
            }
        }
        let (old, growing) = (std::mem::take(&mut self.queue_growth), std::mem::take(&mut self.growing));
        let mut old: Vec<_> = growing.into_iter().zip(old).collect();
        for queue in queues {
            let key = (queue.kind, queue.number);
            let known = old.iter().position(|(k, _)| *k == key).map(|n| old.swap_remove(n).1);
            let is_known_already = is_again && known.is_some();
            let mut growth = known.unwrap_or_default();
            match queue.depth {
                Some(_) if is_known_already => {}
                Some(depth) => growth.push(at_us, depth as f64),
                None => growth.clear(),
            }
            self.growing.push(key);
            self.queue_growth.push(growth);
        }
    }

    /// How a value went, the largest of each cell of a window. Of depths only those of the queue that is the worst now.
    pub fn cells(&self, value: TaskValue, window: Window, n_cells: usize, carry_us: u64) -> Vec<Option<f32>> {
        let now = self.worst_queue().map(|(queue, _)| mark_of(queue));
        let is_same = |values: &Values<{ TaskValue::N }>| {
            value != TaskValue::Depth || values.get(TaskValue::DepthOf as usize) == now
        };
        let pick = |values: &Values<{ TaskValue::N }>| values.get(value as usize).filter(|_| is_same(values));
        self.series.cells_of(pick, window, n_cells, carry_us)
    }

    /// Forgets how it went; what followed from it stays.
    #[cfg(test)]
    pub(crate) fn forget_past(&mut self) {
        self.series = Series::default();
        (self.mem_growth, self.binary_growth, self.queue_growth) = Default::default();
    }

    fn values(&self) -> [Option<f32>; TaskValue::N] {
        [
            self.vitals.cpu.map(|v| v as f32),
            self.vitals.delay.map(|v| v as f32),
            self.reading.rss_bytes.map(|v| v as f32),
            self.worst_queue().and_then(|(q, _)| q.depth).map(|v| v as f32),
            self.worst_queue().map(|(q, _)| mark_of(q)),
            self.vitals.moved().map(|v| v as f32),
            self.reading.active_milli.map(|milli| milli as f32 / 1000.0),
        ]
    }
}

/// The number of a task as people write it. That of an Erlang process holds the pid's number below and its serial above
/// (the contract's `TaskId`); its own node prints itself as 0.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub TaskId, pub TaskKind);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(id, kind) = self;
        match kind {
            TaskKind::Erlang => write!(f, "<0.{}.{}>", id.number & u64::from(u32::MAX), id.number >> 32),
            TaskKind::Process | TaskKind::Thread | TaskKind::KernelThread | TaskKind::Tokio => id.number.fmt(f),
        }
    }
}

/// [`Number`] as text.
pub fn number_of(id: TaskId, kind: TaskKind) -> String {
    Number(id, kind).to_string()
}

/// The number that stands for a pid as people write it: `<0.812.0>`, or without its brackets.
pub fn pid_number(text: &str) -> Option<u64> {
    let inner = text.strip_prefix('<').map_or(Some(text), |rest| rest.strip_suffix('>'))?;
    let mut parts = inner.split('.');
    let (_node, number, serial) = (parts.next()?, parts.next()?, parts.next()?);
    let (number, serial) = (number.parse::<u32>().ok()?, serial.parse::<u32>().ok()?);
    parts.next().is_none().then_some(u64::from(serial) << 32 | u64::from(number))
}

/// A mark by which queues of one task are told apart in its series: whole numbers up to there are exact in an `f32`.
fn mark_of(queue: &Queue) -> f32 {
    const EXACT: u64 = 1 << 24;
    ((queue.number.unwrap_or(0).wrapping_mul(16) + queue.kind as u64) % EXACT) as f32
}
