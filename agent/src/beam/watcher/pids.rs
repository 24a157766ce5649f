//! Erlang processes by number and by name, as they travel.

use midair_beam::{
    Atom, Pid,
    watch::look::{Neighbour, Party},
};
use midair_proto::v1::{ErlangPid, TaskId};

/// The number of a process on its node: serial and id.
pub(super) fn number(pid: &Pid) -> u64 {
    u64::from(pid.serial) << 32 | u64::from(pid.id)
}

/// The process of a number, on the node of another one; `None` for one that no process has. A viewer may ask for any, and
/// a VM that is sent a pid it cannot have drops the link: up to OTP 25 ids have 28 bits (`ERTS_MAX_PID_NUMBER`, erl_term.h).
pub(super) fn of_number(number: u64, node: &Atom, creation: u32) -> Option<Pid> {
    // The two halves.
    let (id, serial) = (number as u32, (number >> 32) as u32);
    (id < 1 << 28 && serial < 1 << 28).then(|| Pid { node: node.clone(), creation, id, serial })
}

/// Its text, as its own node prints it.
pub(super) fn text(pid: &Pid) -> String {
    format!("<0.{}.{}>", pid.id, pid.serial)
}

/// A process of the VM that is watched, or of another; `home` is the name of the VM.
pub(super) fn wire(pid: &Pid, name: Option<String>, home: &str) -> ErlangPid {
    let is_here = pid.node.as_str() == home;
    // The runtime is filled in by the agent, which knows it.
    let task = TaskId { runtime: None, number: Some(number(pid)), start: Some(pid.creation.into()) };
    ErlangPid {
        text: Some(text(pid)),
        name,
        task: is_here.then_some(task),
        node: (!is_here).then(|| pid.node.as_str().to_owned()),
    }
}

/// A neighbour of a process; what is no process has a text alone.
pub(super) fn neighbour(of: &Neighbour, home: &str) -> ErlangPid {
    let text = |text: String| ErlangPid { text: Some(text), name: None, task: None, node: of.node.clone() };
    match &of.party {
        Party::Process(pid) => wire(pid, of.name.clone(), home),
        Party::Name(name) => ErlangPid { name: Some(name.clone()), ..text(name.clone()) },
        Party::Port(port) => ErlangPid { name: of.name.clone(), ..text(port_text(port.id)) },
        Party::Other(words) => text(words.clone()),
    }
}

/// The text of a port, as its own node prints it.
pub(super) fn port_text(id: u64) -> String {
    format!("#Port<0.{id}>")
}
