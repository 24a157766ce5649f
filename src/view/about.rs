//! Who it is: of a node its runtimes and sources, of a task its identity.

use midair_vitals::TaskKind;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    columns::{nodes, tasks},
    format, panel, rect, text,
    theme::Theme,
    widget::pen::Pen,
};
use crate::{
    app::{
        State,
        layout::{Areas, Frames},
    },
    event::Health,
    model::{Node, Task},
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
    for runtime in &node.runtimes {
        let name = if *runtime.kind == *runtime.name {
            runtime.kind.to_string()
        } else {
            format!("{} {}", runtime.kind, runtime.name)
        };
        let (style, how) = health(&runtime.health, theme);
        let n_tasks = runtime.n_tasks.map_or_else(String::new, |n| format!(" {} tasks", format::exact(n)));
        pen.put_whole(&format!("{name}{n_tasks}"), style).put_whole(how, style).skip(1);
    }
    for source in node.latest.iter().flat_map(|l| &l.sources) {
        let (style, how) = health(&source.health, theme);
        pen.put_whole("· ", theme.border).put_whole(&source.name, style).put_whole(how, style).skip(1);
    }
    if node.n_lost() > 0 {
        pen.put_whole(&format!("· {} samples lost", node.n_lost()), theme.alarm);
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

fn trouble((name, why): (&str, &str)) -> String {
    if name.is_empty() { why.to_owned() } else { format!("▵ {name}: {why}") }
}

fn health(health: &Health, theme: &Theme) -> (Style, &'static str) {
    match health {
        Health::Ok => (theme.dim, " ok"),
        Health::Degraded(_) => (theme.warn, " ▵ in part"),
        Health::Off(_) => (theme.warn, " ▵ off"),
    }
}

/// Draws the identity of a task.
pub fn draw_task(buffer: &mut Buffer, areas: &Areas, state: &State, theme: &Theme) {
    let area = rect(areas.about).intersection(*buffer.area());
    let has_box = areas.frames == Frames::Boxes;
    let Some((node, task)) = state.node().zip(state.task()) else {
        let title = [(" task ".to_owned(), theme.title)];
        let inside = if has_box { panel::frame(buffer, area, &title, theme) } else { area };
        panel::empty(buffer, inside, "nothing is known of this task at this moment", theme);
        return;
    };
    let title = [(format!(" {} ", tasks::title(task)), theme.title), (ended(state), theme.alarm)];
    let inside = if has_box { panel::frame(buffer, area, &title, theme) } else { area };
    let rows = [doing(task), who(task, node), command(task)];
    for (row, parts) in (0..inside.height).zip(rows) {
        let mut pen = Pen::new(buffer, inside, row);
        pen.skip(1);
        if row == 0 && !has_box {
            pen.put(&ended(state), theme.alarm);
        }
        for (label, value) in parts {
            // A value that has no room whole says nothing; one that is long by nature is cut.
            let is_long = matches!(label, "command" | "cgroup");
            if !is_long && text::width(label) + 1 + text::width(&value) > usize::from(pen.left()) {
                break;
            }
            pen.put_whole(label, theme.dim).put(" ", theme.dim).put(&value, theme.plain).skip(2);
        }
    }
}

fn ended(state: &State) -> String {
    if state.focus().is_some_and(|f| f.has_ended) { "has ended: last values  ".to_owned() } else { String::new() }
}

type Parts = Vec<(&'static str, String)>;

fn or_unknown(text: Option<&str>) -> String {
    text.unwrap_or(format::UNKNOWN).to_owned()
}

fn doing(task: &Task) -> Parts {
    let (reading, vitals) = (&task.reading, &task.vitals);
    let worst = reading.worst_thread.map(|t| format!("{} by thread {}", format::delay(vitals.worst_delay), t.number));
    vec![
        ("state", or_unknown(reading.state.map(|s| s.word()))),
        ("waits in", or_unknown(reading.wait_channel.as_deref())),
        ("worst delay/s", worst.unwrap_or_else(|| format::delay(vitals.worst_delay))),
        ("put on cpu/s", format::number(vitals.runs)),
        ("threads", format::count(reading.n_threads.map(u64::from))),
        ("swap", format::bytes(reading.swap_bytes.map(|b| b as f64))),
        ("anon", format::bytes(reading.anon_bytes.map(|b| b as f64))),
        ("file", format::bytes(reading.file_bytes.map(|b| b as f64))),
        ("drops", format::count(vitals.drops)),
    ]
}

fn who(task: &Task, node: &Node) -> Parts {
    let reading = &task.reading;
    let number = match reading.kind {
        TaskKind::Process => "pid",
        TaskKind::Thread | TaskKind::KernelThread => "tid",
        TaskKind::Erlang | TaskKind::Tokio => "number",
    };
    let mut parts = vec![(number, reading.id.number.to_string())];
    parts.extend(reading.process.map(|p| ("of", p.to_string())));
    let parent = reading.parent.map_or_else(|| format::UNKNOWN.to_owned(), |p| parent(p, node));
    parts.extend([
        ("user", or_unknown(reading.user.as_deref())),
        ("up", tasks::up_us(task, node).map_or_else(|| format::UNKNOWN.to_owned(), format::duration)),
        ("parent", parent),
        ("cgroup", or_unknown(reading.cgroup.as_deref())),
    ]);
    parts
}

fn parent(number: u64, node: &Node) -> String {
    let known = node.tasks.values().find(|t| t.id().runtime == 0 && t.id().number == number);
    known.map_or_else(|| number.to_string(), |task| format!("{} {number}", tasks::title(task)))
}

fn command(task: &Task) -> Parts {
    vec![("command", or_unknown(task.reading.command.as_deref()))]
}
