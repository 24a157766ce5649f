//! One host of the scene: its processes, and the counters that they move second by second.

#[path = "measured.rs"]
mod measured;
#[path = "process.rs"]
mod process;

use std::sync::Arc;

use midair_vitals::{
    CpuTimes, NodeReading, Queue, QueueKind, Severities, TaskId, TaskKind, TaskReading, TaskState, WorstQueue,
    WorstTask, severity,
};

use process::{CHAT, EVERYWHERE, KERNEL, MEDIA, MIB, PRESENCE, PUSH, Process, Template, noise, rest_depth, story};

const GIB: u64 = 1 << 30;

/// A host.
pub(crate) struct Host {
    /// Its name: `chat-07`.
    pub(crate) name: String,
    /// What it serves.
    pub(crate) role: &'static str,
    /// Its logical CPUs.
    pub(crate) n_cpus: u32,
    /// Its memory.
    pub(crate) mem_total_bytes: u64,
    /// Number of the last sample.
    pub(crate) seq: u64,
    seed: u64,
    left: u64,
    processes: Vec<Process>,
    cores_us: Vec<f64>,
    tcp: [f64; 3],
    net: [f64; 2],
    listen_drops: f64,
    switches: f64,
}

impl Host {
    /// A host of a role, whose noise comes from a seed.
    pub(crate) fn new(seed: u64, name: &str, role: &'static str) -> Self {
        let own: &[Template] = match role {
            "chat" => &CHAT,
            "media" => &MEDIA,
            "presence" => &PRESENCE,
            _ => &PUSH,
        };
        let process = |(n, template): (usize, &Template)| Process::new(2_203 + n as u64, template, name);
        let everywhere = |(n, template): (usize, &Template)| Process::new(1 + n as u64 * 97, template, name);
        let kernel = |(n, name): (usize, &&'static str)| Process::kernel(11 + n as u64 * 9, name);
        let mut processes: Vec<_> = own.iter().enumerate().map(process).collect();
        processes.extend(EVERYWHERE.iter().enumerate().map(everywhere));
        processes.extend(KERNEL.iter().enumerate().map(kernel));
        Self {
            name: name.to_owned(),
            role,
            n_cpus: 16,
            mem_total_bytes: 64 * GIB,
            seq: 0,
            seed,
            left: 0,
            processes,
            cores_us: vec![0.0; 16],
            tcp: [0.0; 3],
            net: [0.0; 2],
            listen_drops: 0.0,
            switches: 0.0,
        }
    }

    /// Where it is.
    pub(crate) fn dc(&self) -> &'static str {
        if self.seed.is_multiple_of(2) { "dc1" } else { "dc2" }
    }

    /// Address of its agent.
    pub(crate) fn address(&self, is_single: bool) -> Arc<str> {
        if is_single { "embedded".into() } else { format!("{}:7070", self.name).into() }
    }

    /// `CLOCK_MONOTONIC`: it started 41 days before the scene.
    pub(crate) fn mono_us(&self) -> u64 {
        41 * 86_400_000_000 + self.seed * 3_600_000_000 + self.seq * 1_000_000
    }

    /// How many tasks there are, threads not counted.
    pub(crate) fn n_tasks(&self) -> u64 {
        self.processes.len() as u64
    }

    /// One second passes; `left` are left until the end.
    pub(crate) fn step(&mut self, left: u64) {
        self.seq += 1;
        self.left = left;
        let (seed, seq) = (self.seed, self.seq);
        let mut used = 0.0;
        for (n, process) in self.processes.iter_mut().enumerate() {
            let noise = noise(seed * 31 + n as u64, seq);
            let mut cpu = process.cpu * noise;
            process.delay_now = process.delay / 1e3 * noise * noise;
            let mut segments = process.segments * noise;
            process.depth = rest_depth(process.queue, noise);
            story(&self.name, process, left, &mut cpu, &mut segments);
            process.held_us += process.held_now * 1e6;
            process.caused_us += process.caused_now * 1e6;
            process.cpu_us += cpu * 1e6;
            process.delay_us += process.delay_now * 1e6;
            process.moved += segments;
            used += cpu;
            self.tcp[0] += segments * 0.52;
            self.tcp[1] += segments * 0.48;
        }
        self.tcp[2] += 3.0 * noise(seed, seq);
        self.net[0] += 5.1e6 * noise(seed + 1, seq);
        self.net[1] += 6.3e6 * noise(seed + 2, seq);
        self.switches += 21_000.0 * noise(seed + 3, seq);
        if self.name == "chat-07" && left < 40 {
            self.listen_drops += 12.0;
        }
        self.spread(used);
    }

    // The kernel fills some cores more than others; no core gives more than a second per second.
    fn spread(&mut self, used: f64) {
        let weights: Vec<f64> = (0..self.cores_us.len())
            .map(|n| noise(self.seed * 7 + n as u64, self.seq / 3) * if n % 5 == 0 { 2.0 } else { 1.0 })
            .collect();
        let sum: f64 = weights.iter().sum();
        for (core, weight) in self.cores_us.iter_mut().zip(weights) {
            *core += (used * weight / sum).min(1.0) * 1e6;
        }
    }

    /// The tasks; in a close look with all their queues.
    pub(crate) fn tasks(&self, is_close: bool) -> Vec<TaskReading> {
        self.processes.iter().map(|p| p.reading(self.mono_us(), self.left, is_close)).collect()
    }

    /// The threads of a process.
    pub(crate) fn threads_of(&self, process: TaskId) -> Vec<TaskReading> {
        let Some(router) = self.processes.iter().find(|p| p.id() == process) else { return Vec::new() };
        let of_router = ["chat-router", "worker-1", "worker-2", "worker-3", "worker-4", "io-1", "io-2", "timer", "log"];
        let of_shipper = ["vector", "vector-worker", "vector-worker", "vector-worker", "tokio-timer", "source-pipe"];
        let names: &[&str] = if router.name == "chat-router" { &of_router } else { &of_shipper };
        let thread = |(n, name): (usize, &&str)| {
            let id = TaskId { runtime: 0, number: router.number + n as u64, start: router.start() };
            let is_busy = n == 5 && !router.is_stuck;
            let share = if n == 5 { 0.82 } else { 0.02 };
            TaskReading {
                process: Some(router.number),
                name: Some((*name).into()),
                user: Some(router.user.into()),
                state: Some(if is_busy { TaskState::Running } else { TaskState::Sleeping }),
                wait_channel: match n {
                    _ if is_busy => None,
                    0 if router.is_stuck => Some("pipe_write".into()),
                    6 => Some("ep_poll".into()),
                    _ => Some("futex_wait_queue".into()),
                },
                cpu_us: Some((router.cpu_us * share) as u64),
                run_delay_us: Some((router.delay_us * share) as u64),
                n_voluntary: Some(self.seq * 40),
                n_involuntary: Some(self.seq * if is_busy { 22 } else { 0 }),
                ..TaskReading::unknown(id, TaskKind::Thread, self.mono_us())
            }
        };
        names.iter().enumerate().map(thread).collect()
    }

    /// The values of the node; `is_near`: with those of each core.
    pub(crate) fn reading(&self, is_near: bool) -> NodeReading {
        let busy_us: f64 = self.cores_us.iter().sum();
        let elapsed_us = self.seq as f64 * 1e6;
        let times = |busy_us: f64, cores: f64| CpuTimes {
            user_us: Some((busy_us * 0.7) as u64),
            system_us: Some((busy_us * 0.25) as u64),
            idle_us: Some((elapsed_us * cores - busy_us) as u64),
            iowait_us: Some((elapsed_us * 0.01) as u64),
            irq_us: Some((busy_us * 0.05) as u64),
            steal_us: Some(0),
        };
        NodeReading {
            at_us: self.mono_us(),
            severities: self.severities(),
            cpu: times(busy_us, f64::from(self.n_cpus)),
            cpus: if is_near {
                (0..).zip(self.cores_us.iter().map(|us| times(*us, 1.0))).collect()
            } else {
                Vec::new()
            },
            run_delay_us: Some(self.processes.iter().map(|p| p.delay_us).sum::<f64>() as u64),
            load1_milli: Some((6_400.0 * noise(self.seed, self.seq / 20)) as u64),
            n_running: Some((4.0 * noise(self.seed + 5, self.seq)) as u64),
            n_blocked: Some(0),
            n_switches: Some(self.switches as u64),
            n_forks: Some(self.seq * 2),
            psi_cpu_some_us: Some((elapsed_us * 0.012) as u64),
            psi_mem_some_us: Some(0),
            psi_mem_full_us: Some(0),
            psi_io_some_us: Some((elapsed_us * 0.001) as u64),
            net_rx_bytes: Some(self.net[0] as u64),
            net_tx_bytes: Some(self.net[1] as u64),
            net_drops: Some(0),
            tcp_in: Some(self.tcp[0] as u64),
            tcp_out: Some(self.tcp[1] as u64),
            tcp_retrans: Some(self.tcp[2] as u64),
            udp_in: Some(self.seq * 14),
            udp_out: Some(self.seq * 12),
            udp_drops: Some(0),
            listen_drops: Some(self.listen_drops as u64),
            sums: self.sums(),
            worst_queue: self.worst_queue(),
            worst_delay: self.worst_delay(),
            n_processes: Some(self.n_tasks()),
            n_threads: Some(self.processes.iter().map(|p| u64::from(p.n_threads)).sum()),
            up_us: Some(self.mono_us()),
            n_tcp: Some(4_812 + self.seed * 13),
            ..self.memory(is_near)
        }
    }

    fn memory(&self, is_near: bool) -> NodeReading {
        let rss: f64 = self.processes.iter().map(|p| p.rss_mib_at(self.left)).sum::<f64>() * MIB;
        let used = rss as u64 + 3 * GIB;
        let total = self.mem_total_bytes;
        let left = total.saturating_sub(used);
        NodeReading {
            mem_total_bytes: Some(total),
            mem_available_bytes: Some(left),
            mem_free_bytes: Some(left / 3),
            mem_anon_bytes: Some((rss * 0.97) as u64),
            mem_file_bytes: Some(left / 2),
            mem_slab_bytes: Some(1_288_490_188),
            swap_total_bytes: Some(0),
            swap_free_bytes: Some(0),
            ..if is_near { self.explaining() } else { NodeReading::default() }
        }
    }

    fn severities(&self) -> Severities {
        let worst = self.processes.iter().filter_map(|p| severity::queue(&p.queue_now()?, None)).max();
        // Where clients are turned away, fewer messages move than ten minutes before.
        let fall = if self.name == "chat-07" && self.left < 150 { 0.34 } else { 0.02 };
        Severities {
            sched: None,
            mem: None,
            queue: worst,
            rate: severity::rate(Some(100.0 * (1.0 - fall)), Some(100.0)),
        }
    }

    fn sums(&self) -> Vec<Queue> {
        let queues: Vec<Queue> = self.processes.iter().filter_map(Process::queue_now).collect();
        let sum_of = |kind: QueueKind| {
            let mut same = queues.iter().filter(|q| q.kind == kind);
            let first = same.next()?.clone();
            let add = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
            let sum = same.fold(first, |sum, q| Queue {
                depth: add(sum.depth, q.depth),
                drops: add(sum.drops, q.drops),
                ..sum
            });
            Some(Queue { number: None, label: None, limit: None, ..sum })
        };
        QueueKind::ALL.into_iter().filter_map(sum_of).collect()
    }

    fn worst_queue(&self) -> Option<WorstQueue> {
        let queues = self.processes.iter().filter_map(|p| Some((p, p.queue_now()?)));
        let (process, queue) = queues.max_by_key(|(_, q)| severity::queue(q, None))?;
        Some(WorstQueue { task: Some(process.id()), queue })
    }

    fn worst_delay(&self) -> Option<WorstTask> {
        let worst = self.processes.iter().max_by(|a, b| a.delay_now.total_cmp(&b.delay_now))?;
        let value_us = (worst.delay_now / f64::from(worst.n_threads) * 2.0 * 1e6) as u64;
        Some(WorstTask { task: worst.id(), process: None, name: Some(worst.name.into()), value_us, over_us: 1_000_000 })
    }
}
