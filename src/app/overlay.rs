//! What lies over the screen: the help, the list of all that is wrong, the marks.

use std::sync::Arc;

use super::{
    Comparing, Effect, State,
    act::moved,
    compare, go,
    keymap::{self, Action},
    layout::Rect,
    screen::{Panel, Scope, Screen},
    words,
};
use crate::{
    event::{NodeId, Stamp},
    model::{
        Finding,
        finding::{Lead, Subject},
        timeline::Flag,
    },
};

/// Lines that a page of the help has, whatever the size: it scrolls by half a small screen.
const HELP_PAGE: i32 = 10;

/// What lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// What is different between two sides.
    Compare(Box<Comparing>),
    /// The keys; first line shown.
    Help {
        /// First line shown.
        scroll: usize,
    },
    /// What the words of the screen mean.
    Words {
        /// First line shown.
        scroll: usize,
    },
    /// All that is wrong.
    Findings(Chosen<Subject>),
    /// The marks on the time line.
    Marks(Chosen<MarkKey>),
    /// What an Erlang process keeps.
    Kept {
        /// First line shown.
        scroll: usize,
    },
}

/// Which row of a list over the screen is selected. It is followed wherever it ranks; once it is no more, whatever stands in
/// its place is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<K> {
    key: Option<K>,
    place: usize,
}

impl<K: Clone + PartialEq> Chosen<K> {
    /// Where it stands among the rows.
    pub fn position(&self, keys: &[K]) -> usize {
        let at = self.key.as_ref().and_then(|key| keys.iter().position(|k| k == key));
        at.unwrap_or(self.place.min(keys.len().saturating_sub(1)))
    }

    /// The one at a place.
    pub(super) fn at(place: usize, keys: &[K]) -> Self {
        Self { key: keys.get(place).cloned(), place }
    }

    pub(super) fn moved(&self, n_rows: i32, keys: &[K]) -> Self {
        Self::at(moved(self.position(keys), n_rows, keys.len()), keys)
    }
}

/// Where findings stand over the screen: each has as many lines, so that it is known which one is under the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingPlaces {
    /// Inside of the frame.
    pub inside: Rect,
    /// The first that is shown.
    pub first: usize,
    /// Lines of each.
    pub n_lines: u16,
}

impl FindingPlaces {
    /// On a screen of a size, where the selected one is in sight.
    pub fn new((width, height): (u16, u16), selected: usize) -> Self {
        let n_lines = if width >= ROOMY { 2 } else { 3 };
        let (top, bottom) = (u16::from(height > 1), u16::from(height > 2));
        let inside = Rect { x: 0, y: top, width, height: height.saturating_sub(top + bottom) }.inside();
        let n_shown = usize::from(inside.height / n_lines).max(1);
        Self { inside, first: (selected + 1).saturating_sub(n_shown), n_lines }
    }

    /// Which one is at a cell, of so many.
    fn at(self, column: u16, row: u16, n_all: usize) -> Option<usize> {
        let is_inside = self.inside.contains(column, row);
        let n = is_inside.then(|| self.first + usize::from((row - self.inside.y) / self.n_lines))?;
        (n < n_all).then_some(n)
    }
}

/// Columns from which two lines are enough for most sentences.
const ROOMY: u16 = 100;

/// What tells a mark from others: its moment and its words.
pub type MarkKey = (Stamp, Arc<str>);

/// What tells findings from each other.
pub fn subjects(findings: &[Finding]) -> Vec<Subject> {
    findings.iter().map(|finding| finding.subject.clone()).collect()
}

/// What tells marks from each other.
pub fn mark_keys(marks: &[&Flag]) -> Vec<MarkKey> {
    marks.iter().map(|mark| (mark.at, mark.text.clone())).collect()
}

/// The help and the lists take the keys that move and leave; time works as everywhere.
pub(super) fn act(state: &mut State, overlay: Overlay, action: Action) -> Vec<Effect> {
    if let Overlay::Compare(comparing) = overlay {
        return compare::act(state, *comparing, action);
    }
    let n_rows = match action {
        Action::Move(n) => n,
        Action::Page(n) => n * HELP_PAGE,
        Action::First => i32::MIN,
        Action::Last => i32::MAX,
        Action::Enter => {
            state.overlay = None;
            return enter(state, &overlay);
        }
        Action::Help if matches!(overlay, Overlay::Help { .. }) => {
            state.overlay = Some(Overlay::Words { scroll: 0 });
            return Vec::new();
        }
        other => return act_beneath(state, other),
    };
    state.overlay = Some(match overlay {
        // It has keys of its own.
        Overlay::Compare(comparing) => Overlay::Compare(comparing),
        Overlay::Help { scroll } => Overlay::Help { scroll: scrolled(state, scroll, n_rows, keymap::n_help_lines()) },
        Overlay::Words { scroll } => {
            Overlay::Words { scroll: scrolled(state, scroll, n_rows, words::lines(state).len()) }
        }
        Overlay::Findings(chosen) => Overlay::Findings(chosen.moved(n_rows, &subjects(&state.findings()))),
        Overlay::Kept { scroll } => {
            // Beside the frame there is a column of room on each side.
            let columns = usize::from(state.size.0.saturating_sub(4));
            let n_lines = state.kept.as_ref().map_or(0, |kept| kept.lines(columns).len());
            Overlay::Kept { scroll: scrolled(state, scroll, n_rows, n_lines) }
        }
        Overlay::Marks(chosen) => Overlay::Marks(chosen.moved(n_rows, &mark_keys(&state.marks()))),
    });
    Vec::new()
}

/// What keys do whatever lies over the screen: time goes on beneath it, and those that opened it close it.
pub(super) fn act_beneath(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Suspend => return vec![Effect::Suspend],
        Action::Pause => return state.toggle_pause(),
        Action::Step(n_samples) => return state.step(n_samples),
        Action::Live => return state.go_live(),
        Action::StepMark(steps) => return state.step_mark(steps),
        Action::Speed(steps) => state.change_speed(steps),
        Action::Zoom(steps) => state.zoom_by(steps),
        Action::Leave | Action::Help | Action::Findings | Action::Marks | Action::Compare => {
            state.overlay = None;
        }
        Action::Move(_)
        | Action::Page(_)
        | Action::First
        | Action::Last
        | Action::Enter
        // It leaves from everywhere, and is not asked here.
        | Action::Quit
        | Action::Across
        | Action::Vm
        | Action::Filter
        | Action::Command
        | Action::Mark
        | Action::Jump
        | Action::Record
        | Action::Sort(_)
        | Action::Invert
        | Action::Choose(_)
        | Action::Group
        | Action::Panel(_)
        | Action::Forget
        | Action::Copy
        | Action::Threads
        | Action::Mouse
        | Action::Columns(_) => {}
    }
    Vec::new()
}

/// The first line shown, so many further: header, footer and frame leave the others, and the last page is full.
fn scrolled(state: &State, scroll: usize, n_rows: i32, n_lines: usize) -> usize {
    let most = n_lines.saturating_sub(usize::from(state.size.1.saturating_sub(4)));
    moved(scroll, n_rows, most + 1)
}

/// To the finding under the mouse; `None`: there is none.
pub(super) fn click(state: &mut State, chosen: &Chosen<Subject>, (column, row): (u16, u16)) -> Option<()> {
    let findings = state.findings();
    let places = FindingPlaces::new(state.size, chosen.position(&subjects(&findings)));
    let finding = findings.into_iter().nth(places.at(column, row, state.findings().len())?)?;
    state.overlay = None;
    go_to(state, finding);
    Some(())
}

/// To what is selected: the place that a finding is about, the moment of a mark.
fn enter(state: &mut State, overlay: &Overlay) -> Vec<Effect> {
    match overlay {
        Overlay::Help { .. } | Overlay::Words { .. } | Overlay::Kept { .. } | Overlay::Compare(_) => {}
        Overlay::Findings(chosen) => {
            let findings = state.findings();
            let at = chosen.position(&subjects(&findings));
            findings.into_iter().nth(at).into_iter().for_each(|finding| go_to(state, finding));
        }
        Overlay::Marks(chosen) => {
            let marks = state.marks();
            let mark = marks.get(chosen.position(&mark_keys(&marks)));
            let Some((at, focus)) = mark.map(|mark| (mark.at, mark.focus.clone())) else { return Vec::new() };
            let effects = state.seek(at);
            if let Some(focus) = focus {
                go::look_for(state, &focus, at);
            }
            return effects;
        }
    }
    Vec::new()
}

fn go_to(state: &mut State, finding: Finding) {
    state.go = None;
    let node = finding.subject.node;
    state.enter_node(node.clone());
    match finding.lead {
        Lead::Node => {}
        Lead::Task(task) => state.push_level(Screen::Task(node, task)),
        Lead::Cgroup(path) => state.push_level(Screen::Scope(node, Scope::Cgroup(path))),
        Lead::Namespace(inode) => state.push_level(Screen::Scope(node, Scope::Namespace(inode))),
        Lead::Vm(runtime) => state.push_level(Screen::Vm(node, runtime)),
        Lead::Schedulers(runtime) => into_vm(state, node, runtime, Panel::Schedulers),
        Lead::Links(runtime) => into_vm(state, node, runtime, Panel::Links),
        Lead::Functions(runtime) => into_vm(state, node, runtime, Panel::Functions),
        Lead::Host => state.level_mut().panel = Panel::Host,
    }
}

fn into_vm(state: &mut State, node: NodeId, runtime: u32, panel: Panel) {
    state.push_level(Screen::Vm(node, runtime));
    state.level_mut().panel = panel;
}
