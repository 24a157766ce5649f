//! A part of a node: what a cgroup uses, causes and is held back by; what a network namespace moves and drops.

use midair_vitals::Severity;
use ratatui::{buffer::Buffer, style::Style};

use super::{
    columns::cgroups,
    format, panel, rect,
    theme::{Level, Theme},
    widget::pen::Pen,
};
use crate::{
    app::{
        State,
        layout::{Areas, Frames},
        screen::{Scope, Screen},
    },
    event::NodeId,
    model::{Cgroup, Namespace, cgroup},
};

/// How a part of a node is called.
pub fn title(state: &State, node: &NodeId, scope: &Scope) -> String {
    let node = state.model.node(node);
    match scope {
        Scope::Cgroup(path) => {
            let known = node.and_then(|n| n.cgroups.get(path));
            cgroup::called(known.map_or_else(|| cgroup::short(path), Cgroup::title))
        }
        Scope::Namespace(inode) => {
            let known = node.and_then(|n| n.namespaces.get(inode));
            known.map_or_else(|| format!("netns {inode}"), |namespace| format!("netns {}", namespace.title()))
        }
    }
}

/// A value with its name, and how bad it is.
struct Value {
    label: &'static str,
    text: String,
    level: Level,
}

impl Value {
    fn new(label: &'static str, text: String) -> Self {
        Self { label, text, level: Level::Unknown }
    }

    fn at(self, severity: Option<Severity>) -> Self {
        Self { level: Level::of(severity), ..self }
    }

    fn alarming(self, is_so: bool) -> Self {
        Self { level: if is_so { Level::Critical } else { self.level }, ..self }
    }
}

/// Draws it.
pub fn draw(buffer: &mut Buffer, areas: &Areas, state: &State, theme: &Theme) {
    let area = rect(areas.about).intersection(*buffer.area());
    let Screen::Scope(node, scope) = state.screen() else { return };
    if area.is_empty() {
        return;
    }
    let (kind, lines) = match scope {
        Scope::Cgroup(_) => (state.cgroup().map_or("cgroup", |c| c.reading.kind.word()), state.cgroup().map(of_cgroup)),
        Scope::Namespace(_) => ("network namespace", state.namespace().map(of_namespace)),
    };
    let name = [(format!(" {} ", title(state, node, scope)), theme.title), (format!("{kind} "), theme.dim)];
    let has_box = areas.frames == Frames::Boxes;
    let inside = if has_box { panel::frame(buffer, area, &name, theme) } else { area };
    let Some(lines) = lines else {
        let why = "not among those that the agent sends at this moment: it has left, or others use more";
        panel::empty(buffer, inside, why, theme);
        return;
    };
    let is_silent = state.node().is_some_and(|node| node.presence.is_silent());
    let quiet = |style: Style| if is_silent { theme.silent } else { style };
    for (row, values) in (0..inside.height).zip(lines) {
        let mut pen = Pen::new(buffer, inside, row);
        pen.skip(1);
        for Value { label, text, level } in values {
            let sign = level.sign().trim();
            pen.put_whole(label, theme.dim).put(" ", theme.dim);
            pen.put(&format!("{sign}{text}"), quiet(theme.level_or_plain(level))).skip(2);
        }
    }
}

fn of_cgroup(cgroup: &Cgroup) -> Vec<Vec<Value>> {
    let (reading, vitals) = (&cgroup.reading, &cgroup.vitals);
    let quota = reading.quota_milli.map(|_| format!(" of {}", cgroups::quota(cgroup))).unwrap_or_default();
    let limit = reading.mem_limit_bytes.map(|_| format!(" of {}", cgroups::limit(cgroup))).unwrap_or_default();
    let n_kills = cgroup.oom_kills.sum();
    let pressure = |share| match format::percent(share) {
        unknown if unknown == format::UNKNOWN => unknown,
        percent => format!("{percent} %"),
    };
    let held = Value::new("held back/s", format::delay(vitals.throttled));
    let is_held = vitals.throttled.is_some_and(|held| held > 0.0);
    vec![
        vec![
            Value::new("cores", format!("{}{quota}", format::number(vitals.cpu))),
            if is_held { held.at(vitals.severities.sched) } else { held },
            Value::new("delay/s", format::delay(vitals.delay)),
            Value::new("delay caused others/s", cgroups::caused(cgroup)),
            Value::new("psi cpu", pressure(vitals.psi_cpu)),
        ],
        vec![
            Value::new("memory", format!("{}{limit}", format::bytes(vitals.mem_used_bytes.map(|b| b as f64))))
                .at(vitals.severities.mem),
            Value::new("can be taken back", format::bytes(reading.mem_inactive_bytes.map(|b| b as f64))),
            Value::new("killed for lack of it", format::count(reading.n_oom_kills)).alarming(n_kills > Some(0)),
            Value::new("psi mem", pressure(vitals.psi_mem)),
            Value::new("psi io", pressure(vitals.psi_io)),
        ],
        vec![
            Value::new("processes", format::count(reading.n_processes)),
            Value::new("threads", format::count(reading.n_threads)),
            Value::new("path", reading.path.to_string()),
        ],
    ]
}

fn of_namespace(namespace: &Namespace) -> Vec<Vec<Value>> {
    let (reading, vitals) = (&namespace.reading, &namespace.vitals);
    let drops = |label, n: Option<u64>| Value::new(label, format::count(n)).alarming(n > Some(0));
    let own = if reading.is_own { "the agent's own" } else { "another than the agent's" };
    let mut last = vec![
        Value::new("inode", reading.inode.to_string()),
        Value::new("it is", own.to_owned()),
        Value::new("processes", format::count(reading.n_processes)),
    ];
    last.extend(reading.unread.as_ref().map(|why| Value::new("▵ not read:", why.to_string())));
    vec![
        vec![
            Value::new("tcp in/s", format::number(vitals.tcp_in)),
            Value::new("out/s", format::number(vitals.tcp_out)),
            Value::new("sent again/s", format::number(vitals.tcp_retrans)),
            Value::new("sockets", format::count(reading.n_tcp)),
            Value::new("listeners", format::count(reading.n_listeners)),
            Value::new("udp in/s", format::number(vitals.udp_in)),
            Value::new("out/s", format::number(vitals.udp_out)),
        ],
        vec![
            drops("connection attempts dropped in 10 s", namespace.listen_drops.sum()),
            Value::new("since it was made", format::count(reading.listen_drops.max(reading.listen_overflows))),
            drops("datagrams dropped in 10 s", namespace.udp_drops.sum()),
            Value::new("since it was made", format::count(reading.udp_drops)),
        ],
        last,
    ]
}
