//! What agents say and what viewers make of it, for the tests of a hub's parts.

use std::{collections::BTreeMap, sync::Arc};

use midair_proto::v1::{self, payload::Kind};
use prost::{Message as _, bytes::Bytes};

use super::node::{N_VALUES, Values};
use crate::{
    entry::{Entry, Item},
    event::{Cause, Link, LinkState, Stamp},
};

/// An envelope of a node behind an address of the same name.
pub(super) fn entry(node: &str, at_us: u64, envelope: v1::Envelope, kind: Kind) -> Entry {
    let payload = Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into());
    let envelope = v1::Envelope { node: Some(node.to_owned()), payload, ..envelope };
    Entry { at: Stamp(at_us), item: Item::Envelope(node.into(), Arc::new(envelope)) }
}

/// A node says who it is.
pub(super) fn described(node: &str, epoch: u64, labels: &[(&str, &str)], at_us: u64) -> Entry {
    let label =
        |(key, value): &(&str, &str)| v1::Label { key: Some((*key).to_owned()), value: Some((*value).to_owned()) };
    let description = v1::Description {
        node: Some(node.to_owned()),
        name: Some(node.to_owned()),
        labels: labels.iter().map(label).collect(),
        ..v1::Description::default()
    };
    let envelope = v1::Envelope { epoch: Some(epoch), ..v1::Envelope::default() };
    entry(node, at_us, envelope, Kind::Described(description))
}

/// A node measured: the number of the sample, whether it is a key, and what it says.
pub(super) fn sample(node: &str, (epoch, seq, is_key): (u64, u64, bool), said: v1::Node, at_us: u64) -> Entry {
    let envelope = v1::Envelope {
        epoch: Some(epoch),
        seq: Some(seq),
        key: Some(is_key),
        mono_us: Some(at_us),
        wall_us: Some(at_us),
        stream: Some(v1::Stream::Overview.into()),
        ..v1::Envelope::default()
    };
    let sample = v1::Sample { node: Some(said), node_mono_us: Some(at_us), ..v1::Sample::default() };
    entry(node, at_us, envelope, Kind::Sample(sample))
}

/// Severities of sched and mem, per mille.
pub(super) fn severities(sched: u32, mem: u32) -> v1::Node {
    let severities = v1::Severities { sched: Some(sched), mem: Some(mem), ..v1::Severities::default() };
    v1::Node { severities: Some(severities), ..v1::Node::default() }
}

/// The connection to a node is gone.
pub(super) fn down(address: &str, at_us: u64) -> Entry {
    let state = LinkState::Down { cause: Cause::Reset, reason: "closed".into(), retry_at: Stamp(at_us) };
    Entry { at: Stamp(at_us), item: Item::Link(Link { address: address.into(), state }) }
}

/// A node is no longer named.
pub(super) fn left(address: &str, at_us: u64) -> Entry {
    let state = LinkState::Left { reason: "left".into() };
    Entry { at: Stamp(at_us), item: Item::Link(Link { address: address.into(), state }) }
}

/// What a viewer knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    pub(super) nodes: BTreeMap<u32, (v1::FleetNode, BTreeMap<String, String>)>,
    pub(super) presences: BTreeMap<u32, v1::FleetPresence>,
    pub(super) values: BTreeMap<u32, Values>,
    pub(super) hot: Vec<u32>,
    texts: BTreeMap<u32, String>,
}

impl Known {
    /// From all parts of a key.
    pub(super) fn of_key(parts: &[Bytes]) -> Self {
        let mut known = Self::default();
        let fleets: Vec<v1::Fleet> = parts.iter().map(fleet).collect();
        let numbers = fleets.iter().map(|fleet| (fleet.part, fleet.n_parts));
        let n = u32::try_from(parts.len()).unwrap();
        assert!(numbers.eq((0..n).map(|part| (Some(part), Some(n)))));
        fleets.into_iter().for_each(|fleet| known.take(fleet));
        known
    }

    /// Takes a batch.
    pub(super) fn take(&mut self, fleet: v1::Fleet) {
        for row in fleet.left {
            assert!(self.nodes.remove(&row).is_some(), "only who was told leaves");
            self.presences.remove(&row);
            self.values.remove(&row);
        }
        for mut node in fleet.nodes {
            let texts = (node.first_text.take().unwrap_or(0)..).zip(std::mem::take(&mut node.texts));
            self.texts.extend(texts);
            let text = |number: &u32| self.texts[number].clone();
            let labels = node.labels.chunks(2).map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
            self.nodes.insert(node.row.unwrap(), (node, labels));
        }
        for presence in fleet.presences {
            self.presences.insert(presence.row.unwrap(), presence);
        }
        for column in fleet.columns {
            let n = usize::try_from(column.value.unwrap()).unwrap() - 1;
            assert!(n < N_VALUES && column.gaps.len() == column.values.len());
            let known = rows(&column.gaps).zip(column.values.iter().map(|value| Some(*value)));
            for (row, value) in known.chain(rows(&column.unknown_gaps).map(|row| (row, None))) {
                self.values.entry(row).or_default()[n] = value;
            }
        }
        self.values.retain(|_, values| values.iter().any(Option::is_some));
        if let Some(hot) = fleet.hot {
            self.hot = rows(&hot.gaps).collect();
        }
    }

    /// The row of a node.
    pub(super) fn row(&self, node: &str) -> Option<u32> {
        self.nodes.iter().find(|(_, (described, _))| described.node.as_deref() == Some(node)).map(|(row, _)| *row)
    }
}

fn rows(gaps: &[u32]) -> impl Iterator<Item = u32> {
    gaps.iter().scan(0, |row, gap| {
        *row += gap;
        Some(*row)
    })
}

/// The batch of a payload.
pub(super) fn fleet(payload: &Bytes) -> v1::Fleet {
    match v1::Payload::decode(payload.clone()).unwrap().kind {
        Some(Kind::Fleet(fleet)) => fleet,
        other => panic!("no batch: {other:?}"),
    }
}
