//! Too many messages in one data centre: every chat node and gateway of it has too much to do.

use midair_vitals::TaskState;

use super::Case;
use crate::{
    chance,
    cluster::{Node, Role},
    values::Values,
};

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    let first = chance::one_of(case.seed, [1, 40], case.cluster.nodes.len());
    let centre = case.cluster.nodes.get(first).map(Node::centre);
    if Some(node.centre()) != centre || !matches!(node.role, Role::Chat | Role::Gateway) {
        return;
    }
    let rise = case.moment.rise(12.0);
    // It comes in waves of about 20 s, not everywhere at the same moment.
    let phase = chance::share(node.seed, [1, 41]) * 6.0;
    let wave = rise * (0.75 + 0.25 * (case.moment.since_s / 3.3 + phase).sin());
    for rate in [&mut values.net.segments_in, &mut values.net.rx] {
        *rate *= 1.0 + 5.0 * wave;
    }
    for rate in [&mut values.net.segments_out, &mut values.net.tx] {
        *rate *= 1.0 + 3.5 * wave;
    }
    values.vm.reductions *= 1.0 + 1.6 * wave;
    values.vm.busy += (0.99 - values.vm.busy) * wave;
    values.vm.run_queue += (90.0 * wave).floor();
    values.vm.gcs *= 1.0 + 2.0 * wave;
    values.vm.io.iter_mut().for_each(|bytes| *bytes *= 1.0 + 4.0 * wave);
    let n_cpus = f64::from(node.n_cpus);
    values.work(0.55 * n_cpus * wave);
    values.n_running += (n_cpus * 0.6 * wave).round();
    if let Some(beam) = values.beam() {
        beam.delay += 0.14 * n_cpus * wave;
    }
    for (name, most) in [("group_fanout", 14_000.0), ("chat_router", 5_200.0), ("rate_limiter", 3_800.0)] {
        if let Some(actor) = values.actor(name) {
            actor.mailbox += (most * wave).floor();
            actor.memory += most * wave * 1_024.0;
            actor.active = actor.active.max(0.95 * rise);
            actor.state = if rise > 0.3 { TaskState::Running } else { actor.state };
            actor.reductions *= 1.0 + 3.0 * rise;
        }
    }
}
