//! What the dashboard does: one state, one reducer. Keys and events go in, effects come out.
//!
//! Pure: no clock, no IO, no screen. Given the same messages it does the same, live and in replay.

mod across;
mod act;
mod arranged;
mod asks;
mod command;
mod compare;
mod copy;
mod crowd;
mod gallery;
mod go;
pub mod heads;
mod kept;
pub mod keymap;
pub mod layout;
pub mod map;
mod message;
mod moment;
mod mouse;
mod overlay;
mod past;
mod playhead;
mod prompt;
mod replay;
pub mod rows;
pub mod screen;
mod shown;
pub mod sort;
pub mod tabs;
mod told;
mod trace;
mod unconfirmed;
pub mod words;
mod zoom;

use std::sync::Arc;

use midair_vitals::TaskId;

use crate::{
    event::{Control, Event, Input, Key, NodeId, Stamp, Stamped},
    model::{Model, Timeline, Vital},
};
use asks::Asks;
use gallery::Gallery;
use go::Go;
use screen::{Level, RowId, Screen};

pub use asks::{FOCUS_ID, TABLE_ID};
pub use command::{COMMANDS, interval};
pub use compare::{Comparing, Held, Side, keys as compared_keys, labels};
pub use copy::utc;
pub use kept::{Kept, word as kept_word};
pub use message::Message;
pub use moment::{before, length, on_day, within};
pub use overlay::{Chosen, FindingPlaces, MarkKey, Overlay, mark_keys, subjects};
pub use past::{Lack, Looked};
pub use playhead::Playhead;
pub use prompt::{Prompt, PromptKind};
pub use replay::{Replay, Speed};
pub use told::Told;
pub use unconfirmed::Note;
pub use zoom::Zoom;

/// The largest screen that is filled, columns and rows: more than any display has.
const SIZE_MAX: (u16, u16) = (2_000, 1_000);

/// What the reducer is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// Something happened.
    Event(Stamped),
    /// A person did something.
    Input(Stamp, Input),
    /// What was known at a moment before: as if all events up to there had been told again.
    Restored(Box<Model>),
    /// Time went on while the past is shown: something arrived that is not looked at yet.
    Passed(Stamp),
    /// The program tells of itself.
    Told(Told),
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Hand the terminal back to the shell until it lets us go on.
    Suspend,
    /// Ask the feed for something.
    Control(Control),
    /// Show the past: `Event::Reset`, and then all events up to this moment, are to be told again.
    Seek(Stamp),
    /// Say when what was sought just before is shown.
    Arrive,
    /// Show now: `Event::Reset`, and then all events up to now, are to be told again.
    GoLive,
    /// Put text into the clipboard.
    Copy(String),
    /// Begin to record what is received into a file, or end it.
    Record,
    /// Keep a note that no agent takes.
    Note(Note),
}

/// A file into which is recorded what is received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Its name.
    pub name: Arc<str>,
    /// Bytes in it.
    pub n_bytes: u64,
}

/// How the dashboard starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How many agents it watches: with one it starts on that node.
    pub n_targets: usize,
    /// `--go NODE[/RUNTIME[/TASK]]`: where to drill as soon as the names are known.
    pub go: Option<String>,
    /// Interval to ask samples at, milliseconds.
    pub interval_ms: u32,
    /// Whether the mouse is taken.
    pub has_mouse: bool,
    /// Size of the terminal, columns and rows.
    pub size: (u16, u16),
}

impl Default for Options {
    fn default() -> Self {
        Self { n_targets: 1, go: None, interval_ms: 1000, has_mouse: true, size: (80, 24) }
    }
}

/// All that the screen is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// What is known at the playhead.
    pub model: Model,
    /// What the time line shows, also of what lies after the playhead.
    pub timeline: Timeline,
    /// The newest moment heard of, whatever the playhead says.
    pub clock: Stamp,
    /// The moment shown.
    pub playhead: Playhead,
    /// How much time the time line shows.
    pub zoom: Zoom,
    /// Who was asked for the moment shown, where that lies before all that was received.
    pub looked: Option<Looked>,
    /// The recording that is shown; `None` where agents are watched.
    pub replay: Option<Replay>,
    /// The file into which is recorded what is received.
    pub recording: Option<Recording>,
    /// The levels that were gone into; the last is shown. Never empty.
    levels: Vec<Level>,
    /// By what screens are coloured and sorted.
    pub vital: Vital,
    /// Key of the label by which the map is grouped.
    pub group_by: Option<Arc<str>>,
    /// How the map is looked at.
    pub on_map: map::OnMap,
    /// Its groups.
    arranged: arranged::Arranged,
    /// Whether threads stand among the tasks.
    pub shows_threads: bool,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// What is being typed.
    pub prompt: Option<Prompt>,
    /// What the footer says, until the next key or for a few seconds.
    pub message: Option<Message>,
    /// Since when it is there to be read.
    read_since: Option<Stamp>,
    /// Interval that samples are asked at, milliseconds.
    pub interval_ms: u32,
    /// Whether the mouse is taken.
    pub has_mouse: bool,
    /// Size of the terminal, columns and rows.
    pub size: (u16, u16),
    /// True when something visible changed since [`State::drawn`].
    pub is_dirty: bool,
    /// True until the only agent's node screen has been entered, or a person went elsewhere.
    starts_on_node: bool,
    /// Where `--go` or `:go` still leads.
    go: Option<Go>,
    /// Whom to follow of the nodes behind hubs.
    crowd: crowd::Crowd,
    /// What has been asked of the agents.
    asked: Asks,
    /// What an Erlang process keeps, while it is shown.
    pub kept: Option<Kept>,
    /// The node as it was at a moment, with which others are compared.
    pub held: Option<Arc<Held>>,
    /// Portraits of those who are compared.
    gallery: Gallery,
    /// What is to be held at another moment.
    errand: Option<compare::Errand>,
    /// The receive trace that was asked for and counts.
    trace: Option<trace::Running>,
    /// Marks that agents were asked to take and have not confirmed.
    unconfirmed: unconfirmed::Unconfirmed,
}

impl State {
    /// The state before anything has happened.
    pub fn new(options: Options) -> Self {
        let vital = Vital::default();
        Self {
            model: Model::new(u64::from(options.interval_ms) * 1000),
            timeline: Timeline::default(),
            clock: Stamp::default(),
            playhead: Playhead::Live,
            zoom: Zoom::default(),
            looked: None,
            replay: None,
            recording: None,
            levels: vec![Level::new(Screen::Cluster, vital.order())],
            vital,
            group_by: None,
            on_map: map::OnMap::default(),
            arranged: arranged::Arranged::default(),
            shows_threads: false,
            overlay: None,
            prompt: None,
            message: None,
            read_since: None,
            interval_ms: options.interval_ms,
            has_mouse: options.has_mouse,
            size: bounded(options.size.0, options.size.1),
            is_dirty: true,
            starts_on_node: options.n_targets == 1,
            go: options.go.as_deref().and_then(Go::parse),
            crowd: crowd::Crowd::default(),
            asked: Asks::default(),
            kept: None,
            held: None,
            gallery: Gallery::default(),
            errand: None,
            trace: None,
            unconfirmed: unconfirmed::Unconfirmed::default(),
        }
    }

    /// The screen has been drawn.
    pub fn drawn(&mut self) {
        self.is_dirty = false;
    }

    /// The moment shown: now, or the playhead.
    pub fn now(&self) -> Stamp {
        match self.playhead {
            Playhead::Live => self.clock,
            Playhead::Past(at) => at,
        }
    }

    /// All levels, the cluster first, the shown one last: the breadcrumb.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The level that is shown.
    pub fn level(&self) -> &Level {
        self.levels.last().expect("there is always a level")
    }

    /// The screen that is shown.
    pub fn screen(&self) -> &Screen {
        &self.level().screen
    }
}

/// The node and task of a row, where it has them.
pub fn target(row: &RowId) -> Option<(&NodeId, Option<TaskId>)> {
    match row {
        RowId::Node(node) => Some((node, None)),
        RowId::Task(node, task) | RowId::OwnedQueue(node, task, ..) => Some((node, Some(*task))),
        RowId::Scope(node, _) | RowId::Vm(node, _) => Some((node, None)),
        RowId::Group(_)
        | RowId::Peer(_)
        | RowId::Queue(..)
        | RowId::Cpu(_)
        | RowId::Check(_)
        | RowId::Scheduler(..)
        | RowId::Function(_)
        | RowId::Link(_)
        | RowId::Port(_)
        | RowId::Table(..)
        | RowId::Spot(_)
        | RowId::Relative(..) => None,
    }
}

/// Folds a message into the state.
pub fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    let place = (state.levels.len(), state.level().panel);
    let asked_of = state.prompt.as_ref().and_then(kept::asked).map(|_| state.screen().clone());
    let is_moot = asks::is_moot(state, &msg);
    let mut effects = match msg {
        Msg::Event(stamped) => {
            event(state, &stamped);
            unconfirmed::hear(state, &stamped)
        }
        Msg::Input(at, given) => {
            state.clock = state.clock.max(at);
            state.is_dirty = true;
            input(state, given)
        }
        Msg::Passed(at) => {
            pass(state, at);
            state.let_go();
            Vec::new()
        }
        Msg::Restored(model) => {
            let asked_interval_us = state.model.asked_interval_us;
            state.model = *model;
            state.model.asked_interval_us = asked_interval_us;
            state.gallery.clear();
            state.arranged.clear();
            state.timeline.retell();
            state.is_dirty = true;
            go::pursue(state);
            Vec::new()
        }
        Msg::Told(Told::Arrived) => compare::arrived(state),
        // A line of many nodes comes in thousands of pieces, and what it shows changes nothing of what is asked.
        Msg::Told(what @ (Told::Rollups(_) | Told::Marks(_))) => {
            told::take(state, what);
            return Vec::new();
        }
        Msg::Told(what) => {
            told::take(state, what);
            Vec::new()
        }
    };
    // A filter belongs to the table for which it is typed: with another one in its place it stays as it is.
    if place != (state.levels.len(), state.level().panel) {
        state.prompt = state.prompt.take().filter(|prompt| prompt.kind != PromptKind::Filter);
    }
    // A yes is a yes for the process of which was asked.
    if asked_of.is_some_and(|screen| screen != *state.screen()) {
        state.prompt = None;
    }
    kept::forget(state);
    if state.comparing().is_none() {
        state.gallery.clear();
    }
    if !is_moot {
        effects.extend(asks::reconcile(state));
    }
    if state.replay.is_some() {
        replay::ask_nobody(state, &mut effects);
    }
    effects
}

/// Time passes. It shows in the header once a second: live as the clock, in the past as its age.
fn pass(state: &mut State, at: Stamp) {
    let second_before = state.clock.0 / 1_000_000;
    state.clock = state.clock.max(at);
    state.is_dirty |= state.clock.0 / 1_000_000 != second_before;
}

fn event(state: &mut State, stamped: &Stamped) {
    pass(state, stamped.at);
    // Those of a recording are not of the time in which it is read.
    if state.replay.is_none() {
        state.let_go();
    }
    trace::hear(state, stamped);
    kept::hear(state, stamped);
    if let Playhead::Past(at) = state.playhead
        && stamped.at > at
        && stamped.event != Event::Reset
    {
        // What happens after the playhead is not known at the playhead.
        return;
    }
    if stamped.event == Event::Reset {
        state.gallery.clear();
        state.arranged.clear();
    }
    let counts = (stamped.event == Event::Tick).then(|| state.model.counts());
    state.model.apply(stamped);
    state.timeline.apply(&state.model, stamped);
    if stamped.event == Event::Tick {
        state.model.look_for_findings();
    }
    // Of a tick, presence is told only where it is found changed.
    state.is_dirty |= counts.is_none_or(|counts| counts != state.model.counts());
    match &stamped.event {
        Event::Link(link) => start_on_node(state, &NodeId(link.address.clone())),
        Event::Described(described) if described.is_hub => start_on_cluster(state, &described.node),
        Event::Described(described) => {
            rename(state, &NodeId(described.address.clone()), &described.node);
            start_on_node(state, &described.node);
        }
        Event::Refused { reason, .. } if !state.timeline.is_retelling() => state.refuse(reason.clone()),
        Event::Tick
        | Event::Reset
        | Event::Sample(_)
        | Event::Rows(_)
        | Event::Details(_)
        | Event::Traced(_)
        | Event::Inspected(_)
        | Event::Refused { .. }
        | Event::Lost { .. }
        | Event::Gap(_)
        | Event::Mark(_)
        | Event::Clock { .. }
        | Event::Malformed { .. }
        | Event::Rollup(_)
        | Event::Fleet(_) => {}
    }
    crowd::hear(state, &stamped.event, stamped.at);
    go::pursue(state);
}

/// With one agent its node is the first screen; the cluster is above it.
fn start_on_node(state: &mut State, node: &NodeId) {
    if state.starts_on_node && state.model.nodes.contains_key(node) {
        state.starts_on_node = false;
        state.levels.truncate(1);
        let order = state.vital.order();
        state.levels.push(Level::new(Screen::Node(node.clone()), order));
    }
}

/// What was taken for a node is a hub: it has no screen of its own.
fn start_on_cluster(state: &mut State, hub: &NodeId) {
    state.starts_on_node = false;
    if state.levels.iter().any(|level| level.screen.node() == Some(hub)) {
        state.levels.truncate(1);
    }
}

/// A node that was known by its address has said who it is: screens and selections go with it.
fn rename(state: &mut State, address: &NodeId, node: &NodeId) {
    compare::rename(state, address, node);
    for level in &mut state.levels {
        level.screen.rename_node(address, node);
        for row in level.lists.iter_mut().filter_map(|list| list.selected.as_mut()) {
            row.rename_node(address, node);
        }
    }
}

fn input(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Key(key) => {
            state.message = None;
            // Whatever is being typed is there again afterwards.
            if keymap::action(key, state.screen()) == Some(keymap::Action::Suspend) {
                return vec![Effect::Suspend];
            }
            if let Some(prompt) = state.prompt.take() {
                return prompt::key(state, prompt, key);
            }
            key_of_screen(state, key)
        }
        Input::Mouse(mouse) => mouse::mouse(state, mouse),
        Input::Resize(columns, rows) => {
            state.size = bounded(columns, rows);
            Vec::new()
        }
    }
}

/// A terminal may claim to be of any size; what lies beyond this stays empty.
fn bounded(columns: u16, rows: u16) -> (u16, u16) {
    (columns.min(SIZE_MAX.0), rows.min(SIZE_MAX.1))
}

fn key_of_screen(state: &mut State, key: Key) -> Vec<Effect> {
    match keymap::action(key, state.screen()) {
        // Both leave from everywhere; `q` asks where something is recorded.
        Some(keymap::Action::Quit) if key == Key::Ctrl('c') => vec![Effect::Quit],
        Some(action) => act::act(state, action),
        None => {
            if let Key::Char(c) = key {
                state.refuse(format!("{c} does nothing here; ? shows the keys"));
            }
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests;
