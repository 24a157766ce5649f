//! Who does not read what several send: their full links lead to the one that looks well.

use midair_vitals::{Severity, Unit};

use crate::model::{
    Model, Presence,
    finding::{Finding, Lead, Subject, Topic, VmTopic},
    links::{Peer, WAITING},
    vital::Vital,
    words::Part,
};

/// Of one link that is full the VM at its end is told; of so many the one to which they lead.
const SEVERAL: usize = 2;

pub(super) fn tell(model: &Model, found: &mut Vec<Finding>) {
    let is_full = |fill: Option<Severity>| fill.is_some_and(|fill| fill.per_mille() >= WAITING);
    let mut vms =
        model.nodes.values().filter(|node| node.presence == Presence::Live).flat_map(|node| node.vms.values());
    if !vms.any(|vm| vm.vitals.links.iter().any(|link| is_full(link.fill))) {
        return;
    }
    for peer in model.link_peers().values().filter(|peer| peer.slow_from.len() >= SEVERAL) {
        found.extend(finding(peer, found));
        // The same again from each of those who wait.
        found.retain(|one| match &one.subject.topic {
            Topic::Vm(_, VmTopic::Link(name)) => *name != peer.name,
            Topic::Several(of) => !matches!(&**of, Topic::Vm(_, VmTopic::Link(name)) if *name == peer.name),
            _ => true,
        });
    }
}

/// What is said of one, before all that follows from it.
fn finding(peer: &Peer, found: &[Finding]) -> Option<Finding> {
    let is_busy = peer.busy_from.len() >= SEVERAL;
    let mut parts = vec![Part::Name(peer.name.clone())];
    parts.push(Part::Words(if is_busy { " does not read: its links from " } else { " reads slowly: its links from " }));
    let from = if is_busy { &peer.busy_from } else { &peer.slow_from };
    parts.extend([
        Part::Count(from.len() as u64),
        Part::Words(if is_busy { " nodes are busy" } else { " nodes fill up" }),
    ]);
    let pending =
        peer.pending_bytes.map(|n| [Part::Words(", "), Part::Amount(n as f64, Unit::Bytes), Part::Words(" pending")]);
    parts.extend(pending.into_iter().flatten());
    if peer.n_suspended > 0 {
        parts.extend([Part::Words(", "), Part::Count(peer.n_suspended), Part::Words(" processes suspended")]);
    }
    let (node, lead) = match &peer.at {
        Some((node, runtime)) => (node, Lead::Vm(*runtime)),
        None => (from.first()?, Lead::Node),
    };
    let is_victim = |one: &&Finding| {
        let is_near = one.subject.node == *node || peer.slow_from.contains(&one.subject.node);
        let topic = match &one.subject.topic {
            Topic::Several(of) => &**of,
            topic => topic,
        };
        is_near && matches!(topic, Topic::Queue(..) | Topic::Vm(_, VmTopic::Link(_) | VmTopic::Suspended))
    };
    let worst = found.iter().filter(is_victim).map(|one| one.severity.per_mille() + 1).max();
    let severity = worst.max(peer.fill.map(Severity::per_mille))?;
    let subject = Subject { node: node.clone(), topic: Topic::Reader };
    Some(Finding { severity: Severity::from_per_mille(severity), vital: Some(Vital::Queue), subject, lead, parts })
}
