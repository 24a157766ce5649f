use super::*;

#[test]
fn what_was_forked_and_never_seen_was_short_lived() {
    let mut count = ShortLived::default();
    assert_eq!(count.count(None, 5, 1), None, "without a count of forks nothing is known");
    assert_eq!(count.count(Some(1_000), 80, 1), Some(0), "what runs already was not born since");
    assert_eq!(count.count(Some(1_010), 10, 1), Some(0));
    assert_eq!(count.count(Some(1_020), 3, 1), Some(7));
    assert_eq!(count.count(Some(1_020), 0, 1), Some(7));
}

#[test]
fn a_task_that_is_seen_late_was_not_short_lived() {
    let mut count = ShortLived::default();
    count.count(Some(0), 0, 3);
    // Four threads are born; they are read in turn.
    let told = [(4, 1), (4, 0), (4, 3), (4, 0), (4, 0)].map(|(n_forks, n_new)| count.count(Some(n_forks), n_new, 3));
    assert_eq!(told, [Some(0); 5]);
    let told = [(6, 0), (6, 0), (6, 0)].map(|(n_forks, n_new)| count.count(Some(n_forks), n_new, 3));
    assert_eq!(told, [Some(0), Some(0), Some(2)], "known when a round is over");
}

#[test]
fn it_never_goes_back() {
    let mut count = ShortLived::default();
    count.count(Some(0), 0, 1);
    assert_eq!(count.count(Some(4), 0, 1), Some(4));
    assert_eq!(count.count(Some(4), 3, 1), Some(4));
    assert_eq!(count.count(Some(9), 0, 1), Some(6));
}
