use super::*;

const S: u64 = 1_000_000;

/// Live, last heard at 100 s, sampled every `interval_ms`; then `waited_ms` pass.
fn after(interval_ms: u64, waited_ms: u64) -> Presence {
    let mut presence = Presence::Live;
    presence.waited(Stamp(100 * S + waited_ms * 1000), Some(Stamp(100 * S)), interval_ms * 1000, "why");
    presence
}

#[test]
fn late_after_two_and_a_half_intervals() {
    assert_eq!(after(1000, 2499), Presence::Live);
    assert_eq!(after(1000, 2500), Presence::Late { since: Stamp(100 * S) });
}

#[test]
fn silent_after_five_intervals_but_never_before_three_seconds() {
    assert!(!after(1000, 4999).is_silent());
    assert!(after(1000, 5000).is_silent());
    assert!(!after(250, 2999).is_silent());
    assert!(after(250, 3000).is_silent());
}

#[test]
fn two_samples_bring_it_back() {
    let mut presence = after(1000, 5000);
    presence.heard(false);
    assert!(presence.is_silent());
    presence.heard(false);
    assert_eq!(presence, Presence::Live);
}

#[test]
fn one_sample_and_then_none_does_not_count_for_ever() {
    let mut presence = after(1000, 5000);
    presence.heard(false);
    presence.waited(Stamp(200 * S), Some(Stamp(106 * S)), S, "why");
    presence.heard(false);
    assert!(presence.is_silent());
}

#[test]
fn the_first_sample_of_all_is_enough() {
    let mut presence = Presence::Awaited { since: Stamp(0) };
    presence.cut(Stamp(S), None, Cause::Refused, "connection refused".into());
    presence.heard(true);
    assert_eq!(presence, Presence::Live);
}

#[test]
fn a_cut_link_is_silent_at_once_since_the_last_sample() {
    let mut presence = Presence::Live;
    presence.cut(Stamp(9 * S), Some(Stamp(8 * S)), Cause::Reset, "closed".into());
    assert_eq!(presence.silent_since(), Some(Stamp(8 * S)));
    presence.cut(Stamp(20 * S), Some(Stamp(8 * S)), Cause::Refused, "refused".into());
    assert_eq!(presence.silent_since(), Some(Stamp(8 * S)));
}
