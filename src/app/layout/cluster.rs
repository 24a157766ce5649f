//! The cluster screen: the map, the nodes, the hottest tasks.

use super::{Areas, Content, Frames, Panel, Rect, Room, Screen, TABLES_MAX, TWO_TABLES, chrome, map, only};

/// The map and the nodes take what they need, the hottest tasks the rest, which is half at least.
pub(super) fn areas(base: Areas, body: Rect, room: Room, panel: Panel, content: &Content) -> Areas {
    let panels = Screen::Cluster.panels();
    if room == Room::Tiny || body.height < TWO_TABLES {
        return Areas { tables: only(body, panel, panels), ..base };
    }
    let n_nodes = u16::try_from(content.groups.iter().sum::<usize>()).unwrap_or(u16::MAX);
    // A title that says why there are none needs as much as one node.
    let nodes_need = n_nodes.max(1).saturating_add(chrome(base.frames));
    if room == Room::Narrow || base.frames == Frames::Rules {
        let around = if base.frames == Frames::Boxes { 3 } else { 1 };
        let map_needs = map::n_lines(&content.groups, body.width - 2, 1).max(1).saturating_add(around);
        let map_needs = if body.height < 14 { 0 } else { map_needs.min(body.height / 4) };
        let (map, rest) = body.top(map_needs);
        let (nodes, tasks) = rest.top(nodes_need.min(rest.height / 2));
        return Areas { map, tables: placed(nodes, tasks, panel), ..base };
    }
    let map_width = body.width * 2 / 5;
    let n_lines = map::n_lines(&content.groups, map_width - 2, 2);
    // Cells two rows high, a row between groups, the spread, and the box.
    let map_needs = n_lines
        .saturating_mul(2)
        .saturating_add(u16::try_from(content.groups.len()).unwrap_or(u16::MAX))
        .saturating_add(2);
    let (upper, tasks) = body.top(nodes_need.max(map_needs).max(6).min(body.height / 2));
    let (map, nodes) = upper.left(map_width);
    Areas { map, tables: placed(nodes, tasks, panel), ..base }
}

/// In each place the panel that has the keys, where it is one of those; else nodes above and tasks below.
fn placed(upper: Rect, lower: Rect, panel: Panel) -> [Rect; TABLES_MAX] {
    let panels = Screen::Cluster.panels();
    let shown = |first: Panel| if Screen::Cluster.beside(first).contains(&panel) { panel } else { first };
    let (above, below) = (shown(Panel::Nodes), shown(Panel::Tasks));
    std::array::from_fn(|n| match panels.get(n) {
        Some(here) if *here == above => upper,
        Some(here) if *here == below => lower,
        _ => Rect::default(),
    })
}
