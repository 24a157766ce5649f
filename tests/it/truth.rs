//! The numbers are right: what an agent says over gRPC, against loads that this test makes and measures itself.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    os::fd::OwnedFd,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use midair_vitals::{Queue, QueueKind};
use rustix::net::{AddressFamily, SocketType};

use crate::support::{
    load::{Burner, Unread, schedstat},
    watch::Watch,
};

fn monotonic_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1_000
}

/// CPU time and run delay of a thread over time, as the kernel says: read all the while in a thread of its own.
struct Meter {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<(u64, u64, u64)>>,
}

impl Meter {
    fn start(tid: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let read = move || {
            let mut points = Vec::new();
            while !told.load(Ordering::Relaxed) && points.len() < 30_000 {
                let (cpu, delay) = schedstat(tid);
                points.push((monotonic_us(), cpu, delay));
                thread::sleep(Duration::from_millis(2));
            }
            points
        };
        Self { stop, thread: thread::spawn(read) }
    }

    /// What the kernel said nearest to two moments: advance of CPU time and of run delay between them.
    fn between(self, from_us: u64, to_us: u64) -> (u64, u64) {
        self.stop.store(true, Ordering::Relaxed);
        let points = self.thread.join().expect("reading does not panic");
        let near = |at: u64| *points.iter().min_by_key(|p| p.0.abs_diff(at)).expect("at least one point");
        let (from, to) = (near(from_us), near(to_us));
        (to.1 - from.1, to.2 - from.2)
    }
}

fn within(share: f64, got: u64, want: u64) -> bool {
    got.abs_diff(want) as f64 <= share * want as f64
}

#[test]
fn a_burning_thread_reads_what_its_own_schedstat_says() {
    let burner = Burner::start(None);
    let meter = Meter::start(burner.tid);
    let mut watch = Watch::start();
    watch.ask_for_all(true);
    let first = watch.row(burner.tid);
    let last = (0..8).map(|_| watch.row(burner.tid)).last().expect("eight answers");
    let got = last.cpu_us.expect("CPU time is known") - first.cpu_us.expect("CPU time is known");
    let (want, _) = meter.between(first.at_us, last.at_us);
    assert!(got > 100_000, "it burned: {got} us");
    assert!(within(0.05, got, want), "agent {got} us, kernel {want} us");
}

#[test]
fn of_two_threads_on_one_cpu_time_and_delay_make_up_the_time() {
    let burners = [Burner::start(Some(0)), Burner::start(Some(0))];
    let mut watch = Watch::start();
    watch.ask_for_all(true);
    let first = burners.each_ref().map(|b| watch.row(b.tid));
    let mut last = first.clone();
    for _ in 0..10 {
        last = burners.each_ref().map(|b| watch.row(b.tid));
    }
    for (first, last) in first.iter().zip(&last) {
        let cpu = last.cpu_us.expect("known") - first.cpu_us.expect("known");
        let delay = last.run_delay_us.expect("known") - first.run_delay_us.expect("known");
        let elapsed = last.at_us - first.at_us;
        assert!(within(0.05, cpu + delay, elapsed), "cpu {cpu} + delay {delay} of {elapsed} us");
        assert!(delay > elapsed / 10, "two on one CPU wait: {delay} of {elapsed} us");
    }
}

fn queue_of(watch: &mut Watch, number: u64, wanted: impl Fn(&Queue) -> bool) -> Queue {
    watch.ask_for_all(false);
    let task = watch.row(number).id;
    watch.ask_for_details(task);
    for _ in 0..40 {
        let details = watch.details();
        let queues = details.task.and_then(|task| task.queues).unwrap_or_default();
        if let Some(queue) = queues.iter().find(|q| wanted(q)) {
            return queue.clone();
        }
    }
    panic!("no such queue of {number} in forty looks");
}

fn is_unread(queue: &Queue, n: u64) -> bool {
    queue.kind == QueueKind::TcpReceive && queue.depth == Some(n)
}

#[test]
fn five_thousand_unread_bytes_are_five_thousand() {
    let unread = Unread::start(5_000);
    let port = unread.reader.local_addr().expect("an address").port();
    let mut watch = Watch::start();
    let queue = queue_of(&mut watch, u64::from(std::process::id()), |q| is_unread(q, 5_000) && q.label.is_some());
    let label = queue.label.expect("a close look names the ends");
    assert!(label.contains(&format!(":{port}")), "{label}");
    assert!(queue.limit.is_some_and(|limit| limit > 5_000), "the receive buffer is the limit");
}

#[test]
fn the_owner_is_named_though_it_has_slept_since_before_the_agent() {
    let unread = Unread::start(7_777);
    let end = OwnedFd::from(unread.reader.try_clone().expect("a second descriptor"));
    let mut sleeper = Command::new("sleep").arg("60").stdin(Stdio::from(end)).spawn().expect("sleep starts");
    // From here on only the sleeper holds the reading end.
    let Unread { reader, _writer } = unread;
    drop(reader);
    thread::sleep(Duration::from_millis(300));
    let mut watch = Watch::start();
    let number = u64::from(sleeper.id());
    let sample = (0..20).map(|_| watch.sample()).find(|sample| {
        let row = sample.tasks.iter().find(|task| task.id.number == number);
        row.is_some_and(|row| row.queues().iter().any(|q| is_unread(q, 7_777)))
    });
    sleeper.kill().expect("it still sleeps");
    sleeper.wait().expect("it can be waited for");
    assert!(sample.is_some(), "the sleeping owner stands in the hot rows with its 7,777 bytes");
}

#[test]
fn a_listener_that_overflowed_between_two_samples_shows_its_drops() {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a port");
    rustix::net::listen(&socket, 2).expect("it listens");
    let listener = std::net::TcpListener::from(socket);
    listener.set_nonblocking(true).expect("it can be asked without waiting");
    let address = listener.local_addr().expect("an address");
    let port = format!(":{}", address.port());
    let mut watch = Watch::start();
    let mine = |q: &Queue| q.kind == QueueKind::Listen && q.label.as_deref().is_some_and(|l| l.contains(&port));
    let before = queue_of(&mut watch, u64::from(std::process::id()), mine);
    let callers: Vec<_> = (0..12)
        .map(|_| thread::spawn(move || TcpStream::connect_timeout(&address, Duration::from_millis(400))))
        .collect();
    let answers: Vec<_> = callers.into_iter().map(|c| c.join().expect("connecting does not panic")).collect();
    loop {
        match listener.accept() {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("accepting: {error}"),
        }
    }
    assert!(answers.iter().any(Result::is_err), "the queue of two overflowed");
    let drops = before.drops.unwrap_or(0);
    let after = queue_of(&mut watch, u64::from(std::process::id()), |q| {
        mine(q) && q.depth == Some(0) && q.drops.is_some_and(|n| n > drops)
    });
    assert_eq!(after.unit, midair_vitals::Unit::Connections);
}

#[test]
fn no_secret_of_a_command_line_is_in_any_sample() {
    let secrets = ["monsterCOOKIE71", "hunter2PASS", "tok3nZZZ"];
    let mut child = Command::new("sh")
        .args(["-c", "sleep 60; :", "midair-planted", "-setcookie", secrets[0]])
        .args([format!("--password={}", secrets[1]), format!("API_TOKEN={}", secrets[2])])
        .spawn()
        .expect("a shell starts");
    let number = u64::from(child.id());
    let seen: Vec<Watch> = [false, true]
        .map(|show_args| {
            let interval = Duration::from_millis(250);
            let config =
                midair_agent::Config { show_args, interval, budget_milli: None, ..midair_agent::Config::default() };
            let mut watch = Watch::of(config);
            watch.ask_for_all(true);
            let task = watch.row(number).id;
            watch.ask_for_details(task);
            (0..3).for_each(|_| drop(watch.details()));
            (0..3).for_each(|_| drop(watch.sample()));
            watch
        })
        .into();
    child.kill().expect("the shell still waits");
    child.wait().expect("it can be waited for");
    for watch in seen {
        for secret in secrets {
            let found = watch.payloads.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} was sent");
        }
    }
}

#[test]
fn node_values_are_the_kernels() {
    let mut watch = Watch::start();
    let (first, second) = (watch.sample(), watch.sample());
    let total = std::fs::read_to_string("/proc/meminfo").expect("meminfo");
    let total: u64 = total.lines().next().and_then(|l| l.split_whitespace().nth(1)?.parse().ok()).expect("MemTotal");
    assert_eq!(second.reading.mem_total_bytes, Some(total * 1024));
    assert_eq!(second.reading.cpus.len(), thread::available_parallelism().expect("known").get());
    assert_eq!(second.seq, first.seq + 1, "no sample was lost");
    assert!(second.reading.at_us > first.reading.at_us);
    assert!(second.cost.and_then(|c| c.cpu_us).is_some(), "the agent says what it costs");
}
