//! Both collectors say the same of the same task: what the one reads between two readings of the other lies between them.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use midair_agent::{
    Collector,
    reading::{Reading, ThreadReading},
};
use midair_vitals::{TaskId, TaskReading};

use crate::host::{is_root, kernel, read, way};

/// Where threads come and go at the moment, a few are not in all readings; most are.
fn common<'a, T>(readings: [&'a Reading; 3], of: impl Fn(&'a Reading) -> Vec<(TaskId, &'a T)>) -> Vec<[&'a T; 3]> {
    let [first, middle, last] = readings.map(|reading| of(reading).into_iter().collect::<HashMap<_, _>>());
    let mut found = Vec::new();
    for (id, b) in &middle {
        if let (Some(a), Some(c)) = (first.get(id), last.get(id)) {
            found.push([*a, *b, *c]);
        }
    }
    found
}

fn threads(reading: &Reading) -> Vec<(TaskId, &ThreadReading)> {
    reading.threads.iter().map(|thread| (thread.id(), thread)).collect()
}

fn processes(reading: &Reading) -> Vec<(TaskId, &TaskReading)> {
    reading.tasks.iter().filter(|row| row.process.is_none()).map(|row| (row.id, row)).collect()
}

/// Two ticks of the slowest clock with which kernels are built (`CONFIG_HZ` 100), nanoseconds.
const TWO_TICKS_NS: u64 = 20_000_000;

/// The threads of processes that are in all three readings.
fn of_common_processes(readings: [&Reading; 3]) -> [usize; 3] {
    let known = readings.map(|reading| processes(reading).into_iter().map(|(id, _)| id).collect::<HashSet<_>>());
    readings.map(|reading| {
        let is_common = |thread: &&ThreadReading| known.iter().all(|known| known.contains(&thread.process_id()));
        reading.threads.iter().filter(is_common).count()
    })
}

/// Three readings: through iterators, through `/proc`, through iterators again; each source has been read before, until
/// it knows all, while the host is not starting or ending many tasks. A kernel may hide a process from BPF (one of those
/// that this was run on does so with the first one), so that nearly all processes are in all readings, and then nearly all
/// of their threads.
fn three() -> [Reading; 3] {
    let (mut iterators, mut files) = (kernel(Collector::Bpf), kernel(Collector::Proc));
    for _ in 0..30 {
        read(&mut iterators);
        read(&mut files);
        let readings = [read(&mut iterators), read(&mut files), read(&mut iterators)];
        assert_eq!(readings.each_ref().map(way), ["kernel bpf", "kernel /proc", "kernel bpf"]);
        let each = readings.each_ref();
        let is_most = |n: usize, of: usize| n * 10 >= of * 9;
        let n_processes = common(each, processes).len();
        let n_threads = common(each, threads).len();
        if each.iter().all(|reading| is_most(n_processes, processes(reading).len()))
            && of_common_processes(each).iter().all(|n| is_most(n_threads, *n))
        {
            return readings;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the two never knew the same threads");
}

#[test]
fn what_a_thread_used_lies_between_two_readings_of_the_other_collector() {
    if !is_root() {
        return;
    }
    let readings = three();
    let common = common(readings.each_ref(), threads);
    let mut n_compared = 0;
    for [a, b, c] in common {
        assert_eq!((a.process_id(), a.comm), (b.process_id(), b.comm), "{a:?} {b:?}");
        let is_between = |used: fn(&ThreadReading) -> u64, slack_ns: u64| {
            (used(a).saturating_sub(slack_ns)..=used(c)).contains(&used(b))
        };
        // What was left for the next sweep is as old as it says.
        if b.now.at_us < readings[1].node.at_us {
            continue;
        }
        n_compared += 1;
        // What a thread that runs has used since the kernel's last account of its process is told with the next.
        let is_same = b.before.is_some_and(|before| before.cpu_ns == b.now.cpu_ns);
        assert!(is_between(|t| t.now.cpu_ns, if is_same { TWO_TICKS_NS } else { 0 }), "CPU time: {a:?} {b:?} {c:?}");
        assert!(is_between(|t| t.now.n_runs, 0), "runs: {a:?} {b:?} {c:?}");
        // The iterator counts a wait that goes on, the kernel's file when it is over.
        assert!(is_between(|t| t.now.run_delay_ns, a.waiting_ns), "run delay: {a:?} {b:?} {c:?}");
    }
    assert!(n_compared > 50, "{n_compared} threads were compared");
}

#[test]
fn a_process_is_the_same_through_both() {
    if !is_root() {
        return;
    }
    let readings = three();
    let common = common(readings.each_ref(), processes);
    assert!(common.len() > 20);
    let mut living_ns = HashMap::<TaskId, u64>::new();
    for thread in readings[0].threads.iter() {
        *living_ns.entry(thread.process_id()).or_default() += thread.now.cpu_ns;
    }
    let (mut n_steady, mut n_close, mut n_whole) = (0, 0, 0);
    for [a, b, c] in common {
        // Of each thread that ended taskstats counts the time up to its last clock tick only (`fill_tgid_exit` in
        // kernel/taskstats.c brings no run up to date), which may be all that a short one ever used; and the one counts a
        // wait while it goes on.
        let waiting_us = a.waiting_us.unwrap_or(0) * u64::from(a.n_threads.unwrap_or(1));
        let living_us = living_ns.get(&a.id).map_or(0, |ns| ns / 1000);
        let ended_us = a.cpu_us.expect("known to both").saturating_sub(living_us);
        n_whole += u32::from(ended_us == 0);
        let is_between = |of: fn(&TaskReading) -> Option<u64>, slack: u64| {
            let [first, own, last] = [a, b, c].map(|row| of(row).expect("known to both"));
            let slack = slack + own / 50;
            (first.saturating_sub(slack)..=last + slack).contains(&own)
        };
        assert!(is_between(|row| row.cpu_us, 10_000 + ended_us), "CPU time: {a:?} {b:?} {c:?}");
        assert!(is_between(|row| row.run_delay_us, 10_000 + waiting_us), "run delay: {a:?} {b:?} {c:?}");
        assert!(is_between(|row| row.n_runs, 10), "runs: {a:?} {b:?} {c:?}");
        // Only a process that is the same before and after can be compared field by field.
        let what = |row: &TaskReading| (row.kind, row.parent, row.name.clone(), row.n_threads, row.user.clone());
        if what(a) != what(c) {
            continue;
        }
        n_steady += 1;
        assert_eq!((what(b), &b.cgroup), (what(a), &a.cgroup));
        // The command line of a task that does not get on is left for later.
        if let (Some(own), Some(other)) = (&b.command, &a.command) {
            assert_eq!(own, other);
        }
        // The counts of many CPUs are behind by a little.
        let (own, other) = (b.rss_bytes.expect("known"), a.rss_bytes.expect("known"));
        n_close += u32::from(own.abs_diff(other) <= own / 10 + (1 << 20));
    }
    assert!(n_whole > 20, "of {n_whole} processes no thread had ended");
    assert!(n_steady > 20 && n_close * 10 >= n_steady * 9, "memory of {n_close} of {n_steady} is the same");
}
