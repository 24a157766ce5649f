//! Whom a dashboard of a hub follows, and how often that changes.

use super::*;
use crate::event::{Brief, Event, Fleet, Heard, Hearing};
use midair_vitals::{Severities, Severity};

const HUB: &str = "hub1:7071";
const N: usize = 2_000;

fn name(n: usize) -> String {
    format!("node-{n:04}")
}

/// A hub that is reached, and tells of all its nodes.
fn desk() -> Desk {
    let mut desk = Desk::new(1, (120, 35));
    let Event::Described(hub) = described_as(0.1, HUB, HUB, 1).event else { panic!("a description") };
    let hub = Described { is_hub: true, ..*hub };
    desk.hear(&[up_at(0.0, HUB), stamped(0.1, Event::Described(Box::new(hub)))]);
    let node = |n| {
        let Event::Described(node) = described_as(0.2, &name(n), HUB, 1).event else { panic!("a description") };
        *node
    };
    let heard = |n| Heard {
        node: id(&name(n)),
        hearing: Hearing::Live,
        since_us: None,
        cause: None,
        reason: "".into(),
        clock: None,
        n_lost: None,
    };
    let all = Fleet {
        begins: true,
        ends: true,
        nodes: (0..N).map(node).collect(),
        heard: (0..N).map(heard).collect(),
        ..told(|_| 0)
    };
    desk.hear(&[stamped(0.3, Event::Fleet(Box::new(all)))]);
    desk
}

/// What the hub says of memory, per mille.
fn told(mem: impl Fn(usize) -> u32) -> Fleet {
    let brief = |n| Brief {
        severities: Severities { mem: Some(Severity::from_per_mille(mem(n))), ..Severities::default() },
        ..Brief::default()
    };
    Fleet { address: HUB.into(), briefs: (0..N).map(|n| (id(&name(n)), brief(n))).collect(), ..Fleet::default() }
}

fn says(desk: &mut Desk, seconds: f64, mem: impl Fn(usize) -> u32) -> (Vec<String>, usize) {
    desk.hear(&[stamped(seconds, Event::Fleet(Box::new(told(mem))))]);
    let controls = desk.controls();
    let followed = controls.iter().filter_map(|control| match control {
        Control::Follow { node, .. } => Some(node.0.to_string()),
        _ => None,
    });
    (followed.collect(), controls.iter().filter(|control| matches!(control, Control::Leave { .. })).count())
}

#[test]
fn of_nodes_that_are_alike_none_comes_and_goes() {
    let mut desk = desk();
    let wobbling = |t: usize| move |n: usize| 400 + ((n * 7_919 + t * 104_729) % 40) as u32;
    let (first, _) = says(&mut desk, 1.0, wobbling(1));
    assert!(first.len() > 100 && first.len() < N / 4, "{}", first.len());
    for t in 2..60 {
        let (came, n_left) = says(&mut desk, t as f64, wobbling(t));
        assert_eq!((came.len(), n_left), (0, 0), "at {t} s");
    }
}

#[test]
fn who_is_far_worse_than_all_is_followed_at_once() {
    let mut desk = desk();
    says(&mut desk, 1.0, |_| 400);
    let worse = |n| if n == 1_999 { 900 } else { 400 };
    assert_eq!(says(&mut desk, 2.0, worse).0, ["node-1999"]);
}

#[test]
fn what_followed_nodes_say_of_themselves_changes_nothing_of_what_is_asked() {
    let mut desk = desk();
    says(&mut desk, 1.0, |_| 400);
    let before = asks::N_WORKED_OUT.with(std::cell::Cell::get);
    for n in 0..100 {
        let address = event::through(HUB, &id(&name(n)));
        desk.hear(&[up_at(2.0, &address), described_as(2.0, &name(n), &address, 1)]);
    }
    assert_eq!(asks::N_WORKED_OUT.with(std::cell::Cell::get), before);
    assert_eq!(desk.controls(), []);
}
