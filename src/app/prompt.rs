//! Typing: filters, commands and notes.

use super::{Effect, Note, Playhead, State, command, go, kept};
use crate::{
    event::{Control, Keeps, Key, NodeId, Stamp},
    model::Node,
};

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
    /// A note on the time line, at the moment that was shown when it was begun.
    Mark(Stamp),
    /// A moment to go to.
    Jump,
    /// A yes before the recording ends and midair is left.
    Quit,
    /// A yes before what an Erlang process keeps is shown.
    Confirm(Keeps),
}

impl Prompt {
    /// Asks whether what a process keeps shall be shown.
    pub(super) fn confirm(what: Keeps) -> Self {
        Self { kind: PromptKind::Confirm(what), text: String::new(), before: String::new() }
    }
}

/// Longest text, bytes: agents take notes of no more.
const MAX_BYTES: usize = 500;

/// A note on the whole cluster is put on at most this many nodes.
const MAX_MARKED: usize = 64;

/// Begins to type.
pub(super) fn open(state: &mut State, kind: PromptKind) {
    let before = match kind {
        PromptKind::Filter => state.level().current().filter.clone(),
        PromptKind::Command | PromptKind::Mark(_) | PromptKind::Jump | PromptKind::Quit | PromptKind::Confirm(_) => {
            String::new()
        }
    };
    state.prompt = Some(Prompt { kind, text: before.clone(), before });
}

/// A key while something is being typed.
pub(super) fn key(state: &mut State, mut prompt: Prompt, key: Key) -> Vec<Effect> {
    if prompt.kind == PromptKind::Quit {
        let is_yes = matches!(key, Key::Char('y' | 'Y' | 'q') | Key::Enter);
        return if is_yes { vec![Effect::Quit] } else { Vec::new() };
    }
    if let Some(what) = kept::asked(&prompt) {
        return kept::answered(state, what, key);
    }
    match key {
        Key::Enter => return accept(state, &prompt),
        Key::Esc | Key::Ctrl('c') => {
            set_filter(state, &prompt, &prompt.before);
            return Vec::new();
        }
        Key::Char(c) if prompt.text.len() + c.len_utf8() <= MAX_BYTES && !c.is_control() => prompt.text.push(c),
        Key::Backspace => {
            prompt.text.pop();
        }
        Key::Ctrl('u') => prompt.text.clear(),
        Key::Ctrl('w') => {
            let end = prompt.text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            prompt.text.truncate(end);
        }
        Key::Up => state.move_by(-1),
        Key::Down => state.move_by(1),
        _ => {}
    }
    set_filter(state, &prompt, &prompt.text);
    state.prompt = Some(prompt);
    Vec::new()
}

/// Filters work while they are typed.
fn set_filter(state: &mut State, prompt: &Prompt, text: &str) {
    let list = state.level_mut().current_mut();
    if prompt.kind == PromptKind::Filter && list.filter != text {
        list.filter = text.to_owned();
        list.offset = 0;
    }
}

fn accept(state: &mut State, prompt: &Prompt) -> Vec<Effect> {
    match prompt.kind {
        PromptKind::Filter | PromptKind::Quit | PromptKind::Confirm(_) => Vec::new(),
        PromptKind::Jump if prompt.text.trim().is_empty() => Vec::new(),
        PromptKind::Jump => state.jump(&prompt.text),
        PromptKind::Command => command::run(state, &prompt.text),
        PromptKind::Mark(at) => mark(state, at, prompt.text.trim()),
    }
}

/// A note on the node in focus; on the cluster screen on all nodes that are there, the worst first. Where no agent can
/// take it, it is the user's own.
fn mark(state: &mut State, at: Stamp, text: &str) -> Vec<Effect> {
    if text.is_empty() {
        return Vec::new();
    }
    if state.replay.is_some() {
        let nodes: Vec<NodeId> = state.screen().node().cloned().into_iter().collect();
        return vec![Effect::Note(note_of(state, &nodes, (at, text), None))];
    }
    let on_screen = |id: &NodeId| state.screen().node().is_none_or(|node| node == id);
    let is_there = |node: &&Node| node.described.is_some() && !node.presence.is_silent();
    let (mut there, silent): (Vec<&Node>, Vec<&Node>) =
        state.model.nodes.values().filter(|node| on_screen(&node.id)).partition(is_there);
    let n_there = there.len();
    there.sort_by_key(|node| std::cmp::Reverse(node.severities().and_then(|severities| severities.worst())));
    let some = |nodes: Vec<&Node>| -> Vec<NodeId> { nodes.iter().take(MAX_MARKED).map(|n| n.id.clone()).collect() };
    let (there, silent) = (some(there), some(silent));
    if there.is_empty() {
        if silent.is_empty() {
            state.refuse("there is no node yet to put a note on");
            return Vec::new();
        }
        let why = Some("no agent takes it: silent".to_owned());
        return vec![Effect::Note(note_of(state, &silent, (at, text), why))];
    }
    if n_there > MAX_MARKED {
        state.notice(format!("the note goes to the {MAX_MARKED} worst of {n_there} nodes"));
    }
    for id in &there {
        let note = note_of(state, std::slice::from_ref(id), (at, text), None);
        state.unconfirmed.push(id.clone(), state.clock, note);
    }
    there.iter().map(|id| Effect::Control(mark_of(state, id, (at, text)))).collect()
}

/// The same as a note of the user's own.
fn note_of(state: &State, nodes: &[NodeId], (at, text): (Stamp, &str), why: Option<String>) -> Note {
    let offset_us = |id: &NodeId| state.model.node(id).and_then(|n| n.clock).map_or(0, |clock| clock.offset_us);
    let nodes = nodes.iter().map(|id| (id.clone(), at.0.saturating_add_signed(offset_us(id)))).collect();
    let node = state.screen().node().and_then(|id| state.model.node(id));
    let focus = node.map(|node| go::path(node, &go::Place::of(state.screen())));
    Note { nodes, at, text: text.to_owned(), focus, why }
}

fn mark_of(state: &State, id: &NodeId, (at, text): (Stamp, &str)) -> Control {
    let node = state.model.node(id);
    let clock = node.and_then(|n| n.clock);
    // Of a node whose clock is not known its own now is nearer than a guess.
    let is_known = state.playhead != Playhead::Live || clock.is_some();
    let offset_us = clock.map_or(0, |clock| clock.offset_us);
    let wall_us = is_known.then(|| at.0.saturating_add_signed(offset_us));
    let is_on_node = state.screen().node().is_some();
    let focus = node.filter(|_| is_on_node).map(|node| go::path(node, &go::Place::of(state.screen())));
    Control::Mark { node: id.clone(), text: text.to_owned(), wall_us, focus }
}
