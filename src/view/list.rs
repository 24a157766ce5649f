//! The tables of a screen: title, column heads, the rows of the page, the selection; or why there is nothing.

mod cluster;
mod empty;
mod erlang;

use std::borrow::Borrow;

use midair_vitals::TaskId;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    columns::{self, cgroups, cpus, namespaces, nodes, queues, tasks},
    format, panel, rect, text,
    theme::{Level, Theme},
    widget::{
        pen::Pen,
        table::{Column, Look, Sorted, Table},
    },
};
use crate::{
    app::{
        State,
        heads::{self, Head},
        layout::Areas,
        screen::{List, Panel, RowId, Scope, Screen, Way},
        tabs, target,
    },
    model::{Node, Task, host},
};

/// Draws the table of one panel.
pub fn draw(buffer: &mut Buffer, areas: &Areas, n: usize, state: &State, panel: Panel, theme: &Theme) {
    let area = areas.tables[n];
    if area.is_empty() {
        return;
    }
    let rows = state.rows(panel);
    let title = title(state, panel, rows.len(), theme);
    let has_tabs = state.screen().has_tabs();
    panel::titled(buffer, rect(area), areas.frames, if has_tabs { &[] } else { &title }, theme);
    if has_tabs {
        draw_tabs(buffer, areas, state, (panel, rows.len()), &title, theme);
    }
    let inside = rect(areas.inside(n)).intersection(*buffer.area());
    if rows.is_empty() {
        panel::empty(buffer, inside, &empty::why(state, panel), theme);
        return;
    }
    let (list, has_keys) = (state.list(panel), state.level().panel == panel && !state.is_on_map());
    let heads_area = rect(areas.heads(n)).intersection(*buffer.area());
    let page = Page {
        list,
        rows: &rows,
        inside,
        heads_area,
        heads: heads::of(panel, state.screen(), state.is_mixed()),
        has_keys,
        longest_name: state.longest_name(),
        theme,
    };
    fill(buffer, &page, state, panel);
}

/// The rows, each as its panel shows it.
fn fill(buffer: &mut Buffer, page: &Page<'_>, state: &State, panel: Panel) {
    let node = state.node();
    let is_silent = node.is_some_and(|node| node.presence.is_silent());
    match panel {
        Panel::Nodes => page.draw(buffer, nodes::Row::ALL, |row| node_row(state, row)),
        Panel::Tasks => page.draw(buffer, tasks::Row::ALL, |row| task_row(state, row)),
        Panel::Queues => page.draw(buffer, queues::Row::ALL, |row| queue_row(state, row)),
        Panel::AllQueues => page.draw(buffer, queues::Row::ALL, |row| owned_queue_row(state, row)),
        Panel::Processes => page.draw(buffer, tasks::Row::OF_VM, |row| task_row(state, row)),
        Panel::Groups | Panel::Peers => cluster::draw(buffer, page, state, panel),
        Panel::Vms
        | Panel::Schedulers
        | Panel::Functions
        | Panel::Links
        | Panel::Ports
        | Panel::Tables
        | Panel::Spots
        | Panel::Relatives => erlang::draw(buffer, page, state, panel),
        Panel::Children => page.draw(buffer, tasks::Row::ALL, |row| child_row(state, row)),
        Panel::Cgroups => page.draw(buffer, cgroups::ALL, |row| match row {
            RowId::Scope(_, Scope::Cgroup(path)) => Some((node?.cgroups.get(path)?, is_silent)),
            _ => None,
        }),
        Panel::Namespaces => page.draw(buffer, namespaces::ALL, |row| match row {
            RowId::Scope(_, Scope::Namespace(inode)) => Some((node?.namespaces.get(inode)?, is_silent)),
            _ => None,
        }),
        Panel::Cpus => page.draw(buffer, cpus::ALL, |row| {
            let cpus = &node?.latest.as_ref()?.cpus;
            cpus.iter().find(|cpu| *row == RowId::Cpu(cpu.number)).map(|cpu| (cpu, is_silent))
        }),
        Panel::Host => {
            let facts = node.map(host::facts).unwrap_or_default();
            page.draw(buffer, columns::host::ALL, |row| {
                let is_it = |fact: &&host::Fact| matches!(row, RowId::Check(check) if *check == fact.check);
                facts.iter().find(is_it).map(|fact| (fact, is_silent))
            });
        }
    }
}

/// The part of a table that is seen.
struct Page<'a> {
    list: &'a List,
    rows: &'a [RowId],
    inside: Rect,
    heads_area: Rect,
    heads: &'static [Head],
    has_keys: bool,
    longest_name: u16,
    theme: &'a Theme,
}

impl Page<'_> {
    /// Draws heads and rows; `of` finds what a row is drawn from, and says whether it is old.
    fn draw<R, T: Borrow<R>>(
        &self,
        buffer: &mut Buffer,
        columns: &[Column<R>],
        of: impl Fn(&RowId) -> Option<(T, bool)>,
    ) {
        let area = Rect { height: self.inside.height, ..self.heads_area };
        let places = heads::arrange(self.heads, area.width, self.list.n_columns_skipped, self.longest_name);
        let table = Table::new(self.heads, columns, &places);
        let sorted = Sorted { sort: self.list.sort, is_inverted: self.list.is_inverted };
        table.draw_head(buffer, area, sorted, self.theme);
        let height = usize::from(area.height.saturating_sub(1));
        let first = self.list.first_row(self.rows, height);
        for (line, id) in (1..area.height).zip(self.rows.iter().skip(first)) {
            let Some((row, is_silent)) = of(id) else { continue };
            table.draw_row(buffer, area, line, row.borrow(), Look { theme: self.theme, is_silent });
            if self.list.selected.as_ref() == Some(id) {
                self.select(buffer, line);
            }
        }
    }

    fn select(&self, buffer: &mut Buffer, line: u16) {
        let row = Rect { y: self.inside.y + line, height: 1, ..self.inside };
        Pen::new(buffer, row, 0).put(if self.has_keys { "▶" } else { "▷" }, self.theme.key);
        if self.has_keys {
            buffer.set_style(row.intersection(*buffer.area()), self.theme.selected);
        }
    }
}

fn node_row<'a>(state: &'a State, row: &RowId) -> Option<(nodes::Row<'a>, bool)> {
    let (id, _) = target(row)?;
    let node = state.model.node(id)?;
    let is_silent = node.presence.is_silent();
    Some((nodes::Row { node, glance: node.glance(), now: state.now(), group_by: state.group_by.as_deref() }, is_silent))
}

fn task_row<'a>(state: &'a State, row: &RowId) -> Option<(tasks::Row<'a>, bool)> {
    let (id, task) = target(row)?;
    let node = state.model.node(id)?;
    let task = node.tasks.get(&task?)?;
    Some((tasks::Row { task, node }, is_old(state, node, task)))
}

fn child_row<'a>(state: &'a State, row: &RowId) -> Option<(tasks::Row<'a>, bool)> {
    let (id, child) = target(row)?;
    let node = state.model.node(id)?;
    let task = state.focus()?.children.iter().find(|c| Some(c.id()) == child)?;
    Some((tasks::Row { task, node }, is_old(state, node, task)))
}

fn queue_row<'a>(state: &'a State, row: &RowId) -> Option<(queues::Row<'a>, bool)> {
    let RowId::Queue(kind, number) = row else { return None };
    let task = state.task()?;
    let (queue, vitals) = task.queues().find(|(q, _)| q.kind == *kind && q.number == *number)?;
    let is_silent = state.node().is_some_and(|n| n.presence.is_silent());
    let beyond = state.node().filter(|_| queue.peer.is_none()).and_then(|node| state.model.beyond(node, queue));
    let beyond = beyond.map(|beyond| state.model.beyond_name(&beyond));
    Some((queues::Row { task, queue, vitals, beyond, came_from: came_from(state) }, is_silent))
}

fn owned_queue_row<'a>(state: &'a State, row: &RowId) -> Option<(queues::Row<'a>, bool)> {
    let RowId::OwnedQueue(_, task, kind, number) = row else { return None };
    let node = state.node()?;
    let task = node.tasks.get(task)?;
    let (queue, vitals) = task.queues().find(|(q, _)| q.kind == *kind && q.number == *number)?;
    Some((queues::Row { task, queue, vitals, beyond: None, came_from: None }, is_old(state, node, task)))
}

/// The task from which one came across a queue.
fn came_from(state: &State) -> Option<TaskId> {
    let [.., before, level] = state.levels() else { return None };
    match (&before.screen, level.way) {
        (Screen::Task(_, task), Way::Across) => Some(*task),
        _ => None,
    }
}

/// A row that nothing was heard of for five intervals is grey, like those of a silent node.
fn is_old(state: &State, node: &Node, task: &Task) -> bool {
    node.presence.is_silent() || state.now().since_us(task.at) > node.interval_us.max(1_000_000) * 5
}

/// What stands over a table: what its rows are and how many, and how they are sorted and filtered.
fn title(state: &State, panel: Panel, n_rows: usize, theme: &Theme) -> Vec<(String, Style)> {
    let list = state.list(panel);
    let name = panel.word();
    let strong = if state.level().panel == panel { theme.title } else { theme.dim };
    let mut parts = Vec::new();
    if !state.screen().has_tabs() {
        let total = state.total(panel).filter(|total| *total > n_rows as u64 && list.filter.is_empty());
        let of = total.map_or_else(String::new, |total| format!(" of {}", format::exact(total)));
        parts.push((format!(" {name} "), strong));
        let n = state.counted(panel, n_rows).map_or_else(|| format::UNKNOWN.to_owned(), |n| format::exact(n as u64));
        // A name that is a sentence is not the name of what is counted.
        let counted = match panel {
            Panel::Spots => format!("· {n} lines "),
            Panel::Relatives => format!("· {n} processes "),
            _ => format!("{n}{of} "),
        };
        parts.push((counted, theme.dim));
    }
    let turned = if list.is_inverted { ", turned round" } else { "" };
    parts.push((format!("· {}{turned} ", columns::sorted(panel, list.sort)), theme.dim));
    if panel == Panel::Groups {
        let key = state.groups_key();
        let words = |key: &str| format!("· by {} (b): median, p99, worst ", text::clean(key));
        parts.extend(key.map(|key| (words(&key), theme.dim)));
    }
    if !list.filter.is_empty() {
        parts.push((format!("· /{} ", list.filter), theme.typed));
    }
    parts.extend(unread(state, panel).map(|words| (format!("· {words} "), theme.warn)));
    parts.extend(tracing(state, panel).map(|words| (format!("· {words} "), theme.typed)));
    parts
}

/// That senders are being counted, and for how much longer.
fn tracing(state: &State, panel: Panel) -> Option<String> {
    let left_us = state.trace_left_us().filter(|_| panel == Panel::Relatives)?;
    Some(match left_us.div_ceil(1_000_000) {
        0 => "senders were counted, the answer is on its way".to_owned(),
        seconds => format!("counting senders, {seconds} s left"),
    })
}

/// What of a table is not looked at, and why.
fn unread(state: &State, panel: Panel) -> Option<String> {
    let node = state.node().filter(|_| panel == Panel::Namespaces)?;
    let reading = &node.latest.as_ref()?.reading;
    let n_unread = reading.n_netns_unread.filter(|n| *n > 0)?;
    let why = node.namespaces.values().find_map(|namespace| namespace.reading.unread.as_deref());
    let why = why.map_or_else(String::new, |why| format!(": {}", text::clean(why)));
    let all = format::count(reading.n_netns);
    Some(format!("▵ {n_unread} of {all} not read{why}"))
}

/// Draws the tabs into the frame of their table, and beside them what else its title says.
fn draw_tabs(
    buffer: &mut Buffer,
    areas: &Areas,
    state: &State,
    (panel, n_rows): (Panel, usize),
    more: &[(String, Style)],
    theme: &Theme,
) {
    let tabs = tabs::tabs(state, areas, panel, n_rows);
    let has_keys = state.level().panel == panel;
    for tab in &tabs {
        let mut pen = Pen::new(buffer, rect(tab.rect), 0);
        let (open, close) = if tab.is_shown { ("[", "]") } else { (" ", " ") };
        let style = if tab.is_shown && has_keys { theme.title } else { theme.dim };
        pen.put(open, style).put(&tab.label, style);
        let level = Level::of(tab.severity);
        if tab.severity.is_some() {
            pen.put(level.sign(), theme.level(level));
        }
        pen.put(close, style);
    }
    let Some(last) = tabs.last() else { return };
    let table = rect(areas.tables[state.level().index_of(panel)]);
    let from = last.rect.x + last.rect.width;
    let room = Rect { x: from, y: last.rect.y, width: table.right().saturating_sub(from + 1), height: 1 };
    let mut pen = Pen::new(buffer, room, 0);
    if last.is_shown {
        // The line of the frame does not touch what is said.
        pen.put(" ", theme.dim);
    }
    for (part, style) in more {
        pen.put_whole(part, *style);
    }
}
