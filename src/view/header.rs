//! The first row: where am I, is it live, and what does watching cost.

use midair_vitals::{TaskId, TaskKind};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{columns::tasks, format, scope, text, theme::Theme, widget::pen::Pen};
use crate::{
    app::{
        Playhead, Replay, State, on_day,
        screen::{Screen, Way},
        utc,
    },
    event::{INSECURE, LinkState, NodeId, Stamp},
    model::{Hub, Latest, Node, Presence, task::number_of},
};

/// Draws it. The past inverts the whole row: it cannot be mistaken.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: &Theme) {
    let is_past = state.playhead != Playhead::Live;
    let over = |style: Style| if is_past { theme.past } else { style };
    if is_past {
        buffer.set_style(area.intersection(*buffer.area()), theme.past);
    }
    let (when, when_style) = moment(state, theme);
    let insecure = if is_insecure(state) { "! insecure  " } else { "" };
    let right = (text::width(&when) as u16 + text::width(insecure) as u16 + 3).min(area.width);
    let left = Rect { width: area.width - right, ..area };
    let mut pen = Pen::new(buffer, left, 0);
    pen.put(" midair", over(theme.title));
    if state.model.nodes.values().any(|node| node.described.as_ref().is_some_and(|described| described.is_demo)) {
        pen.put_whole(" DEMO", over(theme.alarm));
    }
    for (way, step) in breadcrumb(state) {
        let sign = match way {
            Way::In => " › ",
            Way::Across => " → ",
        };
        pen.put_whole(sign, over(theme.dim)).put(&step, over(theme.title));
    }
    for (part, style) in about(state, theme) {
        pen.put_whole("  ", over(theme.dim)).put_whole(&part, over(style));
    }
    let parts: Vec<(String, Style)> =
        cost(state).into_iter().map(|part| (format!("  {part}"), over(theme.dim))).collect();
    pen.put_right(&parts);
    let place = Rect { x: area.x + left.width, width: right, ..area };
    Pen::new(buffer, place, 0).skip(2).put(insecure, over(theme.alarm)).put(&when, when_style);
}

/// Whether nobody vouches for what is shown of a node. It is said on each screen, however narrow.
fn is_insecure(state: &State) -> bool {
    let is_insecure = |n: &Node| n.link.is_insecure() || n.described.as_ref().is_some_and(|d| d.is_insecure);
    state.model.nodes.values().any(is_insecure) || state.model.hubs.values().any(|hub| hub.is_insecure)
}

fn moment(state: &State, theme: &Theme) -> (String, Style) {
    match state.playhead {
        Playhead::Live if state.clock.0 == 0 => ("○ waiting".to_owned(), theme.dim),
        Playhead::Live => {
            let clock = format::clock(state.clock);
            match unheard(state) {
                Some(why) => (format!("{why} {clock}"), theme.alarm),
                None => (format!("● LIVE {clock}"), theme.live),
            }
        }
        Playhead::Past(at) => {
            if let Some(replay) = &state.replay {
                return (replayed(state, replay, at), theme.past);
            }
            // A screen that was stopped just now is 0 s old, not 0 ms.
            let ago_us = state.clock.since_us(at);
            let ago = if ago_us < 1_000_000 { "0 s".to_owned() } else { format::duration(ago_us) };
            (format!("‖ PAST {}, {ago} ago{}", on_day(at, state.clock), source(state)), theme.past)
        }
    }
}

/// Where the past is known from: received as it was seen, or kept as it was measured.
fn source(state: &State) -> &'static str {
    match (&state.looked, state.size.0) {
        (Some(_), _) => ", as measured",
        (None, 100..) => ", as seen",
        (None, _) => "",
    }
}

/// Where a recording is, and how it is played.
fn replayed(state: &State, replay: &Replay, at: Stamp) -> String {
    let sign = match replay {
        Replay { is_playing: true, .. } => "▶",
        Replay { grows: false, to, .. } if at >= *to => "■",
        Replay { .. } => "‖",
    };
    let when = if state.size.0 >= 100 { utc(at).replace('T', " ").replace('Z', "") } else { format::clock(at) };
    format!("{sign} REPLAY {when} {}", replay.speed.word())
}

/// Why what is shown is not of now: the node that the screen is about is not heard, or none is.
fn unheard(state: &State) -> Option<String> {
    let age = |since: Stamp| format::age(Some(state.now().since_us(since)));
    let counts = state.model.counts();
    match state.node().map(|node| &node.presence) {
        Some(Presence::Silent { since, .. }) => Some(format!("× SILENT {}", age(*since))),
        Some(Presence::Late { since }) => Some(format!("~ LATE {}", age(*since))),
        Some(Presence::Awaited { .. }) => Some("○ WAITING".to_owned()),
        Some(Presence::Live) => None,
        None if counts.n_live + counts.n_late > 0 || counts.n_nodes == 0 => None,
        None if state.model.nodes.values().all(|node| state.model.is_cut_off(node)) => {
            let last = state.model.hubs.values().filter_map(|hub| hub.at).max();
            Some(last.map_or_else(|| "× NO HUB".to_owned(), |at| format!("× NO HUB {}", age(at))))
        }
        None if counts.n_silent > 0 => Some("× ALL SILENT".to_owned()),
        None => Some("○ WAITING".to_owned()),
    }
}

/// Each level, and how one came to it from the one before.
fn breadcrumb(state: &State) -> Vec<(Way, String)> {
    let step = |screen: &Screen| match screen {
        Screen::Cluster => {
            (state.model.nodes.len() != 1 || *state.screen() == Screen::Cluster).then(|| "cluster".to_owned())
        }
        Screen::Node(id) => Some(state.model.node(id).map_or_else(|| id.0.to_string(), |n| n.name().to_owned())),
        Screen::Scope(id, scope) => Some(scope::title(state, id, scope)),
        Screen::Vm(id, runtime) => {
            let name = state.model.node(id).and_then(|node| node.runtime_name(*runtime));
            Some(name.map_or_else(|| format!("vm {runtime}"), str::to_owned))
        }
        Screen::Task(id, task) => Some(task_step(state, id, *task)),
    };
    state.levels().iter().filter_map(|level| Some((level.way, step(&level.screen)?))).collect()
}

/// A task: its name and number.
fn task_step(state: &State, node: &NodeId, task: TaskId) -> String {
    let kind = if task.runtime == 0 { TaskKind::Process } else { TaskKind::Erlang };
    match state.model.node(node).and_then(|node| node.task(task)) {
        Some(known) if known.reading.name.is_some() => format!("{} {}", tasks::title(known), known.number()),
        Some(known) => known.number(),
        None => format!("#{}", number_of(task, kind)),
    }
}

/// What the screen is about: of the cluster its counts, of a node its size.
fn about(state: &State, theme: &Theme) -> Vec<(String, Style)> {
    let about = match state.screen() {
        Screen::Cluster => counts(state, theme).into_iter().chain(hubs(state, theme)).collect(),
        Screen::Node(_) => state.node().map(|node| size(node, theme)).unwrap_or_default(),
        Screen::Scope(..) | Screen::Vm(..) | Screen::Task(..) => Vec::new(),
    };
    held(state, theme).into_iter().chain(about).collect()
}

/// What is held to be compared with.
fn held(state: &State, theme: &Theme) -> Option<(String, Style)> {
    let held = state.held.as_ref().filter(|_| state.comparing().is_none())?;
    let is_here = state.screen().node() == Some(&held.portrait.node);
    let name = if is_here { String::new() } else { format!("{} ", held.name) };
    Some((format!("A: {name}{}", on_day(held.at, state.now())), theme.mark))
}

fn counts(state: &State, theme: &Theme) -> Vec<(String, Style)> {
    let counts = state.model.counts();
    let awaited = match state.model.nodes.values().any(Node::is_unmeasured) {
        true => ("-", "not measured then"),
        false => ("?", "awaited"),
    };
    let up = (format!("{} of {} nodes up", counts.n_live, counts.n_nodes), theme.dim);
    let others = [
        (counts.n_late, "~", "late", theme.alarm),
        (counts.n_silent, "×", "silent", theme.alarm),
        (counts.n_awaited, awaited.0, awaited.1, theme.dim),
    ];
    let others =
        others.into_iter().filter(|(n, ..)| *n > 0).map(|(n, sign, word, style)| (format!("{sign} {n} {word}"), style));
    std::iter::once(up).chain(others).collect()
}

/// By whom the cluster is told, and how many of its nodes are heard themselves.
fn hubs(state: &State, theme: &Theme) -> Vec<(String, Style)> {
    if state.model.hubs.is_empty() {
        return Vec::new();
    }
    let one = |hub: &Hub| {
        let (is_up, missed) = (hub.trouble().is_none(), hub.n_missed);
        let words = match (is_up, missed) {
            (false, _) => format!("× {}", hub.name),
            (true, 0) => hub.name.to_string(),
            (true, n) => format!("{} (-{} batches)", hub.name, format::count(Some(n))),
        };
        (words, if is_up { theme.dim } else { theme.alarm })
    };
    let followed = (format!("{} followed", format::exact(state.n_followed() as u64)), theme.dim);
    state.model.hubs.values().map(one).chain([followed]).collect()
}

fn size(node: &Node, theme: &Theme) -> Vec<(String, Style)> {
    let described = node.described.as_ref();
    let labels = described.map(|d| d.labels.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>().join(", "));
    let up = node.latest.as_ref().and_then(|l| l.reading.up_us).map(|us| format!("up {}", format::duration(us)));
    let cpus = described.and_then(|d| d.n_cpus).map(|n| format!("{n} cpus"));
    let mem = described.and_then(|d| d.mem_total_bytes).map(|b| format::bytes(Some(b as f64)));
    let parts = [labels.filter(|l| !l.is_empty()), up, cpus, mem];
    parts.into_iter().flatten().map(|part| (part, theme.dim)).collect()
}

/// What the agent takes of what it may take: by its governor's own measure where it has one.
fn of_budget(node: &Node, latest: &Latest, now: Stamp) -> Option<String> {
    let milli = |milli: u32| f64::from(milli) / 1000.0;
    let cost = latest.cost.as_ref();
    let used = cost.and_then(|c| c.used_milli).map(milli).or(latest.cost_share)?;
    let budget =
        cost.and_then(|c| c.budget_milli).map(|budget| format!(" of {}", format::percent_round(milli(budget))));
    let raised = node.raised_for_us(now).map(|us| format!(" for {}", format::duration(us)));
    let text = format!(
        "cost {}{}{}",
        format::percent_sign(Some(used)),
        budget.unwrap_or_default(),
        raised.unwrap_or_default()
    );
    Some(text)
}

/// How and at what price it is watched; the last the most important.
fn cost(state: &State) -> Vec<String> {
    let node = state.node().or_else(|| state.model.nodes.values().next().filter(|_| state.model.nodes.len() == 1));
    let note = node.and_then(|n| match &n.link {
        LinkState::Up { note } => Some(note.to_string()),
        LinkState::Connecting | LinkState::Down { .. } | LinkState::Left { .. } => None,
    });
    // Of several nodes: what concerns all of them is our own certificate.
    let own = || state.model.nodes.values().find_map(|n| n.link.notice().filter(|notice| notice.starts_with("our ")));
    let note = note.or_else(|| own()?.split(", ").next().map(|own| format!("! {own}")));
    let malformed = state.model.malformed.as_ref().map(|(n, _)| format!("! {} malformed", format::count(Some(*n))));
    let latest = node.and_then(|n| n.latest.as_ref());
    let of_all = || state.model.nodes.values().filter_map(|n| n.latest.as_ref()?.cost_share).reduce(f64::max);
    let cost = match (node, latest) {
        (Some(node), Some(latest)) => of_budget(node, latest, state.now()),
        _ => of_all().map(|share| format!("cost at most {}", format::percent_sign(Some(share)))),
    };
    let shed = match node {
        Some(node) => {
            Some(node.shed()).filter(|shed| !shed.is_empty()).map(|shed| format!("shed: {}", shed.join(", ")))
        }
        None => {
            let n_shedding = state.model.nodes.values().filter(|node| !node.shed().is_empty()).count();
            (n_shedding > 0).then(|| format!("{} agents shed", format::exact(n_shedding as u64)))
        }
    };
    let file = state.replay.as_ref().map(|replay| text::clean(&replay.name).into_owned());
    let recording = state.recording.as_ref().map(|r| format!("◉ REC {}B", format::bytes(Some(r.n_bytes as f64))));
    let vm = latest.and_then(|l| l.vm_cost_share).map(|share| format!("+ vm {}", format::percent_sign(Some(share))));
    let every = format!("every {}", format::age(Some(u64::from(state.interval_ms) * 1000)));
    // That is said already.
    let note = note.filter(|note| note != INSECURE);
    [file, note, shed, malformed, cost, vm, Some(every), recording].into_iter().flatten().collect()
}
