//! Cgroups, network namespaces and all that a node says beyond its tasks: from an agent's stream into events, whole.

use midair_agent::{
    Config,
    identity::Identity,
    names::Names,
    reading::Reading,
    stream::{Content, Encoder, StreamKey},
    tick::Tick,
};
use midair_vitals::{
    CgroupKind, CgroupReading, CpuQueue, CpuTimes, Disk, Filesystem, Interrupts, NetNamespace, NodeReading, ShortLived,
    ShortLivedName, TcpTrouble,
};

use super::*;

/// An agent's detail stream into a decoder, reading by reading.
struct Wire {
    encoder: Option<Encoder>,
    names: Names,
    decoder: Decoder,
    n: u64,
}

impl Wire {
    fn new() -> Self {
        Self { encoder: None, names: Names::default(), decoder: Decoder::default(), n: 0 }
    }

    /// Sends a reading: the first as a key, each further one as what changed.
    fn send(&mut self, mut reading: Reading) -> Sample {
        self.n += 1;
        reading.node.at_us = self.n * 1_000_000;
        reading.cgroups.iter_mut().for_each(|cgroup| cgroup.at_us = reading.node.at_us);
        let mut tick = Tick::new(reading, Vec::new());
        (tick.number, tick.mono_us, tick.wall_us) = (self.n, tick.reading.node.at_us + 5, 7);
        let cost = v1::Cost::default();
        let content = Content { tick: &tick, rows: &[], n_noted: 0, cost: &cost };
        let envelope = match &mut self.encoder {
            Some(encoder) => encoder.advance(content, &mut self.names),
            None => {
                let identity =
                    Identity::read(&Config { node: Some("n1".into()), ..Config::default() }).expect("a name");
                let key = StreamKey { stream: v1::Stream::Detail, every: 1, is_kept: false };
                let encoder = Encoder::new(key, Arc::new(identity), content, &mut self.names);
                self.encoder.insert(encoder).key(&mut self.names)
            }
        };
        let events = self.decoder.decode(&entry(envelope));
        let events: Vec<Event> = events.into_iter().map(|stamped| stamped.event).collect();
        last_sample(&events).clone()
    }
}

fn cgroup(path: &str, n: u64) -> CgroupReading {
    CgroupReading {
        path: path.into(),
        name: Some(format!("name of {path}").into()),
        kind: CgroupKind::Unit,
        at_us: 0,
        n_processes: Some(n + 1),
        n_threads: Some(n + 2),
        cpu_us: Some(n + 3),
        run_delay_us: Some(n + 4),
        throttled_us: Some(n + 5),
        n_throttled: Some(n + 6),
        n_periods: Some(n + 7),
        quota_milli: Some(n + 8),
        mem_bytes: Some(n + 9),
        mem_inactive_bytes: Some(n + 10),
        mem_limit_bytes: Some(n + 11),
        n_oom_kills: Some(n + 12),
        psi_cpu_some_us: Some(n + 13),
        psi_mem_some_us: Some(n + 14),
        psi_io_some_us: Some(n + 15),
        caused_delay_us: Some(n + 16),
    }
}

fn namespace(inode: u64, n: u64) -> NetNamespace {
    NetNamespace {
        inode,
        name: Some(format!("ns-{inode}").into()),
        is_own: inode == 1,
        at_us: n,
        n_processes: Some(n + 1),
        tcp_in: Some(n + 2),
        tcp_out: Some(n + 3),
        tcp_retrans: Some(n + 4),
        listen_overflows: Some(n + 5),
        listen_drops: Some(n + 6),
        udp_in: Some(n + 7),
        udp_out: Some(n + 8),
        udp_drops: Some(n + 9),
        n_tcp: Some(n + 10),
        n_listeners: Some(n + 11),
        unread: None,
    }
}

fn stamped(mut cgroup: CgroupReading, at_us: u64) -> CgroupReading {
    cgroup.at_us = at_us;
    cgroup
}

#[test]
fn cgroups_come_change_rest_and_leave() {
    let mut wire = Wire::new();
    let mut send =
        |cgroups: &[CgroupReading]| wire.send(Reading { cgroups: cgroups.to_vec(), ..Reading::default() }).cgroups;
    let (a, b, c) = (cgroup("/a", 10), cgroup("/b", 20), cgroup("/c", 30));
    let all = |rows: &[&CgroupReading], at_us: u64| rows.iter().map(|row| stamped((*row).clone(), at_us)).collect();
    let expected: Vec<CgroupReading> = all(&[&a, &b], 1_000_000);
    assert_eq!(send(&[a.clone(), b.clone()]), expected, "a key tells all");
    let changed = CgroupReading { cpu_us: Some(99), mem_limit_bytes: None, ..b.clone() };
    let expected: Vec<CgroupReading> = all(&[&a, &changed], 2_000_000);
    assert_eq!(send(&[a.clone(), changed.clone()]), expected, "one rests, one changed, a field became unknown");
    let expected: Vec<CgroupReading> = all(&[&changed, &c], 3_000_000);
    assert_eq!(send(&[changed.clone(), c.clone()]), expected, "one left, one came");
    assert_eq!(send(&[]), [], "all left");
    let unknown = CgroupReading { path: "/a".into(), ..CgroupReading::default() };
    let expected: Vec<CgroupReading> = all(&[&unknown], 5_000_000);
    assert_eq!(send(&[unknown]), expected, "what is unknown stays so, and a known name is not sent twice");
}

#[test]
fn namespaces_come_change_rest_and_leave() {
    let mut wire = Wire::new();
    let mut send = |namespaces: &[NetNamespace]| {
        wire.send(Reading { namespaces: namespaces.to_vec(), ..Reading::default() }).namespaces
    };
    let (own, pod) = (namespace(1, 100), namespace(2, 200));
    assert_eq!(send(&[own.clone(), pod.clone()]), [own.clone(), pod.clone()]);
    assert_eq!(send(&[own.clone(), pod.clone()]), [own.clone(), pod.clone()], "one that rests keeps its own stamp");
    let closed = NetNamespace { unread: Some("its processes come and go".into()), tcp_in: None, ..pod };
    assert_eq!(send(&[own.clone(), closed.clone()]), [own.clone(), closed]);
    let new = namespace(3, 300);
    assert_eq!(send(&[new.clone(), own.clone()]), [own, new.clone()]);
    assert_eq!(send(std::slice::from_ref(&new)), [new]);
}

#[test]
fn all_that_explains_a_node_arrives() {
    let times = CpuTimes { user_us: Some(1), system_us: Some(2), ..CpuTimes::default() };
    let node = NodeReading {
        cpus: vec![(0, times), (1, times)],
        cpu_queues: vec![CpuQueue { number: 1, n_queued: Some(3), run_delay_us: Some(4) }],
        interrupts: Some(Interrupts {
            n_hard: Some(1),
            n_soft: Some(2),
            soft_us: Some(3),
            n_packets: Some(4),
            n_drops: Some(5),
            n_squeezed: Some(6),
            backlog: Some(7),
        }),
        tcp_trouble: Some(TcpTrouble {
            listen_overflows: Some(1),
            backlog_drops: Some(2),
            receive_drops: Some(3),
            timeouts: Some(4),
            resets: Some(5),
            failed_attempts: Some(6),
            memory_pressures: Some(7),
            aborts: Some(8),
        }),
        udp_in_errors: Some(11),
        udp_send_errors: Some(12),
        n_conntrack: Some(13),
        conntrack_max: Some(14),
        conntrack_drops: Some(15),
        disks: vec![Disk { name: "sda".into(), n_reads: Some(1), busy_us: Some(2), ..Disk::default() }],
        filesystems: vec![Filesystem { mount: "/".into(), total_bytes: Some(9), ..Filesystem::default() }],
        n_files: Some(16),
        files_max: Some(17),
        n_short_lived: Some(18),
        throttled_us: Some(19),
        delay_neighbour_us: Some(20),
        delay_quota_us: Some(21),
        n_netns: Some(22),
        n_netns_unread: Some(23),
        n_cgroups: Some(24),
        mem_limit_bytes: Some(25),
        short_lived: Some(ShortLived {
            n: Some(26),
            cpu_us: Some(27),
            cost_us: Some(28),
            by_name: vec![ShortLivedName {
                name: "\u{1b}[2Jsh".into(),
                parent: Some("cron".into()),
                n: Some(29),
                cpu_us: Some(30),
            }],
        }),
        ..NodeReading::default()
    };
    let mut wire = Wire::new();
    let mut send = |node: &NodeReading| wire.send(Reading { node: node.clone(), ..Reading::default() }).reading;
    let expected = |node: &NodeReading, got: &NodeReading| NodeReading {
        at_us: got.at_us,
        cpu: got.cpu,
        cpus: got.cpus.clone(),
        ..node.clone()
    };
    let got = send(&node);
    assert_eq!(got, expected(&node, &got));
    let mut later = node.clone();
    (later.n_conntrack, later.delay_quota_us, later.disks) = (None, Some(99), Vec::new());
    later.cpu_queues[0].n_queued = Some(0);
    // Names that come later, and one that the reader has already.
    let one = |name: &str, n| ShortLivedName { name: name.into(), parent: Some("\u{1b}[2Jsh".into()), n, cpu_us: None };
    later.short_lived.as_mut().expect("it is set").by_name = vec![one("grep", Some(31)), one("cron", None)];
    let got = send(&later);
    assert_eq!(got, expected(&later, &got), "what became unknown is unknown, and an empty list is one");
}
