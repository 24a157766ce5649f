//! What is different between two sides, and what of it most: two moments of a node, two nodes, two groups of nodes.
//!
//! A side is one or several [`Portrait`]s. Of several the median speaks, and a change is measured by their spread.

pub mod measure;
pub mod portrait;
pub mod spread;

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use midair_vitals::{Severity, TaskId};

use super::vital::Vital;
use crate::event::NodeId;
pub use measure::{CHANGED, Measure};
pub use portrait::{Key, Of, Portrait, Topic, Value};
pub use spread::Spread;

/// On which sides something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// On both.
    Both,
    /// It was there and is no more.
    OnlyA,
    /// It was not there before.
    OnlyB,
    /// On one side it is not known.
    Unknown,
}

/// One value on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which.
    pub key: Key,
    /// The vital that it tells of.
    pub vital: Option<Vital>,
    /// In what it is counted.
    pub measure: Measure,
    /// On side A; `None` where it is not known there.
    pub a: Option<Spread>,
    /// On side B.
    pub b: Option<Spread>,
    /// How bad it is on both sides, where that is known.
    pub severities: [Option<Severity>; 2],
    /// Where it is.
    pub presence: Presence,
    /// What a side has of it at most that does not list it: then where it is was concluded, not seen.
    pub at_most: Option<f64>,
    /// How much it changed, in doublings.
    pub score: f64,
    /// Who has most of it on side B.
    pub task: Option<(NodeId, TaskId)>,
}

impl Row {
    /// Whether it changed by more than noise.
    pub fn is_changed(&self) -> bool {
        self.score >= CHANGED
    }
}

/// What appeared or went away stands before what did not change, however small it is.
const PRESENCE: f64 = CHANGED / 2.0;

/// All values of a topic on both sides, what changed most first; what is not known on one side comes last, what is known on
/// none not at all.
pub fn rows<P: Borrow<Portrait>>(a: &[P], b: &[P], topic: Topic) -> Vec<Row> {
    let [a, b] = [a, b].map(|side| side.iter().map(Borrow::borrow).collect::<Vec<&Portrait>>());
    // What is counted in another unit is another value.
    let mut pairs: BTreeMap<(&Key, Measure), Pair<'_>> = BTreeMap::new();
    for (side, portraits) in [&a, &b].into_iter().enumerate() {
        for portrait in portraits.iter().copied() {
            for value in &portrait.values[topic as usize] {
                let n = pairs.len();
                let pair = pairs.entry((&value.key, value.measure)).or_insert_with(|| Pair::new(value, n));
                pair.sides[side].push((portrait, value));
            }
        }
    }
    let sides = [Side::new(&a, topic), Side::new(&b, topic)];
    let mut rows: Vec<(usize, Row)> = pairs.into_values().map(|pair| (pair.place, pair.row(&sides))).collect();
    rows.retain(|(_, row)| row.a.is_some() || row.b.is_some());
    only_once(&mut rows);
    rows.sort_by(|(a_place, a), (b_place, b)| rank(a, b).then(a_place.cmp(b_place)));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What changed most comes first; what is not known on both sides comes last.
fn rank(a: &Row, b: &Row) -> Ordering {
    let is_unknown = |row: &Row| row.presence == Presence::Unknown;
    is_unknown(a).cmp(&is_unknown(b)).then(b.score.total_cmp(&a.score))
}

/// Of what is on one side only one row tells: that which is most.
fn only_once(rows: &mut Vec<(usize, Row)>) {
    let is_single = |row: &Row| matches!(row.presence, Presence::OnlyA | Presence::OnlyB);
    let mut most: BTreeMap<Of, (f64, usize)> = BTreeMap::new();
    for (place, row) in rows.iter().filter(|(_, row)| is_single(row)) {
        let known = most.entry(row.key.of.clone()).or_insert((row.score, *place));
        if row.score > known.0 {
            *known = (row.score, *place);
        }
    }
    rows.retain(|(place, row)| !is_single(row) || most.get(&row.key.of).is_some_and(|(_, most)| most == place));
}

/// One of the sides: its nodes, and all of whom something is listed there.
struct Side<'a> {
    all: &'a [&'a Portrait],
    listed: BTreeSet<&'a Of>,
}

impl<'a> Side<'a> {
    fn new(all: &'a [&'a Portrait], topic: Topic) -> Self {
        let listed = match topic {
            // The node's own values are never there and then not.
            Topic::Values | Topic::Vms => BTreeSet::new(),
            Topic::Tasks => all.iter().flat_map(|p| &p.values[topic as usize]).map(|value| &value.key.of).collect(),
        };
        Self { all, listed }
    }

    /// What it has of something that it does not list: nothing waits in a queue that is not there.
    fn unlisted(&self, value: &Value) -> Option<Spread> {
        let of = &value.key.of;
        let is_queue = matches!(value.measure, Measure::Depth(_));
        let reads = || self.all.iter().all(|portrait| portrait.reads_queues(of));
        if is_queue && self.listed.contains(of) && reads() { Spread::of([0.0]) } else { None }
    }

    /// Whether it is sure that it does not have something: nobody there has it, and all would list it.
    fn lacks(&self, of: &Of) -> bool {
        *of != Of::Node
            && !self.listed.contains(of)
            && !self.all.is_empty()
            && self.all.iter().all(|portrait| portrait.lists(of))
    }
}

/// One value of all nodes of both sides.
struct Pair<'a> {
    first: &'a Value,
    place: usize,
    sides: [Vec<(&'a Portrait, &'a Value)>; 2],
}

impl<'a> Pair<'a> {
    fn new(first: &'a Value, place: usize) -> Self {
        Self { first, place, sides: [Vec::new(), Vec::new()] }
    }

    fn row(&self, sides: &[Side<'_>; 2]) -> Row {
        let of = &self.first.key.of;
        let [a, b] = [0, 1].map(|side| {
            let known = self.sides[side].iter().filter_map(|(_, value)| value.amount);
            if self.sides[side].is_empty() { sides[side].unlisted(self.first) } else { Spread::of(known) }
        });
        let severities = [0, 1].map(|side| self.severity(side));
        let measure = self.first.measure;
        let lacks = |side: usize| self.sides[side].is_empty() && sides[side].lacks(of);
        let presence = match (a, b) {
            (Some(_), Some(_)) => Presence::Both,
            (None, Some(_)) if lacks(0) => Presence::OnlyB,
            (Some(_), None) if lacks(1) => Presence::OnlyA,
            _ => Presence::Unknown,
        };
        let is_group = sides.iter().any(|side| side.all.len() > 1);
        let concluded = if presence == Presence::Unknown { self.concluded(sides) } else { None };
        let (presence, at_most) = concluded.map_or((presence, None), |(presence, most, _)| (presence, Some(most)));
        let score = match (a, b, presence) {
            _ if concluded.is_some() => concluded.map_or(0.0, |(.., score)| score),
            (Some(a), Some(b), _) if is_group => {
                // What one of many nodes says is not what the group is like.
                let known = |side: usize, of: &Spread| of.n as f64 / sides[side].all.len().max(1) as f64;
                let share = known(0, &a).min(known(1, &b)).min(1.0);
                measure::of_groups(measure, &a, &b) * share * share
            }
            (Some(a), Some(b), _) => measure::of_pair(measure, a.median, b.median, severities[0].zip(severities[1])),
            (_, Some(only), Presence::OnlyB) | (Some(only), _, Presence::OnlyA) => {
                measure::of_pair(measure, 0.0, only.median, None).max(PRESENCE)
            }
            _ => 0.0,
        };
        let of_b = self.sides[1].iter().filter_map(|(p, v)| Some((v.amount?, p.node.clone(), v.task?)));
        let task = of_b.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, node, task)| (node, task));
        Row {
            key: self.first.key.clone(),
            vital: self.first.vital,
            measure,
            a,
            b,
            severities,
            presence,
            at_most,
            score,
            task,
        }
    }

    /// Where it is, where a side does not list all: one task here has more of it than any that is not listed there. With
    /// what those have at most, and how far that is.
    fn concluded(&self, sides: &[Side<'_>; 2]) -> Option<(Presence, f64, f64)> {
        let (missing, presence) = match [0, 1].map(|side| self.sides[side].is_empty()) {
            [true, false] => (0, Presence::OnlyB),
            [false, true] => (1, Presence::OnlyA),
            _ => return None,
        };
        let [there] = sides[missing].all else { return None };
        let [(_, value)] = self.sides[1 - missing][..] else { return None };
        if sides[missing].listed.contains(&value.key.of) {
            return None;
        }
        let (most, single) = (there.unlisted(&value.key)?, value.single?);
        let score = measure::of_pair(value.measure, most, single, None);
        (single > most && score >= CHANGED).then_some((presence, most, score))
    }

    /// The severity in the middle of a side.
    fn severity(&self, side: usize) -> Option<Severity> {
        let mut known: Vec<Severity> = self.sides[side].iter().filter_map(|(_, value)| value.severity).collect();
        known.sort_unstable();
        known.get(known.len() / 2).copied()
    }
}

/// How far B is from A, in the words that fit what is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Within noise.
    Nothing,
    /// So many times as much.
    Times(f64),
    /// So much more, or less, in the row's measure.
    By(f64),
    /// Not on side B.
    OnlyA,
    /// Not on side A.
    OnlyB,
    /// Nobody can tell.
    Unknown,
}

impl Row {
    /// How far B is from A. What is held, counted, or a share is told by its difference, what flows by its ratio.
    pub fn change(&self) -> Change {
        let (a, b) = match (self.presence, self.a, self.b) {
            (Presence::OnlyA, ..) => return Change::OnlyA,
            (Presence::OnlyB, ..) => return Change::OnlyB,
            (Presence::Both, Some(a), Some(b)) => (a.median, b.median),
            (Presence::Both | Presence::Unknown, ..) => return Change::Unknown,
        };
        let floor = self.measure.floor();
        let is_told_by_ratio = match self.measure {
            Measure::Severity | Measure::Bytes | Measure::Share | Measure::Count | Measure::Drops => false,
            Measure::Cores
            | Measure::Delay
            | Measure::Latency
            | Measure::ByteRate
            | Measure::Rate(_)
            | Measure::Depth(_) => true,
        };
        match (b - a).abs() {
            // A queue that is short and yet full has changed.
            less if less < floor && !self.is_changed() => Change::Nothing,
            // Of next to nothing a ratio says nothing.
            _ if is_told_by_ratio && a >= floor / 10.0 && b > 0.0 => Change::Times(b / a),
            _ => Change::By(b - a),
        }
    }
}

#[cfg(test)]
mod tests;
