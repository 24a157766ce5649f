//! The tables of a screen: title, column heads, the rows of the page, the selection; or why there is nothing.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    columns::{self, nodes, queues, tasks},
    format, panel, rect,
    theme::Theme,
    widget::{
        pen::Pen,
        table::{Column, Look, Sorted, Table},
    },
};
use crate::{
    app::{
        State, TABLE_ID,
        heads::{self, Head},
        layout::Areas,
        screen::{List, Panel, RowId, Screen},
        target,
    },
    model::{Node, Task},
};

/// Draws the table of one panel.
pub fn draw(buffer: &mut Buffer, areas: &Areas, n: usize, state: &State, panel: Panel, theme: &Theme) {
    let area = areas.tables[n];
    if area.is_empty() {
        return;
    }
    let rows = state.rows(panel);
    panel::titled(buffer, rect(area), areas.frames, &title(state, panel, rows.len(), theme), theme);
    let inside = rect(areas.inside(n)).intersection(*buffer.area());
    if rows.is_empty() {
        panel::empty(buffer, inside, &nothing(state, panel), theme);
        return;
    }
    let (list, has_keys) = (state.list(panel), state.level().panel == panel);
    let heads_area = rect(areas.heads(n)).intersection(*buffer.area());
    let page = Page {
        list,
        rows: &rows,
        inside,
        heads_area,
        heads: heads::of(panel, state.screen()),
        has_keys,
        longest_name: state.longest_name(),
        theme,
    };
    match panel {
        Panel::Nodes => page.draw(buffer, nodes::Row::ALL, |row| node_row(state, row)),
        Panel::Queues => page.draw(buffer, queues::Row::ALL, |row| queue_row(state, row)),
        Panel::Tasks => page.draw(buffer, tasks::Row::ALL, |row| task_row(state, row)),
        Panel::Children => page.draw(buffer, tasks::Row::ALL, |row| child_row(state, row)),
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
    fn draw<R>(&self, buffer: &mut Buffer, columns: &[Column<R>], of: impl Fn(&RowId) -> Option<(R, bool)>) {
        let area = Rect { height: self.inside.height, ..self.heads_area };
        let places = heads::arrange(self.heads, area.width, self.list.n_columns_skipped, self.longest_name);
        let table = Table::new(self.heads, columns, &places);
        let sorted = Sorted { order: self.list.order, is_inverted: self.list.is_inverted };
        table.draw_head(buffer, area, sorted, self.theme);
        let height = usize::from(area.height.saturating_sub(1));
        let first = self.list.first_row(self.rows, height);
        for (line, id) in (1..area.height).zip(self.rows.iter().skip(first)) {
            let Some((row, is_silent)) = of(id) else { continue };
            table.draw_row(buffer, area, line, &row, Look { theme: self.theme, is_silent });
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
    Some((nodes::Row { node, now: state.now(), group_by: state.group_by.as_deref() }, is_silent))
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
    let (queue, vitals) = state.task()?.queues().find(|(q, _)| q.kind == *kind && q.number == *number)?;
    let is_silent = state.node().is_some_and(|n| n.presence.is_silent());
    Some((queues::Row { queue, vitals }, is_silent))
}

/// A row that nothing was heard of for five intervals is grey, like those of a silent node.
fn is_old(state: &State, node: &Node, task: &Task) -> bool {
    node.presence.is_silent() || state.now().since_us(task.at) > node.interval_us.max(1_000_000) * 5
}

fn title(state: &State, panel: Panel, n_rows: usize, theme: &Theme) -> Vec<(String, Style)> {
    let list = state.list(panel);
    let name = match (panel, state.screen()) {
        (Panel::Nodes, _) => " nodes ",
        (Panel::Tasks, Screen::Cluster) => " hottest tasks of the cluster ",
        (Panel::Tasks, Screen::Node(_) | Screen::Task(..)) => " tasks ",
        (Panel::Queues, _) => " queues ",
        (Panel::Children, _) => " threads ",
    };
    let strong = if state.level().panel == panel { theme.title } else { theme.dim };
    let total = total(state, panel).filter(|total| *total > n_rows as u64 && list.filter.is_empty());
    let of = total.map_or_else(String::new, |total| format!(" of {}", format::exact(total)));
    let mut parts = vec![(name.to_owned(), strong), (format!("{}{of} ", format::exact(n_rows as u64)), theme.dim)];
    let turned = if list.is_inverted { ", turned round" } else { "" };
    parts.push((format!("· {}{turned} ", columns::order(list.order)), theme.dim));
    if !list.filter.is_empty() {
        parts.push((format!("· /{} ", list.filter), theme.typed));
    }
    parts
}

/// How many there are, known here or not.
fn total(state: &State, panel: Panel) -> Option<u64> {
    match panel {
        Panel::Nodes => None,
        Panel::Tasks => match state.screen() {
            Screen::Cluster => None,
            Screen::Node(_) | Screen::Task(..) => state.node()?.answers.get(&TABLE_ID).map(|a| a.total),
        },
        Panel::Queues => state.focus()?.n_queues.map(u64::from),
        Panel::Children => state.focus()?.n_children.map(u64::from),
    }
}

/// Why a table is empty, and what would fill it.
fn nothing(state: &State, panel: Panel) -> String {
    let filter = &state.list(panel).filter;
    if !filter.is_empty() {
        return format!("no row matches /{filter} (Esc closes the filter)");
    }
    let node = state.node();
    let is_unheard = node.is_some_and(|n| n.latest.is_none());
    let is_silent = node.is_some_and(|n| n.presence.is_silent());
    let all_silent = || state.model.nodes.values().all(|n| n.presence.is_silent());
    let words = match panel {
        Panel::Nodes => "no agent has answered yet; each that does becomes a row here",
        Panel::Tasks if is_unheard && is_silent => {
            "nothing was ever received from this node: why stands above; it is dialled again and again"
        }
        Panel::Tasks if is_unheard => "waiting for the first sample of this node",
        Panel::Tasks if state.model.nodes.is_empty() => "no tasks yet: they come with the first sample of an agent",
        Panel::Tasks if all_silent() => "no node is heard, so no task is known now: enter a node for why",
        Panel::Tasks => "no task ranks in any order: the agent sends those that use CPU, wait, grow or queue",
        Panel::Queues => queues_missing(state),
        Panel::Children => match state.focus() {
            None => "waiting for the close look that lists threads",
            Some(focus) if focus.has_ended => "the task has ended, and its threads with it",
            Some(_) => "one thread only: its state and wait channel stand above",
        },
    };
    words.to_owned()
}

fn queues_missing(state: &State) -> &'static str {
    match state.task() {
        None => "waiting for the close look that lists queues",
        Some(task) if task.reading.queues.is_none() => {
            "its sockets and pipes cannot be read: run the agent as the same user, as root, or with CAP_SYS_PTRACE"
        }
        Some(_) => "it holds no sockets or pipes in which anything could wait",
    }
}
