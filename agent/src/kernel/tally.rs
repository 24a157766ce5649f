//! What the tasks did in one interval, by cgroup and CPU: counted by the sweep, a few words per task that moved.

/// Which cgroup, among those that are known now: what [`super::cgroups::Cgroups`] gave for a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct CgroupId(pub(super) u32);

/// The counts of one interval. A sweep clears it, then tells each process once and each thread that moved.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Processes that live, in rising order of their numbers.
    pub processes: Vec<Member>,
    /// Threads that ran or waited.
    pub runs: Vec<Run>,
    /// Threads that wait now, by CPU.
    queued: Vec<u32>,
    knows_queued: bool,
}

/// A process that lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// Its number.
    pub pid: u32,
    /// Its cgroup.
    pub cgroup: Option<CgroupId>,
    /// Its threads.
    pub n_threads: u32,
    /// Its network namespace.
    pub netns: Netns,
}

/// The network namespace of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Netns {
    /// Not looked at, or without one: the process ends.
    #[default]
    Unknown,
    /// This user may not see it.
    Hidden,
    /// That of this agent, by its inode.
    Own(u64),
    /// Another one, by its inode.
    Other(u64),
}

impl Netns {
    /// Its inode, where it is known.
    pub(super) fn inode(self) -> Option<u64> {
        match self {
            Self::Own(inode) | Self::Other(inode) => Some(inode),
            Self::Unknown | Self::Hidden => None,
        }
    }

    /// Its inode, where it is another one than the agent's: what a row says.
    pub(super) fn other(self) -> Option<u64> {
        match self {
            Self::Other(inode) => Some(inode),
            Self::Unknown | Self::Hidden | Self::Own(_) => None,
        }
    }
}

/// What one thread did in the interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Its cgroup.
    pub cgroup: Option<CgroupId>,
    /// The CPU that it was on or waited for last, where that is known.
    pub cpu: Option<u32>,
    /// Time on a CPU, nanoseconds.
    pub cpu_ns: u64,
    /// Run delay, nanoseconds; 0 where the kernel does not say.
    pub delay_ns: u64,
}

/// No machine has more CPUs (`NR_CPUS` is 8,192 at most, arch/x86/Kconfig); a number beyond is none.
const CPUS_MAX: u32 = 8_192;

impl Tally {
    /// Begins an interval.
    pub(super) fn clear(&mut self) {
        self.processes.clear();
        self.runs.clear();
        self.queued.clear();
        self.knows_queued = false;
    }

    /// A process that lives.
    pub(super) fn process(&mut self, process: Member) {
        self.processes.push(process);
    }

    /// What a thread did; one that neither ran nor waited need not be told.
    pub(super) fn ran(&mut self, run: Run) {
        if run.cpu_ns > 0 || run.delay_ns > 0 {
            self.runs.push(Run { cpu: run.cpu.filter(|cpu| *cpu < CPUS_MAX), ..run });
        }
    }

    /// From here on each thread that waits for a CPU is told: without this nobody knows how many do.
    pub(super) fn sees_queued(&mut self) {
        self.knows_queued = true;
    }

    /// A thread is runnable and waits for this CPU now.
    pub(super) fn queued(&mut self, cpu: u32) {
        let n = cpu as usize;
        if cpu < CPUS_MAX {
            self.queued.resize(self.queued.len().max(n + 1), 0);
            self.queued[n] += 1;
        }
    }

    /// How many threads wait for a CPU now; `None` where nobody knows.
    pub(super) fn n_queued(&self, cpu: u32) -> Option<u32> {
        self.knows_queued.then(|| self.queued.get(cpu as usize).copied().unwrap_or(0))
    }
}
