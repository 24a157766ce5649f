//! A thread that is runnable and never gets on: both collectors say so, the one exactly, the other as far as it can know.

use std::time::Duration;

use midair_agent::Collector;

use crate::host::{Running, is_root, kernel, process, read};

/// On this CPU somebody starves.
const CPU: usize = 0;

/// A burner that goes before others, and beside it on the same CPU one that runs when nothing else wants to.
fn starve() -> (Running, Running) {
    let burn = ["sh", "-c", "while :; do :; done"];
    let cpu = CPU.to_string();
    let pinned = ["--cpu=20", "taskset", "-c", &cpu];
    let burner = [&pinned[..], &["nice", "-n", "-10"], &burn].concat();
    let starved = [&pinned[..], &["chrt", "-i", "0"], &burn].concat();
    (Running::program("prlimit", &burner), Running::program("prlimit", &starved))
}

/// Goes elsewhere, so that the test does not starve too.
fn leave_cpu() {
    let mut elsewhere = rustix::thread::CpuSet::new();
    (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| *cpu != CPU).for_each(|cpu| elsewhere.set(cpu));
    rustix::thread::sched_setaffinity(None, &elsewhere).expect("there is another CPU");
}

#[test]
fn a_thread_that_never_gets_on_is_seen_waiting_through_both() {
    if !is_root() {
        return;
    }
    leave_cpu();
    let (burner, starved) = starve();
    for collector in [Collector::Bpf, Collector::Proc] {
        let mut kernel = kernel(collector);
        let mut waits = Vec::new();
        // It may run for a moment now and then: what counts is that a long wait is seen to go on.
        for _ in 0..100 {
            let reading = read(&mut kernel);
            let row = process(&reading, starved.pid());
            waits.push(row.map(|row| (row.waiting_us, row.run_delay_us, row.cpu_us, row.at_us)));
            if let [.., Some(a), Some(b)] = &waits[..]
                && let ((Some(before), ..), (Some(now), ..)) = (a, b)
                && now > before
            {
                let elapsed_us = b.3 - a.3;
                let waited_us = b.1.expect("known") - a.1.expect("known");
                assert!(waited_us * 2 > elapsed_us, "its wait is in its run delay: {waited_us} of {elapsed_us} us");
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(waits.len() < 100, "{collector:?} never saw it wait: {waits:?}");
    }
    // The other could not even end beside it.
    drop(burner);
}
