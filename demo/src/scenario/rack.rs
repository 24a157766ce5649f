//! A rack is cut off: nobody hears its nodes, and links of others to them go down.

use super::Case;
use crate::{chance, cluster::Node, values::Values};

/// A link is given up after so many seconds without a word (a fourth of `net_ticktime` and what is left).
const TICKS_S: f64 = 15.0;

/// It is off for so long, seconds.
pub(super) const OFF_S: f64 = 75.0;

/// Where it lasts it is off again after so long, seconds.
const CYCLE_S: f64 = 120.0;

/// The rack that is cut off now. The last seconds belong to those that come back.
pub(super) fn cut_off(case: &Case<'_>) -> Option<usize> {
    let is_off = case.moment.left >= 1.0 && case.moment.since_s % CYCLE_S <= OFF_S;
    is_off.then(|| chance::one_of(case.seed, [1, 30], case.cluster.n_racks()))
}

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    let Some(rack) = cut_off(case) else { return };
    values.is_cut |= node.rack == rack;
    let is_down = case.moment.since_s % CYCLE_S > TICKS_S;
    let mut n_lost = 0.0;
    for link in &mut values.vm.links {
        let is_there = case.cluster.nodes.get(link.peer).is_some_and(|peer| peer.rack == rack);
        if is_there == (node.rack == rack) {
            continue;
        }
        n_lost += 1.0;
        link.is_up = !is_down;
        link.messages = [0.0, link.messages[1] * 0.1];
        link.pending += 90_000.0;
    }
    if n_lost > 0.0 && !is_down {
        values.net.retrans += 40.0 * n_lost;
    }
}
