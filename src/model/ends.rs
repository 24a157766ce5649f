//! The other end of a socket, on another node: both ends carry the same two addresses, each its own first.

use midair_vitals::{Queue, TaskId};

use super::{Model, node::Node, task::Task};
use crate::event::NodeId;

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// A task of another node, which holds the socket with these addresses.
    Task(NodeId, TaskId),
    /// The node of that address: which of its tasks holds the socket is not known here.
    Node(NodeId),
}

impl Model {
    /// Who is beyond a socket of a node, where its queue says between which addresses it is.
    pub fn beyond(&self, node: &Node, queue: &Queue) -> Option<Beyond> {
        let (local, remote) = ends(queue.label.as_deref()?)?;
        let others = || self.nodes.values().filter(|other| other.id != node.id);
        let holder = |other: &Node| holder(other, (remote, local)).map(|task| Beyond::Task(other.id.clone(), task));
        let of_host = || {
            let mut hosts = others().filter(|other| host(&other.address) == host(remote));
            // An address behind which several agents answer says nothing.
            hosts.next().filter(|_| hosts.next().is_none()).map(|other| Beyond::Node(other.id.clone()))
        };
        others().find_map(holder).or_else(of_host)
    }

    /// What is beyond in words: a task with its node, or the node.
    pub fn beyond_name(&self, beyond: &Beyond) -> String {
        let node = |id: &NodeId| self.node(id).map_or_else(|| id.0.to_string(), |node| node.name().to_owned());
        match beyond {
            Beyond::Task(id, task) => {
                let known = self.node(id).and_then(|node| node.task(*task));
                let title = known.map_or_else(|| task.number.to_string(), Task::title);
                format!("{title} on {}", node(id))
            }
            Beyond::Node(id) => format!("host {}", node(id)),
        }
    }
}

/// The task of a node that holds the socket between these, of those whose sockets are known with their addresses.
fn holder(node: &Node, between: (&str, &str)) -> Option<TaskId> {
    let is_it = |queue: &Queue| queue.label.as_deref().and_then(ends) == Some(between);
    let close = node.focuses.values().map(|focus| &focus.task);
    let known = close.chain(node.tasks.values()).find(|task| task.queues().any(|(queue, _)| is_it(queue)));
    let worst = || node.latest.as_ref()?.reading.worst_queue.as_ref().filter(|worst| is_it(&worst.queue))?.task;
    known.map(Task::id).or_else(worst)
}

/// Its own address and the other one: `10.0.0.1:7070 < 10.0.0.2:40112`.
fn ends(label: &str) -> Option<(&str, &str)> {
    let (local, remote) = label.split_once(" < ").or_else(|| label.split_once(" > "))?;
    let is_address = |text: &str| text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    (is_address(local) && is_address(remote)).then_some((local, remote))
}

/// The part before the port.
fn host(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

#[cfg(test)]
mod tests;
