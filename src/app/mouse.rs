//! The mouse: click to select or, on a head, to sort; double click to go in, wheel to scroll, a click on the time line
//! to go back.

use super::{Effect, Overlay, State, act, heads, keymap::Action, layout::Areas, overlay, tabs};
use crate::{
    event::{Mouse, MouseKind},
    model::Vital,
};

/// Rows that the wheel moves.
const WHEEL_ROWS: i32 = 3;

/// What the mouse does.
pub(super) fn mouse(state: &mut State, mouse: Mouse) -> Vec<Effect> {
    if !state.has_mouse {
        return Vec::new();
    }
    match (mouse.kind, &state.overlay) {
        (MouseKind::WheelUp, Some(_)) => act::act(state, Action::Move(-WHEEL_ROWS)),
        (MouseKind::WheelDown, Some(_)) => act::act(state, Action::Move(WHEEL_ROWS)),
        // The time line stays in sight: what is compared moves with it.
        (MouseKind::Click | MouseKind::DoubleClick, Some(Overlay::Compare(_))) => {
            let is_on_line = state.areas().timeline_chart().contains(mouse.column, mouse.row);
            if is_on_line { click(state, mouse) } else { Vec::new() }
        }
        (MouseKind::Click | MouseKind::DoubleClick, Some(Overlay::Findings(chosen))) => {
            let chosen = chosen.clone();
            if overlay::click(state, &chosen, (mouse.column, mouse.row)).is_none() {
                state.overlay = None;
            }
            Vec::new()
        }
        (MouseKind::Click | MouseKind::DoubleClick, Some(_)) => {
            state.overlay = None;
            Vec::new()
        }
        (MouseKind::WheelUp, None) => wheel(state, mouse, -WHEEL_ROWS),
        (MouseKind::WheelDown, None) => wheel(state, mouse, WHEEL_ROWS),
        (MouseKind::Click, None) => click(state, mouse),
        (MouseKind::DoubleClick, None) => {
            let areas = state.areas();
            let on_row = select_on_map(state, &areas, mouse) || select(state, &areas, mouse);
            if on_row { act::act(state, Action::Enter) } else { Vec::new() }
        }
    }
}

fn click(state: &mut State, mouse: Mouse) -> Vec<Effect> {
    let areas = state.areas();
    let chart = areas.timeline_chart();
    if chart.contains(mouse.column, mouse.row) {
        let cell = usize::from(mouse.column - chart.x);
        let to = state.window().end_of(cell, usize::from(chart.width));
        return state.seek(to);
    }
    if areas.finding.contains(mouse.column, mouse.row) {
        return act::act(state, Action::Findings);
    }
    if let Some(n) = areas.vitals.iter().position(|panel| panel.contains(mouse.column, mouse.row)) {
        return act::act(state, Action::Choose(Vital::FOUR[n]));
    }
    if !choose_tab(state, &areas, mouse) && !select_on_map(state, &areas, mouse) && !sort(state, &areas, mouse) {
        select(state, &areas, mouse);
    }
    Vec::new()
}

/// Selects the node under the mouse, where a cell of the map is; says whether there was one.
fn select_on_map(state: &mut State, areas: &Areas, mouse: Mouse) -> bool {
    if !areas.map.contains(mouse.column, mouse.row) {
        return false;
    }
    let (groups, map) = state.map(areas);
    state.on_map.has_keys = true;
    if let Some(group) = map.name_at(mouse.column, mouse.row).and_then(|group| groups.get(group)) {
        state.enter_group(group);
        return false;
    }
    let Some(place) = map.at(mouse.column, mouse.row) else { return false };
    let Some(n) = map.places.iter().position(|one| one == place) else { return false };
    state.select_on_map(&groups, &map, n);
    state.node_on_map().is_some_and(|id| place.of(&groups).any(|node| node == id))
}

/// Shows the tab under the mouse; says whether there was one.
fn choose_tab(state: &mut State, areas: &Areas, mouse: Mouse) -> bool {
    let panels = state.screen().panels();
    let Some(shown) = areas.table_at(mouse.column, mouse.row).and_then(|n| panels.get(n)) else { return false };
    let tabs = tabs::tabs(state, areas, *shown, state.rows(*shown).len());
    let Some(tab) = tabs.iter().find(|tab| tab.rect.contains(mouse.column, mouse.row)) else { return false };
    state.level_mut().panel = tab.panel;
    true
}

/// Sorts by the column whose head is under the mouse, and turns the order round where it sorts already; says whether
/// there was a head.
fn sort(state: &mut State, areas: &Areas, mouse: Mouse) -> bool {
    let Some(table) = areas.table_at(mouse.column, mouse.row) else { return false };
    let row = areas.heads(table);
    if !row.contains(mouse.column, mouse.row) {
        return false;
    }
    let Some(panel) = state.screen().panels().get(table).copied() else { return false };
    let heads = heads::of(panel, state.screen(), state.is_mixed());
    let places = heads::arrange(heads, row.width, state.list(panel).n_columns_skipped, state.longest_name());
    let sort = heads::at(heads, &places, mouse.column - row.x).and_then(|head| head.sort);
    state.level_mut().panel = panel;
    let list = state.level_mut().current_mut();
    match sort {
        Some(sort) if sort == list.sort => list.is_inverted = !list.is_inverted,
        Some(sort) => (list.sort, list.is_inverted) = (sort, false),
        None => {}
    }
    true
}

/// Gives the keys to the table under the mouse and selects the row there; says whether there was one.
fn select(state: &mut State, areas: &Areas, mouse: Mouse) -> bool {
    let Some(table) = areas.table_at(mouse.column, mouse.row) else { return false };
    let rect = areas.rows(table);
    let Some(panel) = state.screen().panels().get(table).copied() else { return false };
    state.on_map.has_keys = false;
    state.level_mut().panel = panel;
    if !rect.contains(mouse.column, mouse.row) {
        return false;
    }
    let rows = state.rows(panel);
    let first = state.list(panel).first_row(&rows, usize::from(rect.height));
    let Some(row) = rows.get(first + usize::from(mouse.row - rect.y)) else { return false };
    let list = state.level_mut().current_mut();
    list.offset = first;
    list.selected = Some(row.clone());
    true
}

fn wheel(state: &mut State, mouse: Mouse, n_rows: i32) -> Vec<Effect> {
    let areas = state.areas();
    if areas.map.contains(mouse.column, mouse.row) {
        state.on_map.has_keys = true;
        return act::act(state, Action::Move(n_rows));
    }
    if let Some(table) = areas.table_at(mouse.column, mouse.row)
        && let Some(panel) = state.screen().panels().get(table)
    {
        state.on_map.has_keys = false;
        state.level_mut().panel = *panel;
        state.scroll_by(n_rows);
    }
    Vec::new()
}
