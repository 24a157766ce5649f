use midair_vitals::{
    VmReading,
    vm::{DistLink, Listed, Sweep},
};

use super::*;
use crate::{
    event::{Runtime, Stamped},
    model::{finding::findings, script::*},
    view::finding::sentence,
};

/// The VM of a node, vm@NODE, with links to those of others; of each whether it is busy.
fn linked(seconds: f64, node: &str, to: &[(&str, bool)]) -> Stamped {
    sample_with(seconds, node, |sample| {
        let name: Arc<str> = format!("vm@{node}").into();
        sample.runtimes.push(Runtime { id: 1, kind: "beam".into(), name: name.clone(), ..os() });
        let one = |(peer, is_busy): &(&str, bool)| DistLink {
            peer: format!("vm@{peer}").into(),
            pending_bytes: is_busy.then_some(2_000),
            is_busy: is_busy.then_some(true),
            ..DistLink::default()
        };
        let rows: Vec<DistLink> = to.iter().map(one).collect();
        let at_us = Some(sample.mono_us);
        sample.vms = vec![VmReading {
            runtime: 1,
            name: Some(name),
            at_us,
            answered_us: at_us,
            creation: Some(5),
            links: Some(Listed { n_total: Some(rows.len() as u64), rows, partial: None, at_us: None }),
            sweep: Some(Sweep {
                n_suspended: Some(10 * to.iter().filter(|(_, is_busy)| *is_busy).count() as u64),
                ..Sweep::default()
            }),
            ..VmReading::default()
        }];
    })
}

fn everybody(seconds: f64, is_busy: bool) -> Vec<Stamped> {
    let mut events: Vec<Stamped> =
        ["a", "b", "c"].iter().map(|node| linked(seconds, node, &[("d", is_busy), ("e", false)])).collect();
    events.push(linked(seconds, "d", &[("a", false), ("b", false), ("c", false)]));
    events
}

#[test]
fn who_does_not_read_is_one_finding_before_those_who_wait() {
    let story = [everybody(1.0, true), everybody(2.0, true)].concat();
    let model = told(&story);
    let peer = &model.link_peers()["vm@d"];
    assert_eq!((peer.busy_from.len(), peer.n_up, peer.n_suspended, peer.pending_bytes), (3, 3, 30, Some(6_000)));
    assert_eq!(peer.at, Some((id("d"), 1)));
    let said = |story: &[Stamped]| findings(&told(story), None, at(2.0)).iter().map(sentence).collect::<Vec<_>>();
    let words = "vm@d does not read: its links from 3 nodes are busy, 5.86KB pending, 30 processes suspended";
    assert_eq!(said(&story), [words]);
    assert_eq!(said(&everybody(1.0, false)), [""; 0]);
}

#[test]
fn a_node_that_is_not_heard_is_seen_up_by_those_who_still_have_a_link_to_it() {
    let mut story = [vec![up(0.0, "d"), described(0.1, "d")], everybody(1.0, false), everybody(2.0, false)].concat();
    story.push(down(2.5, "d"));
    let seen = |story: &[Stamped]| {
        let model = told(story);
        model.seen_up(&model.nodes[&id("d")], &model.link_peers())
    };
    assert_eq!(seen(&story), Some((3, 3)));
    story.push(linked(3.0, "a", &[("e", false)]));
    assert_eq!(seen(&story), Some((2, 3)));
    story.push(linked(4.0, "a", &[("d", false), ("e", false)]));
    assert_eq!(seen(&story), Some((3, 3)), "it is back");
    let model = told(&story);
    assert_eq!(model.seen_up(&model.nodes[&id("a")], &model.link_peers()), None, "who was linked to it is silent now");
}
