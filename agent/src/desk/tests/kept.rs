//! What the black box is told: few bytes, all that must be named, nothing that a reader takes wrong.

use super::*;

/// Of what must be named, and of what else is told, steps of so many microseconds.
const STEP_US: u64 = 128;

/// A host of many tasks beside a black box, and what the tasks have used.
struct Busy {
    bench: Bench,
    client: Client,
    fold: Fold,
    used: Vec<(u64, u64)>,
    random: u64,
    n_told: usize,
    n_bytes: usize,
}

impl Busy {
    fn new(n_tasks: usize) -> Self {
        let mut bench = Bench::new();
        let (outbox, outgoing) = outbox();
        bench.desk.handle(Command::Keep { outbox, status: Status::default() });
        let client = Client { id: WatcherId(u64::MAX), outgoing };
        let used = vec![(1_000_000, 500_000); n_tasks];
        Self { bench, client, fold: Fold::default(), used, random: 7, n_told: 0, n_bytes: 0 }
    }

    /// Below `most`; the same each time this test runs.
    fn below(&mut self, most: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % most
    }

    /// A second in which each task uses and waits for as long as is said; which tasks were told.
    fn second(&mut self, gained: &[(u64, u64)], depth: u64) -> Vec<u64> {
        for (used, gained) in self.used.iter_mut().zip(gained) {
            *used = (used.0 + gained.0, used.1 + gained.1);
        }
        let row = |(n, (cpu_us, run_delay_us)): (u64, &(u64, u64))| TaskReading {
            run_delay_us: Some(*run_delay_us),
            queues: Some(if n == 3 && depth > 0 { [unread(depth)].into() } else { [].into() }),
            ..task(n, *cpu_us)
        };
        let tasks = (1..).zip(&self.used).map(row).collect();
        self.bench.tick(tasks);
        let mut told = Vec::new();
        for envelope in self.client.samples() {
            self.fold.apply(&envelope);
            if envelope.key != Some(true) {
                self.n_bytes += envelope.encoded_len();
                // What was told is of now: by its row, or by what it has gained.
                let now_us = Some(sample(&envelope).tasks_mono_us());
                let is_told = |row: &&wire::Task| row.mono_us == now_us;
                told.extend(self.fold.tasks.values().filter(is_told).map(|row| row.id.unwrap().number()));
            }
        }
        self.n_told += told.len();
        told
    }

    fn row(&self, number: u64) -> &wire::Task {
        &self.fold.tasks[&(number, 100)]
    }
}

#[test]
fn who_used_a_hundredth_waited_or_has_a_queue_is_named_in_its_second_with_what_it_used() {
    let mut busy = Busy::new(300);
    let mut n_noted = 0;
    for second in 1..=90 {
        let mut gained = vec![(0, 0); 300];
        for _ in 0..busy.below(12) {
            let n = busy.below(300) as usize;
            gained[n] = (busy.below(20_000), busy.below(20_000));
        }
        let depth = if second % 10 < 3 { 20_000 + second } else { 0 };
        let told = busy.second(&gained, depth);
        if second == 1 {
            continue;
        }
        for (number, gained) in (1..).zip(&gained) {
            let is_noted = gained.0 >= 10_000 || gained.1 >= 10_000;
            if is_noted {
                n_noted += 1;
                assert!(told.contains(&number), "task {number} of second {second}: {gained:?}");
                let (row, used) = (busy.row(number), busy.used[number as usize - 1]);
                assert!(used.0 - row.cpu_us() < STEP_US && used.1 - row.run_delay_us() < STEP_US, "{row:?} {used:?}");
                assert_eq!(busy.fold.at_us(number), busy.bench.clock.mono_us());
            }
        }
        let has_queue = busy.fold.tasks.get(&(3, 100)).is_some_and(|row| !row.queues.clone().unwrap().queue.is_empty());
        assert_eq!(has_queue, depth > 0, "second {second}");
    }
    assert!(n_noted > 100, "{n_noted}");
}

#[test]
fn a_steady_task_is_told_every_ten_seconds_and_its_reader_is_right_in_between() {
    let mut busy = Busy::new(40);
    let gained: Vec<(u64, u64)> = (0..40).map(|n| (3_000 + n * 100, 2_000)).collect();
    for second in 1..=61 {
        busy.second(&gained, 0);
        // Whatever was told, a reader that goes on by the mean so far is right by less than what is noted.
        for number in busy.fold.tasks.keys().map(|(number, _)| *number).filter(|_| second > 12) {
            let (row, used) = (busy.row(number), busy.used[number as usize - 1]);
            let rests_us = busy.bench.clock.mono_us() - busy.fold.at_us(number);
            let gone_on = gained[number as usize - 1].0 as f64 * rests_us as f64 / 1e6;
            assert!((row.cpu_us() as f64 + gone_on - used.0 as f64).abs() < 10_000.0, "{row:?} {used:?}");
            assert!(rests_us <= 10_000_000, "told after ten seconds at the latest: {rests_us}");
        }
    }
    let n_rows = busy.fold.tasks.len();
    assert!(n_rows >= 20 && busy.n_told <= n_rows * 10, "{} rows were told {} times", n_rows, busy.n_told);
}

#[test]
fn all_that_waited_at_once_are_named_where_a_host_stood_still() {
    let mut busy = Busy::new(900);
    (0..3).for_each(|_| drop(busy.second(&[(0, 0); 900], 0)));
    let told = busy.second(&[(0, 50_000); 900], 0);
    assert_eq!(told, (1..=900).collect::<Vec<_>>());
    assert!(busy.fold.tasks.values().all(|row| row.run_delay_us() > 549_000), "with what they waited");
}

#[test]
fn a_task_that_stops_is_told_to_have_stopped() {
    let mut busy = Busy::new(5);
    let burns = [(300_000, 0), (0, 0), (0, 0), (0, 0), (0, 0)];
    for _ in 0..5 {
        busy.second(&burns, 0);
    }
    let told = busy.second(&[(0, 0); 5], 0);
    assert!(told.contains(&1), "its reader would let it burn on: {told:?}");
    assert_eq!(busy.fold.at_us(1), busy.bench.clock.mono_us());
    assert!(!busy.second(&[(0, 0); 5], 0).contains(&1), "and then it rests");
}

#[test]
fn noise_costs_few_bytes() {
    let mut busy = Busy::new(300);
    let mut client = busy.bench.watch(Stream::Detail, 1_000);
    let mut n_bytes = 0;
    for _ in 0..30 {
        let gained: Vec<(u64, u64)> = (0..300).map(|_| (400 + busy.below(600), busy.below(800))).collect();
        busy.second(&gained, 0);
        let deltas = client.samples().into_iter().filter(|envelope| envelope.key != Some(true));
        n_bytes += deltas.map(|envelope| envelope.encoded_len()).sum::<usize>();
    }
    assert!(busy.n_bytes * 5 < n_bytes, "{} of {n_bytes} bytes", busy.n_bytes);
}

#[test]
fn a_census_and_whole_summaries_go_to_the_black_box_alone() {
    let mut bench = Bench::new();
    let (outbox, outgoing) = outbox();
    bench.desk.handle(Command::Keep { outbox, status: Status::default() });
    let mut kept = Client { id: WatcherId(u64::MAX), outgoing };
    let mut client = bench.watch(Stream::Overview, 1_000);
    for second in 1..=70 {
        bench.tick((1..=500).map(|n| task(n, second * n * 100)).collect());
    }
    let (kept, told) = (kept.events(), client.events());
    let rows = |events: &[Kind]| -> usize {
        let n_rows = |part: &midair_proto::v1::Census| part.columns.as_ref().map_or(0, |columns| columns.rows().len());
        events.iter().map(|kind| if let Kind::Census(part) = kind { n_rows(part) } else { 0 }).sum()
    };
    assert_eq!((rows(&kept), rows(&told)), (1_000, 0), "two of 500 processes");
    let ranked = |events: &[Kind]| -> Vec<usize> {
        events.iter().filter_map(|kind| if let Kind::Rollup(r) = kind { Some(r.tasks.len()) } else { None }).collect()
    };
    assert_eq!(ranked(&kept)[1..], [20; 5], "each of 10 s");
    assert_eq!(ranked(&told), [0; 6]);
    let last = kept.iter().rev().find_map(|kind| if let Kind::Rollup(r) = kind { r.tasks.first() } else { None });
    let last = last.unwrap();
    assert_eq!((last.task.unwrap().number(), last.name.as_deref()), (500, Some("task-500")));
    assert_eq!(last.cpu.unwrap().mean, Some(50_000), "microseconds a second");
}
