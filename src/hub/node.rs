//! What a hub keeps of one node: the few values of its last sample, what of its counters gives means, and how it is heard.

use std::{collections::VecDeque, sync::Arc};

use midair_proto::v1::{self, FleetValue};
use midair_vitals::{
    CpuTimes,
    rate::{advance, per_second},
};
use prost::{Message as _, bytes::Bytes};

use crate::{
    event::{Cause, LinkState, Stamp},
    model::presence::Presence,
};

use super::{
    backfill::Gap,
    past::Past,
    reading::{self, Payload},
    tasks::{self, Tasks},
};

/// Means are over so long, microseconds.
const MEAN_US: u64 = 10_000_000;

/// Growth of memory is over so long, of levels this far apart, microseconds.
const MEM_GROWTH_US: u64 = 60_000_000;
const MEM_STEP_US: u64 = 10_000_000;

/// Columns of a batch: numbers of `FleetValue` from 1.
pub(super) const N_VALUES: usize = 15;

/// One value for each column.
pub(super) type Values = [Option<i64>; N_VALUES];

/// Orders of nodes, before those of their tasks: severities, the worst of these, drops, VMs that ended.
const N_OWN: usize = 7;

/// Orders by which nodes are hot.
pub(super) const N_ORDERS: usize = N_OWN + tasks::N_ORDERS;

/// How high a node stands in each order; 0: not at all.
pub(super) type Scores = [f32; N_ORDERS];

/// Interval that a node is held to until its own is known, microseconds.
const INTERVAL_US: u64 = 1_000_000;

/// Why a node is said to be silent though its connection is open.
const NO_SAMPLES: &str = "no samples";
const NO_WORD: &str = "no word from it yet";

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    /// Its stable id.
    pub(super) id: Arc<str>,
    /// Under which address it is watched.
    pub(super) address: Arc<str>,
    /// What it says of itself, as far as a batch tells it; labels are numbers of texts.
    pub(super) described: v1::FleetNode,
    /// The same in its own words.
    said: Bytes,
    /// Whether it is heard.
    pub(super) presence: Presence,
    /// Its wall time minus ours, and by how much that may be wrong, microseconds.
    pub(super) offset: Option<(i64, u64)>,
    /// Samples that were lost.
    pub(super) n_lost: u64,
    /// The last ten minutes.
    pub(super) past: Past,
    is_reached: bool,
    epoch: u64,
    /// Of the last sample that could be used.
    seq: Option<u64>,
    /// Of the last sample at all: what is missing is counted from it.
    newest: Option<u64>,
    arrived: Option<Stamp>,
    interval_us: u64,
    booted_us: Option<u64>,
    node: reading::Node,
    counters: VecDeque<Counters>,
    tasks: Tasks,
    /// Runtimes of VMs that have ended.
    ended: Vec<u32>,
    /// When, and memory in use, bytes.
    mem: VecDeque<(u64, u64)>,
}

/// Counters of one sample, of which means are made.
#[derive(Clone, Copy, Debug)]
struct Counters {
    at_us: u64,
    busy_us: Option<u64>,
    delay_us: Option<u64>,
    tcp_in: Option<u64>,
    tcp_out: Option<u64>,
    drops: Option<u64>,
}

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// A sample that is known now.
    Sample,
    /// A sample that could not be used: one before it is missing, or it cannot be read.
    Unusable,
}

impl Node {
    /// One of which nothing is known but where it should be.
    pub(super) fn new(id: Arc<str>, address: Arc<str>, at: Stamp) -> Self {
        Self {
            id,
            address,
            described: v1::FleetNode::default(),
            said: Bytes::new(),
            presence: Presence::Awaited { since: at },
            offset: None,
            n_lost: 0,
            past: Past::default(),
            is_reached: false,
            epoch: 0,
            seq: None,
            newest: None,
            arrived: None,
            interval_us: INTERVAL_US,
            booted_us: None,
            node: reading::Node::default(),
            counters: VecDeque::new(),
            tasks: Tasks::default(),
            ended: Vec::new(),
            mem: VecDeque::new(),
        }
    }

    /// It says who it is: what was known of another life of it is forgotten. Since when nothing was heard of it, where that is long.
    pub(super) fn described(&mut self, epoch: u64, interval_ms: Option<u32>, at: Stamp) -> Option<Gap> {
        let ours = |stamp: Stamp| stamp.0.saturating_add_signed(self.offset.map_or(0, |(offset_us, _)| offset_us));
        let gap = self.arrived.map(|last| Gap { node: self.id.clone(), from_us: ours(last), to_us: ours(at) });
        self.enter(epoch);
        self.is_reached = true;
        self.presence.reached(NO_SAMPLES);
        self.newest = None;
        self.interval_us = interval_ms.map_or(INTERVAL_US, |ms| u64::from(ms.clamp(250, 60_000)) * 1_000);
        gap
    }

    /// Keeps the words in which it describes itself.
    pub(super) fn keep(&mut self, said: &Bytes) {
        // A copy: what arrived is a piece of a larger buffer, which would stay with it.
        self.said = Bytes::copy_from_slice(said);
    }

    /// The event by which it described itself.
    pub(super) fn description(&self) -> v1::Envelope {
        v1::Envelope {
            node: Some(self.id.to_string()),
            epoch: Some(self.epoch),
            payload: Some(self.said.clone()),
            ..v1::Envelope::default()
        }
    }

    fn enter(&mut self, epoch: u64) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.forget();
            self.newest = None;
            self.counters.clear();
            self.mem.clear();
            self.tasks.clear();
            self.ended.clear();
        }
    }

    fn forget(&mut self) {
        self.seq = None;
        self.node = reading::Node::default();
    }

    /// A sample arrived.
    pub(super) fn sample(&mut self, envelope: &v1::Envelope, at: Stamp) -> Taken {
        self.enter(envelope.epoch.unwrap_or(0));
        let (seq, is_key) = (envelope.seq.unwrap_or(0), envelope.key.unwrap_or(false));
        let last = self.newest.replace(seq);
        self.n_lost += last.map_or(0, |last| seq.saturating_sub(last).saturating_sub(1));
        if is_key {
            self.forget();
        } else if self.seq.is_none_or(|last| last.checked_add(1) != Some(seq)) {
            self.seq = None;
            return Taken::Unusable;
        }
        let payload = envelope.payload.clone().unwrap_or_default();
        let Some(mut sample) = Payload::decode(payload).ok().and_then(|payload| payload.sample) else {
            self.seq = None;
            return Taken::Unusable;
        };
        self.seq = Some(seq);
        if let Some(node) = sample.node.take() {
            self.node.apply(node);
        }
        self.ended.retain(|runtime| !sample.vms_left.contains(runtime));
        for vm in sample.vms.drain(..).filter(|vm| vm.ended_us.is_some()) {
            self.ended.extend(vm.runtime.filter(|runtime| !self.ended.contains(runtime)));
        }
        self.booted_us = self.node.up_us.and_then(|up_us| envelope.wall_us?.checked_sub(up_us)).or(self.booted_us);
        self.presence.heard(self.arrived.is_none());
        self.arrived = Some(at);
        let mono_us = envelope.mono_us.unwrap_or(0);
        self.count(sample.node_mono_us.unwrap_or(mono_us));
        self.tasks.apply(sample, is_key, mono_us);
        let severities = self.node.severities.unwrap_or_default();
        self.past.push(at.0 / 1_000_000, [severities.sched, severities.mem, severities.queue, severities.rate]);
        Taken::Sample
    }

    /// Keeps what means are made of.
    fn count(&mut self, at_us: u64) {
        if self.counters.back().is_some_and(|last| at_us <= last.at_us) {
            self.counters.clear();
            self.mem.clear();
        }
        let node = &self.node;
        let cpu =
            CpuTimes { user_us: node.user_us, system_us: node.system_us, irq_us: node.irq_us, ..CpuTimes::default() };
        let (delay_us, tcp_in, tcp_out) = (node.run_delay_us, node.tcp_in, node.tcp_out);
        let drops =
            [node.net_drops, node.udp_drops, node.listen_drops].into_iter().flatten().reduce(u64::saturating_add);
        self.counters.push_back(Counters { at_us, busy_us: cpu.busy_us(), delay_us, tcp_in, tcp_out, drops });
        while self.counters.get(1).is_some_and(|second| at_us - second.at_us >= MEAN_US) {
            self.counters.pop_front();
        }
        let Some(used) = self.mem_used_bytes() else { return self.mem.clear() };
        if self.mem.back().is_none_or(|(last_us, _)| at_us - last_us >= MEM_STEP_US) {
            self.mem.push_back((at_us, used));
        }
        while self.mem.get(1).is_some_and(|(second_us, _)| at_us - second_us >= MEM_GROWTH_US) {
            self.mem.pop_front();
        }
    }

    fn mem_used_bytes(&self) -> Option<u64> {
        let most = [self.node.mem_limit_bytes, self.node.mem_total_bytes].into_iter().flatten().min();
        Some(most?.saturating_sub(self.node.mem_available_bytes?))
    }

    /// Bytes per second over about a minute; `None` before there is half of one.
    fn mem_growth(&self) -> Option<f64> {
        let ((from_us, from), now) = (*self.mem.front()?, self.counters.back()?);
        let over_us = now.at_us.checked_sub(from_us).filter(|us| *us >= MEM_GROWTH_US / 2)?;
        Some((self.mem_used_bytes()? as f64 - from as f64) * 1e6 / over_us as f64)
    }

    /// The node's values by column; all unknown until a sample has come.
    pub(super) fn values(&self) -> Values {
        let mut values = Values::default();
        let mut set = |column: FleetValue, value: Option<i64>| values[column as usize - 1] = value;
        let severities = self.node.severities.unwrap_or_default();
        set(FleetValue::Sched, severities.sched.map(i64::from));
        set(FleetValue::Mem, severities.mem.map(i64::from));
        set(FleetValue::Queue, severities.queue.map(i64::from));
        set(FleetValue::Rate, severities.rate.map(i64::from));
        if let (Some(first), Some(last)) = (self.counters.front(), self.counters.back()) {
            let rate = |of: fn(&Counters) -> Option<u64>, times: f64| {
                Some((per_second(of(first), of(last), first.at_us, last.at_us)? * times).round() as i64)
            };
            set(FleetValue::CpuMilli, rate(|c| c.busy_us, 1e-3));
            set(FleetValue::DelayMs, rate(|c| c.delay_us, 1e-3));
            set(FleetValue::TcpIn, rate(|c| c.tcp_in, 1.0));
            set(FleetValue::TcpOut, rate(|c| c.tcp_out, 1.0));
            set(FleetValue::Drops, self.drops().and_then(|n| i64::try_from(n).ok()));
        }
        set(FleetValue::MemGrowth, self.mem_growth().map(|bytes| bytes.round() as i64));
        set(FleetValue::MemUsedKib, self.mem_used_bytes().and_then(|bytes| i64::try_from(bytes >> 10).ok()));
        if let Some(queue) = self.node.worst_queue.and_then(|worst| worst.queue) {
            set(FleetValue::QueueDepth, queue.depth.and_then(|n| i64::try_from(n).ok()));
            set(FleetValue::QueueUnit, queue.unit.map(i64::from));
            set(FleetValue::QueueKind, queue.kind.map(i64::from));
        }
        set(FleetValue::BootedS, self.booted_us.and_then(|us| i64::try_from(us / 1_000_000).ok()));
        values
    }

    /// How high it stands in each order.
    pub(super) fn scores(&self) -> Scores {
        let severities = self.node.severities.unwrap_or_default();
        let severities =
            [severities.sched, severities.mem, severities.queue, severities.rate].map(|n| n.unwrap_or(0) as f32);
        let worst = severities.into_iter().fold(0.0, f32::max);
        let own = severities.into_iter().chain([worst, self.drops().unwrap_or(0) as f32, self.ended.len() as f32]);
        let mut scores = [0.0; N_ORDERS];
        scores.iter_mut().zip(own.chain(self.tasks.scores())).for_each(|(score, value)| *score = value);
        scores
    }

    /// What was dropped since the sample before.
    fn drops(&self) -> Option<u64> {
        let last = self.counters.back()?;
        let before = self.counters.len().checked_sub(2).and_then(|n| self.counters.get(n))?;
        advance(before.drops, last.drops)
    }

    /// Time passed.
    pub(super) fn waited(&mut self, now: Stamp) {
        let why = if self.arrived.is_some() { NO_SAMPLES } else { NO_WORD };
        self.presence.waited(now, self.arrived, self.interval_us, why);
    }

    /// Its connection changed.
    pub(super) fn link(&mut self, state: &LinkState, at: Stamp) {
        match state {
            // What counts is that it then says who it is.
            LinkState::Connecting | LinkState::Up { .. } | LinkState::Left { .. } => {}
            LinkState::Down { cause, reason, .. } => {
                self.presence.cut(at, self.arrived, *cause, reason.clone());
                // The next connection begins its numbering anew.
                self.is_reached = false;
                self.seq = None;
                self.newest = None;
            }
        }
    }

    /// Whether its connection is open.
    pub(super) fn is_reached(&self) -> bool {
        self.is_reached
    }
}

/// The class of a reason, as a batch tells it.
pub(super) fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Refused => "refused",
        Cause::Timeout => "timeout",
        Cause::Reset => "reset",
        Cause::Name => "name",
        Cause::Protocol | Cause::BlackBox => "protocol",
        Cause::Version => "version",
        Cause::Denied => "denied",
        Cause::Conflict => "conflict",
        Cause::Left => "left",
    }
}
