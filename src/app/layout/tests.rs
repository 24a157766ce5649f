use super::*;
use crate::{
    app::screen::{Level, Scope},
    event::NodeId,
};
use midair_vitals::{Order, TaskId};

fn screens() -> [Screen; 4] {
    let node = NodeId::new("a");
    let task = TaskId { runtime: 0, number: 1, start: 1 };
    let part = Screen::Scope(node.clone(), Scope::Namespace(7));
    [Screen::Cluster, Screen::Node(node.clone()), part, Screen::Task(node, task)]
}

fn parts(areas: &Areas) -> Vec<Rect> {
    let mut parts = vec![areas.header, areas.finding, areas.map, areas.about, areas.timeline, areas.footer];
    parts.extend(areas.vitals);
    parts.extend(areas.tables);
    parts.into_iter().filter(|rect| !rect.is_empty()).collect()
}

/// Nothing to show, little, and much.
fn contents() -> [Content; 4] {
    let much = Content { groups: vec![40, 1, 900], notices: vec![140, 90], n_about: 5, n_queues: 30, n_children: 40 };
    [
        Content::default(),
        Content { groups: vec![1], n_queues: 1, ..Content::default() },
        Content { n_children: 1, ..Content::default() },
        much,
    ]
}

/// Every part lies on the screen, and no two overlap; at every size up to one that has room for all.
#[test]
fn parts_lie_on_the_screen_and_apart() {
    for screen in screens() {
        for width in (1..=230).step_by(7).chain([2, 20, 80, 100, 160]) {
            for height in (1..=70).step_by(3).chain([2, 5, 24, 35]) {
                for (panel, content) in screen.panels().iter().flat_map(|p| contents().map(|c| (p, c))) {
                    let areas = areas(&screen, *panel, (width, height), &content);
                    check_apart(&areas, width, height);
                    for part in [map::Part::All, map::Part::Group(2), map::Part::Page(2, 899)] {
                        let map = map::Map::new(&areas, &content.groups, part);
                        let on_map = |p: &map::Place| areas.map.contains(p.rect.x, p.rect.y + p.rect.height - 1);
                        assert!(map.places.iter().all(on_map), "{map:?} of {width}x{height}");
                    }
                }
            }
        }
    }
}

fn check_apart(areas: &Areas, width: u16, height: u16) {
    let mut taken = vec![false; usize::from(width) * usize::from(height)];
    for rect in parts(areas) {
        assert!(rect.x + rect.width <= width && rect.y + rect.height <= height, "{rect:?} of {width}x{height}");
        for row in rect.y..rect.y + rect.height {
            for column in rect.x..rect.x + rect.width {
                let cell = usize::from(row) * usize::from(width) + usize::from(column);
                assert!(!std::mem::replace(&mut taken[cell], true), "overlap at {column},{row} of {width}x{height}");
            }
        }
    }
}

/// The panel that has the keys has a table with rows, from a small terminal on.
#[test]
fn the_table_in_use_is_never_hidden() {
    for screen in screens() {
        for panel in screen.panels() {
            let sizes = (20..220).step_by(10).flat_map(|width| (5..60).map(move |height| (width, height)));
            for (width, height) in sizes {
                for content in contents() {
                    let index = Level { panel: *panel, ..Level::new(screen.clone(), Order::Severity) }.index_of(*panel);
                    let rows = areas(&screen, *panel, (width, height), &content).rows(index);
                    assert!(!rows.is_empty(), "{panel:?} of {screen:?} at {width}x{height}");
                }
            }
        }
    }
}

#[test]
fn one_cell_is_the_table() {
    let areas = areas(&Screen::Cluster, Panel::Nodes, (1, 1), &Content::default());
    assert_eq!(areas.tables[0], Rect { x: 0, y: 0, width: 1, height: 1 });
    assert!(areas.rows(0).is_empty());
}

/// A person at the console of a server sees enough rows to work with.
#[test]
fn a_small_terminal_shows_eleven_tasks() {
    let [cluster, node, _, task] = screens();
    let at = |screen: &Screen, content: &Content| areas(screen, screen.panels()[0], (80, 24), content);
    let one = Content { groups: vec![1], n_queues: 2, n_children: 8, ..Content::default() };
    assert!(at(&node, &one).rows(0).height >= 11);
    assert!(at(&cluster, &one).rows(1).height >= 11);
    let both = at(&task, &one);
    assert!(both.rows(0).height >= 2 && both.rows(1).height >= 4, "{both:?}");
    let no_threads = at(&task, &Content { n_children: 0, ..one });
    assert!(no_threads.rows(0).height >= 6, "{no_threads:?}");
}

#[test]
fn who_has_no_queues_leaves_the_room_to_threads() {
    let [.., task] = screens();
    let of = |n_queues, n_children| {
        let content = Content { n_queues, n_children, ..Content::default() };
        areas(&task, Panel::Queues, (120, 35), &content).tables[..2].iter().map(|table| table.width).collect::<Vec<_>>()
    };
    assert_eq!(of(0, 9), [34, 86]);
    assert_eq!(of(9, 0), [86, 34]);
    assert_eq!(of(9, 9), [68, 52]);
}

#[test]
fn one_node_takes_no_more_than_it_needs() {
    let [cluster, ..] = screens();
    let tasks = |groups: Vec<usize>| {
        areas(&cluster, Panel::Nodes, (120, 35), &Content { groups, ..Content::default() }).rows(1).height
    };
    assert_eq!(tasks(vec![1]), 35 - 3 - 5 - 6 - 3);
    assert!(tasks(vec![200]) >= 10);
}
