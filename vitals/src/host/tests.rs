use super::*;

#[test]
fn a_disk_says_how_busy_it_was_and_how_long_a_request_took() {
    let disk = |n, busy_us, waited_us| Disk {
        name: "sda".into(),
        n_reads: Some(n),
        n_writes: Some(0),
        busy_us: Some(busy_us),
        waited_us: Some(waited_us),
        ..Disk::default()
    };
    let vitals = DiskVitals::derive(Some((&disk(10, 0, 0), 0)), &disk(30, 500_000, 2_000_000), 1_000_000);
    assert_eq!((vitals.busy, vitals.requests, vitals.latency), (Some(0.5), Some(20.0), Some(0.1)));
    assert_eq!(vitals.read, None, "what the kernel does not say is not zero");
    let rest = DiskVitals::derive(Some((&disk(10, 0, 0), 0)), &disk(10, 0, 0), 1_000_000);
    assert_eq!((rest.busy, rest.latency), (Some(0.0), None), "no request, no latency");
}

#[test]
fn a_filesystem_is_as_full_as_the_nearer_of_bytes_and_files() {
    let filesystem = Filesystem {
        total_bytes: Some(100),
        available_bytes: Some(80),
        n_inodes: Some(10),
        n_inodes_free: Some(1),
        ..Filesystem::default()
    };
    assert_eq!(filesystem.fill().map(Severity::percent), Some(90));
    let without_inodes = Filesystem { n_inodes: Some(0), n_inodes_free: Some(0), ..filesystem };
    assert_eq!(without_inodes.fill().map(Severity::percent), Some(20), "btrfs has no limit of files");
}

#[test]
fn trouble_is_what_came_since_the_reading_before() {
    let trouble = |n| TcpTrouble { listen_overflows: Some(n), backlog_drops: Some(2 * n), ..TcpTrouble::default() };
    let new = TcpTroubles::derive(Some(&trouble(3)), Some(&trouble(5)));
    assert_eq!((new.listen_overflows, new.drops, new.resets), (Some(2), Some(4), None));
    assert_eq!(TcpTroubles::derive(None, Some(&trouble(5))), TcpTroubles::default());
}
