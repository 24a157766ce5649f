//! Through what a VM speaks to the world: its ports, and its sockets that are no ports, in one list.

use std::sync::Arc;

use midair_vitals::{
    TaskId,
    vm::{Pid, PortVitals, Socket},
};

use super::Vm;
use crate::model::{node::Node, task::Task};

/// A port, or a socket that is no port.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlet<'a> {
    /// "#Port<0.7>"; of a socket what tells it from others, as far as anything does.
    pub id: Arc<str>,
    /// Its driver or command, or what it speaks.
    pub name: Option<&'a Arc<str>>,
    /// Whether it is a port.
    pub is_port: bool,
    /// Whether it carries a link to another node.
    pub is_dist: bool,
    /// The process that owns it.
    pub owner: Option<&'a Pid>,
    /// Bytes that wait in a port to be sent.
    pub queue_bytes: Option<u64>,
    /// Processes that wait to write to a socket.
    pub n_writers: Option<u64>,
    /// Where it goes.
    pub address: Option<&'a Arc<str>>,
    /// What moves through it.
    pub vitals: &'a PortVitals,
}

impl Outlet<'_> {
    /// Bytes in and out per second.
    pub fn moves(&self) -> Option<f64> {
        Some(self.vitals.rate_in? + self.vitals.rate_out?)
    }
}

impl Vm {
    /// Its ports and sockets, as its VM tells of them.
    pub fn outlets(&self) -> Vec<Outlet<'_>> {
        let ports = self.reading.ports.iter().flat_map(|ports| &ports.rows).zip(&self.vitals.ports);
        let ports = ports.map(|(port, vitals)| Outlet {
            id: port.id.clone(),
            name: port.name.as_ref(),
            is_port: true,
            is_dist: port.is_dist,
            owner: port.owner.as_ref(),
            queue_bytes: port.queue_bytes,
            n_writers: None,
            address: port.address.as_ref(),
            vitals,
        });
        let rows = || self.reading.sockets.iter().flat_map(|sockets| &sockets.rows);
        let sockets = rows().zip(&self.vitals.sockets).enumerate().map(|(n, (socket, vitals))| {
            let n_before = rows().take(n).filter(|other| key(other) == key(socket)).count();
            Outlet {
                id: format!("socket {} {n_before}", key(socket)).into(),
                name: socket.protocol.as_ref(),
                is_port: false,
                is_dist: false,
                owner: socket.owner.as_ref(),
                queue_bytes: None,
                n_writers: socket.n_writers,
                address: socket.address.as_ref(),
                vitals,
            }
        });
        ports.chain(sockets).collect()
    }

    /// How many ports and sockets it has; `None` where neither is known.
    pub fn n_outlets(&self) -> Option<u64> {
        let n_ports = self.reading.ports.as_ref().and_then(|ports| ports.n_total);
        let n_sockets = self.reading.sockets.as_ref().and_then(|sockets| sockets.n_total);
        match (n_ports, n_sockets) {
            (None, None) => None,
            (ports, sockets) => Some(ports.unwrap_or(0) + sockets.unwrap_or(0)),
        }
    }
}

fn key(socket: &Socket) -> String {
    let owner = socket.owner.as_ref().map_or("-", |owner| &*owner.text);
    let (protocol, address) = (socket.protocol.as_deref(), socket.address.as_deref());
    format!("{owner} {} {}", protocol.unwrap_or("-"), address.unwrap_or("-"))
}

/// The name of a process that something refers to: as it was told, else as the tables of its node know it.
pub fn name_of<'a>(pid: &'a Pid, node: &'a Node) -> Option<&'a Arc<str>> {
    let known = |task: TaskId| node.tasks.get(&task).and_then(|task: &Task| task.reading.name.as_ref());
    pid.name.as_ref().or_else(|| known(pid.task?))
}
