//! The desk: the one owner of all that the agent knows. Readings and controls come in, envelopes go out.

mod asked;
mod controls;
mod door;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, mpsc},
    time::Duration,
};

use midair_proto::{
    CONTRACT,
    v1::{Cost, Description, Details, Envelope, Label, Lost, Rows, Stream, Version, control, payload::Kind},
};
use midair_vitals::TaskId;
use tokio::sync::oneshot;

use crate::{
    clock::Clock,
    config::{Config, INTERVAL_MIN},
    cost::Meter,
    encode, focus,
    hot::{Hot, Lists},
    identity::Identity,
    ledger::Ledger,
    marks::Marks,
    names::Names,
    node::NodeLedger,
    outbox::{Outbox, Reader},
    reading::{Health, Reading, Wants},
    rollup::Rollups,
    sampler::SharedWants,
    stream::{Content, Encoder, StreamKey},
    table,
    tick::Tick,
};
use asked::Asked;

pub use door::Door;

/// Commands that wait for the desk at most; when full, the sampler and clients wait.
pub const N_COMMANDS: usize = 64;

/// Watchers at once; beyond it a watch is refused in words.
pub const N_WATCHERS: usize = 64;

/// Which watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatcherId(pub u64);

/// What the desk is told.
#[derive(Debug)]
pub enum Command {
    /// The sources were read, which took so many microseconds of CPU.
    Read(Box<Reading>, u64),
    /// Somebody has come to watch, and has said hello.
    Join {
        /// Who.
        id: WatcherId,
        /// Where events for them go.
        outbox: Outbox,
        /// Who they say they are.
        viewer: String,
        /// Whether their connection is neither encrypted nor authenticated.
        is_insecure: bool,
    },
    /// A watcher asks for something.
    Control(WatcherId, control::Kind),
    /// A watcher has gone.
    Leave(WatcherId),
    /// Somebody asks who this is.
    Describe {
        /// Where the answer goes.
        reply: oneshot::Sender<Description>,
        /// Whether their connection is neither encrypted nor authenticated.
        is_insecure: bool,
    },
    /// All watches end.
    Stop,
}

/// The desk.
#[derive(Debug)]
pub struct Desk {
    identity: Arc<Identity>,
    clock: Clock,
    interval_ms: u32,
    wants: SharedWants,
    ledger: Ledger,
    node: NodeLedger,
    looks: focus::Looks,
    tick: Option<Tick>,
    overview: HotRows,
    detail: HotRows,
    names: Names,
    encoders: BTreeMap<StreamKey, Encoder>,
    watchers: BTreeMap<WatcherId, Watcher>,
    tables: Asked<table::Query>,
    focuses: Asked<TaskId>,
    marks: Marks,
    rollups: Rollups,
    meter: Meter,
    cost: Cost,
    /// CPU time of the desk at the tick before; this one's is known only when it has been sent.
    own_us: u64,
    read_us: u64,
}

#[derive(Debug)]
struct HotRows {
    hot: Hot,
    rows: Vec<usize>,
}

#[derive(Debug)]
struct Watcher {
    outbox: Outbox,
    viewer: String,
    stream: Option<StreamKey>,
}

impl Desk {
    /// A desk that knows nothing yet.
    pub fn new(config: &Config, identity: Arc<Identity>, clock: Clock, wants: SharedWants) -> Self {
        let rows = |stream| HotRows { hot: Hot::new(stream), rows: Vec::new() };
        Self {
            identity,
            interval_ms: u32::try_from(config.interval.as_millis()).unwrap_or(u32::MAX),
            wants,
            ledger: Ledger::default(),
            node: NodeLedger::default(),
            looks: focus::Looks::default(),
            tick: None,
            overview: rows(Stream::Overview),
            detail: rows(Stream::Detail),
            names: Names::default(),
            encoders: BTreeMap::new(),
            watchers: BTreeMap::new(),
            tables: Asked::new(table::N_QUERIES, "table queries"),
            focuses: Asked::new(focus::N_FOCUSES, "focuses"),
            marks: Marks::default(),
            rollups: Rollups::default(),
            meter: Meter::new(clock.clone()),
            cost: Cost::default(),
            own_us: 0,
            read_us: clock.mono_us(),
            clock,
        }
    }

    /// Serves commands until told to stop. Where no reading comes for longer than `patience`, watchers are told so.
    pub fn run(mut self, inbox: &mpsc::Receiver<Command>, patience: Duration) {
        let patience_us = u64::try_from(patience.as_micros()).unwrap_or(u64::MAX);
        loop {
            let waited_us = self.clock.mono_us().saturating_sub(self.read_us);
            let left = Duration::from_micros(patience_us.saturating_sub(waited_us));
            match inbox.recv_timeout(left) {
                Ok(Command::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Ok(command) => self.handle(command),
                Err(mpsc::RecvTimeoutError::Timeout) => self.miss_reading(),
            }
        }
    }

    /// Does what one command says.
    pub fn handle(&mut self, command: Command) {
        match command {
            Command::Read(reading, cpu_us) => self.take_reading(*reading, cpu_us),
            Command::Join { id, outbox, viewer, is_insecure } => self.join(id, outbox, viewer, is_insecure),
            Command::Control(id, kind) => self.control(id, kind),
            Command::Leave(id) => self.leave(id),
            Command::Describe { reply, is_insecure } => {
                // Whoever asked may have gone.
                drop(reply.send(self.description(is_insecure)));
            }
            Command::Stop => self.watchers.clear(),
        }
    }

    /// How many samples all streams have encoded; more watchers make it no larger.
    pub fn n_encoded(&self) -> u64 {
        self.encoders.values().map(Encoder::n_encoded).sum()
    }

    fn take_reading(&mut self, mut reading: Reading, cpu_us: u64) {
        let before_us = self.clock.thread_cpu_us();
        self.cost = self.meter.read(cpu_us + self.own_us, self.watchers.len());
        let (mono_us, wall_us) = (self.clock.mono_us(), self.clock.wall_us());
        let number = self.tick.as_ref().map_or(0, |tick| tick.number) + 1;
        let vitals = self.ledger.derive(&mut reading);
        self.looks.complete(&mut reading.close);
        let index = reading.tasks.iter().enumerate().map(|(n, task)| (task.id, n)).collect();
        let mut tick = Tick { number, mono_us, wall_us, reading, vitals, index };
        self.node.complete(&mut tick);
        let lists = Lists::of(&tick);
        for hot in [&mut self.overview, &mut self.detail] {
            hot.rows = hot.hot.choose(&tick, &lists);
        }
        let rollups = self.rollups.push(mono_us, wall_us, tick.reading.node.severities);
        self.read_us = mono_us;
        self.tick = Some(tick);
        self.hand_out();
        for rollup in rollups {
            self.tell_all(Kind::Rollup(rollup));
        }
        self.want();
        self.own_us = self.clock.thread_cpu_us().saturating_sub(before_us);
    }

    /// The sampler is late: a source hangs. The last values stand, with their age; the sources say why.
    fn miss_reading(&mut self) {
        let now_us = self.clock.mono_us();
        self.read_us = now_us;
        let wall_us = self.clock.wall_us();
        let Some(tick) = &mut self.tick else { return };
        let silent_s = now_us.saturating_sub(tick.reading.node.at_us) / 1_000_000;
        tracing::warn!(silent_s, "no reading: a source hangs");
        let why: Arc<str> = format!("no reading for {silent_s} s: a source hangs; the values shown are old").into();
        for state in &mut tick.reading.sources {
            state.health = Health::Off(Arc::clone(&why));
        }
        (tick.number, tick.mono_us, tick.wall_us) = (tick.number + 1, now_us, wall_us);
        self.hand_out();
    }

    /// Sends out what this tick holds: samples, tables, close looks.
    fn hand_out(&mut self) {
        let Some(tick) = self.tick.take() else { return };
        if self.names.begin(tick.number) {
            // What streams hold refers to names that are no more: they begin anew, with a key.
            self.encoders.clear();
        }
        let mut gone = BTreeSet::new();
        self.drop_unwatched();
        let watched: BTreeSet<StreamKey> = self.watchers.values().filter_map(|w| w.stream).collect();
        for key in watched {
            self.send_stream(key, &tick, &mut gone);
        }
        self.send_tables(&tick, &mut gone, None);
        self.send_details(&tick, &mut gone, None);
        self.tick = Some(tick);
        for id in gone {
            self.leave(id);
        }
    }

    fn send_stream(&mut self, key: StreamKey, tick: &Tick, gone: &mut BTreeSet<WatcherId>) {
        let rows = match key.stream {
            Stream::Overview => &self.overview.rows,
            Stream::Detail | Stream::Unspecified => &self.detail.rows,
        };
        let content = Content { tick, rows, cost: self.cost };
        let identity = &self.identity;
        let (encoder, sample) = match self.encoders.entry(key) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                let encoder = vacant.insert(Encoder::new(key, Arc::clone(identity), content, &mut self.names));
                let sample = encoder.key(&mut self.names);
                (encoder, sample)
            }
            std::collections::btree_map::Entry::Occupied(_) if !key.is_due(tick.number) => return,
            std::collections::btree_map::Entry::Occupied(occupied) => {
                let encoder = occupied.into_mut();
                let sample = encoder.advance(content, &mut self.names);
                (encoder, sample)
            }
        };
        for (id, watcher) in self.watchers.iter_mut().filter(|(_, w)| w.stream == Some(key)) {
            let outbox = &mut watcher.outbox;
            let reader = if !outbox.needs_key() {
                outbox.sample(sample.clone())
            } else if outbox.has_room_for_key() {
                let n_samples = Some(outbox.take_lost());
                tracing::info!(watcher = id.0, n_samples, "a slow watcher has lost samples");
                let lost = event(identity, &self.clock, Kind::Lost(Lost { n_samples }));
                let _room_was_seen = outbox.sample(lost);
                outbox.sample(encoder.key(&mut self.names))
            } else {
                outbox.lose();
                Reader::There
            };
            if reader == Reader::Gone {
                gone.insert(*id);
            }
        }
    }

    /// Answers table queries: all, or those of one asker.
    fn send_tables(&mut self, tick: &Tick, gone: &mut BTreeSet<WatcherId>, only: Option<(WatcherId, u32)>) {
        for item in self.tables.items() {
            let askers: Vec<_> = item.askers.iter().filter(|asker| only.is_none_or(|o| o == **asker)).collect();
            if askers.is_empty() {
                continue;
            }
            let rows = item.asked.answer(tick, &mut self.names);
            // Equal queries under one number share one encoding.
            let mut encoded: HashMap<u32, Envelope> = HashMap::new();
            for (watcher, id) in askers {
                let make = || {
                    let rows = Rows { id: Some(*id), ..rows.clone() };
                    event(&self.identity, &self.clock, Kind::Rows(rows))
                };
                let answer = encoded.entry(*id).or_insert_with(make).clone();
                if self.watchers.get(watcher).is_none_or(|w| w.outbox.answer(answer) == Reader::Gone) {
                    gone.insert(*watcher);
                }
            }
        }
    }

    /// Answers focuses: all, or those of one asker. One whose task is gone ends with that answer.
    fn send_details(&mut self, tick: &Tick, gone: &mut BTreeSet<WatcherId>, only: Option<(WatcherId, u32)>) {
        let mut ended = Vec::new();
        for item in self.focuses.items() {
            let askers: Vec<_> = item.askers.iter().filter(|asker| only.is_none_or(|o| o == **asker)).collect();
            if askers.is_empty() {
                continue;
            }
            let Some(details) = focus::details(item.asked, tick, &mut self.names) else { continue };
            for (watcher, id) in askers {
                let details = Details { id: Some(*id), ..details.clone() };
                if details.gone == Some(true) {
                    ended.push((*watcher, *id));
                }
                let answer = event(&self.identity, &self.clock, Kind::Details(details));
                if self.watchers.get(watcher).is_none_or(|w| w.outbox.answer(answer) == Reader::Gone) {
                    gone.insert(*watcher);
                }
            }
        }
        for (watcher, id) in ended {
            self.focuses.stop(watcher, id);
        }
    }

    fn tell_all(&mut self, kind: Kind) {
        let word = event(&self.identity, &self.clock, kind);
        let is_gone =
            |(id, watcher): (&WatcherId, &Watcher)| (watcher.outbox.word(word.clone()) == Reader::Gone).then_some(*id);
        let gone: Vec<WatcherId> = self.watchers.iter().filter_map(is_gone).collect();
        for id in gone {
            self.leave(id);
        }
    }

    /// Tells the sampler what to read closely from the next reading on.
    fn want(&self) {
        let close = self.focuses.items().iter().map(|item| item.asked).collect();
        let rows = self.overview.rows.iter().chain(&self.detail.rows);
        let id = |n: &usize| self.tick.as_ref().and_then(|tick| Some(tick.reading.tasks.get(*n)?.id));
        let hot: BTreeSet<TaskId> = rows.filter_map(id).collect();
        self.wants.set(Wants { close, hot: hot.into_iter().collect() });
    }

    fn drop_unwatched(&mut self) {
        let watchers = &self.watchers;
        self.encoders.retain(|key, _| watchers.values().any(|w| w.stream == Some(*key)));
    }

    fn description(&self, is_insecure: bool) -> Description {
        let identity = &self.identity;
        let reading = self.tick.as_ref().map(|tick| &tick.reading);
        let n_cpus = reading.map(|r| r.node.cpus.len()).filter(|n| *n > 0);
        let n_cpus = n_cpus.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
        let runtimes = reading.map(|r| encode::runtimes(&r.sources, r.tasks.len()).runtime).unwrap_or_default();
        let label = |(key, value): &(String, String)| Label { key: Some(key.clone()), value: Some(value.clone()) };
        let program = Some(encode::PROGRAM.to_owned());
        Description {
            version: Some(Version { contract: Some(CONTRACT), program }),
            node: Some(identity.node.clone()),
            name: Some(identity.name.clone()),
            boot_id: Some(identity.boot_id.clone()),
            instance: Some(identity.instance.clone()),
            labels: identity.labels.iter().map(label).collect(),
            n_cpus: n_cpus.and_then(|n| u32::try_from(n).ok()),
            mem_total_bytes: reading.and_then(|r| r.node.mem_total_bytes),
            system: Some(identity.system.clone()),
            runtimes,
            capabilities: ["table", "focus", "mark", "rollup"].map(String::from).to_vec(),
            user: Some(identity.user.clone()),
            interval_min_ms: u32::try_from(INTERVAL_MIN.as_millis()).ok().map(|ms| ms.max(self.interval_ms)),
            interval_ms: Some(self.interval_ms),
            insecure: Some(is_insecure),
        }
    }
}

/// An event that is no sample, stamped now.
fn event(identity: &Identity, clock: &Clock, kind: Kind) -> Envelope {
    Envelope {
        node: Some(identity.node.clone()),
        epoch: Some(identity.epoch),
        mono_us: Some(clock.mono_us()),
        wall_us: Some(clock.wall_us()),
        payload: Some(encode::payload(kind)),
        ..Envelope::default()
    }
}

#[cfg(test)]
mod tests;
