use super::*;
use crate::{app::layout::map::Map, model::cluster::Group};

const ALL: usize = 10_000;

fn crowded(size: (u16, u16), by: &str) -> Desk {
    let mut desk = Desk::new(2, size);
    desk.hear(&crowd(1.0, ALL));
    desk.state.group_by = Some(by).filter(|by| !by.is_empty()).map(Into::into);
    desk
}

fn map(desk: &Desk) -> (Arc<[Group]>, Map) {
    desk.state.map(&desk.state.areas())
}

/// How many nodes have a cell on the map.
fn n_shown(desk: &Desk) -> usize {
    let (groups, map) = map(desk);
    map.places.iter().map(|place| place.of(&groups).count()).sum()
}

fn on_map(desk: &mut Desk) -> &mut Desk {
    desk.key(Key::BackTab);
    assert!(desk.state.is_on_map());
    desk
}

#[test]
fn each_of_ten_thousand_nodes_is_in_one_cell_however_many_groups() {
    for size in [(160, 45), (120, 35), (80, 24), (200, 55)] {
        for by in ["", "role", "rack"] {
            let desk = crowded(size, by);
            assert_eq!(n_shown(&desk), ALL, "by {by:?} at {size:?}");
            let (_, map) = map(&desk);
            assert!(if by == "rack" { map.group_fold > 0 } else { map.fold > 1 }, "by {by:?} at {size:?}");
        }
    }
}

#[test]
fn groups_are_worked_out_once_for_who_is_there() {
    let mut desk = crowded((160, 45), "role");
    let before = desk.state.arranged.n_made();
    n_shown(&desk);
    let briefs = vec![(id("node-00007"), crate::event::Brief::default())];
    let fleet = crate::event::Fleet { address: "hub-1:7700".into(), briefs, ..Default::default() };
    desk.hear(&[stamped(2.0, Event::Fleet(Box::new(fleet)))]);
    n_shown(&desk);
    assert!(desk.state.arranged.n_made() - before <= 1);
    let known = desk.state.arranged.n_made();
    desk.hear(&[stamped(3.0, described(3.0, "another").event)]);
    n_shown(&desk);
    assert_eq!((desk.state.arranged.n_made() - known, n_shown(&desk)), (1, ALL + 1));
}

#[test]
fn a_cell_of_several_nodes_leads_into_its_group_and_from_there_to_one_node_per_cell() {
    let mut desk = crowded((160, 45), "role");
    on_map(&mut desk).key(Key::Down);
    let worst = id("node-09999");
    assert_eq!(desk.state.node_on_map(), Some(&worst), "the first key selects what needs a look most");
    desk.key(Key::Enter);
    assert_eq!(n_shown(&desk), ALL / 2, "the group alone");
    desk.keys("+");
    let (_, close) = map(&desk);
    assert_eq!((close.fold, close.page.as_ref().map(|page| page.end)), (1, Some(ALL / 2)), "the page with the node");
    desk.key(Key::Enter);
    assert_eq!(desk.state.screen(), &Screen::Node(worst));
    desk.key(Key::Esc).keys("-");
    assert_eq!(n_shown(&desk), ALL / 2);
    desk.keys("-");
    assert_eq!(n_shown(&desk), ALL);
}

#[test]
fn arrows_go_from_cell_to_cell_and_over_the_edge_of_a_page() {
    let mut desk = crowded((160, 45), "");
    on_map(&mut desk).key(Key::Down).keys("+g");
    assert_eq!(desk.state.node_on_map(), Some(&id("node-00000")));
    desk.key(Key::Right);
    assert_eq!(desk.state.node_on_map(), Some(&id("node-00001")));
    let per_line = map(&desk).1.places.iter().filter(|place| place.rect.y == map(&desk).1.places[0].rect.y).count();
    desk.key(Key::Down);
    assert_eq!(desk.state.node_on_map(), Some(&id(&format!("node-{:05}", per_line + 1))));
    let n_page = map(&desk).1.places.len();
    desk.key(Key::PageDown).key(Key::PageDown);
    let page = map(&desk).1.page.expect("there are several pages");
    assert_eq!(page.start, n_page);
    desk.key(Key::Up);
    assert_eq!(map(&desk).1.page.expect("there are several pages").end, n_page);
}

#[test]
fn what_the_filter_leaves_out_has_no_cell_to_go_to() {
    let mut desk = crowded((160, 45), "role");
    desk.keys("/rack=r001").key(Key::Enter);
    let (groups, shown) = map(&desk);
    let taken = desk.state.cells(&groups, &shown);
    let n_taken = taken.iter().flatten().count();
    assert!((1..taken.len() / 2).contains(&n_taken), "{n_taken} of {}", taken.len());
    assert_eq!(desk.state.nodes_on_map(&groups).count(), 20);
    on_map(&mut desk).keys("gG");
    let node = desk.state.node_on_map().expect("a cell is selected");
    assert_eq!(desk.state.model.node(node).unwrap().label("rack").map(|rack| &**rack), Some("r001"));
}

#[test]
fn the_mouse_goes_into_groups_by_their_names_and_into_cells() {
    let mut desk = crowded((160, 45), "role");
    let (groups, shown) = map(&desk);
    let cell = shown.places.last().expect("there are cells").rect;
    desk.mouse(MouseKind::DoubleClick, cell.x, cell.y);
    assert_eq!(desk.state.map_group(&groups).and_then(|group| group.value.as_deref()), Some("media"));
    desk.key(Key::Esc);
    let (row, _) = shown.captions[0];
    desk.mouse(MouseKind::Click, shown.groups.x + 2, row);
    assert_eq!(desk.state.map_group(&groups).and_then(|group| group.value.as_deref()), Some("chat"));
    let table = desk.state.areas().rows(0);
    desk.mouse(MouseKind::Click, table.x, table.y);
    assert!(!desk.state.is_on_map(), "the table has the keys");
}
