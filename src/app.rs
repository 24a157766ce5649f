//! What the dashboard does: one state, one reducer. Keys and events go in, effects come out.
//!
//! Pure: no clock, no IO, no screen. Given the same messages it does the same, live and in replay.

pub mod keymap;
pub mod layout;
pub mod rows;
pub mod screen;

use std::sync::Arc;

use midair_vitals::{Order, TaskId};

use crate::{
    event::{Control, Event, Input, NodeId, Stamp, Stamped},
    model::{Finding, Focus, Model, Node, Task, Timeline, Vital, Window, finding},
};
use layout::Areas;
use screen::{Level, List, Panel, RowId, Screen};

/// What the reducer is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// Something happened.
    Event(Stamped),
    /// A person did something.
    Input(Stamp, Input),
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Ask the feed for something.
    Control(Control),
    /// Show the past: `Event::Reset`, and then all events up to this moment, are to be told again.
    Seek(Stamp),
    /// Show now: `Event::Reset`, and then all events up to now, are to be told again.
    GoLive,
    /// Put text into the clipboard.
    Copy(String),
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

/// What lies over the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The keys; first line shown.
    Help {
        /// First line shown.
        scroll: usize,
    },
    /// All that is wrong; which one is selected.
    Findings {
        /// Which one is selected.
        selected: usize,
    },
}

/// What is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What for.
    pub kind: PromptKind,
    /// The text so far; the cursor stands at its end.
    pub text: String,
    /// What `Esc` brings back: the filter before.
    before: String,
}

/// What is being typed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// Rows must hold it; works while typing.
    Filter,
    /// A command.
    Command,
    /// A note on the time line.
    Mark,
}

/// The moment shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Playhead {
    /// Now.
    #[default]
    Live,
    /// A moment in the past; also a paused screen.
    Past(Stamp),
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
    /// The levels that were gone into; the last is shown. Never empty.
    levels: Vec<Level>,
    /// By what screens are coloured and sorted.
    pub vital: Vital,
    /// Key of the label by which the map is grouped.
    pub group_by: Option<Arc<str>>,
    /// Whether threads stand among the tasks.
    pub shows_threads: bool,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// What is being typed.
    pub prompt: Option<Prompt>,
    /// A refusal or a notice for the footer, until the next key.
    pub message: Option<String>,
    /// Interval that samples are asked at, milliseconds.
    pub interval_ms: u32,
    /// Whether the mouse is taken.
    pub has_mouse: bool,
    /// Size of the terminal, columns and rows.
    pub size: (u16, u16),
    /// True when something visible changed since [`State::drawn`].
    pub is_dirty: bool,
}

impl State {
    /// The state before anything has happened.
    pub fn new(options: Options) -> Self {
        Self {
            model: Model::default(),
            timeline: Timeline::default(),
            clock: Stamp::default(),
            playhead: Playhead::Live,
            levels: vec![Level::new(Screen::Cluster, Order::default())],
            vital: Vital::default(),
            group_by: None,
            shows_threads: false,
            overlay: None,
            prompt: None,
            message: None,
            interval_ms: options.interval_ms,
            has_mouse: options.has_mouse,
            size: options.size,
            is_dirty: true,
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

    /// The node that the screen is about.
    pub fn node(&self) -> Option<&Node> {
        self.model.node(self.screen().node()?)
    }

    /// The task that the screen is about.
    pub fn task(&self) -> Option<&Task> {
        match self.screen() {
            Screen::Task(node, task) => self.model.node(node)?.task(*task),
            Screen::Cluster | Screen::Node(_) => None,
        }
    }

    /// The close look that the screen is about.
    pub fn focus(&self) -> Option<&Focus> {
        match self.screen() {
            Screen::Task(node, task) => self.model.node(node)?.focus_on(*task),
            Screen::Cluster | Screen::Node(_) => None,
        }
    }

    /// A table of the current screen.
    pub fn list(&self, panel: Panel) -> &List {
        self.level().list(panel)
    }

    /// All rows of a table, filtered and sorted.
    pub fn rows(&self, panel: Panel) -> Vec<RowId> {
        rows::rows(self, panel)
    }

    /// What is wrong with what the screen is about, the worst first.
    pub fn findings(&self) -> Vec<Finding> {
        finding::findings(&self.model, self.screen().node(), self.now())
    }

    /// Where things stand.
    pub fn areas(&self) -> Areas {
        layout::areas(self.screen(), self.level().panel, self.size.0, self.size.1)
    }

    /// What stretch of time the time line shows.
    pub fn window(&self) -> Window {
        Window { end: self.clock, span_us: 600_000_000 }
    }
}

/// The node and task of a row, where it has them.
pub fn target(row: &RowId) -> Option<(&NodeId, Option<TaskId>)> {
    match row {
        RowId::Node(node) => Some((node, None)),
        RowId::Task(node, task) => Some((node, Some(*task))),
        RowId::Queue(..) => None,
    }
}

/// Folds a message into the state.
pub fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Event(stamped) => {
            if stamped.event == Event::Reset {
                state.model = Model::default();
            }
            state.model.apply(&stamped);
            state.timeline.apply(&state.model, &stamped);
        }
        Msg::Input(..) => {}
    }
    state.is_dirty = true;
    Vec::new()
}
