//! Base streams: keys, deltas, rows that come and go, slow readers, bounds.

use midair_proto::MESSAGE_MAX;

use super::*;

/// A host whose tasks come, go, burn and rest, the same for the same seed.
fn scene(seed: u64, tick: u64) -> Vec<TaskReading> {
    let chance = |n: u64, salt: u64| {
        let mut x = seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 31;
        x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 29)
    };
    (1..=120)
        .filter(|n| !chance(*n, tick / 5).is_multiple_of(6))
        .map(|n| {
            let mut task = task(n, tick * (chance(n, tick / 7) % 5) * 1_000);
            task.state = chance(n, tick).is_multiple_of(3).then_some(midair_vitals::TaskState::Running);
            task.wait_channel = chance(n, tick + 1).is_multiple_of(4).then(|| format!("wait-{}", tick % 9).into());
            task.queues = Some([unread(chance(n, tick) % 5_000)].into());
            task
        })
        .collect()
}

#[test]
fn keys_and_deltas_rebuild_what_a_newcomer_is_told() {
    for (stream, interval_ms) in [(Stream::Overview, 1_000), (Stream::Detail, 1_000), (Stream::Detail, 3_000)] {
        let mut bench = Bench::new();
        bench.tick(scene(7, 0));
        let mut client = bench.watch(stream, interval_ms);
        let mut fold = Fold::default();
        for tick in 1..100 {
            bench.tick(scene(7, tick));
            client.samples().iter().for_each(|s| fold.apply(s));
            if tick % 10 == 0 {
                let mut newcomer = bench.watch(stream, interval_ms);
                let mut fresh = Fold::default();
                newcomer.samples().iter().for_each(|s| fresh.apply(s));
                assert_eq!(fold.resolved(), fresh.resolved(), "{stream:?} every {interval_ms} ms, tick {tick}");
                assert_eq!((fold.seq, &fold.node), (fresh.seq, &fresh.node));
                bench.desk.handle(Command::Leave(newcomer.id));
            }
        }
        assert!(fold.tasks.len() > 30);
    }
}

#[test]
fn where_only_the_overview_is_followed_no_more_is_ranked_and_who_wants_detail_then_has_all_of_it_at_once() {
    let hot = |bench: &Bench| bench.wants.copy().hot.len();
    let mut bench = Bench::new();
    let overview = bench.watch(Stream::Overview, 1_000);
    let burners = |second: u64| (1..=12).map(|n| task(n, second * n * 10_000)).collect::<Vec<_>>();
    for second in 0..3 {
        bench.tick(burners(second));
    }
    assert_eq!(hot(&bench), 3, "the first three by CPU, which are the first three by severity too");
    let mut detail = bench.watch(Stream::Detail, 1_000);
    let mut fold = Fold::default();
    detail.samples().iter().for_each(|s| fold.apply(s));
    assert_eq!(fold.tasks.len(), 12, "it begins with all that rank");
    bench.tick(burners(3));
    detail.samples().iter().for_each(|s| fold.apply(s));
    assert_eq!((fold.tasks.len(), hot(&bench)), (12, 12));
    bench.desk.handle(Command::Leave(detail.id));
    (4..20).for_each(|second| bench.tick(burners(second)));
    assert_eq!(hot(&bench), 3, "and what it held is held no longer");
    drop(overview);
}

#[test]
fn two_watchers_share_one_encoding() {
    let mut bench = Bench::new();
    let mut clients = [bench.watch(Stream::Detail, 1_000), bench.watch(Stream::Detail, 1_000)];
    for tick in 0..3 {
        bench.tick(scene(1, tick));
    }
    let [a, b] = clients.each_mut().map(|client| client.samples());
    assert_eq!(a.len(), 3);
    assert_eq!(a, b);
    for (a, b) in a.iter().zip(&b) {
        let (a, b) = (a.payload.as_ref().unwrap(), b.payload.as_ref().unwrap());
        assert_eq!(a.as_ptr(), b.as_ptr(), "the very bytes are shared");
    }
    assert_eq!(bench.desk.n_encoded(), 3);
}

#[test]
fn a_newcomer_gets_a_key_and_the_others_go_on() {
    let mut bench = Bench::new();
    let mut first = bench.watch(Stream::Detail, 1_000);
    bench.tick(scene(1, 0));
    bench.tick(scene(1, 1));
    let (mut second, mut third) = (bench.watch(Stream::Detail, 1_000), bench.watch(Stream::Detail, 1_000));
    let keys = [second.samples(), third.samples()];
    assert_eq!(keys[0], keys[1], "one key for all who come in one tick");
    assert_eq!(keys[0][0].key, Some(true));
    assert_eq!(bench.desk.n_encoded(), 3);
    bench.tick(scene(1, 2));
    let flags: Vec<_> = first.samples().iter().map(|s| (s.seq.unwrap(), s.key.unwrap())).collect();
    assert_eq!(flags, [(1, true), (2, false), (3, false)], "the first watcher was not disturbed");
    let mut fold = Fold::default();
    fold.apply(&keys[0][0]);
    second.samples().iter().for_each(|s| fold.apply(s));
}

#[test]
fn a_key_comes_every_thirty_seconds() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Overview, 1_000);
    let mut keys = Vec::new();
    for tick in 0..95 {
        bench.tick(scene(1, tick));
        let samples = client.samples();
        keys.extend(samples.iter().filter(|s| s.key == Some(true)).map(|s| s.seq.unwrap()));
    }
    assert_eq!(keys, [1, 31, 61, 91]);
}

#[test]
fn numbers_rise_by_one_whatever_the_interval() {
    let mut bench = Bench::every(Duration::from_millis(250));
    let intervals = [250, 300, 1_000, 2_000];
    let mut clients = intervals.map(|ms| bench.watch(Stream::Detail, ms));
    let mut seqs = [const { Vec::new() }; 4];
    for tick in 0..40 {
        bench.tick(scene(1, tick));
        for (client, seqs) in clients.iter_mut().zip(&mut seqs) {
            seqs.extend(client.samples().iter().map(|s| s.seq.unwrap()));
        }
    }
    for (seqs, n) in seqs.iter().zip([40, 20, 10, 5]) {
        assert_eq!(*seqs, (1..=n).collect::<Vec<u64>>());
    }
}

#[test]
fn a_row_that_dies_is_not_a_row_that_leaves() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Overview, 1_000);
    // Sixty idle tasks of which three are large, and two more that burn for one tick.
    let host = |tick: u64, n: u64| -> Vec<TaskReading> {
        (1..=n).map(|n| task(n, if n > 58 { (tick.min(2)) * 900_000 } else { 0 })).collect()
    };
    let mut fold = Fold::default();
    let (mut left, mut died) = (Vec::new(), Vec::new());
    for tick in 1..=14 {
        bench.tick(host(tick, if tick < 5 { 60 } else { 59 }));
        client.samples().iter().for_each(|s| fold.apply(s));
        left.extend(fold.left.iter().map(|n| (tick, *n)));
        died.extend(fold.died.iter().map(|n| (tick, *n)));
    }
    assert_eq!(died, [(5, 60)]);
    assert!(!left.iter().any(|(_, n)| *n == 60), "{left:?}");
}

#[test]
fn a_failed_reading_kills_nobody() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    bench.tick(vec![task(1, 0)]);
    bench.tick(vec![task(1, 5)]);
    bench.tick(Vec::new());
    let last = sample(client.samples().last().unwrap());
    assert_eq!((last.left.len(), last.died.len()), (1, 0));
}

#[test]
fn a_row_that_enters_brings_its_previous_counters() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    bench.tick(vec![task(1, 5_000)]);
    bench.tick(vec![task(1, 9_000)]);
    let mut newcomer = bench.watch(Stream::Detail, 1_000);
    let row = sample(&newcomer.samples()[0]).tasks[0].clone();
    let previous = row.previous.unwrap();
    assert_eq!((previous.cpu_us, row.cpu_us), (Some(5_000), Some(9_000)));
    assert_eq!(previous.mono_us, Some(2_000_000));
    let delta = sample(client.samples().last().unwrap());
    assert_eq!(delta.tasks[0].previous, None, "who has the row needs no previous");
    assert_eq!(delta.tasks[0].name, None, "what has not changed is not sent");
}

#[test]
fn what_becomes_unknown_is_listed() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    bench.tick_with(|reading| {
        reading.node.load1_milli = Some(10);
        reading.tasks = vec![task(1, 5)];
    });
    bench.tick(vec![TaskReading { rss_bytes: None, run_delay_us: None, ..task(1, 5) }]);
    let samples = client.samples();
    let delta = sample(&samples[1]);
    assert_eq!(delta.tasks[0].unknown, [13, 17]);
    assert!(delta.node.as_ref().unwrap().unknown.contains(&11));
    let mut fold = Fold::default();
    samples.iter().for_each(|s| fold.apply(s));
    assert_eq!(fold.tasks[&(1, 100)].rss_bytes, None);
    assert_eq!(fold.tasks[&(1, 100)].cpu_us, Some(5));
}

#[test]
fn a_reader_that_stops_loses_samples_is_told_and_gets_a_key() {
    let mut bench = Bench::new();
    let (mut slow, mut quick) = (bench.watch(Stream::Detail, 1_000), bench.watch(Stream::Detail, 1_000));
    let mut fold = Fold::default();
    for tick in 0..10 {
        bench.tick(scene(1, tick));
        quick.samples().iter().for_each(|s| fold.apply(s));
    }
    assert_eq!(fold.seq, 10, "who reads is not held up");
    let before = slow.samples();
    assert_eq!(before.len(), crate::outbox::N_SAMPLES);
    bench.tick(scene(1, 10));
    quick.samples().iter().for_each(|s| fold.apply(s));
    let after: Vec<_> = slow.read().into_iter().filter(|e| !matches!(kind(e), Kind::Rollup(_))).collect();
    let [lost, key] = after.as_slice() else { panic!("{} events", after.len()) };
    assert_eq!(kind(lost), Kind::Lost(Lost { n_samples: Some(6) }));
    assert_eq!((key.key, key.seq), (Some(true), Some(11)));
    let mut late = Fold::default();
    late.apply(key);
    assert_eq!(late.resolved(), fold.resolved());
}

#[test]
fn an_overview_has_forty_rows_at_most_and_a_detail_two_hundred() {
    let mut bench = Bench::new();
    let mut overview = bench.watch(Stream::Overview, 1_000);
    let mut detail = bench.watch(Stream::Detail, 1_000);
    let (mut few, mut many) = (Fold::default(), Fold::default());
    for tick in 0..30_u64 {
        // Each tick other tasks burn, so that held rows pile up.
        let tasks = (0..1_000_u64).map(|n| task(n, if n / 30 == tick { 500_000 } else { 0 }));
        bench.tick_with(|reading| {
            reading.tasks = tasks.collect();
            reading.node.cpus = vec![(0, midair_vitals::CpuTimes::default())];
        });
        overview.samples().iter().for_each(|s| few.apply(s));
        detail.samples().iter().for_each(|s| many.apply(s));
        assert!(few.tasks.len() <= 40 && many.tasks.len() <= 200, "{} {}", few.tasks.len(), many.tasks.len());
    }
    assert!(few.tasks.len() > 20 && many.tasks.len() > 150, "{} {}", few.tasks.len(), many.tasks.len());
    assert_eq!(few.node.sources, None, "sources are for the detail stream");
    assert!(many.node.sources.is_some());
}

#[test]
fn an_overview_has_nothing_per_cpu() {
    let mut bench = Bench::new();
    let mut clients = [bench.watch(Stream::Overview, 1_000), bench.watch(Stream::Detail, 1_000)];
    for user_us in [1, 2] {
        bench.tick_with(|reading| {
            let times = |us| midair_vitals::CpuTimes { user_us: Some(us), ..Default::default() };
            reading.node.cpus = vec![(0, times(user_us)), (1, times(5))];
        });
    }
    let [few, many] = clients.each_mut().map(|c| c.samples().iter().map(|s| sample(s).cpus.len()).collect::<Vec<_>>());
    assert_eq!(few, [0, 0]);
    assert_eq!(many, [2, 1], "only the CPU that changed");
}

#[test]
fn a_row_stays_ten_ticks_after_it_last_ranked() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Overview, 1_000);
    let mut fold = Fold::default();
    let mut ticks_there = 0;
    for tick in 0..30 {
        // Task 90 burns in ticks 1 to 5 and then rests; others are larger and busier than it ever after.
        let cpu_us = |n: u64| {
            if n == 90 {
                tick.min(5) * 800_000
            } else if n < 4 {
                tick * 100_000
            } else {
                0
            }
        };
        bench.tick((1..=90).map(|n| TaskReading { rss_bytes: Some(1_000 - n), ..task(n, cpu_us(n)) }).collect());
        client.samples().iter().for_each(|s| fold.apply(s));
        if tick > 5 && fold.tasks.contains_key(&(90, 100)) {
            ticks_there += 1;
        }
    }
    assert_eq!(ticks_there, 10);
    assert!(fold.tasks.contains_key(&(1, 100)));
}

#[test]
fn more_intervals_than_are_served_share_the_next_longer() {
    let mut bench = Bench::new();
    let mut clients: Vec<Client> = (1..=12).map(|s| bench.watch(Stream::Detail, s * 1_000)).collect();
    for tick in 0..40 {
        bench.tick(scene(1, tick));
        clients.iter_mut().for_each(|client| drop(client.samples()));
    }
    assert!(bench.desk.encoders.len() <= crate::stream::N_INTERVALS);
}

#[test]
fn long_names_do_not_break_the_bound_of_a_message() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    let text = |n: u64, salt: &str| Some(Arc::from(format!("{salt}{n}").repeat(2_000)));
    let hostile = |n: u64| TaskReading {
        name: text(n, "n"),
        command: text(n, "c"),
        user: text(n, "u"),
        cgroup: text(n, "g"),
        wait_channel: text(n, "w"),
        // Every kind of queue has owners of its own, so that each order brings other rows.
        queues: Some([Queue { kind: QueueKind::ALL[n as usize % 9], ..unread(n) }].into()),
        ..task(n, n)
    };
    bench.tick((0..5_000).map(hostile).collect());
    bench.tick((0..5_000).map(hostile).collect());
    let samples = client.samples();
    let largest = samples.iter().map(Message::encoded_len).max().unwrap();
    assert!(largest <= MESSAGE_MAX && largest > MESSAGE_MAX / 10, "{largest}");
    let query = wire::TableQuery { id: Some(1), limit: Some(4_096), ..Default::default() };
    bench.ask(&client, control::Kind::Table(query));
    let answer = client.read().pop().unwrap();
    assert!(answer.encoded_len() <= MESSAGE_MAX, "{}", answer.encoded_len());
    let Kind::Rows(rows) = kind(&answer) else { panic!() };
    assert_eq!(rows.total, Some(5_000));
    assert!(rows.tasks.len() > 100 && rows.tasks.len() < 4_096);
}

#[test]
fn rollups_come_as_events() {
    let mut bench = Bench::new();
    let mut client = bench.join();
    for tick in 0..=20 {
        bench.tick(scene(1, tick));
    }
    let rollups = client.events().into_iter().filter(|kind| matches!(kind, Kind::Rollup(_))).count();
    assert_eq!(rollups, 2);
}

#[test]
fn names_that_were_forgotten_are_spelled_out_again() {
    let mut bench = Bench::new();
    bench.desk.names = Names::bounded(150);
    let mut clients = [bench.watch(Stream::Detail, 1_000), bench.watch(Stream::Detail, 3_000)];
    let mut folds = [Fold::default(), Fold::default()];
    for tick in 0..60 {
        let named = |n: u64| TaskReading { command: Some(format!("{n}-{tick}").into()), ..task(n, tick * n) };
        bench.tick((1..=40).map(named).collect());
        for (client, fold) in clients.iter_mut().zip(&mut folds) {
            client.samples().iter().for_each(|s| fold.apply(s));
        }
        let command = folds[0].tasks[&(40, 100)].command.unwrap();
        assert_eq!(folds[0].names[&command], format!("40-{tick}"));
        assert!(bench.desk.names.len() < 300);
    }
}
