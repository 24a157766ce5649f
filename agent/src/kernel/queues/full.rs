//! Objects of which all is kept that was read: everything but idle connections, and those too on hosts with few of them.

use midair_vitals::{Queue, QueueKind};

use super::{
    object::{Ends, Kind, Object, TcpCounters},
    table::Place,
};

/// An object between two looks at it.
#[derive(Clone, Debug)]
pub(crate) struct Full {
    /// As it was read last.
    pub(crate) object: Object,
    /// When it was read last, `CLOCK_MONOTONIC` in microseconds.
    pub(crate) at_us: u64,
    /// The place of its network namespace.
    pub(crate) namespace: usize,
    /// Who owns it.
    pub(crate) owner: Option<Place>,
    /// Who writes into it, of a pipe.
    pub(crate) writer: Option<Place>,
    /// Segments with data, in and out: counted on where the kernel's 32 bits wrap.
    data: (u64, u64),
    /// What it had dropped when that was read last.
    drops: u64,
    /// The tick in which it was last seen to have dropped something.
    dropped: u64,
}

impl Full {
    /// An object that was not kept before.
    pub(crate) fn new(object: Object, at_us: u64, owner: Option<Place>) -> Self {
        let data = object.tcp.map_or((0, 0), |tcp| (tcp.data_segs_in.into(), tcp.data_segs_out.into()));
        let drops = object.drops.unwrap_or(0);
        Self { object, at_us, namespace: 0, owner, writer: None, data, drops, dropped: 0 }
    }

    /// Takes a new reading; says how much was dropped since the last.
    pub(crate) fn update(&mut self, object: Object, at_us: u64, tick: u64) -> u64 {
        if let (Some(before), Some(now)) = (self.object.tcp, object.tcp) {
            self.data.0 += gained(before.data_segs_in, now.data_segs_in);
            self.data.1 += gained(before.data_segs_out, now.data_segs_out);
        }
        // Another way of listing may not tell the drops: then they stand where they were.
        let drops = object.drops.unwrap_or(self.drops);
        let dropped = drops.saturating_sub(self.drops);
        self.drops = drops;
        if dropped > 0 {
            self.dropped = tick;
        }
        self.object = Object { ends: better_ends(&self.object, &object), ..object };
        self.at_us = at_us;
        dropped
    }

    /// Notes that all its drops are new.
    pub(crate) fn dropped_all(&mut self, tick: u64) -> u64 {
        if self.drops > 0 {
            self.dropped = tick;
        }
        self.drops
    }

    /// Whether it was seen to drop something in a tick.
    pub(crate) fn has_dropped_in(&self, tick: u64) -> bool {
        self.dropped == tick
    }

    /// Whether somebody must be found to whom it belongs: something waits in it, or was dropped in this tick.
    pub(crate) fn is_urgent(&self, tick: u64) -> bool {
        self.object.has_waiting() || self.has_dropped_in(tick)
    }

    /// Whether it must be kept on a host with many sockets: it is no socket, or listens, or something waits in it, or may,
    /// or was dropped.
    pub(crate) fn is_notable(&self, tick: u64) -> bool {
        let is_always = match self.object.kind {
            Kind::TcpListener | Kind::UnixListener | Kind::Pipe | Kind::EventFd | Kind::MessageQueue => true,
            Kind::Udp | Kind::Unix => self.drops > 0,
            Kind::Tcp => false,
        };
        is_always || self.has_dropped_in(tick) || self.object.levels().any(|(_, level)| level.depth != Some(0))
    }

    /// Its queues, with their counters of data segments.
    pub(crate) fn queues(&self) -> impl Iterator<Item = Queue> {
        self.object.queues().map(|mut queue| {
            if self.object.tcp.is_some() {
                queue.segments_in = (queue.kind == QueueKind::TcpReceive).then_some(self.data.0);
                queue.segments_out = (queue.kind == QueueKind::TcpSend).then_some(self.data.1);
            }
            queue
        })
    }

    /// Its queue of a kind.
    pub(crate) fn queue(&self, kind: QueueKind) -> Option<Queue> {
        self.queues().find(|queue| queue.kind == kind)
    }
}

/// What a socket is called does not change: a look that did not ask for it takes nothing away.
fn better_ends(before: &Object, now: &Object) -> Ends {
    match (&before.ends, &now.ends) {
        (Ends::Unix { peer, name }, Ends::Unix { peer: new_peer, name: new_name }) => {
            Ends::Unix { peer: new_peer.or(*peer), name: new_name.clone().or_else(|| name.clone()) }
        }
        (known, Ends::None) => known.clone(),
        (_, new) => new.clone(),
    }
}

/// What two readings of a connection's counters are apart, in and out.
pub(crate) fn segments_gained(before: (u32, u32), now: TcpCounters) -> (u64, u64) {
    (gained(before.0, now.segs_in), gained(before.1, now.segs_out))
}

/// The kernel counts segments in 32 bits: the difference is taken so that it survives the wrap. A socket that was taken
/// off its peer and connected anew counts from zero again.
fn gained(before: u32, now: u32) -> u64 {
    let wrapped = now.wrapping_sub(before);
    u64::from(if wrapped > u32::MAX / 2 { now } else { wrapped })
}

/// A list with places that stay.
#[derive(Debug, Default)]
pub(crate) struct Fulls {
    list: Vec<Option<Full>>,
    free: Vec<Place>,
}

impl Fulls {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len() - self.free.len()
    }

    /// Adds one.
    pub(crate) fn add(&mut self, full: Full) -> Place {
        if let Some(place) = self.free.pop() {
            self.list[place.at()] = Some(full);
            return place;
        }
        self.list.push(Some(full));
        Place::new(self.list.len() - 1)
    }

    /// Forgets one.
    pub(crate) fn remove(&mut self, place: Place) {
        if self.list.get_mut(place.at()).and_then(Option::take).is_some() {
            self.free.push(place);
        }
        if self.free.len() == self.list.len() {
            self.list = Vec::new();
            self.free = Vec::new();
        }
    }

    /// The one at a place.
    pub(crate) fn get(&self, place: Place) -> Option<&Full> {
        self.list.get(place.at())?.as_ref()
    }

    /// The one at a place, to be changed.
    pub(crate) fn get_mut(&mut self, place: Place) -> Option<&mut Full> {
        self.list.get_mut(place.at())?.as_mut()
    }

    /// All, with their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Place, &Full)> {
        self.list.iter().enumerate().filter_map(|(at, full)| Some((Place::new(at), full.as_ref()?)))
    }
}

#[cfg(test)]
mod tests;
