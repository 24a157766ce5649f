//! The loads that costs are measured beside and numbers are checked against: they are what they say, and they end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "../benches/agent_cost/load.rs"]
mod load;

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
    time::Duration,
};

use midair_agent::{
    Clock,
    kernel::Kernel,
    reading::{Reading, Source, Wants},
};
use midair_vitals::QueueKind;

use load::{
    Load, Plant, Ready, Role,
    plant::{BACKLOG, N_BYTES, N_DATAGRAMS, N_UNACCEPTED},
};

/// Longer than any test here, so that a child that outlives its load is seen.
const SECONDS: u64 = 60;

/// Nothing here takes longer than this, unless it hangs.
const SOON_US: u64 = 20_000_000;

/// What the children of the loads run: a role if they have one, and nothing for who runs the tests.
#[test]
fn child() {
    load::act().unwrap();
}

fn again() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "child", "--nocapture"]);
    Ok(command)
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let clock = Clock::system();
    let end_us = clock.mono_us() + SOON_US;
    while !is_so() {
        assert!(clock.mono_us() < end_us, "it is not so after {SOON_US} us");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn n_in(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// A field of a thread's schedstat: CPU time, run delay, times put on a CPU.
fn schedstat(ready: &Ready, field: usize) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/task/{}/schedstat", ready.pid, ready.tid)).unwrap();
    text.split_ascii_whitespace().nth(field).unwrap().parse().unwrap()
}

#[test]
fn threads_rest_or_wake_and_all_end_with_their_load() {
    let mut load = Load::new(SECONDS, again).unwrap();
    let rest = Role::Rest { threads: 5, waking: 1, connections: 0, talking: 0, to: None };
    let ready = load.add(&[rest, rest]).unwrap();
    for child in &ready {
        assert_eq!(child.detail::<u32>().unwrap(), 0);
        let names = || {
            let tasks = fs::read_dir(format!("/proc/{}/task", child.pid)).unwrap();
            tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap()).collect::<Vec<_>>()
        };
        // A thread has its name a moment after it is there.
        wait_until(|| names().iter().filter(|name| name.starts_with("worker-")).count() == 4);
    }
    let n_runs = |name: &str| {
        let tasks = fs::read_dir(format!("/proc/{}/task", ready[0].pid)).unwrap();
        let mut tasks = tasks.map(|task| task.unwrap().path());
        let task = tasks.find(|task| fs::read_to_string(task.join("comm")).unwrap().trim() == name).unwrap();
        let text = fs::read_to_string(task.join("schedstat")).unwrap();
        text.split_ascii_whitespace().nth(2).unwrap().parse::<u64>().unwrap()
    };
    let (waking, resting) = (n_runs("worker-1"), n_runs("worker-2"));
    wait_until(|| n_runs("worker-1") > waking + 10);
    assert_eq!(n_runs("worker-2"), resting);
    drop(load);
    assert!(ready.iter().all(|child| !Path::new(&format!("/proc/{}", child.pid)).exists()));
}

#[test]
fn connections_are_made_to_both_ports_and_what_is_said_is_read() {
    let mut load = Load::new(SECONDS, again).unwrap();
    let server = load.add(&[Role::Serve { threads: 1, at: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9)) }]).unwrap();
    let said = server[0].detail::<String>().unwrap();
    let addresses: Vec<SocketAddr> = said.split(' ').map(|address| address.parse().unwrap()).collect();
    let to = Some([addresses[0], addresses[1]]);
    let client = load.add(&[Role::Rest { threads: 1, waking: 0, connections: 30, talking: 3, to }]).unwrap();
    assert_eq!(client[0].detail::<u32>().unwrap(), 30);
    let fds = format!("/proc/{}/fd", server[0].pid);
    wait_until(|| n_in(&fds) >= 30);
    // Each message wakes the server once, or once for several; it sleeps otherwise.
    let before = schedstat(&server[0], 2);
    wait_until(|| schedstat(&server[0], 2) > before + 1);
}

#[test]
fn what_is_planted_is_there_to_be_found() {
    let mut load = Load::new(SECONDS, again).unwrap();
    let planted = load.add(&Plant::ALL.map(Role::Plant)).unwrap();
    let of = |plant: Plant| planted.iter().find(|ready| ready.role == Role::Plant(plant)).unwrap();

    let (hot, starved) = (of(Plant::Hot), of(Plant::Starved));
    assert_ne!(hot.pid, hot.tid);
    let (cpu, delay) = (schedstat(hot, 0), schedstat(starved, 1));
    wait_until(|| schedstat(hot, 0) > cpu + 200_000_000 && schedstat(starved, 1) > delay + 20_000_000);

    let clock = Clock::system();
    let mut kernel = Kernel::new("/proc".into(), move || clock.mono_us());
    // The first looks may miss one: other tests open and close sockets meanwhile, and a dump goes on by counting.
    let mut depth = |plant: Plant, kind: QueueKind| {
        let pid = u64::from(of(plant).pid);
        let mut look = || {
            let mut reading = Reading::default();
            kernel.read(&Wants::default(), &mut reading);
            let row = reading.tasks.into_iter().find(|row| row.id.number == pid)?;
            let queue = row.queues().iter().find(|queue| queue.kind == kind && queue.depth > Some(0))?;
            Some((queue.depth?, queue.limit?))
        };
        (0..50).find_map(|_| look()).unwrap_or_else(|| panic!("no {kind:?} of {plant:?} in fifty looks"))
    };
    assert_eq!(depth(Plant::Listen, QueueKind::Listen), (N_UNACCEPTED, BACKLOG));
    assert_eq!(depth(Plant::Tcp, QueueKind::TcpReceive).0, N_BYTES);
    assert!(depth(Plant::Udp, QueueKind::UdpReceive).0 >= N_DATAGRAMS);
}

#[test]
fn a_child_that_does_not_get_ready_is_an_error_and_not_a_wait() {
    fn ends_at_once() -> io::Result<Command> {
        Ok(Command::new("true"))
    }
    let error = Load::new(SECONDS, ends_at_once).unwrap().add(&[Role::Plant(Plant::Pipe)]).unwrap_err();
    assert!(error.to_string().contains("the others ended"), "{error}");
}
