//! Namespaces as folders of files: a `/proc` in which each process has the network that a test gives it.

use std::{fs, os::unix::fs::symlink};

use super::*;
use crate::kernel::tally::Member;

struct Host {
    root: tempfile::TempDir,
    namespaces: Namespaces,
    node: NodeReading,
}

const OWN: u64 = 100;

/// The stat of the second process of a host: its ninth field says that it is a thread of the kernel.
const KTHREADD: &str = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 21 0 0 0\n";

impl Host {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let link = |process: &str| {
            fs::create_dir_all(root.path().join(process).join("ns")).unwrap();
            symlink(format!("net:[{OWN}]"), root.path().join(process).join("ns/net")).unwrap();
        };
        link("self");
        link("2");
        fs::write(root.path().join("2/stat"), KTHREADD).unwrap();
        let namespaces = Namespaces::new(root.path());
        Self { root, namespaces, node: NodeReading { tcp_in: Some(5), ..NodeReading::default() } }
    }

    fn process(&self, pid: u32, netns: u64) {
        let folder = self.root.path().join(pid.to_string());
        // What was there is that of another process.
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(folder.join("ns")).unwrap();
        fs::create_dir(folder.join("net")).unwrap();
        symlink(format!("net:[{netns}]"), folder.join("ns/net")).unwrap();
        self.write(pid, "snmp", &format!("Tcp: InSegs OutSegs\nTcp: {netns} 2\nUdp: InDatagrams\nUdp: 3\n"));
        self.write(pid, "snmp6", "Udp6InDatagrams 4\n");
        self.write(pid, "netstat", "TcpExt: ListenDrops\nTcpExt: 6\n");
        self.write(pid, "sockstat", "TCP: inuse 7 orphan 0\n");
    }

    fn write(&self, pid: u32, file: &str, text: &str) {
        fs::write(self.root.path().join(format!("{pid}/net/{file}")), text).unwrap();
    }

    /// A tick in which these processes live.
    fn tick(&mut self, processes: &[(u32, u64)]) -> Vec<NetNamespace> {
        self.node.at_us += 1_000_000;
        self.namespaces.read(&self.node);
        let mut tally = Tally::default();
        for (pid, netns) in processes {
            tally.process(Member { pid: *pid, netns: self.namespaces.of_inode(*netns), ..Member::default() });
        }
        let cgroups = Cgroups::new(self.root.path());
        let mut rows = Vec::new();
        assert_eq!(self.namespaces.close(&tally, &cgroups, &mut self.node, &mut rows), Health::Ok);
        rows
    }
}

#[test]
fn each_namespace_is_read_through_one_of_its_processes() {
    let mut host = Host::new();
    [(10, OWN), (20, 200), (21, 200), (30, 300)].into_iter().for_each(|(pid, netns)| host.process(pid, netns));
    let processes = [(10, OWN), (20, 200), (21, 200), (30, 300)];
    let first = host.tick(&processes);
    assert_eq!(first.iter().map(|n| n.inode).collect::<Vec<_>>(), [OWN, 200, 300], "its own first, then by processes");
    assert_eq!((first[0].is_own, first[0].tcp_in, first[0].unread.as_deref()), (true, Some(5), None));
    assert_eq!(first[1].unread.as_deref(), Some("its turn has not come yet"));
    assert_eq!((host.node.n_netns, host.node.n_netns_unread), (Some(3), Some(2)));
    let second = host.tick(&processes);
    let expected = NetNamespace {
        inode: 200,
        name: None,
        is_own: false,
        at_us: 2_000_000,
        n_processes: Some(2),
        tcp_in: Some(200),
        tcp_out: Some(2),
        tcp_retrans: None,
        listen_overflows: None,
        listen_drops: Some(6),
        udp_in: Some(7),
        udp_out: None,
        udp_drops: None,
        n_tcp: Some(7),
        n_listeners: None,
        unread: None,
    };
    assert_eq!(second[1], expected);
    assert_eq!(host.node.n_netns_unread, Some(0));
    assert_eq!(host.namespaces.row(Some(300)).and_then(|n| n.tcp_in), Some(300));
    assert_eq!(host.namespaces.row(None).and_then(|n| n.tcp_in), Some(5), "that of the agent where none is named");
}

#[test]
fn the_process_that_was_read_may_end_or_move() {
    let mut host = Host::new();
    host.process(20, 200);
    host.process(21, 200);
    host.tick(&[(20, 200), (21, 200)]);
    host.process(20, 999);
    host.write(20, "snmp", "Tcp: InSegs\nTcp: 12345\n");
    let moved = host.tick(&[(21, 200)]);
    assert_eq!((moved[0].tcp_in, moved[0].unread.as_deref()), (None, Some("its processes come and go")));
    let read = host.tick(&[(21, 200)]);
    assert_eq!((read[0].tcp_in, read[0].unread.as_deref()), (Some(200), None));
    fs::remove_dir_all(host.root.path().join("21")).unwrap();
    let ended = host.tick(&[(21, 200)]);
    assert_eq!((ended[0].tcp_in, ended[0].at_us), (Some(200), 3_000_000), "what was known stays, with its stamp");
    assert!(ended[0].unread.is_some());
    assert_eq!(host.tick(&[]), [], "nobody is there any more");
}

#[test]
fn a_host_with_many_pods_is_read_in_turns_and_counted_whole() {
    let mut host = Host::new();
    let processes: Vec<(u32, u64)> = (0..200).map(|n| (1_000 + n, 2_000 + u64::from(n))).collect();
    processes.iter().for_each(|(pid, netns)| host.process(*pid, *netns));
    host.tick(&processes);
    let n_read = |namespaces: &Namespaces| namespaces.known.values().filter(|k| k.reading.unread.is_none()).count();
    let mut n_before = 0;
    for n_ticks in 1.. {
        let rows = host.tick(&processes);
        let n = n_read(&host.namespaces);
        assert!((1..=READ_PER_TICK).contains(&(n - n_before)) || n == 200, "{n} after {n_before}");
        assert_eq!((rows.len(), host.node.n_netns), (N_NAMESPACES, Some(200)));
        assert!(host.node.n_netns_unread >= Some(200 - N_NAMESPACES as u64), "those beyond are unread to who looks");
        if n == 200 {
            break;
        }
        assert!(n_ticks <= 200, "each gets its turn");
        n_before = n;
    }
}

#[test]
fn what_may_not_be_seen_is_counted_in_words() {
    let mut host = Host::new();
    let mut tally = Tally::default();
    tally.process(Member { pid: 5, netns: Netns::Hidden, ..Member::default() });
    tally.process(Member { pid: 6, netns: Netns::Unknown, ..Member::default() });
    let cgroups = Cgroups::new(host.root.path());
    host.namespaces.may_trace = true;
    assert_eq!(host.namespaces.close(&tally, &cgroups, &mut host.node, &mut Vec::new()), Health::Ok);
    host.namespaces.may_trace = false;
    let health = host.namespaces.close(&tally, &cgroups, &mut host.node, &mut Vec::new());
    let Health::Degraded(why) = health else { panic!("{health:?}") };
    assert!(why.starts_with("the network namespaces of 1 processes may not be seen"), "{why}");
    assert_eq!(host.node.n_netns, None, "nothing is known");
}

#[test]
fn an_agent_with_a_network_of_its_own_says_so() {
    let host = Host::new();
    fs::remove_file(host.root.path().join("2/ns/net")).unwrap();
    symlink("net:[1]", host.root.path().join("2/ns/net")).unwrap();
    let cgroups = Cgroups::new(host.root.path());
    let close = |mut namespaces: Namespaces| {
        namespaces.close(&Tally::default(), &cgroups, &mut NodeReading::default(), &mut Vec::new())
    };
    let health = close(Namespaces::new(host.root.path()));
    let Health::Degraded(why) = health else { panic!("{health:?}") };
    assert!(why.contains("not of the host"), "{why}");
    fs::write(host.root.path().join("2/stat"), KTHREADD.replace("2129984", "4194560")).unwrap();
    assert_eq!(close(Namespaces::new(host.root.path())), Health::Ok, "in a container nobody knows the host's");
}

#[test]
fn no_file_of_a_namespace_stays_open() {
    let mut host = Host::new();
    host.process(20, 200);
    for _ in 0..3 {
        host.tick(&[(20, 200)]);
    }
    let links = fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
    let open: Vec<_> = links.filter(|link| link.starts_with(host.root.path()) && link != host.root.path()).collect();
    assert_eq!(open, Vec::<std::path::PathBuf>::new(), "it would outlive its pod");
}
