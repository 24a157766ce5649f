//! `:state` and `:dictionary`: what the Erlang process on the screen keeps. It may be secret, so it is asked for only when a
//! person says so twice, and no screen has it after the overlay is closed.

use std::sync::Arc;

use midair_vitals::TaskId;

use super::{Effect, Overlay, Prompt, PromptKind, State, trace};
use crate::event::{Control, Event, Inspected, Keeps, Key, NodeId, Stamp, Stamped};

/// Number of the dashboard's one inspection. Queries, focuses and inspections share one numbering.
const INSPECT_ID: u32 = 3;

/// What was asked for, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// On which node.
    pub node: NodeId,
    /// Of which process.
    pub task: TaskId,
    /// What of it.
    pub what: Keeps,
    /// When it was asked for.
    asked: Stamp,
    /// What it keeps, or why that is not shown; `None`: no answer yet.
    pub answer: Option<Result<Inspected, Arc<str>>>,
}

impl Kept {
    /// The lines that are shown, in a width of so many columns.
    pub fn lines(&self, columns: usize) -> Vec<String> {
        let lines = match &self.answer {
            None => return vec!["asked; a process that is busy answers when it gets round to it".to_owned()],
            Some(Err(why)) => return broken(&format!("not shown: {why}"), columns),
            Some(Ok(answer)) => match &answer.lines {
                Err(why) => return broken(&format!("not shown: {why}"), columns),
                Ok(lines) => lines,
            },
        };
        lines.iter().flat_map(|line| broken(line, columns)).collect()
    }
}

/// A line in pieces of so many characters: what a VM prints may be of any length.
fn broken(line: &str, columns: usize) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    if letters.is_empty() {
        return vec![String::new()];
    }
    letters.chunks(columns.max(1)).map(|piece| piece.iter().collect()).collect()
}

/// The word for what is kept.
pub fn word(what: Keeps) -> &'static str {
    match what {
        Keeps::State => "state",
        Keeps::Dictionary => "process dictionary",
    }
}

/// Asks the person first.
pub(super) fn begin(state: &mut State, what: Keeps) {
    match trace::live_process(state) {
        Ok(_) => state.prompt = Some(Prompt::confirm(what)),
        Err(why) => state.refuse(why),
    }
}

/// The person has answered: `y` asks the agent, anything else does not.
pub(super) fn answered(state: &mut State, what: Keeps, key: Key) -> Vec<Effect> {
    if !matches!(key, Key::Char('y' | 'Y')) {
        state.notice("not asked");
        return Vec::new();
    }
    let (node, task) = match trace::live_process(state) {
        Ok(process) => process,
        Err(why) => {
            state.refuse(why);
            return Vec::new();
        }
    };
    state.kept = Some(Kept { node: node.clone(), task, what, asked: state.clock, answer: None });
    state.overlay = Some(Overlay::Kept { scroll: 0 });
    vec![Effect::Control(Control::Inspect { node, id: INSPECT_ID, task, what })]
}

/// An event may be the answer.
pub(super) fn hear(state: &mut State, stamped: &Stamped) {
    let Some(kept) = state.kept.as_mut().filter(|kept| kept.answer.is_none() && stamped.at >= kept.asked) else {
        return;
    };
    match &stamped.event {
        Event::Inspected(answer) if is_about(kept, answer) => kept.answer = Some(Ok((**answer).clone())),
        Event::Refused { node, id: Some(INSPECT_ID), reason } if *node == kept.node => {
            kept.answer = Some(Err(reason.as_str().into()));
        }
        _ => return,
    }
    state.is_dirty = true;
}

fn is_about(kept: &Kept, answer: &Inspected) -> bool {
    (answer.id, &answer.node, answer.task, answer.what) == (INSPECT_ID, &kept.node, kept.task, kept.what)
}

/// What is not shown any more is not kept either.
pub(super) fn forget(state: &mut State) {
    if !matches!(state.overlay, Some(Overlay::Kept { .. })) {
        state.kept = None;
    }
}

/// Whether a prompt asks for this.
pub(super) fn asked(prompt: &Prompt) -> Option<Keeps> {
    match prompt.kind {
        PromptKind::Confirm(what) => Some(what),
        PromptKind::Filter | PromptKind::Command | PromptKind::Mark(_) | PromptKind::Jump | PromptKind::Quit => None,
    }
}
