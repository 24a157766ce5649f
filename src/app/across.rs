//! Ways across: to the task at the other end of a queue, between an OS process and its Erlang VM, and from process to
//! process along what an Erlang process waits for.

use midair_vitals::{
    QueueKind, TaskId, TaskKind,
    vm::{Pid, SchedulerKind},
};

use super::{
    State,
    go::Go,
    screen::{Panel, RowId, Screen, Way},
};
use crate::{
    event::NodeId,
    model::{Model, Node, Vm, ends::Beyond, relatives::Relation, task::pid_number},
};

/// To the VM of what is selected, else of the screen, else to the worst VM of the node; from a VM to its OS process.
pub(super) fn to_vm(state: &mut State) {
    state.go = None;
    if let (Screen::Vm(node, _), Some(process)) = (state.screen().clone(), state.vm().and_then(|vm| vm.reading.process))
    {
        return to_task(state, Screen::Task(node, process));
    }
    let rows = state.rows(state.level().panel);
    let row = state.level().current().position(&rows).and_then(|at| rows.into_iter().nth(at));
    let of_row = row.as_ref().and_then(|row| super::target(row).map(|(node, task)| (node.clone(), task)));
    let of_screen = match state.screen() {
        Screen::Task(node, task) => Some((node.clone(), Some(*task))),
        Screen::Node(node) | Screen::Scope(node, _) | Screen::Vm(node, _) => Some((node.clone(), None)),
        Screen::Cluster => None,
    };
    let is_of_task = matches!(state.screen(), Screen::Task(..));
    let to = if is_of_task { of_screen } else { of_row.or(of_screen) };
    let Some((id, task)) = to else {
        state.refuse("the Erlang VM of which node? move to a row first");
        return;
    };
    let Some(runtime) = state.model.node(&id).and_then(|node| vm_of(node, task)) else {
        state.refuse("no Erlang VM is known here: agents find them by epmd, by their sockets, or as configured");
        return;
    };
    if *state.screen() == Screen::Cluster {
        state.push_level(Screen::Node(id.clone()));
    }
    let there = Screen::Vm(id, runtime);
    match state.levels.iter().position(|level| level.screen == there) {
        Some(at) => state.levels.truncate(at + 1),
        None => state.push_level(there),
    }
}

/// The VM of a task; of none the worst of the node.
fn vm_of(node: &Node, task: Option<TaskId>) -> Option<u32> {
    let worst = || node.vms.values().max_by_key(|vm| vm.severity(node)).map(|vm| vm.reading.runtime);
    let of_node = || worst().or_else(|| node.runtimes.iter().find(|runtime| *runtime.kind == *"beam").map(|r| r.id));
    let Some(task) = task else { return of_node() };
    if task.runtime != 0 {
        return Some(task.runtime);
    }
    let known = node.task(task);
    let process = known.filter(|t| t.reading.kind == TaskKind::Thread).and_then(|t| t.reading.process);
    let is_its_process = |id: TaskId| id == task || (id.runtime == 0 && Some(id.number) == process);
    let vm = node.vms.values().find(|vm| vm.reading.process.is_some_and(is_its_process));
    // Any other row of the node leads to its worst VM: there is most often one.
    vm.map(|vm| vm.reading.runtime).or_else(of_node)
}

/// From a row of a VM, or of an Erlang process, to what it speaks of.
pub(super) fn of_vm(state: &mut State, row: &RowId) {
    match row {
        RowId::Scheduler(kind, number) => to_thread(state, *kind, *number),
        RowId::Link(peer) => match vm_named(&state.model, peer) {
            Some((node, runtime)) => cross(state, Screen::Vm(node, runtime)),
            None => state.refuse(format!("{peer} is not among the VMs that are watched here")),
        },
        RowId::Port(id) => {
            let outlets = state.vm().map(Vm::outlets).unwrap_or_default();
            let owner = outlets.iter().find(|outlet| outlet.id == *id).and_then(|outlet| outlet.owner.cloned());
            to_owner(state, owner);
        }
        RowId::Table(name, owner) => {
            let tables = state.vm().and_then(|vm| vm.reading.tables.as_ref());
            let owner_of = |table: &midair_vitals::vm::Table| table.owner.as_ref().map(|owner| owner.text.clone());
            let table = tables.and_then(|t| t.rows.iter().find(|t| t.name == *name && owner_of(t) == *owner));
            let owner = table.and_then(|table| table.owner.clone());
            to_owner(state, owner);
        }
        RowId::Relative(relation, key) => {
            let relatives = state.relatives();
            match relatives.into_iter().find(|r| r.relation == *relation && r.key() == *key) {
                Some(relative) => to_pid(state, &relative.pid),
                None => state.refuse("it is gone"),
            }
        }
        RowId::Spot(_) | RowId::Function(_) => state.refuse("a function holds nothing to go into"),
        RowId::Node(_)
        | RowId::Task(..)
        | RowId::Queue(..)
        | RowId::OwnedQueue(..)
        | RowId::Scope(..)
        | RowId::Group(_)
        | RowId::Peer(_)
        | RowId::Cpu(_)
        | RowId::Check(_)
        | RowId::Vm(..) => {}
    }
}

/// To a VM of the cluster, by its name: its node lies between.
pub(super) fn to_peer(state: &mut State, name: &str) {
    match vm_named(&state.model, name) {
        Some((node, runtime)) => {
            state.push_level(Screen::Node(node.clone()));
            state.push_level(Screen::Vm(node, runtime));
        }
        None => state.refuse(format!("{name} is not among the VMs that are watched here")),
    }
}

/// To the OS thread of a scheduler.
fn to_thread(state: &mut State, kind: SchedulerKind, number: u32) {
    let schedulers = state.vm().map_or(&[][..], |vm| &vm.reading.schedulers);
    let thread = schedulers.iter().find(|s| (s.kind, s.number) == (kind, number)).and_then(|s| s.thread);
    match (thread, state.screen().node().cloned()) {
        (Some(thread), Some(node)) => cross(state, Screen::Task(node, thread)),
        _ => state.refuse("its thread is not known"),
    }
}

fn to_owner(state: &mut State, owner: Option<Pid>) {
    match owner {
        Some(owner) => to_pid(state, &owner),
        None => state.refuse("who owns it is not known"),
    }
}

/// To an Erlang process: of the VM that is shown, or of another that is watched here.
fn to_pid(state: &mut State, pid: &Pid) {
    state.go = None;
    let Some(node) = state.screen().node().cloned() else { return };
    let runtime = match state.screen() {
        Screen::Vm(_, runtime) => *runtime,
        Screen::Task(_, task) => task.runtime,
        Screen::Cluster | Screen::Node(_) | Screen::Scope(..) => return,
    };
    if let Some(task) = pid.task {
        return to_task(state, Screen::Task(node, task));
    }
    let there = match &pid.node {
        None => Some((node, runtime)),
        Some(name) => vm_named(&state.model, name),
    };
    let Some((node, runtime)) = there else {
        let name = pid.node.as_deref().unwrap_or_default();
        state.refuse(format!("it is on {name}, which is not among the VMs that are watched here"));
        return;
    };
    let Some(number) = pid_number(&pid.text) else {
        // Of who sent from elsewhere only the node is known.
        return cross(state, Screen::Vm(node, runtime));
    };
    match state.model.node(&node).and_then(|node| life_of(node, runtime)) {
        Some(start) => to_task(state, Screen::Task(node, TaskId { runtime, number, start })),
        None => {
            let path = state.model.node(&node).map(|node| super::go::pid_path(node, runtime, &pid.text));
            state.go = path.as_deref().and_then(Go::parse);
            super::go::pursue(state);
        }
    }
}

/// The creation of a VM, by which its processes are told from those of its earlier lives.
fn life_of(node: &Node, runtime: u32) -> Option<u64> {
    let of_rows = || node.tasks.keys().find(|id| id.runtime == runtime).map(|id| id.start);
    node.vms.get(&runtime).and_then(|vm| vm.reading.creation).or_else(of_rows)
}

/// The VM of a name, wherever it is watched.
fn vm_named(model: &Model, name: &str) -> Option<(NodeId, u32)> {
    let on = |node: &Node| node.runtimes.iter().find(|r| *r.kind == *"beam" && *r.name == *name).map(|r| r.id);
    model.nodes.values().find_map(|node| Some((node.id.clone(), on(node)?)))
}

/// Across to a screen, or back to it where one came from there.
fn cross(state: &mut State, there: Screen) {
    match state.levels.iter().position(|level| level.screen == there) {
        Some(at) => state.levels.truncate(at + 1),
        None => {
            state.push_level(there);
            state.level_mut().way = Way::Across;
        }
    }
}

/// Across the selected queue, whichever panel has the keys; without a selection across the first.
pub(super) fn follow(state: &mut State) {
    state.go = None;
    if matches!(state.screen(), Screen::Task(_, task) if task.runtime != 0) {
        let relatives = state.relatives();
        match relatives.into_iter().find(|relative| relative.relation == Relation::WaitsFor) {
            Some(relative) => to_pid(state, &relative.pid),
            None => state.refuse("it waits for no process that is known"),
        }
        return;
    }
    let rows = state.rows(Panel::Queues);
    let list = state.list(Panel::Queues);
    match list.position(&rows).or(list.selected.is_none().then_some(0)).and_then(|at| rows.get(at)) {
        Some(RowId::Queue(kind, number)) => queue(state, *kind, *number),
        _ => state.refuse("there is no queue to go across"),
    }
}

/// To the task at the other end of a queue. One that was come from is gone back to: no way is longer than it is.
pub(super) fn queue(state: &mut State, kind: QueueKind, number: Option<u64>) {
    let Screen::Task(node, _) = state.screen().clone() else { return };
    let queue = state.task().and_then(|task| {
        let mut queues = task.queues().map(|(queue, _)| queue);
        queues.find(|queue| queue.kind == kind && queue.number == number)
    });
    let beyond = state.node().zip(queue).filter(|(_, queue)| queue.peer.is_none());
    match beyond.and_then(|(node, queue)| state.model.beyond(node, queue)) {
        Some(Beyond::Task(node, task)) => return to_task(state, Screen::Task(node, task)),
        Some(Beyond::Node(node)) => return cross(state, Screen::Node(node)),
        None => {}
    }
    let Some(peer) = queue.and_then(|queue| queue.peer) else {
        let why = queue.map_or("this queue is gone", |queue| no_peer(queue.kind));
        state.refuse(why);
        return;
    };
    to_task(state, Screen::Task(node, peer));
}

/// Across to a task. One that was come from is gone back to.
fn to_task(state: &mut State, there: Screen) {
    match state.levels.iter().position(|level| level.screen == there) {
        Some(at) if at + 1 == state.levels.len() => state.refuse("this leads to the task itself"),
        Some(at) => state.levels.truncate(at + 1),
        None => {
            state.push_level(there);
            state.level_mut().way = Way::Across;
        }
    }
}

/// Why nobody is known at the other end of a queue.
fn no_peer(kind: QueueKind) -> &'static str {
    match kind {
        QueueKind::Listen => "a listener has no other end: those who connect to it have",
        QueueKind::UdpReceive => "a datagram socket has no other end: anybody may send to it",
        QueueKind::TcpReceive | QueueKind::TcpSend => "the other end is on another host, or was not found on this one",
        QueueKind::Unix | QueueKind::Pipe => {
            "who holds the other end was not found: nobody, or one that cannot be read"
        }
        QueueKind::Mailbox | QueueKind::Channel | QueueKind::Waiters | QueueKind::Event | QueueKind::MessageQueue => {
            "who is at the other end is not known"
        }
    }
}
