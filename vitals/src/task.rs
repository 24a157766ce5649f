//! Tasks: what is read of them, and what is derived.

use std::sync::Arc;

use crate::{
    growth::Growth,
    queue::{Flow, Queue, QueueVitals, Unit},
    rate::{per_second, share, sum},
    severity::{self, Severities, Severity},
};

/// Which task; unique on its node for the agent's epoch, the same from every collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId {
    /// Id of the runtime on its node; 0 is the kernel.
    pub runtime: u32,
    /// Kernel: tid. Erlang: number and serial. Tokio: id.
    pub number: u64,
    /// Kernel: start in `USER_HZ` ticks since boot (proc(5), stat field 22).
    pub start: u64,
}

/// What a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskKind {
    /// OS process: the sums of its threads.
    Process,
    /// OS thread of a process with several.
    Thread,
    /// Thread of the kernel itself.
    KernelThread,
    /// Erlang process.
    Erlang,
    /// Tokio task.
    Tokio,
}

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskState {
    /// Running or runnable.
    Running,
    /// Sleeping, interruptibly.
    Sleeping,
    /// Waiting uninterruptibly.
    Blocked,
    /// Stopped by a signal or tracer.
    Stopped,
    /// Ended, not reaped.
    Zombie,
    /// Idle kernel thread.
    Idle,
    /// Erlang: waiting for a message.
    Waiting,
    /// Erlang: suspended.
    Suspended,
}

impl TaskState {
    /// The field's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::Blocked => "blocked",
            Self::Stopped => "stopped",
            Self::Zombie => "zombie",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Suspended => "suspended",
        }
    }
}

/// One task as it was read. Counters are cumulative; what could not be read is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskReading {
    /// Which task.
    pub id: TaskId,
    /// `CLOCK_MONOTONIC` of the reading, in microseconds.
    pub at_us: u64,
    /// What it is.
    pub kind: TaskKind,
    /// Number of its process, on a thread.
    pub process: Option<u64>,
    /// Number of its parent process.
    pub parent: Option<u64>,
    /// Short name.
    pub name: Option<Arc<str>>,
    /// Executable with allowed arguments.
    pub command: Option<Arc<str>>,
    /// User.
    pub user: Option<Arc<str>>,
    /// Path of its cgroup.
    pub cgroup: Option<Arc<str>>,
    /// What it is doing.
    pub state: Option<TaskState>,
    /// Function in which it waits.
    pub wait_channel: Option<Arc<str>>,
    /// CPU time, microseconds.
    pub cpu_us: Option<u64>,
    /// Runnable but waiting, microseconds.
    pub run_delay_us: Option<u64>,
    /// Times it was put on a CPU.
    pub n_runs: Option<u64>,
    /// Voluntary switches.
    pub n_voluntary: Option<u64>,
    /// Involuntary switches.
    pub n_involuntary: Option<u64>,
    /// Resident memory, bytes.
    pub rss_bytes: Option<u64>,
    /// Swapped out, bytes.
    pub swap_bytes: Option<u64>,
    /// Resident anonymous memory, bytes.
    pub anon_bytes: Option<u64>,
    /// Resident file-backed and shared memory, bytes.
    pub file_bytes: Option<u64>,
    /// Threads.
    pub n_threads: Option<u32>,
    /// Its queues: the worst of each kind, or all in a close look. `None` where they could not be read. Shared from reading
    /// to reading while nothing of them changes.
    pub queues: Option<Arc<[Queue]>>,
    /// How many queues it has, where not all are listed.
    pub n_queues: Option<u32>,
    /// What it moved, one entry per unit. `None` where unknown. Shared as its queues are.
    pub flows: Option<Arc<[Flow]>>,
    /// The thread that waited longest in the last interval.
    pub worst_thread: Option<WorstThread>,
    /// Systemd unit, container or pod in which it runs.
    pub unit: Option<Arc<str>>,
    /// Inode of its network namespace, where it is not the agent's.
    pub netns: Option<u64>,
    /// Open descriptors.
    pub n_fds: Option<u64>,
    /// How long it has been runnable without being put on a CPU, microseconds; `None` where it does not wait.
    pub waiting_us: Option<u64>,
    /// Erlang: binaries that it holds by reference, bytes.
    pub binary_bytes: Option<u64>,
    /// Erlang: share of the last looks in which it ran or was runnable, per mille; estimated.
    pub active_milli: Option<u32>,
    /// Counters at the sample before, on a row that enters.
    pub previous: Option<Box<Previous>>,
}

impl TaskReading {
    /// A task of which nothing but its identity is known yet.
    pub fn unknown(id: TaskId, kind: TaskKind, at_us: u64) -> Self {
        Self {
            id,
            at_us,
            kind,
            process: None,
            parent: None,
            name: None,
            command: None,
            user: None,
            cgroup: None,
            state: None,
            wait_channel: None,
            cpu_us: None,
            run_delay_us: None,
            n_runs: None,
            n_voluntary: None,
            n_involuntary: None,
            rss_bytes: None,
            swap_bytes: None,
            anon_bytes: None,
            file_bytes: None,
            n_threads: None,
            queues: None,
            n_queues: None,
            flows: None,
            worst_thread: None,
            unit: None,
            netns: None,
            n_fds: None,
            waiting_us: None,
            binary_bytes: None,
            active_milli: None,
            previous: None,
        }
    }

    /// Its queues, as far as they are known.
    pub fn queues(&self) -> &[Queue] {
        self.queues.as_deref().unwrap_or_default()
    }

    /// The counters that a later reading is compared with.
    pub fn counters(&self) -> Previous {
        Previous {
            at_us: self.at_us,
            cpu_us: self.cpu_us,
            run_delay_us: self.run_delay_us,
            n_runs: self.n_runs,
            rss_bytes: self.rss_bytes,
            queues: self.queues.clone().unwrap_or_default(),
            flows: self.flows.clone().unwrap_or_default(),
            binary_bytes: self.binary_bytes,
        }
    }
}

/// The thread of a process that waited longest for a CPU in the last interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstThread {
    /// Its tid.
    pub number: u64,
    /// Its run delay in the interval, microseconds.
    pub run_delay_us: u64,
    /// Length of the interval, microseconds.
    pub over_us: u64,
}

/// Counters of a task at an earlier reading.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Previous {
    /// `CLOCK_MONOTONIC` of that reading, microseconds.
    pub at_us: u64,
    /// CPU time, microseconds.
    pub cpu_us: Option<u64>,
    /// Run delay, microseconds.
    pub run_delay_us: Option<u64>,
    /// Times put on a CPU.
    pub n_runs: Option<u64>,
    /// Resident memory, bytes.
    pub rss_bytes: Option<u64>,
    /// Its queues.
    pub queues: Arc<[Queue]>,
    /// Its flows.
    pub flows: Arc<[Flow]>,
    /// Binaries that it held by reference, bytes.
    pub binary_bytes: Option<u64>,
}

/// What is derived of one task.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TaskVitals {
    /// CPUs used: 1.0 is one core for the whole interval.
    pub cpu: Option<f64>,
    /// Run delay: seconds waited per second, all threads together.
    pub delay: Option<f64>,
    /// Run delay of its worst single thread, seconds per second.
    pub worst_delay: Option<f64>,
    /// Times put on a CPU, per second.
    pub runs: Option<f64>,
    /// Growth of the resident memory, bytes per second over ten seconds.
    pub mem_growth: Option<f64>,
    /// Growth of the binaries that it holds, bytes per second over ten seconds; left to who keeps the window.
    pub binary_growth: Option<f64>,
    /// Vitals of each queue, in the order of the reading's.
    pub queues: Arc<[QueueVitals]>,
    /// Index of the worst queue: by severity, then growth, then depth.
    pub worst_queue: Option<usize>,
    /// Rates in per second and unit.
    pub rates: Arc<[FlowRate]>,
    /// Drops of all its queues since the sample before.
    pub drops: Option<u64>,
    /// Its severities.
    pub severities: Severities,
}

/// A flow as rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlowRate {
    /// What moves.
    pub unit: Unit,
    /// In per second.
    pub rate_in: Option<f64>,
    /// Out per second.
    pub rate_out: Option<f64>,
}

/// What is derived of a task's queues and flows alone. A copy costs nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Movement {
    /// Vitals of each queue, in the order of the reading's.
    pub queues: Arc<[QueueVitals]>,
    /// Index of the worst queue.
    pub worst_queue: Option<usize>,
    /// Drops of all its queues since the sample before.
    pub drops: Option<u64>,
    /// Rates in per second and unit.
    pub rates: Arc<[FlowRate]>,
}

impl Movement {
    /// Derives it from two readings; `queue_growth` are the windows of the reading's queues, in their order.
    pub fn derive(before: Option<&Previous>, now: &TaskReading, queue_growth: &[Growth]) -> Self {
        let empty = Growth::default();
        let listed = now.queues();
        let queues = listed.iter().enumerate().map(|(n, queue)| {
            let earlier = before.and_then(|p| Some((p.queues.iter().find(|q| q.is_same(queue))?, p.at_us)));
            QueueVitals::derive(earlier, queue, now.at_us, queue_growth.get(n).unwrap_or(&empty))
        });
        let queues: Arc<[QueueVitals]> = shared(queues);
        let rates = now.flows.as_deref().unwrap_or_default().iter().map(|flow| {
            let earlier = before.and_then(|p| Some((p.flows.iter().find(|f| f.unit == flow.unit)?, p.at_us)));
            let rate = |field: fn(&Flow) -> Option<u64>| {
                let (earlier, at_us) = earlier?;
                per_second(field(earlier), field(flow), at_us, now.at_us)
            };
            FlowRate { unit: flow.unit, rate_in: rate(|f| f.n_in), rate_out: rate(|f| f.n_out) }
        });
        Self {
            worst_queue: worst_queue(listed, &queues),
            drops: queues.iter().filter_map(|q| q.drops).reduce(u64::saturating_add),
            queues,
            rates: shared(rates),
        }
    }
}

/// Most tasks have neither queues nor flows, which then take no memory.
fn shared<T>(of: impl ExactSizeIterator<Item = T>) -> Arc<[T]> {
    if of.len() == 0 { Arc::default() } else { of.collect() }
}

impl TaskVitals {
    /// Derives the vitals of a task from two readings.
    ///
    /// `mem_growth` and `queue_growth` are the windows kept for this task; `queue_growth` in the order of the reading's
    /// queues. `limit_bytes` is the nearest memory limit over the task, where one is known.
    pub fn derive(
        before: Option<&Previous>,
        now: &TaskReading,
        mem_growth: &Growth,
        queue_growth: &[Growth],
        limit_bytes: Option<u64>,
    ) -> Self {
        Self::with(Movement::derive(before, now, queue_growth), before, now, mem_growth, limit_bytes)
    }

    /// The same where what concerns queues and flows is derived already.
    pub fn with(
        movement: Movement,
        before: Option<&Previous>,
        now: &TaskReading,
        mem_growth: &Growth,
        limit_bytes: Option<u64>,
    ) -> Self {
        let shares = |field_before: fn(&Previous) -> Option<u64>, field_now: Option<u64>| {
            let before = before?;
            share(field_before(before), field_now, before.at_us, now.at_us)
        };
        let cpu = shares(|p| p.cpu_us, now.cpu_us);
        let delay = shares(|p| p.run_delay_us, now.run_delay_us);
        let Movement { queues, worst_queue, drops, rates } = movement;
        let severities = Severities {
            sched: severity::sched(cpu, delay, None, None),
            mem: severity::mem(now.rss_bytes, limit_bytes),
            queue: worst_queue.and_then(|n| queues[n].severity),
            rate: None,
        };
        Self {
            cpu,
            delay,
            worst_delay: now.worst_thread.filter(|t| t.over_us > 0).map(|t| t.run_delay_us as f64 / t.over_us as f64),
            runs: before.and_then(|p| per_second(p.n_runs, now.n_runs, p.at_us, now.at_us)),
            mem_growth: mem_growth.per_second(),
            binary_growth: None,
            queues,
            worst_queue,
            rates,
            drops,
            severities,
        }
    }

    /// The vitals of the worst queue.
    pub fn queue(&self) -> Option<&QueueVitals> {
        self.queues.get(self.worst_queue?)
    }

    /// In and out together of the first unit that moves; for ranking.
    pub fn moved(&self) -> Option<f64> {
        self.rates.iter().map(|r| sum([r.rate_in, r.rate_out])).find(Option::is_some).flatten()
    }

    /// The worst of its severities.
    pub fn worst(&self) -> Option<Severity> {
        self.severities.worst()
    }
}

/// Index of the worst queue: by severity, ties by growth and then depth.
pub fn worst_queue(queues: &[Queue], vitals: &[QueueVitals]) -> Option<usize> {
    let key = |n: &usize| (vitals[*n].severity, vitals[*n].growth.unwrap_or(0.0), queues[*n].depth.unwrap_or(0));
    (0..queues.len().min(vitals.len())).max_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
    })
}

#[cfg(test)]
mod tests;
