//! The disk of a store node takes two hundred times as long: the cause is there, and most of what hurts is elsewhere.

use midair_vitals::TaskState;

use super::Case;
use crate::{
    chance,
    cluster::{Node, Role},
    values::{Socket, Values, Waiting},
};

/// One chat node in so many writes to that store.
const ONE_IN: u64 = 6;

/// Messages that wait at most, at the store and at one who waits for it.
const MOST: [f64; 2] = [240_000.0, 9_000.0];

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    let Some(store) = case.cluster.pick(Role::Store, case.seed) else { return };
    let rise = case.moment.rise(6.0);
    if node.number == store.number {
        slow(rise, values);
        back_up(case, rise, values);
    } else if node.role == Role::Chat && chance::mix(case.seed, [node.number as u64, 20]).is_multiple_of(ONE_IN) {
        wait(case, store, rise, values);
    }
}

fn slow(rise: f64, values: &mut Values) {
    values.disk.latency += 0.180 * rise;
    values.disk.busy += (1.0 - values.disk.busy) * rise;
    values.disk.writes *= 1.0 - 0.75 * rise;
    values.disk.reads *= 1.0 - 0.75 * rise;
    values.cpu.iowait += 6.0 * rise;
    values.n_blocked += (14.0 * rise).round();
    values.psi[2] = values.psi[2].max(0.82 * rise);
    for name in ["postgres: walwriter", "postgres: checkpointer", "postgres: chat"] {
        if let Some(process) = values.process(name).filter(|_| rise > 0.3) {
            process.state = TaskState::Blocked;
            process.cpu *= 0.3;
        }
    }
}

fn back_up(case: &Case<'_>, rise: f64, values: &mut Values) {
    let waits = (900.0 * case.moment.since_s).min(MOST[0]) * case.moment.left;
    if let Some(writer) = values.actor("store_writer") {
        writer.mailbox += waits.floor();
        writer.memory += waits * 2_048.0;
        writer.at = "prim_file:sync_nif/1";
        writer.reductions *= 1.0 - 0.7 * rise;
    }
    if let Some(database) = values.process("postgres: chat") {
        let depth = (1_250_000.0 * rise).floor();
        database.queue(Waiting { socket: Socket::Clients, depth, limit: Some(6 << 20), drops: 0.0 });
    }
}

/// Who writes to that store waits in a call.
fn wait(case: &Case<'_>, store: &Node, rise: f64, values: &mut Values) {
    let waits = (60.0 * case.moment.since_s).min(MOST[1]) * case.moment.left;
    if let Some(writer) = values.actor("msg_writer") {
        writer.mailbox += waits.floor();
        writer.memory += waits * 2_048.0;
        writer.at = "gen:do_call/4";
        writer.waits_for = Some(("store_writer", store.number));
        writer.reductions *= 1.0 - 0.6 * rise;
    }
}
