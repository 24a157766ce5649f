//! One host of the scene: its processes, and the counters that they move second by second.

use std::sync::Arc;

use midair_vitals::{
    CpuTimes, Flow, NodeReading, Queue, QueueKind, Severities, TaskId, TaskKind, TaskReading, TaskState, Unit,
    WorstQueue, WorstTask, WorstThread, severity,
};

const GIB: u64 = 1 << 30;
const MIB: f64 = 1_048_576.0;

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

struct Process {
    number: u64,
    name: &'static str,
    command: String,
    user: &'static str,
    n_threads: u32,
    cpu: f64,
    delay: f64,
    rss_mib: f64,
    segments: f64,
    queue: Option<(QueueKind, u64)>,
    cpu_us: f64,
    delay_us: f64,
    moved: f64,
    depth: u64,
    drops: u64,
    delay_now: f64,
}

type Template = (&'static str, &'static str, &'static str, u32, f64, f64, f64, f64, Option<(QueueKind, u64)>);

// Name, command, user, threads, CPUs, delay in ms/s, RSS in MiB, segments per second, queue and its limit.
const EVERYWHERE: [Template; 8] = [
    ("systemd", "/usr/lib/systemd/systemd", "root", 1, 0.001, 0.01, 14.0, 0.0, None),
    (
        "systemd-journal",
        "/usr/lib/systemd/systemd-journald",
        "root",
        1,
        0.012,
        0.1,
        61.0,
        0.0,
        Some((QueueKind::Unix, 278)),
    ),
    ("sshd", "/usr/sbin/sshd -D", "root", 1, 0.0, 0.0, 8.2, 0.3, Some((QueueKind::Listen, 128))),
    ("node_exporter", "/usr/bin/node_exporter", "prom", 9, 0.021, 0.4, 24.0, 6.0, Some((QueueKind::Listen, 4096))),
    (
        "vector",
        "/usr/bin/vector --config /etc/vector.toml",
        "vector",
        18,
        0.14,
        0.9,
        142.0,
        310.0,
        Some((QueueKind::TcpSend, 2_626_560)),
    ),
    ("chronyd", "/usr/sbin/chronyd", "chrony", 1, 0.0005, 0.0, 4.1, 0.0, Some((QueueKind::UdpReceive, 212_992))),
    ("cron", "/usr/sbin/cron -f", "root", 1, 0.0, 0.0, 2.9, 0.0, None),
    ("midair-agent", "midair-agent", "midair", 2, 0.003, 0.05, 9.0, 2.0, Some((QueueKind::Unix, 278))),
];
const CHAT: [Template; 5] = [
    (
        "beam.smp",
        "/opt/chat/erts-15.2/bin/beam.smp -name chat@",
        "chat",
        27,
        3.1,
        4.1,
        21_400.0,
        8_200.0,
        Some((QueueKind::TcpReceive, 6_291_456)),
    ),
    (
        "chat-router",
        "/opt/chat/bin/chat-router --shard 7",
        "chat",
        9,
        0.92,
        1.2,
        812.0,
        10_900.0,
        Some((QueueKind::TcpReceive, 6_291_456)),
    ),
    ("nginx", "nginx: worker process", "www-data", 1, 0.31, 0.8, 96.0, 6_400.0, Some((QueueKind::Listen, 511))),
    ("nginx", "nginx: worker process", "www-data", 1, 0.29, 0.8, 94.0, 6_100.0, Some((QueueKind::Listen, 511))),
    (
        "redis-server",
        "/usr/bin/redis-server 127.0.0.1:6379",
        "redis",
        5,
        0.18,
        0.2,
        1_930.0,
        2_900.0,
        Some((QueueKind::TcpReceive, 6_291_456)),
    ),
];
const MEDIA: [Template; 2] = [
    (
        "media-relay",
        "/opt/media/bin/media-relay",
        "media",
        17,
        4.2,
        3.0,
        2_310.0,
        21_000.0,
        Some((QueueKind::UdpReceive, 8_388_608)),
    ),
    ("ffmpeg", "ffmpeg -i", "media", 12, 1.4, 6.0, 640.0, 12.0, Some((QueueKind::Pipe, 65_536))),
];
const PRESENCE: [Template; 2] = [
    (
        "presence",
        "/opt/presence/bin/presence",
        "presence",
        17,
        1.8,
        1.1,
        30_100.0,
        7_700.0,
        Some((QueueKind::TcpReceive, 6_291_456)),
    ),
    ("etcd", "/usr/bin/etcd", "etcd", 14, 0.22, 0.6, 410.0, 520.0, Some((QueueKind::TcpSend, 2_626_560))),
];
const PUSH: [Template; 2] = [
    (
        "push-gateway",
        "/opt/push/bin/push-gateway",
        "push",
        9,
        1.1,
        0.9,
        733.0,
        5_300.0,
        Some((QueueKind::TcpSend, 2_626_560)),
    ),
    (
        "postgres",
        "postgres: push pusher idle",
        "postgres",
        1,
        0.09,
        0.2,
        210.0,
        640.0,
        Some((QueueKind::TcpReceive, 6_291_456)),
    ),
];
const KERNEL: [&str; 4] = ["ksoftirqd/0", "kworker/2:1H", "rcu_preempt", "kswapd0"];

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

    /// The threads of the router.
    pub(crate) fn threads_of_router(&self) -> Vec<TaskReading> {
        let Some(router) = self.processes.iter().find(|p| p.name == "chat-router") else { return Vec::new() };
        let names = ["chat-router", "worker-1", "worker-2", "worker-3", "worker-4", "io-1", "io-2", "timer", "log"];
        let thread = |(n, name): (usize, &&str)| {
            let id = TaskId { runtime: 0, number: router.number + n as u64, start: router.start() };
            let share = if n == 5 { 0.82 } else { 0.02 };
            let is_busy = n == 5;
            TaskReading {
                process: Some(router.number),
                name: Some((*name).into()),
                user: Some(router.user.into()),
                state: Some(if is_busy { TaskState::Running } else { TaskState::Sleeping }),
                wait_channel: (!is_busy).then(|| if n == 6 { "ep_poll".into() } else { "futex_wait_queue".into() }),
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
        let rss: f64 = self.processes.iter().map(|p| p.rss_mib_at(self.left)).sum::<f64>() * MIB;
        let used = rss as u64 + 3 * GIB;
        let total = self.mem_total_bytes;
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
            throttled_us: Some(0),
            load1_milli: Some((6_400.0 * noise(self.seed, self.seq / 20)) as u64),
            n_running: Some((4.0 * noise(self.seed + 5, self.seq)) as u64),
            n_blocked: Some(0),
            n_switches: Some(self.switches as u64),
            n_forks: Some(self.seq * 2),
            psi_cpu_some_us: Some((elapsed_us * 0.012) as u64),
            psi_mem_some_us: Some(0),
            psi_mem_full_us: Some(0),
            psi_io_some_us: Some((elapsed_us * 0.001) as u64),
            mem_total_bytes: Some(total),
            mem_available_bytes: Some(total.saturating_sub(used)),
            mem_free_bytes: Some(total.saturating_sub(used) / 3),
            mem_anon_bytes: Some((rss * 0.97) as u64),
            mem_file_bytes: Some(total.saturating_sub(used) / 2),
            mem_slab_bytes: Some(1_288_490_188),
            mem_limit_bytes: None,
            swap_total_bytes: Some(0),
            swap_free_bytes: Some(0),
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

// What happens on the hosts that are not well.
fn story(host: &str, process: &mut Process, left: u64, cpu: &mut f64, segments: &mut f64) {
    match (host, process.name) {
        ("chat-07", "chat-router") if left < 150 => {
            process.depth = 31_400 * (150 - left);
            *cpu = 0.99;
            *segments *= 0.4;
        }
        ("chat-07", "nginx") if left < 60 => {
            process.depth = (511 * (60 - left) / 20).min(511);
            process.drops += if process.depth == 511 { 6 } else { 0 };
        }
        ("media-03", "ffmpeg") if left < 95 => {
            *cpu = 9.2;
            process.delay_now = 3.9;
        }
        ("media-03", "media-relay") if left < 95 => process.delay_now = 2.4,
        _ => {}
    }
}

fn rest_depth(queue: Option<(QueueKind, u64)>, noise: f64) -> u64 {
    match queue.map(|(kind, _)| kind) {
        Some(QueueKind::TcpReceive | QueueKind::TcpSend) if noise > 1.05 => ((noise - 1.05) * 30_000.0) as u64,
        _ => 0,
    }
}

impl Process {
    fn new(number: u64, template: &Template, host: &str) -> Self {
        let (name, command, user, n_threads, cpu, delay, rss_mib, segments, queue) = *template;
        let command = if command.ends_with('@') { format!("{command}{host}") } else { command.to_owned() };
        // The leak of presence-02 is told by the host's memory as well as by the process.
        let rss_mib = if host == "presence-02" && name == "presence" { 56_000.0 } else { rss_mib };
        Self {
            number,
            name,
            command,
            user,
            n_threads,
            cpu,
            delay,
            rss_mib,
            segments,
            queue,
            cpu_us: 0.0,
            delay_us: 0.0,
            moved: 0.0,
            depth: 0,
            drops: 0,
            delay_now: 0.0,
        }
    }

    fn kernel(number: u64, name: &'static str) -> Self {
        let template = (name, "", "root", 1, 0.002, 0.01, 0.0, 0.0, None);
        Self::new(number, &template, "")
    }

    fn start(&self) -> u64 {
        match self.number {
            2_204 => 41_337,
            number => 200 + number * 3,
        }
    }

    fn id(&self) -> TaskId {
        TaskId { runtime: 0, number: self.number, start: self.start() }
    }

    fn is_kernel(&self) -> bool {
        self.command.is_empty()
    }

    fn rss_mib_at(&self, left: u64) -> f64 {
        // 6 MiB a second.
        if self.rss_mib > 50_000.0 { self.rss_mib + 6.0 * (600.0 - left as f64) } else { self.rss_mib }
    }

    fn queue_now(&self) -> Option<Queue> {
        let (kind, limit) = self.queue?;
        let unit = match kind {
            QueueKind::Listen => Unit::Connections,
            QueueKind::Unix => Unit::Messages,
            _ => Unit::Bytes,
        };
        Some(Queue {
            depth: Some(self.depth),
            limit: Some(limit),
            drops: matches!(kind, QueueKind::Listen | QueueKind::UdpReceive).then_some(self.drops),
            number: Some(70_000 + self.number),
            segments_in: Some((self.moved * 0.52) as u64),
            segments_out: Some((self.moved * 0.48) as u64),
            ..Queue::unknown(kind, unit)
        })
    }

    fn queues(&self, is_close: bool) -> Option<Vec<Queue>> {
        let mut queues: Vec<Queue> = self.queue_now().into_iter().collect();
        if is_close && self.name == "chat-router" {
            queues[0].label = Some("10.2.0.7:5222 < 10.2.4.19:41022".into());
            let more = (1..14_u64).map(|n| {
                let unread = if n < 4 { self.depth / (n * 9) } else { 0 };
                Queue {
                    depth: Some(unread),
                    limit: Some(6_291_456),
                    number: Some(80_000 + n),
                    label: Some(format!("10.2.0.7:5222 < 10.2.{}.{}:{}", n % 6, 20 + n * 3, 40_112 + n * 77).into()),
                    segments_in: Some((self.moved / (n * 4) as f64) as u64),
                    segments_out: Some((self.moved / (n * 5) as f64) as u64),
                    ..Queue::unknown(if n == 5 { QueueKind::TcpSend } else { QueueKind::TcpReceive }, Unit::Bytes)
                }
            });
            queues.extend(more);
            let listen = Queue {
                depth: Some(0),
                limit: Some(1024),
                drops: Some(0),
                number: Some(79_000),
                label: Some("0.0.0.0:5222".into()),
                ..Queue::unknown(QueueKind::Listen, Unit::Connections)
            };
            queues.push(listen);
        }
        (!self.is_kernel()).then_some(queues)
    }

    fn reading(&self, at_us: u64, left: u64, is_close: bool) -> TaskReading {
        let is_busy = self.cpu > 0.8;
        let rss = self.rss_mib_at(left) * MIB;
        let kind = if self.is_kernel() { TaskKind::KernelThread } else { TaskKind::Process };
        let flow = Flow {
            unit: Unit::Segments,
            n_in: Some((self.moved * 0.52) as u64),
            n_out: Some((self.moved * 0.48) as u64),
        };
        TaskReading {
            parent: Some(if self.is_kernel() { 2 } else { 1 }),
            name: Some(self.name.into()),
            command: (!self.is_kernel()).then(|| self.command.as_str().into()),
            user: Some(self.user.into()),
            cgroup: (!self.is_kernel()).then(|| format!("/system.slice/{}.service", self.name).into()),
            state: Some(if is_busy { TaskState::Running } else { TaskState::Sleeping }),
            wait_channel: (!is_busy).then(|| "ep_poll".into()),
            cpu_us: Some(self.cpu_us as u64),
            run_delay_us: Some(self.delay_us as u64),
            n_runs: Some((self.cpu_us / 400.0) as u64),
            n_voluntary: Some((self.cpu_us / 500.0) as u64),
            n_involuntary: Some((self.cpu_us / 9_000.0) as u64),
            rss_bytes: (!self.is_kernel()).then_some(rss as u64),
            swap_bytes: (!self.is_kernel()).then_some(0),
            anon_bytes: (!self.is_kernel()).then_some((rss * 0.96) as u64),
            file_bytes: (!self.is_kernel()).then_some((rss * 0.04) as u64),
            n_threads: Some(self.n_threads),
            queues: self.queues(is_close),
            n_queues: Some(if self.name == "chat-router" { 15 } else { u32::from(self.queue.is_some()) }),
            flows: (self.segments > 0.0).then(|| vec![flow]),
            worst_thread: Some(WorstThread {
                number: self.number,
                run_delay_us: (self.delay_now / f64::from(self.n_threads) * 2e6) as u64,
                over_us: 1_000_000,
            }),
            ..TaskReading::unknown(self.id(), kind, at_us)
        }
    }
}

/// Smooth noise around 1, the same for the same seed and second.
fn noise(seed: u64, second: u64) -> f64 {
    let at = |knot: u64| {
        let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ knot.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 31;
        x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 29;
        (x % 1000) as f64 / 1000.0
    };
    let (knot, part) = (second / 4, (second % 4) as f64 / 4.0);
    0.8 + 0.4 * (at(knot) * (1.0 - part) + at(knot + 1) * part)
}
