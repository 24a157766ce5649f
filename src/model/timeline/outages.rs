//! Nodes that fall silent and come back, as notes: one for each silence, and one for many that begin together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::flags::{Flag, Flags};
use crate::{
    event::{NodeId, Stamp},
    model::Model,
};

/// What begins within so long is one note, microseconds: a rack that goes is noticed node by node.
const TOGETHER_US: u64 = 10_000_000;

/// So many nodes are named in a note.
const MOST_NAMED: usize = 4;

/// What has been noted lately.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outages {
    silent: Option<Group>,
    back: Option<Group>,
    /// Whose silence was noted: only of these is noted that they are back.
    missed: BTreeSet<NodeId>,
}

/// Nodes that stand in one note.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    /// When the first of them was noticed.
    noticed: Stamp,
    /// Where the note stands.
    at: Stamp,
    /// What it says so far, by which it is found again.
    text: Arc<str>,
    nodes: BTreeSet<NodeId>,
}

impl Outages {
    /// These nodes have fallen silent; each with the moment of its last sample.
    pub(super) fn silent(&mut self, flags: &mut Flags, model: &Model, found: &[(NodeId, Stamp)], now: Stamp) {
        // Of a node that never was heard nobody misses anything.
        let is_missed = |(id, _): &&(NodeId, Stamp)| {
            model.node(id).is_some_and(|node| node.latest.is_some() || node.brief.is_some())
        };
        let found: Vec<&(NodeId, Stamp)> = found.iter().filter(is_missed).collect();
        let Some(from) = found.iter().map(|(_, from)| *from).min() else { return };
        let ids: BTreeSet<NodeId> = found.into_iter().map(|(id, _)| id.clone()).collect();
        self.missed.extend(ids.iter().cloned());
        let reason = |id: &NodeId| model.node(id)?.presence.reason().map(|reason| format!(": {reason}"));
        let one = |id: &NodeId| format!("silent{}", reason(id).unwrap_or_default());
        note(&mut self.silent, flags, model, (ids, from, now), "silent", one);
    }

    /// Samples of these arrive again.
    pub(super) fn back(&mut self, flags: &mut Flags, model: &Model, found: &[(NodeId, Stamp)], now: Stamp) {
        let ids: BTreeSet<NodeId> =
            found.iter().map(|(id, _)| id).filter(|id| self.missed.remove(id)).cloned().collect();
        if ids.is_empty() {
            return;
        }
        let since = |id: &NodeId| found.iter().find(|(found, _)| found == id).map(|(_, from)| now.since_us(*from));
        let one = |id: &NodeId| format!("back after {} s", since(id).unwrap_or(0) / 1_000_000);
        note(&mut self.back, flags, model, (ids, now, now), "back", one);
    }
}

/// Puts nodes into the note of the group, or begins another.
fn note(
    group: &mut Option<Group>,
    flags: &mut Flags,
    model: &Model,
    (ids, at, now): (BTreeSet<NodeId>, Stamp, Stamp),
    word: &str,
    one: impl Fn(&NodeId) -> String,
) {
    let last = group.take().filter(|group| now.since_us(group.noticed) <= TOGETHER_US && group.nodes.is_disjoint(&ids));
    let before = last.as_ref().map(|group| (group.at, Arc::clone(&group.text)));
    let mut now_in = last.unwrap_or_else(|| Group { noticed: now, at, text: Arc::default(), nodes: BTreeSet::new() });
    now_in.nodes.extend(ids);
    now_in.text = match (now_in.nodes.len(), now_in.nodes.first()) {
        (1, Some(id)) => one(id).into(),
        (n, _) => {
            let name = |id: &NodeId| model.node(id).map_or_else(|| id.0.to_string(), |node| node.name().to_owned());
            let names: Vec<String> = now_in.nodes.iter().take(MOST_NAMED).map(name).collect();
            let more = if n > MOST_NAMED { " ..." } else { "" };
            format!("{n} nodes {word}: {}{more}", names.join(", ")).into()
        }
    };
    let nodes: BTreeMap<NodeId, u64> = now_in.nodes.iter().map(|id| (id.clone(), 0)).collect();
    let flag = Flag { at: now_in.at, nodes, text: now_in.text.clone(), is_automatic: true, ..Flag::default() };
    flags.replace(before.as_ref().map(|(at, text)| (*at, &**text)), flag);
    *group = Some(now_in);
}
