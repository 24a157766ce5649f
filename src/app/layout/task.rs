//! The task screen: its vitals over time, who it is, its queues and its threads.

use super::{
    Areas, Content, Frames, Panel, Rect, Room, TABLES_MAX, TWO_TABLES, both, chrome, only, vital_lines, vitals,
};

/// Columns of a panel that only says why it is empty.
const EMPTY_COLUMNS: u16 = 34;

/// Columns in which what is told of a thread has room, and from which on all of it has.
const CHILDREN_COLUMNS: (u16, u16) = (52, 80);

/// Queues that do not change where the table below them starts.
const FEW_QUEUES: usize = 3;

pub(super) fn areas(base: Areas, body: Rect, room: Room, panel: Panel, content: &Content) -> Areas {
    let panels = [Panel::Queues, Panel::Children];
    if room == Room::Tiny {
        return Areas { tables: only(body, panel, &panels), ..base };
    }
    let (pictures, per_line) = match (base.frames, room, body.height) {
        (Frames::Nothing | Frames::Rules, ..) => vital_lines(body),
        (Frames::Boxes, Room::Tiny | Room::Narrow, _) => (12, 2),
        (Frames::Boxes, Room::Normal | Room::Wide, ..34) => (6, 4),
        (Frames::Boxes, Room::Normal | Room::Wide, _) => (9, 4),
    };
    let (pictures, rest) = body.top(pictures);
    let n_lines = u16::try_from(content.n_about).unwrap_or(u16::MAX);
    let (about, rest) = rest.top(match (base.frames, rest.height) {
        (Frames::Boxes, _) => n_lines.saturating_add(2).min(rest.height / 2),
        (Frames::Nothing | Frames::Rules, ..10) => 1,
        (Frames::Nothing | Frames::Rules, _) => n_lines.min(3),
    });
    let tables = match room {
        Room::Normal | Room::Wide => side_by_side(rest, room, content),
        Room::Tiny | Room::Narrow if rest.height < TWO_TABLES => only(rest, panel, &panels),
        Room::Tiny | Room::Narrow => stacked(rest, base.frames, content),
    };
    Areas { vitals: vitals(pictures, per_line), about, tables, ..base }
}

/// Queues and threads: who has none leaves the room to the other.
fn side_by_side(rest: Rect, room: Room, content: &Content) -> [Rect; TABLES_MAX] {
    let children = if room == Room::Wide { CHILDREN_COLUMNS.1 } else { CHILDREN_COLUMNS.0 };
    let queues = match (content.n_queues, content.n_children) {
        (0, 1..) => EMPTY_COLUMNS,
        (1.., 0) => rest.width - EMPTY_COLUMNS,
        (0, 0) => rest.width / 2,
        (1.., 1..) => rest.width - children.min(rest.width / 2),
    };
    let (queues, children) = rest.left(queues);
    both(queues, children)
}

fn stacked(rest: Rect, frames: Frames, content: &Content) -> [Rect; TABLES_MAX] {
    // Two lines say why it is empty.
    let empty = chrome(frames) + 1;
    let queues = match (content.n_queues, content.n_children) {
        (0, _) => empty,
        (1.., 0) => rest.height - empty,
        (1..=FEW_QUEUES, 1..) => (FEW_QUEUES as u16 + chrome(frames)).min(rest.height / 2),
        (_, 1..) => rest.height / 2,
    };
    let (queues, children) = rest.top(queues);
    both(queues, children)
}
