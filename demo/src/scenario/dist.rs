//! A node no longer reads from its links: it looks well, and senders elsewhere are suspended.

use midair_vitals::TaskState;

use super::Case;
use crate::{
    cluster::{Node, Role},
    values::{MIB, Socket, Values, Waiting},
};

/// What a link may hold until who sends is suspended (`+zdbbl`, 8 MiB here).
const BUSY: f64 = 8.0 * MIB;

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    let Some(stuck) = case.cluster.pick(Role::Presence, case.seed) else { return };
    let fill = case.moment.rise(14.0);
    if node.number == stuck.number {
        read_nothing(fill, values);
    } else if case.cluster.peers(stuck).any(|peer| peer.number == node.number) {
        suspend(node, stuck, fill, values);
    }
}

/// The cause: bytes of its peers wait in its sockets, and it has less to do than usual.
fn read_nothing(fill: f64, values: &mut Values) {
    let peers: Vec<usize> = values.vm.links.iter().map(|link| link.peer).collect();
    if let Some(beam) = values.beam() {
        beam.cpu *= 1.0 - 0.5 * fill;
        for peer in peers {
            let depth = (6.0 * MIB * fill).floor();
            beam.queue(Waiting { socket: Socket::Dist(peer), depth, limit: Some(6 << 20), drops: 0.0 });
        }
    }
    values.vm.busy *= 1.0 - 0.5 * fill;
    values.vm.reductions *= 1.0 - 0.5 * fill;
    values.vm.links.iter_mut().for_each(|link| link.messages[0] *= 1.0 - fill);
}

/// The victims: their link to it is full.
fn suspend(node: &Node, stuck: &Node, fill: f64, values: &mut Values) {
    // Links are kept by both; the one that only the other end has is theirs, too.
    let Some(link) = values.vm.links.iter_mut().find(|link| link.peer == stuck.number) else { return };
    link.pending += BUSY * 1.15 * fill;
    link.is_busy = fill > 0.85;
    link.messages[1] *= 1.0 - fill;
    if !link.is_busy {
        return;
    }
    values.vm.n_suspended += 24.0 + (node.number % 40) as f64;
    if let Some(beam) = values.beam() {
        let socket = Socket::DistOut(stuck.number);
        beam.queue(Waiting { socket, depth: 2.4 * MIB, limit: Some(4 << 20), drops: 0.0 });
    }
    let senders = ["presence_client", "presence_hub", "auth_cache", "replicator", "db_proxy"];
    for name in senders {
        if let Some(sender) = values.actor(name) {
            sender.state = TaskState::Suspended;
            sender.mailbox += 3_400.0;
            sender.reductions *= 0.02;
            sender.at = "erlang:bif_return_trap/2";
        }
    }
}
