//! What lies over the screen: the help, and the list of all that is wrong.

use super::{
    Effect, State,
    act::moved,
    keymap::{self, Action},
    screen::{Panel, Scope, Screen},
};
use crate::model::{
    Finding,
    finding::{Lead, Subject},
};

/// Lines that a page of the help has, whatever the size: it scrolls by half a small screen.
const HELP_PAGE: i32 = 10;

/// What lies over the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The keys; first line shown.
    Help {
        /// First line shown.
        scroll: usize,
    },
    /// All that is wrong.
    Findings(Chosen),
}

/// Which finding is selected. It is followed wherever it ranks; once it is no more, whatever stands in its place is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    subject: Option<Subject>,
    place: usize,
}

impl Chosen {
    /// Where it stands among the findings.
    pub fn position(&self, findings: &[Finding]) -> usize {
        let at = self.subject.as_ref().and_then(|subject| findings.iter().position(|f| f.subject == *subject));
        at.unwrap_or(self.place.min(findings.len().saturating_sub(1)))
    }

    /// The one at a place.
    pub(super) fn at(place: usize, findings: &[Finding]) -> Self {
        Self { subject: findings.get(place).map(|finding| finding.subject.clone()), place }
    }
}

/// The help and the list of findings take the keys that move and leave; time and quitting work as everywhere.
pub(super) fn act(state: &mut State, overlay: Overlay, action: Action) -> Vec<Effect> {
    let n_rows = match action {
        Action::Move(n) => n,
        Action::Page(n) => n * HELP_PAGE,
        Action::First => i32::MIN,
        Action::Last => i32::MAX,
        Action::Enter => {
            state.overlay = None;
            if let Overlay::Findings(chosen) = overlay {
                let findings = state.findings();
                let at = chosen.position(&findings);
                findings.into_iter().nth(at).into_iter().for_each(|finding| go_to(state, finding));
            }
            return Vec::new();
        }
        Action::Suspend => return vec![Effect::Suspend],
        Action::Pause => return state.toggle_pause(),
        Action::Step(n_samples) => return state.step(n_samples),
        Action::Live => return state.go_live(),
        Action::Quit | Action::Leave | Action::Help | Action::Findings => {
            state.overlay = None;
            return Vec::new();
        }
        Action::Across
        | Action::Vm
        | Action::Filter
        | Action::Command
        | Action::Mark
        | Action::Sort(_)
        | Action::Invert
        | Action::Choose(_)
        | Action::Group
        | Action::Panel(_)
        | Action::Copy
        | Action::Threads
        | Action::Mouse
        | Action::Columns(_) => return Vec::new(),
    };
    state.overlay = Some(match overlay {
        Overlay::Help { scroll } => {
            // Header, footer and frame leave so many lines; the last page is full.
            let most = keymap::n_help_lines().saturating_sub(usize::from(state.size.1.saturating_sub(4)));
            Overlay::Help { scroll: moved(scroll, n_rows, most + 1) }
        }
        Overlay::Findings(chosen) => {
            let findings = state.findings();
            let to = moved(chosen.position(&findings), n_rows, findings.len());
            Overlay::Findings(Chosen::at(to, &findings))
        }
    });
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
        Lead::Links(runtime) => {
            state.push_level(Screen::Vm(node, runtime));
            state.level_mut().panel = Panel::Links;
        }
        Lead::Functions(runtime) => {
            state.push_level(Screen::Vm(node, runtime));
            state.level_mut().panel = Panel::Functions;
        }
        Lead::Host => state.level_mut().panel = Panel::Host,
    }
}
