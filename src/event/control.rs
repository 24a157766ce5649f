//! What is asked for.

use midair_vitals::{Order, TaskId, TaskKind};

use super::{Keeps, NodeId, Stream};
use std::sync::Arc;

/// What the screen asks of a feed.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// Which base stream of a node, and how often.
    Interest {
        /// Of whom.
        node: NodeId,
        /// Which.
        stream: Stream,
        /// How often, milliseconds.
        interval_ms: u32,
    },
    /// Start a table query, or change the one with this id.
    Table {
        /// Of whom.
        node: NodeId,
        /// Its number.
        id: u32,
        /// What is asked.
        query: TableQuery,
    },
    /// Look closely at a task.
    Focus {
        /// On whom.
        node: NodeId,
        /// Its number.
        id: u32,
        /// At what.
        task: TaskId,
    },
    /// End the query or focus with this id.
    Stop {
        /// Of whom.
        node: NodeId,
        /// Its number.
        id: u32,
    },
    /// Tell what the black box kept of a range.
    History {
        /// Of whom.
        node: NodeId,
        /// Number of the question.
        id: u32,
        /// Start of the range, the node's wall time, microseconds since 1970.
        from_us: u64,
        /// Its end.
        to_us: u64,
        /// Rollups alone, at most so many points; `None`: every sample.
        max_points: Option<u32>,
    },
    /// Put a note on the time line.
    Mark {
        /// Of whom.
        node: NodeId,
        /// The note.
        text: String,
        /// The node's wall time that it is about; `None`: now.
        wall_us: Option<u64>,
        /// What it is about, as `--go` takes it.
        focus: Option<String>,
    },
    /// Count for a while who sends what to an Erlang process.
    Trace {
        /// Of whom.
        node: NodeId,
        /// Its number.
        id: u32,
        /// The process.
        task: TaskId,
        /// For how long, seconds.
        seconds: u32,
        /// At most so many messages.
        most: u32,
    },
    /// Show once what an Erlang process keeps.
    Inspect {
        /// Of whom.
        node: NodeId,
        /// Its number.
        id: u32,
        /// The process.
        task: TaskId,
        /// What of it.
        what: Keeps,
    },
    /// Watch a node through a hub: what is asked of the node goes there from then on.
    Follow {
        /// Whom.
        node: NodeId,
        /// Address of the hub.
        hub: Arc<str>,
    },
    /// Watch it there no more: what the hub says of it is enough.
    Leave {
        /// Whom.
        node: NodeId,
        /// Address of the hub.
        hub: Arc<str>,
    },
    /// Change an agent's budget for a while.
    Budget {
        /// Of whom.
        node: NodeId,
        /// CPU time in per mille of one core; `None`: back to its own.
        milli: Option<u32>,
        /// For how long, seconds.
        seconds: u32,
    },
}

/// A table query: which rows an agent chooses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableQuery {
    /// Tasks of one runtime; `None`: of all.
    pub runtime: Option<u32>,
    /// Kinds; empty: every kind but threads.
    pub kinds: Vec<TaskKind>,
    /// By what rows are chosen.
    pub order: Order,
    /// True to choose the lowest first.
    pub lowest: bool,
    /// Text that must occur in name, command, user, cgroup or number; a leading `!` inverts.
    pub filter: String,
    /// How many at most.
    pub limit: u32,
    /// Only threads of this process.
    pub process: Option<u64>,
}
