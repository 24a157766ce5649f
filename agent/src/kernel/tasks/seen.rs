//! What collectors deliver: processes and threads in one form, whichever way they were read.

use midair_vitals::TaskState;

use crate::{
    kernel::{cgroups::CgroupIds, stat::SchedStat},
    reading::Comm,
};

/// A process as a collector read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::kernel) struct SeenProcess {
    /// Its number.
    pub pid: u32,
    /// Its start since boot in clock ticks.
    pub start: u64,
    /// Short name.
    pub comm: Comm,
    /// What its first thread is doing.
    pub state: Option<TaskState>,
    /// Its parent; 0 where that is not seen from here.
    pub parent: u64,
    /// Whether it is a thread of the kernel.
    pub is_kernel_thread: bool,
    /// Threads, the first included.
    pub n_threads: u32,
    /// Resident memory, bytes.
    pub rss_bytes: u64,
    /// Of what its memory is, where the collector knows without a further file.
    pub memory: Option<Memory>,
    /// CPU time in clock ticks as nanoseconds, threads that ended included; 0 where the collector knows better.
    pub coarse_cpu_ns: u64,
    /// Inode of its network namespace, where the collector knows.
    pub netns: Option<u32>,
    /// At least as many descriptors as it has open, where the collector knows.
    pub max_fds: Option<u32>,
    /// The directories of its cgroups, where the collector knows.
    pub cgroups: Option<CgroupIds>,
    /// The number of its user, where the collector knows.
    pub user: Option<u32>,
}

/// Of what the memory of a process is, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Memory {
    /// Resident, of its own.
    pub anon: u64,
    /// Resident, of files or shared.
    pub file: u64,
    /// In swap.
    pub swap: u64,
}

/// A thread as a collector read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::kernel) struct SeenThread {
    /// Its start since boot in clock ticks.
    pub start: u64,
    /// Short name.
    pub comm: Comm,
    /// What it is doing.
    pub state: Option<TaskState>,
    /// The CPU that it is on, queued at, or ran on last.
    pub cpu: Option<u16>,
    /// What it used; its run delay with `waiting_ns`.
    pub used: SchedStat,
    /// Whether run delay and runs are known.
    pub knows_delay: bool,
    /// Whether it waits for a CPU at this moment.
    pub is_queued: bool,
    /// How long it has waited now, nanoseconds.
    pub waiting_ns: u64,
}

/// What is known of a thread at a sweep.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::kernel) enum Seen {
    /// It was read with all that it has.
    Whole(Box<SeenThread>),
    /// It is known, and used this much by now.
    Used(SchedStat),
    /// It has ended.
    Ended,
}

/// The same, while it is handed over.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) enum Sight<'a> {
    /// It was read with all that it has.
    Whole(&'a SeenThread),
    /// It is known, and used this much by now.
    Used(SchedStat),
    /// It has ended.
    Ended,
}

impl Seen {
    /// To be handed over.
    pub(super) fn sight(&self) -> Sight<'_> {
        match self {
            Self::Whole(thread) => Sight::Whole(thread),
            Self::Used(used) => Sight::Used(*used),
            Self::Ended => Sight::Ended,
        }
    }
}

/// What holds for those threads of a process of which a collector says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::kernel) enum Others {
    /// They have ended.
    #[default]
    Ended,
    /// They have neither run nor waited since they were last read.
    Rest,
    /// They were not looked at, and keep what they had.
    Unread,
}
