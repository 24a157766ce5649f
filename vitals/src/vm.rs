//! Erlang VMs: what one says of itself.
//!
//! Counters are cumulative over the VM's life, in its own units where a comment says so; what is derived of two readings
//! stands in [`derived`].

pub mod derived;

use std::sync::Arc;

use crate::task::TaskId;

pub use derived::{Fill, Growing, LinkVitals, PortVitals, SchedulerVitals, VmVitals, Waiting};

/// Why a VM is off that its agent has found and not asked yet: a dashboard knows by these words that it is no trouble. Old
/// recordings hold them, too: they stay as they are.
pub const NOT_ASKED_YET: &str = "not asked yet";

/// How a VM ended that closed its connection first; more words follow. A dashboard knows by these that it was told to end.
/// Old recordings hold them, too: they stay as they are.
pub const STOPPED: &str = "stopped or halted";

/// What a scheduler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchedulerKind {
    /// Erlang processes and ports.
    Normal,
    /// Long native work on a CPU.
    DirtyCpu,
    /// Native work that waits for disks or the like.
    DirtyIo,
}

impl SchedulerKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Normal, Self::DirtyCpu, Self::DirtyIo];

    /// The field's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::DirtyCpu => "dirty cpu",
            Self::DirtyIo => "dirty io",
        }
    }
}

/// One scheduler. Of its times only the ratio says something (statistics(scheduler_wall_time_all)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduler {
    /// Its number among those of its kind, from 1.
    pub number: u32,
    /// Its kind.
    pub kind: SchedulerKind,
    /// Time busy, in the VM's unit.
    pub active: Option<u64>,
    /// Time in all, in the same unit.
    pub total: Option<u64>,
    /// What waits in its own run queue; `None` on dirty ones, which share one.
    pub run_queue: Option<u64>,
    /// Its OS thread.
    pub thread: Option<TaskId>,
    /// CPU time of that thread, microseconds.
    pub cpu_us: Option<u64>,
    /// Run delay of that thread, microseconds.
    pub run_delay_us: Option<u64>,
    /// Times that thread was put on a CPU.
    pub n_runs: Option<u64>,
}

/// Memory by type, bytes (erlang:memory/0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VmMemory {
    /// All that its allocators gave out.
    pub total_bytes: Option<u64>,
    /// Of processes and ports.
    pub processes_bytes: Option<u64>,
    /// Not of processes.
    pub system_bytes: Option<u64>,
    /// Atoms.
    pub atom_bytes: Option<u64>,
    /// Binaries outside of process heaps.
    pub binary_bytes: Option<u64>,
    /// Code.
    pub code_bytes: Option<u64>,
    /// ETS tables.
    pub ets_bytes: Option<u64>,
}

/// What there is a limit of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Limited {
    /// Processes.
    Processes,
    /// Ports.
    Ports,
    /// Atoms; at their limit the VM ends.
    Atoms,
    /// ETS tables.
    Tables,
}

impl Limited {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Processes, Self::Ports, Self::Atoms, Self::Tables];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Ports => "ports",
            Self::Atoms => "atoms",
            Self::Tables => "ETS tables",
        }
    }
}

/// How many there are, and how many there may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many there are.
    pub n: Option<u64>,
    /// How many there may be.
    pub max: Option<u64>,
}

/// The sweep over all processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// How long a pass takes now, milliseconds.
    pub period_ms: Option<u32>,
    /// Processes seen in the last whole pass.
    pub n_processes: Option<u64>,
    /// `CLOCK_MONOTONIC` at the end of the last whole pass, microseconds; `None` before the first.
    pub ended_us: Option<u64>,
    /// Time that the last pass worked on the VM, microseconds.
    pub work_us: Option<u64>,
    /// Messages in all mailboxes, as of that pass.
    pub n_messages: Option<u64>,
    /// Processes running or runnable when they were looked at.
    pub n_active: Option<u64>,
    /// Processes suspended when they were looked at.
    pub n_suspended: Option<u64>,
    /// A process that does not answer and is waited for.
    pub stuck_at: Option<Arc<str>>,
    /// For how long, milliseconds.
    pub stuck_ms: Option<u32>,
    /// Whole passes made.
    pub n_passes: Option<u64>,
}

/// A distribution link to another node. Counters are cumulative over the life of the link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistLink {
    /// The other node.
    pub peer: Arc<str>,
    /// Whether it is a hidden one.
    pub is_hidden: bool,
    /// Bytes received.
    pub in_bytes: Option<u64>,
    /// Bytes sent.
    pub out_bytes: Option<u64>,
    /// Packets received.
    pub n_in: Option<u64>,
    /// Packets sent.
    pub n_out: Option<u64>,
    /// Bytes that wait to be sent, those inside the VM included (erlang:dist_get_stat/1).
    pub pending_bytes: Option<u64>,
    /// Whether those who send over it are suspended.
    pub is_busy: Option<bool>,
    /// Where it goes.
    pub address: Option<Arc<str>>,
}

/// An Erlang process of this VM or of another, as something refers to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pid {
    /// Its text: "<0.812.0>", as its own node prints it.
    pub text: Arc<str>,
    /// Its registered name, label or initial call, where known.
    pub name: Option<Arc<str>>,
    /// Which task it is, where its VM is watched on this node.
    pub task: Option<TaskId>,
    /// Its node; `None` where it is the VM that speaks of it.
    pub node: Option<Arc<str>>,
}

/// A port: a driver's socket, a file, an external program. Counters are cumulative over its life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Port {
    /// Its text: "#Port<0.7>".
    pub id: Arc<str>,
    /// Its driver or command.
    pub name: Option<Arc<str>>,
    /// The process that owns it.
    pub owner: Option<Pid>,
    /// Bytes that wait in it to be sent.
    pub queue_bytes: Option<u64>,
    /// Bytes received.
    pub in_bytes: Option<u64>,
    /// Bytes sent.
    pub out_bytes: Option<u64>,
    /// Where it goes, where it is a socket.
    pub address: Option<Arc<str>>,
    /// Whether it carries a distribution link.
    pub is_dist: bool,
}

/// A socket of the module `socket`, which is no port. Counters are cumulative over its life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Socket {
    /// The process that owns it.
    pub owner: Option<Pid>,
    /// What it speaks: "tcp".
    pub protocol: Option<Arc<str>>,
    /// Where it goes, where it is connected.
    pub address: Option<Arc<str>>,
    /// Bytes received.
    pub in_bytes: Option<u64>,
    /// Bytes sent.
    pub out_bytes: Option<u64>,
    /// Processes that wait to write to it: it takes no more now.
    pub n_writers: Option<u64>,
    /// Processes that wait for something to come.
    pub n_readers: Option<u64>,
}

/// An ETS table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: Arc<str>,
    /// The process that owns it.
    pub owner: Option<Pid>,
    /// Objects in it.
    pub n_objects: Option<u64>,
    /// Its memory, bytes.
    pub bytes: Option<u64>,
    /// Its type: "set", "ordered_set", "bag", "duplicate_bag".
    pub kind: Option<Arc<str>>,
}

/// Some of several things: those that are listed, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// Those that are listed.
    pub rows: Vec<T>,
    /// How many there are.
    pub n_total: Option<u64>,
    /// Why not all were looked at.
    pub partial: Option<Arc<str>>,
    /// `CLOCK_MONOTONIC` of their reading, microseconds; `None` where that of the VM's counters holds.
    pub at_us: Option<u64>,
}

/// A crash dump, seen from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrashDump {
    /// Its path, as the VM sees it.
    pub path: Option<Arc<str>>,
    /// Its size, bytes.
    pub bytes: Option<u64>,
    /// Whether it grew since the last look.
    pub is_growing: bool,
}

/// How often a function, or a message's tag, was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What: "ets:lookup/2".
    pub what: Arc<str>,
    /// In how many looks.
    pub n: u64,
}

/// What the active processes of a VM do, from one look at all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveFunctions {
    /// `CLOCK_MONOTONIC` of the look, microseconds.
    pub at_us: Option<u64>,
    /// How many processes were looked at.
    pub n_looked: Option<u64>,
    /// Their current functions, the most frequent first.
    pub functions: Vec<Seen>,
}

/// What a VM says of itself, and what is seen of it from outside. Unknown is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VmReading {
    /// Its id on its node.
    pub runtime: u32,
    /// `CLOCK_MONOTONIC` of the counters, microseconds; `None` while it never answered.
    pub at_us: Option<u64>,
    /// Its OS process.
    pub process: Option<TaskId>,
    /// Its node name: "chat@node-0412".
    pub name: Option<Arc<str>>,
    /// Its OTP release: "25".
    pub otp_release: Option<Arc<str>>,
    /// Its emulator: "13.1.5".
    pub erts: Option<Arc<str>>,
    /// How it was found.
    pub found_by: Option<Arc<str>>,
    /// `CLOCK_MONOTONIC` of its last answer, microseconds; `None` where it never answered.
    pub answered_us: Option<u64>,
    /// Its creation: tells two lives of one name apart.
    pub creation: Option<u64>,
    /// How long it has run, microseconds.
    pub up_us: Option<u64>,
    /// Its schedulers: normal ones, then dirty CPU, then dirty IO ones.
    pub schedulers: Vec<Scheduler>,
    /// `CLOCK_MONOTONIC` of what the kernel says of their threads, microseconds; `None` where that of the VM's counters
    /// holds.
    pub threads_us: Option<u64>,
    /// Processes and ports ready to run that wait for a normal scheduler.
    pub run_queue: Option<u64>,
    /// Jobs that wait for a dirty CPU scheduler.
    pub run_queue_dirty_cpu: Option<u64>,
    /// Jobs that wait for a dirty IO scheduler.
    pub run_queue_dirty_io: Option<u64>,
    /// Its memory.
    pub memory: VmMemory,
    /// Counts with their limits, in the order of [`Limited::ALL`].
    pub counts: [Count; 4],
    /// Bytes received through ports.
    pub in_bytes: Option<u64>,
    /// Bytes sent through ports.
    pub out_bytes: Option<u64>,
    /// Reductions of all processes.
    pub reductions: Option<u64>,
    /// Garbage collections.
    pub n_gcs: Option<u64>,
    /// Bytes that these have reclaimed.
    pub reclaimed_bytes: Option<u64>,
    /// Switches of its schedulers between Erlang processes.
    pub n_switches: Option<u64>,
    /// The sweep over its processes.
    pub sweep: Option<Sweep>,
    /// Distribution links, those with most pending bytes first.
    pub links: Option<Listed<DistLink>>,
    /// Bytes pending on a link at which those who send over it are suspended.
    pub dist_busy_bytes: Option<u64>,
    /// Bytes of carriers taken from the OS.
    pub carriers_bytes: Option<u64>,
    /// Bytes of blocks in these carriers.
    pub blocks_bytes: Option<u64>,
    /// Who gets its system_monitor events.
    pub monitor_owner: Option<Arc<str>>,
    /// Its ports.
    pub ports: Option<Listed<Port>>,
    /// Its ETS tables.
    pub tables: Option<Listed<Table>>,
    /// CPU time that watching it has cost it, microseconds; estimated.
    pub cost_us: Option<u64>,
    /// Bytes received from it by us and sent to it.
    pub wire_bytes: Option<u64>,
    /// A crash dump that it writes, or has written since it was seen.
    pub crash_dump: Option<CrashDump>,
    /// What its active processes do, where that was looked at.
    pub active_functions: Option<ActiveFunctions>,
    /// `CLOCK_MONOTONIC` at which its OS process was missed first, microseconds; `None` while it is there. Then all else is
    /// what it said last.
    pub ended_us: Option<u64>,
    /// How it ended, as far as is seen from outside.
    pub ended_why: Option<Arc<str>>,
    /// Its sockets that are no ports.
    pub sockets: Option<Listed<Socket>>,
    /// Memory of what runs in it for midair, bytes; part of its memory.
    pub own_bytes: Option<u64>,
}

impl VmReading {
    /// How many there are of something with a limit.
    pub fn count(&self, of: Limited) -> Count {
        self.counts[of as usize]
    }

    /// Normal schedulers.
    pub fn n_normal(&self) -> usize {
        self.schedulers.iter().filter(|s| s.kind == SchedulerKind::Normal).count()
    }

    /// Carriers that hold no block: memory that the OS has given and that is in use by nobody. `None` where it is not known.
    pub fn unused_carriers_bytes(&self) -> Option<u64> {
        self.carriers_bytes?.checked_sub(self.blocks_bytes?)
    }
}

#[cfg(test)]
mod tests;
