//! What the time line shows: severities of each node, marks, gaps and silence; of the last twenty minutes from samples, of
//! the last day from rollups.
//!
//! Not part of the model: a step back in time forgets the model and tells it anew, but the line keeps what lies ahead of
//! the playhead, for one wants to get back there.

mod flags;
mod fleet;
mod outages;
mod recall;
mod rollups;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use midair_vitals::{Severities, Severity};

use super::{
    Model,
    series::{Window, carry},
    vital::Vital,
};
use crate::event::{self, Cause, Event, Link, LinkState, NodeId, Rollup, Stamp, Stamped};

pub use flags::{Flag, Flags};
use outages::Outages;
use rollups::Rollups;

/// How far back samples reach, microseconds.
pub const TIMELINE_US: u64 = 1_200_000_000;

/// How far back silences are kept, microseconds: the longest line.
const SILENCES_US: u64 = 86_400_000_000;

/// Silences kept of a node.
const N_SILENCES: usize = 256;

/// A stretch of silence of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Last sample before it.
    pub from: Stamp,
    /// When the node was back; `None`: not yet.
    pub to: Option<Stamp>,
}

/// A time of which nothing was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Hole {
    /// Of whom; `None`: of all.
    pub node: Option<NodeId>,
    /// Where it begins.
    pub from: Stamp,
    /// Where it ends.
    pub to: Stamp,
}

/// Samples that were lost on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// Whose.
    pub node: NodeId,
    /// When it was noticed.
    pub at: Stamp,
    /// How many, at the least.
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
    /// True where nothing was recorded of a node in scope.
    pub is_hole: bool,
}

/// Of more nodes than these it is noted at ticks alone who is silent: to look at all at each change of a link takes as long as
/// there are nodes, and links change as often.
const N_FEW: usize = 64;

/// Losses kept.
const N_GAPS: usize = 512;

/// Samples kept of a node: twenty minutes at the shortest interval.
const N_POINTS: usize = 4_800;

/// How long after a sample a step lands: the answers of the same tick have arrived by then, microseconds.
const SETTLE_US: u64 = 200_000;

/// How long the last sample before a silence is what is known, microseconds.
const STANDS_US: u64 = 2_000_000;

/// What the time line knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Marks.
    pub flags: Flags,
    outages: Outages,
    /// Losses.
    pub gaps: VecDeque<Gap>,
    /// What was not recorded.
    pub holes: VecDeque<Hole>,
    /// Since when the black box of a node keeps something: what was before is not to be had.
    pub kept_since: BTreeMap<NodeId, Stamp>,
    /// Silences of each node; only the last may still go on.
    pub silences: BTreeMap<NodeId, Vec<Silence>>,
    nodes: BTreeMap<NodeId, VecDeque<(Stamp, Severities)>>,
    /// Those of them that are followed through a hub.
    followed: BTreeSet<NodeId>,
    rollups: Rollups,
    oldest: Option<Stamp>,
    newest: Stamp,
    /// True after a reset until something new comes: what was seen already is being told again.
    is_retelling: bool,
}

impl Timeline {
    /// The newest moment that it has seen.
    pub fn newest(&self) -> Stamp {
        self.newest
    }

    /// The last moment of which the line shows something: of a recording it may lie ahead.
    pub fn end(&self) -> Stamp {
        self.newest.max(self.rollups.newest())
    }

    /// The line of another time, far from the one that it showed; what is known of all that is played stays: summaries and marks.
    #[must_use]
    pub fn elsewhere(&mut self) -> Self {
        let (rollups, flags) = (std::mem::take(&mut self.rollups), std::mem::take(&mut self.flags));
        Self { rollups, flags, ..Self::default() }
    }

    /// Takes in the summary of a window that ended at a moment, told at another.
    pub fn take_rollup(&mut self, rollup: &Rollup, end: Stamp, told: Stamp) {
        self.rollups.keep(rollup, end, told);
    }

    /// The oldest moment that can be gone back to.
    pub fn oldest(&self) -> Option<Stamp> {
        let horizon = Stamp(self.newest.0.saturating_sub(TIMELINE_US));
        self.oldest.map(|oldest| oldest.max(horizon))
    }

    /// Whether known things are being told again, after a step in time.
    pub fn is_retelling(&self) -> bool {
        self.is_retelling
    }

    /// What it has seen will be told again.
    pub fn retell(&mut self) {
        self.is_retelling = true;
    }

    /// Takes in an event that the model has just folded in. What is told again changes nothing.
    pub fn apply(&mut self, model: &Model, stamped: &Stamped) {
        let at = stamped.at;
        if stamped.event == Event::Reset {
            self.retell();
            // Who stands at the beginning of what is told now may have been said long before.
            self.oldest.get_or_insert(at);
            return;
        }
        if let Event::Rollup(rollup) = &stamped.event {
            let clock = model.node(&rollup.node).and_then(|node| node.clock);
            let end = clock.map_or(Stamp(rollup.wall_us), |clock| clock.to_cluster(rollup.wall_us));
            self.take_rollup(rollup, end, at);
        }
        if let Event::Mark(mark) = &stamped.event {
            // One that is told twice is one; a black box may tell of one that was never heard.
            self.flags.take(model, mark, at);
        }
        if self.is_retelling && at <= self.newest {
            return;
        }
        self.is_retelling = false;
        self.newest = self.newest.max(at);
        self.oldest.get_or_insert(at);
        match &stamped.event {
            Event::Sample(sample) => self.push_severities(model, &sample.node, at),
            Event::Tick => self.note_silences(model, at),
            Event::Link(link) => self.note_link(model, link, at),
            Event::Fleet(fleet) => self.push_fleet(model, fleet, at),
            Event::Lost { node, n_samples } => {
                self.gaps.push_back(Gap { node: node.clone(), at, n_samples: n_samples.unwrap_or(1) });
            }
            Event::Gap(gap) => self.note_hole(gap),
            Event::Clock { node, offset_us, uncertainty_us: _, is_step } => {
                self.flags.settle(model, node);
                if *is_step {
                    let name = model.node(node).map_or(&*node.0, |n| n.name());
                    let text = format!("clock of {name} stepped to {:+} ms", offset_us / 1000).into();
                    let nodes = [(node.clone(), 0)].into();
                    self.flags.push(Flag { at, nodes, text, is_automatic: true, ..Flag::default() });
                }
            }
            Event::Reset
            | Event::Described(_)
            | Event::Rows(_)
            | Event::Details(_)
            | Event::Traced(_)
            | Event::Inspected(_)
            | Event::Refused { .. }
            | Event::Malformed { .. }
            | Event::Mark(_)
            | Event::Rollup(_) => {}
        }
        while self.gaps.len() > N_GAPS {
            self.gaps.pop_front();
        }
    }

    fn note_link(&mut self, model: &Model, link: &Link, at: Stamp) {
        if let Some((_, node)) = event::behind(&link.address) {
            if matches!(link.state, LinkState::Down { cause: Cause::Left, .. }) {
                self.forget(&node);
            }
        } else if model.nodes.len() <= N_FEW {
            self.note_silences(model, at);
        }
    }

    /// The columns of the line for one node, or for the worst of all.
    pub fn cells(&self, node: Option<&NodeId>, vital: Vital, window: Window, n_cells: usize) -> Vec<Cell> {
        let mut cells = vec![Cell::default(); n_cells];
        let in_scope = |id: &NodeId| node.is_none_or(|node| node == id);
        let known: BTreeSet<&NodeId> = self.nodes.keys().chain(self.rollups.nodes()).collect();
        let is_drawn = |id: &&NodeId| in_scope(id) && (node.is_some() || !self.is_among_others(id));
        for id in known.into_iter().filter(is_drawn) {
            for (cell, worst) in cells.iter_mut().zip(self.worst(id, vital, window, n_cells)) {
                cell.severity = cell.severity.max(worst);
            }
        }
        for (_, silences) in self.silences.iter().filter(|(id, _)| in_scope(id)) {
            for silence in silences {
                let to = silence.to.unwrap_or(window.end);
                each_cell(&mut cells, window, (silence.from, to), |cell| cell.is_silent = true);
            }
        }
        for hole in self.holes.iter().filter(|hole| hole.node.as_ref().is_none_or(in_scope)) {
            each_cell(&mut cells, window, (hole.from, hole.to), |cell| cell.is_hole = true);
        }
        for (_, since) in self.kept_since.iter().filter(|(id, _)| in_scope(id)) {
            each_cell(&mut cells, window, (Stamp(0), *since), |cell| cell.is_hole = true);
        }
        for gap in self.gaps.iter().filter(|gap| in_scope(&gap.node)) {
            if let Some(cell) = window.cell_of(gap.at, n_cells) {
                cells[cell].n_lost = cells[cell].n_lost.saturating_add(gap.n_samples);
            }
        }
        for flag in self.flags.iter().filter(|flag| node.is_none_or(|node| flag.is_on(node))) {
            if let Some(cell) = window.cell_of(flag.at, n_cells) {
                cells[cell].n_marks += 1;
            }
        }
        cells
    }

    /// The stretches in which nothing came from a node that is back since.
    pub fn missed<'a>(&'a self, node: &NodeId) -> impl Iterator<Item = (Stamp, Stamp)> + use<'a> {
        self.silences.get(node).into_iter().flatten().filter_map(|silence| Some((silence.from, silence.to?)))
    }

    /// The end of the stretch in which nothing came from a node, where a moment lies in one. The last sample before it
    /// stands for a while.
    pub fn missed_until(&self, node: &NodeId, at: Stamp) -> Option<Stamp> {
        self.missed(node).find(|(from, to)| at.0 > from.0 + STANDS_US && at < *to).map(|(_, to)| to)
    }

    /// Whether the samples of a node reach from a moment so many back, or on.
    pub fn reaches(&self, node: &NodeId, from: Stamp, n: i32) -> bool {
        let n_until = self.nodes.get(node).map_or(0, |points| points.partition_point(|(at, _)| *at <= from));
        n_until > 0 && n_until as i64 + i64::from(n) > 0
    }

    /// The moment `n` samples of a node on from (or back before) a moment; `None` where the node has none.
    pub fn step(&self, node: &NodeId, from: Stamp, n: i32) -> Option<Stamp> {
        let points = self.nodes.get(node).filter(|points| !points.is_empty())?;
        let here = points.partition_point(|(at, _)| *at <= from) as i64 - 1;
        let there = (here + i64::from(n)).clamp(0, points.len() as i64 - 1) as usize;
        let (at, _) = points[there];
        let before_next = points.get(there + 1).map_or(self.newest.0, |(next, _)| next.0.saturating_sub(1));
        // Two samples may have arrived at one moment.
        Some(Stamp(before_next.min(at.0 + SETTLE_US).max(at.0)))
    }

    /// The worst of a node in each cell: of samples, and where there are none of rollups. A long line is made of rollups, and
    /// of the samples since the last of them.
    fn worst(&self, id: &NodeId, vital: Vital, window: Window, n_cells: usize) -> Vec<Option<Severity>> {
        let points = self.nodes.get(id);
        let last = self.rollups.last(id);
        let (points, heard) = match (points, last) {
            (None, _) => (None, Vec::new()),
            (Some(points), Some(last)) if window.span_us > TIMELINE_US => {
                let n_told = points.partition_point(|(at, _)| *at <= last);
                (Some(Cow::Owned(points.range(n_told..).copied().collect())), Vec::new())
            }
            (Some(points), _) => (Some(Cow::Borrowed(points)), self.heard(id)),
        };
        let mut cells = points.map_or_else(|| vec![None; n_cells], |p| worst_per_cell(&p, vital, window, n_cells));
        self.rollups.raise(id, vital, (window, &mut cells), &heard);
        cells
    }

    /// The stretches in which samples of a node came, in order: from the first that is kept to the last, but for those in
    /// which it was silent.
    fn heard(&self, id: &NodeId) -> Vec<(Stamp, Stamp)> {
        let points = self.nodes.get(id).and_then(|points| points.front().zip(points.back()));
        let Some(((first, _), (last, _))) = points else { return Vec::new() };
        let (mut heard, mut from) = (Vec::new(), *first);
        for (silent_from, back) in self.missed(id).filter(|(_, back)| back > first) {
            if silent_from >= from {
                heard.push((from, silent_from));
            }
            from = back;
        }
        heard.push((from, *last));
        heard
    }

    fn push_severities(&mut self, model: &Model, id: &NodeId, at: Stamp) {
        let Some(latest) = model.node(id).and_then(|n| n.latest.as_ref()).filter(|l| l.at == at) else { return };
        if model.node(id).is_some_and(|node| node.is_by_hub) {
            self.followed.insert(id.clone());
        }
        self.push(id, latest.vitals.severities, at);
    }

    fn push(&mut self, id: &NodeId, severities: Severities, at: Stamp) {
        let points = self.nodes.entry(id.clone()).or_default();
        points.push_back((at, severities));
        while points.len() > N_POINTS || points.front().is_some_and(|(old, _)| at.since_us(*old) > TIMELINE_US) {
            points.pop_front();
        }
    }

    fn note_silences(&mut self, model: &Model, at: Stamp) {
        let (mut back, mut silent) = (Vec::new(), Vec::new());
        for (id, silences) in &mut self.silences {
            let is_over = model.node(id).is_none_or(|node| !node.presence.is_silent());
            if let Some(last) = silences.last_mut().filter(|s| is_over && s.to.is_none()) {
                last.to = Some(at);
                // One that is watched no more is not back.
                if model.node(id).is_some() {
                    back.push((id.clone(), last.from));
                }
            }
            silences.retain(|s| s.to.is_none_or(|to| at.since_us(to) <= SILENCES_US));
            silences.drain(..silences.len().saturating_sub(N_SILENCES));
        }
        self.silences.retain(|_, silences| !silences.is_empty());
        for (id, node) in &model.nodes {
            let Some(from) = node.presence.silent_since() else { continue };
            let silences = self.silences.entry(id.clone()).or_default();
            if silences.last().is_none_or(|last| last.to.is_some()) {
                silences.push(Silence { from, to: None });
                silent.push((id.clone(), from));
            }
        }
        self.outages.back(&mut self.flags, model, &back, at);
        self.outages.silent(&mut self.flags, model, &silent, at);
    }

    /// What was lost at one moment is counted there; a longer time is a hole.
    fn note_hole(&mut self, gap: &event::Gap) {
        match (&gap.node, gap.n_lost) {
            (Some(node), Some(n_samples)) => {
                self.gaps.push_back(Gap { node: node.clone(), at: gap.to, n_samples });
            }
            (_, None) | (None, Some(_)) => {
                self.holes.push_back(Hole { node: gap.node.clone(), from: gap.from, to: gap.to });
                self.holes.drain(..self.holes.len().saturating_sub(N_GAPS));
            }
        }
    }
}

fn worst_per_cell(
    points: &VecDeque<(Stamp, Severities)>,
    vital: Vital,
    window: Window,
    n_cells: usize,
) -> Vec<Option<Severity>> {
    let mut cells: Vec<Option<Severity>> = vec![None; n_cells];
    let mut seen = vec![false; n_cells];
    for (at, severities) in points {
        if let Some(cell) = window.cell_of(*at, n_cells) {
            seen[cell] = true;
            cells[cell] = cells[cell].max(vital.of(*severities));
        }
    }
    let n_points = points.len();
    let step_us = if n_points > 1 { points[n_points - 1].0.since_us(points[n_points - 2].0) } else { 0 };
    carry(&mut cells, &seen, window, step_us * 5 / 2, |at| {
        let (at, severities) = points.get(points.partition_point(|(p, _)| *p <= at).checked_sub(1)?)?;
        Some((*at, vital.of(*severities)))
    });
    cells
}

/// Each cell that a stretch of time touches.
fn each_cell(cells: &mut [Cell], window: Window, (from, to): (Stamp, Stamp), change: impl FnMut(&mut Cell)) {
    let n_cells = cells.len();
    let start = Stamp(window.end.0.saturating_sub(window.span_us));
    let (from, to) = (from.max(start), to.min(window.end));
    if let (Some(first), Some(last)) = (window.cell_of(from, n_cells), window.cell_of(to, n_cells))
        && from <= to
    {
        cells[first..=last].iter_mut().for_each(change);
    }
}

#[cfg(test)]
mod tests;
