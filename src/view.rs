//! The picture of a state: pure functions from state to cells. No clock, no IO, and the state is only read.

pub mod about;
pub mod columns;
pub mod compare;
pub mod finding;
pub mod footer;
pub mod format;
pub mod header;
pub mod help;
pub mod kept;
pub mod list;
pub mod map;
pub mod marks;
pub mod panel;
pub mod scope;
pub mod svg;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod who;
pub mod widget;
pub mod words;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget},
};

use crate::{
    app::{
        Overlay, State,
        layout::{self, Areas},
        screen::Screen,
    },
    model::{Finding, Vital},
};
pub use theme::Theme;

/// Draws a state.
pub fn draw(state: &State, theme: &Theme, frame: &mut Frame<'_>) {
    draw_into(state, theme, frame.buffer_mut());
}

/// Draws a state into cells.
pub fn draw_into(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let areas = state.areas();
    let findings = state.findings();
    header::draw(buffer, rect(areas.header), state, theme);
    finding::draw_line(buffer, rect(areas.finding), state, &findings, theme);
    // What lies over the screen hides all of it between the lines at its edges.
    if state.overlay.is_none() {
        draw_picture(buffer, &areas, state, theme);
        for (n, panel) in state.screen().panels().iter().enumerate() {
            list::draw(buffer, &areas, n, state, *panel, theme);
        }
    }
    if !areas.timeline.is_empty() {
        timeline::draw(buffer, &areas, state, theme);
    }
    draw_overlay(buffer, &areas, state, &findings, theme);
    footer::draw(buffer, rect(areas.footer), state, theme);
}

/// Draws what is above the tables.
fn draw_picture(buffer: &mut Buffer, areas: &Areas, state: &State, theme: &Theme) {
    match state.screen() {
        Screen::Cluster => {
            if !areas.map.is_empty() {
                map::draw(buffer, areas, state, theme);
            }
        }
        Screen::Node(_) => {
            for (vital, area) in Vital::FOUR.into_iter().zip(areas.vitals) {
                if let (Some(node), false) = (state.node(), area.is_empty()) {
                    panel::vitals::draw(buffer, rect(area), vital, node, state.now(), theme);
                }
            }
            about::draw_node(buffer, rect(areas.about), state, theme);
        }
        Screen::Vm(..) => {
            for (vital, area) in Vital::FOUR.into_iter().zip(areas.vitals) {
                if let (Some(node), Some(vm), false) = (state.node(), state.vm(), area.is_empty()) {
                    let shown = panel::vm::Shown { vm, node, now: state.now() };
                    panel::vm::draw(buffer, rect(area), vital, shown, theme);
                }
            }
            about::draw_vm(buffer, rect(areas.about), state, theme);
        }
        Screen::Scope(..) => scope::draw(buffer, areas, state, theme),
        Screen::Task(..) => {
            draw_charts(buffer, areas, state, theme);
            who::draw(buffer, areas, state, theme);
        }
    }
}

fn draw_charts(buffer: &mut Buffer, areas: &Areas, state: &State, theme: &Theme) {
    let Some((node, task)) = state.node().zip(state.task()) else { return };
    let has_ended = state.focus().is_some_and(|f| f.has_ended);
    let shown = panel::chart::Shown {
        task,
        now: state.now(),
        interval_us: node.interval_us,
        is_silent: node.presence.is_silent() || has_ended,
        probe: state.focus().and_then(|focus| focus.probe.as_ref()),
    };
    for (vital, area) in Vital::FOUR.into_iter().zip(areas.vitals) {
        if !area.is_empty() {
            panel::chart::draw(buffer, rect(area), vital, shown, theme);
        }
    }
}

fn draw_overlay(buffer: &mut Buffer, areas: &Areas, state: &State, findings: &[Finding], theme: &Theme) {
    let Some(overlay) = &state.overlay else { return };
    if let Overlay::Compare(comparing) = overlay {
        compare::draw(buffer, areas, state, comparing, theme);
        return;
    }
    // Where one is, and whether it is live, stays in sight; so do the keys.
    let (top, bottom) = (areas.header.height, areas.footer.height);
    let (width, height) = state.size;
    let area = Rect { x: 0, y: top, width, height: height.saturating_sub(top + bottom) }.intersection(*buffer.area());
    Clear.render(area, buffer);
    match overlay {
        Overlay::Help { scroll } => help::draw(buffer, area, *scroll, theme),
        Overlay::Findings(chosen) => finding::draw_overlay(buffer, area, state, (findings, chosen), theme),
        Overlay::Words { scroll } => words::draw(buffer, area, state, *scroll, theme),
        Overlay::Kept { scroll } => {
            if let Some(kept) = &state.kept {
                kept::draw(buffer, area, state, kept, *scroll, theme);
            }
        }
        Overlay::Compare(_) => {}
        Overlay::Marks(chosen) => marks::draw(buffer, area, state, chosen, theme),
    }
}

/// Cells of the screen as ratatui names them.
fn rect(area: layout::Rect) -> Rect {
    Rect { x: area.x, y: area.y, width: area.width, height: area.height }
}

#[cfg(test)]
mod tests;
