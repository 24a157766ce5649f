//! The mouse: click to select, double click to go in, wheel to scroll, a click on the time line to go back.

use super::{Effect, Overlay, State, act, keymap::Action, layout::Areas};
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
    match (mouse.kind, state.overlay) {
        (MouseKind::WheelUp, Some(_)) => act::act(state, Action::Move(-WHEEL_ROWS)),
        (MouseKind::WheelDown, Some(_)) => act::act(state, Action::Move(WHEEL_ROWS)),
        (MouseKind::Click | MouseKind::DoubleClick, Some(_)) => {
            state.overlay = None;
            Vec::new()
        }
        (MouseKind::WheelUp, None) => wheel(state, mouse, -WHEEL_ROWS),
        (MouseKind::WheelDown, None) => wheel(state, mouse, WHEEL_ROWS),
        (MouseKind::Click, None) => click(state, mouse),
        (MouseKind::DoubleClick, None) => {
            let on_row = select(state, &state.areas(), mouse);
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
        state.overlay = Some(Overlay::Findings { selected: 0 });
        return Vec::new();
    }
    if let Some(n) = areas.vitals.iter().position(|panel| panel.contains(mouse.column, mouse.row)) {
        return act::act(state, Action::Choose(Vital::FOUR[n]));
    }
    select(state, &areas, mouse);
    Vec::new()
}

/// Gives the keys to the table under the mouse and selects the row there; says whether there was one.
fn select(state: &mut State, areas: &Areas, mouse: Mouse) -> bool {
    let Some(table) = areas.table_at(mouse.column, mouse.row) else { return false };
    let rect = areas.rows(table);
    let Some(panel) = state.screen().panels().get(table).copied() else { return false };
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
    if let Some(table) = areas.table_at(mouse.column, mouse.row)
        && let Some(panel) = state.screen().panels().get(table)
    {
        state.level_mut().panel = *panel;
        state.scroll_by(n_rows);
    }
    Vec::new()
}
