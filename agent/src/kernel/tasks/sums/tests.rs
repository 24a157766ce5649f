use super::*;

fn stat(n: u64) -> SchedStat {
    SchedStat { cpu_ns: n, run_delay_ns: n, n_runs: n }
}

#[test]
fn without_a_total_it_is_the_sum_of_what_threads_gained() {
    let mut sums = Sums::default();
    assert_eq!(sums.advance(stat(100), None, true), stat(100));
    assert_eq!(sums.advance(stat(7), None, false), stat(7));
    assert_eq!(sums.used(), stat(107));
}

#[test]
fn a_total_counts_threads_that_ended_before_anybody_looked() {
    let mut sums = Sums::default();
    sums.advance(stat(100), Some(stat(150)), true);
    assert_eq!(sums.used(), stat(150));
    assert_eq!(sums.advance(stat(0), Some(stat(170)), false), stat(20), "threads are read in turn, the total at once");
}

#[test]
fn a_change_of_way_loses_nothing_and_adds_nothing() {
    let mut sums = Sums::default();
    sums.advance(stat(100), Some(stat(150)), true);
    sums.advance(stat(10), Some(stat(160)), false);
    // Now without a total: 5 more are 5 more.
    assert_eq!(sums.advance(stat(5), None, false), stat(5));
    assert_eq!(sums.used(), stat(165));
    // And back: the total is the same as what is shown already.
    assert_eq!(sums.advance(stat(5), Some(stat(170)), false), stat(5));
    assert_eq!(sums.advance(stat(0), Some(stat(171)), false), stat(1));
    assert_eq!(sums.used(), stat(171));
}

#[test]
fn a_total_that_comes_late_makes_no_burst_of_what_ended_long_ago() {
    let mut sums = Sums::default();
    sums.advance(stat(100), None, true);
    assert_eq!(sums.advance(stat(10), Some(stat(5_000)), false), stat(10));
    assert_eq!(sums.advance(stat(0), Some(stat(5_003)), false), stat(3));
}

#[test]
fn what_threads_are_behind_is_not_counted_twice_when_the_total_goes_away() {
    let mut sums = Sums::default();
    sums.advance(stat(100), Some(stat(100)), true);
    // The total goes on; a thread that is read in turn has not told its 30 yet.
    sums.advance(stat(0), Some(stat(130)), false);
    assert_eq!(sums.advance(stat(40), None, false), stat(10));
    assert_eq!(sums.used(), stat(140));
}

#[test]
fn it_never_goes_back() {
    let mut sums = Sums::default();
    sums.advance(stat(100), Some(stat(100)), true);
    assert_eq!(
        sums.advance(stat(0), Some(stat(0)), false),
        stat(0),
        "of a process that has ended the kernel says zero"
    );
    assert_eq!(sums.used(), stat(100));
}
