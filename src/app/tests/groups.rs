//! The tables that stand beside nodes and hottest tasks: groups in numbers, and VMs by the links that lead to them.

use midair_vitals::{
    VmReading,
    vm::{DistLink, Listed},
};

use super::*;
use crate::{app::tabs, event::Runtime};

/// Three nodes in two racks; `a` and `b` have links to the VM of `c`, the one of `b` is busy. `c` is cut off.
fn fleet() -> Desk {
    let mut desk = Desk::new(3, (160, 45));
    for (node, rack) in [("a", "r1"), ("b", "r2"), ("c", "r2")] {
        let mut told = described(0.1, node);
        if let Event::Described(described) = &mut told.event {
            described.labels = vec![("rack".into(), rack.into())];
        }
        let vm = |sample: &mut crate::event::Sample| {
            let name: std::sync::Arc<str> = format!("vm@{node}").into();
            sample.runtimes.push(Runtime { id: 1, kind: "beam".into(), name: name.clone(), ..os() });
            sample.reading.mem_available_bytes = Some(if node == "b" { 100 << 20 } else { 500 << 20 });
            let (peer, is_busy) = ("vm@c".into(), Some(node == "b"));
            let link = DistLink { peer, is_busy, pending_bytes: Some(7), ..DistLink::default() };
            let rows = if node == "c" { Vec::new() } else { vec![link] };
            let links = Some(Listed { n_total: Some(rows.len() as u64), rows, partial: None, at_us: None });
            let at_us = Some(sample.mono_us);
            sample.vms = vec![VmReading { runtime: 1, name: Some(name), at_us, links, ..VmReading::default() }];
        };
        desk.hear(&[up(0.0, node), told, sample_with(1.0, node, vm)]);
    }
    desk.hear(&[down(1.5, "c")]);
    desk
}

#[test]
fn groups_say_of_how_many_they_speak_and_lead_to_their_nodes() {
    let mut desk = fleet();
    let groups = desk.state.summaries();
    let told = |n: usize| (groups[n].value.as_deref(), groups[n].n_heard, groups[n].n_nodes);
    assert_eq!((told(0), told(1)), ((Some("r1"), 1, 1), (Some("r2"), 1, 2)));
    let worst = groups[1].spread(Vital::Mem).map(|spread| (spread.median.percent(), spread.worst.percent()));
    assert_eq!(worst, Some((90, 90)), "of those that are heard");
    desk.keys(":view groups").key(Key::Enter).key(Key::Down);
    assert_eq!(desk.state.level().panel, Panel::Groups);
    assert_eq!(desk.state.level().current().selected, Some(RowId::Group(Some("r2".into()))), "the worst first");
    desk.key(Key::Enter);
    let nodes = desk.state.rows(Panel::Nodes);
    assert_eq!((desk.state.level().panel, nodes.len()), (Panel::Nodes, 2));
    assert_eq!(desk.key(Key::Esc).state.rows(Panel::Nodes).len(), 3, "out again");
}

#[test]
fn who_does_not_read_stands_first_among_peers_and_is_gone_to() {
    let mut desk = fleet();
    desk.keys(":view peers").key(Key::Enter);
    assert_eq!(desk.state.rows(Panel::Peers), [RowId::Peer("vm@c".into())]);
    let peer = &desk.state.model.link_peers()["vm@c"];
    assert_eq!((peer.n_up, peer.busy_from.len(), peer.pending_bytes), (2, 1, Some(14)));
    desk.key(Key::Enter);
    assert_eq!(desk.state.screen(), &Screen::Vm(id("c"), 1));
    assert_eq!(desk.key(Key::Esc).state.screen(), &Screen::Node(id("c")));
}

#[test]
fn tables_that_share_a_place_are_reached_by_mouse() {
    let mut desk = fleet();
    for (shown, to) in [(Panel::Nodes, Panel::Groups), (Panel::Tasks, Panel::Peers)] {
        let areas = desk.state.areas();
        let tabs = tabs::tabs(&desk.state, &areas, shown, desk.state.rows(shown).len());
        let tab = tabs.iter().find(|tab| tab.panel == to).expect("there is room");
        desk.mouse(MouseKind::Click, tab.rect.x + 1, tab.rect.y);
        assert_eq!(desk.state.level().panel, to);
        let areas = desk.state.areas();
        let index = |panel| areas.tables[desk.state.level().index_of(panel)].is_empty();
        assert!(index(shown) && !index(to), "the one is shown in the place of the other");
    }
}

#[test]
fn each_finding_is_gone_to_by_a_click() {
    let mut desk = fleet();
    let findings = desk.state.findings();
    assert!(findings.len() > 1);
    for (n, finding) in findings.iter().enumerate() {
        let mut desk = fleet();
        let line = desk.state.areas().finding;
        desk.mouse(MouseKind::Click, line.x + 3, line.y);
        let places = FindingPlaces::new(desk.state.size, 0);
        desk.mouse(MouseKind::Click, 20, places.inside.y + places.n_lines * n as u16 + 1);
        assert_eq!((desk.state.overlay.as_ref(), desk.state.screen().node()), (None, Some(&finding.subject.node)));
    }
    let line = desk.state.areas().finding;
    desk.mouse(MouseKind::Click, line.x + 3, line.y).mouse(MouseKind::Click, 20, 40);
    assert_eq!((&desk.state.overlay, desk.state.screen()), (&None, &Screen::Cluster), "beside them it is closed");
}
