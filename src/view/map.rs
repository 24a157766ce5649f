//! The map of the cluster: one cell per node, as high and as coloured as its severity.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    format, panel,
    text::{self, Align},
    theme::{Level, Theme},
    widget::{pen::Pen, spark},
};
use crate::{
    app::{
        State,
        screen::{Panel, RowId},
    },
    event::NodeId,
    model::{Node, Presence, cluster::Group},
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
    let grid = Grid::of(&groups, cells);
    let mut row = 0;
    for group in groups.iter().take_while(|_| grid.cell_rows > 0) {
        if row + grid.cell_rows > rows {
            break;
        }
        let label = group.value.as_deref().unwrap_or(if state.group_by.is_some() { "(none)" } else { "all" });
        let label = text::fit(&text::clean(label), usize::from(LABEL), Align::Left);
        // The label stands on the ground line of its first row of cells.
        Pen::new(buffer, inside, row + grid.cell_rows - 1).skip(1).put(&label, theme.dim);
        let place = Rect { y: cells.y + row, height: rows - row, ..cells };
        row += draw_group(buffer, place, state, group, grid, theme) + grid.gap;
    }
    let last = Rect { y: inside.bottom().saturating_sub(1), height: inside.height.min(1), ..inside };
    draw_spread(buffer, last, state, grid.fold, theme);
}

/// How nodes are laid out: as large as the room allows.
#[derive(Clone, Copy)]
struct Grid {
    /// Nodes that share a cell, so that all groups fit.
    fold: usize,
    /// Columns from one cell to the next.
    pitch: u16,
    /// Rows of a cell.
    cell_rows: u16,
    /// Rows between groups.
    gap: u16,
}

impl Grid {
    fn of(groups: &[Group], cells: Rect) -> Self {
        let lines = |fold: usize, pitch: u16| -> usize {
            let width = usize::from((cells.width / pitch).max(1));
            groups.iter().map(|g| g.nodes.len().div_ceil(fold).div_ceil(width).max(1)).sum()
        };
        let height = usize::from(cells.height);
        let most = groups.iter().map(|g| g.nodes.len()).max().unwrap_or(1).max(1);
        // With more groups than rows nothing helps; the groups that do not fit are cut.
        let fold = (1..=most).find(|fold| lines(*fold, 1) <= height).unwrap_or(most);
        let pitch = if fold == 1 && lines(1, 2) == lines(1, 1) { 2 } else { 1 };
        let rows_of = |cell_rows: usize| lines(fold, pitch) * cell_rows + (cell_rows - 1).min(1) * (groups.len() - 1);
        let cell_rows = (1..=3).rev().find(|n| rows_of(*n) <= height).unwrap_or(1);
        Self { fold, pitch, cell_rows: cell_rows as u16, gap: u16::from(cell_rows > 1) }
    }
}

/// Draws one group; returns how many rows it took.
fn draw_group(buffer: &mut Buffer, area: Rect, state: &State, group: &Group, grid: Grid, theme: &Theme) -> u16 {
    let selected = match &state.list(Panel::Nodes).selected {
        Some(RowId::Node(id) | RowId::Task(id, _)) => Some(id),
        Some(RowId::Queue(..)) | None => None,
    };
    let per_line = usize::from((area.width / grid.pitch).max(1));
    for (n, nodes) in group.nodes.chunks(grid.fold).enumerate() {
        let line = (n / per_line) as u16 * grid.cell_rows;
        if line + grid.cell_rows > area.height {
            break;
        }
        let x = area.x + (n % per_line) as u16 * grid.pitch;
        let place = Rect { x, y: area.y + line, width: 1, height: grid.cell_rows }.intersection(area);
        draw_nodes(buffer, place, state, nodes, theme);
        if selected.is_some_and(|id| nodes.contains(id)) {
            buffer.set_style(place.intersection(*buffer.area()), Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    (group.nodes.len().div_ceil(grid.fold).div_ceil(per_line).max(1) as u16) * grid.cell_rows
}

/// Draws several nodes in one cell: the one that needs a look most.
fn draw_nodes(buffer: &mut Buffer, area: Rect, state: &State, nodes: &[NodeId], theme: &Theme) {
    let known = || nodes.iter().filter_map(|id| state.model.node(id));
    let severity = |n: &Node| match n.presence {
        Presence::Awaited { .. } => None,
        Presence::Live | Presence::Late { .. } | Presence::Silent { .. } => {
            state.vital.of(n.latest.as_ref()?.vitals.severities)
        }
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
