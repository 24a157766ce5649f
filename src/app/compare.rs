//! Comparing: one side is held, the other is what is shown; or both are named. What is different stands over the screen.

mod said;

use std::sync::Arc;

use super::{
    Chosen, Effect, Overlay, Playhead, PromptKind, State, act,
    keymap::Action,
    moment, overlay, prompt,
    screen::{Panel, RowId, Scope, Screen},
    utc,
};
use crate::{
    event::{NodeId, Stamp},
    model::{
        Node, Vital,
        compare::{self, Key, Of, Portrait, Row, Topic},
    },
};

/// Rows of a page, whatever the size.
const PAGE: i32 = 10;

/// One of the two sides.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// A node as it was at a moment: it stands.
    Held(Arc<Held>),
    /// A node at the moment shown: it moves on with time.
    Node(NodeId),
    /// All nodes whose label has a value, at the moment shown.
    Group(Arc<str>, Arc<str>),
}

/// A node as it was when it was held.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its name then.
    pub name: String,
    /// Its version then, or all of its labels.
    pub labels: String,
    /// When that was.
    pub at: Stamp,
    /// How it was.
    pub portrait: Arc<Portrait>,
}

/// What is compared, over the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparing {
    /// From here on changes are counted.
    pub a: Side,
    /// What is looked at.
    pub b: Side,
    /// What of them is compared.
    pub topic: Topic,
    /// The selected row.
    pub chosen: Chosen<Key>,
    /// Whether it is told how rows are ranked, in their place.
    pub is_explained: bool,
}

/// A node that is to be held at another moment: what is shown again after that.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Errand {
    node: NodeId,
    back: Playhead,
}

impl Comparing {
    fn new(a: Side, b: Side) -> Self {
        Self { a, b, topic: Topic::default(), chosen: Chosen::at(0, &[]), is_explained: false }
    }
}

/// The version of a node, or all of its labels.
pub fn labels(node: &Node) -> String {
    let all = || {
        let described = node.described.iter();
        described.flat_map(|d| &d.labels).map(|(_, value)| &**value).collect::<Vec<_>>().join(", ")
    };
    node.label("version").map_or_else(all, |version| format!("version {version}"))
}

impl State {
    /// What is compared now.
    pub fn comparing(&self) -> Option<&Comparing> {
        match &self.overlay {
            Some(Overlay::Compare(comparing)) => Some(comparing),
            Some(
                Overlay::Help { .. }
                | Overlay::Words { .. }
                | Overlay::Findings(_)
                | Overlay::Marks(_)
                | Overlay::Kept { .. },
            )
            | None => None,
        }
    }

    /// The nodes of a side, as they are known now; what was held stands.
    pub fn portraits(&self, side: &Side, topics: &[Topic]) -> Vec<Arc<Portrait>> {
        let of = |node: &Node| self.gallery.of(node, topics);
        match side {
            Side::Held(held) => vec![held.portrait.clone()],
            Side::Node(id) => self.model.node(id).and_then(of).into_iter().collect(),
            Side::Group(key, value) => {
                let nodes = self.model.nodes.values();
                nodes.filter(|node| node.label(key) == Some(value)).filter_map(of).collect()
            }
        }
    }

    /// All rows of a topic of both sides, what changed most first; of one vital where one is chosen.
    pub fn compared(&self, a: &[Arc<Portrait>], b: &[Arc<Portrait>], topic: Topic) -> Vec<Row> {
        let mut rows = compare::rows(a, b, topic);
        if self.vital != Vital::Worst {
            rows.retain(|row| row.vital == Some(self.vital));
        }
        rows
    }

    /// What stands while time goes on, with the letter of its side and its moment.
    pub fn held_moments(&self) -> Vec<(&'static str, Stamp)> {
        let of = |side: &Side| match side {
            Side::Held(held) => Some(held.at),
            Side::Node(_) | Side::Group(..) => None,
        };
        let is_here = |held: &&Arc<Held>| self.screen().node().is_none_or(|node| *node == held.portrait.node);
        match self.comparing() {
            Some(comparing) => {
                let sides = [("A", of(&comparing.a)), ("B", of(&comparing.b))];
                sides.into_iter().filter_map(|(letter, at)| Some((letter, at?))).collect()
            }
            None => self.held.iter().filter(is_here).map(|held| ("A", held.at)).collect(),
        }
    }

    /// The node that is held as soon as the moment shown is told.
    pub fn to_be_held(&self) -> Option<&NodeId> {
        self.errand.as_ref().map(|errand| &errand.node)
    }

    /// Whether a node is looked at because it is compared.
    pub(super) fn compares(&self, node: &NodeId) -> bool {
        let is_it = |side: &Side| matches!(side, Side::Node(id) if id == node);
        self.comparing().is_some_and(|comparing| is_it(&comparing.a) || is_it(&comparing.b))
    }

    /// The nodes that are compared.
    pub(super) fn compared_nodes(&self) -> impl Iterator<Item = &NodeId> {
        self.comparing().into_iter().flat_map(|comparing| [&comparing.a, &comparing.b]).filter_map(|side| match side {
            Side::Node(id) => Some(id),
            _ => None,
        })
    }

    fn rows_of(&self, comparing: &Comparing) -> Vec<Row> {
        let topics = [comparing.topic];
        let (a, b) = (self.portraits(&comparing.a, &topics), self.portraits(&comparing.b, &topics));
        self.compared(&a, &b, comparing.topic)
    }
}

/// A node that was known by its address has said who it is.
pub(super) fn rename(state: &mut State, address: &NodeId, id: &NodeId) {
    let Some(Overlay::Compare(comparing)) = &mut state.overlay else { return };
    for side in [&mut comparing.a, &mut comparing.b] {
        if *side == Side::Node(address.clone()) {
            *side = Side::Node(id.clone());
        }
    }
}

/// What tells rows from each other.
pub fn keys(rows: &[Row]) -> Vec<Key> {
    rows.iter().map(|row| row.key.clone()).collect()
}

/// The node that is meant: that of the screen, or the selected one of the cluster.
fn meant(state: &State) -> Option<NodeId> {
    if let Some(node) = state.screen().node() {
        return Some(node.clone());
    }
    let of = |panel: Panel| {
        let rows = state.rows(panel);
        let list = state.list(panel);
        let at = list.position(&rows).or(list.selected.is_none().then_some(0))?;
        super::target(rows.get(at)?).map(|(node, _)| node.clone())
    };
    match state.level().current().selected {
        Some(RowId::Task(..)) => of(Panel::Tasks),
        _ => of(Panel::Nodes),
    }
}

fn hold(state: &State, id: &NodeId) -> Option<Held> {
    let node = state.model.node(id)?;
    let portrait = Arc::new(Portrait::of(node, &Topic::ALL)?);
    Some(Held { name: node.name().to_owned(), labels: labels(node), at: state.now(), portrait })
}

/// Holds what is shown as side A; or compares it with what is held.
pub(super) fn begin(state: &mut State) {
    let Some(id) = meant(state) else {
        state.refuse("no node is selected: c holds a node, and compares the next with it");
        return;
    };
    let Some(held) = hold(state, &id) else {
        state.refuse("nothing was measured of this node yet");
        return;
    };
    match state.held.clone() {
        None => {
            state.notice(format!(
                "A is {} at {}; go to another moment or node and press c again (C forgets it)",
                held.name,
                utc(held.at)
            ));
            state.held = Some(Arc::new(held));
        }
        Some(a) if a.portrait.node == id && a.at == held.at => {
            state.refuse("A is what is shown: go to another moment or node first; C forgets A");
        }
        Some(a) => open(state, Side::Held(a), Side::Node(id)),
    }
}

fn open(state: &mut State, a: Side, b: Side) {
    state.overlay = Some(Overlay::Compare(Box::new(Comparing::new(a, b))));
}

/// Forgets side A.
pub(super) fn forget(state: &mut State) {
    match state.held.take() {
        Some(held) => state.notice(format!("forgot {} at {}", held.name, utc(held.at))),
        None => state.refuse("nothing is held to compare with: c holds what is shown"),
    }
}

/// `:compare`: nothing, a side, two sides, or a moment of the node that is shown.
pub(super) fn run(state: &mut State, text: &str) -> Vec<Effect> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let sides = match words[..] {
        [] => {
            begin(state);
            return Vec::new();
        }
        [one] => match side(state, one) {
            Ok(a) => {
                meant(state).map(|b| (a, Side::Node(b))).ok_or("compare it with which node? select one".to_owned())
            }
            Err(_) if is_moment(state, text) => return go_and_hold(state, text),
            Err(why) => Err(why),
        },
        [a, b] => match (side(state, a), side(state, b)) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (Err(_), _) if is_moment(state, text) => return go_and_hold(state, text),
            (Err(why), _) | (_, Err(why)) => Err(why),
        },
        _ => Err("compare what? :compare NODE NODE, :compare LABEL=VALUE LABEL=VALUE, :compare 10m".to_owned()),
    };
    match sides {
        Ok((a, b)) if a == b => state.refuse("both sides are the same"),
        Ok((a, b)) => {
            if let (Side::Node(id), 2) = (&b, words.len()) {
                state.enter_node(id.clone());
            }
            open(state, a, b);
        }
        Err(why) => state.refuse(why),
    }
    Vec::new()
}

/// A node by its name, or the nodes of a label's value.
fn side(state: &State, text: &str) -> Result<Side, String> {
    if let Some((key, value)) = text.split_once('=') {
        let found = state.model.nodes.values().find_map(|node| node.label(key).filter(|known| ***known == *value));
        let value = found.ok_or_else(|| format!("no node has the label {key}={value}"))?;
        return Ok(Side::Group(key.into(), value.clone()));
    }
    let is_named = |node: &&Node| node.name() == text || *node.id.0 == *text || *node.address == *text;
    let found = state.model.nodes.values().find(is_named);
    found
        .map(|node| Side::Node(node.id.clone()))
        .ok_or_else(|| format!("no node {text}, and no label: write KEY=VALUE"))
}

fn is_moment(state: &State, text: &str) -> bool {
    state.reach().is_some_and(|(_, newest)| moment::parse(text, state.now(), newest).is_ok())
}

/// Goes to a moment, to hold the node as it was then; [`arrived`] comes back.
fn go_and_hold(state: &mut State, text: &str) -> Vec<Effect> {
    let Some(node) = meant(state) else {
        state.refuse("which node? select one");
        return Vec::new();
    };
    let back = state.errand.as_ref().map_or(state.playhead, |errand| errand.back);
    let mut effects = state.jump(text);
    if !effects.is_empty() {
        state.errand = Some(Errand { node, back });
        effects.push(Effect::Arrive);
    }
    effects
}

/// What was then is told: the node is held, and what was shown before is shown again.
pub(super) fn arrived(state: &mut State) -> Vec<Effect> {
    let Some(errand) = state.errand.take() else { return Vec::new() };
    let held = hold(state, &errand.node);
    state.playhead = errand.back;
    match held {
        Some(held) => {
            let held = Arc::new(held);
            state.held = Some(held.clone());
            state.message = None;
            open(state, Side::Held(held), Side::Node(errand.node));
        }
        None => {
            let lacking = state.looked.iter().flat_map(|looked| &looked.lacking).next();
            let why = lacking.map(|(name, lack)| format!(": {name} {}", lack.words(utc))).unwrap_or_default();
            state.refuse(format!("nothing is known of this node at that moment{why}"));
        }
    }
    back_to(errand.back)
}

/// Nothing is to be held: what was shown before is shown again. `None` where nothing was to be.
pub(super) fn give_up(state: &mut State) -> Option<Vec<Effect>> {
    let errand = state.errand.take()?;
    state.playhead = errand.back;
    Some(back_to(errand.back))
}

fn back_to(playhead: Playhead) -> Vec<Effect> {
    match playhead {
        Playhead::Live => vec![Effect::GoLive],
        Playhead::Past(at) => vec![Effect::Seek(at)],
    }
}

/// What the keys do while it is shown.
pub(super) fn act(state: &mut State, mut comparing: Comparing, action: Action) -> Vec<Effect> {
    let n_rows = match action {
        Action::Move(n) => n,
        Action::Page(n) => n * PAGE,
        Action::First => i32::MIN,
        Action::Last => i32::MAX,
        Action::Panel(n) => {
            let at = Topic::ALL.iter().position(|topic| *topic == comparing.topic).unwrap_or(0) as i32;
            comparing.topic = Topic::ALL[(at + n).rem_euclid(Topic::ALL.len() as i32) as usize];
            comparing.chosen = Chosen::at(0, &[]);
            0
        }
        Action::Help => {
            comparing.is_explained = !comparing.is_explained;
            0
        }
        Action::Forget => {
            std::mem::swap(&mut comparing.a, &mut comparing.b);
            0
        }
        Action::Choose(vital) => {
            act::choose(state, vital);
            0
        }
        Action::Enter => {
            enter(state, &comparing);
            return Vec::new();
        }
        Action::Copy => {
            let text = said::text(state, &comparing);
            state.notice("copied what is different");
            return vec![Effect::Copy(text)];
        }
        Action::Jump => {
            prompt::open(state, PromptKind::Jump);
            return Vec::new();
        }
        Action::Filter | Action::Command | Action::Mark | Action::Record | Action::Sort(_) | Action::Invert => {
            state.refuse("not while two sides are compared: Esc leaves them");
            return Vec::new();
        }
        other => return overlay::act_beneath(state, other),
    };
    // Until a row is chosen the first is meant, whichever that is.
    if n_rows != 0 {
        let keys = keys(&state.rows_of(&comparing));
        comparing.chosen = comparing.chosen.moved(n_rows, &keys);
    }
    state.overlay = Some(Overlay::Compare(Box::new(comparing)));
    Vec::new()
}

/// To what the selected row is about, on side B.
fn enter(state: &mut State, comparing: &Comparing) {
    let rows = state.rows_of(comparing);
    let Some(row) = rows.get(comparing.chosen.position(&keys(&rows))) else {
        state.refuse("there is no row to go into");
        return;
    };
    let of_side = match &comparing.b {
        Side::Node(id) => Some(id.clone()),
        Side::Held(held) => Some(held.portrait.node.clone()),
        Side::Group(..) => None,
    };
    let Some(node) = row.task.as_ref().map(|(node, _)| node.clone()).or(of_side) else {
        state.refuse("side B is a group: this row leads to none of its nodes");
        return;
    };
    if row.b.is_none() {
        state.refuse("side B does not have it");
        return;
    }
    state.overlay = None;
    let (task, of) = (row.task.as_ref().map(|(_, task)| *task), row.key.of.clone());
    state.enter_node(node.clone());
    match of {
        Of::Cgroup(path) => state.push_level(Screen::Scope(node, Scope::Cgroup(path))),
        Of::Disk(_) => state.level_mut().panel = Panel::Host,
        Of::Vm(_) => state.level_mut().panel = Panel::Vms,
        Of::Node | Of::Tasks(..) => {
            if let Some(task) = task {
                state.push_level(Screen::Task(node, task));
            }
        }
    }
}
