//! Where things stand on the screen: the one geometry that both the view and the mouse go by.

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

/// Where the parts of a screen are. Parts that do not exist on a screen, or for which there is no room, are empty.
///
/// Tables have a border all round (but in [`Room::Tiny`], where they have none), its top line carrying the title, and one
/// line of column heads; see [`Areas::rows`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Breadcrumb, counts, LIVE or PAST; one row.
    pub header: Rect,
    /// What is wrong; one row.
    pub finding: Rect,
    /// Cluster: the map of nodes.
    pub map: Rect,
    /// Node and task: sched, mem, queue, rate.
    pub vitals: [Rect; 4],
    /// Node: runtimes and sources, one row. Task: who it is.
    pub about: Rect,
    /// The tables, in the order of [`Screen::panels`].
    pub tables: [Rect; 2],
    /// The time line, its axis included.
    pub timeline: Rect,
    /// Keys; or the prompt, or a message; one row.
    pub footer: Rect,
    /// Whether panels have borders.
    pub has_borders: bool,
}

impl Areas {
    /// Where the rows of a table are: without border and column heads.
    pub fn rows(&self, table: usize) -> Rect {
        let rect = self.tables.get(table).copied().unwrap_or_default();
        let inside = if self.has_borders { rect.inside() } else { rect };
        inside.top(1).1
    }

    /// Where the cells of the time line's chart are: one column of it is one cell of time.
    pub fn timeline_chart(&self) -> Rect {
        if self.has_borders { self.timeline.inside() } else { self.timeline }
    }

    /// The table at a cell.
    pub fn table_at(&self, column: u16, row: u16) -> Option<usize> {
        self.tables.iter().position(|rect| rect.contains(column, row))
    }
}

/// Where things stand on a screen of a size, for the kind of screen and the panel that has the keys.
pub fn areas(screen: &Screen, panel: Panel, width: u16, height: u16) -> Areas {
    let room = Room::of(width, height);
    let all = Rect { x: 0, y: 0, width, height };
    let has_borders = room > Room::Tiny;
    // Whoever has three rows sees where he is, the table, and the keys; the rest comes as room allows.
    let (header, rest) = all.top(u16::from(height > 1));
    let (rest, footer) = rest.bottom(u16::from(height > 2));
    let (finding, rest) = rest.top(u16::from(height > 5));
    let timeline_rows = match (room, height) {
        (Room::Tiny, ..10) => 0,
        (Room::Tiny, _) => 1,
        (Room::Narrow | Room::Normal | Room::Wide, ..18) => 3,
        (Room::Narrow | Room::Normal | Room::Wide, ..30) => 4,
        (Room::Narrow | Room::Normal | Room::Wide, ..45) => 5,
        (Room::Narrow | Room::Normal | Room::Wide, _) => 6,
    };
    let (body, timeline) = rest.bottom(timeline_rows);
    let base = Areas { header, finding, timeline, footer, has_borders, ..Areas::default() };
    match screen {
        Screen::Cluster => cluster(base, body, room, panel),
        Screen::Node(_) => node(base, body, room),
        Screen::Task(..) => task(base, body, room, panel),
    }
}

/// Rows of the body from which there is room for two tables, one above the other.
const TWO_TABLES: u16 = 12;

/// Of two tables one stays where there is no room for both: the one that has the keys.
fn only(table: Rect, panel: Panel, panels: [Panel; 2]) -> [Rect; 2] {
    if panel == panels[1] { [Rect::default(), table] } else { [table, Rect::default()] }
}

fn cluster(base: Areas, body: Rect, room: Room, panel: Panel) -> Areas {
    let panels = [Panel::Nodes, Panel::Tasks];
    match room {
        Room::Tiny => Areas { tables: only(body, panel, panels), ..base },
        Room::Narrow | Room::Normal | Room::Wide if body.height < TWO_TABLES => {
            Areas { tables: only(body, panel, panels), ..base }
        }
        Room::Narrow => {
            let (map, rest) = body.top(if body.height >= 16 { 4 } else { 0 });
            let (nodes, tasks) = rest.top(rest.height / 2);
            Areas { map, tables: [nodes, tasks], ..base }
        }
        Room::Normal | Room::Wide => {
            let (upper, tasks) = body.top(body.height / 2);
            let (map, nodes) = upper.left(body.width * 2 / 5);
            Areas { map, tables: [nodes, tasks], ..base }
        }
    }
}

/// Four panels side by side, or two above two.
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

fn node(base: Areas, body: Rect, room: Room) -> Areas {
    let (pictures, per_line) = match (room, body.height) {
        (Room::Tiny, _) => (0, 4),
        (Room::Narrow, ..16) => (0, 2),
        (Room::Narrow, ..30) => (8, 2),
        (Room::Narrow, _) => (10, 2),
        (Room::Normal | Room::Wide, ..12) => (0, 4),
        (Room::Normal | Room::Wide, ..20) => (6, 4),
        (Room::Normal | Room::Wide, ..34) => (7, 4),
        (Room::Normal | Room::Wide, _) => (9, 4),
    };
    let (pictures, rest) = body.top(pictures);
    let (about, table) = rest.top(u16::from(room > Room::Tiny));
    Areas { vitals: vitals(pictures, per_line), about, tables: [table, Rect::default()], ..base }
}

/// Rows that say who a task is.
fn about_rows(height: u16) -> u16 {
    match height {
        ..10 => 1,
        10..25 => 3,
        25.. => 5,
    }
}

fn task(base: Areas, body: Rect, room: Room, panel: Panel) -> Areas {
    let panels = [Panel::Queues, Panel::Children];
    match room {
        Room::Tiny => Areas { tables: only(body, panel, panels), ..base },
        Room::Narrow => {
            let (pictures, rest) = body.top(if body.height >= 14 { 6 } else { 0 });
            let (about, rest) = rest.top(about_rows(body.height));
            Areas { vitals: vitals(pictures, 2), about, tables: only(rest, panel, panels), ..base }
        }
        Room::Normal | Room::Wide => {
            let (pictures, rest) = body.top(match body.height {
                ..14 => 0,
                14..34 => 6,
                34.. => 9,
            });
            let (about, rest) = rest.top(about_rows(body.height));
            let (queues, children) = rest.left(rest.width / 2);
            Areas { vitals: vitals(pictures, 4), about, tables: [queues, children], ..base }
        }
    }
}

#[cfg(test)]
mod tests;
