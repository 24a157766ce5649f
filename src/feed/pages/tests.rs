use std::sync::Arc;

use midair_proto::v1::{self, Envelope, payload::Kind};
use prost::Message as _;

use super::*;

const S: u64 = 1_000_000;

/// A key at each tenth second, else a delta; one envelope a second, with a payload of so many bytes more.
fn leaf(from: u64, to: u64, padding: usize) -> Leaf {
    // It begins with the key before its range.
    let entries = (from / 10 * 10..=to).map(|second| sample(second, padding)).collect();
    Leaf { from: Stamp(from * S), to: Stamp(to * S), entries, trouble: None }
}

fn sample(second: u64, padding: usize) -> Entry {
    let name = v1::Name { id: Some(1), text: Some("x".repeat(padding)) };
    let sample = v1::Sample { names: vec![name], ..v1::Sample::default() };
    let envelope = Envelope {
        node: Some("a".to_owned()),
        seq: Some(second),
        key: Some(second.is_multiple_of(10)),
        payload: Some(v1::Payload { kind: Some(Kind::Sample(sample)) }.encode_to_vec().into()),
        ..Envelope::default()
    };
    Entry { at: Stamp(second * S), item: Item::Envelope("a:1".into(), Arc::new(envelope)) }
}

fn node() -> NodeId {
    NodeId::new("a")
}

fn seconds(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.at.0 / S).collect()
}

fn missing(pages: &Pages, from: u64, to: u64) -> Option<(u64, u64)> {
    pages.missing(&node(), (Stamp(from * S), Stamp(to * S))).map(|(from, to)| (from.0 / S, to.0 / S))
}

#[test]
fn what_hangs_together_is_told_once_from_a_key_on() {
    let mut pages = Pages::default();
    pages.keep(&node(), leaf(115, 140, 0), Stamp(0));
    pages.keep(&node(), leaf(95, 115, 0), Stamp(0));
    let told = pages.told(&node(), (Stamp(100 * S), Stamp(130 * S)));
    assert_eq!(seconds(&told), (100..=130).collect::<Vec<_>>());
    let told = pages.told(&node(), (Stamp(97 * S), Stamp(130 * S)));
    assert_eq!(seconds(&told), (100..=130).collect::<Vec<_>>(), "before its key a delta says nothing");
}

#[test]
fn a_hole_or_a_broken_answer_ends_what_hangs_together() {
    let mut pages = Pages::default();
    pages.keep(&node(), leaf(50, 80, 0), Stamp(0));
    pages.keep(&node(), leaf(90, 120, 0), Stamp(0));
    assert_eq!(seconds(&pages.told(&node(), (Stamp(0), Stamp(120 * S))))[0], 90);
    let broken = Leaf { trouble: Some("cut".into()), ..leaf(120, 130, 0) };
    pages.keep(&node(), broken, Stamp(0));
    pages.keep(&node(), leaf(130, 150, 0), Stamp(0));
    assert_eq!(seconds(&pages.told(&node(), (Stamp(0), Stamp(150 * S))))[0], 130);
    assert_eq!(seconds(&pages.told(&node(), (Stamp(0), Stamp(125 * S))))[0], 90, "its own moments it does tell");
    pages.forget_troubles();
    assert_eq!(missing(&pages, 100, 150), Some((120, 130)), "and it is asked for again");
}

#[test]
fn what_is_missing_is_what_was_not_asked_the_last_of_it_first() {
    let mut pages = Pages::default();
    assert_eq!(missing(&pages, 100, 140), Some((100, 140)));
    pages.keep(&node(), leaf(120, 140, 0), Stamp(0));
    assert_eq!(missing(&pages, 100, 140), Some((100, 120)));
    assert_eq!(missing(&pages, 130, 200), Some((140, 200)));
    pages.keep(&node(), leaf(60, 100, 0), Stamp(0));
    assert_eq!(missing(&pages, 80, 140), Some((100, 120)));
    pages.keep(&node(), leaf(100, 120, 0), Stamp(0));
    assert_eq!(missing(&pages, 60, 140), None);
}

#[test]
fn what_is_farthest_from_the_playhead_goes_first() {
    let mut pages = Pages::default();
    let padding = 1 << 20;
    for n in 0..10 {
        pages.keep(&node(), leaf(n * 10, n * 10 + 9, padding), Stamp(35 * S));
    }
    assert!(pages.n_bytes <= BYTES_MAX, "{}", pages.n_bytes);
    let kept: Vec<u64> = pages.nodes[&node()].iter().map(|leaf| leaf.from.0 / S).collect();
    assert_eq!(kept, [10, 20, 30, 40, 50, 60]);
    let sum: usize = pages.nodes[&node()].iter().map(bytes).sum();
    assert_eq!(sum, pages.n_bytes);
}
