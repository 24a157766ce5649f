//! What is measured of a host of the scene beside its tasks: cgroups, network namespaces, interrupts, disks.

use midair_vitals::{
    CgroupKind, CgroupReading, CpuQueue, Disk, Filesystem, Interrupts, NetNamespace, NodeReading, TcpTrouble,
};

use super::{
    Host,
    process::{MIB, Process, noise},
};

const GIB: u64 = 1 << 30;

/// Quotas in thousandths of a CPU, and memory limits in MiB, by unit.
const LIMITS: [(&str, Option<u64>, Option<u64>); 4] = [
    ("vector", Some(200), Some(512)),
    ("chat-router", None, Some(1_024)),
    ("nginx", None, Some(2_048)),
    ("redis-server", None, Some(4_096)),
];

impl Host {
    /// The cgroups: one unit per name, and the slice in which transcoders run.
    pub(crate) fn cgroups(&self) -> Vec<CgroupReading> {
        let mut paths: Vec<String> = self.processes.iter().filter_map(Process::cgroup).collect();
        paths.sort();
        paths.dedup();
        paths.iter().map(|path| self.cgroup(path)).collect()
    }

    /// One of them.
    pub(crate) fn cgroup(&self, path: &str) -> CgroupReading {
        let mine: Vec<&Process> = self.processes.iter().filter(|p| p.cgroup().as_deref() == Some(path)).collect();
        let unit = path.rsplit('/').next().unwrap_or(path);
        let name = unit.strip_suffix(".service").unwrap_or(unit);
        let (quota_milli, limit_mib) =
            LIMITS.iter().find(|(n, ..)| *n == name).map_or((None, None), |(_, quota, limit)| (*quota, *limit));
        let sum = |field: fn(&Process) -> f64| mine.iter().map(|p| field(p)).sum::<f64>();
        let rss = mine.iter().map(|p| p.rss_mib_at(self.left)).sum::<f64>() * MIB;
        CgroupReading {
            path: path.into(),
            name: Some(unit.into()),
            kind: if unit.ends_with(".slice") { CgroupKind::Slice } else { CgroupKind::Unit },
            at_us: self.mono_us(),
            n_processes: Some(mine.len() as u64),
            n_threads: Some(mine.iter().map(|p| u64::from(p.n_threads)).sum()),
            cpu_us: Some(sum(|p| p.cpu_us) as u64),
            run_delay_us: Some(sum(|p| p.delay_us) as u64),
            throttled_us: quota_milli.map(|_| sum(|p| p.held_us) as u64),
            n_throttled: quota_milli.map(|_| self.seq),
            n_periods: quota_milli.map(|_| self.seq * 10),
            quota_milli,
            mem_bytes: Some((rss * 1.08) as u64),
            mem_inactive_bytes: Some((rss * 0.08) as u64),
            mem_limit_bytes: limit_mib.map(|mib| mib << 20),
            n_oom_kills: Some(0),
            psi_cpu_some_us: Some((sum(|p| p.delay_us) * 0.7) as u64),
            psi_mem_some_us: Some(0),
            psi_io_some_us: Some(self.seq * 300),
            caused_delay_us: Some(sum(|p| p.caused_us) as u64),
        }
    }

    /// The agent's own network namespace, that of a pod, and one that cannot be read.
    pub(crate) fn namespaces(&self) -> Vec<NetNamespace> {
        let own = NetNamespace {
            inode: 4_026_531_840,
            name: Some("host".into()),
            is_own: true,
            at_us: self.mono_us(),
            n_processes: Some(self.n_tasks()),
            tcp_in: Some(self.tcp[0] as u64),
            tcp_out: Some(self.tcp[1] as u64),
            tcp_retrans: Some(self.tcp[2] as u64),
            listen_overflows: Some(self.listen_drops as u64),
            listen_drops: Some(self.listen_drops as u64),
            udp_in: Some(self.seq * 14),
            udp_out: Some(self.seq * 12),
            udp_drops: Some(0),
            n_tcp: Some(4_812 + self.seed * 13),
            n_listeners: Some(9),
            unread: None,
        };
        let moved = (self.seq as f64 * 410.0 * noise(self.seed, 3)) as u64;
        let pod = NetNamespace {
            inode: 4_026_532_871,
            name: Some("chat-gateway-7f9c".into()),
            is_own: false,
            n_processes: Some(3),
            tcp_in: Some(moved),
            tcp_out: Some(moved * 9 / 10),
            tcp_retrans: Some(self.seq / 4),
            listen_overflows: Some(0),
            listen_drops: Some(0),
            udp_in: Some(self.seq * 2),
            udp_out: Some(self.seq * 2),
            n_tcp: Some(212),
            n_listeners: Some(2),
            ..own.clone()
        };
        let unread = NetNamespace {
            inode: 4_026_533_120,
            name: None,
            n_processes: Some(1),
            at_us: self.mono_us(),
            unread: Some("entering it needs CAP_SYS_ADMIN".into()),
            ..NetNamespace::default()
        };
        vec![own, pod, unread]
    }

    /// Who waits for each CPU.
    pub(crate) fn cpu_queues(&self) -> Vec<CpuQueue> {
        let delay_us: f64 = self.processes.iter().map(|p| p.delay_us).sum();
        let one = |n: u32| CpuQueue {
            number: n,
            n_queued: Some((2.6 * noise(self.seed * 13 + u64::from(n), self.seq) - 2.0).max(0.0) as u32),
            run_delay_us: Some((delay_us / f64::from(self.n_cpus)) as u64),
        };
        (0..self.n_cpus).map(one).collect()
    }

    /// The node's values that explain a stuck host.
    pub(crate) fn explaining(&self) -> NodeReading {
        let is_chat = self.name == "chat-07";
        let elapsed_us = self.seq * 1_000_000;
        let disk = |name: &str, busy: f64, writes: u64| Disk {
            name: name.into(),
            n_reads: Some(self.seq * 3),
            n_writes: Some(self.seq * writes),
            read_bytes: Some(self.seq * 98_304),
            write_bytes: Some(self.seq * writes * 24_576),
            busy_us: Some((elapsed_us as f64 * busy) as u64),
            waited_us: Some(self.seq * writes * 700),
            in_flight: Some(0),
        };
        let filesystem = |mount: &str, total_gib: u64, used: f64| Filesystem {
            mount: mount.into(),
            total_bytes: Some(total_gib * GIB),
            available_bytes: Some(((total_gib * GIB) as f64 * (1.0 - used)) as u64),
            n_inodes: Some(total_gib * 65_536),
            n_inodes_free: Some(total_gib * 60_000),
        };
        NodeReading {
            throttled_us: Some(self.processes.iter().map(|p| p.held_us).sum::<f64>() as u64),
            delay_neighbour_us: Some(self.processes.iter().map(|p| p.caused_us).sum::<f64>() as u64),
            cpu_queues: self.cpu_queues(),
            interrupts: Some(Interrupts {
                n_hard: Some(self.seq * 31_000),
                n_soft: Some(self.seq * 52_000),
                soft_us: Some((elapsed_us as f64 * 0.31) as u64),
                n_packets: Some(self.seq * 48_000),
                n_drops: Some(0),
                n_squeezed: Some(self.seq / 9),
                backlog: Some(0),
            }),
            tcp_trouble: Some(TcpTrouble {
                listen_overflows: Some(self.listen_drops as u64),
                backlog_drops: Some(0),
                receive_drops: Some(0),
                timeouts: Some(self.seq),
                resets: Some(self.seq * 3),
                failed_attempts: Some(self.seq / 2),
                memory_pressures: Some(0),
                aborts: Some(0),
            }),
            udp_in_errors: Some(0),
            udp_send_errors: Some(0),
            n_conntrack: Some(41_200 + self.seed * 31),
            conntrack_max: Some(262_144),
            conntrack_drops: Some(0),
            disks: vec![disk("nvme0n1", 0.12, 210), disk("nvme1n1", 0.01, 4)],
            filesystems: vec![
                filesystem("/var/log", 100, if is_chat { 0.91 } else { 0.44 }),
                filesystem("/", 200, 0.37),
            ],
            n_files: Some(12_040),
            files_max: Some(i64::MAX as u64),
            n_short_lived: Some(self.seq * 2),
            n_netns: Some(3),
            n_netns_unread: Some(1),
            n_cgroups: Some(self.cgroups().len() as u64),
            ..NodeReading::default()
        }
    }
}
