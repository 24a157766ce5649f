//! Queues and flows: each has a kind and a unit, and different units are never added or sorted together.

use std::sync::Arc;

use crate::{
    growth::Growth,
    rate::{advance, per_second},
    severity::{self, Severity},
    task::TaskId,
};

/// What kind of queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueueKind {
    /// Mailbox of an Erlang process.
    Mailbox,
    /// Connections waiting to be accepted.
    Listen,
    /// Bytes received on a TCP connection, not yet read.
    TcpReceive,
    /// Bytes written to a TCP connection, not yet acknowledged.
    TcpSend,
    /// Bytes in a UDP socket, kernel overhead included.
    UdpReceive,
    /// What waits in a unix socket.
    Unix,
    /// What waits in a pipe or FIFO.
    Pipe,
    /// A channel inside a program.
    Channel,
    /// Waiters on a lock or semaphore inside a program.
    Waiters,
    /// Count of an eventfd.
    Event,
    /// Messages in a POSIX message queue.
    MessageQueue,
}

impl QueueKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Mailbox,
        Self::Listen,
        Self::TcpReceive,
        Self::TcpSend,
        Self::UdpReceive,
        Self::Unix,
        Self::Pipe,
        Self::Channel,
        Self::Waiters,
        Self::Event,
        Self::MessageQueue,
    ];

    /// The field's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Listen => "listen",
            Self::TcpReceive => "tcp unread",
            Self::TcpSend => "tcp unsent",
            Self::UdpReceive => "udp unread",
            Self::Unix => "unix",
            Self::Pipe => "pipe",
            Self::Channel => "channel",
            Self::Waiters => "waiters",
            Self::Event => "eventfd",
            Self::MessageQueue => "mqueue",
        }
    }
}

/// What a depth or a flow counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Messages or datagrams.
    Messages,
    /// Bytes.
    Bytes,
    /// Connections.
    Connections,
    /// Waiters.
    Waiters,
    /// TCP segments.
    Segments,
    /// Reductions of an Erlang process.
    Reductions,
    /// Polls of a Tokio task.
    Polls,
    /// Events counted by an eventfd.
    Events,
}

/// One queue as it was read. Drops and movement are cumulative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its kind.
    pub kind: QueueKind,
    /// What depth and limit count.
    pub unit: Unit,
    /// What waits now.
    pub depth: Option<u64>,
    /// How much can wait.
    pub limit: Option<u64>,
    /// What was dropped, cumulative.
    pub drops: Option<u64>,
    /// Stable number on its node (an inode); `None` on a sum.
    pub number: Option<u64>,
    /// What it is: addresses, path.
    pub label: Option<Arc<str>>,
    /// Arrived, cumulative, in `unit`.
    pub n_in: Option<u64>,
    /// Taken out, cumulative, in `unit`.
    pub n_out: Option<u64>,
    /// Segments or messages in, cumulative.
    pub segments_in: Option<u64>,
    /// Segments or messages out, cumulative.
    pub segments_out: Option<u64>,
    /// The task at the other end, where that is on this node and was looked for.
    pub peer: Option<TaskId>,
    /// Its short name.
    pub peer_name: Option<Arc<str>>,
    /// Descriptor under which the task holds it.
    pub fd: Option<u32>,
    /// `CLOCK_MONOTONIC` of the look at this queue, microseconds, where it is older than the reading of its task.
    pub at_us: Option<u64>,
}

impl Queue {
    /// A queue of which nothing but kind and unit is known yet.
    pub fn unknown(kind: QueueKind, unit: Unit) -> Self {
        Self {
            kind,
            unit,
            depth: None,
            limit: None,
            drops: None,
            number: None,
            label: None,
            n_in: None,
            n_out: None,
            segments_in: None,
            segments_out: None,
            peer: None,
            peer_name: None,
            fd: None,
            at_us: None,
        }
    }

    /// Whether two readings are of the same queue, and count the same: one collector may count bytes where another counts
    /// messages.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.kind, self.unit, self.number) == (other.kind, other.unit, other.number)
    }
}

/// What a task moved, cumulative, in one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// What is counted.
    pub unit: Unit,
    /// In.
    pub n_in: Option<u64>,
    /// Out.
    pub n_out: Option<u64>,
}

/// What is derived of one queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueVitals {
    /// Growth of the depth per second, over ten seconds.
    pub growth: Option<f64>,
    /// Drops since the sample before.
    pub drops: Option<u64>,
    /// Arrivals per second, in the queue's unit.
    pub rate_in: Option<f64>,
    /// Departures per second, in the queue's unit.
    pub rate_out: Option<f64>,
    /// How bad it is; `None` where the depth is unknown.
    pub severity: Option<Severity>,
}

impl QueueVitals {
    /// Derives the vitals of a queue from two readings, `(queue, at_us)`, and its growth window.
    pub fn derive(before: Option<(&Queue, u64)>, now: &Queue, now_us: u64, growth: &Growth) -> Self {
        let before = before.filter(|(queue, _)| queue.is_same(now));
        let rate = |field: fn(&Queue) -> Option<u64>| {
            let (queue, at_us) = before?;
            per_second(field(queue), field(now), at_us, now_us)
        };
        let growth = growth.per_second();
        let rate_in = rate(|q| q.n_in);
        // What is not counted on its way out follows from what came in and what stayed.
        let rate_out = rate(|q| q.n_out).or_else(|| Some((rate_in? - growth?).max(0.0)));
        Self {
            growth,
            drops: before.and_then(|(queue, _)| advance(queue.drops, now.drops)),
            rate_in,
            rate_out,
            severity: severity::queue(now, rate_out),
        }
    }
}
