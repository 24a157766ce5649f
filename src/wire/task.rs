//! Tasks, queues and flows: from the wire to readings.

use midair_proto::v1;
use midair_vitals::{Flow, Previous, Queue, QueueKind, TaskId, TaskKind, TaskReading, TaskState, Unit, WorstThread};

use super::names::Names;

/// Counters and levels above this are no measurement. The bound keeps sums of a few of them inside 64 bits, whatever
/// a broken agent sends.
const VALUE_MAX: u64 = 1 << 60;
/// Most queues of one task that are kept.
const QUEUES_MAX: usize = 4_096;

/// A value as it was sent; unknown where it is out of all reason.
pub(super) fn value(sent: Option<u64>) -> Option<u64> {
    sent.filter(|n| *n <= VALUE_MAX)
}

/// Which task; `None` where the number is missing. An unset runtime is the kernel, as 0 is.
pub(super) fn id(sent: &v1::TaskId) -> Option<TaskId> {
    Some(TaskId { runtime: sent.runtime.unwrap_or(0), number: sent.number?, start: sent.start.unwrap_or(0) })
}

/// Rows that can be read; rows without identity, and of kinds that this build does not know, are left out.
pub(super) fn readings(sent: Vec<v1::Task>, names: &Names, mono_us: u64) -> Vec<TaskReading> {
    sent.iter().filter_map(|task| reading(task, names, mono_us)).collect()
}

/// One row. `mono_us` is when it was read, unless it says so itself.
pub(super) fn reading(sent: &v1::Task, names: &Names, mono_us: u64) -> Option<TaskReading> {
    let task_id = id(sent.id.as_ref()?)?;
    let kind = kind(sent)?;
    let at_us = value(sent.mono_us).unwrap_or(mono_us);
    Some(TaskReading {
        process: sent.process,
        parent: sent.parent,
        name: names.get(sent.name),
        command: names.get(sent.command),
        user: names.get(sent.user),
        cgroup: names.get(sent.cgroup),
        state: sent.state.and_then(state),
        wait_channel: names.get(sent.wait_channel),
        cpu_us: value(sent.cpu_us),
        run_delay_us: value(sent.run_delay_us),
        n_runs: value(sent.n_runs),
        n_voluntary: value(sent.n_voluntary),
        n_involuntary: value(sent.n_involuntary),
        rss_bytes: value(sent.rss_bytes),
        swap_bytes: value(sent.swap_bytes),
        anon_bytes: value(sent.anon_bytes),
        file_bytes: value(sent.file_bytes),
        n_threads: sent.n_threads,
        queues: sent.queues.as_ref().map(|q| queues(q, names).into()),
        n_queues: sent.queues.as_ref().and_then(|q| q.n_total),
        flows: sent.flows.as_ref().map(|f| flows(f).into()),
        worst_thread: sent.worst_thread.as_ref().and_then(worst_thread),
        unit: names.get(sent.unit),
        netns: sent.netns,
        n_fds: value(sent.n_fds),
        waiting_us: value(sent.waiting_us),
        binary_bytes: value(sent.binary_bytes),
        active_milli: sent.active_milli,
        previous: sent.previous.as_ref().and_then(|p| previous(p, names)).map(Box::new),
        ..TaskReading::unknown(task_id, kind, at_us)
    })
}

/// The queues of a list whose kind and unit this build knows.
pub(super) fn queues(sent: &v1::Queues, names: &Names) -> Vec<Queue> {
    sent.queue.iter().take(QUEUES_MAX).filter_map(|q| queue(q, names)).collect()
}

/// One queue; `None` where its kind or unit is not known.
pub(super) fn queue(sent: &v1::Queue, names: &Names) -> Option<Queue> {
    Some(Queue {
        kind: queue_kind(sent.kind?)?,
        unit: unit(sent.unit?)?,
        depth: value(sent.depth),
        limit: value(sent.limit),
        drops: value(sent.drops),
        number: sent.number,
        label: names.get(sent.label),
        n_in: value(sent.n_in),
        n_out: value(sent.n_out),
        segments_in: value(sent.segments_in),
        segments_out: value(sent.segments_out),
        peer: sent.peer.as_ref().and_then(id),
        peer_name: names.get(sent.peer_name),
        fd: sent.fd,
        at_us: value(sent.mono_us),
    })
}

/// What moved, per unit.
pub(super) fn flows(sent: &v1::Flows) -> Vec<Flow> {
    let one =
        |flow: &v1::Flow| Some(Flow { unit: unit(flow.unit?)?, n_in: value(flow.n_in), n_out: value(flow.n_out) });
    sent.flow.iter().take(QUEUES_MAX).filter_map(one).collect()
}

fn worst_thread(sent: &v1::WorstThread) -> Option<WorstThread> {
    Some(WorstThread { number: sent.number?, run_delay_us: value(sent.run_delay_us)?, over_us: value(sent.over_us)? })
}

/// Earlier counters; `None` where it is not said when they were read: no rate follows from them.
fn previous(sent: &v1::Previous, names: &Names) -> Option<Previous> {
    Some(Previous {
        at_us: value(sent.mono_us)?,
        cpu_us: value(sent.cpu_us),
        run_delay_us: value(sent.run_delay_us),
        n_runs: value(sent.n_runs),
        rss_bytes: value(sent.rss_bytes),
        queues: sent.queues.as_ref().map(|q| queues(q, names).into()).unwrap_or_default(),
        flows: sent.flows.as_ref().map(|f| flows(f).into()).unwrap_or_default(),
        binary_bytes: value(sent.binary_bytes),
    })
}

/// What a task is: as said, or, where an agent did not say, by whether it names a process. `None` for a kind that this
/// build does not know.
fn kind(sent: &v1::Task) -> Option<TaskKind> {
    let Some(number) = sent.kind else { return Some(unsaid_kind(sent)) };
    match v1::TaskKind::try_from(number).ok()? {
        v1::TaskKind::Unspecified => Some(unsaid_kind(sent)),
        v1::TaskKind::Process => Some(TaskKind::Process),
        v1::TaskKind::Thread => Some(TaskKind::Thread),
        v1::TaskKind::Erlang => Some(TaskKind::Erlang),
        v1::TaskKind::Tokio => Some(TaskKind::Tokio),
        v1::TaskKind::KernelThread => Some(TaskKind::KernelThread),
    }
}

fn unsaid_kind(sent: &v1::Task) -> TaskKind {
    if sent.process.is_some() { TaskKind::Thread } else { TaskKind::Process }
}

fn state(number: i32) -> Option<TaskState> {
    match v1::TaskState::try_from(number).ok()? {
        v1::TaskState::Unspecified => None,
        v1::TaskState::Running => Some(TaskState::Running),
        v1::TaskState::Sleeping => Some(TaskState::Sleeping),
        v1::TaskState::Blocked => Some(TaskState::Blocked),
        v1::TaskState::Stopped => Some(TaskState::Stopped),
        v1::TaskState::Zombie => Some(TaskState::Zombie),
        v1::TaskState::Idle => Some(TaskState::Idle),
        v1::TaskState::Waiting => Some(TaskState::Waiting),
        v1::TaskState::Suspended => Some(TaskState::Suspended),
    }
}

/// A kind of queue by its number; `None` for one that this build does not know.
pub(crate) fn queue_kind(number: i32) -> Option<QueueKind> {
    match v1::QueueKind::try_from(number).ok()? {
        v1::QueueKind::Unspecified => None,
        v1::QueueKind::Mailbox => Some(QueueKind::Mailbox),
        v1::QueueKind::Listen => Some(QueueKind::Listen),
        v1::QueueKind::TcpReceive => Some(QueueKind::TcpReceive),
        v1::QueueKind::TcpSend => Some(QueueKind::TcpSend),
        v1::QueueKind::UdpReceive => Some(QueueKind::UdpReceive),
        v1::QueueKind::Unix => Some(QueueKind::Unix),
        v1::QueueKind::Pipe => Some(QueueKind::Pipe),
        v1::QueueKind::Channel => Some(QueueKind::Channel),
        v1::QueueKind::Waiters => Some(QueueKind::Waiters),
        v1::QueueKind::Event => Some(QueueKind::Event),
        v1::QueueKind::MessageQueue => Some(QueueKind::MessageQueue),
    }
}

/// A unit by its number; the same.
pub(crate) fn unit(number: i32) -> Option<Unit> {
    match v1::Unit::try_from(number).ok()? {
        v1::Unit::Unspecified => None,
        v1::Unit::Messages => Some(Unit::Messages),
        v1::Unit::Bytes => Some(Unit::Bytes),
        v1::Unit::Connections => Some(Unit::Connections),
        v1::Unit::Waiters => Some(Unit::Waiters),
        v1::Unit::Segments => Some(Unit::Segments),
        v1::Unit::Reductions => Some(Unit::Reductions),
        v1::Unit::Polls => Some(Unit::Polls),
        v1::Unit::Events => Some(Unit::Events),
    }
}
