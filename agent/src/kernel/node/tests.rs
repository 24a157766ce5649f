use super::*;

fn parsed(parse: impl Fn(&[u8], &mut NodeReading), text: &str) -> NodeReading {
    let mut into = NodeReading::default();
    parse(text.as_bytes(), &mut into);
    into
}

#[test]
fn cpu_times_are_microseconds_and_each_cpu_has_its_number() {
    let text = "cpu  10 1 5 100 7 2 3 4 99 0\ncpu0 10 1 5 100 7 2 3 4 99 0\ncpu3 1 0 0 0 0 0 0 0 0 0\nintr 5 6 7\n\
        ctxt 123\nbtime 9\nprocesses 77\nprocs_running 2\nprocs_blocked 1\nsoftirq 42 1 2 3\n";
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
    let interrupts = node.interrupts.unwrap();
    assert_eq!((interrupts.n_hard, interrupts.n_soft, interrupts.soft_us), (Some(5), Some(42), Some(30_000)));
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

#[test]
fn open_files_are_those_in_use() {
    let files = |text: &str| {
        let node = parsed(parse_file_nr, text);
        (node.n_files, node.files_max)
    };
    assert_eq!(files("560\t10\t2466177\n"), (Some(550), Some(2_466_177)));
    assert_eq!(files("560\t0\t9223372036854775807\n"), (Some(560), None), "the largest number is no limit");
    assert_eq!(files(""), (None, None));
}

#[test]
fn this_node_is_read_through_files_that_stay_open() {
    let mut node = Node::new(Path::new("/proc"));
    let mut read = || {
        let mut into = NodeReading::default();
        node.read(10_000, &mut into);
        into
    };
    let first = read();
    std::process::Command::new("true").status().unwrap();
    let second = read();
    assert!(first.cpu.user_us.is_some() && second.n_forks.unwrap() > first.n_forks.unwrap());
    assert!(second.interrupts.unwrap().n_hard.unwrap() >= first.interrupts.unwrap().n_hard.unwrap());
    assert!(second.interrupts.unwrap().n_packets.is_some() && second.tcp_trouble.unwrap().timeouts.is_some());
    assert!(second.udp_in_errors.is_some() && second.n_files.unwrap() > 0);
    assert_eq!(first.cpus.len(), second.cpus.len());
    assert_eq!(first.mem_total_bytes, second.mem_total_bytes);
}
