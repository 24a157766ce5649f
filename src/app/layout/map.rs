//! Where each node stands on the map of the cluster: as large as the room allows, several in one cell where it is short.

use std::ops::Range;

use super::{Areas, Frames, Rect};
use crate::{event::NodeId, model::cluster::Group};

/// Columns of a group's name.
pub const LABEL: u16 = 10;

/// A cell of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the group; where groups share the cell, of the first.
    pub group: usize,
    /// Groups that share the cell, all of them whole.
    pub n_groups: usize,
    /// Which of the group's nodes share the cell, where it is of one group.
    pub nodes: Range<usize>,
    /// Where it stands.
    pub rect: Rect,
}

impl Place {
    /// The nodes that share the cell.
    pub fn of<'a>(&'a self, groups: &'a [Group]) -> impl Iterator<Item = &'a NodeId> {
        let of_group = |group: &'a Group| match self.n_groups {
            1 => group.nodes.get(self.nodes.clone()).unwrap_or_default(),
            _ => &group.nodes,
        };
        groups.iter().skip(self.group).take(self.n_groups).flat_map(of_group)
    }
}

/// What of the nodes the map shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All groups.
    #[default]
    All,
    /// One group, by its index.
    Group(usize),
    /// One group, one node per cell: as many as there is room for, the node of this index among them.
    Page(usize, usize),
}

/// What a line of cells is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caption {
    /// By its group.
    Group(usize),
    /// By its first node: group and index there.
    Node(usize, usize),
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
    /// What stands before lines of cells, and on which row of the screen.
    pub captions: Vec<(u16, Caption)>,
    /// Nodes that share a cell, so that all groups fit.
    pub fold: usize,
    /// Groups that share a cell, where there are more of them than lines; 0: cells are of nodes.
    pub group_fold: usize,
    /// Which nodes of the group are shown, where not all are.
    pub page: Option<Range<usize>>,
    /// Columns from one cell to the next.
    pitch: u16,
}

impl Map {
    /// The map of groups of these sizes.
    pub fn new(areas: &Areas, groups: &[usize], part: Part) -> Self {
        let inside = areas.inside_of_map();
        let (groups_area, spread) = match areas.frames {
            Frames::Boxes => inside.bottom(1),
            Frames::Nothing | Frames::Rules => {
                let (spread, rest) = inside.top(1);
                (rest, spread)
            }
        };
        let map = Self { spread, groups: groups_area, fold: 1, pitch: 1, ..Self::default() };
        let cells = cells(groups_area);
        let size = |group: usize| groups.get(group).copied().unwrap_or(0);
        match part {
            _ if cells.is_empty() => map,
            Part::All if groups.len() > usize::from(cells.height) => map.of_whole_groups(groups, cells),
            Part::All => map.of_groups(groups, 0, cells),
            Part::Group(group) => map.of_groups(&[size(group)], group, cells),
            Part::Page(group, node) => map.of_page(group, node, size(group), cells),
        }
    }

    /// One group below the other, from the group of an index on.
    fn of_groups(mut self, groups: &[usize], first: usize, cells: Rect) -> Self {
        let grid = Grid::of(groups, cells);
        let mut row = 0;
        for (group, n_nodes) in groups.iter().enumerate() {
            if row + grid.cell_rows > cells.height {
                break;
            }
            let place = Rect { y: cells.y + row, height: cells.height - row, ..cells };
            // The name stands on the ground line of the first row of cells.
            self.captions.push((place.y + grid.cell_rows - 1, Caption::Group(first + group)));
            row += grid.place(first + group, 0..*n_nodes, place, &mut self.places) + grid.gap;
        }
        (self.fold, self.pitch) = (grid.fold, grid.pitch);
        self
    }

    /// More groups than lines: each cell is a group, or several.
    fn of_whole_groups(mut self, groups: &[usize], cells: Rect) -> Self {
        let per_line = usize::from(cells.width);
        let fold = groups.len().div_ceil(per_line * usize::from(cells.height));
        for (n, first) in (0..groups.len()).step_by(fold).enumerate() {
            let rect =
                Rect { x: cells.x + (n % per_line) as u16, y: cells.y + (n / per_line) as u16, width: 1, height: 1 };
            if n % per_line == 0 {
                self.captions.push((rect.y, Caption::Group(first)));
            }
            let n_groups = fold.min(groups.len() - first);
            self.places.push(Place { group: first, n_groups, nodes: 0..groups[first], rect });
        }
        self.group_fold = fold;
        self
    }

    /// One node per cell, the page on which a node is.
    fn of_page(mut self, group: usize, node: usize, n_nodes: usize, cells: Rect) -> Self {
        let per_page = usize::from(cells.width) * usize::from(cells.height);
        if n_nodes <= per_page {
            return self.of_groups(&[n_nodes], group, cells);
        }
        let first = node.min(n_nodes - 1) / per_page * per_page;
        let page = first..(first + per_page).min(n_nodes);
        let grid = Grid { fold: 1, pitch: 1, cell_rows: 1, gap: 0 };
        grid.place(group, page.clone(), cells, &mut self.places);
        let lines = page.clone().step_by(usize::from(cells.width)).zip(cells.y..);
        self.captions = lines.map(|(node, row)| (row, Caption::Node(group, node))).collect();
        self.page = Some(page);
        self
    }

    /// The cell at a place on the screen; the room between two cells belongs to the one on its left.
    pub fn at(&self, column: u16, row: u16) -> Option<&Place> {
        self.places.iter().find(|place| Rect { width: self.pitch, ..place.rect }.contains(column, row))
    }

    /// The group whose name is at a place on the screen.
    pub fn name_at(&self, column: u16, row: u16) -> Option<usize> {
        let is_before_cells = column >= self.groups.x && column < self.groups.x + LABEL + 2;
        let (_, caption) = self.captions.iter().find(|(at, _)| is_before_cells && *at == row)?;
        match caption {
            Caption::Group(group) if self.group_fold <= 1 => Some(*group),
            Caption::Group(_) | Caption::Node(..) => None,
        }
    }

    /// The cell beside one: so many cells to the right and lines down; the nearest of that line.
    pub fn beside(&self, place: usize, right: i32, down: i32) -> Option<usize> {
        let from = self.places.get(place)?.rect;
        if down == 0 {
            return place.checked_add_signed(right as isize).filter(|to| *to < self.places.len());
        }
        let is_on_way = |y: u16| if down > 0 { y > from.y } else { y < from.y };
        let mut lines: Vec<u16> = self.places.iter().map(|place| place.rect.y).filter(|y| is_on_way(*y)).collect();
        lines.dedup();
        if down < 0 {
            lines.reverse();
        }
        // Further than the last line is the last line.
        let line = lines.get(down.unsigned_abs() as usize - 1).or(lines.last())?;
        let on_line = self.places.iter().enumerate().filter(|(_, place)| place.rect.y == *line);
        on_line.min_by_key(|(_, place)| place.rect.x.abs_diff(from.x)).map(|(n, _)| n)
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
        let fold = (1..=most).find(|fold| lines(*fold, 1) <= height).unwrap_or(most);
        let n_gaps = groups.len().saturating_sub(1);
        let rows_of = |pitch: u16, cell_rows: usize| lines(fold, pitch) * cell_rows + (cell_rows - 1).min(1) * n_gaps;
        // Cells with room between them are told apart; that is worth a row of their height, but not the second.
        let is_apart = fold == 1 && (lines(1, 2) == lines(1, 1) || rows_of(2, 2) <= height);
        let pitch = if is_apart { 2 } else { 1 };
        let cell_rows = (1..=3).rev().find(|n| rows_of(pitch, *n) <= height).unwrap_or(1);
        Self { fold, pitch, cell_rows: cell_rows as u16, gap: u16::from(cell_rows > 1) }
    }

    /// Places nodes of one group; returns how many rows they took.
    fn place(self, group: usize, of: Range<usize>, area: Rect, places: &mut Vec<Place>) -> u16 {
        let per_line = usize::from((area.width / self.pitch).max(1));
        let n_cells = of.len().div_ceil(self.fold);
        for n in 0..n_cells {
            let line = u16::try_from(n / per_line).unwrap_or(u16::MAX).saturating_mul(self.cell_rows);
            if line.saturating_add(self.cell_rows) > area.height {
                break;
            }
            let x = area.x + (n % per_line) as u16 * self.pitch;
            let first = of.start + n * self.fold;
            let nodes = first..(first + self.fold).min(of.end);
            let rect = Rect { x, y: area.y + line, width: 1, height: self.cell_rows };
            places.push(Place { group, n_groups: 1, nodes, rect });
        }
        u16::try_from(n_cells.div_ceil(per_line).max(1)).unwrap_or(u16::MAX).saturating_mul(self.cell_rows)
    }
}
