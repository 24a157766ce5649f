//! The map of the cluster: one cell per node, as high and as coloured as its severity.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    format, panel, rect,
    text::{self, Align},
    theme::{Level, Theme},
    widget::{pen::Pen, spark},
};
use crate::{
    app::{
        State,
        layout::{Areas, Frames, map::LABEL},
        screen::{Panel, RowId},
    },
    event::NodeId,
    model::{Node, Presence},
};

/// Draws it.
pub fn draw(buffer: &mut Buffer, areas: &Areas, state: &State, theme: &Theme) {
    let by = state.group_by.as_deref().map_or_else(String::new, |key| format!("by {key} "));
    let title = [(format!(" {} ", state.vital.word()), theme.vital(state.vital).patch(theme.strong)), (by, theme.dim)];
    let has_box = areas.frames == Frames::Boxes;
    let inside = if has_box { panel::frame(buffer, rect(areas.map), &title, theme) } else { rect(areas.map) };
    if state.model.nodes.is_empty() {
        panel::empty(buffer, inside, "no nodes yet: each agent that answers becomes a cell here", theme);
        return;
    }
    let (groups, map) = state.map(areas);
    let selected = match &state.list(Panel::Nodes).selected {
        Some(RowId::Node(id) | RowId::Task(id, _)) => Some(id),
        // Rows of other tables than those of this screen.
        Some(_) | None => None,
    };
    for place in &map.places {
        let group = &groups[place.group];
        let nodes = &group.nodes[place.nodes.clone()];
        let cell = rect(place.rect);
        if place.nodes.start == 0 {
            // The label stands on the ground line of its first row of cells.
            let label = group.value.as_deref().unwrap_or(if state.group_by.is_some() { "(none)" } else { "all" });
            let label = text::fit(&text::clean(label), usize::from(LABEL), Align::Left);
            let row = Rect { y: cell.bottom() - 1, height: 1, ..inside };
            Pen::new(buffer, row, 0).skip(1).put(&label, theme.dim);
        }
        draw_nodes(buffer, cell, state, nodes, theme);
        if selected.is_some_and(|id| nodes.contains(id)) {
            buffer.set_style(cell.intersection(*buffer.area()), Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    let mut pen = Pen::new(buffer, rect(map.spread), 0);
    if !has_box {
        pen.put(&title[0].0, title[0].1).put(&title[1].0, title[1].1);
    }
    draw_spread(&mut pen, state, map.fold, theme);
}

/// Draws several nodes in one cell: the one that needs a look most.
fn draw_nodes(buffer: &mut Buffer, area: Rect, state: &State, nodes: &[NodeId], theme: &Theme) {
    let known = || nodes.iter().filter_map(|id| state.model.node(id));
    let severity = |n: &Node| match n.presence {
        Presence::Awaited { .. } => None,
        Presence::Live | Presence::Late { .. } | Presence::Silent { .. } => state.vital.of(n.severities()?),
    };
    let ground = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    if known().any(|n| n.presence.is_silent()) {
        Pen::new(buffer, ground, 0).put("×", theme.alarm);
    } else if known().any(|n| n.presence.is_late()) {
        Pen::new(buffer, ground, 0).put("~", theme.alarm);
    } else if let Some(worst) = known().filter_map(severity).max() {
        let style = theme.level(Level::of(Some(worst)));
        spark::column(buffer, area, area.x, f64::from(worst.per_mille()) / 1000.0, style, style);
    } else {
        Pen::new(buffer, ground, 0).put("·", theme.dim);
    }
}

fn draw_spread(pen: &mut Pen<'_>, state: &State, fold: usize, theme: &Theme) {
    pen.skip(1);
    if let Some(spread) = state.model.spread(state.vital) {
        for (label, severity) in [("p50 ", spread.median), ("p99 ", spread.p99), ("worst ", spread.worst)] {
            let level = Level::of(Some(severity));
            pen.put(label, theme.dim)
                .put(&format::severity(Some(severity)), theme.level_or_plain(level))
                .put(" %  ", theme.dim);
        }
    }
    if fold > 1 {
        pen.put_whole(&format!("worst of {fold} per cell  "), theme.dim);
    }
    pen.put_whole("× silent  ~ late", theme.dim);
}
