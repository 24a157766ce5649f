//! The desk: the one owner of all that the agent knows. Readings and controls come in, envelopes go out.

mod asked;
mod black_box;
mod budget;
mod controls;
mod description;
mod door;
mod hand_out;
mod inspections;
mod marked;
mod pending;
mod process;
mod traces;

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    time::Duration,
};

use midair_proto::v1::{Cost, Description, Envelope, Stream, control, payload::Kind};
use midair_recording::Before;
use midair_vitals::TaskId;
use tokio::sync::oneshot;

use crate::{
    access::Access,
    black_box::Status,
    census::Census,
    clock::Clock,
    config::Config,
    cost::{Meter, ThreadTimes},
    encode, focus,
    governor::Governor,
    hot::{self, Hot, Lists},
    identity::Identity,
    ledger::Ledger,
    marks::{Marks, Note, Rules},
    names::Names,
    node::NodeLedger,
    outbox::Outbox,
    reading::{Health, Reading, Wants},
    rollup::Rollups,
    sampler::SharedWants,
    stream::{Encoder, StreamKey},
    table,
    tick::Tick,
};
use asked::Asked;
use budget::Booked;
use description::Told;

pub use door::Door;
use inspections::Inspections;
use traces::Traces;

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
        /// What they may do.
        access: Access,
    },
    /// The black box is to be told all that there is: it is no viewer, counts as none, and stays.
    Keep {
        /// Where events for it go.
        outbox: Outbox,
        /// How it is.
        status: Status,
    },
    /// What an agent's life before has left in the black box.
    Before(Box<Before>),
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
    is_demo: bool,
    wants: SharedWants,
    ledger: Ledger,
    node: NodeLedger,
    looks: focus::Looks,
    tick: Option<Tick>,
    /// Who this is, as all watchers know it.
    told: Option<Told>,
    overview: HotRows,
    detail: HotRows,
    kept: Kept,
    names: Names,
    encoders: BTreeMap<StreamKey, Encoder>,
    watchers: BTreeMap<WatcherId, Watcher>,
    tables: Asked<table::Query>,
    focuses: Asked<TaskId>,
    traces: Traces,
    inspections: Inspections,
    marks: Marks,
    rules: Rules,
    /// Notes on the life before, until the next tick.
    news: Vec<Note>,
    rollups: Rollups,
    black_box: Option<Status>,
    census: Census,
    meter: Meter,
    governor: Governor,
    booked: Booked,
    /// So many configured intervals are between two readings.
    interval_times: u32,
    cost: Cost,
    /// CPU time of the desk at the tick before; this one's is known only when it has been sent.
    own_us: u64,
    read_us: u64,
}

#[derive(Debug)]
struct HotRows {
    hot: Hot,
    /// `None` where nobody follows the stream.
    rows: Option<Vec<usize>>,
}

impl HotRows {
    fn choose(&mut self, tick: &Tick, lists: &Lists) {
        self.rows = Some(self.hot.choose(tick, lists));
    }

    fn rows(&self) -> &[usize] {
        self.rows.as_deref().unwrap_or_default()
    }
}

/// The rows of the black box.
#[derive(Debug, Default)]
struct Kept {
    hot: hot::Kept,
    chosen: hot::Chosen,
}

#[derive(Debug)]
struct Watcher {
    outbox: Outbox,
    viewer: String,
    access: Access,
    /// True of the black box.
    is_standing: bool,
    stream: Option<StreamKey>,
    /// The interval that it asked for, milliseconds.
    interval_ms: u32,
    /// When it last put a mark on the time line, `CLOCK_MONOTONIC` in microseconds.
    marked_us: Option<u64>,
}

impl Watcher {
    /// Whether it is sent no more than a few rows.
    fn sees_few(&self) -> bool {
        self.stream.is_none_or(|key| key.stream == Stream::Overview)
    }

    fn follows_overview(&self) -> bool {
        self.stream.is_some_and(|key| key.stream == Stream::Overview)
    }
}

impl Desk {
    /// A desk that knows nothing yet.
    pub fn new(
        config: &Config,
        identity: Arc<Identity>,
        clock: Clock,
        wants: SharedWants,
        threads: ThreadTimes,
    ) -> Self {
        let rows = |stream| HotRows { hot: Hot::new(stream), rows: None };
        Self {
            identity,
            interval_ms: u32::try_from(config.interval.as_millis()).unwrap_or(u32::MAX),
            is_demo: config.is_demo,
            wants,
            ledger: Ledger::default(),
            node: NodeLedger::default(),
            looks: focus::Looks::default(),
            tick: None,
            told: None,
            overview: rows(Stream::Overview),
            detail: rows(Stream::Detail),
            kept: Kept::default(),
            names: Names::default(),
            encoders: BTreeMap::new(),
            watchers: BTreeMap::new(),
            tables: Asked::new(table::N_QUERIES, "table queries"),
            focuses: Asked::new(focus::N_FOCUSES, "focuses"),
            traces: Traces::default(),
            inspections: Inspections::default(),
            marks: Marks::default(),
            rules: Rules::default(),
            news: Vec::new(),
            rollups: Rollups::default(),
            black_box: None,
            census: Census::default(),
            meter: Meter::new(clock.clone(), config.payer, threads),
            governor: Governor::new(config.budget_milli, config.interval),
            booked: Booked::default(),
            interval_times: 1,
            cost: Cost::default(),
            own_us: 0,
            read_us: clock.mono_us(),
            clock,
        }
    }

    /// Serves commands until told to stop. Where no reading comes for longer than `patience`, watchers are told so.
    pub fn run(mut self, inbox: &mpsc::Receiver<Command>, patience: Duration) {
        loop {
            let patience_us = u64::try_from(self.patience(patience).as_micros()).unwrap_or(u64::MAX);
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
            Command::Join { id, outbox, viewer, access } => self.join(id, outbox, viewer, access),
            Command::Keep { outbox, status } => self.keep_all(outbox, status),
            Command::Before(before) => self.remember(*before),
            Command::Control(id, kind) => self.control(id, kind),
            Command::Leave(id) => self.leave(id),
            Command::Describe { reply, is_insecure } => {
                // Whoever asked may have gone.
                drop(reply.send(self.description(is_insecure)));
            }
            Command::Stop => self.watchers.clear(),
        }
    }

    /// Whether nobody is told anything now.
    pub fn is_idle(&self) -> bool {
        self.watchers.is_empty()
    }

    /// How many samples all streams have encoded; more watchers make it no larger.
    pub fn n_encoded(&self) -> u64 {
        self.encoders.values().map(Encoder::n_encoded).sum()
    }

    fn take_reading(&mut self, mut reading: Reading, cpu_us: u64) {
        let before_us = self.clock.thread_cpu_us();
        let (happened, traced) = (std::mem::take(&mut reading.happened), std::mem::take(&mut reading.traced));
        let inspected = std::mem::take(&mut reading.inspected);
        self.govern(cpu_us + self.own_us, &reading);
        let (mono_us, wall_us) = (self.clock.mono_us(), self.clock.wall_us());
        let last = self.tick.take();
        let number = last.as_ref().map_or(0, |tick| tick.number) + 1;
        self.rules.compare(last.as_ref(), &reading);
        if let Some(last) = last {
            self.ledger.take_back(last.reading.tasks);
        }
        let vitals = self.ledger.derive(&mut reading);
        self.looks.complete(&mut reading.close);
        reading.sources.extend(self.black_box.as_ref().and_then(Status::state));
        let mut tick = Tick::new(reading, vitals);
        (tick.number, tick.mono_us, tick.wall_us) = (number, mono_us, wall_us);
        self.choose(&mut tick);
        let rollups = self.rollups.push(mono_us, wall_us, tick.reading.node.severities);
        self.rollups.note(&tick, self.kept.chosen.ranked());
        self.read_us = mono_us;
        self.tick = Some(tick);
        self.describe_anew();
        self.hand_out();
        for rollup in rollups {
            self.tell_rollup(rollup);
        }
        self.count();
        self.mark_all(happened);
        self.answer_traces(traced);
        self.answer_inspections(inspected);
        self.want();
        self.own_us = self.clock.thread_cpu_us().saturating_sub(before_us);
    }

    /// Gives threads rows that rank, completes the node, and chooses the rows of the streams that somebody follows.
    fn choose(&mut self, tick: &mut Tick) {
        let is_kept = self.black_box.is_some();
        // What is noted of tasks that end goes by the rows of the detail stream, but where all who read it follow the overview.
        let has_detail = is_kept || self.is_idle() || !self.watchers.values().all(Watcher::follows_overview);
        let widest = if has_detail { Stream::Detail } else { Stream::Overview };
        if !has_detail {
            self.detail.rows = None;
            self.detail.hot.rest();
        }
        tick.give_rows(hot::threads(tick, widest, is_kept));
        tick.give_rows(self.kept.hot.held());
        for hot in [&self.overview, &self.detail] {
            tick.give_rows(hot.hot.held());
        }
        self.node.complete(tick);
        let lists = Lists::within(tick, widest);
        self.overview.choose(tick, &lists);
        if has_detail {
            self.detail.choose(tick, &lists);
        }
        if is_kept {
            self.kept.chosen = self.kept.hot.choose(tick, &lists);
        }
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
        for state in tick.reading.sources.iter_mut().filter(|state| state.name != black_box::NAME) {
            state.health = Health::Off(Arc::clone(&why));
        }
        (tick.number, tick.mono_us, tick.wall_us) = (tick.number + 1, now_us, wall_us);
        self.describe_anew();
        self.hand_out();
        self.mark_health();
    }

    /// Tells the sampler what to read closely from the next reading on.
    fn want(&self) {
        let is_answering = self.is_answering(self.tick.as_ref().map_or(0, |tick| tick.number) + 1);
        let close = self.focuses.items().iter().filter(|_| is_answering).map(|item| item.asked).collect();
        let hot = [&self.overview, &self.detail].into_iter().filter_map(|hot| hot.rows.as_ref());
        let rows = hot.flatten().chain(&self.kept.chosen.rows);
        let id = |n: &usize| self.tick.as_ref().and_then(|tick| Some(tick.reading.tasks.get(*n)?.id));
        let mut hot: Vec<TaskId> = rows.filter_map(id).collect();
        hot.sort_unstable();
        hot.dedup();
        let thrift = self.governor.thrift();
        let (traces, inspections) = (self.traces.wanted(), self.inspections.wanted());
        let is_few = self.tables.items().is_empty() && self.watchers.values().all(Watcher::sees_few);
        self.wants.set(Wants { close, hot, traces, inspections, thrift, is_few, ..Wants::default() });
    }

    fn drop_unwatched(&mut self) {
        let watchers = &self.watchers;
        self.encoders.retain(|key, _| watchers.values().any(|w| w.stream == Some(*key)));
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
