//! The map of the cluster: one cell per node, as high and as coloured as its severity.

use midair_vitals::Severity;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    format, panel,
    text::{self, Align},
    theme::{Level, Theme},
    widget::{meter, pen::Pen},
};
use crate::{
    app::{
        State,
        screen::{Panel, RowId},
    },
    event::NodeId,
    model::{Presence, cluster::Group},
};

/// Columns of a group's name.
const LABEL: u16 = 10;

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: &Theme) {
    let by = state.group_by.as_deref().map_or_else(String::new, |key| format!("by {key} "));
    let title = [(format!(" {} ", state.vital.word()), theme.vital(state.vital).patch(theme.strong)), (by, theme.dim)];
    let inside = panel::frame(buffer, area, &title, theme);
    if state.model.nodes.is_empty() {
        panel::empty(buffer, inside, "no nodes yet: each agent that answers becomes a cell here", theme);
        return;
    }
    let groups = state.model.groups(state.group_by.as_deref());
    let rows = inside.height.saturating_sub(1);
    let cells = Rect { x: inside.x + LABEL + 2, width: inside.width.saturating_sub(LABEL + 3), height: rows, ..inside };
    let fold = fold(&groups, cells);
    let mut row = 0;
    for group in &groups {
        if row >= rows {
            break;
        }
        let label = group.value.as_deref().unwrap_or(if state.group_by.is_some() { "(none)" } else { "all" });
        let label = text::fit(&text::clean(label), usize::from(LABEL), Align::Left);
        Pen::new(buffer, inside, row).skip(1).put(&label, theme.dim);
        row += draw_group(buffer, Rect { y: cells.y + row, height: rows - row, ..cells }, state, group, fold, theme);
    }
    draw_spread(
        buffer,
        Rect { y: inside.bottom().saturating_sub(1), height: inside.height.min(1), ..inside },
        state,
        fold,
        theme,
    );
}

/// How many nodes share a cell, so that all groups fit.
fn fold(groups: &[Group], cells: Rect) -> usize {
    let width = usize::from(cells.width.max(1));
    let fits = |fold: &usize| {
        let lines: usize = groups.iter().map(|g| g.nodes.len().div_ceil(*fold).div_ceil(width).max(1)).sum();
        lines <= usize::from(cells.height)
    };
    let most = groups.iter().map(|g| g.nodes.len()).max().unwrap_or(1);
    // With more groups than rows nothing helps; the groups that do not fit are cut.
    (1..=most).find(fits).unwrap_or(1)
}

/// Draws one group; returns how many rows it took.
fn draw_group(buffer: &mut Buffer, area: Rect, state: &State, group: &Group, fold: usize, theme: &Theme) -> u16 {
    if area.width == 0 {
        return 1;
    }
    let selected = match &state.list(Panel::Nodes).selected {
        Some(RowId::Node(id)) => Some(id),
        Some(RowId::Task(id, _)) => Some(id),
        Some(RowId::Queue(..)) | None => None,
    };
    let mut row = 0;
    for (n, nodes) in group.nodes.chunks(fold).enumerate() {
        row = (n / usize::from(area.width)) as u16;
        let (symbol, style) = cell(state, nodes, theme);
        let is_selected = selected.is_some_and(|id| nodes.contains(id));
        let style = if is_selected { style.add_modifier(Modifier::REVERSED) } else { style };
        if row < area.height
            && let Some(cell) = buffer.cell_mut((area.x + (n % usize::from(area.width)) as u16, area.y + row))
        {
            cell.set_symbol(symbol).set_style(style);
        }
    }
    (row + 1).min(area.height.max(1))
}

/// The sign of several nodes in one cell: the one that needs a look most.
fn cell(state: &State, nodes: &[NodeId], theme: &Theme) -> (&'static str, Style) {
    let known = || nodes.iter().filter_map(|id| state.model.node(id));
    if known().any(|n| n.presence.is_silent()) {
        return ("×", theme.alarm);
    }
    if known().any(|n| n.presence.is_late()) {
        return ("~", theme.alarm);
    }
    let severity = |n: &crate::model::Node| match n.presence {
        Presence::Awaited { .. } => None,
        Presence::Live | Presence::Late { .. } | Presence::Silent { .. } => {
            state.vital.of(n.latest.as_ref()?.vitals.severities)
        }
    };
    let worst = known().filter_map(severity).max();
    (meter::upright(worst.map(share)), theme.level(Level::of(worst)))
}

fn share(severity: Severity) -> f64 {
    f64::from(severity.per_mille()) / 1000.0
}

fn draw_spread(buffer: &mut Buffer, area: Rect, state: &State, fold: usize, theme: &Theme) {
    let mut pen = Pen::new(buffer, area, 0);
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
