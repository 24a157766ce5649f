use super::*;

fn reading(elapsed_us: u64, cpu_us: u64, rounds_us: u64) -> Measured {
    Measured { elapsed_us, cpu_us, rounds_us, rss_bytes: None }
}

#[test]
fn the_mean_is_that_of_the_last_ten_seconds() {
    let mut window = Window::default();
    assert_eq!(window.milli(), None);
    window.push(reading(1_000_000, 100_000, 0));
    assert_eq!(window.milli(), Some(100));
    for _ in 0..9 {
        window.push(reading(1_000_000, 0, 0));
    }
    assert_eq!(window.milli(), Some(10));
    window.push(reading(1_000_000, 0, 0));
    assert_eq!(window.milli(), Some(0), "what is older counts no more");
}

#[test]
fn readings_that_are_further_apart_count_each_with_its_time() {
    let mut window = Window::default();
    window.push(reading(60_000_000, 600_000, 0));
    assert_eq!(window.milli(), Some(10));
    window.push(reading(30_000_000, 0, 0));
    assert_eq!(window.milli(), Some(0), "the one before is not needed");
    for _ in 0..1_000 {
        window.push(reading(1, 1, 0));
    }
    assert!(window.readings.len() <= N_READINGS && window.n_since <= N_READINGS);
}

#[test]
fn a_round_is_judged_by_the_time_that_it_stands_for() {
    let mut window = Window::default();
    window.push(reading(1_000_000, 62_000, 60_000));
    let of = |window: &Window, seconds| window.estimate(Duration::from_secs(seconds)).round();
    assert_eq!((of(&window, 1), of(&window, 6), of(&window, 60)), (62.0, 12.0, 3.0));
    for _ in 0..3 {
        window.push(reading(1_000_000, 5_000, 0));
    }
    assert_eq!(of(&window, 60), 6.0, "what is read each time is judged by the last three seconds");
    window.turn();
    assert_eq!(of(&window, 60), 0.0, "and nothing by what was before a turn");
    window.push(reading(1_000_000, 9_000, 0));
    assert_eq!(of(&window, 60), 9.0);
}
