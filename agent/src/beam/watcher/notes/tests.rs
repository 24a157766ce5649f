use midair_beam::{Atom, Pid};

use super::*;

fn event(what: What) -> Event {
    Event { at_us: 0, what, is_of_ours: None }
}

fn peer(node: &str, is_ours: bool) -> Peer {
    Peer { node: node.into(), is_hidden: Some(is_ours), is_ours }
}

#[test]
fn nodes_that_come_and_go_are_told_with_the_reason_and_ourselves_not() {
    let mut notes = Notes::default();
    let events = [
        event(What::NodeUp(peer("b@h", false))),
        event(What::NodeDown(peer("b@h", false), Some("net_tick_timeout".into()))),
        event(What::NodeUp(peer("midair@h", true))),
        event(What::NodeUp(peer("3A0OYB17KECP6@midair", false))),
        event(What::NodeDown(peer("3A0OYB17KECP6@midair", false), Some("connection_closed".into()))),
    ];
    let told = notes.take("a@h", &events, 0);
    assert_eq!(told, ["a@h: node b@h is up", "a@h: node b@h is down: net_tick_timeout"]);
}

#[test]
fn a_flood_is_one_note_in_ten_seconds() {
    let mut notes = Notes::default();
    let process = Pid { node: Atom::fixed("a@h"), creation: 1, id: 80, serial: 0 };
    let flood: Vec<Event> = (0..50).map(|_| event(What::BusyLink { process: process.clone(), port: None })).collect();
    let mut told = Vec::new();
    for second in 0..20 {
        told.extend(notes.take("a@h", &flood, second * 1_000_000));
    }
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].contains("500 times, the last suspends <0.80.0>"), "{told:?}");
}

#[test]
fn nodes_without_end_are_five_notes_and_a_sum_in_ten_seconds() {
    let mut notes = Notes::default();
    let ups: Vec<Event> = (0..30).map(|n| event(What::NodeUp(peer(&format!("n{n}@h"), false)))).collect();
    let told = |notes: &mut Notes, second: u64| notes.take("a@h", &ups, second * 1_000_000).len();
    assert_eq!((0..10).map(|second| told(&mut notes, second)).collect::<Vec<_>>(), [5, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let told = notes.take("a@h", &[], 10_000_000);
    assert_eq!(told, ["a@h: 295 more links came or went"]);
}

#[test]
fn what_our_own_helpers_do_is_no_note() {
    let process = |id| Pid { node: Atom::fixed("a@h"), creation: 1, id, serial: 0 };
    let heap = |id, is_of_ours| Event {
        is_of_ours: Some(is_of_ours),
        ..event(What::LargeHeap { process: process(id), heap_words: None })
    };
    let mut notes = Notes::default();
    let told = notes.take("a@h", &[heap(80, true), heap(81, false), heap(82, true)], 0);
    assert_eq!(told, ["a@h: large heap of <0.81.0>"]);
}
