//! What rests costs next to nothing: bytes of a quiet node, and the moments at which its rows were read.

use midair_vitals::{CpuTimes, WorstThread};

use super::*;

/// A quiet host: 70 tasks that do nothing, on four CPUs that tick, read one after the other in a sweep that is never
/// quite as quick as the one before.
struct Quiet {
    bench: Bench,
    tick: u64,
}

impl Quiet {
    fn new() -> Self {
        Self { bench: Bench::new(), tick: 0 }
    }

    /// When task n was read, after the start of its sweep.
    fn offset_us(&self, n: u64) -> u64 {
        n * (90 + self.tick * 7 % 20)
    }

    /// One second, in which task 5 uses so much of a CPU.
    fn second(&mut self, busy_us: u64) {
        self.tick += 1;
        let at_us = self.bench.clock.mono_us() + 1_000_000;
        let mut tasks: Vec<TaskReading> = (1..=70).map(|n| task(n, if n == 5 { busy_us } else { 0 })).collect();
        for (n, task) in (1..).zip(&mut tasks) {
            task.at_us = at_us + self.offset_us(n);
            let number = n + self.tick % 2;
            task.worst_thread = Some(WorstThread { number, run_delay_us: 0, over_us: 1_000_000 + self.tick });
            task.run_delay_us = Some(0);
            task.cgroup = Some("/system.slice/chat.service".into());
            task.wait_channel = Some("ep_poll".into());
            // Something waits with each, the same for ever, so that all of them rank.
            task.queues = Some([Queue { kind: QueueKind::ALL[n as usize % 9], ..unread(n) }].into());
        }
        let tick = self.tick;
        self.bench.swept(|reading| {
            reading.tasks = tasks;
            let cpu = |n: u64| CpuTimes {
                user_us: Some(8_123_000_000 + n + tick * 3_000),
                system_us: Some(4_321_000_000 + n),
                idle_us: Some(91_111_000_000 + n + tick * 997_000),
                steal_us: Some(0),
                ..CpuTimes::default()
            };
            reading.node.cpu = cpu(0);
            reading.node.cpus = (0..4).map(|n| (n as u32, cpu(n))).collect();
            reading.node.mem_total_bytes = Some(16 << 30);
            reading.node.mem_available_bytes = Some((9 << 30) + tick * 4096);
            reading.node.n_switches = Some(991_111_000 + tick * 321);
            reading.node.up_us = Some(12_345_678_000_000 + tick * 1_000_000);
            reading.node.load1_milli = Some(120 + tick % 3);
            reading.sources[0].health = Health::Degraded("a reason and its remedy, as long as such words are".into());
            reading.sources[0].cpu_us = Some(4_000 + tick);
        });
    }
}

#[test]
fn a_quiet_node_sends_few_bytes() {
    for (stream, key_bytes, delta_bytes) in [(Stream::Overview, 2_600, 160), (Stream::Detail, 9_000, 300)] {
        let mut quiet = Quiet::new();
        let mut client = quiet.bench.watch(stream, 1_000);
        let mut fold = Fold::default();
        for tick in 1..=29 {
            quiet.second(0);
            for sample in client.samples() {
                fold.apply(&sample);
                let (is_key, n_bytes) = (sample.key == Some(true), sample.encoded_len());
                let most = if is_key { key_bytes } else { delta_bytes };
                assert!(n_bytes <= most, "{stream:?}, tick {tick}: {n_bytes} bytes");
            }
        }
        if stream == Stream::Detail {
            assert_eq!(fold.tasks.len(), 70);
        }
    }
}

#[test]
fn a_row_that_rests_and_stirs_has_the_right_moments() {
    let mut quiet = Quiet::new();
    let mut client = quiet.bench.watch(Stream::Detail, 1_000);
    let mut fold = Fold::default();
    let mut counters = Vec::new();
    for busy_us in [0, 0, 0, 0, 0, 300_000, 600_000, 600_000, 600_000] {
        quiet.second(busy_us);
        client.samples().iter().for_each(|s| fold.apply(s));
        let true_us = quiet.bench.clock.mono_us() + quiet.offset_us(5);
        assert!(fold.at_us(5).abs_diff(true_us) <= 20_000, "{} for {true_us}", fold.at_us(5));
        counters.push((fold.at_us(5), fold.tasks[&(5, 100)].cpu_us.unwrap()));
    }
    let shares: Vec<f64> = counters.windows(2).map(|w| (w[1].1 - w[0].1) as f64 / (w[1].0 - w[0].0) as f64).collect();
    for (share, expected) in shares.iter().zip([0.0, 0.0, 0.0, 0.0, 0.3, 0.3, 0.0, 0.0]) {
        assert!((share - expected).abs() <= expected / 50.0, "{shares:?}");
    }
}

#[test]
fn a_row_that_was_read_much_later_than_usual_says_so() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    let mut fold = Fold::default();
    for late_us in [1_000, 1_500, 400_000, 400_000, 2_000] {
        let at_us = bench.clock.mono_us() + 1_000_000 + late_us;
        bench.swept(|reading| reading.tasks = vec![TaskReading { at_us, ..task(1, 0) }]);
        client.samples().iter().for_each(|s| fold.apply(s));
        assert!(fold.at_us(1).abs_diff(at_us) <= 20_000, "{late_us}: {} for {at_us}", fold.at_us(1));
    }
}

#[test]
fn a_row_that_was_not_read_again_keeps_its_moment() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    let mut fold = Fold::default();
    for _ in 0..4 {
        // A sweep that reaches this task but once.
        bench.swept(|reading| reading.tasks = vec![TaskReading { at_us: 2_000_500, ..task(1, 7) }]);
        client.samples().iter().for_each(|s| fold.apply(s));
        assert_eq!(fold.at_us(1), 2_000_500);
    }
}

#[test]
fn an_answer_is_small_for_what_it_says() {
    let mut quiet = Quiet::new();
    quiet.second(0);
    quiet.second(0);
    let mut client = quiet.bench.join();
    client.read();
    let query = wire::TableQuery { id: Some(1), limit: Some(150), ..Default::default() };
    quiet.bench.ask(&client, control::Kind::Table(query));
    let answer = client.read().pop().unwrap();
    let Kind::Rows(rows) = kind(&answer) else { panic!("{answer:?}") };
    assert_eq!(rows.tasks.len(), 70);
    let n_bytes = answer.encoded_len() / 70;
    assert!(n_bytes < 160, "{n_bytes} bytes a row, names and counters of the tick before included");
}
