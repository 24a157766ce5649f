//! The map of the cluster: one cell per node, as high and as coloured as its severity; where nodes are
//! many, one per several of them, as the worst of these.

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
        layout::{
            Areas, Frames,
            map::{Caption, LABEL, Map},
        },
    },
    model::cluster::{self, Group, Heat},
};

/// Draws it.
pub fn draw(buffer: &mut Buffer, areas: &Areas, state: &State, theme: &Theme) {
    let (groups, map) = state.map(areas);
    let title = title(state, &groups, &map, theme);
    let has_box = areas.frames == Frames::Boxes;
    let inside = if has_box { panel::frame(buffer, rect(areas.map), &title, theme) } else { rect(areas.map) };
    if state.model.nodes.is_empty() {
        panel::empty(buffer, inside, "no nodes yet: each agent that answers becomes a cell here", theme);
        return;
    }
    for (row, caption) in &map.captions {
        let words = match caption {
            Caption::Group(group) => name(state, &groups[*group]),
            Caption::Node(group, node) => {
                let id = &groups[*group].nodes[*node];
                state.model.node(id).map_or(&*id.0, |node| node.name())
            }
        };
        let words = text::fit(&text::clean(words), usize::from(LABEL), Align::Left);
        let line = Rect { y: *row, height: 1, ..inside };
        Pen::new(buffer, line, 0).skip(1).put(&words, theme.dim);
    }
    let selected = state.node_on_map();
    for (place, cell) in map.places.iter().zip(state.cells(&groups, &map)) {
        let area = rect(place.rect);
        if let Some(cell) = cell {
            draw_cell(buffer, area, cell.heat, theme);
        }
        if selected.is_some_and(|id| place.of(&groups).any(|node| node == id)) {
            buffer.set_style(area.intersection(*buffer.area()), Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    let mut pen = Pen::new(buffer, rect(map.spread), 0);
    if !has_box {
        for (words, style) in &title {
            pen.put_whole(words, *style);
        }
    }
    draw_spread(&mut pen, state, &groups, theme);
}

/// By what it is coloured and grouped, where in it one is, and what a cell is where it is no node.
fn title(state: &State, groups: &[Group], map: &Map, theme: &Theme) -> Vec<(String, Style)> {
    let mut title = vec![(format!(" {} ", state.vital.word()), theme.vital(state.vital).patch(theme.strong))];
    if state.is_on_map() {
        title.insert(0, (" ▶".to_owned(), theme.key));
    }
    match state.map_group(groups) {
        Some(group) => title.push((format!("› {} ", text::clean(name(state, group))), theme.key)),
        None => title.extend(state.group_by.as_ref().map(|key| (format!("by {} ", text::clean(key)), theme.dim))),
    }
    let share = match (&map.page, map.group_fold, map.fold) {
        (Some(page), ..) => {
            let n_all = state.map_group(groups).map_or(0, |group| group.nodes.len());
            let [first, last, all] = [page.start + 1, page.end, n_all].map(|n| format::exact(n as u64));
            format!("· {first}-{last} of {all} ")
        }
        (None, 0, 0 | 1) => String::new(),
        (None, 0, fold) => format!("· 1 cell = {fold} nodes "),
        (None, 1, _) => format!("· 1 cell = 1 of {} groups ", format::exact(groups.len() as u64)),
        (None, fold, _) => format!("· 1 cell = {fold} of {} groups ", format::exact(groups.len() as u64)),
    };
    title.push((share, theme.dim));
    title
}

/// What a group is called.
fn name<'a>(state: &State, group: &'a Group) -> &'a str {
    group.value.as_deref().unwrap_or(if state.group_by.is_some() { "(none)" } else { "all" })
}

/// Draws the node of a cell that needs a look most.
fn draw_cell(buffer: &mut Buffer, area: Rect, heat: Heat, theme: &Theme) {
    let ground = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    let (sign, style) = match heat {
        Heat::Silent => ("×", theme.alarm),
        Heat::Late => ("~", theme.alarm),
        Heat::Unknown => ("·", theme.dim),
        Heat::Known(worst) => {
            let style = theme.level(Level::of(Some(worst)));
            spark::column(buffer, area, area.x, f64::from(worst.per_mille()) / 1000.0, style, style);
            return;
        }
    };
    Pen::new(buffer, ground, 0).put(sign, style);
}

fn draw_spread(pen: &mut Pen<'_>, state: &State, groups: &[Group], theme: &Theme) {
    pen.skip(1);
    if let Some(spread) = cluster::spread(state.nodes_on_map(groups), state.vital) {
        for (label, severity) in [("p50 ", spread.median), ("p99 ", spread.p99), ("worst ", spread.worst)] {
            let level = Level::of(Some(severity));
            pen.put(label, theme.dim)
                .put(&format::severity(Some(severity)), theme.level_or_plain(level))
                .put(" %  ", theme.dim);
        }
    }
    pen.put_whole("× silent  ~ late", theme.dim);
}
