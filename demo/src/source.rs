//! A source like those of hosts: what a node of the world shows, as the counters and rows that the kernel and its VM would
//! have told.

mod close;
mod sums;
mod tasks;
mod vm;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use midair_agent::{
    Clock,
    reading::{Health, Reading, RuntimeState, Source, SourceState, Wants},
};
use midair_proto::v1::{Inspected, Keeps};
use midair_vitals::{CpuQueue, CpuTimes, Disk, Filesystem, NodeReading, Queue, QueueKind, Unit, host::TcpTrouble};

use crate::{
    World,
    cluster::Node,
    values::{GIB, Values},
};
use sums::Sums;
use tasks::Rows;

/// The runtime's id of a node's first VM; each life of it has the next.
const RUNTIME: u32 = 1;

/// The source of one node.
#[derive(Debug)]
pub struct Made {
    world: Arc<World>,
    number: usize,
    clock: Clock,
    /// `CLOCK_MONOTONIC` of the beginning, microseconds.
    start_us: u64,
    sums: Sums,
    rows: Rows,
    /// How far the wall clock of the node is ahead, microseconds: the agent's own clock reads it.
    ahead_us: Arc<AtomicI64>,
    disk: Arc<str>,
}

impl Made {
    /// For a node of a world that began at this moment of the clock.
    pub fn new(world: Arc<World>, number: usize, clock: Clock, start_us: u64, ahead_us: Arc<AtomicI64>) -> Self {
        let node = &world.cluster.nodes[number];
        let (sums, rows) = (Sums::of(node), Rows::of(node));
        Self { world, number, clock, start_us, sums, rows, ahead_us, disk: "nvme0n1".into() }
    }

    /// What the node shows at a moment of the clock.
    fn values(&self, now_us: u64) -> Values {
        self.world.values(self.node(), now_us.saturating_sub(self.start_us) as f64 / 1e6)
    }

    fn node(&self) -> &Node {
        &self.world.cluster.nodes[self.number]
    }
}

impl Source for Made {
    fn name(&self) -> &'static str {
        "demo"
    }

    fn read(&mut self, wants: &Wants, into: &mut Reading) {
        let now_us = self.clock.mono_us();
        let values = self.values(now_us);
        self.ahead_us.store(values.ahead_us, Ordering::Relaxed);
        let node = &self.world.cluster.nodes[self.number];
        self.sums.go_on(now_us, node, &values);
        host(node, &values, &self.sums, now_us, (&self.disk, wants.is_few), &mut into.node);
        into.sums = queue_sums(&values, &self.sums);
        into.n_oom_kills = Some(values.mem.n_kills);
        let runtime = RUNTIME + values.vm.life;
        self.rows.fill(&values, &self.sums, (runtime, now_us), wants, into);
        into.runtimes.push(RuntimeState {
            id: runtime,
            kind: "beam",
            name: format!("{}@{}", node.role.word(), node.name),
            health: Health::Ok,
            n_tasks: Some(values.vm.n_processes as u64),
            is_undistributed: false,
        });
        let told = vm::Told { world: &self.world, node, values: &values, sums: &self.sums, runtime, now_us };
        into.vms.push(if wants.is_few { told.few() } else { told.all() });
        for id in &wants.close {
            into.close.extend(close::look(&told, *id, into));
        }
        for wanted in &wants.traces {
            into.traced.push((wanted.number, Ok(close::trace(&told, wanted.task, wanted.seconds))));
        }
        for wanted in &wants.inspections {
            into.inspected.push((wanted.number, refused(wanted.what)));
        }
        // What an agent costs on a node of this size.
        into.children_us = (self.sums.age_s * 3_200.0) as u64;
        into.children_rss_bytes = 13 << 20;
        into.vm_cost_us = Some((self.sums.age_s * 900.0) as u64);
        let mut state = SourceState::new("demo", Health::Ok);
        state.note = (!wants.is_few).then(|| "all values of this node are made up".into());
        into.sources.push(state);
    }
}

fn refused(what: Keeps) -> Inspected {
    let refused = Some("this process is made up, and keeps nothing".to_owned());
    Inspected { what: Some(what.into()), refused, ..Inspected::default() }
}

fn host(
    node: &Node,
    values: &Values,
    sums: &Sums,
    now_us: u64,
    (disk, is_few): (&Arc<str>, bool),
    into: &mut NodeReading,
) {
    let bytes = |n: f64| Some(n.max(0.0) as u64);
    let available = values.available(node);
    *into = NodeReading {
        at_us: now_us,
        cpu: sums.cpu(),
        run_delay_us: Some(sums.delay_us()),
        load1_milli: Some((values.n_running * 1_000.0) as u64),
        n_running: Some(values.n_running as u64),
        n_blocked: Some(values.n_blocked as u64),
        n_switches: Some(sums.switches()),
        psi_cpu_some_us: Some(sums.psi_us(0)),
        psi_mem_some_us: Some(sums.psi_us(1)),
        psi_mem_full_us: Some(sums.psi_us(1) / 2),
        psi_io_some_us: Some(sums.psi_us(2)),
        mem_total_bytes: Some(node.mem_bytes),
        mem_available_bytes: bytes(available),
        mem_free_bytes: bytes((available - values.mem.file).max(0.003 * GIB)),
        mem_anon_bytes: bytes(values.mem.anon),
        mem_file_bytes: bytes(values.mem.file),
        mem_slab_bytes: bytes(values.mem.rest * 0.6),
        swap_total_bytes: Some(0),
        swap_free_bytes: Some(0),
        net_rx_bytes: Some(sums.net().rx),
        net_tx_bytes: Some(sums.net().tx),
        net_drops: Some(0),
        tcp_in: Some(sums.net().segments_in),
        tcp_out: Some(sums.net().segments_out),
        tcp_retrans: Some(sums.net().retrans),
        udp_in: Some(0),
        udp_out: Some(0),
        listen_drops: Some(sums.net().listen_drops),
        n_processes: Some(values.processes.len() as u64 + 90),
        n_threads: Some(values.processes.iter().map(|process| u64::from(process.n_threads)).sum::<u64>() + 140),
        up_us: Some(sums.up_us()),
        n_tcp: bytes(values.net.n_tcp),
        cpus: (0..node.n_cpus).map(|n| (n, sums.one_cpu(n))).collect(),
        tcp_trouble: Some(TcpTrouble { listen_overflows: Some(sums.net().listen_drops), ..TcpTrouble::default() }),
        ..NodeReading::default()
    };
    if !is_few {
        in_full(node, values, sums, disk, into);
    }
}

/// What only who looks at the node sees.
fn in_full(node: &Node, values: &Values, sums: &Sums, disk: &Arc<str>, into: &mut NodeReading) {
    let queue = |number: u32| CpuQueue {
        number,
        n_queued: Some(if number < values.cpu.n_full { 2 } else { u32::from(values.delay > 1.0) }),
        run_delay_us: Some(sums.one_delay_us(number)),
    };
    into.cpu_queues = (0..node.n_cpus).map(queue).collect();
    let done = sums.disk();
    into.disks = vec![Disk {
        name: Arc::clone(disk),
        n_reads: Some(done.n_reads),
        n_writes: Some(done.n_writes),
        read_bytes: Some(done.n_reads * values.disk.request as u64),
        write_bytes: Some(done.n_writes * values.disk.request as u64),
        busy_us: Some(done.busy_us),
        waited_us: Some(done.waited_us),
        in_flight: Some(((values.disk.reads + values.disk.writes) * values.disk.latency).round() as u64),
    }];
    into.filesystems = vec![Filesystem {
        mount: "/".into(),
        total_bytes: Some(400 << 30),
        available_bytes: Some(262 << 30),
        n_inodes: Some(26_000_000),
        n_inodes_free: Some(25_100_000),
    }];
}

/// One sum per kind, of all queues of the node.
fn queue_sums(values: &Values, sums: &Sums) -> Vec<Queue> {
    let messages: f64 = values.vm.actors.iter().map(|actor| actor.mailbox).sum();
    let mut all = vec![Queue { depth: Some(messages as u64), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) }];
    let waiting = || values.processes.iter().flat_map(|process| &process.queues);
    for (kind, unit) in [
        (QueueKind::Listen, Unit::Connections),
        (QueueKind::TcpReceive, Unit::Bytes),
        (QueueKind::TcpSend, Unit::Bytes),
    ] {
        let depth: f64 = waiting().filter(|queue| tasks::kind(queue.socket) == kind).map(|queue| queue.depth).sum();
        let drops = (kind == QueueKind::Listen).then(|| sums.net().listen_drops);
        all.push(Queue { depth: Some(depth as u64), drops, ..Queue::unknown(kind, unit) });
    }
    all
}

/// All CPUs in use alike, or one of them.
fn times(user: f64, system: f64, idle: f64, rest: [f64; 3]) -> CpuTimes {
    let us = |seconds: f64| Some((seconds * 1e6) as u64);
    let [iowait, irq, steal] = rest;
    CpuTimes {
        user_us: us(user),
        system_us: us(system),
        idle_us: us(idle),
        iowait_us: us(iowait),
        irq_us: us(irq),
        steal_us: us(steal),
    }
}

#[cfg(test)]
mod tests;
