//! Marks that agents were asked to take: one that is refused, or that nobody confirms, becomes a note of the user's own.

use super::{Effect, State};
use crate::event::{Event, NodeId, Stamp, Stamped};

/// An agent that has not told of a mark by then has not taken it, microseconds.
const PATIENCE_US: u64 = 5_000_000;

/// Most that are waited for.
const MOST: usize = 256;

/// A note that no agent takes: a recording is shown, or the agents are silent or will not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// On which nodes, each with its wall time, microseconds; none: on the whole cluster.
    pub nodes: Vec<(NodeId, u64)>,
    /// The moment that it is about.
    pub at: Stamp,
    /// The note.
    pub text: String,
    /// What it is about, as `--go` takes it.
    pub focus: Option<String>,
    /// Why no agent has it, in words; `None` where a recording is shown.
    pub why: Option<String>,
}

/// What was asked for, by node, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Unconfirmed(Vec<(NodeId, Stamp, Note)>);

impl Unconfirmed {
    /// A node was asked to take what is this note.
    pub(super) fn push(&mut self, node: NodeId, asked: Stamp, note: Note) {
        self.0.push((node, asked, note));
        self.0.drain(..self.0.len().saturating_sub(MOST));
    }
}

/// What is to be noted after an event, heard when it comes, wherever the playhead is: what an agent refuses, and what none
/// has confirmed.
pub(super) fn hear(state: &mut State, stamped: &Stamped) -> Vec<Effect> {
    let waiting = &mut state.unconfirmed.0;
    if waiting.is_empty() {
        return Vec::new();
    }
    let mut failed: Vec<Note> = Vec::new();
    match &stamped.event {
        Event::Mark(mark) => {
            let is_it = |node: &NodeId, note: &Note| mark.node.as_ref() == Some(node) && *note.text == *mark.text;
            waiting.retain(|(node, asked, note)| *asked > stamped.at || !is_it(node, note));
        }
        Event::Refused { node, id: None, reason } => {
            // Agents answer in order: the oldest is meant.
            let is_meant = |(of, asked, _): &(NodeId, Stamp, Note)| of == node && *asked <= stamped.at;
            let refused = waiting.iter().position(is_meant).map(|n| waiting.remove(n));
            failed.extend(refused.map(|(.., note)| Note { why: Some(reason.clone()), ..note }));
        }
        Event::Tick => {
            let late = waiting.extract_if(.., |(_, asked, _)| stamped.at.since_us(*asked) > PATIENCE_US);
            let why = Some("the agent does not answer".to_owned());
            failed.extend(late.map(|(.., note)| Note { why: why.clone(), ..note }));
        }
        _ => {}
    }
    // One note on several nodes is one.
    let mut notes: Vec<Note> = Vec::new();
    for note in failed {
        match notes.iter_mut().find(|one| one.text == note.text && one.at == note.at) {
            Some(one) => one.nodes.extend(note.nodes),
            None => notes.push(note),
        }
    }
    notes.into_iter().map(Effect::Note).collect()
}
