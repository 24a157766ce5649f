//! One scheduler of a VM is held up by a native function: what is queued there waits, and the others have nothing to do.

use midair_vitals::TaskState;

use super::Case;
use crate::{
    cluster::{Node, Role},
    values::Values,
};

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    if case.cluster.pick(Role::Chat, case.seed).is_none_or(|victim| victim.number != node.number) {
        return;
    }
    let rise = case.moment.rise(8.0);
    if rise < 0.2 {
        return;
    }
    values.cpu.n_full = 1;
    values.vm.n_full = 1;
    values.vm.run_queue = (130.0 * rise).floor();
    values.vm.busy *= 1.0 - 0.7 * rise;
    values.vm.reductions *= 1.0 - 0.6 * rise;
    values.net.segments_out *= 1.0 - 0.25 * rise;
    values.n_running += 2.0;
    if let Some(beam) = values.beam() {
        beam.cpu *= 1.0 - 0.5 * rise;
        beam.cpu += 1.0;
        beam.delay += 0.4 * rise;
    }
    if let Some(archive) = values.actor("archive") {
        archive.state = TaskState::Running;
        archive.active = 1.0;
        archive.at = "zlib_nif:deflate/4";
        archive.reductions *= 0.2;
    }
    for name in ["group_fanout", "push_queue"] {
        if let Some(actor) = values.actor(name) {
            actor.mailbox += (2_600.0 * rise * (1.0 + 0.2 * (case.moment.since_s / 7.0).sin())).floor();
            actor.state = TaskState::Running;
        }
    }
}
