use super::*;
use crate::{app::screen::Level, event::NodeId};
use midair_vitals::{Order, TaskId};

fn screens() -> [Screen; 3] {
    let node = NodeId::new("a");
    let task = TaskId { runtime: 0, number: 1, start: 1 };
    [Screen::Cluster, Screen::Node(node.clone()), Screen::Task(node, task)]
}

fn parts(areas: &Areas) -> Vec<Rect> {
    let mut parts = vec![areas.header, areas.finding, areas.map, areas.about, areas.timeline, areas.footer];
    parts.extend(areas.vitals);
    parts.extend(areas.tables);
    parts.into_iter().filter(|rect| !rect.is_empty()).collect()
}

/// Every part lies on the screen, and no two overlap; at every size up to one that has room for all.
#[test]
fn parts_lie_on_the_screen_and_apart() {
    for screen in screens() {
        for width in (1..=230).step_by(7).chain([2, 20, 80, 100, 160]) {
            for height in (1..=70).step_by(3).chain([2, 5, 24, 35]) {
                for panel in screen.panels() {
                    check_apart(&areas(&screen, *panel, width, height), width, height);
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
                let index = Level { panel: *panel, ..Level::new(screen.clone(), Order::Severity) }.index_of(*panel);
                let rows = areas(&screen, *panel, width, height).rows(index);
                assert!(!rows.is_empty(), "{panel:?} of {screen:?} at {width}x{height}");
            }
        }
    }
}

#[test]
fn one_cell_is_the_table() {
    let areas = areas(&Screen::Cluster, Panel::Nodes, 1, 1);
    assert_eq!(areas.tables[0], Rect { x: 0, y: 0, width: 1, height: 1 });
    assert!(areas.rows(0).is_empty());
}
