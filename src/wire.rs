//! From entries to events: what agents sent, decoded, with deltas applied and names resolved.
//!
//! Total: whatever arrives, the answer is events. Bytes that are not what the contract says become `Malformed`, samples
//! that cannot be used become `Lost`; fields and enum values of newer agents are passed over.

mod census;
mod control;
mod describe;
mod erlang;
pub(crate) mod fleet;
mod host;
mod names;
mod node;
mod rowless;
mod stream;
mod task;
mod vm;

use std::{
    collections::{HashMap, hash_map},
    sync::Arc,
};

use midair_proto::v1::{self, payload::Kind};
use prost::Message as _;

pub(crate) use control::{all_nodes, echo, hello_to, version};
pub use control::{hello, to_wire};
pub(crate) use task::{queue_kind, unit};

use crate::{
    entry::{Entry, Item},
    event::{Described, Details, Event, Link, LinkState, Mark, NodeId, Rollup, Rows, Stamp, Stamped, Stream},
};

pub(crate) use self::census::PART_ROWS_MAX;
use self::{
    census::Census,
    fleet::Desk,
    names::{Names, TEXT_MAX},
    stream::Base,
};

/// Most nodes whose streams are kept behind all links together; more is an attack, not a cluster.
const NODES_MAX: usize = 32_768;
/// Most rows that one message or one stream may hold (`TableQuery.limit`).
pub(crate) const ROWS_MAX: usize = 4_096;

/// What an envelope carries, as far as those need to know who keep or route it unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// Who the agent is.
    Description,
    /// A sample.
    Sample,
    /// The answer to an echo.
    Echo,
    /// A refusal.
    Refusal,
    /// A note on the time line.
    Mark,
    /// A summary of a window.
    Rollup,
    /// What an Erlang process keeps: it may be secret.
    Kept,
    /// What a hub says of its nodes.
    Fleet,
    /// Anything else, known to this build or not.
    Other,
}

impl Carries {
    /// Read off the first byte of the payload (the tag of the one field that it has), without decoding it.
    pub fn of(envelope: &v1::Envelope) -> Self {
        match envelope.payload.as_ref().and_then(|bytes| bytes.first()).map(|tag| tag >> 3) {
            Some(1) => Self::Description,
            Some(2) => Self::Sample,
            Some(5) => Self::Echo,
            Some(7) => Self::Refusal,
            Some(8) => Self::Mark,
            Some(9) => Self::Rollup,
            Some(11) => Self::Kept,
            Some(13) => Self::Fleet,
            Some(_) | None => Self::Other,
        }
    }
}

/// How much of a sample becomes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All of it.
    Whole,
    /// What it says of the node, and nothing of its tasks: they are most of the work.
    Node,
    /// The same, and its rows are passed over: until the next key of the node nothing of its tasks is known.
    Rowless,
    /// Nothing: there is a newer one.
    Kept,
}

/// Turns entries into events. Stateful: a delta needs the samples before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoder {
    peers: HashMap<(Arc<str>, NodeId), Peer>,
    by_address: HashMap<Arc<str>, NodeId>,
    /// What hubs call themselves, by address.
    hubs: HashMap<Arc<str>, NodeId>,
    /// What they have said.
    desks: HashMap<Arc<str>, Desk>,
}

/// What is known of one node behind one address.
#[derive(Clone, Debug, Default, PartialEq)]
struct Peer {
    epoch: u64,
    overview: Base,
    detail: Base,
    current: Option<Stream>,
    census: Census,
    /// Samples that the agent itself has reported as lost; the gap in the numbering that follows is the same loss.
    n_reported: u64,
}

/// What every event of an envelope needs.
struct Context {
    depth: Depth,
    address: Arc<str>,
    node: NodeId,
    epoch: u64,
    mono_us: u64,
    wall_us: u64,
}

impl Decoder {
    /// The events of one entry, each with the entry's stamp.
    pub fn decode(&mut self, entry: &Entry) -> Vec<Stamped> {
        self.decode_to(entry, Depth::Whole)
    }

    /// The same, where of a sample so much is wanted.
    pub fn decode_to(&mut self, entry: &Entry, depth: Depth) -> Vec<Stamped> {
        let events = match &entry.item {
            Item::Envelope(address, envelope) => self.envelope(address, envelope, depth),
            Item::Link(link) => self.link(link),
            Item::Clock(address, offset_us, uncertainty_us, is_step) => {
                let node = self.node_behind(address);
                vec![Event::Clock { node, offset_us: *offset_us, uncertainty_us: *uncertainty_us, is_step: *is_step }]
            }
            Item::Gap(gap) => vec![Event::Gap(gap.clone())],
            Item::Tick => vec![Event::Tick],
            Item::Reset => {
                *self = Self::default();
                vec![Event::Reset]
            }
            // Inputs are no events: the session hands them to the reducer itself, and keeps pages beside the tape.
            Item::Input(_) | Item::Page(_) | Item::Notice(_) => Vec::new(),
        };
        stamped(entry.at, events)
    }

    /// The node that last described itself on this address; the address until one has.
    fn node_behind(&self, address: &Arc<str>) -> NodeId {
        self.by_address.get(address).cloned().unwrap_or_else(|| NodeId(address.clone()))
    }

    /// Who is meant by an id: on the link of a hub its own id is the hub, which goes by its address.
    fn of_hub(&self, address: &Arc<str>, node: NodeId) -> NodeId {
        if self.hubs.get(address) == Some(&node) { NodeId(address.clone()) } else { node }
    }

    /// A new or closed connection: numbering and deltas start again with a key, and nothing counts as lost.
    fn link(&mut self, link: &Link) -> Vec<Event> {
        if matches!(link.state, LinkState::Left { .. }) {
            self.peers.retain(|(address, _), _| *address != link.address);
            self.by_address.remove(&link.address);
            self.hubs.remove(&link.address);
            return vec![Event::Link(link.clone())];
        }
        for (_, peer) in self.peers.iter_mut().filter(|((address, _), _)| *address == link.address) {
            peer.restart();
        }
        self.desks.remove(&link.address);
        self.hubs.remove(&link.address);
        vec![Event::Link(link.clone())]
    }

    fn envelope(&mut self, address: &Arc<str>, envelope: &v1::Envelope, depth: Depth) -> Vec<Event> {
        let node = match envelope.node.as_deref().filter(|n| !n.is_empty()) {
            Some(node) => self.of_hub(address, NodeId::new(node)),
            None => return vec![malformed(&NodeId(address.clone()), "an envelope that names no node")],
        };
        let bytes = match depth {
            Depth::Rowless => envelope.payload.as_ref().map(rowless::rowless),
            Depth::Whole | Depth::Node | Depth::Kept => envelope.payload.clone(),
        };
        let kind = match bytes.map(v1::Payload::decode) {
            Some(Ok(payload)) => payload.kind,
            Some(Err(error)) => return vec![malformed(&node, &format!("bytes that are no payload: {error}"))],
            None => return vec![malformed(&node, "an envelope without a payload")],
        };
        // A kind that this build does not know comes from a newer agent and is passed over.
        let Some(kind) = kind else { return Vec::new() };
        let context = Context {
            depth,
            address: address.clone(),
            epoch: envelope.epoch.unwrap_or(0),
            mono_us: envelope.mono_us.unwrap_or(0),
            wall_us: envelope.wall_us.unwrap_or(0),
            node,
        };
        self.payload(&context, envelope, kind)
    }

    fn payload(&mut self, context: &Context, envelope: &v1::Envelope, kind: Kind) -> Vec<Event> {
        let node = context.node.clone();
        if !self.has_room(context) {
            return vec![malformed(&node, "more nodes than this dashboard keeps")];
        }
        match kind {
            Kind::Described(description) => self.described(context, description),
            Kind::Sample(sample) => self.sample(context, envelope, sample),
            Kind::Rows(rows) => rows_event(context, rows),
            Kind::Details(details) => details_event(context, details),
            // Echoes are the link's own affair; a recording made elsewhere may still hold some.
            Kind::Echo(_) => Vec::new(),
            Kind::Lost(lost) => self.lost(context, lost.n_samples),
            Kind::Refused(refused) => {
                vec![Event::Refused { node, id: refused.id, reason: refused.reason.unwrap_or_default() }]
            }
            Kind::Mark(mark) if is_long(&mark) => vec![malformed(&node, "a mark longer than the contract allows")],
            Kind::Mark(mark) => vec![Event::Mark(mark_of(context, mark))],
            Kind::Rollup(rollup) => vec![Event::Rollup(Box::new(rollup_of(context, &rollup)))],
            Kind::Census(census) => match self.peer(context).census.part(context, census) {
                Ok(rows) => rows.into_iter().map(|rows| Event::Rows(Box::new(rows))).collect(),
                Err(what) => vec![malformed(&node, what)],
            },
            Kind::Traced(traced) => {
                let event = erlang::traced(context, &traced);
                vec![event.unwrap_or_else(|| malformed(&node, "counts that answer no trace"))]
            }
            Kind::Inspected(inspected) => {
                let event = erlang::inspected(context, inspected);
                vec![event.unwrap_or_else(|| malformed(&node, "an inspection of nobody"))]
            }
            Kind::Fleet(fleet) => {
                let place = (envelope.seq, envelope.key.unwrap_or(false));
                match self.desks.entry(context.address.clone()).or_default().batch(context, place, fleet) {
                    Ok(fleet) => fleet.map(|fleet| Event::Fleet(Box::new(fleet))).into_iter().collect(),
                    Err(what) => vec![malformed(&node, what)],
                }
            }
        }
    }

    fn described(&mut self, context: &Context, description: v1::Description) -> Vec<Event> {
        self.peer(context);
        let described = describe::described(context, description);
        // The host of a hub may be a node of its own, with the same id: a hub goes by its address.
        let node = if described.is_hub { NodeId(context.address.clone()) } else { context.node.clone() };
        self.hubs.remove(&context.address);
        if described.is_hub {
            self.hubs.insert(context.address.clone(), context.node.clone());
        }
        self.by_address.insert(context.address.clone(), node.clone());
        vec![Event::Described(Box::new(Described { node, ..described }))]
    }

    fn lost(&mut self, context: &Context, n_samples: Option<u64>) -> Vec<Event> {
        let peer = self.peer(context);
        // One at the least: the numbers of the samples tell of the others.
        peer.n_reported = peer.n_reported.saturating_add(n_samples.unwrap_or(1));
        vec![Event::Lost { node: context.node.clone(), n_samples }]
    }

    fn sample(&mut self, context: &Context, envelope: &v1::Envelope, sample: v1::Sample) -> Vec<Event> {
        let stream = match envelope.stream() {
            v1::Stream::Overview => Stream::Overview,
            v1::Stream::Detail | v1::Stream::Unspecified => Stream::Detail,
        };
        self.peer(context).sample(context, stream, envelope, sample)
    }

    /// Whether the node that sent this is one of those that are kept. Whatever it tells makes it one, as it does above,
    /// where each node that an event names is kept.
    fn has_room(&mut self, context: &Context) -> bool {
        let is_full = self.peers.len() >= NODES_MAX;
        match self.peers.entry((context.address.clone(), context.node.clone())) {
            hash_map::Entry::Occupied(_) => true,
            hash_map::Entry::Vacant(_) if is_full => false,
            hash_map::Entry::Vacant(place) => {
                place.insert(Peer { epoch: context.epoch, ..Peer::default() });
                true
            }
        }
    }

    /// The state of the node that sent this, made anew where its epoch changed.
    fn peer(&mut self, context: &Context) -> &mut Peer {
        let peer = self.peers.entry((context.address.clone(), context.node.clone())).or_default();
        if peer.epoch != context.epoch {
            *peer = Peer { epoch: context.epoch, ..Peer::default() };
        }
        peer
    }
}

impl Peer {
    fn restart(&mut self) {
        *self = Self { epoch: self.epoch, ..Self::default() };
    }

    fn sample(&mut self, context: &Context, stream: Stream, envelope: &v1::Envelope, sample: v1::Sample) -> Vec<Event> {
        let is_key = envelope.key.unwrap_or(false);
        let Some(seq) = envelope.seq else {
            return vec![malformed(&context.node, "a sample without a number")];
        };
        // A watcher has one stream at a time: what it missed of the other one it never asked for.
        if self.current.replace(stream) != Some(stream) {
            self.base(stream).forget();
        }
        let n_reported = std::mem::take(&mut self.n_reported);
        let base = self.base(stream);
        let mut events = Vec::new();
        let n_lost = base.gap(seq).saturating_sub(n_reported);
        if n_lost > 0 {
            events.push(Event::Lost { node: context.node.clone(), n_samples: Some(n_lost) });
        }
        match base.apply(context, (seq, is_key), sample) {
            Ok(Some(taken)) => {
                if let Some(what) = taken.complaint() {
                    events.push(malformed(&context.node, &what));
                }
                if context.depth != Depth::Kept {
                    events.push(Event::Sample(Box::new(base.event(context, stream, taken))));
                }
            }
            // Without its key a delta says nothing: it is lost as well.
            Ok(None) => events.push(Event::Lost { node: context.node.clone(), n_samples: Some(1) }),
            Err(what) => events.push(malformed(&context.node, what)),
        }
        events
    }

    fn base(&mut self, stream: Stream) -> &mut Base {
        match stream {
            Stream::Overview => &mut self.overview,
            Stream::Detail => &mut self.detail,
        }
    }
}

fn rows_event(context: &Context, rows: v1::Rows) -> Vec<Event> {
    let Some(id) = rows.id else { return vec![malformed(&context.node, "rows that answer no query")] };
    if rows.tasks.len() > ROWS_MAX {
        return vec![malformed(&context.node, "rows beyond any limit")];
    }
    let names = Names::of(rows.names);
    let mono_us = rows.mono_us.unwrap_or(context.mono_us);
    let tasks = task::readings(rows.tasks, &names, mono_us);
    let total = rows.total.unwrap_or(tasks.len() as u64);
    vec![Event::Rows(Box::new(Rows { node: context.node.clone(), epoch: context.epoch, id, mono_us, total, tasks }))]
}

fn details_event(context: &Context, details: v1::Details) -> Vec<Event> {
    let Some(id) = details.id else { return vec![malformed(&context.node, "details that answer no focus")] };
    if details.children.len() > ROWS_MAX {
        return vec![malformed(&context.node, "children beyond any limit")];
    }
    let names = Names::of(details.names);
    let mono_us = details.mono_us.unwrap_or(context.mono_us);
    let is_gone = details.gone.unwrap_or(false);
    vec![Event::Details(Box::new(Details {
        node: context.node.clone(),
        epoch: context.epoch,
        id,
        mono_us,
        task: details.task.filter(|_| !is_gone).and_then(|t| task::reading(&t, &names, mono_us)),
        n_queues: details.n_queues,
        children: task::readings(details.children, &names, mono_us),
        n_children: details.n_children,
        cgroup: details.cgroup.and_then(|c| host::cgroup(&c, &names, mono_us)),
        namespace: details.namespace.and_then(|n| host::namespace(&n, &names, mono_us)),
        probed: details.probed.map(|flows| task::flows(&flows)),
        probe_us: task::value(details.probe_us),
        erlang: details.erlang.map(|look| Box::new(erlang::look(&look))),
    }))]
}

fn is_long(mark: &v1::Mark) -> bool {
    [&mark.text, &mark.author, &mark.focus].into_iter().flatten().any(|text| text.len() > TEXT_MAX)
}

fn mark_of(context: &Context, mark: v1::Mark) -> Mark {
    Mark {
        node: Some(context.node.clone()),
        wall_us: mark.wall_us.unwrap_or(context.wall_us),
        text: mark.text.unwrap_or_default().into(),
        author: mark.author.map(Into::into),
        focus: mark.focus.map(Into::into),
        is_automatic: mark.automatic.unwrap_or(false),
    }
}

fn rollup_of(context: &Context, rollup: &v1::Rollup) -> Rollup {
    Rollup {
        node: context.node.clone(),
        window_us: rollup.window_us.unwrap_or(0),
        wall_us: rollup.wall_us.unwrap_or(context.wall_us),
        summaries: [rollup.sched, rollup.mem, rollup.queue, rollup.rate].map(node::summary),
    }
}

fn malformed(node: &NodeId, what: &str) -> Event {
    Event::Malformed { node: node.clone(), what: what.to_owned() }
}

fn stamped(at: Stamp, events: Vec<Event>) -> Vec<Stamped> {
    events.into_iter().map(|event| Stamped { at, event }).collect()
}

#[cfg(test)]
mod tests;
