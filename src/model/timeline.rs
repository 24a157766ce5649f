//! What the time line shows: severities of each node, marks, gaps and silence of the last twenty minutes.
//!
//! Not part of the model: a step back in time forgets the model and tells it anew, but the line keeps what lies ahead of
//! the playhead, for one wants to get back there.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use midair_vitals::{Severities, Severity};

use super::{Model, series::Window, vital::Vital};
use crate::event::{NodeId, Stamp, Stamped};

/// How far back it reaches, microseconds.
pub const TIMELINE_US: u64 = 1_200_000_000;

/// A note, where the line shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// The moment it is about, on our clock.
    pub at: Stamp,
    /// On which node; `None`: on the whole cluster.
    pub node: Option<NodeId>,
    /// The note.
    pub text: Arc<str>,
    /// Who put it there.
    pub author: Option<Arc<str>>,
    /// True when a program put it there by rule.
    pub is_automatic: bool,
}

/// A stretch of silence of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// Whose.
    pub node: NodeId,
    /// Last sample before it.
    pub from: Stamp,
    /// When the node was back; `None`: not yet.
    pub to: Option<Stamp>,
}

/// Samples that were lost on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// Whose.
    pub node: NodeId,
    /// When it was noticed.
    pub at: Stamp,
    /// How many.
    pub n_samples: u64,
}

/// One column of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The worst severity in it; `None` where nothing was measured.
    pub severity: Option<Severity>,
    /// Marks in it.
    pub n_marks: u32,
    /// Samples lost in it.
    pub n_lost: u64,
    /// True where a node (of those in scope) was silent.
    pub is_silent: bool,
}

/// What the time line knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Marks, in the order in which they came.
    pub flags: VecDeque<Flag>,
    /// Silences.
    pub silences: VecDeque<Silence>,
    /// Losses.
    pub gaps: VecDeque<Gap>,
    nodes: BTreeMap<NodeId, VecDeque<(Stamp, Severities)>>,
    newest: Stamp,
}

impl Timeline {
    /// The newest moment that it has seen. What is told again of earlier moments changes nothing.
    pub fn newest(&self) -> Stamp {
        self.newest
    }

    /// Takes in an event that the model has just folded in.
    pub fn apply(&mut self, _model: &Model, stamped: &Stamped) {
        self.newest = self.newest.max(stamped.at);
    }

    /// The columns of the line for one node, or for the worst of all.
    pub fn cells(&self, _node: Option<&NodeId>, _vital: Vital, _window: Window, n_cells: usize) -> Vec<Cell> {
        vec![Cell::default(); n_cells]
    }
}
