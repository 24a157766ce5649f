//! One sample as JSON, for scripts and for a first look.

use std::sync::Arc;

use midair_vitals::{
    CgroupReading, CgroupVitals, NetNamespace, NetNamespaceVitals, NodeVitals, Order, Queue, QueueVitals, Rank,
    Severities, Severity, TaskReading, TaskVitals,
};
use serde_json::{Value, json};

use crate::{
    clock::Clock,
    encode,
    governor::Off,
    identity::Identity,
    ledger::Ledger,
    node::NodeLedger,
    reading::{Health, Reading, Source, SourceState},
    sampler,
    tick::Tick,
};

/// So many tasks are printed, the worst first.
const N_TASKS: usize = 20;

/// So many cgroups, and so many network namespaces: the busiest.
const N_PLACES: usize = 20;

/// Reads twice, 250 ms apart so that there are rates, and prints the second.
pub fn sample(identity: &Identity, sources: Vec<Box<dyn Source>>, clock: &Clock, off: Off) -> Value {
    render(identity, sampler::read_twice(sources, clock, off), clock.wall_us())
}

fn render(identity: &Identity, readings: [Reading; 2], wall_us: u64) -> Value {
    let (mut ledger, mut node) = (Ledger::default(), NodeLedger::default());
    let mut derive = |mut reading: Reading| {
        let vitals = ledger.derive(&mut reading);
        let mut tick = Tick::new(reading, vitals);
        node.complete(&mut tick);
        tick
    };
    let [first, second] = readings.map(&mut derive);
    let vitals = NodeVitals::derive(Some(&first.reading.node), &second.reading.node);
    let cgroup = |now: &CgroupReading| {
        let before = first.reading.cgroups.iter().find(|before| before.path == now.path);
        cgroup_json(now, &CgroupVitals::derive(before, now))
    };
    let namespace = |now: &NetNamespace| {
        let before = first.reading.namespaces.iter().find(|before| before.inode == now.inode);
        namespace_json(now, &NetNamespaceVitals::derive(before, now))
    };
    json!({
        "program": encode::PROGRAM,
        "node": identity.node,
        "name": identity.name,
        "system": identity.system,
        "user": identity.user,
        "wall_us": wall_us,
        "vitals": node_json(&second, &vitals),
        "tasks": worst_first(&second).into_iter().map(|(task, vitals)| task_json(task, vitals)).collect::<Vec<_>>(),
        "cgroups": second.reading.cgroups.iter().take(N_PLACES).map(cgroup).collect::<Vec<_>>(),
        "network_namespaces": second.reading.namespaces.iter().take(N_PLACES).map(namespace).collect::<Vec<_>>(),
        "n_tasks": second.n_tasks,
        "sources": second.reading.sources.iter().map(source_json).collect::<Vec<_>>(),
    })
}

fn worst_first(tick: &Tick) -> Vec<(&TaskReading, &TaskVitals)> {
    let is_shown = |(task, _): &(&TaskReading, &TaskVitals)| task.kind != midair_vitals::TaskKind::Thread;
    let mut tasks: Vec<_> = tick.tasks().filter(is_shown).collect();
    let rank = |(task, vitals): &(&TaskReading, &TaskVitals)| Rank::of(Order::Severity, task, vitals);
    tasks.sort_by(|a, b| rank(b).compare(&rank(a)));
    tasks.truncate(N_TASKS);
    tasks
}

fn node_json(tick: &Tick, vitals: &NodeVitals) -> Value {
    let node = &tick.reading.node;
    json!({
        "severity_percent": severities_json(vitals.severities),
        "cpus_used": vitals.cpu,
        "run_delay_per_second": vitals.delay,
        "steal_cpus": vitals.steal,
        "missed_cpus_by_cause": {
            "own": vitals.causes.own,
            "neighbour": vitals.causes.neighbour,
            "quota": vitals.causes.quota,
            "hypervisor": vitals.causes.hypervisor,
        },
        "load1": node.load1_milli.map(|milli| milli as f64 / 1e3),
        "n_running": node.n_running,
        "n_blocked": node.n_blocked,
        "mem_total_bytes": node.mem_total_bytes,
        "mem_limit_bytes": node.mem_limit_bytes,
        "mem_used_bytes": vitals.mem_used_bytes,
        "swap_total_bytes": node.swap_total_bytes,
        "swap_free_bytes": node.swap_free_bytes,
        "net_rx_bytes_per_second": vitals.net_rx,
        "net_tx_bytes_per_second": vitals.net_tx,
        "tcp_segments_in_per_second": vitals.tcp_in,
        "tcp_segments_out_per_second": vitals.tcp_out,
        "udp_drops": vitals.udp_drops,
        "listen_drops": vitals.listen_drops,
        "n_processes": node.n_processes,
        "n_threads": node.n_threads,
        "queues": node.sums.iter().map(|queue| queue_json(queue, None)).collect::<Vec<_>>(),
        "worst_queue": node.worst_queue.as_ref().map(|worst| queue_json(&worst.queue, None)),
    })
}

fn task_json(task: &TaskReading, vitals: &TaskVitals) -> Value {
    let queues = task.queues.as_ref().map(|queues| {
        queues.iter().zip(vitals.queues.iter()).map(|(queue, v)| queue_json(queue, Some(v))).collect::<Vec<_>>()
    });
    json!({
        "number": task.id.number,
        "start": task.id.start,
        "name": text(task.name.as_ref()),
        "command": text(task.command.as_ref()),
        "user": text(task.user.as_ref()),
        "unit": text(task.unit.as_ref()),
        "cgroup": text(task.cgroup.as_ref()),
        "network_namespace": task.netns,
        "state": task.state.map(|state| state.word()),
        "severity_percent": severities_json(vitals.severities),
        "cpus_used": vitals.cpu,
        "run_delay_per_second": vitals.delay,
        "rss_bytes": task.rss_bytes,
        "n_threads": task.n_threads,
        "moved_per_second": vitals.moved(),
        "queues": queues,
    })
}

fn cgroup_json(cgroup: &CgroupReading, vitals: &CgroupVitals) -> Value {
    json!({
        "path": &*cgroup.path,
        "name": text(cgroup.name.as_ref()),
        "kind": cgroup.kind.word(),
        "severity_percent": severities_json(vitals.severities),
        "cpus_used": vitals.cpu,
        "run_delay_per_second": vitals.delay,
        "caused_delay_per_second": vitals.caused,
        "throttled_per_second": vitals.throttled,
        "quota_cpus": cgroup.quota_milli.map(|milli| milli as f64 / 1e3),
        "mem_used_bytes": vitals.mem_used_bytes,
        "mem_limit_bytes": cgroup.mem_limit_bytes,
        "oom_kills_total": cgroup.n_oom_kills,
        "n_processes": cgroup.n_processes,
        "n_threads": cgroup.n_threads,
    })
}

fn namespace_json(namespace: &NetNamespace, vitals: &NetNamespaceVitals) -> Value {
    json!({
        "inode": namespace.inode,
        "name": text(namespace.name.as_ref()),
        "is_own": namespace.is_own,
        "n_processes": namespace.n_processes,
        "tcp_segments_in_per_second": vitals.tcp_in,
        "tcp_segments_out_per_second": vitals.tcp_out,
        "tcp_segments_out_total": namespace.tcp_out,
        "listen_drops_total": namespace.listen_drops,
        "udp_drops_total": namespace.udp_drops,
        "n_tcp": namespace.n_tcp,
        "n_listeners": namespace.n_listeners,
        "unread": text(namespace.unread.as_ref()),
    })
}

fn queue_json(queue: &Queue, vitals: Option<&QueueVitals>) -> Value {
    json!({
        "kind": queue.kind.word(),
        "depth": queue.depth,
        "limit": queue.limit,
        "drops_total": queue.drops,
        "severity_percent": vitals.and_then(|v| v.severity).map(Severity::percent),
    })
}

fn severities_json(severities: Severities) -> Value {
    let [sched, mem, queue, rate] = severities.all().map(|severity| severity.map(Severity::percent));
    json!({ "sched": sched, "mem": mem, "queue": queue, "rate": rate })
}

fn source_json(state: &SourceState) -> Value {
    let (health, reason) = match &state.health {
        Health::Ok => ("ok", None),
        Health::Degraded(reason) => ("degraded", text(Some(reason))),
        Health::Off(reason) => ("off", text(Some(reason))),
    };
    json!({ "name": state.name, "health": health, "reason": reason, "cpu_us": state.cpu_us })
}

fn text(text: Option<&Arc<str>>) -> Option<&str> {
    text.map(AsRef::as_ref)
}

#[cfg(test)]
mod tests;
