use super::*;

#[test]
fn the_mean_is_that_of_the_last_ten_seconds() {
    let mut window = Window::default();
    assert_eq!(window.milli(), None);
    window.push(1_000_000, 100_000);
    assert_eq!(window.milli(), Some(100));
    for _ in 0..9 {
        window.push(1_000_000, 0);
    }
    assert_eq!(window.milli(), Some(10));
    window.push(1_000_000, 0);
    assert_eq!(window.milli(), Some(0), "what is older counts no more");
    assert_eq!(window.0.len(), 10);
}

#[test]
fn readings_that_are_further_apart_count_each_with_its_time() {
    let mut window = Window::default();
    window.push(60_000_000, 600_000);
    assert_eq!(window.milli(), Some(10));
    window.push(30_000_000, 0);
    assert_eq!(window.milli(), Some(0), "the one before is not needed");
    for _ in 0..1_000 {
        window.push(1, 1);
    }
    assert!(window.0.len() <= N_READINGS);
    window.push(0, 0);
    assert!(window.milli().is_some());
}
