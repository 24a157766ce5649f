//! What only many nodes together tell: who stands out of its peers, what befell several at once, whose clock is off.

mod growth;
mod readers;

use std::{collections::BTreeMap, sync::Arc};

use midair_vitals::{Severity, TaskId, Unit};

use super::{Finding, Lead, Subject, Topic, seen_up};
use crate::{
    event::Stamp,
    model::{Model, Node, NodeValue, Presence, links::Peer, series::Point, vital::Vital, words::Part},
};

/// The label by whose value nodes are peers; without one all nodes are.
const PEERS_BY: &str = "role";

/// Fewer peers than this say nothing about what is usual.
const PEERS_MIN: usize = 8;

/// So many nodes that fall silent are one thing that happened.
const TOGETHER_MIN: usize = 3;

/// Values are means over so long, of at least so many samples.
const MEAN_US: u64 = 10_000_000;
const SAMPLES_MIN: usize = 5;

/// Growth is over so long, and over no less than the half of it: what comes and goes in ten seconds hides a slow leak.
const SLOPE_US: u64 = 60_000_000;

/// So many standard deviations from the median are out of the common: of ten thousand nodes that are alike none is. The
/// deviation is told from the median absolute deviation, which a few nodes that stand out do not move: 1.4826 times that
/// (Rousseeuw and Croux 1993, for values that are spread normally).
const DEVIATIONS: f64 = 8.0;
const MAD_TO_SIGMA: f64 = 1.4826;

/// A clock is off from here on, microseconds.
const CLOCK_OFF_US: i64 = 1_000_000;

/// What nodes are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compared {
    /// CPUs in use.
    Cpu,
    /// Run delay.
    Delay,
    /// Growth of memory.
    Growth,
    /// TCP segments received.
    Rate,
}

impl Compared {
    const ALL: [Self; 4] = [Self::Cpu, Self::Delay, Self::Growth, Self::Rate];

    /// What is no matter in itself, however unlike the peers it is: CPUs, seconds per second, bytes per second, segments
    /// per second.
    fn floor(self) -> f64 {
        match self {
            Self::Cpu => 1.0,
            Self::Delay => 0.2,
            Self::Growth => 4_194_304.0,
            Self::Rate => 500.0,
        }
    }

    fn vital(self) -> Vital {
        match self {
            Self::Cpu | Self::Delay => Vital::Sched,
            Self::Growth => Vital::Mem,
            Self::Rate => Vital::Rate,
        }
    }

    fn of(self, node: &Node) -> Option<f64> {
        // What a hub tells is a mean already; who is heard itself is compared by the same.
        if let Some((_, brief)) = node.brief {
            return match self {
                Self::Cpu => brief.cpu,
                Self::Delay => brief.delay,
                Self::Growth => brief.mem_growth,
                Self::Rate => brief.tcp_in,
            };
        }
        match self {
            Self::Cpu => mean(node, NodeValue::Cpu),
            Self::Delay => mean(node, NodeValue::Delay),
            Self::Growth => slope(node, NodeValue::MemUsed),
            Self::Rate => mean(node, NodeValue::TcpIn),
        }
    }

    fn part(self, value: f64) -> [Part; 2] {
        match self {
            Self::Cpu => [Part::Cores(value), Part::Words(" in use")],
            Self::Delay => [Part::Delay(value), Part::Words(" of run delay")],
            Self::Growth => [Part::Words("memory grows "), Part::Growth(value, Unit::Bytes)],
            Self::Rate => [Part::Amount(value, Unit::Segments), Part::Words("/s received")],
        }
    }
}

/// The mean of a value over the last samples; `None` where there are too few.
fn mean(node: &Node, value: NodeValue) -> Option<f64> {
    let since = Stamp(node.latest.as_ref()?.at.0.saturating_sub(MEAN_US));
    let recent = node.series.points().rev().take_while(|point| point.at > since);
    let (n, sum) = recent
        .filter_map(|point| point.values.get(value as usize))
        .fold((0, 0.0), |(n, sum), value| (n + 1, sum + f64::from(value)));
    (n >= SAMPLES_MIN).then(|| sum / n as f64)
}

/// How fast a value has grown, per second: from the first third of the last minute's samples to the last third.
fn slope(node: &Node, value: NodeValue) -> Option<f64> {
    let since = Stamp(node.latest.as_ref()?.at.0.saturating_sub(SLOPE_US));
    let recent = node.series.points().rev().take_while(|point| point.at > since);
    let known =
        |point: &Point<{ NodeValue::N }>| Some((point.at.0 as f64, f64::from(point.values.get(value as usize)?)));
    let points: Vec<(f64, f64)> = recent.filter_map(known).collect();
    let (newest, oldest) = (points.first()?.0, points.last()?.0);
    let n = points.len() / 3;
    if n == 0 || newest - oldest < SLOPE_US as f64 / 2.0 {
        return None;
    }
    let middle = |points: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n as f64;
    let (last, first) = (&points[..n], &points[points.len() - n..]);
    let (rise, over_us) = (
        middle(last, |point| point.1) - middle(first, |point| point.1),
        middle(last, |point| point.0) - middle(first, |point| point.0),
    );
    Some(rise * 1e6 / over_us)
}

/// Adds hubs that tell nothing: worst where nobody else hears their nodes.
pub(super) fn tell_hubs(model: &Model, now: Stamp, found: &mut Vec<Finding>) {
    for hub in model.hubs.values() {
        let Some((_, why)) = hub.trouble() else { continue };
        let mut of_hub = model.nodes.values().filter(|node| node.sights.iter().any(|sight| sight.hub == hub.address));
        let Some(first) = of_hub.next() else { continue };
        let is_cut_off = model.is_cut_off(first) || of_hub.any(|node| model.is_cut_off(node));
        let mut parts = vec![Part::Name(why.into())];
        if let Some(at) = hub.at {
            parts.extend([Part::Words("; what it said last is "), Part::Time(now.since_us(at)), Part::Words(" old")]);
        }
        let severity = if is_cut_off { 1000 } else { 500 };
        found.push(finding(severity, None, (first, Topic::Hub(hub.address.clone())), parts));
    }
}

/// Adds what the nodes tell together.
pub(super) fn tell(model: &Model, peers: &BTreeMap<Arc<str>, Peer>, found: &mut Vec<Finding>) {
    if let Some(finding) = silent(model, peers) {
        found.push(finding);
    }
    clocks(model, found);
    several(model, found);
    readers::tell(model, found);
    let mut roles: BTreeMap<Option<&Arc<str>>, Vec<&Node>> = BTreeMap::new();
    for node in model.nodes.values().filter(|node| node.presence == Presence::Live) {
        roles.entry(node.label(PEERS_BY)).or_default().push(node);
    }
    let n_groups = growth::tell(&roles, found);
    for (role, nodes) in roles {
        for compared in Compared::ALL {
            // Those who share more than their role are told of together.
            if compared == Compared::Growth && n_groups > 0 {
                continue;
            }
            let told = |node: &Node| {
                found.iter().any(|known| known.subject.node == node.id && known.vital == Some(compared.vital()))
            };
            if let Some(finding) = outliers(compared, role, &nodes, told) {
                found.push(finding);
            }
        }
    }
}

/// Several nodes that are silent are said in one sentence, with what they share.
fn silent(model: &Model, peers: &BTreeMap<Arc<str>, Peer>) -> Option<Finding> {
    let all: Vec<&Node> = model.nodes.values().collect();
    let is_silent = |node: &&&Node| node.presence.is_silent() && !model.is_cut_off(node);
    let silent: Vec<&Node> = all.iter().filter(is_silent).copied().collect();
    let first = *silent.first().filter(|_| silent.len() >= TOGETHER_MIN)?;
    let mut parts = vec![Part::Count(silent.len() as u64), Part::Words(" of "), Part::Count(all.len() as u64)];
    parts.push(Part::Words(" nodes silent"));
    parts.extend(shared(&silent, &all));
    let seen = silent.iter().filter_map(|node| model.seen_up(node, peers));
    let seen = seen.reduce(|sum, one| (sum.0 + one.0, sum.1 + one.1));
    parts.extend(seen_up("; their VMs are seen up by ", seen));
    Some(finding(1000, None, (first, Topic::Silent), parts))
}

/// The same trouble on many nodes is said in one sentence before each of them: the worst, and what they share.
fn several(model: &Model, found: &mut Vec<Finding>) {
    let mut alike: BTreeMap<(u8, String), Vec<usize>> = BTreeMap::new();
    for (n, finding) in found.iter().enumerate() {
        if let Some(key) = trouble(model, finding) {
            alike.entry(key).or_default().push(n);
        }
    }
    let all: Vec<&Node> = model.nodes.values().collect();
    let mut told = Vec::new();
    for of in alike.into_values() {
        let Some(worst) = of.iter().map(|n| &found[*n]).max_by_key(|finding| finding.severity) else { continue };
        let mut nodes: Vec<&Node> = of.iter().filter_map(|n| model.node(&found[*n].subject.node)).collect();
        nodes.dedup_by_key(|node| &node.id);
        if nodes.len() < TOGETHER_MIN {
            continue;
        }
        let mut parts = vec![Part::Count(nodes.len() as u64), Part::Words(" nodes")];
        parts.extend(shared(&nodes, &all));
        parts.push(Part::Words("; the worst: "));
        parts.extend(worst.parts.iter().cloned());
        let subject =
            Subject { node: worst.subject.node.clone(), topic: Topic::Several(worst.subject.topic.clone().into()) };
        // Before the worst of them.
        let severity = Severity::from_per_mille(worst.severity.per_mille() + 1);
        told.push(Finding { severity, vital: worst.vital, subject, lead: worst.lead.clone(), parts });
    }
    found.extend(told);
}

/// What makes findings of two nodes the same trouble: what it is about, and whose queue. `None` where it is of one node alone.
fn trouble(model: &Model, finding: &Finding) -> Option<(u8, String)> {
    let name = |task: Option<TaskId>| {
        let task = model.node(&finding.subject.node)?.tasks.get(&task?)?;
        Some(task.reading.name.as_deref()?.to_owned())
    };
    Some(match &finding.subject.topic {
        Topic::Sched => (0, String::new()),
        Topic::Mem => (1, String::new()),
        Topic::Queue(owner, kind) => (2, format!("{} {}", kind.word(), name(*owner).unwrap_or_default())),
        Topic::Vm(_, topic) => (3, format!("{topic:?}")),
        Topic::Host(check) => (4, format!("{check:?}")),
        Topic::Conflict
        | Topic::Dashboard
        | Topic::Presence
        | Topic::Quota(_)
        | Topic::CgroupMem(_)
        | Topic::Namespace(_)
        | Topic::Lost
        | Topic::Certificate
        | Topic::Silent
        | Topic::Reader
        | Topic::Group(..)
        | Topic::Hub(_)
        | Topic::Several(_)
        | Topic::Clock
        | Topic::Peers(_) => return None,
    })
}

/// Clocks that are more than a second off what most say: or, of few nodes, off this one.
fn clocks(model: &Model, found: &mut Vec<Finding>) {
    let clocks = || model.nodes.values().filter_map(|node| Some((node, node.clock?)));
    let mut offsets: Vec<f64> = clocks().map(|(_, clock)| clock.offset_us as f64).collect();
    let usual = if offsets.len() >= TOGETHER_MIN { median(&mut offsets).unwrap_or(0.0) as i64 } else { 0 };
    for (node, clock) in clocks() {
        let off_us = clock.offset_us.saturating_sub(usual);
        if off_us.unsigned_abs() <= CLOCK_OFF_US.unsigned_abs().saturating_add(clock.uncertainty_us) {
            continue;
        }
        let way = if off_us > 0 { " ahead" } else { " behind" };
        let time = Part::Time((off_us.unsigned_abs() + 500_000) / 1_000_000 * 1_000_000);
        let parts =
            vec![Part::Words("clock of "), Part::Name(node.name().into()), Part::Words(" is "), time, Part::Words(way)];
        found.push(finding(250, None, (node, Topic::Clock), parts));
    }
}

/// Who stands out of nodes that should be alike, of whom nothing was said about it yet.
fn outliers(
    compared: Compared,
    role: Option<&Arc<str>>,
    nodes: &[&Node],
    is_told: impl Fn(&Node) -> bool,
) -> Option<Finding> {
    let known: Vec<(&Node, f64)> = nodes.iter().filter_map(|node| Some((*node, compared.of(node)?))).collect();
    if known.len() < PEERS_MIN {
        return None;
    }
    let middle = median(&mut known.iter().map(|(_, value)| *value).collect::<Vec<_>>())?;
    let mad = median(&mut known.iter().map(|(_, value)| (value - middle).abs()).collect::<Vec<_>>())?;
    let least = (DEVIATIONS * MAD_TO_SIGMA * mad).max(compared.floor()).max(middle.abs() / 2.0);
    let is_out = |value: f64| match compared {
        // Less work than the others have is told as well: it goes elsewhere, or is lost.
        Compared::Rate => (value - middle).abs() > least,
        Compared::Cpu | Compared::Delay | Compared::Growth => value - middle > least,
    };
    let mut out: Vec<(&Node, f64)> = known.iter().copied().filter(|(_, value)| is_out(*value)).collect();
    out.sort_by(|(_, a), (_, b)| (b - middle).abs().total_cmp(&(a - middle).abs()));
    let &(worst, value) = out.first().filter(|(node, _)| out.len() > 1 || !is_told(node))?;
    let mut parts = Vec::new();
    if out.len() == 1 {
        parts.extend([Part::Name(worst.name().into()), Part::Words(": ")]);
    } else {
        parts.extend([Part::Count(out.len() as u64), Part::Words(" nodes, "), Part::Name(worst.name().into())]);
        parts.push(Part::Words(" first: "));
    }
    parts.extend(compared.part(value));
    parts.extend([Part::Words(", the median of "), Part::Count(known.len() as u64)]);
    let peers = role.map(|role| [Part::Words(" of role "), Part::Name(role.clone())]);
    parts.extend(peers.into_iter().flatten());
    parts.push(Part::Words(" is "));
    parts.push(match compared {
        Compared::Growth => Part::Growth(middle, Unit::Bytes),
        Compared::Cpu => Part::Number(middle),
        Compared::Delay => Part::Delay(middle),
        Compared::Rate => Part::Amount(middle, Unit::Segments),
    });
    if out.len() > 1 {
        let out: Vec<&Node> = out.iter().map(|(node, _)| *node).collect();
        let all: Vec<&Node> = known.iter().map(|(node, _)| *node).collect();
        parts.extend(shared(&out, &all));
    }
    let severity = if out.len() > 1 { 350 } else { 300 };
    Some(finding(severity, Some(compared.vital()), (worst, Topic::Peers(compared)), parts))
}

/// The label that tells these apart from the others best: all of these have it, and most who have it are among these.
fn shared(some: &[&Node], all: &[&Node]) -> Vec<Part> {
    let labels = some.first().and_then(|node| node.described.as_ref()).map_or(&[][..], |described| &described.labels);
    let has = |node: &Node, key: &str, value: &Arc<str>| node.label(key) == Some(value);
    let mut best: Option<(usize, &Arc<str>, &Arc<str>)> = None;
    for (key, value) in labels {
        if !some.iter().all(|node| has(node, key, value)) {
            continue;
        }
        let n_all = all.iter().filter(|node| has(node, key, value)).count();
        // What all have tells nobody apart.
        let tells = n_all < all.len() && n_all <= 2 * some.len();
        if tells && best.is_none_or(|(n, ..)| n_all < n) {
            best = Some((n_all, key, value));
        }
    }
    let Some((n_all, key, value)) = best else { return Vec::new() };
    let mut parts = vec![Part::Words(": all of them of ")];
    if n_all == some.len() {
        parts = vec![Part::Words(": just those of ")];
    }
    parts.extend([Part::Name(key.clone()), Part::Words(" "), Part::Name(value.clone())]);
    parts
}

fn finding(per_mille: u32, vital: Option<Vital>, (node, topic): (&Node, Topic), parts: Vec<Part>) -> Finding {
    let severity = Severity::from_per_mille(per_mille);
    Finding { severity, vital, subject: Subject { node: node.id.clone(), topic }, lead: Lead::Node, parts }
}

fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests;
