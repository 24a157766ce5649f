//! Who a task is: what it does, where it runs and what that allows it.

mod erlang;

use midair_vitals::TaskKind;
use ratatui::{buffer::Buffer, style::Style};

use super::{
    columns::{cgroups, tasks},
    format, panel, rect, text,
    theme::{Level, Theme},
    widget::pen::Pen,
};
use crate::{
    app::{
        State,
        layout::{Areas, Frames},
    },
    model::{Cgroup, Focus, Namespace, Node, Task},
};

/// Draws it.
pub fn draw(buffer: &mut Buffer, areas: &Areas, state: &State, theme: &Theme) {
    let area = rect(areas.about).intersection(*buffer.area());
    let has_box = areas.frames == Frames::Boxes;
    let Some((node, task)) = state.node().zip(state.task()) else {
        let title = [(" task ".to_owned(), theme.title)];
        let inside = if has_box { panel::frame(buffer, area, &title, theme) } else { area };
        panel::empty(buffer, inside, "nothing is known of this task at this moment", theme);
        return;
    };
    let focus = state.focus();
    let ended = if focus.is_some_and(|f| f.has_ended) { "has ended: last values  " } else { "" };
    let title = [(format!(" {} ", tasks::title(task)), theme.title), (ended.to_owned(), theme.alarm)];
    let inside = if has_box { panel::frame(buffer, area, &title, theme) } else { area };
    let lines = match task.reading.kind {
        TaskKind::Erlang => erlang::lines(task, node, focus).into(),
        TaskKind::Process | TaskKind::Thread | TaskKind::KernelThread | TaskKind::Tokio => {
            vec![doing(task), who(task, node), cgroup(task, node, focus), namespace(task, node, focus), command(task)]
        }
    };
    for (row, values) in (0..inside.height).zip(lines.iter().filter(|values| !values.is_empty())) {
        let mut pen = Pen::new(buffer, inside, row);
        pen.skip(1);
        if row == 0 && !has_box {
            pen.put(ended, theme.alarm);
        }
        draw_line(&mut pen, values, theme);
    }
}

fn draw_line(pen: &mut Pen<'_>, values: &[Value], theme: &Theme) {
    for Value { label, text: value, level, is_long } in values {
        let value = format!("{}{value}", level.sign().trim());
        // A value that has no room whole says nothing; one that is long by nature is cut.
        if !is_long && text::width(label) + 1 + text::width(&value) > usize::from(pen.left()) {
            break;
        }
        let style: Style = theme.level_or_plain(*level);
        pen.put_whole(label, theme.dim).put(" ", theme.dim).put(&value, style).skip(2);
    }
}

/// A value with its name, and how bad it is.
struct Value {
    label: &'static str,
    text: String,
    level: Level,
    is_long: bool,
}

impl Value {
    fn new(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, text: text.into(), level: Level::Unknown, is_long: false }
    }

    fn at(self, level: Level) -> Self {
        Self { level, ..self }
    }

    fn long(self) -> Self {
        Self { is_long: true, ..self }
    }
}

fn or_unknown(text: Option<&str>) -> &str {
    text.unwrap_or(format::UNKNOWN)
}

/// A task that has been runnable for longer than this, microseconds, says so first.
const LONG_WAIT_US: u64 = 10_000;

fn doing(task: &Task) -> Vec<Value> {
    let (reading, vitals) = (&task.reading, &task.vitals);
    let mut values = vec![Value::new("state", or_unknown(reading.state.map(|s| s.word())))];
    if let Some(us) = reading.waiting_us.filter(|us| *us >= LONG_WAIT_US) {
        values.push(Value::new("waits for a cpu since", format::age(Some(us))).at(tasks::level_of_wait(us)));
    }
    let worst = match (reading.worst_thread, reading.kind) {
        (Some(thread), TaskKind::Process) if reading.n_threads != Some(1) => {
            format!("{} by thread {}", format::delay(vitals.worst_delay), thread.number)
        }
        _ => format::delay(vitals.worst_delay),
    };
    values.extend([
        Value::new("waits in", or_unknown(reading.wait_channel.as_deref())),
        Value::new("worst delay/s", worst),
        Value::new("put on cpu/s", format::number(vitals.runs)),
        Value::new("threads", format::count(reading.n_threads.map(u64::from))),
        Value::new("swap", format::bytes(reading.swap_bytes.map(|b| b as f64))),
        Value::new("anon", format::bytes(reading.anon_bytes.map(|b| b as f64))),
        Value::new("file", format::bytes(reading.file_bytes.map(|b| b as f64))),
        Value::new("files open", format::count(reading.n_fds)),
        Value::new("drops", format::count(vitals.drops)),
    ]);
    values
}

fn who(task: &Task, node: &Node) -> Vec<Value> {
    let reading = &task.reading;
    let number = match reading.kind {
        TaskKind::Process => "pid",
        TaskKind::Thread | TaskKind::KernelThread => "tid",
        TaskKind::Erlang | TaskKind::Tokio => "number",
    };
    let mut values = vec![Value::new(number, reading.id.number.to_string())];
    values.extend(reading.process.map(|process| Value::new("of", process.to_string())));
    let parent = reading.parent.map_or_else(|| format::UNKNOWN.to_owned(), |parent| by_number(parent, node));
    values.extend([
        Value::new("user", or_unknown(reading.user.as_deref())),
        Value::new("up", tasks::up_us(task, node).map_or_else(|| format::UNKNOWN.to_owned(), format::duration)),
        Value::new("parent", parent),
    ]);
    values
}

fn by_number(number: u64, node: &Node) -> String {
    let known = node.tasks.values().find(|t| t.id().runtime == 0 && t.id().number == number);
    known.map_or_else(|| number.to_string(), |task| format!("{} {number}", tasks::title(task)))
}

/// The cgroup in which it runs, as the close look tells it, else as the stream does.
fn cgroup(task: &Task, node: &Node, focus: Option<&Focus>) -> Vec<Value> {
    let path = task.reading.cgroup.as_deref();
    let of_stream = || node.cgroups.get(path?);
    let Some(cgroup) = focus.and_then(|focus| focus.cgroup.as_ref()).or_else(of_stream) else {
        return vec![Value::new("cgroup", or_unknown(path)).long()];
    };
    let mut values = vec![Value::new("cgroup", cgroup.title())];
    values.extend(uses(cgroup));
    values.push(Value::new("path", &*cgroup.reading.path).long());
    values
}

/// What a cgroup uses of what it may.
fn uses(cgroup: &Cgroup) -> Vec<Value> {
    let (reading, vitals) = (&cgroup.reading, &cgroup.vitals);
    let of = |limit: Option<String>| limit.map_or_else(String::new, |limit| format!(" of {limit}"));
    let quota = of(reading.quota_milli.map(|_| cgroups::quota(cgroup)));
    let limit = of(reading.mem_limit_bytes.map(|_| cgroups::limit(cgroup)));
    let used = format::bytes(vitals.mem_used_bytes.map(|bytes| bytes as f64));
    let mut values = vec![Value::new("cores", format!("{}{quota}", format::number(vitals.cpu)))];
    if let Some(held) = vitals.throttled.filter(|held| *held > 0.0) {
        let level = Level::of(vitals.severities.sched);
        values.push(Value::new("held back/s", format::delay(Some(held))).at(level));
    }
    values.push(Value::new("memory", format!("{used}{limit}")).at(Level::of(vitals.severities.mem)));
    values
}

/// Its network namespace, where that is not the agent's.
fn namespace(task: &Task, node: &Node, focus: Option<&Focus>) -> Vec<Value> {
    let Some(inode) = task.reading.netns else { return Vec::new() };
    let of_look = focus.and_then(|focus| focus.namespace.as_ref()).filter(|known| known.reading.inode == inode);
    // The node's own row knows its listeners, and what it dropped before somebody looked.
    let Some(namespace) = node.namespaces.get(&inode).or(of_look) else {
        return vec![Value::new("network namespace", inode.to_string())];
    };
    let mut values = vec![Value::new("network namespace", &*namespace.title())];
    values.extend(moves(namespace));
    values
}

fn moves(namespace: &Namespace) -> Vec<Value> {
    let n_drops = namespace.n_drops();
    let level = if n_drops > Some(0) { Level::Critical } else { Level::Unknown };
    let mut values = vec![
        Value::new("tcp in/s", format::number(namespace.vitals.tcp_in)),
        Value::new("out/s", format::number(namespace.vitals.tcp_out)),
        Value::new("drops in 10 s", format::count(n_drops)).at(level),
        Value::new("listeners", format::count(namespace.reading.n_listeners)),
    ];
    values.extend(namespace.reading.unread.as_deref().map(|why| Value::new("▵ not read:", why).long()));
    values
}

fn command(task: &Task) -> Vec<Value> {
    vec![Value::new("command", or_unknown(task.reading.command.as_deref())).long()]
}
