//! What the watcher said, as readings.

use std::sync::Arc;

use midair_proto::v1::{self, ErlangLook, ErlangPid, Vm};
use midair_vitals::{Flow, Previous, Queue, QueueKind, TaskId, TaskKind, TaskReading, TaskState, Unit};
use prost::Message;

use super::{
    said::{Ended, Levels, Row, SaidVm},
    threads, wire_id,
};
use crate::{names::NAME_BYTES, reading::Threads};

/// How a VM is called: by its node name, else by its OS process.
pub(super) fn name(process: TaskId, said: Option<&SaidVm>) -> String {
    let name = said.and_then(|said| said.vm.name.clone());
    name.unwrap_or_else(|| format!("pid {}", process.number))
}

/// A VM with what the kernel says of its OS process.
pub(super) fn vm(runtime: u32, process: TaskId, said: Option<&SaidVm>, threads: &Threads) -> Vm {
    let mut vm = said.map(|said| said.vm.clone()).unwrap_or_default();
    vm.runtime = Some(runtime);
    vm.process = Some(wire_id(process));
    vm.schedulers = threads::joined(vm.schedulers.take(), process, threads);
    let pids = vm.ports.iter_mut().flat_map(|ports| &mut ports.port).filter_map(|port| port.owner.as_mut());
    let owners = vm.tables.iter_mut().flat_map(|tables| &mut tables.table).filter_map(|table| table.owner.as_mut());
    let sockets = vm.sockets.iter_mut().flat_map(|all| &mut all.socket).filter_map(|socket| socket.owner.as_mut());
    pids.chain(owners).chain(sockets).for_each(|pid| in_runtime(pid, runtime));
    vm
}

/// Cuts what a VM says to so many bytes, whatever it says: lists that are too long for them are unknown.
pub(super) fn fit(vm: &mut Vm, most: usize) {
    let path = vm.crash_dump.as_mut().and_then(|dump| dump.path.as_mut());
    let texts = [vm.erts.as_mut(), vm.otp_release.as_mut(), vm.monitor_owner.as_mut(), path];
    texts.into_iter().flatten().for_each(cut);
    let lists: [fn(&mut Vm); 6] = [
        |vm| vm.tables = None,
        |vm| vm.sockets = None,
        |vm| vm.ports = None,
        |vm| vm.links = None,
        |vm| vm.active_functions = None,
        |vm| vm.schedulers = None,
    ];
    for forget in lists {
        if vm.encoded_len() <= most {
            return;
        }
        forget(vm);
    }
}

/// Cuts a text to what a name may have.
pub(super) fn cut(text: &mut String) {
    text.truncate(text.floor_char_boundary(NAME_BYTES));
}

/// The identity of an Erlang process.
pub(super) fn id(runtime: u32, ended: &Ended) -> TaskId {
    TaskId { runtime, number: ended.number, start: ended.creation.into() }
}

/// The row of an Erlang process.
pub(super) fn task(runtime: u32, row: &Row) -> TaskReading {
    let id = TaskId { runtime, number: row.number, start: row.creation.into() };
    let now = &row.now;
    TaskReading {
        name: row.name.as_deref().map(Arc::from),
        command: row.initial_call.as_deref().map(Arc::from),
        state: row.state.and_then(|state| v1::TaskState::try_from(state).ok()).and_then(state),
        active_milli: row.active_milli,
        rss_bytes: now.memory_bytes,
        binary_bytes: now.binary_bytes,
        queues: now.mailbox.map(|depth| [mailbox(depth)].into()),
        n_queues: Some(1),
        flows: now.reductions.map(|n| [reductions(n)].into()),
        previous: row.before.as_ref().map(|before| Box::new(previous(before))),
        ..TaskReading::unknown(id, TaskKind::Erlang, now.at_us)
    }
}

/// A look with the ids of those that live on the same VM.
pub(super) fn look(runtime: u32, mut look: ErlangLook) -> ErlangLook {
    let one = look.waits_for.iter_mut().chain(&mut look.group_leader);
    let many = look.links.iter_mut().chain(&mut look.monitors).chain(&mut look.monitored_by);
    one.chain(many).chain(&mut look.ancestors).for_each(|pid| in_runtime(pid, runtime));
    look
}

/// The watcher knows no runtimes: what it says of a task is of its own VM.
fn in_runtime(pid: &mut ErlangPid, runtime: u32) {
    if let Some(task) = &mut pid.task {
        task.runtime = Some(runtime);
    }
}

fn mailbox(depth: u64) -> Queue {
    Queue { depth: Some(depth), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) }
}

fn reductions(n: u64) -> Flow {
    Flow { unit: Unit::Reductions, n_in: None, n_out: Some(n) }
}

fn previous(levels: &Levels) -> Previous {
    Previous {
        at_us: levels.at_us,
        rss_bytes: levels.memory_bytes,
        binary_bytes: levels.binary_bytes,
        queues: levels.mailbox.map(|depth| [mailbox(depth)].into()).unwrap_or_default(),
        flows: levels.reductions.map(|n| [reductions(n)].into()).unwrap_or_default(),
        ..Previous::default()
    }
}

fn state(state: v1::TaskState) -> Option<TaskState> {
    match state {
        v1::TaskState::Running => Some(TaskState::Running),
        v1::TaskState::Waiting => Some(TaskState::Waiting),
        v1::TaskState::Suspended => Some(TaskState::Suspended),
        v1::TaskState::Zombie => Some(TaskState::Zombie),
        v1::TaskState::Unspecified
        | v1::TaskState::Sleeping
        | v1::TaskState::Blocked
        | v1::TaskState::Stopped
        | v1::TaskState::Idle => None,
    }
}

#[cfg(test)]
mod tests;
