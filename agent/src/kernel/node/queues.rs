//! Who waits for each CPU: `/proc/schedstat` where the kernel has it, else what the sweep over the tasks counted.

use midair_vitals::CpuQueue;
use rustix::fd::BorrowedFd;

use crate::kernel::{
    kept::{Kept, Page},
    tally::Tally,
    text::{lines, number, words},
};

/// The run delay of each CPU.
#[derive(Debug)]
pub(super) struct CpuQueues {
    schedstat: Kept,
    /// Run delay of threads that were last on a CPU, nanoseconds since the agent began; by its number.
    delay_ns: Vec<u64>,
    /// Whether a sweep ever told on which CPU a thread was.
    knows_cpus: bool,
}

impl Default for CpuQueues {
    fn default() -> Self {
        Self { schedstat: Kept::new("schedstat"), delay_ns: Vec::new(), knows_cpus: false }
    }
}

impl CpuQueues {
    /// The run delay of each CPU since boot, nanoseconds; `None` where the kernel has no such file (CONFIG_SCHEDSTATS).
    pub(super) fn read_schedstat(&mut self, root: BorrowedFd<'_>, page: &mut Page) -> Option<Vec<(u32, u64)>> {
        self.schedstat.read(root, page).map(parse_schedstats).filter(|cpus| !cpus.is_empty())
    }

    /// The queues of these CPUs; those of which nothing is known are left out.
    pub(super) fn add(
        &mut self,
        cpus: impl Iterator<Item = u32>,
        schedstat: Option<Vec<(u32, u64)>>,
        tally: &Tally,
    ) -> Vec<CpuQueue> {
        for run in &tally.runs {
            let Some(cpu) = run.cpu.map(|cpu| cpu as usize) else { continue };
            self.delay_ns.resize(self.delay_ns.len().max(cpu + 1), 0);
            self.delay_ns[cpu] += run.delay_ns;
            self.knows_cpus = true;
        }
        let summed = |cpu: u32| self.knows_cpus.then(|| self.delay_ns.get(cpu as usize).copied().unwrap_or(0));
        let delay_ns = |cpu: u32| match &schedstat {
            Some(known) => known.iter().find(|(number, _)| *number == cpu).map(|(_, ns)| *ns),
            None => summed(cpu),
        };
        let queue = |number| CpuQueue {
            number,
            n_queued: tally.n_queued(number),
            run_delay_us: delay_ns(number).map(|ns| ns / 1000),
        };
        cpus.map(queue).filter(|queue| queue.n_queued.is_some() || queue.run_delay_us.is_some()).collect()
    }
}

/// `cpu0 0 0 0 0 0 0 RUNNING WAITING TIMESLICES`, times in nanoseconds (Documentation/scheduler/sched-stats.rst; the eighth
/// number is `rq->rq_sched_info.run_delay`, kernel/sched/stats.c).
fn parse_schedstats(text: &[u8]) -> Vec<(u32, u64)> {
    let cpu = |line: &[u8]| {
        let mut fields = words(line);
        let number = fields.next()?.strip_prefix(b"cpu").and_then(number)?;
        Some((u32::try_from(number).ok()?, fields.nth(7).and_then(self::number)?))
    };
    lines(text).filter_map(cpu).collect()
}

#[cfg(test)]
mod tests;
