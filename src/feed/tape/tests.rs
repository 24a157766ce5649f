use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;

use super::*;
use crate::event::{Input, Key, Link, LinkState};

const SECOND: u64 = 1_000_000;

fn tick(at_s: u64) -> Entry {
    Entry { at: Stamp(at_s * SECOND), item: Item::Tick }
}

fn link(at_s: u64) -> Entry {
    let link = Link { address: "a".into(), state: LinkState::Connecting };
    Entry { at: Stamp(at_s * SECOND), item: Item::Link(link) }
}

fn envelope(at_s: u64, key: bool, kind: Kind) -> Entry {
    let envelope = v1::Envelope {
        node: Some("n".into()),
        key: Some(key),
        payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
        ..v1::Envelope::default()
    };
    Entry { at: Stamp(at_s * SECOND), item: Item::Envelope("a".into(), envelope.into()) }
}

fn sample(at_s: u64, key: bool) -> Entry {
    envelope(at_s, key, Kind::Sample(v1::Sample::default()))
}

fn tape(entries: impl IntoIterator<Item = Entry>) -> Tape {
    let mut tape = Tape::default();
    for entry in entries {
        tape.push(&entry);
    }
    tape
}

/// Seconds of the entries told after the reset.
fn anew(told: &[Entry]) -> Vec<u64> {
    assert_eq!(told.first().map(|e| &e.item), Some(&Item::Reset));
    seconds(&told[1..])
}

fn seconds(told: &[Entry]) -> Vec<u64> {
    assert!(told.iter().all(|e| e.item != Item::Reset), "{told:?}");
    told.iter().map(|e| e.at.0 / SECOND).collect()
}

/// All that a seek to the newest moment tells somebody who was at the oldest.
fn all(tape: &mut Tape) -> Vec<u64> {
    tape.seek(Stamp(0));
    tape.n_told = usize::MAX;
    anew(&tape.live())
}

#[test]
fn what_a_hub_told_of_all_nodes_is_told_again_with_all_since_however_long_ago_it_was() {
    let batch = |at_s: u64, key: bool| envelope(at_s, key, Kind::Fleet(v1::Fleet::default()));
    let (first, second) = ([batch(1, true), batch(2, false)], [batch(3, true), batch(3, true), batch(4, false)]);
    let mut tape = tape(first.into_iter().chain(second).chain([batch(5, false), tick(5_000)]));
    assert_eq!(all(&mut tape), [3, 3, 4, 5, 5_000]);
}

#[test]
fn a_seek_back_tells_everything_up_to_the_moment_and_nothing_after() {
    let mut tape = tape((1..=10).map(tick));
    assert_eq!(anew(&tape.seek(Stamp(4 * SECOND))), [1, 2, 3, 4]);
    assert_eq!(anew(&tape.seek(Stamp(2 * SECOND))), [1, 2]);
}

#[test]
fn a_seek_ahead_tells_only_what_follows() {
    let mut tape = tape((1..=10).map(tick));
    assert!(tape.seek(Stamp(10 * SECOND)).is_empty(), "a pause costs nothing");
    tape.seek(Stamp(4 * SECOND));
    assert_eq!(seconds(&tape.seek(Stamp(6 * SECOND))), [5, 6]);
    assert_eq!(seconds(&tape.live()), [7, 8, 9, 10]);
}

#[test]
fn entries_of_the_very_moment_of_a_pause_are_not_lost() {
    let mut tape = tape([tick(1)]);
    tape.seek(Stamp(SECOND));
    tape.push(&tick(1));
    assert_eq!(seconds(&tape.live()), [1]);
}

#[test]
fn after_a_long_look_at_the_past_all_is_told_anew() {
    let mut tape = tape([tick(1), tick(2)]);
    tape.seek(Stamp(SECOND));
    tape.push(&tick(3_000));
    tape.push(&tick(3_001));
    assert_eq!(anew(&tape.live()), [3_000, 3_001]);
}

#[test]
fn in_the_past_what_arrives_is_kept_and_not_passed_on() {
    let mut tape = tape([tick(1)]);
    tape.seek(Stamp(SECOND));
    assert!(!tape.push(&tick(2)));
    assert_eq!(seconds(&tape.live()), [2]);
    assert!(tape.push(&tick(3)));
}

#[test]
fn inputs_pass_and_are_not_kept() {
    let mut tape = tape([tick(1)]);
    tape.seek(Stamp(SECOND));
    let input = Entry { at: Stamp(2 * SECOND), item: Item::Input(Input::Key(Key::End)) };
    assert!(tape.push(&input));
    assert_eq!(all(&mut tape), [1]);
}

#[test]
fn links_descriptions_and_marks_outlive_their_place() {
    let described = envelope(2, false, Kind::Described(v1::Description::default()));
    let mark = envelope(3, false, Kind::Mark(v1::Mark::default()));
    let mut tape = tape([link(1), described, mark, tick(4), tick(3_000), tick(3_001)]);
    assert_eq!(all(&mut tape), [1, 2, 3, 3_000, 3_001], "the tick of second 4 is forgotten");
}

#[test]
fn deltas_whose_key_is_gone_are_not_told() {
    let mut tape = tape([sample(1, true), sample(1_500, false), sample(1_501, true), sample(1_502, false)]);
    assert_eq!(all(&mut tape), [1_501, 1_502]);
}

#[test]
fn the_tape_is_bounded_in_bytes() {
    let text = "x".repeat(1 << 20);
    let heavy = |at_s| {
        let refused = v1::Refused { reason: Some(text.clone()), ..v1::Refused::default() };
        envelope(at_s, false, Kind::Refused(refused))
    };
    let tape = tape((1..=100).map(heavy));
    assert!(tape.n_bytes <= BYTES_MAX, "{}", tape.n_bytes);
    assert_eq!(tape.n_bytes, tape.entries.iter().map(weight).sum::<usize>());
    assert_eq!(tape.range().map(|r| r.1), Some(Stamp(100 * SECOND)));
}

#[test]
fn stamps_never_run_backwards() {
    let mut tape = tape([tick(5), tick(3), tick(6)]);
    assert_eq!(all(&mut tape), [5, 5, 6]);
}
