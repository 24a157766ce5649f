//! Groups of nodes in numbers: how many are heard, and how each vital is spread over them.

use std::{collections::BTreeMap, sync::Arc};

use midair_vitals::Severity;

use super::{Spread, spread_of};
use crate::{
    event::NodeId,
    model::{Model, Node, vital::Vital},
};

/// The nodes that share a label's value, in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The value; `None`: nodes without that label.
    pub value: Option<Arc<str>>,
    /// How many there are.
    pub n_nodes: usize,
    /// How many of them are heard: what is said of the group is said of these.
    pub n_heard: usize,
    /// How each of the four vitals is spread, in their order; `None` where it is known of none.
    pub spreads: [Option<Spread>; 4],
    /// The node with the worst vital of all.
    pub worst: Option<(NodeId, Severity)>,
}

impl Summary {
    /// How a vital is spread; of the worst of the four that with the worst node.
    pub fn spread(&self, vital: Vital) -> Option<Spread> {
        match Vital::FOUR.iter().position(|one| *one == vital) {
            Some(n) => self.spreads[n],
            None => self.spreads.iter().flatten().copied().max_by_key(|spread| (spread.worst, spread.median)),
        }
    }
}

impl Model {
    /// All groups of a label, by its value.
    pub fn summaries(&self, key: &str) -> Vec<Summary> {
        let mut groups: BTreeMap<Option<&Arc<str>>, Vec<&Node>> = BTreeMap::new();
        for node in self.nodes.values() {
            groups.entry(node.label(key)).or_default().push(node);
        }
        groups.into_iter().map(|(value, nodes)| summary(value.cloned(), &nodes)).collect()
    }
}

fn summary(value: Option<Arc<str>>, nodes: &[&Node]) -> Summary {
    let heard: Vec<&Node> =
        nodes.iter().filter(|node| !node.presence.is_silent() && node.severities().is_some()).copied().collect();
    let of = |vital: Vital| heard.iter().filter_map(|node| vital.of(node.severities()?)).collect::<Vec<_>>();
    let worst = heard.iter().filter_map(|node| Some((Vital::Worst.of(node.severities()?)?, &node.id)));
    let worst = worst.max_by(|(a, a_id), (b, b_id)| a.cmp(b).then_with(|| b_id.cmp(a_id)));
    Summary {
        value,
        n_nodes: nodes.len(),
        n_heard: heard.len(),
        spreads: Vital::FOUR.map(|vital| spread_of(of(vital))),
        worst: worst.map(|(severity, id)| (id.clone(), severity)),
    }
}
