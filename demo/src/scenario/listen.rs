//! Connections come in bursts that a listen queue cannot hold: at each look it is empty, and hundreds were dropped.

use super::Case;
use crate::{
    cluster::{Node, Role},
    values::{Socket, Values, Waiting},
};

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    if case.cluster.pick(Role::Gateway, case.seed).is_none_or(|victim| victim.number != node.number) {
        return;
    }
    let rise = case.moment.rise(4.0);
    let drops = (430.0 * rise * (1.0 + 0.3 * (case.moment.since_s / 2.1).sin())).floor();
    values.net.listen_drops += drops;
    values.net.n_tcp *= 1.0 + 0.4 * rise;
    values.net.segments_in += 3_000.0 * rise;
    if let Some(beam) = values.beam() {
        beam.queue(Waiting { socket: Socket::Listen, depth: 0.0, limit: Some(1_024), drops });
    }
    for name in ["ranch_acceptor_1", "ranch_acceptor_2"] {
        if let Some(acceptor) = values.actor(name) {
            acceptor.reductions *= 1.0 + 2.0 * rise;
        }
    }
}
