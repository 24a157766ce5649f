use std::fs;

use rustix::fd::AsFd as _;

use super::*;

/// Reads files of a network: names below `/proc`, and their texts.
fn read(files: &[(&str, &str)]) -> (NodeReading, InUse) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut into = NodeReading::default();
    let folder = fs::File::open(root.path()).unwrap();
    let in_use = Net::default().read(folder.as_fd(), &mut Page::default(), &mut into);
    (into, in_use)
}

#[test]
fn what_is_absent_is_unknown() {
    assert_eq!(read(&[]), (NodeReading::default(), InUse::default()));
}

#[test]
fn loopback_is_no_traffic() {
    let text = "Inter-|   Receive |  Transmit\n face |bytes packets errs drop fifo\n    lo: 500 5 0 9 0 0 0 0 500 5 0 9 0 0 0 0\n\
        eth0:100 5 0 2 0 0 0 0 70 5 0 1 0 0 0 0\n  eth1: 1 5 0 0 0 0 0 0 2 5 0 0 0 0 0 0\n";
    let (node, _) = read(&[("net/dev", text)]);
    assert_eq!((node.net_rx_bytes, node.net_tx_bytes, node.net_drops), (Some(101), Some(72), Some(3)));
}

#[test]
fn segments_datagrams_and_their_troubles() {
    let snmp = "Tcp: RtoMin MaxConn AttemptFails EstabResets InSegs OutSegs RetransSegs\nTcp: 200 -1 6 7 11 12 13\n\
        Udp: InDatagrams NoPorts InErrors RcvbufErrors SndbufErrors OutDatagrams\nUdp: 21 0 25 23 24 22\n";
    let snmp6 = "Ip6InReceives 9\nUdp6InDatagrams   \t100\nUdp6OutDatagrams 200\nUdp6RcvbufErrors 1\nUdp6InErrors 2\n\
        Udp6SndbufErrors 3\nUdpLite6InErrors 99\n";
    let netstat = "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts TCPBacklogDrop TCPRcvQDrop\n\
        TcpExt: 0 3 4 5 6 7\nIpExt: InOctets\nIpExt: 1\n";
    let (node, _) = read(&[("net/snmp", snmp), ("net/snmp6", snmp6), ("net/netstat", netstat)]);
    assert_eq!((node.tcp_in, node.tcp_out, node.tcp_retrans), (Some(11), Some(12), Some(13)));
    assert_eq!((node.udp_in, node.udp_out, node.udp_drops), (Some(121), Some(222), Some(24)));
    assert_eq!((node.udp_in_errors, node.udp_send_errors, node.listen_drops), (Some(27), Some(27), Some(4)));
    let trouble = TcpTrouble {
        listen_overflows: Some(3),
        backlog_drops: Some(6),
        receive_drops: Some(7),
        timeouts: Some(5),
        resets: Some(7),
        failed_attempts: Some(6),
        memory_pressures: None,
        aborts: None,
    };
    assert_eq!(node.tcp_trouble, Some(trouble));
}

#[test]
fn sockets_of_both_families_are_added() {
    let v4 = ("net/sockstat", "sockets: used 14\nTCP: inuse 5 orphan 0 tw 9\nUDP: inuse 1\nUDPLITE: inuse 3\n");
    let v6 = ("net/sockstat6", "TCP6: inuse 2\nUDP6: inuse 0\nUDPLITE6: inuse 3\n");
    let of = |files: &[(&str, &str)]| {
        let (node, in_use) = read(files);
        (node.n_tcp, in_use)
    };
    assert_eq!(of(&[v4]), (Some(5), InUse { tcp: [Some(5), None], udp: [Some(1), None] }));
    assert_eq!(of(&[v4, v6]), (Some(7), InUse { tcp: [Some(5), Some(2)], udp: [Some(1), Some(0)] }));
}

#[test]
fn backlogs_of_all_cpus_are_added_and_only_new_kernels_tell_their_length() {
    let zeros = "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000";
    let line = |n: &str, rest: &str| format!("{n} 00000002 0000000a {zeros}{rest}\n");
    let of = |text: String| read(&[("net/softnet_stat", &text)]).0.interrupts.unwrap();
    let new = of(line("0000000f", " 00000003 00000000") + &line("00000001", " 00000004 00000001"));
    assert_eq!((new.n_packets, new.n_drops, new.n_squeezed, new.backlog), (Some(16), Some(4), Some(20), Some(7)));
    let old = of(line("0000000f", ""));
    assert_eq!((old.n_packets, old.backlog), (Some(15), None));
}

#[test]
fn tracked_connections_their_limit_and_what_was_dropped() {
    let stat = "entries  clashres found new drop early_drop icmp_error  expect_new\n\
        00000002  00000000 00000000 00000000 00000003 00000010 00000000  00000000\n\
        00000002  00000000 00000000 00000000 00000001 00000000 00000000  00000000\n";
    let (node, _) = read(&[
        ("sys/net/netfilter/nf_conntrack_count", "2\n"),
        ("sys/net/netfilter/nf_conntrack_max", "262144\n"),
        ("net/stat/nf_conntrack", stat),
    ]);
    assert_eq!((node.n_conntrack, node.conntrack_max, node.conntrack_drops), (Some(2), Some(262_144), Some(20)));
    assert_eq!(conntrack_drops(b"entries found\n00000001 00000002\n"), None);
}
