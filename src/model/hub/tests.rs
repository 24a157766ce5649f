use super::*;
use crate::{
    event::{Brief, Event, Fleet, Link, Stamped},
    model::script::{at, described_as, id, stamped, tick, told, up_at},
    model::words::Part,
};

const ONE: &str = "hub1:7700";
const TWO: &str = "hub2:7700";

/// A hub that is reached.
fn hub(seconds: f64, address: &str) -> [Stamped; 2] {
    let Stamped { at, event: Event::Described(described) } = described_as(seconds, address, address, 1) else {
        panic!("a description")
    };
    let described = Described { is_hub: true, ..*described };
    [up_at(seconds, address), Stamped { at, event: Event::Described(Box::new(described)) }]
}

fn described_by(hub: &str, node: &str) -> Described {
    let Event::Described(described) = described_as(0.0, node, hub, 1).event else { panic!("a description") };
    *described
}

fn heard(node: &str, hearing: Hearing, reason: &str) -> Heard {
    Heard {
        node: id(node),
        hearing,
        since_us: Some(at(1.0).0),
        cause: (!reason.is_empty()).then_some(Cause::Timeout),
        reason: reason.into(),
        clock: None,
        n_lost: None,
    }
}

/// Whom a hub knows, in one telling of all.
fn all(seconds: f64, hub: &str, nodes: &[(&str, Hearing)]) -> Stamped {
    let brief = Brief { cpu: Some(2.0), ..Brief::default() };
    let fleet = Fleet {
        address: hub.into(),
        begins: true,
        ends: true,
        nodes: nodes.iter().map(|(node, _)| described_by(hub, node)).collect(),
        heard: nodes.iter().map(|(node, hearing)| heard(node, *hearing, "")).collect(),
        briefs: nodes.iter().map(|(node, _)| (id(node), brief)).collect(),
        ..Fleet::default()
    };
    stamped(seconds, Event::Fleet(Box::new(fleet)))
}

fn said(seconds: f64, hub: &str, told: Heard) -> Stamped {
    stamped(seconds, Event::Fleet(Box::new(Fleet { address: hub.into(), heard: vec![told], ..Fleet::default() })))
}

fn cut(seconds: f64, address: &str, cause: Cause) -> Stamped {
    let reason = format!("cannot reach agent {address}: connection refused").into();
    let state = LinkState::Down { cause, reason, retry_at: at(seconds) };
    stamped(seconds, Event::Link(Link { address: address.into(), state }))
}

fn after(stories: &[&[Stamped]]) -> Model {
    told(&stories.concat())
}

const LIVE: Hearing = Hearing::Live;

#[test]
fn nodes_of_a_hub_are_nodes_and_the_hub_is_none() {
    let model = after(&[&hub(0.0, ONE), &[all(1.0, ONE, &[("a", LIVE), ("b", LIVE)])]]);
    assert_eq!(model.nodes.keys().map(|id| &*id.0).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(model.counts().n_live, 2);
    let node = model.node(&id("a")).unwrap();
    assert_eq!(node.glance().unwrap().cpu, Some(2.0));
    assert_eq!(node.label("role").map(|role| &**role), Some("chat"));
}

#[test]
fn while_a_hub_is_not_reached_its_nodes_are_silent_for_that_and_keep_their_last_words() {
    let story = [&hub(0.0, ONE)[..], &[all(1.0, ONE, &[("a", LIVE)])], &[cut(2.0, ONE, Cause::Refused)]];
    let model = after(&story);
    let node = model.node(&id("a")).unwrap();
    assert_eq!(node.presence.reason(), Some("hub hub1:7700 is not reached: connection refused"));
    assert_eq!(node.presence.silent_since(), Some(at(1.0)), "since its last word");
    assert!(node.glance().is_some());
    let back = [&story.concat()[..], &hub(3.0, ONE)[..], &[all(3.5, ONE, &[("a", LIVE)])]];
    assert_eq!(after(&back).node(&id("a")).unwrap().presence, Presence::Live);
}

#[test]
fn a_hub_that_is_not_reached_is_one_finding_and_none_of_each_of_its_nodes() {
    let all_of = |hub| all(1.0, hub, &[("a", LIVE), ("b", LIVE), ("c", LIVE), ("d", LIVE)]);
    let story = [&hub(0.0, ONE)[..], &[all_of(ONE)], &[cut(2.0, ONE, Cause::Refused)]];
    let parts = |model: &Model| {
        let found = crate::model::finding::findings(model, None, at(13.0));
        found.into_iter().map(|finding| (finding.severity.per_mille(), finding.parts)).collect::<Vec<_>>()
    };
    let said = |severity| {
        let why = Part::Name("hub hub1:7700 is not reached: connection refused".into());
        let age = [Part::Words("; what it said last is "), Part::Time(12_000_000), Part::Words(" old")];
        vec![(severity, [why].into_iter().chain(age).collect::<Vec<_>>())]
    };
    assert_eq!(parts(&after(&story)), said(1000));
    let both = [&hub(0.0, TWO)[..], &[all_of(TWO)], &story.concat()[..]];
    assert_eq!(parts(&after(&both)), said(500), "another hub hears them");
}

#[test]
fn a_hub_that_says_nothing_is_no_source_of_what_is_now() {
    let story = [&hub(0.0, ONE)[..], &[all(1.0, ONE, &[("a", LIVE)]), tick(5.0)]];
    assert_eq!(after(&story).counts().n_live, 1);
    let model = after(&[&story.concat()[..], &[tick(7.0)]]);
    assert_eq!(model.node(&id("a")).unwrap().presence.reason(), Some("hub hub1:7700 says nothing"));
}

#[test]
fn of_two_hubs_the_one_that_hears_a_node_counts_and_the_way_to_it_leads_there() {
    let silent = heard("a", Hearing::Silent, "timeout");
    let both = [&hub(0.0, ONE)[..], &hub(0.0, TWO), &[all(1.0, ONE, &[("a", LIVE)]), all(1.0, TWO, &[("a", LIVE)])]];
    let model = after(&[&both.concat()[..], &[said(2.0, ONE, silent.clone())]]);
    let node = model.node(&id("a")).unwrap();
    assert_eq!(node.presence, Presence::Live);
    assert_eq!(&*model.way_to(node).unwrap().address, TWO);
    let seen: Vec<bool> = model.seen_by(node).map(|(_, seen)| seen == Some(&Presence::Live)).collect();
    assert_eq!(seen, [false, true]);
    let model = after(&[&both.concat()[..], &[said(2.0, ONE, silent.clone()), said(2.0, TWO, silent)]]);
    assert!(model.node(&id("a")).unwrap().presence.is_silent());
}

#[test]
fn who_is_not_named_when_a_hub_tells_of_all_has_left() {
    let story = [&hub(0.0, ONE)[..], &[all(1.0, ONE, &[("a", LIVE), ("b", LIVE)]), all(2.0, ONE, &[("b", LIVE)])]];
    let model = after(&story);
    assert_eq!(model.nodes.keys().map(|id| &*id.0).collect::<Vec<_>>(), ["b"]);
}
