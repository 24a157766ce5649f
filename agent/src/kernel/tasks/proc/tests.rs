//! A process of many threads, of which few run: which of them are read.

use std::{
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use super::*;
use crate::{
    clock::Clock,
    governor::{Off, Thrift},
    kernel::{files::Files, tasks::Process, whereabouts::Whereabouts},
    numbers::TaskSet,
    reading::ThreadReading,
};

/// Set where a test runs this program again to be the crowd.
const CROWD: &str = "MIDAIR_TEST_CROWD";

const N_ASLEEP: usize = 40;

/// Threads that sleep, one that runs a little all the time, and one that runs once for each byte of standard input.
#[test]
fn is_a_crowd_while_asked_to() {
    if std::env::var_os(CROWD).is_none() {
        return;
    }
    let never = Arc::new(Barrier::new(N_ASLEEP + 1));
    for _ in 0..N_ASLEEP {
        let never = Arc::clone(&never);
        thread::spawn(move || never.wait());
    }
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_millis(2))
        }
    });
    let (wake, woken) = std::sync::mpsc::sync_channel::<()>(1);
    thread::Builder::new().name("woken".into()).spawn(move || while woken.recv().is_ok() {}).unwrap();
    let mut byte = [0];
    while std::io::stdin().read(&mut byte).is_ok_and(|n| n > 0) {
        wake.send(()).unwrap();
    }
    std::process::exit(0);
}

struct Crowd(Child);

impl Crowd {
    fn start() -> Self {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "kernel::tasks::proc::tests::is_a_crowd_while_asked_to", "--test-threads=1"]);
        again.env(CROWD, "1").stdin(Stdio::piped()).stdout(Stdio::null());
        Self(again.spawn().unwrap())
    }

    fn wake_one(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

/// A collector, and what it keeps between sweeps.
struct Bench {
    proc: Proc,
    processes: NumberMap<Box<Process>>,
    table: Vec<ThreadReading>,
    files: Files,
    whereabouts: Whereabouts,
    sweep: u64,
}

impl Bench {
    fn new() -> Self {
        let root = Path::new("/proc");
        Self {
            proc: Proc::new(true),
            processes: NumberMap::default(),
            table: Vec::new(),
            files: Files::open(root).unwrap(),
            whereabouts: Whereabouts::new(root),
            sweep: 0,
        }
    }

    /// One sweep, in which the threads of one process come first.
    fn sweep(&mut self, wanted: u32) {
        self.sweep += 1;
        let clock = Clock::system();
        let mut sweep = Sweeper {
            files: &mut self.files,
            clock: &move || clock.mono_us(),
            wanted: &TaskSet::default(),
            wanted_pids: vec![wanted],
            tick_us: 10_000,
            page_bytes: 4096,
            show_args: false,
            number: self.sweep,
            over_us: 1_000_000,
            thrift: Thrift::default(),
            off: &Off::default(),
            whereabouts: &mut self.whereabouts,
        };
        let before = std::mem::take(&mut self.table);
        let mut fold = Fold::begin(&mut self.processes, &before, Vec::new(), (self.sweep, 0));
        self.proc.collect(&mut sweep, None, &mut fold).unwrap();
        self.table = fold.finish().table;
    }

    /// How many threads of a process the last sweep read, and how many it knows.
    fn n_read(&self, pid: u32) -> (usize, usize) {
        let threads = &self.proc.watched[&pid].threads;
        (threads.iter().filter(|thread| thread.read == self.sweep).count(), threads.len())
    }
}

/// Sweeps until nobody but the one thread that runs is read.
fn settled() -> Option<(Bench, Crowd)> {
    let (mut bench, crowd) = (Bench::new(), Crowd::start());
    for _ in 0..200 {
        bench.sweep(crowd.0.id());
        if !matches!(bench.proc.accounts, Accounts::Kernel(_)) {
            eprintln!("skipped: what whole processes used is told to CAP_NET_ADMIN alone");
            return None;
        }
        // The program's own first thread, the test's, and those that it starts.
        if bench.n_read(crowd.0.id()) == (1, N_ASLEEP + 4) {
            return Some((bench, crowd));
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{:?} threads were read of those known", bench.n_read(crowd.0.id()));
}

#[test]
fn of_many_threads_only_those_that_run_are_read() {
    let Some((mut bench, crowd)) = settled() else { return };
    let pid = crowd.0.id();
    let mut n_read = 0;
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(20));
        bench.sweep(pid);
        n_read += bench.n_read(pid).0;
    }
    // Where it has run again after it was asked about, the others may be read once to make sure.
    assert!(n_read < 20 * 10, "{n_read} in 20 sweeps");
    let threads: Vec<_> = bench.table.iter().filter(|thread| thread.process == pid).collect();
    assert_eq!(threads.len(), N_ASLEEP + 4);
    let at_us = |thread: &&ThreadReading| thread.now.at_us;
    let (first, last) = (threads.iter().map(at_us).min().unwrap(), threads.iter().map(at_us).max().unwrap());
    assert!(last - first < 5_000_000, "those that rest are known to at this sweep");
    let kept = bench.proc.watched[&pid].threads.iter().filter(|thread| thread.is_kept_open()).count();
    assert_eq!(kept, 1, "the file of the one that is read each time is kept open");
}

#[test]
fn a_thread_that_wakes_is_found_at_the_next_sweep() {
    let Some((mut bench, mut crowd)) = settled() else { return };
    let pid = crowd.0.id();
    let runs = |bench: &Bench| {
        let woken = bench.table.iter().find(|thread| thread.process == pid && thread.comm.bytes() == b"woken");
        woken.expect("it has this name").now.n_runs
    };
    for _ in 0..5 {
        let before = runs(&bench);
        crowd.wake_one();
        thread::sleep(Duration::from_millis(100));
        bench.sweep(pid);
        // On a machine without a moment to spare it may not have run yet.
        if runs(&bench) > before {
            return;
        }
    }
    panic!("it ran, and nobody saw it");
}

#[test]
fn files_are_kept_open_within_a_bound_and_given_back() {
    let seats = Seats::bounded(2);
    let open = || std::fs::File::open("/proc/self/stat").unwrap().into();
    let kept = [seats.keep(open()), seats.keep(open())];
    assert!(kept.iter().all(Option::is_some) && seats.keep(open()).is_none());
    drop(kept);
    assert_eq!((seats.n_taken(), seats.has_room()), (0, true));
}

#[test]
fn the_very_hottest_come_before_all_that_is_wanted_and_what_has_waited_longest_comes_last() {
    // A hundred processes, the later the hotter and the longer ago read; every third is wanted.
    let open = (0..100).map(|n| (Reverse(n as u64 * 1_000), 200 - n as u64, n)).collect();
    let order: Vec<usize> = in_turn(open, |n| n.is_multiple_of(3)).collect();
    assert_eq!(order.len(), 100);
    assert_eq!(order[..VERY_HOTTEST], [99, 98, 97, 96, 95, 94, 93, 92, 91, 90]);
    let n_wanted = order[VERY_HOTTEST..].iter().take_while(|n| n.is_multiple_of(3)).count();
    assert_eq!(n_wanted, 30, "then all that are wanted");
    assert_eq!(order[VERY_HOTTEST + n_wanted..][..3], [89, 88, 86], "then the other hot ones");
    assert_eq!(order[97..], [4, 2, 1], "and at last those that were read last");
}
