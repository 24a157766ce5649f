//! Where each node stands on the map of the cluster: as large as the room allows, several in one cell where it is short.

use std::ops::Range;

use super::{Areas, Frames, Rect};

/// Columns of a group's name.
pub const LABEL: u16 = 10;

/// A cell of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the group.
    pub group: usize,
    /// Which of the group's nodes share the cell.
    pub nodes: Range<usize>,
    /// Where it stands.
    pub rect: Rect,
}

/// The map, laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// The row that says how the vital is spread.
    pub spread: Rect,
    /// Names of groups and cells of nodes.
    pub groups: Rect,
    /// All cells, group by group.
    pub places: Vec<Place>,
    /// Nodes that share a cell, so that all groups fit.
    pub fold: usize,
    /// Columns from one cell to the next.
    pitch: u16,
}

impl Map {
    /// The map of groups of these sizes.
    pub fn new(areas: &Areas, groups: &[usize]) -> Self {
        let inside = areas.inside_of_map();
        let (groups_area, spread) = match areas.frames {
            Frames::Boxes => inside.bottom(1),
            Frames::Nothing | Frames::Rules => {
                let (spread, rest) = inside.top(1);
                (rest, spread)
            }
        };
        let cells = cells(groups_area);
        let grid = Grid::of(groups, cells);
        let mut places = Vec::new();
        let mut row = 0;
        for (group, n_nodes) in groups.iter().enumerate().take_while(|_| grid.cell_rows > 0) {
            if row + grid.cell_rows > cells.height {
                break;
            }
            let place = Rect { y: cells.y + row, height: cells.height - row, ..cells };
            row += grid.place(group, *n_nodes, place, &mut places) + grid.gap;
        }
        Self { spread, groups: groups_area, places, fold: grid.fold, pitch: grid.pitch }
    }

    /// The cell at a place on the screen; the room between two cells belongs to the one on its left.
    pub fn at(&self, column: u16, row: u16) -> Option<&Place> {
        self.places.iter().find(|place| Rect { width: self.pitch, ..place.rect }.contains(column, row))
    }
}

/// Lines that groups of these sizes take on a map of a width, one node per cell, cells so far from each other.
pub(super) fn n_lines(groups: &[usize], width: u16, pitch: u16) -> u16 {
    let per_line = usize::from(cells(Rect { width, height: 1, ..Rect::default() }).width / pitch).max(1);
    let lines: usize = groups.iter().map(|n| n.div_ceil(per_line).max(1)).sum();
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// Beside the names of groups.
fn cells(area: Rect) -> Rect {
    Rect { x: area.x + (LABEL + 2).min(area.width), width: area.width.saturating_sub(LABEL + 3), ..area }
}

/// How nodes are laid out.
#[derive(Clone, Copy)]
struct Grid {
    fold: usize,
    pitch: u16,
    /// Rows of a cell.
    cell_rows: u16,
    /// Rows between groups.
    gap: u16,
}

impl Grid {
    fn of(groups: &[usize], cells: Rect) -> Self {
        let lines = |fold: usize, pitch: u16| -> usize {
            let width = usize::from((cells.width / pitch).max(1));
            groups.iter().map(|n| n.div_ceil(fold).div_ceil(width).max(1)).sum()
        };
        let height = usize::from(cells.height);
        let most = groups.iter().copied().max().unwrap_or(1).max(1);
        // With more groups than rows nothing helps; the groups that do not fit are cut.
        let fold = if groups.len() > height { None } else { (1..=most).find(|fold| lines(*fold, 1) <= height) };
        let fold = fold.unwrap_or(most);
        let n_gaps = groups.len().saturating_sub(1);
        let rows_of = |pitch: u16, cell_rows: usize| lines(fold, pitch) * cell_rows + (cell_rows - 1).min(1) * n_gaps;
        // Cells with room between them are told apart; that is worth a row of their height, but not the second.
        let is_apart = fold == 1 && (lines(1, 2) == lines(1, 1) || rows_of(2, 2) <= height);
        let pitch = if is_apart { 2 } else { 1 };
        let cell_rows = (1..=3).rev().find(|n| rows_of(pitch, *n) <= height).unwrap_or(1);
        Self { fold, pitch, cell_rows: cell_rows as u16, gap: u16::from(cell_rows > 1) }
    }

    /// Places the nodes of one group; returns how many rows it took.
    fn place(self, group: usize, n_nodes: usize, area: Rect, places: &mut Vec<Place>) -> u16 {
        let per_line = usize::from((area.width / self.pitch).max(1));
        let n_cells = n_nodes.div_ceil(self.fold);
        for n in 0..n_cells {
            let line = u16::try_from(n / per_line).unwrap_or(u16::MAX).saturating_mul(self.cell_rows);
            if line.saturating_add(self.cell_rows) > area.height {
                break;
            }
            let x = area.x + (n % per_line) as u16 * self.pitch;
            let nodes = n * self.fold..((n + 1) * self.fold).min(n_nodes);
            let rect = Rect { x, y: area.y + line, width: 1, height: self.cell_rows };
            places.push(Place { group, nodes, rect });
        }
        u16::try_from(n_cells.div_ceil(per_line).max(1)).unwrap_or(u16::MAX).saturating_mul(self.cell_rows)
    }
}
