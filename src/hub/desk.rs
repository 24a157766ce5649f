//! The one owner of all that a hub knows: takes entries, tells viewers once a second, and answers who asks.

use std::{collections::HashMap, sync::Arc, time::Duration};

use midair_agent::{access::Access, identity::Identity};
use midair_proto::v1::{self, agent_client::AgentClient, payload::Kind};
use prost::{Message as _, bytes::Bytes};
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tonic::{Status, transport::Channel};

use crate::{
    clock::Clock,
    entry::{Entry, Item},
    event::Stamp,
    feed::{Feed, live::Opened},
    model::presence::Presence,
};

use super::{
    backfill::{Backfill, Filled},
    batch::Batches,
    hot::Hot,
    metrics::Numbers,
    record::{Record, Told},
    rows::{Rows, has_left},
    service::Shared,
};

/// Time between two batches.
const BATCH_EVERY: Duration = Duration::from_secs(1);

/// Events that wait for one viewer at most. When full, the next batches are lost to it: it is told how many, and gets a key.
pub(super) const EVENTS_MAX: usize = 16;

/// Questions that wait at most; who asks more waits.
pub(super) const ASKS_MAX: usize = 256;

/// Entries that are taken before anything else is looked at again.
const ENTRIES_AT_ONCE: usize = 256;

/// The way to a viewer.
pub(super) type Out = mpsc::Sender<Result<v1::Envelope, Status>>;

/// What is asked of the desk.
#[derive(Debug)]
pub(super) enum Ask {
    /// Somebody wants batches, and a key first; where they were told already, a key again.
    Fleet {
        /// Number of the watch.
        viewer: u64,
        /// The way to it.
        out: Out,
    },
    /// Somebody has gone.
    Leave {
        /// Number of the watch.
        viewer: u64,
    },
    /// The way to a node.
    Reach {
        /// Its id.
        node: String,
        /// The way, or why there is none.
        reply: oneshot::Sender<Result<AgentClient<Channel>, String>>,
    },
    /// What is known here of the past of a node.
    Past {
        /// Its id.
        node: String,
        /// From when on and until when, by the node's wall clock, microseconds.
        range_us: (u64, u64),
        /// Events, oldest first.
        reply: oneshot::Sender<Vec<v1::Envelope>>,
    },
    /// What is counted.
    Numbers {
        /// The numbers.
        reply: oneshot::Sender<Numbers>,
    },
}

/// Who wants batches.
#[derive(Debug)]
struct Viewer {
    out: Out,
    /// Batches that were lost to it since the last it got.
    n_lost: u64,
    needs_key: bool,
}

/// What a hub knows, and whom it tells.
#[derive(Debug)]
pub(super) struct Desk {
    identity: Arc<Identity>,
    clock: Clock,
    /// The clock that stamps events.
    host: midair_agent::Clock,
    rows: Rows,
    batches: Batches,
    hot: Hot,
    viewers: HashMap<u64, Viewer>,
    ways: HashMap<Arc<str>, AgentClient<Channel>>,
    backfill: Backfill,
    record: Option<Record>,
    /// How this hub describes itself.
    description: v1::Envelope,
    /// What nothing else counts.
    numbers: Numbers,
}

impl Desk {
    /// Knows nothing yet.
    pub(super) fn new(shared: &Shared, record: Option<Record>) -> Self {
        Self {
            identity: shared.identity.clone(),
            clock: shared.clock,
            host: shared.host.clone(),
            rows: Rows::default(),
            batches: Batches::default(),
            hot: Hot::default(),
            viewers: HashMap::new(),
            ways: HashMap::new(),
            backfill: Backfill::default(),
            record,
            description: shared.described(Access::Local),
            numbers: Numbers::default(),
        }
    }

    /// Runs until the feed ends.
    pub(super) async fn run(
        mut self,
        mut feed: Feed,
        mut opened: mpsc::Receiver<Opened>,
        mut asks: mpsc::Receiver<Ask>,
    ) {
        let mut ticks = interval(BATCH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                entry = feed.next() => {
                    let Some(entry) = entry else { return };
                    self.take(&entry);
                    for _ in 0..ENTRIES_AT_ONCE {
                        let Some(entry) = feed.next_waiting() else { break };
                        self.take(&entry);
                    }
                    // Who is back in one of these has opened its connection before.
                    while let Ok(way) = opened.try_recv() {
                        self.ways.insert(way.address, way.client);
                    }
                    self.backfill();
                }
                Some(way) = opened.recv() => drop(self.ways.insert(way.address, way.client)),
                filled = self.backfill.next() => self.filled(&filled),
                Some(ask) = asks.recv() => self.answer(ask),
                _ = ticks.tick() => self.tick(self.clock.now()),
            }
        }
    }

    fn take(&mut self, entry: &Entry) {
        self.rows.fold(entry);
        if let Item::Link(link) = &entry.item
            && has_left(&link.state)
        {
            // With the last way to it goes the connection.
            self.ways.remove(&link.address);
        }
        if let Some(record) = &mut self.record {
            record.entry(entry);
        }
    }

    /// Asks black boxes for what was not heard.
    fn backfill(&mut self) {
        self.rows.gaps.drain(..).for_each(|gap| self.backfill.add(gap));
        let (rows, ways) = (&self.rows, &self.ways);
        self.backfill.go_on(|id| ways.get(&rows.by_id(id)?.address).cloned());
    }

    fn filled(&mut self, filled: &Filled) {
        self.rows.fill(&filled.gap.node, &filled.told);
        if let Some(record) = &mut self.record {
            record.backfilled(self.clock.now(), &filled.gap.node, &filled.told);
        }
        self.backfill();
    }

    fn tick(&mut self, now: Stamp) {
        self.rows.waited(now);
        let hot = self.hot.choose(&self.rows);
        self.numbers.n_hot = hot.len();
        let batch = self.batches.next(&mut self.rows, hot, self.host.mono_us());
        self.numbers.batch_bytes += batch.len() as u64;
        let batch = self.envelope(batch, Some(self.batches.seq()), false);
        let late: Vec<u64> =
            self.viewers.iter_mut().filter_map(|(id, viewer)| viewer.batch(&batch).then_some(*id)).collect();
        self.record(now, &batch);
        self.numbers.n_batches_lost += late.len() as u64;
        for id in late {
            self.key(id);
        }
        self.viewers.retain(|_, viewer| !viewer.out.is_closed());
    }

    fn record(&mut self, at: Stamp, batch: &v1::Envelope) {
        let Some(mut record) = self.record.take() else { return };
        let key = if record.wants_key(at) { self.batches.key(&self.rows) } else { Arc::default() };
        let key: Vec<v1::Envelope> = key.iter().map(|part| self.envelope(part.clone(), batch.seq, true)).collect();
        let hot = self.batches.hot().iter().filter_map(|row| self.rows.get(*row as usize));
        let hot: Vec<(Arc<str>, v1::Envelope)> = hot.map(|node| (node.id.clone(), node.description())).collect();
        record.batch(&Told { at, batch, key: &key, description: &self.description, hot: &hot });
        (self.numbers.recorded_bytes, self.numbers.n_unrecorded) = record.written();
        self.record = Some(record);
    }

    /// Gives a viewer a key, as soon as it fits.
    fn key(&mut self, id: u64) {
        let key = self.batches.key(&self.rows);
        let envelopes: Vec<v1::Envelope> =
            key.iter().map(|part| self.envelope(part.clone(), Some(self.batches.seq()), true)).collect();
        let Some(viewer) = self.viewers.get_mut(&id) else { return };
        viewer.needs_key = true;
        if viewer.out.capacity() <= envelopes.len() {
            return;
        }
        let n_samples = Some(std::mem::take(&mut viewer.n_lost)).filter(|n| *n > 0);
        let lost = n_samples
            .map(|n| event(&self.identity, self.clock, &self.host, Kind::Lost(v1::Lost { n_samples: Some(n) })));
        // There is room for all of these.
        viewer.needs_key = !lost.into_iter().chain(envelopes).all(|envelope| viewer.out.try_send(Ok(envelope)).is_ok());
    }

    fn envelope(&self, payload: Bytes, seq: Option<u64>, is_key: bool) -> v1::Envelope {
        v1::Envelope {
            node: Some(self.identity.node.clone()),
            epoch: Some(self.identity.epoch),
            seq,
            mono_us: Some(self.host.mono_us()),
            wall_us: Some(self.clock.now().0),
            key: Some(is_key),
            stream: None,
            payload: Some(payload),
        }
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Fleet { viewer, out } => {
                self.viewers.entry(viewer).or_insert(Viewer { out, n_lost: 0, needs_key: true });
                self.key(viewer);
            }
            Ask::Leave { viewer } => drop(self.viewers.remove(&viewer)),
            // Who no longer waits for an answer needs none.
            Ask::Reach { node, reply } => drop(reply.send(self.reach(&node))),
            Ask::Past { node, range_us, reply } => drop(reply.send(self.past(&node, range_us))),
            Ask::Numbers { reply } => drop(reply.send(self.numbers())),
        }
    }

    fn numbers(&self) -> Numbers {
        let n_nodes = self.rows.iter().fold([0; 4], |mut n, (_, node)| {
            n[match &node.presence {
                Presence::Awaited { .. } => 0,
                Presence::Live => 1,
                Presence::Late { .. } => 2,
                Presence::Silent { .. } => 3,
            }] += 1;
            n
        });
        let n_lost = self.rows.iter().map(|(_, node)| node.n_lost).sum();
        let (n_viewers, n_batches) = (self.viewers.len(), self.batches.seq());
        Numbers { n_nodes, counts: self.rows.counts, n_lost, n_viewers, n_batches, ..self.numbers }
    }

    fn reach(&self, id: &str) -> Result<AgentClient<Channel>, String> {
        let Some(node) = self.rows.by_id(id) else { return Err(format!("this hub looks after no node {id}")) };
        if let Some(reason) = node.presence.reason().filter(|_| !node.is_reached()) {
            return Err(reason.to_owned());
        }
        let way = self.ways.get(&node.address).cloned();
        way.ok_or_else(|| format!("this hub has not reached {id} yet"))
    }

    fn past(&self, id: &str, (from_us, to_us): (u64, u64)) -> Vec<v1::Envelope> {
        let Some(node) = self.rows.by_id(id) else { return Vec::new() };
        let offset_us = node.offset.map_or(0, |(offset_us, _)| offset_us);
        let ours_s = |us: u64| us.saturating_add_signed(-offset_us) / 1_000_000;
        let rollups = node.past.rollups(ours_s(from_us), ours_s(to_us));
        let one = |(end_s, rollup): (u64, v1::Rollup)| {
            let wall_us = Some((end_s * 1_000_000).saturating_add_signed(offset_us));
            let kind = Kind::Rollup(v1::Rollup { wall_us, ..rollup });
            v1::Envelope {
                node: Some(id.to_owned()),
                epoch: node.described.epoch,
                wall_us,
                payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
                ..v1::Envelope::default()
            }
        };
        rollups.into_iter().map(one).collect()
    }
}

impl Viewer {
    /// Gives it a batch, or counts that as lost; whether it needs a key.
    fn batch(&mut self, batch: &v1::Envelope) -> bool {
        if self.needs_key || self.out.try_send(Ok(batch.clone())).is_err() {
            self.n_lost += 1;
            self.needs_key = true;
        }
        self.needs_key
    }
}

/// An event of the hub itself that is no batch.
pub(super) fn event(identity: &Identity, clock: Clock, host: &midair_agent::Clock, kind: Kind) -> v1::Envelope {
    v1::Envelope {
        node: Some(identity.node.clone()),
        epoch: Some(identity.epoch),
        mono_us: Some(host.mono_us()),
        wall_us: Some(clock.now().0),
        payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
        ..v1::Envelope::default()
    }
}

#[cfg(test)]
mod tests;
