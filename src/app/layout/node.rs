//! The node screen and those of its parts: vitals, who it is and what does not work, and the table of the tab that is shown.

use super::{Areas, Content, Frames, Panel, Rect, Room, only, vital_lines, vitals};

/// The node screen.
pub(super) fn areas(
    base: Areas,
    body: Rect,
    room: Room,
    (panels, panel): (&[Panel], Panel),
    content: &Content,
) -> Areas {
    let (pictures, per_line) = match (base.frames, room, body.height) {
        (Frames::Nothing, ..) => (0, 4),
        (Frames::Rules, ..) => vital_lines(body),
        (Frames::Boxes, Room::Tiny | Room::Narrow, _) => (14, 2),
        (Frames::Boxes, Room::Normal | Room::Wide, ..27) => (7, 4),
        (Frames::Boxes, Room::Normal | Room::Wide, 27..34) => (8, 4),
        (Frames::Boxes, Room::Normal | Room::Wide, 34..42) => (9, 4),
        (Frames::Boxes, Room::Normal | Room::Wide, 42..) => (11, 4),
    };
    let (pictures, rest) = body.top(pictures);
    let (about, table) = rest.top(if room == Room::Tiny { 0 } else { 1 + notices(rest, content) });
    Areas { vitals: vitals(pictures, per_line), about, tables: only(table, panel, panels), ..base }
}

/// Lines that say what does not work; a tenth more than the text has, for it is broken between words.
fn notices(area: Rect, content: &Content) -> u16 {
    let columns = usize::from(area.width.saturating_sub(2).max(1));
    let lines: usize = content.notices.iter().map(|n| (n + n / 10).div_ceil(columns)).sum();
    u16::try_from(lines).unwrap_or(u16::MAX).min(area.height / 4)
}

/// The screen of a cgroup or of a network namespace: what it is, and its tasks.
pub(super) fn areas_of_part(base: Areas, body: Rect, room: Room, content: &Content) -> Areas {
    let n_lines = u16::try_from(content.n_about).unwrap_or(u16::MAX);
    let about = match (base.frames, room) {
        (Frames::Nothing, _) | (_, Room::Tiny) => 0,
        (Frames::Rules, _) => n_lines,
        (Frames::Boxes, _) => n_lines.saturating_add(2),
    };
    let (about, table) = body.top(about.min(body.height / 2));
    Areas { about, tables: only(table, Panel::Tasks, &[Panel::Tasks]), ..base }
}
