//! What viewers are told of all nodes: what changed by enough to show since the last batch, or everything. Knows no clock.

use std::{collections::BTreeSet, sync::Arc};

use midair_proto::v1::{self, FleetValue, Hearing, payload::Kind};
use prost::{Message as _, bytes::Bytes};

use crate::model::presence::Presence;

use super::{
    node::{N_VALUES, Node, Values, cause_word},
    rows::Rows,
};

/// A part of a key is about so large; the contract allows 1 MiB.
const PART_BYTES: usize = 768 << 10;

/// What a value of a column costs at most, bytes: the distance to the row before, and the value.
const VALUE_BYTES: usize = 3 + 10;

/// Words of a reason that are told, bytes.
const REASON_BYTES: usize = 256;

/// A clock that is off by so much less or more than was told is told anew, microseconds.
const OFFSET_US: u64 = 50_000;

/// From which change on a value is told: absolute, and in per mille of what was told.
fn step(column: FleetValue) -> (u64, u64) {
    match column {
        FleetValue::Sched | FleetValue::Mem | FleetValue::Queue | FleetValue::Rate => (10, 0),
        FleetValue::CpuMilli => (20, 30),
        FleetValue::DelayMs => (5, 30),
        FleetValue::MemGrowth => (64 << 10, 100),
        FleetValue::MemUsedKib => (4 << 10, 10),
        FleetValue::TcpIn | FleetValue::TcpOut => (10, 30),
        FleetValue::QueueDepth => (2, 30),
        // The start of a host follows from two clocks, which are not read at the same moment.
        FleetValue::BootedS => (2, 0),
        FleetValue::Drops | FleetValue::QueueUnit | FleetValue::QueueKind | FleetValue::Unspecified => (1, 0),
    }
}

/// All columns, in their order.
pub(super) fn columns() -> impl Iterator<Item = FleetValue> {
    (1..=N_VALUES as i32).filter_map(|number| FleetValue::try_from(number).ok())
}

/// Whether a value is so far from what was told that it is told.
fn shows(column: FleetValue, told: Option<i64>, now: Option<i64>) -> bool {
    let (Some(before), Some(now)) = (told, now) else { return told != now };
    let (absolute, per_mille) = step(column);
    let by = before.abs_diff(now);
    by >= absolute.max(before.unsigned_abs() * per_mille / 1_000) || (by > 0 && (before == 0 || now == 0))
}

/// What viewers know of one node.
#[derive(Clone, Debug, Default)]
struct Told {
    node: v1::FleetNode,
    presence: v1::FleetPresence,
    values: Values,
}

/// What viewers know of all nodes, once they have taken a key and all batches since.
#[derive(Debug, Default)]
pub(super) struct Batches {
    told: Vec<Option<Told>>,
    n_texts: usize,
    hot: Vec<u32>,
    mono_us: u64,
    /// Counts the batches.
    seq: u64,
    /// The key after the last batch, once somebody has asked for one.
    key: Option<Arc<[Bytes]>>,
}

/// A column that is being filled.
#[derive(Clone, Debug, Default)]
struct Filling {
    rows: Vec<u32>,
    values: Vec<i64>,
    unknown: Vec<u32>,
}

impl Batches {
    /// Number of the last batch; that of a key, too.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// The rows that are hot.
    pub(super) fn hot(&self) -> &[u32] {
        &self.hot
    }

    /// What changed by enough to show. From now on it counts as told.
    pub(super) fn next(&mut self, rows: &mut Rows, hot: Vec<u32>, mono_us: u64) -> Bytes {
        let left = rows.take_left();
        // A row of which nothing was told left before anybody knew.
        let left: Vec<usize> =
            left.into_iter().filter(|row| self.told.get_mut(*row).and_then(Option::take).is_some()).collect();
        self.told.resize_with(rows.len(), || None);
        let mut fleet = v1::Fleet {
            mono_us: Some(mono_us),
            left: left.iter().filter_map(|row| u32::try_from(*row).ok()).collect(),
            ..v1::Fleet::default()
        };
        let mut filling = vec![Filling::default(); N_VALUES];
        for (n, node) in rows.iter() {
            let Ok(row) = u32::try_from(n) else { continue };
            let told = self.told[n].get_or_insert_default();
            if told.node != node.described {
                told.node.clone_from(&node.described);
                let mut node = told.node.clone();
                introduce(&mut node, rows, &mut self.n_texts);
                fleet.nodes.push(node);
            }
            let presence = presence(node, row);
            if heard_otherwise(&told.presence, &presence) {
                told.presence = presence.clone();
                fleet.presences.push(presence);
            }
            let values = node.values();
            for (column, filling) in columns().zip(&mut filling) {
                let (told, now) = (&mut told.values[column as usize - 1], values[column as usize - 1]);
                if shows(column, *told, now) {
                    *told = now;
                    filling.push(row, now);
                }
            }
        }
        fleet.columns = finished(filling);
        if self.hot != hot {
            fleet.hot = Some(v1::FleetRows { gaps: gaps(&hot) });
            self.hot = hot;
        }
        (self.seq, self.mono_us, self.key) = (self.seq + 1, mono_us, None);
        encoded(fleet)
    }

    /// All that was told, in parts: whoever has these knows what others know. Made once for all who ask between two batches.
    pub(super) fn key(&mut self, rows: &Rows) -> Arc<[Bytes]> {
        if let Some(key) = &self.key {
            return key.clone();
        }
        let mut parts: Vec<v1::Fleet> = Vec::new();
        let (mut n_bytes, mut n_texts) = (0, 0);
        let mut filling = vec![Filling::default(); N_VALUES];
        let mut part = v1::Fleet::default();
        for (n, told) in self.told.iter().enumerate() {
            let (Some(told), Ok(row)) = (told, u32::try_from(n)) else { continue };
            let mut node = told.node.clone();
            introduce(&mut node, rows, &mut n_texts);
            n_bytes += node.encoded_len() + told.presence.encoded_len() + N_VALUES * VALUE_BYTES;
            if n_bytes > PART_BYTES && !part.nodes.is_empty() {
                part.columns = finished(std::mem::replace(&mut filling, vec![Filling::default(); N_VALUES]));
                parts.push(std::mem::take(&mut part));
                n_bytes = node.encoded_len();
            }
            part.nodes.push(node);
            part.presences.push(told.presence.clone());
            for (value, filling) in told.values.iter().zip(&mut filling).filter(|(value, _)| value.is_some()) {
                filling.push(row, *value);
            }
        }
        // Texts that only others used may be used again.
        if let Some(last) = part.nodes.last_mut().filter(|_| n_texts < self.n_texts) {
            last.first_text.get_or_insert(u32::try_from(n_texts).unwrap_or(u32::MAX));
            last.texts.extend(rows.texts.range(n_texts..self.n_texts));
        }
        part.columns = finished(filling);
        part.hot = Some(v1::FleetRows { gaps: gaps(&self.hot) });
        parts.push(part);
        let n_parts = u32::try_from(parts.len()).ok();
        let numbered = (0..).zip(parts).map(|(part, fleet)| {
            encoded(v1::Fleet { mono_us: Some(self.mono_us), part: Some(part), n_parts, ..fleet })
        });
        let key: Arc<[Bytes]> = numbered.collect();
        self.key = Some(key.clone());
        key
    }
}

impl Filling {
    fn push(&mut self, row: u32, value: Option<i64>) {
        match value {
            Some(value) => {
                self.rows.push(row);
                self.values.push(value);
            }
            None => self.unknown.push(row),
        }
    }
}

fn finished(filling: Vec<Filling>) -> Vec<v1::FleetColumn> {
    let column = |(column, filling): (FleetValue, Filling)| v1::FleetColumn {
        value: Some(column.into()),
        gaps: gaps(&filling.rows),
        values: filling.values,
        unknown_gaps: gaps(&filling.unknown),
    };
    let all = columns().zip(filling).map(column);
    all.filter(|column| !column.gaps.is_empty() || !column.unknown_gaps.is_empty()).collect()
}

/// Rows in rising order, each as the difference to the one before.
fn gaps(rows: &[u32]) -> Vec<u32> {
    let before = std::iter::once(0).chain(rows.iter().copied());
    rows.iter().zip(before).map(|(row, before)| row - before).collect()
}

/// Tells with a node the texts up to the last that it uses, as far as they were not told yet.
fn introduce(node: &mut v1::FleetNode, rows: &Rows, n_told: &mut usize) {
    let n = node.labels.iter().map(|number| *number as usize + 1).max().unwrap_or(0);
    if n > *n_told {
        node.first_text = u32::try_from(*n_told).ok();
        node.texts = rows.texts.range(*n_told..n);
        *n_told = n;
    }
}

fn encoded(fleet: v1::Fleet) -> Bytes {
    v1::Payload { kind: Some(Kind::Fleet(fleet)) }.encode_to_vec().into()
}

fn presence(node: &Node, row: u32) -> v1::FleetPresence {
    let (hearing, since, cause, reason) = match &node.presence {
        Presence::Awaited { since } => (Hearing::Awaited, Some(*since), None, None),
        Presence::Live => (Hearing::Live, None, None, None),
        Presence::Late { since } => (Hearing::Late, Some(*since), None, None),
        Presence::Silent { since, cause, reason, .. } => {
            (Hearing::Silent, Some(*since), cause.map(cause_word), Some(&**reason))
        }
    };
    let cut = |reason: &str| reason[..reason.floor_char_boundary(REASON_BYTES)].to_owned();
    v1::FleetPresence {
        row: Some(row),
        hearing: Some(hearing.into()),
        since_us: since.map(|since| since.0),
        cause: cause.map(str::to_owned),
        reason: reason.map(cut),
        offset_us: node.offset.map(|(offset_us, _)| offset_us),
        uncertainty_us: node.offset.map(|(_, uncertainty_us)| uncertainty_us),
        n_lost: Some(node.n_lost),
    }
}

/// Whether the hearing of a node is so different from what was told that it is told.
fn heard_otherwise(told: &v1::FleetPresence, now: &v1::FleetPresence) -> bool {
    let is_off = match (told.offset_us, now.offset_us) {
        (Some(told), Some(now)) => told.abs_diff(now) >= OFFSET_US,
        (told, now) => told.is_some() != now.is_some(),
    };
    is_off
        || (told.row, told.hearing, told.since_us, &told.cause, &told.reason, told.n_lost)
            != (now.row, now.hearing, now.since_us, &now.cause, &now.reason, now.n_lost)
}

/// Rows of nodes, each once and in rising order.
pub(super) fn sorted(rows: impl IntoIterator<Item = usize>) -> Vec<u32> {
    let rows: BTreeSet<u32> = rows.into_iter().filter_map(|row| u32::try_from(row).ok()).collect();
    rows.into_iter().collect()
}

#[cfg(test)]
mod tests;
