use super::*;

fn words(interval: Duration, level: usize) -> Vec<String> {
    Ladder::at(interval).words(level)
}

#[test]
fn the_order_is_names_census_sockets_threads_hot_set_answers_interval() {
    let ladder = Ladder::at(Duration::from_secs(1));
    let last = ladder.words(ladder.n_steps());
    assert_eq!(
        last,
        [
            "names: 8 a sample",
            "census",
            "sockets every 60 s",
            "threads within 2880 s",
            "hot set: 50 rows",
            "tables and close looks every 8 samples",
            "a sample every 48 s",
        ]
    );
    // Step by step nothing that was left out comes back, and a kind once begun is gone through before the next.
    let mut before = Vec::new();
    for level in 1..=ladder.n_steps() {
        let now = ladder.words(level);
        assert!(now.len() == before.len() || now.len() == before.len() + 1, "{now:?}");
        let kept = now.iter().zip(&before).take(before.len().saturating_sub(1));
        // Where samples are further apart, so are rounds over threads.
        let is_kept = |(a, b): (&String, &String)| a == b || a.starts_with("threads") && b.starts_with("threads");
        assert!(kept.into_iter().all(is_kept), "{now:?} {before:?}");
        before = now;
    }
}

#[test]
fn the_first_steps_cost_the_viewer_least() {
    let second = Duration::from_secs(1);
    assert_eq!(words(second, 0), Vec::<String>::new());
    assert_eq!(words(second, 1), ["names: 64 a sample"]);
    assert_eq!(words(second, 3), ["names: 8 a sample", "census"]);
    assert_eq!(words(second, 4), ["names: 8 a sample", "census", "sockets every 2 s"]);
    assert_eq!(Ladder::at(second).thrift(0), Thrift::default());
    assert!(Ladder::at(second).thrift(2).counts && !Ladder::at(second).thrift(3).counts);
    let thrift = Ladder::at(second).thrift(4);
    assert_eq!((thrift.names_per_tick, thrift.sockets_every), (8, Duration::from_secs(2)));
    assert_eq!((thrift.interval_times, thrift.hot_rows), (1, usize::MAX));
}

#[test]
fn steps_that_tell_nothing_at_an_interval_are_left_out() {
    let slow = Duration::from_secs(20);
    assert_eq!(words(slow, 4), ["names: 8 a sample", "census", "sockets every 32 s"]);
    let ladder = Ladder::at(slow);
    assert_eq!(ladder.thrift(ladder.n_steps()).interval_times, 3, "never longer than a minute");
    let quick = Ladder::at(Duration::from_millis(250));
    assert_eq!(quick.thrift(quick.n_steps()).interval_times, 64);
    assert_eq!(quick.words(quick.n_steps()).last().map(String::as_str), Some("a sample every 16 s"));
    let slowest = Ladder::at(Duration::from_secs(60));
    assert_eq!(slowest.thrift(slowest.n_steps()).interval_times, 1);
}

#[test]
fn a_longer_interval_makes_no_sample_dearer() {
    let ladder = Ladder::at(Duration::from_secs(1));
    let part = |level: usize| {
        let thrift = ladder.thrift(level);
        thrift.threads_every.as_secs_f64() / f64::from(thrift.interval_times)
    };
    let first = (0..ladder.n_steps()).find(|level| ladder.thrift(*level).interval_times > 1).unwrap();
    for level in first..=ladder.n_steps() {
        assert_eq!(part(level), 60.0, "a sixtieth of the threads in each sample");
        assert!(ladder.interval(level) > ladder.interval(level - 1));
        assert_eq!(ladder.between_rounds(level), Duration::from_secs(60));
    }
}

#[test]
fn where_threads_are_read_with_their_processes_no_step_says_that_they_are_not() {
    let mut ladder = Ladder::at(Duration::from_secs(1));
    ladder.heed_threads(true);
    let all = ladder.words(ladder.n_steps());
    assert!(all.len() == 6 && !all.iter().any(|words| words.contains("threads")), "{all:?}");
    assert_eq!(ladder.thrift(ladder.n_steps()).threads_every, Duration::ZERO);
    assert!((0..=ladder.n_steps()).all(|level| ladder.part(level) != Some(Part::Threads)));
}
