//! Ids and times are those of the namespaces of who reads.

use std::{collections::BTreeSet, process::Command};

use crate::support::{File, is_root, load, proc, round, said, this_test, threads};

/// Set where a test is run again inside of a namespace.
const INSIDE: &str = "MIDAIR_TEST_INSIDE";

fn numbers_in_proc() -> BTreeSet<u32> {
    let entries = std::fs::read_dir("/proc").expect("/proc is mounted").flatten();
    entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).collect()
}

/// What the test says of itself from inside.
fn look_around() {
    let Some(mut bpf) = load() else { return };
    let before = numbers_in_proc();
    let found = threads(&mut bpf);
    let (pipe, _other) = std::io::pipe().expect("a pipe can be made");
    let (files, _): (Vec<File>, _) = round(&mut bpf.walk());
    let after = numbers_in_proc();
    let own = &found[&std::process::id()];
    let leader = own.leader.expect("the first of its process");
    let stat = proc("self/stat");
    let start = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(19)).expect("field 22");
    let pids: BTreeSet<u32> = found.values().map(|task| task.pid).collect();
    let owners: BTreeSet<u32> = files.iter().map(|(file, _)| file.pid).collect();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&pipe) as u32;
    println!("said self {}", std::process::id());
    println!("said parent {}", leader.parent);
    println!("said start {}", own.start_ticks.to_string() == start);
    println!("said pids {}", pids.iter().all(|pid| before.contains(pid) || after.contains(pid)) && pids.len() < 20);
    println!("said owners {}", owners.is_subset(&pids));
    println!("said pipe {}", files.iter().any(|(file, _)| file.pid == std::process::id() && file.fd == fd));
    println!("said threads {}", found.values().filter(|task| task.pid == std::process::id()).count() > 1);
}

#[test]
fn a_reader_in_a_pid_and_time_namespace_sees_what_is_in_it() {
    if std::env::var_os(INSIDE).is_some() {
        return look_around();
    }
    if !is_root() {
        return;
    }
    let mut again = Command::new("unshare");
    again.args(["--pid", "--fork", "--mount-proc", "--time", "--boottime", "100000"]).arg(this_test());
    again.args(["--exact", "--nocapture", "namespaces::a_reader_in_a_pid_and_time_namespace_sees_what_is_in_it"]);
    let said = said(again.env(INSIDE, "1"));
    let said = |key: &str| said.get(key).map(String::as_str).unwrap_or_else(|| panic!("{key} in {said:?}"));
    // The first process of a namespace, whose parent is outside.
    assert_eq!((said("self"), said("parent")), ("1", "0"));
    for key in ["start", "pids", "owners", "pipe", "threads"] {
        assert_eq!(said(key), "true", "{key}");
    }
}
