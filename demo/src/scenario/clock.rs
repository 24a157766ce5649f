//! The clock of one node is off: a daemon that sets it has died.

use super::Case;
use crate::{chance, cluster::Node, values::Values};

/// So far ahead, microseconds.
const AHEAD_US: i64 = 7_000_000;

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    let victim = chance::one_of(case.seed, [1, 50], case.cluster.nodes.len());
    if node.number == victim && case.moment.left >= 1.0 {
        values.ahead_us = AHEAD_US;
    }
}
