//! Where things stand on the screen: the one geometry that both the view and the mouse go by.

mod cluster;
pub mod map;
mod node;
mod task;

use super::screen::{Panel, Screen};

/// A rectangle of cells; may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Rect {
    /// Whether a cell lies in it.
    pub fn contains(self, column: u16, row: u16) -> bool {
        column >= self.x && column - self.x < self.width && row >= self.y && row - self.y < self.height
    }

    /// Whether it has no cells.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// What is left inside a border; nothing where there is no room for one.
    pub fn inside(self) -> Self {
        Self {
            x: self.x.saturating_add(1),
            y: self.y.saturating_add(1),
            width: self.width.saturating_sub(2),
            height: self.height.saturating_sub(2),
        }
    }

    /// Cuts rows off the top: those, and the rest.
    fn top(self, rows: u16) -> (Self, Self) {
        let rows = rows.min(self.height);
        (Self { height: rows, ..self }, Self { y: self.y + rows, height: self.height - rows, ..self })
    }

    /// Cuts rows off the bottom: the rest, and those.
    fn bottom(self, rows: u16) -> (Self, Self) {
        self.top(self.height - rows.min(self.height))
    }

    /// Cuts columns off the left: those, and the rest.
    fn left(self, columns: u16) -> (Self, Self) {
        let columns = columns.min(self.width);
        (Self { width: columns, ..self }, Self { x: self.x + columns, width: self.width - columns, ..self })
    }
}

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Too small for frames and pictures: the table and the lines around it.
    Tiny,
    /// Under 100 columns.
    Narrow,
    /// In between.
    Normal,
    /// From 160 columns.
    Wide,
}

impl Room {
    /// For a size.
    pub fn of(width: u16, height: u16) -> Self {
        match (width, height) {
            (..40, _) | (_, ..14) => Self::Tiny,
            (..100, _) => Self::Narrow,
            (..160, _) => Self::Normal,
            (160.., _) => Self::Wide,
        }
    }
}

/// What tells parts of a screen apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frames {
    /// Nothing: there is one table, and no room.
    #[default]
    Nothing,
    /// Tables have a title in a line above them; pictures are single lines.
    Rules,
    /// Everything stands in a box with a title.
    Boxes,
}

/// What there is to show, as far as it tells how much room it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Cluster: how many nodes are in each group of the map.
    pub groups: Vec<usize>,
    /// Node: how long each text is that says what does not work.
    pub notices: Vec<usize>,
    /// Task, or part of a node: lines that tell who it is.
    pub n_about: usize,
    /// Task: how many queues it has.
    pub n_queues: usize,
    /// Task: how many threads or children it has.
    pub n_children: usize,
}

/// Where the parts of a screen are. Parts that do not exist on a screen, or for which there is no room, are empty.
///
/// Tables have one line of column heads above their rows; see [`Areas::inside`] and [`Areas::rows`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Breadcrumb, counts, LIVE or PAST; one row.
    pub header: Rect,
    /// What is wrong; one row.
    pub finding: Rect,
    /// Cluster: the map of nodes.
    pub map: Rect,
    /// Node and task: sched, mem, queue, rate. Without boxes one row each.
    pub vitals: [Rect; 4],
    /// Node: runtimes and sources in one row, and what does not work below. Task: who it is.
    pub about: Rect,
    /// The tables, in the order of [`Screen::panels`]; of those that share one place all but one are empty.
    pub tables: [Rect; TABLES_MAX],
    /// The time line, its axis included.
    pub timeline: Rect,
    /// Keys; or the prompt, or a message; one row.
    pub footer: Rect,
    /// What tells them apart.
    pub frames: Frames,
}

/// Most tables of one screen.
pub const TABLES_MAX: usize = 7;

/// Columns of the name of the time line, where it has no box.
const TIMELINE_LABEL: u16 = 9;

impl Areas {
    /// Where the content of a table is: heads and rows.
    pub fn inside(&self, table: usize) -> Rect {
        let rect = self.tables.get(table).copied().unwrap_or_default();
        match self.frames {
            Frames::Nothing => rect,
            Frames::Rules => rect.top(1).1,
            Frames::Boxes => rect.inside(),
        }
    }

    /// Where the rows of a table are: without frame and column heads.
    pub fn rows(&self, table: usize) -> Rect {
        self.inside(table).top(1).1
    }

    /// Where the column heads of a table are: beside the sign of the selection, and clear of the frame.
    pub fn heads(&self, table: usize) -> Rect {
        let row = self.inside(table).top(1).0;
        Rect { x: row.x + row.width.min(1), width: row.width.saturating_sub(2), ..row }
    }

    /// Where the cells of the time line's chart are: one column of it is one cell of time.
    pub fn timeline_chart(&self) -> Rect {
        match self.frames {
            Frames::Nothing => self.timeline,
            Frames::Rules => self.timeline.left(TIMELINE_LABEL).1,
            Frames::Boxes => self.timeline.inside(),
        }
    }

    /// Where the content of the map is.
    fn inside_of_map(&self) -> Rect {
        if self.frames == Frames::Boxes { self.map.inside() } else { self.map }
    }

    /// The table at a cell.
    pub fn table_at(&self, column: u16, row: u16) -> Option<usize> {
        self.tables.iter().position(|rect| rect.contains(column, row))
    }
}

/// Where things stand on a screen of a size, for the kind of screen, the panel that has the keys, and what there is.
pub fn areas(screen: &Screen, panel: Panel, (width, height): (u16, u16), content: &Content) -> Areas {
    let room = Room::of(width, height);
    let frames = match (room, height) {
        (Room::Tiny, _) => Frames::Nothing,
        (Room::Narrow, ..40) | (Room::Normal | Room::Wide, ..30) => Frames::Rules,
        (Room::Narrow | Room::Normal | Room::Wide, _) => Frames::Boxes,
    };
    let all = Rect { x: 0, y: 0, width, height };
    // Whoever has three rows sees where he is, the table, and the keys; the rest comes as room allows.
    let (header, rest) = all.top(u16::from(height > 1));
    let (rest, footer) = rest.bottom(u16::from(height > 2));
    let (finding, rest) = rest.top(u16::from(height > 5));
    let timeline_rows = match (frames, height) {
        (Frames::Nothing, ..10) => 0,
        (Frames::Nothing, _) => 1,
        (Frames::Rules, _) => 2,
        (Frames::Boxes, ..45) => 5,
        (Frames::Boxes, _) => 6,
    };
    let (body, timeline) = rest.bottom(timeline_rows);
    let base = Areas { header, finding, timeline, footer, frames, ..Areas::default() };
    match screen {
        Screen::Cluster => cluster::areas(base, body, room, panel, content),
        Screen::Node(_) | Screen::Vm(..) => node::areas(base, body, room, (screen.panels(), panel), content),
        Screen::Scope(..) => node::areas_of_part(base, body, room, content),
        Screen::Task(..) => task::areas(base, body, room, panel, content),
    }
}

/// Rows of the body from which there is room for two tables, one above the other.
const TWO_TABLES: u16 = 8;

/// Of several tables one stays, where they share one place or there is no room for all: the one that has the keys.
fn only(table: Rect, panel: Panel, panels: &[Panel]) -> [Rect; TABLES_MAX] {
    let shown = panels.iter().position(|p| *p == panel).unwrap_or(0);
    std::array::from_fn(|n| if n == shown { table } else { Rect::default() })
}

/// Two tables.
fn both(first: Rect, second: Rect) -> [Rect; TABLES_MAX] {
    let mut tables = [Rect::default(); TABLES_MAX];
    (tables[0], tables[1]) = (first, second);
    tables
}

/// Rows of a table around its rows: frame and column heads.
fn chrome(frames: Frames) -> u16 {
    match frames {
        Frames::Nothing => 1,
        Frames::Rules => 2,
        Frames::Boxes => 3,
    }
}

/// Four panels side by side, or two above two, or one above the other.
fn vitals(area: Rect, per_line: u16) -> [Rect; 4] {
    let n_lines = 4 / per_line;
    let rows = area.height / n_lines;
    std::array::from_fn(|n| {
        let (column, line) = (n as u16 % per_line, n as u16 / per_line);
        let x = area.width * column / per_line;
        let end = area.width * (column + 1) / per_line;
        Rect { x: area.x + x, y: area.y + rows * line, width: end - x, height: rows }
    })
}

/// Rows of the vitals without boxes, and how many share one; nothing where a table would have no room beside them.
fn vital_lines(body: Rect) -> (u16, u16) {
    match (body.width, body.height) {
        (_, ..8) => (0, 1),
        (120.., _) => (2, 2),
        (_, ..11) => (0, 1),
        (..120, _) => (4, 1),
    }
}

#[cfg(test)]
mod tests;
