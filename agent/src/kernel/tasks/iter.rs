//! The collector that reads every thread in one pass of a BPF iterator.

use rustix::io::Errno;

use super::{
    Sweeper,
    fold::Fold,
    process::Total,
    seen::{Memory, Others, SeenProcess, SeenThread, Sight},
};
use crate::{
    kernel::{
        bpf::{Bpf, LeaderRecord, Say, Sleeper, TaskRecord, Thread},
        stat::{SchedStat, task_state},
    },
    reading::Comm,
};

/// The collector between two sweeps.
pub(in crate::kernel) struct Iter {
    bpf: Bpf,
    /// When the last pass began in which every thread was known or told in full, microseconds.
    whole_us: Option<u64>,
}

/// A brief pass leaves out threads that have slept for ten seconds: nothing may have been missed before that.
const BRIEF_WITHIN_US: u64 = 5_000_000;

/// Of a process whose only thread sleeps, memory may be taken and the parent may end: every so manieth pass tells it whole.
const WHOLE_EVERY: u64 = 16;

/// The clock is read once for so many threads: in a microsecond each is behind by less than a tenth of a millisecond.
const THREADS_PER_STAMP: u32 = 64;

impl Iter {
    /// A collector that reads through these iterators.
    pub(in crate::kernel) fn new(bpf: Bpf) -> Self {
        Self { bpf, whole_us: None }
    }

    /// The iterators.
    pub(in crate::kernel) fn bpf(&self) -> &Bpf {
        &self.bpf
    }

    /// Reads all threads.
    pub(in crate::kernel) fn collect(&mut self, sweep: &Sweeper<'_>, fold: &mut Fold<'_>) -> Result<(), Errno> {
        let began_us = (sweep.clock)();
        let is_turn = sweep.number.is_multiple_of(WHOLE_EVERY);
        let is_brief = self.whole_us.take().is_some_and(|whole_us| began_us < whole_us + BRIEF_WITHIN_US) && !is_turn;
        let (mut at_us, mut n_threads, mut n_unknown) = (began_us, 0u32, 0);
        self.bpf.tasks(if is_brief { Say::Brief } else { Say::All }, &mut |thread| {
            n_threads = n_threads.wrapping_add(1);
            if n_threads.is_multiple_of(THREADS_PER_STAMP) {
                at_us = (sweep.clock)();
            }
            match thread {
                Thread::Task(record) => tell(record, sweep.page_bytes, at_us, fold),
                Thread::Sleeper(Sleeper { tid, pid, start_low }) => {
                    n_unknown += u32::from(!fold.rests((tid, pid), start_low, at_us));
                }
            }
        })?;
        if n_unknown == 0 {
            self.whole_us = Some(began_us);
        }
        Ok(())
    }
}

fn tell(record: &TaskRecord, page_bytes: u64, at_us: u64, fold: &mut Fold<'_>) {
    if let Some(leader) = &record.leader {
        let cpu_ns = leader.dead_cpu_ns;
        let total = match leader.dead_waits {
            Some((run_delay_ns, n_runs)) => Total::Ended(SchedStat { cpu_ns, run_delay_ns, n_runs }),
            None => Total::EndedCpu(cpu_ns),
        };
        fold.process(&process(record, leader, page_bytes), Some(total), Others::Ended, at_us);
    }
    let thread = SeenThread {
        start: record.start_ticks,
        comm: Comm::new(&record.comm),
        state: task_state(record.state),
        cpu: record.cpu.try_into().ok(),
        used: SchedStat { cpu_ns: record.cpu_ns, run_delay_ns: record.run_delay_ns, n_runs: record.n_runs },
        knows_delay: true,
        is_queued: record.is_queued,
        waiting_ns: record.waiting_ns,
    };
    fold.thread((record.tid, record.pid), Sight::Whole(&thread), at_us);
}

fn process(record: &TaskRecord, leader: &LeaderRecord, page_bytes: u64) -> SeenProcess {
    SeenProcess {
        pid: record.pid,
        start: record.start_ticks,
        comm: Comm::new(&record.comm),
        state: task_state(record.state),
        parent: u64::from(leader.parent),
        is_kernel_thread: record.is_kernel,
        n_threads: leader.n_threads,
        rss_bytes: leader.memory.map_or(0, |memory| memory.rss_pages() * page_bytes),
        memory: leader.memory.map(|memory| Memory {
            anon: memory.anon_pages * page_bytes,
            file: (memory.file_pages + memory.shmem_pages) * page_bytes,
            swap: memory.swap_pages * page_bytes,
        }),
        coarse_cpu_ns: 0,
        netns: leader.netns,
        max_fds: leader.max_fds,
        cgroups: Some([leader.cgroup_id, leader.cpu_cgroup_id, leader.memory_cgroup_id]),
        user: Some(leader.uid),
    }
}
