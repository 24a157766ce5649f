use std::{fs, os::unix::fs::symlink, path::Path};

use super::*;

fn process(root: &Path, pid: u32, links: &[&str]) {
    let folder = root.join(format!("{pid}/fd"));
    fs::create_dir_all(&folder).unwrap();
    for (n, link) in links.iter().enumerate() {
        symlink(link, folder.join(n.to_string())).unwrap();
    }
}

fn wanted(inode: u64, port: u16, is_urgent: bool) -> Wanted {
    Wanted { inode, port, is_urgent }
}

#[test]
fn a_waiting_socket_is_found_at_once_and_the_lowest_pid_owns_it() {
    let root = tempfile::tempdir().unwrap();
    let links = ["/dev/null", "pipe:[5]", "socket:[101]", "socket:[999]", "socket:[x]", "anon_inode:[eventpoll]"];
    process(root.path(), 30, &links);
    process(root.path(), 20, &["socket:[101]", "socket:[102]"]);
    let mut files = Files::open(root.path()).unwrap();
    let mut owners = Owners::default();
    let all = [(20, 1), (30, 1), (40, 1)];
    owners.find(&mut files, &all, &[wanted(101, 1, true), wanted(102, 2, false), wanted(103, 3, true)], 0);
    assert_eq!((owners.of(101), owners.of(102), owners.of(103), owners.of(999)), (Some(20), Some(20), None, None));
    owners.find(&mut files, &all[1..], &[wanted(101, 1, true)], 1);
    assert_eq!(owners.of(101), Some(30), "the other owner stays when the first has ended");
}

#[test]
fn a_socket_that_nobody_holds_is_looked_for_again_only_after_a_while() {
    let root = tempfile::tempdir().unwrap();
    // So many descriptors that the rolling look is busy with them.
    let many: Vec<String> = (0..2000).map(|n| format!("pipe:[{n}]")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    process(root.path(), 10, &many);
    process(root.path(), 20, &[]);
    let mut files = Files::open(root.path()).unwrap();
    let mut owners = Owners::default();
    let all = [(10, 1), (20, 1)];
    let socket = [wanted(101, 1, true)];
    owners.find(&mut files, &all, &socket, 1_000_000);
    owners.find(&mut files, &all, &socket, 1_100_000);
    symlink("socket:[101]", root.path().join("20/fd/7")).unwrap();
    owners.find(&mut files, &all, &socket, 1_200_000);
    assert_eq!(owners.of(101), None, "not every tick");
    owners.find(&mut files, &all, &socket, 1_000_000 + RETRY_US);
    assert_eq!(owners.of(101), Some(20));
}

#[test]
fn looking_everywhere_takes_a_rest_after_much_work() {
    let root = tempfile::tempdir().unwrap();
    let many: Vec<String> = (0..2000).map(|n| format!("pipe:[{n}]")).collect();
    process(root.path(), 10, &many.iter().map(String::as_str).collect::<Vec<_>>());
    process(root.path(), 20, &["socket:[1]"]);
    let mut files = Files::open(root.path()).unwrap();
    let mut owners = Owners::default();
    let all = [(10, 1), (20, 1)];
    owners.find(&mut files, &all, &[wanted(1, 80, false), wanted(2, 81, true)], 1_000_000);
    // A connection with data that came after that: not of this port's owner, and nobody's turn.
    symlink("socket:[3]", root.path().join("20/fd/1")).unwrap();
    let later = [wanted(1, 80, false), wanted(3, 82, true)];
    let rest_us = 2_001 * REST_US;
    owners.last = 0;
    owners.find(&mut files, &all, &later, 1_000_000 + rest_us - 1);
    assert_eq!(owners.of(3), None);
    owners.find(&mut files, &all, &later, 1_000_000 + rest_us);
    assert_eq!(owners.of(3), Some(20));
}

#[test]
fn a_new_connection_is_found_at_its_listener() {
    let root = tempfile::tempdir().unwrap();
    process(root.path(), 10, &["socket:[1]"]);
    process(root.path(), 20, &["socket:[2]"]);
    let mut files = Files::open(root.path()).unwrap();
    let mut owners = Owners::default();
    let all = [(10, 1), (20, 1)];
    owners.find(&mut files, &all, &[wanted(1, 80, false), wanted(2, 90, false)], 0);
    symlink("socket:[3]", root.path().join("20/fd/1")).unwrap();
    owners.credit = -PER_TICK - 1;
    owners.find(&mut files, &all, &[wanted(1, 80, false), wanted(2, 90, false), wanted(3, 90, false)], 0);
    assert_eq!(owners.of(3), Some(20));
}

#[test]
fn the_rolling_look_notices_a_socket_that_was_handed_over() {
    let root = tempfile::tempdir().unwrap();
    process(root.path(), 10, &["socket:[1]"]);
    process(root.path(), 20, &[]);
    let mut files = Files::open(root.path()).unwrap();
    let mut owners = Owners::default();
    let all = [(10, 1), (20, 1)];
    owners.find(&mut files, &all, &[wanted(1, 80, false)], 0);
    assert_eq!(owners.of(1), Some(10));
    fs::rename(root.path().join("10/fd/0"), root.path().join("20/fd/0")).unwrap();
    owners.find(&mut files, &all, &[wanted(1, 80, false)], 0);
    assert_eq!(owners.of(1), Some(20));
}

#[test]
fn a_reused_pid_owns_nothing_of_the_old_process() {
    let root = tempfile::tempdir().unwrap();
    process(root.path(), 10, &["socket:[1]"]);
    let mut files = Files::open(root.path()).unwrap();
    let mut owners = Owners::default();
    owners.find(&mut files, &[(10, 1)], &[wanted(1, 80, false)], 0);
    fs::remove_file(root.path().join("10/fd/0")).unwrap();
    owners.find(&mut files, &[(10, 2)], &[wanted(1, 80, false)], 0);
    assert_eq!(owners.of(1), None);
}
