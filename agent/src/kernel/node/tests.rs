use super::*;

fn parsed(parse: impl Fn(&[u8], &mut NodeReading), text: &str) -> NodeReading {
    let mut into = NodeReading::default();
    parse(text.as_bytes(), &mut into);
    into
}

#[test]
fn cpu_times_are_microseconds_and_each_cpu_has_its_number() {
    let text = "cpu  10 1 5 100 7 2 3 4 99 0\ncpu0 10 1 5 100 7 2 3 4 99 0\ncpu3 1 0 0 0 0 0 0 0 0 0\nintr 5 6 7\n\
        ctxt 123\nbtime 9\nprocesses 77\nprocs_running 2\nprocs_blocked 1\n";
    let node = parsed(|t, n| parse_stat(t, 10_000, n), text);
    let expected = CpuTimes {
        user_us: Some(110_000),
        system_us: Some(50_000),
        idle_us: Some(1_000_000),
        iowait_us: Some(70_000),
        irq_us: Some(50_000),
        steal_us: Some(40_000),
    };
    assert_eq!(node.cpu, expected);
    assert_eq!(node.cpus.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 3]);
    assert_eq!(
        (node.n_switches, node.n_forks, node.n_running, node.n_blocked),
        (Some(123), Some(77), Some(2), Some(1))
    );
}

#[test]
fn an_old_kernel_without_steal_leaves_it_unknown() {
    let node = parsed(|t, n| parse_stat(t, 10_000, n), "cpu 1 2 3 4\n");
    assert_eq!((node.cpu.idle_us, node.cpu.steal_us, node.cpu.irq_us), (Some(40_000), None, None));
}

#[test]
fn fractions_keep_their_digits() {
    assert_eq!(parsed(parse_loadavg, "0.51 0.35 0.26 1/91 10470\n").load1_milli, Some(510));
    assert_eq!(parsed(parse_loadavg, "12.05 1 1 1/1 1").load1_milli, Some(12_050));
    assert_eq!(parsed(parse_uptime, "1536.52 3000.1\n").up_us, Some(1_536_520_000));
    assert_eq!(parsed(parse_uptime, "x.1").up_us, None);
}

#[test]
fn loopback_is_no_traffic() {
    let text = "Inter-|   Receive |  Transmit\n face |bytes packets errs drop fifo\n    lo: 500 5 0 9 0 0 0 0 500 5 0 9 0 0 0 0\n\
        eth0:100 5 0 2 0 0 0 0 70 5 0 1 0 0 0 0\n  eth1: 1 5 0 0 0 0 0 0 2 5 0 0 0 0 0 0\n";
    let node = parsed(parse_net_dev, text);
    assert_eq!((node.net_rx_bytes, node.net_tx_bytes, node.net_drops), (Some(101), Some(72), Some(3)));
}

#[test]
fn named_columns_are_found_wherever_they_stand() {
    let text = "Tcp: RtoMin MaxConn InSegs OutSegs RetransSegs\nTcp: 200 -1 11 12 13\n\
        Udp: InDatagrams NoPorts RcvbufErrors OutDatagrams\nUdp: 21 0 23 22\n";
    let mut node = parsed(parse_snmp, text);
    assert_eq!((node.tcp_in, node.tcp_out, node.tcp_retrans), (Some(11), Some(12), Some(13)));
    parse_snmp6(b"Ip6InReceives 9\nUdp6InDatagrams   \t100\nUdp6OutDatagrams 200\nUdp6RcvbufErrors 1\n", &mut node);
    assert_eq!((node.udp_in, node.udp_out, node.udp_drops), (Some(121), Some(222), Some(24)));
    let text = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 3 4\nIpExt: InOctets\nIpExt: 1\n";
    assert_eq!(parsed(parse_netstat, text).listen_drops, Some(4));
}

#[test]
fn sockets_of_both_families_are_added() {
    let root = tempfile::tempdir().unwrap();
    let read = || {
        let mut node = NodeReading::default();
        let in_use = read(&mut Files::open(root.path()).unwrap(), 10_000, &mut node);
        (node.n_tcp, in_use)
    };
    assert_eq!(read(), (None, InUse::default()));
    std::fs::create_dir(root.path().join("net")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(root.path().join("net").join(name), text).unwrap();
    write("sockstat", "sockets: used 14\nTCP: inuse 5 orphan 0 tw 9\nUDP: inuse 1\nUDPLITE: inuse 3\n");
    assert_eq!(read(), (Some(5), InUse { tcp: [Some(5), None], udp: [Some(1), None] }));
    write("sockstat6", "TCP6: inuse 2\nUDP6: inuse 0\nUDPLITE6: inuse 3\n");
    assert_eq!(read(), (Some(7), InUse { tcp: [Some(5), Some(2)], udp: [Some(1), Some(0)] }));
}

#[test]
fn pressure_is_its_total() {
    let text =
        b"some avg10=1.66 avg60=3.26 avg300=1.61 total=24646923\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
    assert_eq!((pressure(b"some", text), pressure(b"full", text)), (Some(24_646_923), Some(7)));
    assert_eq!(pressure(b"some", b""), None);
}

#[test]
fn meminfo_is_kibibytes() {
    let text =
        "MemTotal:       24657368 kB\nMemFree:        1 kB\nMemAvailable:   2 kB\nCached: 3 kB\nSwapCached: 9 kB\n";
    let node = parsed(parse_meminfo, text);
    assert_eq!(node.mem_total_bytes, Some(24_657_368 * 1024));
    assert_eq!((node.mem_file_bytes, node.swap_total_bytes), (Some(3072), None));
}
