//! Sockets of other network namespaces.

use std::{process::Command, sync::Mutex};

use midair_agent::reading::Wants;
use midair_vitals::QueueKind;
use rustix::process::geteuid;

use crate::{
    host::{Host, collectors, queue_of},
    role::Working,
};

/// Readings within which something must happen.
const MOST: usize = 100;

/// A network namespace; it is removed when this is dropped.
struct Namespace(String);

impl Namespace {
    fn new(name: &str) -> Self {
        let namespace = Self(format!("midair-{name}-{}", std::process::id()));
        ip(&["netns", "add", &namespace.0]);
        ip(&["-n", &namespace.0, "link", "set", "lo", "up"]);
        namespace
    }

    /// Starts a child in it.
    fn start(&self, role: &str) -> Working {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0]).arg(std::env::current_exe().unwrap());
        Working::start_by(command, role).0
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.0]);
    }
}

fn ip(args: &[&str]) {
    let output = Command::new("ip").args(args).output().expect("ip of iproute2 is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    // A drop that panics in a panic would hide what went wrong first.
    assert!(output.status.success() || std::thread::panicking(), "ip {args:?}: {said}");
}

/// Tests here make namespaces, and one counts what is open for them.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn listeners_of_other_namespaces_are_read_with_their_owners() {
    if !geteuid().is_root() {
        eprintln!("skipped: only root can make network namespaces");
        return;
    }
    let _alone = ONE_AT_A_TIME.lock();
    let namespaces = ["a", "b"].map(Namespace::new);
    let loads = [namespaces[0].start("listen 16 3"), namespaces[1].start("listen 32 5")];
    for collector in collectors() {
        let mut host = Host::new(collector);
        for (load, expected) in loads.iter().zip([(Some(3), Some(16)), (Some(5), Some(32))]) {
            let queue = host.until("the listener", |reading| {
                queue_of(reading, load.pid(), QueueKind::Listen).filter(|queue| queue.depth > Some(0)).cloned()
            });
            assert_eq!((queue.depth, queue.limit), expected, "{collector:?}");
            assert_eq!(queue.drops, Some(0), "{collector:?}: through netlink, or BPF");
        }
        let node = host.read(&Wants::default()).node;
        assert!(node.n_netns >= Some(3), "{collector:?}: {:?}", node.n_netns);
        assert_eq!(node.n_netns_unread, Some(0), "{collector:?}");
    }
}

#[test]
fn a_namespace_is_let_go_with_its_last_process() {
    if !geteuid().is_root() {
        eprintln!("skipped: only root can make network namespaces");
        return;
    }
    let _alone = ONE_AT_A_TIME.lock();
    let namespace = Namespace::new("gone");
    let load = namespace.start("listen 16 3");
    // A process of its own reads, so that its sockets can be counted.
    let (mut reader, _) = Working::start("read");
    let mut n_sockets = |is_right: &dyn Fn(usize) -> bool| {
        (0..MOST).map(|_| reader.go_on().parse::<usize>().unwrap()).find(|n| is_right(*n))
    };
    let before = n_sockets(&|n| n > 1).expect("one of its own, and one in the namespace");
    drop(load);
    assert!(n_sockets(&|n| n < before).is_some(), "it is closed");
}
