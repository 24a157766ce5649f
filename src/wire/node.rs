//! Nodes, their sources and runtimes: from the wire to readings.

use midair_proto::v1;
use midair_vitals::{CpuTimes, NodeReading, Severities, Severity, WorstQueue, WorstTask};

use crate::event::{Cost, Health, Runtime, Source};

use super::{
    host,
    names::Names,
    task::{self, value},
};

/// Most words about what is left out that are kept.
const SHED_MAX: usize = 16;

/// The node's values, read at `mono_us`.
pub(super) fn reading<'a>(
    sent: &v1::Node,
    cpus: impl Iterator<Item = (&'a u32, &'a v1::Cpu)> + Clone,
    names: &Names,
    mono_us: u64,
) -> NodeReading {
    NodeReading {
        at_us: mono_us,
        severities: sent.severities.as_ref().map(severities).unwrap_or_default(),
        cpu: cpu_times(sent),
        cpu_queues: host::cpu_queues(cpus.clone()),
        cpus: cpus.map(|(number, cpu)| (*number, one_cpu(cpu))).collect(),
        run_delay_us: value(sent.run_delay_us),
        throttled_us: value(sent.throttled_us),
        load1_milli: value(sent.load1_milli),
        n_running: value(sent.n_running),
        n_blocked: value(sent.n_blocked),
        n_switches: value(sent.n_switches),
        n_forks: value(sent.n_forks),
        psi_cpu_some_us: value(sent.psi_cpu_some_us),
        psi_mem_some_us: value(sent.psi_mem_some_us),
        psi_mem_full_us: value(sent.psi_mem_full_us),
        psi_io_some_us: value(sent.psi_io_some_us),
        mem_total_bytes: value(sent.mem_total_bytes),
        mem_available_bytes: value(sent.mem_available_bytes),
        mem_free_bytes: value(sent.mem_free_bytes),
        mem_anon_bytes: value(sent.mem_anon_bytes),
        mem_file_bytes: value(sent.mem_file_bytes),
        mem_slab_bytes: value(sent.mem_slab_bytes),
        mem_limit_bytes: value(sent.mem_limit_bytes),
        swap_total_bytes: value(sent.swap_total_bytes),
        swap_free_bytes: value(sent.swap_free_bytes),
        net_rx_bytes: value(sent.net_rx_bytes),
        net_tx_bytes: value(sent.net_tx_bytes),
        net_drops: value(sent.net_drops),
        tcp_in: value(sent.tcp_in),
        tcp_out: value(sent.tcp_out),
        tcp_retrans: value(sent.tcp_retrans),
        udp_in: value(sent.udp_in),
        udp_out: value(sent.udp_out),
        udp_drops: value(sent.udp_drops),
        listen_drops: value(sent.listen_drops),
        sums: sent.sums.as_ref().map(|q| task::queues(q, names)).unwrap_or_default(),
        worst_queue: sent.worst_queue.as_ref().and_then(|w| worst_queue(w, names)),
        worst_delay: sent.worst_delay.as_ref().and_then(|w| worst_task(w, names)),
        n_processes: value(sent.n_processes),
        n_threads: value(sent.n_threads),
        up_us: value(sent.up_us),
        n_tcp: value(sent.n_tcp),
        ..host::beyond_tasks(sent, names)
    }
}

/// The sources that a node lists, each with what it cost, as far as that was sent.
pub(super) fn sources(sent: &v1::Node, costs: &[v1::SourceCost]) -> Vec<Source> {
    let one = |(n, source): (usize, &v1::Source)| Source {
        name: source.name.clone().unwrap_or_default().into(),
        health: health(source.health, source.reason.as_deref()),
        note: source.reason.as_deref().filter(|_| source.health() == v1::Health::Ok).map(Into::into),
        cpu_us: costs.get(n).and_then(|cost| value(cost.cpu_us)),
        period_ms: source.period_ms,
        slow_period_ms: source.slow_period_ms,
    };
    sent.sources.iter().flat_map(|s| &s.source).enumerate().map(one).collect()
}

/// Runtimes as they are listed.
pub(super) fn runtimes(sent: &[v1::Runtime]) -> Vec<Runtime> {
    let one = |runtime: &v1::Runtime| Runtime {
        id: runtime.id.unwrap_or(0),
        kind: runtime.kind.clone().unwrap_or_default().into(),
        name: runtime.name.clone().unwrap_or_default().into(),
        health: health(runtime.health, runtime.reason.as_deref()),
        n_tasks: value(runtime.n_tasks),
        is_undistributed: runtime.undistributed.unwrap_or(false),
    };
    sent.iter().map(one).collect()
}

/// What a sample cost.
pub(super) fn cost(sent: &v1::Cost) -> Cost {
    Cost {
        cpu_us: value(sent.cpu_us),
        run_delay_us: value(sent.run_delay_us),
        rss_bytes: value(sent.rss_bytes),
        sample_us: value(sent.sample_us),
        vm_us: value(sent.vm_us),
        n_watchers: sent.n_watchers,
        budget_milli: sent.budget_milli,
        used_milli: sent.used_milli,
        budget_until_us: value(sent.budget_until_us),
        shed: sent.shed.iter().take(SHED_MAX).map(|what| what.as_str().into()).collect(),
    }
}

/// Minimum, mean and maximum; `None` unless all three are known.
pub(super) fn summary(sent: Option<v1::Summary>) -> Option<[Severity; 3]> {
    let sent = sent?;
    Some([sent.min?, sent.mean?, sent.max?].map(Severity::from_per_mille))
}

fn severities(sent: &v1::Severities) -> Severities {
    let one = |n: Option<u32>| n.map(Severity::from_per_mille);
    Severities { sched: one(sent.sched), mem: one(sent.mem), queue: one(sent.queue), rate: one(sent.rate) }
}

fn cpu_times(sent: &v1::Node) -> CpuTimes {
    CpuTimes {
        user_us: value(sent.user_us),
        system_us: value(sent.system_us),
        idle_us: value(sent.idle_us),
        iowait_us: value(sent.iowait_us),
        irq_us: value(sent.irq_us),
        steal_us: value(sent.steal_us),
    }
}

/// One CPU. On the wire its kernel time holds interrupts, and its idle time the waiting for disks.
fn one_cpu(sent: &v1::Cpu) -> CpuTimes {
    CpuTimes {
        user_us: value(sent.user_us),
        system_us: value(sent.system_us).map(|us| us.saturating_sub(value(sent.irq_us).unwrap_or(0))),
        idle_us: value(sent.idle_us),
        iowait_us: None,
        irq_us: value(sent.irq_us),
        steal_us: value(sent.steal_us),
    }
}

fn worst_queue(sent: &v1::WorstQueue, names: &Names) -> Option<WorstQueue> {
    let queue = task::queue(sent.queue.as_ref()?, names)?;
    Some(WorstQueue { task: sent.task.as_ref().and_then(task::id), queue })
}

fn worst_task(sent: &v1::WorstTask, names: &Names) -> Option<WorstTask> {
    Some(WorstTask {
        task: task::id(sent.task.as_ref()?)?,
        process: sent.process,
        name: names.get(sent.name),
        value_us: value(sent.value_us)?,
        over_us: value(sent.over_us)?,
    })
}

/// A health whose number this build does not know is degraded: something is said that is not plain `ok`.
fn health(number: Option<i32>, reason: Option<&str>) -> Health {
    let reason = || reason.unwrap_or("no reason given").into();
    match number.map(v1::Health::try_from) {
        None | Some(Ok(v1::Health::Unspecified | v1::Health::Ok)) => Health::Ok,
        Some(Ok(v1::Health::Degraded) | Err(_)) => Health::Degraded(reason()),
        Some(Ok(v1::Health::Off)) => Health::Off(reason()),
    }
}
