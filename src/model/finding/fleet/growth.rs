//! Nodes that share a label and grow while their peers do not: a leak of one release, long before any of them is full.
//!
//! One node's growth over ten seconds says little. Of a group its median does: by chance alone it strays from that of the
//! peers by the spread of one divided by the root of how many there are.

use std::{collections::BTreeMap, sync::Arc};

use midair_vitals::{Severity, TaskId, TaskKind, Unit};

use super::{Compared, MAD_TO_SIGMA, PEERS_BY, PEERS_MIN, median};
use crate::model::{
    Node,
    finding::{Finding, Lead, Subject, Topic},
    task::Task,
    vital::Vital,
    words::Part,
};

/// Fewer nodes are no group.
const GROUP_MIN: usize = 5;

/// Peers are taken to be spread by so much at least, bytes per second.
const SPREAD_MIN: f64 = 262_144.0;

/// The median of a group is out of the common from so many of its own standard deviations on. Of ten thousand groups looked
/// at once a second one would be by chance in more than a million years, were their values spread normally; they are not
/// quite, hence the distance.
const DEVIATIONS: f64 = 9.0;

/// The standard deviation of a median is larger than that of a mean by this (normally spread values).
const MEDIAN_TO_MEAN: f64 = 1.2533;

/// So large a share of a group grows by more than the spread of its peers, per cent.
const MOST: usize = 80;

/// A node of a role, and how it differs from its peers: its growth, beyond the median, and that in standard deviations.
struct Grown<'a> {
    node: &'a Node,
    growth: f64,
    beyond: f64,
    deviations: f64,
}

/// Adds who grows together; how many groups that are.
pub(super) fn tell(roles: &BTreeMap<Option<&Arc<str>>, Vec<&Node>>, found: &mut Vec<Finding>) -> usize {
    let grown: Vec<Grown<'_>> = roles.values().flat_map(|nodes| grown(nodes)).collect();
    let mut groups: BTreeMap<(&Arc<str>, &Arc<str>), Vec<&Grown<'_>>> = BTreeMap::new();
    for one in &grown {
        let labels = one.node.described.iter().flat_map(|described| &described.labels);
        for (key, value) in labels.filter(|(key, _)| **key != *PEERS_BY) {
            groups.entry((key, value)).or_default().push(one);
        }
    }
    // What more than half of all share tells nobody apart.
    groups.retain(|_, of| of.len() >= GROUP_MIN && of.len() * 2 <= grown.len());
    let strength = |of: &[&Grown<'_>]| median(&mut of.iter().map(|one| one.deviations).collect::<Vec<_>>());
    let out = groups.into_iter().filter(|(_, of)| is_out(of));
    // Several labels may name the same nodes: the one that says it best.
    let best = out.max_by(|(_, a), (_, b)| strength(a).unwrap_or(0.0).total_cmp(&strength(b).unwrap_or(0.0)));
    let told = best.and_then(|((key, value), of)| finding((key, value), &of, &grown));
    let n = usize::from(told.is_some());
    found.extend(told);
    n
}

/// How the nodes of a role differ from each other.
fn grown<'a>(nodes: &[&'a Node]) -> Vec<Grown<'a>> {
    let growth = |node: &'a Node| Some((node, node.glance()?.mem_growth?));
    let known: Vec<(&Node, f64)> = nodes.iter().filter_map(|node| growth(node)).collect();
    if known.len() < PEERS_MIN {
        return Vec::new();
    }
    let Some(middle) = median(&mut known.iter().map(|(_, growth)| *growth).collect::<Vec<_>>()) else {
        return Vec::new();
    };
    let mad = median(&mut known.iter().map(|(_, growth)| (growth - middle).abs()).collect::<Vec<_>>()).unwrap_or(0.0);
    let spread = (mad * MAD_TO_SIGMA).max(SPREAD_MIN);
    let one = |(node, growth): (&'a Node, f64)| {
        let beyond = growth - middle;
        Grown { node, growth, beyond, deviations: beyond / spread }
    };
    known.into_iter().map(one).collect()
}

fn is_out(of: &[&Grown<'_>]) -> bool {
    let middle = |value: fn(&Grown<'_>) -> f64| median(&mut of.iter().map(|one| value(one)).collect::<Vec<_>>());
    let (Some(beyond), Some(deviations)) = (middle(|one| one.beyond), middle(|one| one.deviations)) else {
        return false;
    };
    let n_grow = of.iter().filter(|one| one.deviations > 1.0).count();
    let by_chance = MEDIAN_TO_MEAN / (of.len() as f64).sqrt();
    beyond >= Compared::Growth.floor() && deviations >= DEVIATIONS * by_chance && n_grow * 100 >= of.len() * MOST
}

fn finding((key, value): (&Arc<str>, &Arc<str>), of: &[&Grown<'_>], all: &[Grown<'_>]) -> Option<Finding> {
    let worst = of.iter().max_by(|a, b| a.beyond.total_cmp(&b.beyond))?;
    let is_in = |one: &Grown<'_>| of.iter().any(|member| member.node.id == one.node.id);
    let of_roles = |one: &Grown<'_>| of.iter().any(|member| member.node.label(PEERS_BY) == one.node.label(PEERS_BY));
    let peers = all.iter().filter(|one| !is_in(one) && of_roles(one));
    let peers = median(&mut peers.map(|one| one.growth).collect::<Vec<_>>());
    let middle = median(&mut of.iter().map(|one| one.growth).collect::<Vec<_>>())?;
    let mut parts = vec![Part::Count(of.len() as u64), Part::Words(" nodes of "), Part::Name(key.clone())];
    parts.extend([Part::Words(" "), Part::Name(value.clone()), Part::Words(" grow: median ")]);
    parts.push(Part::Growth(middle, Unit::Bytes));
    let peers = peers.map(|growth| [Part::Words(", of their peers "), Part::Growth(growth, Unit::Bytes)]);
    parts.extend(peers.into_iter().flatten());
    let grower = grower(of);
    let mut lead = Lead::Node;
    if let Some(name) = &grower {
        parts.extend([Part::Words("; most of it at "), Part::Name(name.clone())]);
        lead = task_named(worst.node, name).map_or(Lead::Node, Lead::Task);
    }
    parts.extend([Part::Words("; first "), Part::Name(worst.node.name().into())]);
    let subject = Subject { node: worst.node.id.clone(), topic: Topic::Group(key.clone(), value.clone()) };
    Some(Finding { severity: Severity::from_per_mille(400), vital: Some(Vital::Mem), subject, lead, parts })
}

/// The Erlang process that grows most on at least half of them, by its name.
fn grower(of: &[&Grown<'_>]) -> Option<Arc<str>> {
    let mut named: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
    for name in of.iter().filter_map(|one| most_grown(one.node)?.reading.name.as_ref()) {
        *named.entry(name).or_default() += 1;
    }
    let (name, n) = named.into_iter().max_by_key(|(_, n)| *n)?;
    (n * 2 >= of.len()).then(|| name.clone())
}

/// Of a node: memory and binaries of one process, whichever grows more.
fn most_grown(node: &Node) -> Option<&Task> {
    let growth = |task: &Task| {
        task.vitals
            .mem_growth
            .into_iter()
            .chain(task.vitals.binary_growth)
            .reduce(f64::max)
            .filter(|growth| *growth > 0.0)
    };
    let known = node.tasks.values().filter(|task| task.reading.kind == TaskKind::Erlang);
    known.filter_map(|task| Some((growth(task)?, task))).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, task)| task)
}

fn task_named(node: &Node, name: &Arc<str>) -> Option<TaskId> {
    most_grown(node).filter(|task| task.reading.name.as_ref() == Some(name)).map(Task::id)
}
