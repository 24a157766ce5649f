//! All processes of a VM want one ETS table: its schedulers are full of waiting for a lock, and little is done.

use midair_vitals::TaskState;

use super::Case;
use crate::{
    cluster::{Node, Role},
    values::Values,
};

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    if case.cluster.pick(Role::Presence, case.seed).is_none_or(|victim| victim.number != node.number) {
        return;
    }
    let rise = case.moment.rise(7.0);
    let n_cpus = f64::from(node.n_cpus);
    values.vm.busy += (1.0 - values.vm.busy) * rise;
    values.vm.reductions *= 1.0 - 0.72 * rise;
    values.vm.run_queue += (34.0 * rise).floor();
    // Threads that wait for a lock are put to sleep and woken: measured 286,850 on two schedulers, against 289.
    values.switches += 143_000.0 * n_cpus * rise;
    values.work(0.35 * n_cpus * rise);
    values.net.segments_out *= 1.0 - 0.35 * rise;
    if let Some(beam) = values.beam() {
        beam.delay += 0.02 * n_cpus * rise;
    }
    if rise > 0.3 {
        let functions =
            [("ets:insert/2", 122), ("ets:lookup/2", 31), ("gen_server:loop/7", 18), ("presence_shard:online/2", 11)];
        values.vm.functions = functions.to_vec();
    }
    for name in ["presence_shard_1", "presence_shard_2", "presence_shard_3", "presence_shard_4"] {
        if let Some(shard) = values.actor(name) {
            shard.mailbox += (3_100.0 * rise * (1.0 + 0.1 * (case.moment.since_s / 5.0).sin())).floor();
            shard.at = "ets:insert/2";
            shard.active = shard.active.max(0.98 * rise);
            shard.state = TaskState::Running;
            shard.reductions *= 1.0 - 0.6 * rise;
        }
    }
}
