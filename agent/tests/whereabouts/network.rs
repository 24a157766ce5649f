//! Network namespaces made with ip-netns(8).

use std::{
    os::unix::fs::MetadataExt as _,
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use midair_agent::{Collector, reading::Reading};
use midair_vitals::NetNamespace;

use crate::host::{Process, is_root, kernel, read, read_until};

/// A network namespace with a name, deleted with this value.
struct Named(String);

impl Named {
    fn new(name: &str) -> Self {
        let name = format!("midair-{name}-{}", std::process::id());
        ip(&["netns", "add", &name]);
        ip(&["-n", &name, "link", "set", "lo", "up"]);
        Self(name)
    }

    fn inode(&self) -> u64 {
        std::fs::metadata(format!("/run/netns/{}", self.0)).unwrap().ino()
    }

    fn run(&self, script: &str) -> Process {
        Process::of(Command::new("ip").args(["netns", "exec", &self.0, "timeout", "60", "bash", "-c", script]))
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.0]);
    }
}

fn ip(args: &[&str]) {
    let done = Command::new("ip").args(args).status().expect("iproute2 is installed");
    assert!(done.success() || std::thread::panicking(), "ip {args:?}");
}

fn row(reading: &Reading, inode: u64) -> Option<&NetNamespace> {
    reading.namespaces.iter().find(|row| row.inode == inode)
}

/// One test at a time: what a source of another test opens in a namespace of this one would keep that alive.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn each_namespace_counts_for_itself_and_is_called_by_its_name() {
    if !is_root("a network namespace") {
        return;
    }
    let _alone = alone();
    let (quiet, busy) = (Named::new("quiet"), Named::new("busy"));
    // Nobody listens there: each attempt is a segment out and one in, and the answer to it as well.
    let knock = "while :; do for n in 1 2 3 4 5; do : 3<>/dev/tcp/127.0.0.1/9; done 2>/dev/null; sleep 0.1; done";
    let processes = [quiet.run("exec sleep 60"), busy.run(knock)];
    for collector in [Collector::Proc, Collector::Auto] {
        let mut kernel = kernel(collector);
        read(&mut kernel);
        let read_one = |reading: &Reading| {
            let row = row(reading, busy.inode())?;
            (row.unread.is_none() && row.tcp_out >= Some(10)).then(|| row.clone())
        };
        let first = read_until(&mut kernel, "segments", read_one);
        let later = read_until(&mut kernel, "more segments", |reading| {
            read_one(reading).filter(|row| row.tcp_out >= first.tcp_out.map(|n| n + 10))
        });
        assert!(later.at_us > first.at_us && later.tcp_in > first.tcp_in);
        assert_eq!((later.name.as_deref(), later.is_own), (Some(&*busy.0), false));
        let reading = read_until(&mut kernel, "all namespaces", |reading| {
            let is_known = reading.node.n_netns >= Some(3) && row(reading, quiet.inode()).is_some();
            is_known.then(|| reading.clone())
        });
        let silent = row(&reading, quiet.inode()).unwrap();
        assert_eq!(
            (silent.name.as_deref(), silent.n_processes),
            (Some(&*quiet.0), Some(2)),
            "timeout and what it runs"
        );
        assert_eq!((silent.tcp_out, silent.n_tcp), (Some(0), Some(0)));
        assert!(reading.namespaces[0].is_own && reading.node.n_netns >= Some(3), "{:?}", reading.node.n_netns);
        let of = |process: &Process| {
            let task = reading.tasks.iter().find(|task| task.id.number == u64::from(process.pid()));
            task.map(|task| task.netns)
        };
        assert_eq!(of(&processes[0]), Some(Some(quiet.inode())), "{collector:?}");
        let own = reading.tasks.iter().find(|task| task.id.number == u64::from(std::process::id())).unwrap();
        assert_eq!(own.netns, None, "that of the agent is not said");
    }
}

#[test]
fn a_namespace_ends_with_its_last_process_though_it_was_read() {
    if !is_root("a network namespace") {
        return;
    }
    let _alone = alone();
    let named = Named::new("ends");
    let inode = named.inode();
    let process = named.run("sleep 60");
    let mut kernel = kernel(Collector::Proc);
    read(&mut kernel);
    read_until(&mut kernel, "the namespace", |reading| row(reading, inode).filter(|row| row.unread.is_none()).cloned());
    drop((process, named));
    read_until(&mut kernel, "an end of it", |reading| row(reading, inode).is_none().then_some(()));
    // What stays open here of a namespace would keep it alive. Sources of other tests close theirs at their next looks.
    read_until(&mut kernel, "no descriptor of it", |_| {
        let links = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let open: Vec<_> = links.filter_map(|fd| std::fs::read_link(fd.path()).ok()).collect();
        let has = |text: &str| open.iter().any(|link| link.to_string_lossy().contains(text));
        (!has(&format!("net:[{inode}]")) && !has("/net/snmp (deleted)")).then_some(())
    });
}

/// Set where this very test binary runs inside a namespace: how many listeners it opens.
const LISTENERS: &str = "MIDAIR_TEST_LISTENERS";

/// What runs inside, and nothing for who runs the tests.
#[test]
fn listens() {
    let Ok(n) = std::env::var(LISTENERS) else { return };
    let listeners: Vec<_> =
        (0..n.parse().unwrap()).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    std::thread::sleep(std::time::Duration::from_secs(60));
    drop(listeners);
}

#[test]
fn listeners_are_counted_in_their_namespace() {
    if !is_root("a network namespace") {
        return;
    }
    let named = Named::new("listens");
    let own = std::env::current_exe().unwrap();
    let _process = Process::of(
        Command::new("ip")
            .args(["netns", "exec", &named.0])
            .arg(own)
            .args(["--exact", "network::listens", "--nocapture"])
            .env(LISTENERS, "3"),
    );
    for collector in [Collector::Proc, Collector::Auto] {
        let mut kernel = kernel(collector);
        read(&mut kernel);
        let n = |reading: &Reading| row(reading, named.inode()).and_then(|row| row.n_listeners);
        read_until(&mut kernel, "three listeners", |reading| n(reading).filter(|n| *n == 3));
    }
}
