use std::sync::Arc;

use midair_proto::v1::{Envelope, Fleet as Sent, FleetColumn, FleetValue, Hearing as Wire};

use super::{script::*, *};
use crate::{
    entry::{Entry, Item},
    event::{Event, Link, LinkState, Stamp},
    wire::Decoder,
};

const ADDRESS: &str = "10.0.0.1:7700";

fn told(decoder: &mut Decoder, envelopes: impl IntoIterator<Item = Envelope>) -> Vec<Event> {
    let entry = |envelope| Entry { at: Stamp(5), item: Item::Envelope(ADDRESS.into(), Arc::new(envelope)) };
    envelopes.into_iter().flat_map(|envelope| decoder.decode(&entry(envelope))).map(|s| s.event).collect()
}

fn fleets(events: &[Event]) -> Vec<&Fleet> {
    events.iter().filter_map(|e| if let Event::Fleet(fleet) = e { Some(&**fleet) } else { None }).collect()
}

fn n_malformed(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Malformed { .. })).count()
}

#[test]
fn a_key_in_parts_tells_of_all_nodes_and_what_follows_of_those_that_changed() {
    let mut decoder = Decoder::default();
    let events = told(&mut decoder, key(1, &[0; 4_500]));
    let parts = fleets(&events);
    let ends: Vec<(bool, bool)> = parts.iter().map(|part| (part.begins, part.ends)).collect();
    assert_eq!(ends, [(true, false), (false, false), (false, true)]);
    assert_eq!(parts.iter().map(|part| part.nodes.len()).sum::<usize>(), 4_500);
    let node = &parts[2].nodes[3];
    assert_eq!((&*node.node.0, &*node.name, node.epoch), ("node-4003", "node-04003", 7));
    assert_eq!(node.labels[0], ("role".into(), "media".into()), "texts of the first part hold in the last");
    let events = told(&mut decoder, [changed(4, FleetValue::Sched, &[(7, 420), (4_001, 990)]), hot(5, &[0, 4_499])]);
    let [changed, hot] = fleets(&events)[..] else { panic!("{events:?}") };
    let brief = &changed.briefs[1];
    assert_eq!(brief.0, NodeId::new("node-4001"));
    assert_eq!(brief.1.severities.sched, Some(Severity::from_per_mille(990)));
    assert_eq!(brief.1.cpu, Some(4.001), "what did not change is still known");
    assert_eq!(hot.hot, Some(vec![NodeId::new("node-0"), NodeId::new("node-4499")]));
}

#[test]
fn after_a_batch_that_was_missed_nothing_counts_until_the_next_key() {
    let mut decoder = Decoder::default();
    told(&mut decoder, key(1, &[0; 3]));
    let events =
        told(&mut decoder, [changed(3, FleetValue::Sched, &[(1, 5)]), changed(4, FleetValue::Sched, &[(1, 6)])]);
    assert!(events.is_empty(), "{events:?}");
    let mut parts = key(10, &[0; 2_001]);
    let events = told(&mut decoder, [parts.remove(1)]);
    assert!(events.is_empty(), "a part without those before it: {events:?}");
    let events = told(&mut decoder, key(20, &[7; 3]));
    let [fleet] = fleets(&events)[..] else { panic!("{events:?}") };
    assert_eq!((fleet.briefs.len(), fleet.n_missed), (3, 3), "one that never came, and two that were of no use");
}

#[test]
fn a_new_connection_begins_with_a_key() {
    let mut decoder = Decoder::default();
    told(&mut decoder, key(1, &[0; 3]));
    let up = Item::Link(Link { address: ADDRESS.into(), state: LinkState::Up { note: "".into() } });
    decoder.decode(&Entry { at: Stamp(6), item: up });
    assert!(told(&mut decoder, [changed(2, FleetValue::Sched, &[(1, 5)])]).is_empty());
}

#[test]
fn what_cannot_be_meant_is_malformed_and_waits_for_a_key() {
    let column = |gaps: Vec<u32>, values: Vec<i64>| {
        let column = FleetColumn { value: Some(FleetValue::Sched.into()), gaps, values, ..FleetColumn::default() };
        Sent { columns: vec![column], ..Sent::default() }
    };
    let nonsense = [
        column(vec![0, 1], vec![1]),
        column(vec![9], vec![1]),
        column(vec![u32::MAX, u32::MAX], vec![1, 2]),
        Sent { presences: vec![presence(77, Wire::Live, "")], ..Sent::default() },
        Sent { nodes: vec![v1::FleetNode { row: Some(u32::MAX), ..node(1) }], ..Sent::default() },
        Sent { nodes: vec![v1::FleetNode { node: None, ..node(1) }], ..Sent::default() },
        Sent {
            nodes: vec![v1::FleetNode { first_text: Some(u32::MAX), texts: vec!["a".into()], ..node(1) }],
            ..Sent::default()
        },
    ];
    for sent in nonsense {
        let mut decoder = Decoder::default();
        told(&mut decoder, key(1, &[0; 3]));
        let events = told(&mut decoder, [batch(2, false, sent.clone()), changed(3, FleetValue::Sched, &[(1, 5)])]);
        assert_eq!((n_malformed(&events), events.len()), (1, 1), "{sent:?}: {events:?}");
    }
}

#[test]
fn a_hub_cannot_make_room_for_more_nodes_than_are_kept() {
    let nodes = (0..=NODES_MAX).map(|row| v1::FleetNode { texts: Vec::new(), ..node(row) }).collect();
    let sent = Sent { part: Some(0), n_parts: Some(1), nodes, ..Sent::default() };
    let events = told(&mut Decoder::default(), [batch(1, true, sent)]);
    assert_eq!((n_malformed(&events), events.len()), (1, 1));
}

proptest::proptest! {
    #[test]
    fn whatever_a_hub_says_is_events(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), seq in 0..4_u64, is_key: bool) {
        let mut decoder = Decoder::default();
        told(&mut decoder, key(1, &[0; 3]));
        let mut payload = vec![13 << 3 | 2, bytes.len() as u8];
        payload.extend(&bytes);
        let envelope = Envelope { seq: Some(seq), key: Some(is_key), payload: Some(payload.into()), ..batch(1, true, Sent::default()) };
        told(&mut decoder, [envelope]);
    }
}
