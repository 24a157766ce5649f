//! One mailbox grows until memory runs out: its process waits in a call, the kernel kills the VM, and it begins anew.

use midair_vitals::TaskState;

use super::Case;
use crate::{
    cluster::{Node, Role},
    node,
    values::{GIB, Values},
};

/// From the first message too many to the kill, seconds.
pub(super) const UNTIL_KILL_S: f64 = 170.0;

/// The VM is up again and well for so long, seconds.
const WELL_S: f64 = 30.0;

/// Until it would begin again, seconds.
pub(super) const CYCLE_S: f64 = UNTIL_KILL_S + WELL_S;

/// Messages that come in per second and are not taken out.
const PER_SECOND: f64 = 8_100.0;

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    let Some(victim) = case.cluster.pick(Role::Chat, case.seed).filter(|victim| victim.number == node.number) else {
        return;
    };
    let n_kills = ((case.moment.since_s + WELL_S) / CYCLE_S).floor();
    if n_kills > 0.0 {
        begin_anew(n_kills as u32, case.moment.since_s + WELL_S - n_kills * CYCLE_S, values);
    }
    let in_cycle = case.moment.since_s % CYCLE_S;
    if in_cycle < UNTIL_KILL_S && case.moment.left >= 1.0 {
        grow(case, victim, in_cycle, values);
    }
}

/// What stays of it once it is over: the VM is another one.
pub(super) fn leave(case: &Case<'_>, node: &Node, values: &mut Values) {
    if case.cluster.pick(Role::Chat, case.seed).is_some_and(|victim| victim.number == node.number) {
        begin_anew(1, case.moment.since_s - UNTIL_KILL_S, values);
    }
}

/// So many times the VM was killed, the last time so many seconds ago.
fn begin_anew(n_kills: u32, killed_s: f64, values: &mut Values) {
    values.vm.life += n_kills;
    values.mem.n_kills += u64::from(n_kills);
    values.vm.age_s = killed_s.min(values.vm.age_s);
    // The sessions come back one by one.
    let back = (0.3 + killed_s / 60.0).min(1.0);
    values.vm.n_processes *= back;
    values.vm.heaps *= back;
}

fn grow(case: &Case<'_>, node: &Node, grown_s: f64, values: &mut Values) {
    // What it takes to fill the node just before the kill.
    let bytes = (node::room(node) + 1.6 * GIB) * (grown_s / UNTIL_KILL_S);
    let store = case.cluster.pick(Role::Store, case.seed).map(|store| ("store_writer", store.number));
    let fill = grown_s / UNTIL_KILL_S;
    if let Some(router) = values.actor("chat_router") {
        router.mailbox += PER_SECOND * grown_s;
        router.memory += bytes;
        router.state = TaskState::Waiting;
        router.at = "gen:do_call/4";
        router.waits_for = store;
        router.active *= 0.1;
        router.reductions *= 0.2;
    }
    // Collecting a heap of tens of gigabytes is work.
    values.work(2.2 * fill);
    values.net.segments_out *= 1.0 - 0.4 * fill;
    values.psi[1] = (fill - 0.9).max(0.0) * 6.0;
    values.vm.gcs *= 1.0 - 0.5 * fill;
}
