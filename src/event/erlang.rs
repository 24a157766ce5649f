//! Close looks at Erlang processes, what a receive trace counts, and what a process keeps.

use std::sync::Arc;

use midair_vitals::{
    TaskId,
    vm::{Pid, Seen},
};

use super::NodeId;

/// How a process was found in looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// Running or runnable in most: it computes.
    Computing,
    /// Waits for any message.
    Message,
    /// Waits in a call for the answer of another process.
    Call,
    /// Waits for a port or socket.
    Port,
    /// Suspended since a link or port over which it sends is busy.
    Busy,
    /// Does not answer: inside native code that does not yield.
    Native,
    /// Waits for time to pass.
    Sleep,
}

/// A close look at an Erlang process. Sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErlangLook {
    /// `CLOCK_MONOTONIC` of its last answer, microseconds.
    pub mono_us: Option<u64>,
    /// Its registered name.
    pub registered: Option<Arc<str>>,
    /// Its label, or what its library calls it.
    pub label: Option<Arc<str>>,
    /// Its initial call, translated.
    pub initial_call: Option<Arc<str>>,
    /// Its priority.
    pub priority: Option<Arc<str>>,
    /// Whether exits of those it is linked to come as messages.
    pub traps_exits: Option<bool>,
    /// Whether its messages stay outside of its heap.
    pub is_mailbox_off_heap: Option<bool>,
    /// Its stack, the current function first.
    pub stack: Vec<Arc<str>>,
    /// Frames in all.
    pub n_frames: Option<u32>,
    /// Young heap.
    pub heap_bytes: Option<u64>,
    /// Old heap.
    pub old_heap_bytes: Option<u64>,
    /// Stack.
    pub stack_bytes: Option<u64>,
    /// Memory outside of the heap that its next collection takes in.
    pub fragments_bytes: Option<u64>,
    /// Binaries that it holds by reference.
    pub binary_bytes: Option<u64>,
    /// Minor collections since the last full one.
    pub n_minor_gcs: Option<u64>,
    /// Memory as the VM says, messages included; `None` where its mailbox is too long to ask.
    pub memory_bytes: Option<u64>,
    /// Processes that it is linked to.
    pub links: Vec<Pid>,
    /// How many links it has, ports included.
    pub n_links: Option<u32>,
    /// Processes that it monitors.
    pub monitors: Vec<Pid>,
    /// How many it monitors.
    pub n_monitors: Option<u32>,
    /// Processes that monitor it.
    pub monitored_by: Vec<Pid>,
    /// How many monitor it.
    pub n_monitored_by: Option<u32>,
    /// Its ancestors, the nearest first.
    pub ancestors: Vec<Pid>,
    /// Its group leader.
    pub group_leader: Option<Pid>,
    /// What it waits for, as of the looks; `None`: not known yet.
    pub wait: Option<WaitKind>,
    /// Whom it calls, or whose link or port is busy.
    pub waits_for: Option<Pid>,
    /// What it waits for where that is no process: a node, a port.
    pub waits_for_text: Option<Arc<str>>,
    /// In how many looks it waited so.
    pub n_waits: Option<u32>,
    /// Looks in all.
    pub n_looks: Option<u32>,
    /// In how many looks it waited.
    pub n_waiting: Option<u32>,
    /// In how many it ran or was runnable.
    pub n_active: Option<u32>,
    /// In how many it was suspended.
    pub n_suspended: Option<u32>,
    /// The functions on top of its stack in these looks, the most frequent first.
    pub tops: Vec<Seen>,
    /// For how long it has not answered, milliseconds; `None` while it does.
    pub silent_ms: Option<u32>,
}

impl ErlangLook {
    /// How it is called: registered, labelled, else by its initial call.
    pub fn name(&self) -> Option<&Arc<str>> {
        self.registered.as_ref().or(self.label.as_ref()).or(self.initial_call.as_ref())
    }
}

/// Who sent how many messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Who; `None` where that is not known. Of one on another node only the node is known.
    pub sender: Option<Pid>,
    /// Messages.
    pub n: u64,
}

/// What a receive trace counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// On which node.
    pub node: NodeId,
    /// Number of the trace.
    pub id: u32,
    /// How long it traced, microseconds.
    pub over_us: Option<u64>,
    /// Messages received.
    pub n_messages: Option<u64>,
    /// Whether it ended since it had counted the most that it may.
    pub is_cut: bool,
    /// Senders, the most frequent first.
    pub senders: Vec<Sender>,
    /// What the messages begin with, the most frequent first.
    pub tags: Vec<Seen>,
}

/// What a process keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keeps {
    /// Its state, where it is a server of OTP.
    State,
    /// Its process dictionary.
    Dictionary,
}

/// What a process keeps, shown once on request. It may be secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// On which node.
    pub node: NodeId,
    /// Number of the request.
    pub id: u32,
    /// The process.
    pub task: TaskId,
    /// What of it.
    pub what: Keeps,
    /// It, in lines, as its VM prints it; or why it is not shown.
    pub lines: Result<Vec<Arc<str>>, Arc<str>>,
    /// Bytes of what was printed.
    pub bytes: Option<u64>,
    /// Whether there is more of it.
    pub is_cut: bool,
}
