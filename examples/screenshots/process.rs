//! One process of a host of the scene: what it is, what it uses, and what happens to it.

use midair_vitals::{Flow, Queue, QueueKind, TaskId, TaskKind, TaskReading, TaskState, Unit, WorstThread};

/// Bytes.
pub(crate) const MIB: f64 = 1_048_576.0;

/// Inode of the pipe between the router and the shipper of its log.
const LOG_PIPE: u64 = 91_204;

/// One process.
pub(crate) struct Process {
    pub(crate) number: u64,
    pub(crate) name: &'static str,
    pub(crate) command: String,
    pub(crate) user: &'static str,
    pub(crate) n_threads: u32,
    pub(crate) cpu: f64,
    pub(crate) delay: f64,
    pub(crate) rss_mib: f64,
    pub(crate) segments: f64,
    pub(crate) queue: Option<(QueueKind, u64)>,
    pub(crate) cpu_us: f64,
    pub(crate) delay_us: f64,
    pub(crate) moved: f64,
    pub(crate) depth: u64,
    pub(crate) drops: u64,
    pub(crate) delay_now: f64,
    pub(crate) held_us: f64,
    pub(crate) held_now: f64,
    pub(crate) caused_us: f64,
    pub(crate) caused_now: f64,
    pub(crate) is_stuck: bool,
}

pub(crate) type Template =
    (&'static str, &'static str, &'static str, u32, f64, f64, f64, f64, Option<(QueueKind, u64)>);

// Name, command, user, threads, CPUs, delay in ms/s, RSS in MiB, segments per second, queue and its limit.
pub(crate) const EVERYWHERE: [Template; 8] = [
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
        6,
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
pub(crate) const CHAT: [Template; 5] = [
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
pub(crate) const MEDIA: [Template; 2] = [
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
pub(crate) const PRESENCE: [Template; 2] = [
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
pub(crate) const PUSH: [Template; 2] = [
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
pub(crate) const KERNEL: [&str; 4] = ["ksoftirqd/0", "kworker/2:1H", "rcu_preempt", "kswapd0"];

// What happens on the hosts that are not well.
pub(crate) fn story(host: &str, process: &mut Process, left: u64, cpu: &mut f64, segments: &mut f64) {
    match (host, process.name) {
        // The log shipper wants more than its quota; the router writes its log into a pipe that nobody empties any more.
        ("chat-07", "vector") if left < 170 => {
            *cpu = 0.2;
            process.held_now = 0.62;
            process.depth = 41_000;
        }
        ("chat-07", "chat-router") if left < 150 => {
            process.depth = 31_400 * (150 - left);
            process.is_stuck = true;
            *cpu *= 0.05;
            *segments *= 0.1;
        }
        ("chat-07", "nginx") if left < 60 => {
            process.depth = (511 * (60 - left) / 20).min(511);
            process.drops += if process.depth == 511 { 6 } else { 0 };
        }
        ("media-03", "ffmpeg") if left < 95 => {
            *cpu = 9.2;
            process.delay_now = 1.1;
            process.caused_now = 2.2;
        }
        ("media-03", "media-relay") if left < 95 => process.delay_now = 2.4,
        _ => {}
    }
}

pub(crate) fn rest_depth(queue: Option<(QueueKind, u64)>, noise: f64) -> u64 {
    match queue.map(|(kind, _)| kind) {
        Some(QueueKind::TcpReceive | QueueKind::TcpSend) if noise > 1.05 => ((noise - 1.05) * 30_000.0) as u64,
        _ => 0,
    }
}

impl Process {
    pub(crate) fn new(number: u64, template: &Template, host: &str) -> Self {
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
            held_us: 0.0,
            held_now: 0.0,
            caused_us: 0.0,
            caused_now: 0.0,
            is_stuck: false,
        }
    }

    pub(crate) fn kernel(number: u64, name: &'static str) -> Self {
        let template = (name, "", "root", 1, 0.002, 0.01, 0.0, 0.0, None);
        Self::new(number, &template, "")
    }

    pub(crate) fn start(&self) -> u64 {
        match self.number {
            2_204 => 41_337,
            number => 200 + number * 3,
        }
    }

    pub(crate) fn id(&self) -> TaskId {
        TaskId { runtime: 0, number: self.number, start: self.start() }
    }

    pub(crate) fn is_kernel(&self) -> bool {
        self.command.is_empty()
    }

    /// The pipe into which the router writes its log and from which the shipper reads it.
    fn log_pipe(&self) -> Queue {
        let depth = if self.is_stuck || self.held_now > 0.0 { 65_536 } else { 0 };
        Queue {
            depth: Some(depth),
            limit: Some(65_536),
            number: Some(LOG_PIPE),
            ..Queue::unknown(QueueKind::Pipe, Unit::Bytes)
        }
    }

    /// Path of its cgroup.
    pub(crate) fn cgroup(&self) -> Option<String> {
        match self.name {
            _ if self.is_kernel() => None,
            "ffmpeg" => Some("/transcode.slice".to_owned()),
            name => Some(format!("/system.slice/{name}.service")),
        }
    }

    pub(crate) fn rss_mib_at(&self, left: u64) -> f64 {
        // 6 MiB a second.
        if self.rss_mib > 50_000.0 { self.rss_mib + 6.0 * (600.0 - left as f64) } else { self.rss_mib }
    }

    pub(crate) fn queue_now(&self) -> Option<Queue> {
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

    pub(crate) fn queues(&self, at_us: u64, is_close: bool) -> Option<Vec<Queue>> {
        let mut queues: Vec<Queue> = self.queue_now().into_iter().collect();
        if is_close && self.name == "chat-router" {
            queues[0].label = Some("10.2.0.7:5222 < 10.2.4.19:41022".into());
            queues[0].fd = Some(31);
            (queues[0].n_in, queues[0].n_out) =
                (Some(self.depth + (self.moved * 90.0) as u64), Some((self.moved * 90.0) as u64));
            let more = (1..14_u64).map(|n| {
                let unread = if n < 4 { self.depth / (n * 9) } else { 0 };
                Queue {
                    depth: Some(unread),
                    limit: Some(6_291_456),
                    number: Some(80_000 + n),
                    label: Some(format!("10.2.0.7:5222 < 10.2.{}.{}:{}", n % 6, 20 + n * 3, 40_112 + n * 77).into()),
                    fd: Some(32 + n as u32),
                    peer: (n == 2).then_some(TaskId { runtime: 0, number: 2_205, start: 6_815 }),
                    peer_name: (n == 2).then(|| "nginx".into()),
                    at_us: (n > 9).then(|| at_us - 12_000_000),
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
                fd: Some(11),
                number: Some(79_000),
                label: Some("0.0.0.0:5222".into()),
                ..Queue::unknown(QueueKind::Listen, Unit::Connections)
            };
            queues.push(listen);
        }
        match self.name {
            "vector" if is_close => {
                let peer = Some(TaskId { runtime: 0, number: 2_204, start: 41_337 });
                let name = Some("chat-router".into());
                queues.push(Queue { fd: Some(7), peer, peer_name: name, ..self.log_pipe() });
            }
            "vector" if self.held_now > 0.0 => queues.push(self.log_pipe()),
            "chat-router" if is_close => {
                let peer = Some(TaskId { runtime: 0, number: 389, start: 1_367 });
                let label = Some("written into".into());
                queues.push(Queue { fd: Some(2), peer, peer_name: Some("vector".into()), label, ..self.log_pipe() });
            }
            _ => {}
        }
        (!self.is_kernel()).then_some(queues)
    }

    pub(crate) fn reading(&self, at_us: u64, left: u64, is_close: bool) -> TaskReading {
        let is_busy = self.cpu > 0.8 && !self.is_stuck;
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
            cgroup: self.cgroup().map(Into::into),
            unit: self.cgroup().and_then(|path| path.rsplit('/').next().map(Into::into)),
            n_fds: (!self.is_kernel()).then_some(12 + u64::from(self.n_threads) * 31),
            waiting_us: (self.delay_now > 2.0).then_some(340_000),
            state: Some(if is_busy { TaskState::Running } else { TaskState::Sleeping }),
            wait_channel: (!is_busy).then(|| if self.is_stuck { "pipe_write".into() } else { "ep_poll".into() }),
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
            queues: self.queues(at_us, is_close).map(Into::into),
            n_queues: Some(if self.name == "chat-router" { 16 } else { u32::from(self.queue.is_some()) }),
            flows: (self.segments > 0.0).then(|| [flow].into()),
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
pub(crate) fn noise(seed: u64, second: u64) -> f64 {
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
