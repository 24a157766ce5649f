//! Messages of one process, counted while somebody looks.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::UdpSocket,
    os::unix::net::{UnixDatagram, UnixStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use midair_agent::{
    Clock, Collector,
    kernel::{
        Kernel,
        bpf::{Choice, Counts, Loader, Messages},
    },
    reading::{Health, Reading, Source, Wants},
};
use midair_vitals::{Flow, Unit};

use crate::support::{is_root, proc, this_test};

/// Set where the test is run again, in a pid namespace of its own.
const INSIDE: &str = "MIDAIR_TEST_INSIDE";

fn choice() -> Choice {
    Choice { pinned: Vec::new(), loader: Loader::Child(env!("CARGO_BIN_EXE_midair-agent").into()) }
}

/// The kernel that counts nothing says why not.
fn begin(pid: u32) -> Option<Messages> {
    match Messages::of(pid, &choice(), &Clock::system()) {
        Ok(messages) => Some(messages),
        Err(why) => {
            let why = why.to_string();
            assert!(why.contains("this kernel does not take") || why.contains("does not attach"), "{why}");
            // Before 6.3 it takes a kernel that was built to trace its functions.
            assert!(!has_tracepoints(), "{why}");
            None
        }
    }
}

fn has_tracepoints() -> bool {
    let types = std::fs::read("/sys/kernel/btf/vmlinux").expect("this kernel describes its types");
    let name = b"btf_trace_sock_send_length\0";
    types.windows(name.len()).any(|window| window == name)
}

/// Sends and receives a known number of messages of each kind.
fn exchange() {
    let (near, far) = UnixDatagram::pair().expect("a pair");
    for _ in 0..7 {
        near.send(&[1; 10]).expect("there is room");
        far.recv(&mut [0; 10]).expect("it has one");
    }
    let (mut near, mut far) = UnixStream::pair().expect("a pair");
    for _ in 0..30 {
        near.write_all(&[1; 10]).expect("there is room");
    }
    far.read_exact(&mut [0; 300]).expect("all are there");
    drop(near);
    // The end of a stream is no message.
    assert_eq!(far.read(&mut [0; 10]).expect("it has ended"), 0);
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (near, far) = (UdpSocket::bind(address).expect("a port"), UdpSocket::bind(address).expect("a port"));
        for _ in 0..50 {
            near.send_to(&[1; 10], far.local_addr().expect("it is bound")).expect("loopback takes it");
            far.peek(&mut [0; 10]).expect("it has one");
            far.recv(&mut [0; 10]).expect("it has one");
        }
    }
}

/// The test that is run again: it says who it is, and exchanges when it is told to.
fn act() {
    let status = proc("self/status");
    let pid = status.lines().find_map(|line| line.strip_prefix("NSpid:")?.split_whitespace().next());
    println!("\nsaid pid {}", pid.expect("a process has a number"));
    std::io::stdin().read_exact(&mut [0]).expect("it is told to go on");
    exchange();
    println!("\nsaid done 1");
    std::io::stdin().read_exact(&mut [0]).expect("it is told to end");
}

/// This test, run again.
struct Again {
    child: Child,
    tell: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// Its number here.
    pid: u32,
}

impl Again {
    /// Runs `test` again through some words.
    fn start(through: &[&str], test: &str) -> Self {
        let mut words: Vec<OsString> = through.iter().map(OsString::from).collect();
        words.push(this_test().into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(["--exact", "--nocapture", test]).env(INSIDE, "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let tell = child.stdin.take().expect("a pipe");
        let mut again = Self { child, tell, lines, pid: 0 };
        again.pid = again.said("pid").parse().expect("a number");
        again
    }

    fn said(&mut self, key: &str) -> String {
        let start = format!("said {key} ");
        let found = self.lines.find_map(|line| Some(line.ok()?.strip_prefix(&start)?.to_owned()));
        found.unwrap_or_else(|| panic!("it says its {key}"))
    }

    /// Has it send and receive, and waits until it has.
    fn go_on(&mut self) {
        self.tell.write_all(b"\n").expect("it waits");
        self.said("done");
    }

    fn end(mut self) {
        self.tell.write_all(b"\n").expect("it waits");
        assert!(self.child.wait().expect("own child").success());
    }
}

/// Counts what this test sends and receives when it is run again through some words.
fn count(through: &[&str], test: &str) {
    let mut again = Again::start(through, test);
    let counting = begin(again.pid);
    // What others send meanwhile is none of its.
    exchange();
    let before = counting.as_ref().map(|messages| messages.read().expect("counts can be read"));
    again.go_on();
    let after = counting.as_ref().map(|messages| messages.read().expect("counts can be read"));
    again.end();
    let (Some(before), Some(after)) = (before, after) else { return };
    let of = |counts: &Counts| [counts.unix_in, counts.unix_out, counts.udp_in, counts.udp_out];
    assert_eq!(of(&before), [Some(0); 4]);
    // Reads of a stream take what is there: one read of all that was sent.
    assert_eq!(of(&after), [Some(8), Some(37), Some(100), Some(100)], "{after:?}");
    assert!(after.n_runs >= before.n_runs + 245 && after.cost_ns >= before.cost_ns, "{before:?} {after:?}");
}

#[test]
fn messages_of_a_process_are_counted_and_those_of_others_are_not() {
    if std::env::var_os(INSIDE).is_some() {
        return act();
    }
    if is_root() {
        count(&[], "messages::messages_of_a_process_are_counted_and_those_of_others_are_not");
    }
}

#[test]
fn messages_of_a_process_in_a_pid_namespace_are_counted() {
    if std::env::var_os(INSIDE).is_some() {
        return act();
    }
    if is_root() {
        count(&["unshare", "--pid", "--fork"], "messages::messages_of_a_process_in_a_pid_namespace_are_counted");
    }
}

#[test]
fn a_close_look_tells_the_messages_that_are_counted_while_it_lasts() {
    if std::env::var_os(INSIDE).is_some() {
        return act();
    }
    if !is_root() {
        return;
    }
    let mut again = Again::start(&[], "messages::a_close_look_tells_the_messages_that_are_counted_while_it_lasts");
    let clock = Clock::system();
    let mut kernel =
        Kernel::new("/proc".into(), move || clock.mono_us()).reading_through_iterators(Collector::Bpf, choice());
    let first = read(&mut kernel, &Wants::default());
    let task = first.tasks.iter().find(|task| task.id.number == u64::from(again.pid)).expect("it is a process");
    let wants = Wants { close: vec![task.id], ..Wants::default() };
    let probed = |kernel: &mut Kernel| {
        let mut reading = read(kernel, &wants);
        let look = reading.close.remove(&task.id).expect("it is looked at");
        let state = reading.sources.into_iter().find(|state| state.name == "probes");
        (look.probed, look.probe_us, state)
    };
    let begun = (0..1_000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        Some(probed(&mut kernel)).filter(|(_, _, state)| state.is_some())
    });
    let (flows, _, state) = begun.expect("counting begins, or is refused");
    let health = state.expect("it was seen").health;
    if !has_tracepoints() && matches!(health, Health::Off(_)) {
        again.go_on();
        return again.end();
    }
    assert_eq!(health, Health::Ok);
    let of = |n_in, n_out| Some(vec![Flow { unit: Unit::Messages, n_in: Some(n_in), n_out: Some(n_out) }]);
    assert_eq!(flows, of(0, 0));
    again.go_on();
    let (flows, cost_us, _) = probed(&mut kernel);
    assert_eq!(flows, of(108, 137));
    assert!(cost_us.is_some());
    again.end();
}

fn read(kernel: &mut Kernel, wants: &Wants) -> Reading {
    let mut reading = Reading::default();
    kernel.read(wants, &mut reading);
    reading
}
