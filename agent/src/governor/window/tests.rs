use super::*;

fn reading(elapsed_us: u64, cpu_us: u64) -> Measured {
    Measured { elapsed_us, cpu_us, ..Measured::default() }
}

#[test]
fn the_mean_is_that_of_the_last_ten_seconds() {
    let mut window = Window::default();
    assert_eq!(window.milli(), None);
    window.push(reading(1_000_000, 100_000));
    assert_eq!(window.milli(), Some(100));
    for _ in 0..9 {
        window.push(reading(1_000_000, 0));
    }
    assert_eq!(window.milli(), Some(10));
    window.push(reading(1_000_000, 0));
    assert_eq!(window.milli(), Some(0), "what is older counts no more");
}

#[test]
fn readings_that_are_further_apart_count_each_with_its_time() {
    let mut window = Window::default();
    window.push(reading(60_000_000, 600_000));
    assert_eq!(window.milli(), Some(10));
    window.push(reading(30_000_000, 0));
    assert_eq!(window.milli(), Some(0), "the one before is not needed");
    for _ in 0..1_000 {
        window.push(reading(1, 1));
    }
    assert!(window.readings.len() <= N_READINGS);
}
