use super::*;

fn rounds(every: Duration, times_ms: &[u64]) -> Vec<u64> {
    let mut round = Round::default();
    times_ms.iter().copied().filter(|ms| round.begin(every, ms * 1_000)).collect()
}

#[test]
fn nothing_is_left_out_by_default() {
    let thrift = Thrift::default();
    assert_eq!(rounds(thrift.sockets_every, &[0, 1, 1_000]), [0, 1, 1_000]);
    assert_eq!((thrift.answers_every, thrift.interval_times), (1, 1));
}

#[test]
fn a_round_comes_once_per_period_even_where_readings_are_a_little_early() {
    let times: Vec<u64> = (0..9).map(|n| n * 995).collect();
    assert_eq!(rounds(Duration::from_secs(4), &times), [0, 3_980, 7_960]);
    assert_eq!(rounds(Duration::from_secs(4), &[5_000, 6_000, 60_000]), [5_000, 60_000]);
}
