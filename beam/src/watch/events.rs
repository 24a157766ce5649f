//! What happens on a VM between two looks: nodes that come and go, and what its own system monitor reports.

mod said;

use std::time::Duration;

use super::{
    asked::{Asked, WatchError},
    form::Form,
    vm::Vm,
};
use crate::{
    connection::Connection,
    term::{Pid, Port},
};

const EVENTS: Form = Form(include_bytes!("../../forms/events.etf"));

/// Events from one reading to the next; what comes beyond is counted.
pub const MOST_EVENTS: usize = 50;

/// From this release on long mailboxes are reported (`erlang:system_monitor/2`).
const RELEASE_WITH_LONG_QUEUES: u32 = 27;

/// What is worth an event. `None`: not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventOptions {
    /// A garbage collection of so many ms.
    pub long_gc_ms: Option<u64>,
    /// A heap of so many bytes.
    pub large_heap_bytes: Option<u64>,
    /// A process or port that ran for so many ms without a break. It costs a busy VM 12 % of its time.
    pub long_schedule_ms: Option<u64>,
    /// A mailbox that reached the second number of messages, and one that is back at the first; from OTP 27 on.
    pub long_queue: Option<(u64, u64)>,
    /// Whoever is suspended since a port, or a link to another node, takes no more.
    pub is_busy_reported: bool,
}

impl Default for EventOptions {
    /// Garbage collections of 100 ms, heaps of 64 MiB, mailboxes of 10,000 until they are back at 1,000, busy ports and
    /// links; no long schedules.
    fn default() -> Self {
        Self {
            long_gc_ms: Some(100),
            large_heap_bytes: Some(64 << 20),
            long_schedule_ms: None,
            long_queue: Some((1_000, 10_000)),
            is_busy_reported: true,
        }
    }
}

/// A helper there that keeps what happens until it is asked.
#[derive(Debug)]
pub struct EventWatch {
    asked: Asked,
    ours: String,
}

/// What happened since the last reading.
#[derive(Clone, Debug, PartialEq)]
pub struct EventReading {
    /// When, by the VM's monotonic clock: us.
    pub at_us: i64,
    /// Time that this helper has taken on the VM before this reading: us by its clock; without what each event took.
    pub helper_us: Option<u64>,
    /// Whose the system monitor is. What nodes do is told in any case.
    pub slot: Slot,
    /// Events that were not kept. Counter.
    pub n_dropped: Option<u64>,
    /// The others, in their order.
    pub events: Vec<Event>,
}

/// Whose the VM's system monitor is: there is one, and another's is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The helper's.
    Ours,
    /// Another process's: its registered name where it has one, else `<0.x.y>`.
    TakenBy(String),
    /// The VM did not say.
    Unknown,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it was heard of, by the VM's monotonic clock: us.
    pub at_us: i64,
    /// What.
    pub what: What,
    /// Whether it is about a process that works for this very connection; `None` where that is not known.
    pub is_of_ours: Option<bool>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A link to a node is up.
    NodeUp(Peer),
    /// A link to a node is down, for a reason in Erlang's words: `connection_closed`, `net_tick_timeout`.
    NodeDown(Peer, Option<String>),
    /// A garbage collection took long.
    LongGc {
        /// Of whom.
        process: Pid,
        /// How long.
        ms: Option<u64>,
        /// Its heap, young and old.
        heap_words: Option<u64>,
    },
    /// A heap grew large.
    LargeHeap {
        /// Whose.
        process: Pid,
        /// Its heap, young and old.
        heap_words: Option<u64>,
    },
    /// Something ran for long without a break.
    LongSchedule {
        /// The process, where it was no port.
        process: Option<Pid>,
        /// How long.
        ms: Option<u64>,
        /// Where it stood at the end: `module:function/arity`.
        at: Option<String>,
    },
    /// A process is suspended: a port takes no more from it.
    BusyPort {
        /// Who.
        process: Pid,
        /// The port.
        port: Option<Port>,
    },
    /// A process is suspended: a link to another node takes no more from it.
    BusyLink {
        /// Who.
        process: Pid,
        /// The port of the link.
        port: Option<Port>,
    },
    /// A mailbox is long, or no longer so.
    LongQueue {
        /// Whose.
        process: Pid,
        /// Whether it is.
        is_long: bool,
    },
    /// Something else.
    Other,
}

impl What {
    /// The process that it is about.
    pub fn process(&self) -> Option<&Pid> {
        match self {
            Self::LongGc { process, .. }
            | Self::LargeHeap { process, .. }
            | Self::BusyPort { process, .. }
            | Self::BusyLink { process, .. }
            | Self::LongQueue { process, .. } => Some(process),
            Self::LongSchedule { process, .. } => process.as_ref(),
            Self::NodeUp(_) | Self::NodeDown(..) | Self::Other => None,
        }
    }
}

/// A node whose link came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub node: String,
    /// Whether it is a hidden one.
    pub is_hidden: Option<bool>,
    /// Whether it is the connection of this helper.
    pub is_ours: bool,
}

impl EventWatch {
    /// Starts the helper. Each reading waits for `within` at most.
    pub async fn start(
        connection: &Connection,
        vm: &Vm,
        options: EventOptions,
        within: Duration,
    ) -> Result<Self, WatchError> {
        let args = vec![(MOST_EVENTS as i64).into(), said::wanted(&options, vm)];
        let asked = Asked::start(connection, ("its events", EVENTS), args, within).await?;
        let ours = connection.agreed().name.as_str().to_owned();
        let mut watch = Self { asked, ours };
        // From here on nothing is missed.
        watch.read().await?;
        Ok(watch)
    }

    /// Takes what happened since the last reading. Where an answer is late, the next reading waits for it.
    pub async fn read(&mut self) -> Result<EventReading, WatchError> {
        let said = self.asked.ask().await?;
        said::reading(&said, &self.ours).ok_or_else(|| self.asked.garbage())
    }

    /// The helper.
    pub fn process(&self) -> &Pid {
        self.asked.process()
    }
}
