//! Notes on the time line: where they stand, on which nodes, and which of them are one.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use crate::{
    event::{Mark, NodeId, Stamp},
    model::Model,
};

/// A note, where the line shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flag {
    /// The moment it is about, on our clock.
    pub at: Stamp,
    /// On which nodes, with the wall time of each, microseconds; none: on the whole cluster.
    pub nodes: BTreeMap<NodeId, u64>,
    /// The note.
    pub text: Arc<str>,
    /// Who put it there.
    pub author: Option<Arc<str>>,
    /// What it is about, as `--go` takes it.
    pub focus: Option<Arc<str>>,
    /// True when a program put it there by rule.
    pub is_automatic: bool,
}

/// Notes that are kept; beyond it those that a program put there go first, the oldest of them.
const N_FLAGS: usize = 2_048;

/// Marks of one text this close to each other are one mark that was put on several nodes, microseconds.
const SAME_MARK_US: u64 = 2_000_000;

/// All notes, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flags {
    kept: VecDeque<Flag>,
}

impl Flag {
    /// Whether it is on this node, or on the whole cluster.
    pub fn is_on(&self, node: &NodeId) -> bool {
        self.nodes.is_empty() || self.nodes.contains_key(node)
    }

    /// Who put it there, where that was a person: without the program that they used.
    pub fn author_by_hand(&self) -> Option<&str> {
        let author = self.author.as_deref().filter(|_| !self.is_automatic)?;
        Some(author.strip_suffix(" midair").unwrap_or(author))
    }
}

impl Flags {
    /// All, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Flag> {
        self.kept.iter()
    }

    /// Those on a node and on the whole cluster, or all; the newest moment first.
    pub fn on(&self, node: Option<&NodeId>) -> Vec<&Flag> {
        let mut marks: Vec<&Flag> = self.kept.iter().filter(|flag| node.is_none_or(|node| flag.is_on(node))).collect();
        // Of those of one moment the one that came last stands first.
        marks.reverse();
        marks.sort_by_key(|flag| std::cmp::Reverse(flag.at));
        marks
    }

    /// Takes a note that arrived at a moment.
    pub fn take(&mut self, model: &Model, mark: &Mark, at: Stamp) {
        let clock = mark.node.as_ref().and_then(|id| model.node(id)?.clock);
        let about = clock.map_or(Stamp(mark.wall_us), |clock| clock.to_cluster(mark.wall_us));
        self.push(Flag {
            // A clock that runs ahead does not put a note into the future.
            at: about.min(at),
            nodes: mark.node.iter().map(|node| (node.clone(), mark.wall_us)).collect(),
            text: mark.text.clone(),
            author: mark.author.clone(),
            focus: mark.focus.clone(),
            is_automatic: mark.is_automatic,
        });
    }

    /// Puts a note in the place of another, which is told by its moment and its words; where that is no more, anew.
    pub(super) fn replace(&mut self, before: Option<(Stamp, &str)>, flag: Flag) {
        let is_it = |old: &&mut Flag| before == Some((old.at, &*old.text)) && old.is_automatic;
        match self.kept.iter_mut().find(is_it) {
            Some(old) => *old = flag,
            None => self.push(flag),
        }
    }

    /// How far the clock of a node is off is known better now: its notes stand where they belong.
    pub fn settle(&mut self, model: &Model, node: &NodeId) {
        let Some(clock) = model.node(node).and_then(|node| node.clock) else { return };
        for flag in &mut self.kept {
            if let Some((first, wall_us)) = flag.nodes.first_key_value()
                && first == node
                && *wall_us > 0
            {
                flag.at = clock.to_cluster(*wall_us);
            }
        }
    }

    /// A note that was put on several nodes at once is one note on all of them; one that is told twice is one.
    pub fn push(&mut self, flag: Flag) {
        // Those of a program that watches have no wall time, and those on the whole cluster no node: they are told by where
        // they stand.
        let is_told = |old: &Flag| {
            let is_in_old = |(id, at): (&NodeId, &u64)| *at > 0 && old.nodes.get(id) == Some(at);
            !flag.nodes.is_empty() && old.nodes.len() >= flag.nodes.len() && flag.nodes.iter().all(is_in_old)
        };
        let is_near = |old: &Flag| old.at.since_us(flag.at).max(flag.at.since_us(old.at)) <= SAME_MARK_US;
        let is_same =
            |old: &&mut Flag| old.text == flag.text && old.author == flag.author && (is_near(old) || is_told(old));
        match self.kept.iter_mut().find(is_same) {
            // A note on the whole cluster stays one.
            Some(old) if old.nodes.is_empty() => {}
            Some(old) if flag.nodes.is_empty() => old.nodes.clear(),
            Some(old) => flag.nodes.into_iter().for_each(|(id, wall_us)| {
                old.nodes.entry(id).or_insert(wall_us);
            }),
            None => self.kept.push_back(flag),
        }
        if self.kept.len() > N_FLAGS {
            let oldest = self.kept.iter().position(|flag| flag.is_automatic).unwrap_or(0);
            self.kept.remove(oldest);
        }
    }
}
