//! What the screen needs from the agents: worked out from the state, and told to the feed where it changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use midair_vitals::{TaskId, TaskKind};

use super::{
    Effect, Msg, Playhead, State, crowd,
    rows::Filter,
    screen::{Level, Panel, Scope, Screen},
};
use crate::{
    event::{self, CENSUS_ID, Control, Event, NodeId, Stream, TableQuery},
    model::Node,
};

/// Number of the one table query that the dashboard holds per node. Queries and focuses share one numbering.
pub const TABLE_ID: u32 = CENSUS_ID;

/// Number of its one focus.
pub const FOCUS_ID: u32 = 2;

/// Rows asked for at least, and at most.
const LIMITS: (usize, usize) = (200, 4096);

/// Rows of a cgroup asked for while some of them are sought by what was typed.
const NARROWED: usize = 1_000;

#[cfg(test)]
thread_local! {
    /// How often what is needed was worked out.
    pub(super) static N_WORKED_OUT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What has been asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asks {
    /// Nodes that are watched through a hub, and through which.
    followed: BTreeMap<NodeId, Arc<str>>,
    interests: BTreeMap<NodeId, (Stream, u32)>,
    table: Option<(NodeId, TableQuery)>,
    focus: Option<(NodeId, TaskId)>,
    suspects: Vec<NodeId>,
}

impl Asks {
    /// The hub through which a node is watched.
    pub(super) fn hub_of(&self, node: &NodeId) -> Option<Arc<str>> {
        self.followed.get(node).cloned()
    }
}

/// Controls that bring what was asked to what is needed now. In the past nothing new is asked: what was not looked at
/// then cannot be had. While known things are told again after a step in time, nodes only seem to be gone.
pub(super) fn reconcile(state: &mut State) -> Vec<Effect> {
    if state.playhead != Playhead::Live || state.timeline.is_retelling() {
        return Vec::new();
    }
    let wanted = wanted(state);
    if wanted == state.asked {
        return Vec::new();
    }
    let controls = changes(&state.asked, &wanted);
    state.asked = wanted;
    controls.into_iter().map(Effect::Control).collect()
}

/// Whether something that is told can change nothing of what is needed. As many samples come in a second as there are nodes,
/// and to work out what is needed of all of them takes as long as there are nodes.
pub(super) fn is_moot(state: &State, msg: &Msg) -> bool {
    let Msg::Event(stamped) = msg else { return false };
    let is_measured = match &stamped.event {
        Event::Sample(_) | Event::Tick | Event::Clock { .. } | Event::Rollup(_) => true,
        // A node behind a hub is followed for what the hub says of it.
        Event::Link(link) => event::behind(&link.address).is_some(),
        Event::Described(described) => event::behind(&described.address).is_some(),
        _ => false,
    };
    // A closer look at who is worth one now, and was not before.
    let is_suspected = stamped.event == Event::Tick && !state.model.found.suspects().eq(state.asked.suspects.iter());
    is_measured && !is_suspected && state.go.is_none() && state.errand.is_none() && !state.timeline.is_retelling()
}

fn wanted(state: &State) -> Asks {
    #[cfg(test)]
    N_WORKED_OUT.with(|n| n.set(n.get() + 1));
    let followed = crowd::followed(state);
    let is_watched = |node: &&Node| node.described.is_some() && (!node.is_by_hub || followed.contains_key(&node.id));
    let described = state.model.nodes.values().filter(is_watched);
    let is_alone = state.model.nodes.len() == 1;
    let interests = described.map(|node| {
        // The only node is always looked at closely: going in and out of it then costs nothing.
        let is_shown = is_alone
            || state.screen().node() == Some(&node.id)
            || state.compares(&node.id)
            || state.model.found.suspects().any(|suspect| *suspect == node.id);
        let stream = if is_shown { Stream::Detail } else { Stream::Overview };
        (node.id.clone(), (stream, state.interval_ms))
    });
    let is_described = |id: &&NodeId| state.model.node(id).is_some_and(|n| n.described.is_some());
    let node = state.screen().node().filter(is_described);
    let focus = match state.screen() {
        Screen::Task(node, task) => Some((node.clone(), *task)),
        Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) => None,
    };
    let interests = interests.collect();
    Asks {
        followed,
        interests,
        table: node.map(|node| (node.clone(), query(state, node))),
        focus: focus.filter(|_| node.is_some()),
        suspects: state.model.found.suspects().cloned().collect(),
    }
}

/// The query behind the node's table. It goes on while one of the tasks is looked at: going out shows a table at once.
fn query(state: &State, node: &NodeId) -> TableQuery {
    let panel_of = |level: &Level| {
        let of_tasks = [Panel::Tasks, Panel::Processes];
        of_tasks.into_iter().find(|panel| level.screen.panels().contains(panel))
    };
    let of_node = |level: &&Level| level.screen.node() == Some(node) && panel_of(level).is_some();
    let level = state.levels().iter().rev().find(of_node);
    let list = level.and_then(|level| Some(level.list(panel_of(level)?)));
    let (order, lowest) = list.map_or((state.vital.order(), false), |list| (list.sort.order(), list.is_inverted));
    let offset = list.map_or(0, |list| list.offset);
    let (filter, has_more) =
        list.map_or_else(Default::default, |list| Filter::of(list, &state.model).for_agent(state.model.node(node)));
    let sought = state.go.as_ref().filter(|go| go.is_for(state, node)).and_then(|go| go.task_text());
    // An agent looks for one text: of a cgroup's tasks it looks for all, and what is typed is sought among them.
    let of_scope = level.and_then(|level| match &level.screen {
        Screen::Scope(_, Scope::Cgroup(path)) => Some(path.trim_end_matches('/')).filter(|path| !path.is_empty()),
        Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) | Screen::Task(..) => None,
    });
    let runtime = level.and_then(|level| match level.screen {
        Screen::Vm(_, runtime) => Some(runtime),
        Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Task(..) => None,
    });
    let is_narrowed = has_more || of_scope.is_some() && !filter.is_empty();
    let filter = sought.or(of_scope).map_or(filter, str::to_owned);
    // In steps, so that scrolling does not ask anew with each row.
    let limit = (2 * (offset + usize::from(state.size.1))).next_multiple_of(LIMITS.0).clamp(LIMITS.0, LIMITS.1);
    let limit = if is_narrowed { limit.max(NARROWED) } else { limit };
    let kinds = match state.shows_threads {
        true => vec![TaskKind::Process, TaskKind::Thread, TaskKind::KernelThread, TaskKind::Erlang, TaskKind::Tokio],
        false => Vec::new(),
    };
    TableQuery { runtime, kinds, order, lowest, filter, limit: limit as u32, process: None }
}

fn changes(before: &Asks, now: &Asks) -> Vec<Control> {
    let mut controls = Vec::new();
    // Nobody there is left who was asked before, and who is new there has not been asked yet.
    let moved: BTreeSet<&NodeId> = now
        .followed
        .iter()
        .filter(|(node, hub)| before.followed.get(*node) != Some(hub))
        .map(|(node, _)| node)
        .collect();
    let node_of = |asked: &Option<(NodeId, TableQuery)>| asked.as_ref().map(|(node, _)| node.clone());
    if let Some((node, _)) = before.focus.as_ref().filter(|_| before.focus != now.focus) {
        controls.push(Control::Stop { node: node.clone(), id: FOCUS_ID });
    }
    if let Some(node) = node_of(&before.table).filter(|node| node_of(&now.table).as_ref() != Some(node)) {
        controls.push(Control::Stop { node, id: TABLE_ID });
    }
    for (node, hub) in before.followed.iter().filter(|(node, hub)| now.followed.get(*node) != Some(hub)) {
        controls.push(Control::Leave { node: node.clone(), hub: hub.clone() });
    }
    for (node, hub) in now.followed.iter().filter(|(node, _)| moved.contains(node)) {
        controls.push(Control::Follow { node: node.clone(), hub: hub.clone() });
    }
    for (node, (stream, interval_ms)) in &now.interests {
        if moved.contains(node) || before.interests.get(node) != Some(&(*stream, *interval_ms)) {
            controls.push(Control::Interest { node: node.clone(), stream: *stream, interval_ms: *interval_ms });
        }
    }
    if let Some((node, query)) =
        now.table.as_ref().filter(|(node, _)| moved.contains(node) || before.table != now.table)
    {
        controls.push(Control::Table { node: node.clone(), id: TABLE_ID, query: query.clone() });
    }
    if let Some((node, task)) = now.focus.as_ref().filter(|(node, _)| moved.contains(node) || before.focus != now.focus)
    {
        controls.push(Control::Focus { node: node.clone(), id: FOCUS_ID, task: *task });
    }
    controls
}
