//! What a node says of itself: its runtimes, its agent's sources with their price, and what does not work.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{columns::nodes, format, panel, text, theme::Theme, widget::pen::Pen};
use crate::{
    app::State,
    event::{Health, Runtime, Source},
    model::{Node, Standing},
};

/// Draws the line of a node: what schedules tasks, and how well each source of the agent works. Below it, as far as there
/// are rows: what does not work, why, and the remedy.
pub fn draw_node(buffer: &mut Buffer, area: Rect, state: &State, theme: &Theme) {
    let Some(node) = state.node() else { return };
    let area = area.intersection(*buffer.area());
    let mut pen = Pen::new(buffer, area, 0);
    pen.skip(1);
    if let Some(words) = nodes::presence(node, state.now()) {
        pen.put(nodes::sign(node), theme.alarm).put(&words, theme.alarm).skip(2);
    }
    if let Some((words, is_agreed)) = nodes::seen_by(&state.model, node, state.now()) {
        pen.put(&words, if is_agreed { theme.dim } else { theme.warn }).skip(2);
    }
    let room = usize::from(pen.left());
    let told = [Told::Notes, Told::All, Told::Periods, Told::Health].map(|told| parts(node, told));
    let width = |parts: &[Part]| parts.iter().map(|part| text::width(&part.text) + 3).sum::<usize>();
    let fitting = told.iter().find(|parts| width(parts) <= room).or(told.last());
    for (n, part) in fitting.into_iter().flatten().enumerate() {
        let style = health(&part.health, theme);
        put_part(&mut pen, n == 0, (&part.text, style), theme);
    }
    pen.skip(1);
    let lost = node.lost();
    if lost.n > 0 {
        // Where nobody counted it is so many at the least.
        let sign = if lost.is_least { "~" } else { "" };
        pen.put_whole(&format!("· {sign}{} samples lost", lost.n), theme.alarm);
    }
    let columns = usize::from(area.width.saturating_sub(2)).max(1);
    let troubles: Vec<String> = node.troubles().flat_map(|t| panel::wrapped(&trouble(t), columns)).collect();
    if area.height == 1
        && let Some(first) = troubles.first()
    {
        pen.put(first, theme.warn);
    }
    let n_rows = usize::from(area.height.saturating_sub(1));
    for (row, line) in (1..area.height).zip(&troubles) {
        let is_cut = usize::from(row) == n_rows && troubles.len() > n_rows;
        let line = if is_cut { format!("{line} …") } else { line.clone() };
        Pen::new(buffer, area, row).skip(1).put(&line, theme.warn);
    }
}

/// Draws the line of an Erlang VM: what it is and how it is watched. Below it, as far as there are rows: what does not work.
pub fn draw_vm(buffer: &mut Buffer, area: Rect, state: &State, theme: &Theme) {
    let Some(node) = state.node() else { return };
    let area = area.intersection(*buffer.area());
    let Some(vm) = state.vm() else {
        panel::empty(buffer, area, "this VM is not among those that the agent tells of at this moment", theme);
        return;
    };
    let shown = panel::vm::Shown { vm, node, now: state.now() };
    let mut pen = Pen::new(buffer, area, 0);
    pen.skip(1);
    let standing = panel::vm::standing(shown);
    if let Some((words, is_bad)) = &standing {
        pen.put(words, if *is_bad { theme.alarm } else { theme.plain });
    }
    for (n, part) in panel::vm::about(shown).iter().enumerate() {
        let style = if part.starts_with('▲') { theme.warn } else { theme.dim };
        put_part(&mut pen, n == 0 && standing.is_none(), (part, style), theme);
    }
    let columns = usize::from(area.width.saturating_sub(2)).max(1);
    let notices = vm.notices(node).into_iter().flat_map(|why| panel::wrapped(&format!("▵ {why}"), columns));
    for (row, line) in (1..area.height).zip(notices) {
        Pen::new(buffer, area, row).skip(1).put(&line, theme.warn);
    }
}

/// Writes one of several parts, with what stands between them, only if both have room.
fn put_part(pen: &mut Pen<'_>, is_first: bool, (part, style): (&str, Style), theme: &Theme) {
    let between = if is_first { "" } else { " · " };
    if text::width(between) + text::width(&text::clean(part)) <= usize::from(pen.left()) {
        pen.put(between, theme.border).put(part, style);
    }
}

/// How much is told of each source, where there is room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    /// Whether it works.
    Health,
    /// And how long its rounds take.
    Periods,
    /// And what it costs.
    All,
    /// And what it says of itself.
    Notes,
}

/// A runtime or a source, and how well it works.
struct Part {
    text: String,
    health: Health,
}

fn parts(node: &Node, told: Told) -> Vec<Part> {
    // What they say is of now.
    if node.is_unmeasured() {
        return Vec::new();
    }
    let runtime = |runtime: &Runtime| {
        let name = if *runtime.kind == *runtime.name {
            runtime.kind.to_string()
        } else {
            format!("{} {}", runtime.kind, runtime.name)
        };
        let n_tasks = runtime.n_tasks.map_or_else(String::new, |n| format!(" {} tasks", format::exact(n)));
        // That nobody asks a VM is nothing to warn of.
        if let Standing::Unasked(_) = runtime.standing() {
            let how = if runtime.is_undistributed { "not distributed" } else { midair_vitals::vm::NOT_ASKED_YET };
            return Part { text: format!("{name} {how}"), health: Health::Ok };
        }
        Part { text: format!("{name}{n_tasks}{}", how(&runtime.health)), health: runtime.health.clone() }
    };
    let source = |source: &Source| {
        let mut text = format!("{}{}", source.name, how(&source.health));
        if told >= Told::All && source.cpu_us.is_some() {
            text += &format!(" {}", format::latency(source.cpu_us));
        }
        if told >= Told::Periods {
            text += &rounds(source);
        }
        if let Some(note) = source.note.as_ref().filter(|_| told == Told::Notes) {
            text += &format!(": {note}");
        }
        Part { text, health: source.health.clone() }
    };
    let sources = node.latest.iter().flat_map(|latest| &latest.sources);
    node.runtimes.iter().map(runtime).chain(sources.map(source)).collect()
}

/// How long it takes until all of a source has been read once, where that is more than one sample.
fn rounds(source: &Source) -> String {
    let every = |ms: u32| format::duration(u64::from(ms) * 1000);
    match (source.period_ms, source.slow_period_ms) {
        (Some(ms), Some(slow)) => format!(" every {}, large processes every {}", every(ms), every(slow)),
        (Some(ms), None) => format!(" every {}", every(ms)),
        (None, Some(slow)) => format!(", large processes every {}", every(slow)),
        (None, None) => String::new(),
    }
}

fn how(health: &Health) -> &'static str {
    match health {
        Health::Ok => " ok",
        Health::Degraded(_) => " ▵ in part",
        Health::Off(_) => " ▵ off",
    }
}

fn trouble((name, why): (&str, Cow<'_, str>)) -> String {
    if name.is_empty() { why.into_owned() } else { format!("▵ {name}: {why}") }
}

fn health(health: &Health, theme: &Theme) -> Style {
    match health {
        Health::Ok => theme.dim,
        Health::Degraded(_) | Health::Off(_) => theme.warn,
    }
}

#[cfg(test)]
mod tests;
