use midair_vitals::TaskState;

use super::*;
use crate::{
    kernel::tasks::{Process, seen::Seen},
    reading::Comm,
};

/// What is kept between two sweeps, and the number of the next.
#[derive(Default)]
struct Bench {
    processes: NumberMap<Box<Process>>,
    table: Vec<ThreadReading>,
    sweep: u64,
}

fn process(pid: u32, start: u64) -> SeenProcess {
    SeenProcess {
        pid,
        start,
        comm: Comm::new(b"p"),
        state: Some(TaskState::Sleeping),
        parent: 1,
        is_kernel_thread: false,
        n_threads: 2,
        rss_bytes: 0,
        memory: None,
        coarse_cpu_ns: 0,
        netns: None,
        max_fds: None,
        cgroups: None,
        user: None,
    }
}

fn used(n: u64) -> SchedStat {
    SchedStat { cpu_ns: n, run_delay_ns: n, n_runs: n }
}

fn whole(start: u64, n: u64) -> Seen {
    Seen::Whole(Box::new(SeenThread {
        start,
        comm: Comm::new(b"t"),
        state: Some(TaskState::Sleeping),
        cpu: None,
        used: used(n),
        knows_delay: true,
        is_queued: false,
        waiting_ns: 0,
    }))
}

impl Bench {
    /// One sweep: processes with what holds for their other threads, then threads as (tid, pid, what).
    fn sweep(&mut self, processes: &[(SeenProcess, Option<Total>, Others)], threads: &[(u32, u32, Seen)]) {
        self.sweep += 1;
        let at_us = self.sweep * 1_000_000;
        let before = std::mem::take(&mut self.table);
        let mut fold = Fold::begin(&mut self.processes, &before, Vec::new(), (self.sweep, 0));
        for (seen, total, others) in processes {
            fold.process(seen, *total, *others, at_us);
        }
        for (tid, pid, seen) in threads {
            fold.thread((*tid, *pid), seen.sight(), at_us);
        }
        self.table = fold.finish().table;
        for process in self.processes.values_mut() {
            process.settle(process.first == self.sweep);
        }
    }

    fn threads(&self) -> Vec<(u32, u64, u64)> {
        self.table.iter().map(|t| (t.number, t.now.n_runs, t.now.at_us / 1_000_000)).collect()
    }

    fn used(&self, pid: u32) -> SchedStat {
        self.processes[&pid].sums.used()
    }
}

const P: Option<Total> = None;

#[test]
fn a_collector_that_says_nothing_of_a_thread_says_what_that_means() {
    let mut bench = Bench::default();
    let all = [(10, 10, whole(5, 1)), (11, 10, whole(6, 2)), (20, 20, whole(7, 3))];
    bench.sweep(&[(process(10, 5), P, Others::Ended), (process(20, 7), P, Others::Ended)], &all);
    assert_eq!(bench.threads(), [(10, 1, 1), (11, 2, 1), (20, 3, 1)]);
    bench.sweep(&[(process(10, 5), P, Others::Rest), (process(20, 7), P, Others::Unread)], &[]);
    assert_eq!(
        bench.threads(),
        [(10, 1, 2), (11, 2, 2), (20, 3, 1)],
        "what rests is known to; what was not read is old"
    );
    bench.sweep(&[(process(10, 5), P, Others::Ended)], &[(11, 10, Seen::Used(used(4)))]);
    assert_eq!(bench.threads(), [(11, 4, 3)]);
    assert_eq!(
        (bench.used(10), bench.processes.len()),
        (used(5), 1),
        "what an ended thread used stays with its process"
    );
}

#[test]
fn a_thread_that_rests_gains_nothing_and_one_that_ended_is_dropped() {
    let mut bench = Bench::default();
    let told = [(process(10, 5), P, Others::Rest)];
    bench.sweep(&told, &[(10, 10, whole(5, 1)), (11, 10, whole(6, 2)), (12, 10, whole(6, 3))]);
    bench.sweep(&told, &[(11, 10, Seen::Ended)]);
    assert_eq!(bench.threads(), [(10, 1, 2), (12, 3, 2)]);
    assert!(bench.table.iter().all(|t| t.gained().unwrap().0.cpu_ns == 0 && t.gained().unwrap().1 == 1_000_000));
    assert_eq!(bench.used(10), used(6));
}

#[test]
fn a_number_given_to_another_thread_brings_nothing_of_the_old_one() {
    let mut bench = Bench::default();
    bench.sweep(&[(process(10, 5), P, Others::Rest)], &[(10, 10, whole(5, 100)), (11, 10, whole(6, 200))]);
    bench.sweep(&[(process(10, 5), P, Others::Rest)], &[(11, 10, whole(9, 3))]);
    let thread = bench.table[1];
    assert_eq!((thread.start, thread.now.n_runs, thread.before), (9, 3, None));
    assert_eq!(bench.used(10), used(303));
    // The whole process is another one: its other threads, not seen now, are not those of the old one.
    bench.sweep(&[(process(10, 50), P, Others::Unread)], &[(10, 10, whole(50, 7))]);
    assert_eq!((bench.threads(), bench.used(10)), (vec![(10, 7, 3)], used(7)));
}

#[test]
fn no_counter_goes_back_when_a_wait_was_counted_before_the_kernel_did() {
    let mut bench = Bench::default();
    let told = [(process(10, 5), P, Others::Ended)];
    bench.sweep(&told, &[(10, 10, whole(5, 10))]);
    let mut waits = SeenThread { is_queued: true, waiting_ns: 500, ..*unboxed(whole(5, 10)) };
    waits.used.run_delay_ns = 510;
    bench.sweep(&told, &[(10, 10, Seen::Whole(Box::new(waits)))]);
    assert_eq!((bench.used(10).run_delay_ns, bench.table[0].waiting_ns), (510, 500));
    assert_eq!(bench.processes[&10].row().waiting_us, None, "less than a microsecond is none");
    // Another collector does not see the wait that goes on.
    bench.sweep(&told, &[(10, 10, Seen::Used(used(10)))]);
    assert_eq!((bench.used(10).run_delay_ns, bench.table[0].now.run_delay_ns), (510, 510));
    let over = SchedStat { run_delay_ns: 530, ..used(11) };
    bench.sweep(&told, &[(10, 10, Seen::Used(over))]);
    assert_eq!(bench.used(10).run_delay_ns, 530);
}

#[test]
fn a_thread_that_came_before_its_process_is_seen_at_the_next_sweep() {
    let mut bench = Bench::default();
    bench.sweep(&[], &[(9, 10, whole(6, 1))]);
    assert_eq!(bench.threads(), []);
    // Known by then: a first thread need not have the lowest number.
    bench.sweep(&[(process(10, 5), P, Others::Ended)], &[(10, 10, whole(5, 1))]);
    let before = std::mem::take(&mut bench.table);
    bench.sweep += 1;
    let mut fold = Fold::begin(&mut bench.processes, &before, Vec::new(), (bench.sweep, 0));
    fold.thread((9, 10), whole(6, 1).sight(), 3_000_000);
    fold.process(&process(10, 5), P, Others::Ended, 3_000_000);
    fold.thread((10, 10), whole(5, 2).sight(), 3_000_000);
    let Folded { table, n_new, .. } = fold.finish();
    assert_eq!((table.len(), n_new), (2, 1));
    assert_eq!(bench.processes[&10].sweep.gained, used(2), "one of each");
}

#[test]
fn a_kernel_total_is_the_sum_and_its_waits_are_added() {
    let mut bench = Bench::default();
    let total = |n| Some(Total::All(used(n)));
    bench.sweep(&[(process(10, 5), total(50), Others::Unread)], &[(10, 10, whole(5, 10))]);
    assert_eq!(bench.used(10), used(50), "ended threads are in it");
    let mut waits = SeenThread { waiting_ns: 3_000, ..*unboxed(whole(5, 10)) };
    waits.used.run_delay_ns += 3_000;
    let seen = [(10, 10, Seen::Whole(Box::new(waits)))];
    bench.sweep(&[(process(10, 5), total(51), Others::Unread)], &seen);
    assert_eq!(bench.used(10), SchedStat { run_delay_ns: 3_051, ..used(51) });
    assert_eq!(bench.processes[&10].row().waiting_us, Some(3));
}

#[test]
fn the_cpu_time_of_ended_threads_is_in_the_sum_where_it_is_told() {
    let mut bench = Bench::default();
    let ended = |n| Some(Total::EndedCpu(n));
    bench.sweep(&[(process(10, 5), ended(40), Others::Ended)], &[(10, 10, whole(5, 10))]);
    assert_eq!(bench.used(10), SchedStat { cpu_ns: 50, ..used(10) });
    bench.sweep(&[(process(10, 5), ended(41), Others::Ended)], &[(10, 10, whole(5, 12))]);
    assert_eq!(bench.used(10), SchedStat { cpu_ns: 53, ..used(12) });
}

#[test]
fn what_ended_threads_used_is_added_to_what_living_ones_did() {
    let mut bench = Bench::default();
    let told = |n| [(process(10, 5), Some(Total::Ended(used(n))), Others::Ended)];
    bench.sweep(&told(40), &[(10, 10, whole(5, 10)), (11, 10, whole(6, 7))]);
    assert_eq!(bench.used(10), used(57));
    // The second ends, and has used two more by then.
    bench.sweep(&told(49), &[(10, 10, whole(5, 11))]);
    assert_eq!(bench.used(10), used(60));
    // The total of the other collector is the same.
    bench.sweep(&[(process(10, 5), Some(Total::All(used(61))), Others::Unread)], &[(10, 10, Seen::Used(used(12)))]);
    assert_eq!(bench.used(10), used(61));
}

#[test]
fn a_sleeper_is_what_it_was_and_one_that_is_not_known_is_said_to_be() {
    let mut bench = Bench::default();
    let told = (process(10, 5), Some(Total::EndedCpu(7)), Others::Ended);
    bench.sweep(&[told], &[(10, 10, whole(5, 1)), (11, 10, whole(6, 2))]);
    let before = std::mem::take(&mut bench.table);
    let mut fold = Fold::begin(&mut bench.processes, &before, Vec::new(), (2, 0));
    assert!(fold.rests((10, 10), 5, 2_000_000));
    assert!(!fold.rests((11, 10), 9, 2_000_000), "another thread has its number");
    assert!(!fold.rests((12, 10), 6, 2_000_000));
    bench.table = fold.finish().table;
    assert_eq!(bench.threads(), [(10, 1, 2)]);
    let process = bench.processes.get_mut(&10).unwrap();
    assert_eq!((process.settle(false), process.at_us), (SchedStat::default(), 2_000_000));
}

#[test]
fn what_ran_when_it_was_last_told_of_is_told_again_though_it_sleeps() {
    let mut bench = Bench::default();
    let told = (process(10, 5), Some(Total::EndedCpu(7)), Others::Ended);
    let running = SeenThread { state: Some(TaskState::Running), ..*unboxed(whole(5, 1)) };
    bench.sweep(&[told], &[(10, 10, Seen::Whole(Box::new(running)))]);
    for (sweep, is_known) in [(2, false), (3, true)] {
        let before = std::mem::take(&mut bench.table);
        let mut fold = Fold::begin(&mut bench.processes, &before, Vec::new(), (sweep, 0));
        assert_eq!(fold.rests((10, 10), 5, sweep * 1_000_000), is_known);
        bench.table = fold.finish().table;
        assert_eq!(bench.threads().len(), 1, "its row stays");
    }
}

#[test]
fn a_pass_that_breaks_off_ends_nothing() {
    let mut bench = Bench::default();
    let told = |pid| (process(pid, 5), P, Others::Ended);
    let all = [(10, 10, whole(5, 1)), (11, 10, whole(6, 2)), (20, 20, whole(5, 3))];
    bench.sweep(&[told(10), told(20)], &all);
    let before = std::mem::take(&mut bench.table);
    let mut fold = Fold::begin(&mut bench.processes, &before, Vec::new(), (2, 0));
    assert!(fold.is_untouched());
    fold.process(&process(10, 5), P, Others::Ended, 2_000_000);
    fold.thread((10, 10), whole(5, 4).sight(), 2_000_000);
    assert!(!fold.is_untouched());
    fold.keep_others();
    bench.table = fold.finish().table;
    assert_eq!((bench.threads(), bench.processes.len()), (vec![(10, 4, 2), (11, 2, 1), (20, 3, 1)], 2));
}

fn unboxed(seen: Seen) -> Box<SeenThread> {
    match seen {
        Seen::Whole(thread) => thread,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_thread_with_a_smaller_number_than_its_process_is_there_from_the_first_sweep() {
    let mut processes = NumberMap::default();
    let Seen::Whole(thread) = whole(5, 40) else { panic!("a whole thread") };
    let mut fold = Fold::begin(&mut processes, &[], Vec::new(), (1, u64::MAX));
    fold.thread((7, 90), Sight::Whole(&thread), 1_000_000);
    fold.process(&process(90, 5), None, Others::Ended, 1_000_000);
    fold.thread((90, 90), Sight::Whole(&thread), 1_000_000);
    fold.thread((95, 90), Sight::Whole(&thread), 1_000_000);
    let Folded { table, n_new, .. } = fold.finish();
    assert_eq!((table.iter().map(|row| row.number).collect::<Vec<_>>(), n_new), (vec![7, 90, 95], 0));
    assert_eq!(processes[&90].sweep.gained, used(120), "what it used is told once, with that of the others");
    let mut fold = Fold::begin(&mut processes, &table, Vec::new(), (2, u64::MAX));
    fold.thread((7, 90), Sight::Whole(&thread), 2_000_000);
    fold.process(&process(90, 5), None, Others::Ended, 2_000_000);
    assert_eq!(fold.finish().table.first().map(|row| row.before.is_some()), Some(true));
    assert_eq!(processes[&90].sweep.gained, used(0), "and is no news at the second sweep");
}
