use super::*;

fn seconds(backoff: &mut Backoff, trouble: Trouble, n: usize) -> Vec<u64> {
    (0..n).map(|_| backoff.failed(trouble, "no", 0.0).as_secs()).collect()
}

#[test]
fn a_node_that_is_gone_is_tried_each_half_minute_in_the_end() {
    assert_eq!(seconds(&mut Backoff::default(), Trouble::Absent, 8), [1, 2, 4, 8, 16, 30, 30, 30]);
}

#[test]
fn a_wrong_cookie_is_tried_after_minutes_and_keeps_its_reason() {
    let mut backoff = Backoff::default();
    backoff.failed(Trouble::Absent, "refused", 0.0);
    assert_eq!(seconds(&mut backoff, Trouble::Refused, 5), [120, 240, 480, 900, 900]);
    backoff.failed(Trouble::Refused, "wrong cookie", 0.0);
    assert_eq!((backoff.reason(), backoff.n_failed()), (Some("wrong cookie"), 6));
}

#[test]
fn a_connection_that_held_starts_anew_and_one_that_did_not_goes_on() {
    let mut backoff = Backoff::default();
    seconds(&mut backoff, Trouble::Absent, 4);
    backoff.connected();
    assert_eq!(backoff.reason(), None);
    assert_eq!(backoff.ended(Duration::from_secs(2), "closed", 0.0), Duration::from_secs(16));
    backoff.connected();
    assert_eq!(backoff.ended(Duration::from_secs(300), "closed", 0.0), Duration::from_secs(1));
    assert_eq!(backoff.reason(), Some("closed"));
}

#[test]
fn jitter_takes_at_most_a_quarter() {
    for jitter in [0.0, 0.5, 1.0, 7.0] {
        let pause = Backoff::default().failed(Trouble::Refused, "no", jitter).as_secs();
        assert!((90..=120).contains(&pause), "{pause} s");
    }
}

#[test]
fn it_fails_for_years_without_overflow() {
    let mut backoff = Backoff { last: Some(Trouble::Absent), n_failed: u32::MAX, reason: None };
    assert_eq!(backoff.failed(Trouble::Absent, "no", 0.0).as_secs(), 30);
}
