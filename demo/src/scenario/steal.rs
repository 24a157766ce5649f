//! The hypervisor under two neighbours runs others: every task looks well and is slow.

use super::Case;
use crate::{chance, cluster::Node, values::Values};

pub(super) fn bend(case: &Case<'_>, node: &Node, values: &mut Values) {
    let first = chance::one_of(case.seed, [1, 60], case.cluster.nodes.len().saturating_sub(1));
    if node.number != first && node.number != first + 1 {
        return;
    }
    let rise = case.moment.rise(5.0);
    let n_cpus = f64::from(node.n_cpus);
    values.cpu.steal += n_cpus * rise * (0.46 + 0.06 * chance::drift(node.seed, case.moment.since_s, 5.0));
    values.psi[0] = values.psi[0].max(0.4 * rise);
    values.n_running += (0.5 * n_cpus * rise).round();
    values.net.segments_out *= 1.0 - 0.3 * rise;
    values.vm.run_queue += (12.0 * rise).floor();
    values.vm.reductions *= 1.0 - 0.3 * rise;
    if let Some(beam) = values.beam() {
        beam.delay += 0.05 * n_cpus * rise;
    }
}
