//! `--go NODE/RUNTIME/TASK`: drilling to a place as soon as the names in it are known, and writing such a path.

use midair_vitals::{TaskId, TaskKind};

use super::{
    State,
    asks::TABLE_ID,
    screen::{Level, Scope, Screen},
};
use crate::{
    event::{NodeId, Stamp},
    model::{
        Node,
        task::{number_of, pid_number},
    },
};

/// A place to go to, as a person wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Go {
    node: String,
    runtime: Option<String>,
    task: Option<String>,
    /// When the node was first seen to measure: from then on the task should turn up.
    since: Option<Stamp>,
    /// When all agents had first said who they are, and none was the node.
    missed: Option<Stamp>,
}

/// How long a task is sought, microseconds.
const PATIENCE_US: u64 = 5_000_000;
/// How long a node is sought when all agents have said who they are: one may be about to be dialled.
const NODE_PATIENCE_US: u64 = 2_000_000;
/// How many names of nodes fit into a message.
const MAX_NAMED: usize = 4;

impl Go {
    /// From `NODE`, `NODE/RUNTIME` or `NODE/RUNTIME/TASK`, where TASK is a number, `number.start`, or a name.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.trim().splitn(3, '/').map(|part| Some(part.to_owned()).filter(|p| !p.is_empty()));
        let (node, runtime, task) = (parts.next()??, parts.next().flatten(), parts.next().flatten());
        Some(Self { node, runtime, task, since: None, missed: None })
    }

    /// Whether it leads to a node.
    pub(super) fn is_for(&self, state: &State, node: &NodeId) -> bool {
        state.model.node(node).is_some_and(|node| self.names(node))
    }

    /// What an agent is to look for: the task's number or name.
    pub(super) fn task_text(&self) -> Option<&str> {
        let task = self.task.as_deref()?;
        if pid_number(task).is_some() {
            return Some(task);
        }
        Some(number_and_start(task).map_or(task, |_| task.split_once('.').map_or(task, |(number, _)| number)))
    }

    /// The part of the node to which it leads: `NODE/cgroup/PATH`, `NODE/netns/INODE`.
    fn scope(&self) -> Option<Scope> {
        let part = PARTS.iter().position(|part| self.runtime.as_deref() == Some(part))?;
        let text = self.task.as_deref().unwrap_or_default();
        match part {
            0 => Some(Scope::Cgroup(format!("/{text}").into())),
            _ => text.parse().ok().map(Scope::Namespace),
        }
    }

    fn names(&self, node: &Node) -> bool {
        node.name() == self.node || *node.id.0 == *self.node || *node.address == *self.node
    }

    fn runtime_of(&self, node: &Node) -> Option<u32> {
        let name = self.runtime.as_deref()?;
        let named = |r: &&crate::event::Runtime| *r.name == *name || *r.kind == *name || r.id.to_string() == name;
        node.runtimes.iter().find(named).map(|r| r.id)
    }

    /// Whether it leads to a runtime that the node does not have, or not yet.
    fn lacks_runtime(&self, node: &Node) -> bool {
        self.runtime.is_some() && self.runtime_of(node).is_none()
    }

    /// The task, once it can be told which it is.
    fn task_of(&self, node: &Node) -> Option<TaskId> {
        let text = self.task.as_deref()?;
        let runtime = self.runtime_of(node);
        if self.lacks_runtime(node) {
            return None;
        }
        if let (Some(runtime), Some(number)) = (runtime.filter(|runtime| *runtime != 0), pid_number(text)) {
            let of_rows = || node.tasks.keys().find(|id| id.runtime == runtime).map(|id| id.start);
            let life = node.vms.get(&runtime).and_then(|vm| vm.reading.creation).or_else(of_rows);
            return life.map(|start| TaskId { runtime, number, start });
        }
        if let (Some(runtime), Some((number, start))) = (runtime, number_and_start(text)) {
            return Some(TaskId { runtime, number, start });
        }
        let tasks = || node.tasks.values().filter(|t| runtime.is_none_or(|runtime| t.id().runtime == runtime));
        let by_number = || tasks().find(|t| t.id().number.to_string() == text);
        let by_name = || tasks().find(|t| t.reading.name.as_deref() == Some(text));
        by_number().or_else(by_name).map(|t| t.id())
    }
}

fn number_and_start(text: &str) -> Option<(u64, u64)> {
    let (number, start) = text.split_once('.')?;
    Some((number.parse().ok()?, start.parse().ok()?))
}

/// Goes to a place as it was at a moment, as far as its names are known; what is told of that moment may hold the rest.
pub(super) fn look_for(state: &mut State, focus: &str, at: Stamp) {
    let is_there = state.node().is_some_and(|node| path(node, &Place::of(state.screen())) == focus);
    if is_there {
        return;
    }
    state.go = Go::parse(focus).map(|go| Go { since: Some(at), ..go });
    pursue(state);
}

/// Goes as far as the names are known; what is left stays to be tried with the next event.
pub(super) fn pursue(state: &mut State) {
    let Some(go) = &state.go else { return };
    let Some(node) = state.model.nodes.values().find(|node| go.names(node) && node.described.is_some()) else {
        return miss(state);
    };
    let (id, task) = (node.id.clone(), go.task_of(node));
    if let Some(scope) = go.scope() {
        state.enter_node(id.clone());
        state.push_level(Screen::Scope(id, scope));
        state.go = None;
        state.is_dirty = true;
        return;
    }
    let is_settled = (go.task.is_none() && !go.lacks_runtime(node)) || task.is_some();
    let since = go.since.or_else(|| node.latest.as_ref().map(|l| l.at));
    let is_empty = |since: Stamp| node.answers.get(&TABLE_ID).is_some_and(|a| a.total == 0 && a.at >= since);
    let is_late = |since: Stamp| state.now().since_us(since) > PATIENCE_US;
    let is_refuted = !is_settled && since.is_some_and(|since| is_empty(since) || is_late(since));
    // A path to a VM without a task leads into it.
    let vm = go.runtime_of(node).filter(|runtime| *runtime != 0);
    let base = match vm {
        Some(runtime) => Screen::Vm(id.clone(), runtime),
        None => Screen::Node(id.clone()),
    };
    if state.screen() != &base {
        state.enter_node(id.clone());
        if vm.is_some() {
            state.push_level(base);
        }
    }
    if let Some(task) = task {
        state.levels.push(Level::new(Screen::Task(id, task), state.vital.order()));
    }
    if is_refuted && let Some(words) = state.go.as_ref().and_then(|go| Some(refutation(go, state.node()?))) {
        state.refuse(words);
    }
    if is_settled || is_refuted {
        state.go = None;
    } else if let Some(go) = &mut state.go {
        go.since = since;
    }
    state.is_dirty = true;
}

/// Nobody is the node: says so when all agents have had their chance.
fn miss(state: &mut State) {
    let nodes = &state.model.nodes;
    // Of a recording some may never have been reached.
    let is_told = !nodes.is_empty() && (state.replay.is_some() || nodes.values().all(|node| node.described.is_some()));
    let now = state.now();
    let Some(go) = state.go.as_mut().filter(|_| is_told) else { return };
    if now.since_us(*go.missed.get_or_insert(now)) > NODE_PATIENCE_US {
        refuse_node(state);
    }
}

/// The node is none of those that there are: the names that are most like it come first.
fn refuse_node(state: &mut State) {
    let Some(go) = state.go.take() else { return };
    let wanted = go.node.to_lowercase();
    let mut names: Vec<&str> = state.model.nodes.values().map(Node::name).collect();
    let likeness = |name: &str| strsim::jaro_winkler(&wanted, &name.to_lowercase());
    names.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    let there = match names.is_empty() {
        true => "nothing is known of any node".to_owned(),
        false => format!("there are {}", some_of(names.into_iter())),
    };
    let when = if state.replay.is_some() { " at this moment" } else { "" };
    state.refuse(format!("no node {}{when}; {there}", go.node));
}

/// All that a recording tells of the moment shown has been told, and it stands: what was not found is not there.
pub(super) fn settled(state: &mut State) {
    pursue(state);
    let Some(go) = state.go.as_ref().filter(|_| !state.is_playing()) else { return };
    let Some(node) = state.model.nodes.values().find(|node| go.names(node) && node.described.is_some()) else {
        return refuse_node(state);
    };
    let words = refutation(go, node);
    state.refuse(words);
    state.go = None;
}

/// What is not there.
fn refutation(go: &Go, node: &Node) -> String {
    if go.lacks_runtime(node) {
        let runtime = go.runtime.as_deref().unwrap_or_default();
        return format!("no runtime {runtime} there; there are {}", some_of(node.runtimes.iter().map(|r| &*r.name)));
    }
    format!("no task {} there now", go.task.as_deref().unwrap_or_default())
}

fn some_of<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let said: Vec<&str> = names.by_ref().take(MAX_NAMED).collect();
    said.join(", ") + if names.next().is_some() { ", ..." } else { "" }
}

/// A place on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The node itself.
    Node,
    /// A part of it.
    Scope(Scope),
    /// An Erlang VM: its runtime.
    Vm(u32),
    /// A task.
    Task(TaskId),
}

impl Place {
    /// Where a screen is, on its node.
    pub(super) fn of(screen: &Screen) -> Self {
        match screen {
            Screen::Cluster | Screen::Node(_) => Self::Node,
            Screen::Vm(_, runtime) => Self::Vm(*runtime),
            Screen::Scope(_, scope) => Self::Scope(scope.clone()),
            Screen::Task(_, task) => Self::Task(*task),
        }
    }
}

/// The path of an Erlang process: its number says no life, so it leads to the life that is.
pub(super) fn pid_path(node: &Node, runtime: u32, pid: &str) -> String {
    format!("{}/{}/{pid}", node.name(), runtime_text(node, runtime))
}

fn runtime_text(node: &Node, runtime: u32) -> String {
    node.runtime_name(runtime).map_or_else(|| runtime.to_string(), str::to_owned)
}

/// The words that stand in the place of a runtime where a path leads to a part of a node.
const PARTS: [&str; 2] = ["cgroup", "netns"];

/// The path of a place on a node, as `--go` takes it.
pub(super) fn path(node: &Node, place: &Place) -> String {
    let name = node.name();
    match place {
        Place::Node => name.to_owned(),
        Place::Scope(Scope::Cgroup(path)) => format!("{name}/{}/{}", PARTS[0], path.trim_start_matches('/')),
        Place::Scope(Scope::Namespace(inode)) => format!("{name}/{}/{inode}", PARTS[1]),
        Place::Vm(runtime) => format!("{name}/{}", runtime_text(node, *runtime)),
        Place::Task(id) if node.task(*id).is_some_and(|task| task.reading.kind == TaskKind::Erlang) => {
            pid_path(node, id.runtime, &number_of(*id, TaskKind::Erlang))
        }
        Place::Task(TaskId { runtime, number, start }) => {
            let runtime = runtime_text(node, *runtime);
            format!("{name}/{runtime}/{number}.{start}")
        }
    }
}
