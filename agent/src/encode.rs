//! Domain to wire: readings as messages of `midair.v1`, with names as ids.

mod host;

use std::{collections::BTreeSet, sync::Arc};

use midair_proto::v1 as wire;
use midair_vitals as vitals;
use midair_vitals::{CpuTimes, NodeReading, Queue, TaskReading};
use prost::Message;

use crate::{
    names::Names,
    reading::{Health, Reading, SourceState},
};

/// This program, as it names itself to others.
pub const PROGRAM: &str = concat!("midair-agent ", env!("CARGO_PKG_VERSION"));

/// Encodes an event once; what comes out is shared by all who get it.
pub fn payload(kind: wire::payload::Kind) -> bytes::Bytes {
    wire::Payload { kind: Some(kind) }.encode_to_vec().into()
}

/// Encodes rows, and notes the names that they use.
#[derive(Debug)]
pub struct Rows<'a> {
    names: &'a mut Names,
    /// The names used so far, for who asks for them.
    used: Option<BTreeSet<u32>>,
    /// `CLOCK_MONOTONIC` of rows that carry no stamp of their own.
    mono_us: u64,
    /// Whether queues carry their labels; only close looks have room for them.
    has_labels: bool,
}

impl<'a> Rows<'a> {
    /// Rows of a message whose rows were read at this moment, where they do not say otherwise.
    pub fn new(names: &'a mut Names, mono_us: u64) -> Self {
        Self { names, used: Some(BTreeSet::new()), mono_us, has_labels: false }
    }

    /// Rows of a stream, which knows by itself which names it has spelled out. They come without their counters of before
    /// (see [`previous`]): of a row that goes on these do not travel.
    pub fn of_stream(names: &'a mut Names, mono_us: u64) -> Self {
        Self { names, used: None, mono_us, has_labels: false }
    }

    /// With the labels of queues.
    pub fn labelled(self) -> Self {
        Self { has_labels: true, ..self }
    }

    /// The names that all rows so far use.
    pub fn names(self) -> Vec<wire::Name> {
        self.names.spell(&self.used.unwrap_or_default())
    }

    /// One task.
    pub fn task(&mut self, task: &TaskReading) -> wire::Task {
        wire::Task {
            id: Some(task_id(task.id)),
            unknown: Vec::new(),
            kind: Some(task_kind(task.kind).into()),
            process: task.process,
            parent: task.parent,
            name: self.name(task.name.as_ref()),
            command: self.name(task.command.as_ref()),
            user: self.name(task.user.as_ref()),
            cgroup: self.name(task.cgroup.as_ref()),
            state: task.state.map(|state| task_state(state).into()),
            wait_channel: self.name(task.wait_channel.as_ref()),
            cpu_us: task.cpu_us,
            run_delay_us: task.run_delay_us,
            n_runs: task.n_runs,
            n_voluntary: task.n_voluntary,
            n_involuntary: task.n_involuntary,
            rss_bytes: task.rss_bytes,
            swap_bytes: task.swap_bytes,
            anon_bytes: task.anon_bytes,
            file_bytes: task.file_bytes,
            n_threads: task.n_threads,
            queues: task.queues.as_ref().map(|queues| self.queues(queues, task.n_queues)),
            flows: task.flows.as_deref().map(flows),
            previous: task.previous.as_deref().filter(|_| self.used.is_some()).map(previous),
            mono_us: Some(task.at_us).filter(|at_us| *at_us != self.mono_us),
            worst_thread: task.worst_thread.map(worst_thread),
            unit: self.name(task.unit.as_ref()),
            netns: task.netns,
            n_fds: task.n_fds,
            waiting_us: task.waiting_us,
            binary_bytes: task.binary_bytes,
            active_milli: task.active_milli,
        }
    }

    /// A task as a census has it: who it is, and what it has used.
    pub fn counted(&mut self, task: &TaskReading) -> wire::Task {
        wire::Task {
            id: Some(task_id(task.id)),
            kind: Some(task_kind(task.kind).into()),
            process: task.process,
            name: self.name(task.name.as_ref()),
            cpu_us: task.cpu_us,
            run_delay_us: task.run_delay_us,
            rss_bytes: task.rss_bytes,
            ..wire::Task::default()
        }
    }

    /// The node, but for its sources and runtimes.
    pub fn node(&mut self, node: &NodeReading) -> wire::Node {
        wire::Node {
            unknown: Vec::new(),
            severities: Some(severities(node.severities)),
            user_us: node.cpu.user_us,
            system_us: node.cpu.system_us,
            idle_us: node.cpu.idle_us,
            iowait_us: node.cpu.iowait_us,
            irq_us: node.cpu.irq_us,
            steal_us: node.cpu.steal_us,
            run_delay_us: node.run_delay_us,
            throttled_us: node.throttled_us,
            load1_milli: node.load1_milli,
            n_running: node.n_running,
            n_blocked: node.n_blocked,
            n_switches: node.n_switches,
            n_forks: node.n_forks,
            psi_cpu_some_us: node.psi_cpu_some_us,
            psi_mem_some_us: node.psi_mem_some_us,
            psi_mem_full_us: node.psi_mem_full_us,
            psi_io_some_us: node.psi_io_some_us,
            mem_total_bytes: node.mem_total_bytes,
            mem_available_bytes: node.mem_available_bytes,
            mem_free_bytes: node.mem_free_bytes,
            mem_anon_bytes: node.mem_anon_bytes,
            mem_file_bytes: node.mem_file_bytes,
            mem_slab_bytes: node.mem_slab_bytes,
            swap_total_bytes: node.swap_total_bytes,
            swap_free_bytes: node.swap_free_bytes,
            net_rx_bytes: node.net_rx_bytes,
            net_tx_bytes: node.net_tx_bytes,
            net_drops: node.net_drops,
            tcp_in: node.tcp_in,
            tcp_out: node.tcp_out,
            tcp_retrans: node.tcp_retrans,
            udp_in: node.udp_in,
            udp_out: node.udp_out,
            udp_drops: node.udp_drops,
            listen_drops: node.listen_drops,
            sums: Some(self.queues(&node.sums, None)),
            worst_queue: node.worst_queue.as_ref().map(|worst| self.worst_queue(worst)),
            worst_delay: node.worst_delay.as_ref().map(|worst| self.worst_delay(worst)),
            n_processes: node.n_processes,
            n_threads: node.n_threads,
            up_us: node.up_us,
            n_tcp: node.n_tcp,
            sources: None,
            runtimes: None,
            mem_limit_bytes: node.mem_limit_bytes,
            short_lived: node.short_lived.as_ref().map(|short_lived| self.short_lived(short_lived)),
            ..host::beyond_tasks(node)
        }
    }

    fn name(&mut self, text: Option<&Arc<str>>) -> Option<u32> {
        let id = self.names.id(text?);
        if let Some(used) = &mut self.used {
            used.insert(id);
        }
        Some(id)
    }

    fn queues(&mut self, queues: &[Queue], n_total: Option<u32>) -> wire::Queues {
        wire::Queues { queue: queues.iter().map(|queue| self.queue(queue, self.has_labels)).collect(), n_total }
    }

    fn queue(&mut self, queue: &Queue, has_label: bool) -> wire::Queue {
        if !has_label {
            return nameless(queue);
        }
        wire::Queue {
            label: self.name(queue.label.as_ref()),
            peer_name: self.name(queue.peer_name.as_ref()),
            fd: queue.fd,
            ..nameless(queue)
        }
    }

    fn worst_queue(&mut self, worst: &vitals::WorstQueue) -> wire::WorstQueue {
        // The one queue of the node that is looked at first carries its label in every stream.
        wire::WorstQueue { task: worst.task.map(task_id), queue: Some(self.queue(&worst.queue, true)) }
    }

    fn worst_delay(&mut self, worst: &vitals::WorstTask) -> wire::WorstTask {
        wire::WorstTask {
            task: Some(task_id(worst.task)),
            process: worst.process,
            name: self.name(worst.name.as_ref()),
            value_us: Some(worst.value_us),
            over_us: Some(worst.over_us),
        }
    }
}

/// The counters of a task at an earlier reading.
pub fn previous(previous: &vitals::Previous) -> wire::Previous {
    // The label is on the row's own queue already.
    let queues: Vec<wire::Queue> = previous.queues.iter().map(nameless).collect();
    wire::Previous {
        mono_us: Some(previous.at_us),
        cpu_us: previous.cpu_us,
        run_delay_us: previous.run_delay_us,
        n_runs: previous.n_runs,
        rss_bytes: previous.rss_bytes,
        queues: (!queues.is_empty()).then_some(wire::Queues { queue: queues, n_total: None }),
        flows: (!previous.flows.is_empty()).then(|| flows(&previous.flows)),
        binary_bytes: previous.binary_bytes,
    }
}

/// A queue without its label and what else only close looks have room for.
fn nameless(queue: &Queue) -> wire::Queue {
    wire::Queue {
        kind: Some(queue_kind(queue.kind).into()),
        unit: Some(unit(queue.unit).into()),
        depth: queue.depth,
        limit: queue.limit,
        drops: queue.drops,
        number: queue.number,
        label: None,
        n_in: queue.n_in,
        n_out: queue.n_out,
        segments_in: queue.segments_in,
        segments_out: queue.segments_out,
        peer: queue.peer.map(task_id),
        peer_name: None,
        fd: None,
        mono_us: queue.at_us,
    }
}

/// The id of a task.
pub fn task_id(id: vitals::TaskId) -> wire::TaskId {
    wire::TaskId { runtime: Some(id.runtime), number: Some(id.number), start: Some(id.start) }
}

/// A task's id as it came in; `None` where a part is missing.
pub fn task_id_from(id: &wire::TaskId) -> Option<vitals::TaskId> {
    Some(vitals::TaskId { runtime: id.runtime.unwrap_or(0), number: id.number?, start: id.start? })
}

/// Times of the CPUs.
pub fn cpus(node: &NodeReading) -> Vec<wire::Cpu> {
    let queue = |number: u32| node.cpu_queues.iter().find(|queue| queue.number == number);
    let cpu = |(number, times): &(u32, CpuTimes)| wire::Cpu {
        number: Some(*number),
        user_us: times.user_us,
        // On the wire the kernel's part includes interrupts, and idle includes waiting for disks.
        system_us: times.system_us.map(|us| us + times.irq_us.unwrap_or(0)),
        idle_us: times.idle_us.map(|us| us + times.iowait_us.unwrap_or(0)),
        steal_us: times.steal_us,
        irq_us: times.irq_us,
        n_queued: queue(*number).and_then(|queue| queue.n_queued),
        run_delay_us: queue(*number).and_then(|queue| queue.run_delay_us),
    };
    node.cpus.iter().map(cpu).collect()
}

/// The states of the sources.
pub fn sources(states: &[SourceState]) -> wire::Sources {
    let source = |state: &SourceState| {
        let (health, reason) = health(&state.health);
        wire::Source {
            name: Some(state.name.to_owned()),
            health: Some(health.into()),
            reason: reason.or_else(|| state.note.as_deref().map(str::to_owned)),
            period_ms: state.period_ms,
            slow_period_ms: state.slow_period_ms,
        }
    };
    wire::Sources { source: states.iter().map(source).collect() }
}

/// What the sources cost, in their order.
pub fn source_costs(states: &[SourceState]) -> Vec<wire::SourceCost> {
    states.iter().map(|state| wire::SourceCost { cpu_us: state.cpu_us }).collect()
}

/// Whether the kernel's tasks are read, and why not: they come from the first source, whichever that is.
pub fn kernel<'a>(states: &'a [SourceState]) -> (bool, Option<&'a Arc<str>>) {
    let is_read = states.iter().any(|state| !matches!(state.health, Health::Off(_)));
    let reason = |state: &'a SourceState| match &state.health {
        Health::Ok => None,
        Health::Degraded(reason) | Health::Off(reason) => Some(reason),
    };
    (is_read, states.iter().find_map(reason).filter(|_| !is_read))
}

/// What schedules tasks here: the kernel with so many tasks, and what sources have found.
pub fn runtimes(reading: &Reading, n_tasks: usize) -> wire::Runtimes {
    let (is_read, reason) = kernel(&reading.sources);
    let reason = reason.map(|reason| reason.to_string());
    let os_health = if is_read { wire::Health::Ok } else { wire::Health::Off };
    let os = wire::Runtime {
        id: Some(0),
        kind: Some("os".into()),
        name: Some("os".into()),
        health: Some(os_health.into()),
        reason,
        n_tasks: is_read.then_some(n_tasks as u64),
        undistributed: None,
    };
    let found = reading.runtimes.iter().map(|runtime| {
        let (health, reason) = health(&runtime.health);
        wire::Runtime {
            id: Some(runtime.id),
            kind: Some(runtime.kind.to_owned()),
            name: Some(runtime.name.clone()),
            health: Some(health.into()),
            reason,
            n_tasks: runtime.n_tasks,
            undistributed: runtime.is_undistributed.then_some(true),
        }
    });
    wire::Runtimes { runtime: std::iter::once(os).chain(found).collect() }
}

/// The four severities, per mille.
pub fn severities(severities: vitals::Severities) -> wire::Severities {
    let [sched, mem, queue, rate] = severities.all().map(|severity| severity.map(vitals::Severity::per_mille));
    wire::Severities { sched, mem, queue, rate }
}

/// The kind of a task as it came in.
pub fn task_kind_from(kind: wire::TaskKind) -> Option<vitals::TaskKind> {
    match kind {
        wire::TaskKind::Unspecified => None,
        wire::TaskKind::Process => Some(vitals::TaskKind::Process),
        wire::TaskKind::Thread => Some(vitals::TaskKind::Thread),
        wire::TaskKind::Erlang => Some(vitals::TaskKind::Erlang),
        wire::TaskKind::Tokio => Some(vitals::TaskKind::Tokio),
        wire::TaskKind::KernelThread => Some(vitals::TaskKind::KernelThread),
    }
}

/// An order as it came in.
pub fn order_from(order: wire::Order) -> vitals::Order {
    match order {
        wire::Order::Unspecified | wire::Order::Severity => vitals::Order::Severity,
        wire::Order::Cpu => vitals::Order::Cpu,
        wire::Order::Delay => vitals::Order::Delay,
        wire::Order::Mem => vitals::Order::Mem,
        wire::Order::MemGrowth => vitals::Order::MemGrowth,
        wire::Order::Queue => vitals::Order::Queue,
        wire::Order::QueueGrowth => vitals::Order::QueueGrowth,
        wire::Order::Rate => vitals::Order::Rate,
        wire::Order::Drops => vitals::Order::Drops,
        wire::Order::Name => vitals::Order::Name,
        wire::Order::Number => vitals::Order::Number,
        wire::Order::Age => vitals::Order::Age,
        wire::Order::Active => vitals::Order::Active,
        wire::Order::Binary => vitals::Order::Binary,
        wire::Order::BinaryGrowth => vitals::Order::BinaryGrowth,
    }
}

fn health(health: &Health) -> (wire::Health, Option<String>) {
    match health {
        Health::Ok => (wire::Health::Ok, None),
        Health::Degraded(reason) => (wire::Health::Degraded, Some(reason.to_string())),
        Health::Off(reason) => (wire::Health::Off, Some(reason.to_string())),
    }
}

/// What moved, per unit.
pub fn flows(flows: &[vitals::Flow]) -> wire::Flows {
    let flow =
        |flow: &vitals::Flow| wire::Flow { unit: Some(unit(flow.unit).into()), n_in: flow.n_in, n_out: flow.n_out };
    wire::Flows { flow: flows.iter().map(flow).collect() }
}

fn worst_thread(worst: vitals::WorstThread) -> wire::WorstThread {
    wire::WorstThread {
        number: Some(worst.number),
        run_delay_us: Some(worst.run_delay_us),
        over_us: Some(worst.over_us),
    }
}

/// The kind of a task.
pub fn task_kind(kind: vitals::TaskKind) -> wire::TaskKind {
    match kind {
        vitals::TaskKind::Process => wire::TaskKind::Process,
        vitals::TaskKind::Thread => wire::TaskKind::Thread,
        vitals::TaskKind::KernelThread => wire::TaskKind::KernelThread,
        vitals::TaskKind::Erlang => wire::TaskKind::Erlang,
        vitals::TaskKind::Tokio => wire::TaskKind::Tokio,
    }
}

fn task_state(state: vitals::TaskState) -> wire::TaskState {
    match state {
        vitals::TaskState::Running => wire::TaskState::Running,
        vitals::TaskState::Sleeping => wire::TaskState::Sleeping,
        vitals::TaskState::Blocked => wire::TaskState::Blocked,
        vitals::TaskState::Stopped => wire::TaskState::Stopped,
        vitals::TaskState::Zombie => wire::TaskState::Zombie,
        vitals::TaskState::Idle => wire::TaskState::Idle,
        vitals::TaskState::Waiting => wire::TaskState::Waiting,
        vitals::TaskState::Suspended => wire::TaskState::Suspended,
    }
}

fn queue_kind(kind: vitals::QueueKind) -> wire::QueueKind {
    match kind {
        vitals::QueueKind::Mailbox => wire::QueueKind::Mailbox,
        vitals::QueueKind::Listen => wire::QueueKind::Listen,
        vitals::QueueKind::TcpReceive => wire::QueueKind::TcpReceive,
        vitals::QueueKind::TcpSend => wire::QueueKind::TcpSend,
        vitals::QueueKind::UdpReceive => wire::QueueKind::UdpReceive,
        vitals::QueueKind::Unix => wire::QueueKind::Unix,
        vitals::QueueKind::Pipe => wire::QueueKind::Pipe,
        vitals::QueueKind::Channel => wire::QueueKind::Channel,
        vitals::QueueKind::Waiters => wire::QueueKind::Waiters,
        vitals::QueueKind::Event => wire::QueueKind::Event,
        vitals::QueueKind::MessageQueue => wire::QueueKind::MessageQueue,
    }
}

fn unit(unit: vitals::Unit) -> wire::Unit {
    match unit {
        vitals::Unit::Messages => wire::Unit::Messages,
        vitals::Unit::Bytes => wire::Unit::Bytes,
        vitals::Unit::Connections => wire::Unit::Connections,
        vitals::Unit::Waiters => wire::Unit::Waiters,
        vitals::Unit::Segments => wire::Unit::Segments,
        vitals::Unit::Reductions => wire::Unit::Reductions,
        vitals::Unit::Polls => wire::Unit::Polls,
        vitals::Unit::Events => wire::Unit::Events,
    }
}
