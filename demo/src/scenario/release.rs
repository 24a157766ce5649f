//! The new release holds parts of large binaries in a cache for ever: its nodes fill up slowly.

use super::Case;
use crate::{
    cluster::Node,
    values::{MIB, Values},
};

/// What one node loses each second.
const PER_SECOND: f64 = 40.0 * MIB;

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    if !node.is_canary {
        return;
    }
    // Larger nodes have more sessions; none fills up altogether.
    let size = node.mem_bytes as f64 / (64.0 * 1_024.0 * MIB);
    let most = 0.42 * node.mem_bytes as f64;
    let leaked = (PER_SECOND * size * case.moment.since_s).min(most) * case.moment.left;
    let Some(cache) = values.vm.actors.iter().position(|actor| actor.name == "session_cache") else {
        values.vm.binaries += leaked;
        return;
    };
    let cache = &mut values.vm.actors[cache];
    cache.binaries += leaked;
    cache.memory += leaked * 0.000_3;
    cache.at = "binary:part/3";
}
