//! Records of threads.

use super::Fields;

/// One thread, as the iterator saw it. Ids are those of the pid namespace of the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskRecord {
    /// Number of the thread.
    pub tid: u32,
    /// Number of its process (`tgid`).
    pub pid: u32,
    /// Start in `USER_HZ` ticks since boot, as field 22 of `/proc/PID/stat`: with the offset of the reader's time namespace.
    pub start_ticks: u64,
    /// Short name, NUL at the end where it is shorter. A kernel worker's is the bare one, without what it works at.
    pub comm: [u8; 16],
    /// The letter of `/proc/PID/stat`, field 3 (`get_task_state`, fs/proc/array.c).
    pub state: u8,
    /// How it is scheduled: `SCHED_OTHER` 0, `FIFO` 1, `RR` 2, `BATCH` 3, `IDLE` 5, `DEADLINE` 6, `EXT` 7 (sched(7)).
    pub policy: u8,
    /// A thread of the kernel (`PF_KTHREAD`).
    pub is_kernel: bool,
    /// It is on a CPU at this moment.
    pub is_running: bool,
    /// Runnable, and waiting for a CPU at this moment (`sched_info.last_queued`).
    pub is_queued: bool,
    /// CPU time, nanoseconds (`se.sum_exec_runtime`, as `/proc/PID/schedstat`).
    pub cpu_ns: u64,
    /// Time it was runnable without running, nanoseconds (`sched_info.run_delay`), with the wait that is going on now.
    pub run_delay_ns: u64,
    /// Of that the wait that is going on now, nanoseconds; 0 unless `is_queued`. Its clock is that of the CPU where it
    /// waits, which moves at every scheduler tick at least (1 to 10 ms).
    pub waiting_ns: u64,
    /// How often it got on a CPU (`sched_info.pcount`).
    pub n_runs: u64,
    /// Switches of its own will (`nvcsw`).
    pub n_voluntary: u64,
    /// Switches against its will (`nivcsw`).
    pub n_involuntary: u64,
    /// The CPU it runs on, is queued at, or ran on last.
    pub cpu: u32,
    /// Of the first thread of a process: what belongs to the whole process.
    pub leader: Option<LeaderRecord>,
}

/// What belongs to a whole process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaderRecord {
    /// Its parent; 0 where that is outside of the reader's pid namespace.
    pub parent: u32,
    /// Real user id, as the kernel has it: not mapped to the reader's user namespace.
    pub uid: u32,
    /// Threads, the first included.
    pub n_threads: u32,
    /// Size of its table of descriptors: at least as many as are open, a power of two most often. `None` without a table.
    pub max_fds: Option<u32>,
    /// CPU time of its threads that have ended, nanoseconds (`signal->sum_sched_runtime`).
    pub dead_cpu_ns: u64,
    /// Run delay and runs of its threads that have ended, nanoseconds and times (`signal->stats`); `None` where the kernel
    /// was built without taskstats.
    pub dead_waits: Option<(u64, u64)>,
    /// Switches of its threads that have ended, of their own will.
    pub dead_voluntary: u64,
    /// Switches of its threads that have ended, against their will.
    pub dead_involuntary: u64,
    /// Its memory; `None` for kernel threads and the dead.
    pub memory: Option<Memory>,
    /// Its cgroup in the v2 hierarchy: the inode of its directory.
    pub cgroup_id: Option<u64>,
    /// The cgroup that the cpu controller sees it in, wherever that is mounted: the inode of its directory. Where the
    /// controller is not enabled that far down (v2), an ancestor's.
    pub cpu_cgroup_id: Option<u64>,
    /// The same of the memory controller.
    pub memory_cgroup_id: Option<u64>,
    /// Inode of its network namespace; `None` while it ends.
    pub netns: Option<u32>,
    /// Inode of its own pid namespace.
    pub pidns: Option<u32>,
}

/// Memory of a process in pages, as `/proc/PID/status` has it: of many CPUs approximate (`percpu_counter`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident pages of its own.
    pub anon_pages: u64,
    /// Resident pages of files.
    pub file_pages: u64,
    /// Resident pages of shared memory.
    pub shmem_pages: u64,
    /// Pages in swap.
    pub swap_pages: u64,
}

/// A thread that has neither run nor waited for ten seconds; never the first thread of a process that has others. A record
/// of 16 bytes; only a brief pass has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sleeper {
    /// Number of the thread.
    pub tid: u32,
    /// Number of its process.
    pub pid: u32,
    /// The lower 32 bits of its `start_ticks`: whether it is still the same thread.
    pub start_low: u32,
}

impl Memory {
    /// Resident pages of all kinds.
    pub fn rss_pages(&self) -> u64 {
        self.anon_pages + self.file_pages + self.shmem_pages
    }
}

const IS_KERNEL: u8 = 1;
const IS_RUNNING: u8 = 2;
const IS_QUEUED: u8 = 4;
const HAS_MEMORY: u8 = 8;
const HAS_DEAD: u8 = 16;

/// Stands for a number that is not there.
const NONE: u32 = u32::MAX;

pub(super) fn sleeper(fields: Fields<'_>) -> Option<Sleeper> {
    Some(Sleeper { tid: fields.u32(4)?, pid: fields.u32(8)?, start_low: fields.u32(12)? })
}

pub(super) fn task(fields: Fields<'_>) -> Option<TaskRecord> {
    let has = |flag: u8| fields.flags() & flag != 0;
    Some(TaskRecord {
        tid: fields.u32(4)?,
        pid: fields.u32(8)?,
        cpu: fields.u32(12)?,
        start_ticks: fields.u64(16)?,
        cpu_ns: fields.u64(24)?,
        run_delay_ns: fields.u64(32)?,
        waiting_ns: fields.u64(40)?,
        n_runs: fields.u64(48)?,
        n_voluntary: fields.u64(56)?,
        n_involuntary: fields.u64(64)?,
        comm: fields.array(72)?,
        state: letter(fields.u32(88)?, u32::from(fields.u16(92)?)),
        policy: u8::try_from(fields.u16(94)?).ok()?,
        is_kernel: has(IS_KERNEL),
        is_running: has(IS_RUNNING),
        is_queued: has(IS_QUEUED),
        leader: None,
    })
}

pub(super) fn leader(fields: Fields<'_>) -> Option<TaskRecord> {
    let memory = Memory {
        anon_pages: fields.u64(120)?,
        file_pages: fields.u64(128)?,
        shmem_pages: fields.u64(136)?,
        swap_pages: fields.u64(144)?,
    };
    let leader = LeaderRecord {
        parent: fields.u32(96)?,
        uid: fields.u32(100)?,
        n_threads: fields.u32(104)?,
        max_fds: fields.u32(108).filter(|n| *n != NONE),
        dead_cpu_ns: fields.u64(112)?,
        memory: (fields.flags() & HAS_MEMORY != 0).then_some(memory),
        // No directory and no namespace has the inode 0.
        cgroup_id: fields.u64(152).filter(|id| *id != 0),
        cpu_cgroup_id: fields.u64(160).filter(|id| *id != 0),
        memory_cgroup_id: fields.u64(168).filter(|id| *id != 0),
        netns: fields.u32(176).filter(|inode| *inode != 0),
        pidns: fields.u32(180).filter(|inode| *inode != 0),
        dead_voluntary: fields.u64(184)?,
        dead_involuntary: fields.u64(192)?,
        dead_waits: if fields.flags() & HAS_DEAD != 0 { Some((fields.u64(200)?, fields.u64(208)?)) } else { None },
    };
    Some(TaskRecord { leader: Some(leader), ..task(fields)? })
}

/// What the kernel makes of a state and an exit state (`get_task_state`, fs/proc/array.c; `__task_state_index`,
/// include/linux/sched.h).
fn letter(state: u32, exit_state: u32) -> u8 {
    const REPORTED: u32 = 0x7f;
    const IDLE: u32 = 0x402;
    /// Waits for a lock of the real-time kernel, or is frozen: reported as uninterruptible.
    const LIKE_UNINTERRUPTIBLE: u32 = 0x1000 | 0x8000;
    const LETTERS: &[u8; 9] = b"RSDTtXZPI";
    let mut bits = (state | exit_state) & REPORTED;
    if state & IDLE == IDLE {
        bits = 0x80;
    }
    if state & LIKE_UNINTERRUPTIBLE != 0 {
        bits = 2;
    }
    LETTERS[(u32::BITS - bits.leading_zeros()) as usize]
}
