//! The `:` commands.

use super::{
    Effect, Overlay, State, across, act, compare,
    go::Go,
    kept,
    keymap::Action,
    screen::{Panel, Screen},
    sort::{self, Sort},
    trace,
};
use crate::event::{Control, Keeps, NodeId};

/// A command that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Command {
    Quit,
    Record,
    /// To a moment, as it was typed.
    At(String),
    Sort(Sort),
    Interval(u32),
    /// CPU time in per mille of one core, `None` for the agent's own again; and for how long, seconds.
    Budget {
        milli: Option<u32>,
        seconds: u32,
    },
    Show(Panel),
    /// For how long, seconds.
    Trace(u32),
    Keeps(Keeps),
    Vm,
    Marks,
    Threads,
    Mouse,
    Go(Go),
    /// With what, as it was typed.
    Compare(String),
    Help,
}

/// Every command: its name and what may follow.
pub const COMMANDS: &[(&str, &str)] = &[
    ("quit", ""),
    (
        "sort",
        "severity, cpu, delay, mem, memgrowth, queue, growth, rate, drops, name, number, age, active, binary, binarygrowth, caused, throttled",
    ),
    ("interval", "250ms to 60s"),
    ("budget", "0.1% to 100% of a core and for how long, or off"),
    (
        "view",
        "nodes, groups, peers; of a node tasks, queues, cgroups, netns, cpus, host, vms; of a VM processes, schedulers, links, ports, ets",
    ),
    ("vm", ""),
    ("trace", "receive, and for how long: 1s to 5s"),
    ("state", ""),
    ("dictionary", ""),
    ("marks", ""),
    ("at", "10m, 3h ago, 14:03, 2026-11-23 14:03"),
    ("record", ""),
    ("threads", ""),
    ("mouse", ""),
    ("go", "NODE/RUNTIME/TASK"),
    ("compare", "NODE NODE, LABEL=VALUE LABEL=VALUE, or 10m: this node with itself"),
    ("help", ""),
];

/// Shortest and longest interval that agents serve, milliseconds.
const INTERVALS_MS: std::ops::RangeInclusive<u32> = 250..=60_000;

/// Longest time for which an agent takes another budget, seconds; and the time where none is named.
const BUDGET_S: (u32, u32) = (3_600, 600);

/// Carries a command out; what it cannot do it says in the footer.
pub(super) fn run(state: &mut State, line: &str) -> Vec<Effect> {
    match parse(line) {
        Ok(None) => {}
        Ok(Some(Command::Quit)) => return vec![Effect::Quit],
        Ok(Some(Command::Record)) => return act::act(state, Action::Record),
        Ok(Some(Command::At(text))) => return state.jump(&text),
        Ok(Some(Command::Sort(sort))) => sort_by(state, sort),
        Ok(Some(Command::Budget { milli, seconds })) => return budget(state, milli, seconds),
        Ok(Some(Command::Show(panel))) => show(state, panel),
        Ok(Some(Command::Trace(seconds))) => return trace::receive(state, seconds),
        Ok(Some(Command::Compare(text))) => return compare::run(state, &text),
        Ok(Some(Command::Vm)) => across::to_vm(state),
        Ok(Some(Command::Interval(ms))) => {
            state.interval_ms = ms;
            state.model.asked_interval_us = u64::from(ms) * 1000;
        }
        Ok(Some(Command::Keeps(what))) => kept::begin(state, what),
        Ok(Some(Command::Marks)) => state.show_marks(),
        Ok(Some(Command::Threads)) => state.toggle_threads(),
        Ok(Some(Command::Mouse)) => state.toggle_mouse(),
        Ok(Some(Command::Go(go))) => {
            state.go = Some(go);
            super::go::pursue(state);
            if state.go.is_some() && state.message.is_none() {
                state.notice("looking for it");
            }
        }
        Ok(Some(Command::Help)) => state.overlay = Some(Overlay::Help { scroll: 0 }),
        Err(why) => state.refuse(why),
    }
    Vec::new()
}

fn parse(line: &str) -> Result<Option<Command>, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let command = match word {
        "" => return Ok(None),
        "q" | "q!" | "quit" => Command::Quit,
        "record" => Command::Record,
        "at" => Command::At(rest.to_owned()),
        "sort" => Command::Sort(sort(rest)?),
        "budget" => parse_budget(rest)?,
        "view" => Command::Show(panel(rest)?),
        "vm" => Command::Vm,
        "compare" => Command::Compare(rest.to_owned()),
        "trace" => Command::Trace(trace::parse(rest)?),
        "interval" => Command::Interval(interval(rest)?),
        "state" => Command::Keeps(Keeps::State),
        "dictionary" => Command::Keeps(Keeps::Dictionary),
        "marks" | "notes" => Command::Marks,
        "threads" => Command::Threads,
        "mouse" => Command::Mouse,
        "go" => Command::Go(Go::parse(rest).ok_or("go where? go NODE, NODE/RUNTIME or NODE/RUNTIME/TASK")?),
        "help" => Command::Help,
        unknown => return Err(suggestion("command", unknown, COMMANDS.iter().map(|(name, _)| *name))),
    };
    Ok(Some(command))
}

fn sort(name: &str) -> Result<Sort, String> {
    let words = || sort::WORDS.iter().map(|(word, _)| *word);
    if name.is_empty() {
        return Err(format!("sort by what? {}", words().collect::<Vec<_>>().join(", ")));
    }
    Sort::from_word(name).ok_or_else(|| suggestion("order", name, words()))
}

/// Sorts the table that has the keys, where it knows the order.
fn sort_by(state: &mut State, sort: Sort) {
    let panel = state.level().panel;
    if panel.sorts().contains(&sort) {
        let list = state.level_mut().current_mut();
        (list.sort, list.is_inverted) = (sort, false);
        return;
    }
    let words: Vec<&str> = panel.sorts().iter().map(|sort| sort.word()).collect();
    state.refuse(format!("{} are sorted by {}", panel.word(), words.join(", ")));
}

fn panel(name: &str) -> Result<Panel, String> {
    let (node, vm) = (Screen::Node(NodeId::new("")), Screen::Vm(NodeId::new(""), 0));
    let tabs = [Screen::Cluster.panels(), node.panels(), vm.panels()].concat();
    let words = || tabs.iter().map(|panel| panel.word());
    let found = tabs.iter().find(|panel| panel.word() == name.to_lowercase());
    found.copied().ok_or_else(|| suggestion("table", name, words()))
}

/// Gives the keys to a table of the node, from wherever on that node.
fn show(state: &mut State, panel: Panel) {
    let Some(at) =
        state.levels.iter().rposition(|level| level.screen.panels().contains(&panel) && level.screen.has_tabs())
    else {
        let of = if Screen::Vm(NodeId::new(""), 0).panels().contains(&panel) { "an Erlang VM" } else { "a node" };
        state.refuse(format!("{} are those of {of}: go into one first", panel.word()));
        return;
    };
    state.levels.truncate(at + 1);
    state.level_mut().panel = panel;
}

/// `5% 10m`, `0.5%`, `off`.
fn parse_budget(text: &str) -> Result<Command, String> {
    let mut words = text.split_whitespace();
    let (share, time) = (words.next().unwrap_or(""), words.next());
    if words.next().is_some() {
        return Err("budget how much, and for how long? budget 5% 10m, or budget off".to_owned());
    }
    if share == "off" && time.is_none() {
        return Ok(Command::Budget { milli: None, seconds: 0 });
    }
    let percent = share.strip_suffix('%').unwrap_or(share).parse::<f64>().ok().filter(|p| p.is_finite());
    let percent = percent.ok_or("budget how much, and for how long? budget 5% 10m, or budget off")?;
    let milli = (percent * 10.0).round();
    if !(1.0..=1000.0).contains(&milli) {
        return Err(format!("{share} is outside 0.1% to 100% of one core"));
    }
    let seconds = time.map_or(Ok(BUDGET_S.1), seconds)?;
    Ok(Command::Budget { milli: Some(milli as u32), seconds })
}

/// A length of time in whole seconds, up to an hour.
fn seconds(text: &str) -> Result<u32, String> {
    let n_digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(n_digits);
    let factor = match unit {
        "s" | "" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        _ => 0,
    };
    let n = digits.parse::<u32>().ok().filter(|_| factor > 0);
    let n = n.ok_or_else(|| format!("{text:?} is no time; write it as 90s, 10m or 1h"))?;
    let seconds = n.checked_mul(factor).filter(|seconds| (1..=BUDGET_S.0).contains(seconds));
    seconds.ok_or_else(|| format!("{text} is outside 1s to 1h"))
}

/// Asks the agent of the node on the screen for another budget; of the only node also from the cluster screen. Whether it
/// takes it stands in its next samples, or comes back as a refusal.
fn budget(state: &mut State, milli: Option<u32>, seconds: u32) -> Vec<Effect> {
    let only = || state.model.nodes.keys().next().filter(|_| state.model.nodes.len() == 1);
    let Some(node) = state.screen().node().or_else(only).cloned() else {
        state.refuse("the budget of which agent? go into its node first");
        return Vec::new();
    };
    let Some(known) = state.model.node(&node).filter(|n| n.described.is_some() && !n.presence.is_silent()) else {
        state.refuse("no agent to take a budget: silent or not there yet");
        return Vec::new();
    };
    let said = match milli {
        Some(milli) => {
            let (percent, name) = (f64::from(milli) / 10.0, known.name());
            format!("asked {name} to take up to {percent} % of a core for {}", length(seconds))
        }
        None => format!("asked {} to go back to its own budget", known.name()),
    };
    state.notice(said);
    vec![Effect::Control(Control::Budget { node, milli, seconds })]
}

fn length(seconds: u32) -> String {
    if seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
}

/// An interval as a person writes it, in milliseconds: 500ms, 2s, 1m. A number alone is read as seconds or milliseconds,
/// whichever agents serve: none is both.
pub fn interval(text: &str) -> Result<u32, String> {
    let n_digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(n_digits);
    let n = digits.parse::<u64>().ok().filter(|_| ["", "ms", "s", "m", "h"].contains(&unit.trim()));
    let n = n.ok_or_else(|| format!("{text:?} is no time; write it as 500ms, 2s or 1m"))?;
    let factor: u64 = match unit.trim() {
        "ms" => 1,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if n >= u64::from(*INTERVALS_MS.start()) => 1,
        _ => 1_000,
    };
    let ms = n.checked_mul(factor).and_then(|ms| u32::try_from(ms).ok()).filter(|ms| INTERVALS_MS.contains(ms));
    ms.ok_or_else(|| format!("{text} is outside 250ms to 60s"))
}

/// Says that a word is unknown, and which known one is nearest to it.
fn suggestion(what: &str, unknown: &str, known: impl Iterator<Item = &'static str>) -> String {
    let words: Vec<&str> = known.collect();
    let nearest = words.iter().map(|word| (distance(unknown, word), *word)).min();
    match nearest {
        Some((distance, word)) if distance <= 2 && !unknown.is_empty() => {
            format!("no {what} {unknown}; did you mean {word}?")
        }
        Some(_) | None => format!("no {what} {unknown:?}; there are {}", words.join(", ")),
    }
}

/// How many letters must be changed, added or removed to make one word of another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut line: Vec<usize> = (0..=b.len()).collect();
    for (row, a) in a.chars().enumerate() {
        let mut corner = line[0];
        line[0] = row + 1;
        for (column, b) in b.iter().enumerate() {
            let kept = corner + usize::from(a != *b);
            corner = line[column + 1];
            line[column + 1] = kept.min(corner + 1).min(line[column] + 1);
        }
    }
    line[b.len()]
}

#[cfg(test)]
mod tests;
