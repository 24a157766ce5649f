//! Who it is: of a node its runtimes and sources, of a task its identity.

use midair_vitals::TaskKind;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    columns::{nodes, tasks},
    format, panel,
    theme::Theme,
    widget::pen::Pen,
};
use crate::{
    app::State,
    event::{Health, LinkState},
    model::{Node, Task},
};

/// Draws the line of a node: what schedules tasks, and how well each source of the agent works.
pub fn draw_node(buffer: &mut Buffer, area: Rect, state: &State, theme: &Theme) {
    let mut pen = Pen::new(buffer, area, 0);
    let Some(node) = state.node() else { return };
    pen.skip(1);
    if let Some(words) = nodes::presence(node, state.now()) {
        pen.put(nodes::sign(node), theme.alarm).put(&words, theme.alarm).put(&reason(node), theme.plain).skip(2);
    }
    for runtime in &node.runtimes {
        let name = if *runtime.kind == *runtime.name {
            runtime.kind.to_string()
        } else {
            format!("{} {}", runtime.kind, runtime.name)
        };
        let (style, why) = health(&runtime.health, theme);
        let n_tasks = runtime.n_tasks.map_or_else(String::new, |n| format!(" {} tasks", format::exact(n)));
        pen.put_whole(&format!("{name}{n_tasks}"), style).put(&why, style).skip(1);
    }
    let sources = node.latest.iter().flat_map(|l| &l.sources);
    for source in sources {
        let (style, why) = health(&source.health, theme);
        pen.put_whole("· ", theme.border).put_whole(&source.name, style).put(&why, style).skip(1);
    }
    if node.n_lost() > 0 {
        pen.put_whole(&format!("· {} samples lost", node.n_lost()), theme.alarm);
    }
}

fn reason(node: &Node) -> String {
    match (&node.presence, &node.link) {
        (crate::model::Presence::Silent { reason, .. }, _) => format!(": {reason}"),
        (_, LinkState::Down { reason, .. }) => format!(": {reason}"),
        (_, LinkState::Connecting | LinkState::Up { .. }) => String::new(),
    }
}

fn health(health: &Health, theme: &Theme) -> (Style, String) {
    match health {
        Health::Ok => (theme.dim, " ok".to_owned()),
        Health::Degraded(why) => (theme.warn, format!(" ▵ {why}")),
        Health::Off(why) => (theme.warn, format!(" off: {why}")),
    }
}

/// Draws the identity of a task.
pub fn draw_task(buffer: &mut Buffer, area: Rect, state: &State, theme: &Theme) {
    let Some((node, task)) = state.node().zip(state.task()) else {
        let inside = panel::frame(buffer, area, &[(" task ".to_owned(), theme.title)], theme);
        panel::empty(buffer, inside, "nothing is known of this task at this moment", theme);
        return;
    };
    let title = [(format!(" {} ", tasks::title(task)), theme.title), (ended(state), theme.alarm)];
    let inside = panel::frame(buffer, area, &title, theme);
    let rows = [doing(task), who(task, node), command(task)];
    for (row, parts) in (0..inside.height).zip(rows) {
        let mut pen = Pen::new(buffer, inside, row);
        pen.skip(1);
        for (label, value) in parts {
            pen.put_whole(label, theme.dim).put_whole(if label.is_empty() { "" } else { " " }, theme.dim);
            pen.put(&value, theme.plain).skip(2);
        }
    }
}

fn ended(state: &State) -> String {
    if state.focus().is_some_and(|f| f.has_ended) { "has ended: last values ".to_owned() } else { String::new() }
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
