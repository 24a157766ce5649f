//! The fleet of the demo before a dashboard, without a socket and without a clock: readings go through the agents' own desks,
//! what they send through the decoder into the state, and what the dashboard asks goes back to them.

use std::{
    collections::HashMap,
    num::NonZero,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use midair_agent::{
    Clock, Config,
    access::Access,
    config::{BlackBoxConfig, Place},
    cost::{Payer, ThreadTimes},
    desk::{Command, Desk, WatcherId},
    identity::Identity,
    outbox::{Outgoing, outbox},
    reading::{Reading, Source},
    sampler::SharedWants,
};
use midair_demo::{Plan, World, source::Made};
use midair_proto::v1::control;
use tokio_stream::Stream as _;

use crate::{
    app::{self, Effect, Msg, Options, State},
    entry::{Entry, Item},
    event::{Cause, Control, Event, Link, LinkState, NodeId, Stamp, Stamped},
    model::Finding,
    wire::{Decoder, to_wire},
};

/// When it begins: `CLOCK_MONOTONIC` of all nodes, microseconds.
const START_US: u64 = 1_000_000_000;

/// The time of the dashboard at that moment.
const BEGAN_US: u64 = 1_790_000_000_000_000;

const S: u64 = 1_000_000;

/// A link without a word for so long is closed.
const KEEPALIVE_S: u64 = 4;

/// How often clocks are compared.
const ECHO_S: u64 = 10;

/// All agents, and who watches them.
pub(super) struct Fleet {
    pub(super) world: Arc<World>,
    pub(super) state: State,
    agents: Vec<Agent>,
    by_name: HashMap<NodeId, usize>,
    clock: Clock,
    /// Seconds since the beginning, and from one sample to the next.
    pub(super) at_s: u64,
    every_s: u64,
}

struct Agent {
    desk: Desk,
    wants: SharedWants,
    source: Made,
    address: Arc<str>,
    ahead_us: Arc<AtomicI64>,
    outgoing: Option<Outgoing>,
    /// What it sends is decoded for itself, for that can be done beside others.
    decoder: Decoder,
    heard: Vec<Stamped>,
    /// What it was asked for last.
    interest: Option<control::Kind>,
    /// Since when it has been cut off, seconds.
    cut_s: Option<u64>,
}

const WATCHER: WatcherId = WatcherId(1);

impl Agent {
    fn new(world: &Arc<World>, number: usize, clock: &Clock, every_s: u64) -> Self {
        let node = &world.cluster.nodes[number];
        let config = Config {
            node: Some(node.name.to_string()),
            labels: node.labels(),
            interval: Duration::from_secs(every_s),
            budget_milli: None,
            payer: Payer::Children,
            black_box: BlackBoxConfig { place: Place::Off, ..BlackBoxConfig::default() },
            is_demo: true,
            ..Config::default()
        };
        let identity = Identity::told(&config, &node.name, "boot".into(), "life".into());
        let (wants, ahead_us) = (SharedWants::default(), Arc::default());
        let source = Made::new(Arc::clone(world), number, clock.clone(), START_US, Arc::clone(&ahead_us));
        let desk = Desk::new(&config, identity.into(), clock.clone(), wants.clone(), ThreadTimes::default());
        let address = format!("{}:7070", node.address()).into();
        Self {
            desk,
            wants,
            source,
            address,
            ahead_us,
            outgoing: None,
            decoder: Decoder::default(),
            heard: Vec::new(),
            interest: None,
            cut_s: None,
        }
    }

    fn read(&mut self, now: Stamp) {
        let mut reading = Reading::default();
        self.source.read(&self.wants.copy(), &mut reading);
        self.desk.handle(Command::Read(Box::new(reading), 0));
        self.hear(now);
    }

    /// Takes in what it has sent since the last time.
    fn hear(&mut self, now: Stamp) {
        for item in self.sent() {
            self.take(now, item);
        }
    }

    fn take(&mut self, at: Stamp, item: Item) {
        self.heard.extend(self.decoder.decode(&Entry { at, item }));
    }

    fn join(&mut self) {
        let (outbox, outgoing) = outbox();
        self.desk.handle(Command::Join { id: WATCHER, outbox, viewer: "test".into(), access: Access::Insecure });
        self.outgoing = Some(outgoing);
        self.say_interest();
    }

    fn say_interest(&mut self) {
        if let Some(kind) = self.interest.clone() {
            self.desk.handle(Command::Control(WATCHER, kind));
        }
    }

    fn sent(&mut self) -> Vec<Item> {
        let Some(outgoing) = &mut self.outgoing else { return Vec::new() };
        let mut context = Context::from_waker(Waker::noop());
        let mut sent = Vec::new();
        while let Poll::Ready(Some(Ok(envelope))) = Pin::new(&mut *outgoing).poll_next(&mut context) {
            sent.push(Item::Envelope(self.address.clone(), envelope.into()));
        }
        sent
    }
}

impl Fleet {
    pub(super) fn new(seed: u64, n_nodes: usize, plan: Plan, every_s: u64) -> Self {
        let world = Arc::new(World::new(seed, n_nodes, plan));
        let clock = Clock::scripted(START_US);
        let agents: Vec<Agent> = (0..n_nodes).map(|number| Agent::new(&world, number, &clock, every_s)).collect();
        let by_name = world.cluster.nodes.iter().map(|node| (NodeId::new(&node.name), node.number)).collect();
        let interval_ms = every_s as u32 * 1_000;
        let state = State::new(Options { n_targets: n_nodes, interval_ms, size: (160, 45), ..Options::default() });
        let mut fleet = Self { world, state, agents, by_name, clock, at_s: 0, every_s };
        for number in 0..n_nodes {
            fleet.connect(number);
        }
        fleet
    }

    /// Time goes on to the next sample: all are read, and what they send arrives; what is wrong then.
    pub(super) fn go_on(&mut self) -> Vec<Finding> {
        self.at_s += self.every_s;
        self.clock.forward(S * self.every_s);
        self.read();
        for number in 0..self.agents.len() {
            let is_cut = self.world.is_cut(&self.world.cluster.nodes[number], self.at_s as f64);
            let agent = &mut self.agents[number];
            match (is_cut, agent.cut_s) {
                (false, None) => self.hear(number),
                (false, Some(_)) => {
                    agent.cut_s = None;
                    self.connect(number);
                }
                (true, None) => agent.cut_s = Some(self.at_s),
                (true, Some(since_s)) if self.at_s == since_s + KEEPALIVE_S => self.cut(number),
                (true, Some(_)) => {}
            }
            self.agents[number].heard.clear();
        }
        self.tell(Stamped { at: self.now(), event: Event::Tick });
        self.state.findings()
    }

    /// As many at once as there are CPUs: most of the time goes here.
    fn read(&mut self) {
        let n_threads = thread::available_parallelism().map_or(1, NonZero::get);
        let (now, per_thread) = (self.now(), self.agents.len().div_ceil(n_threads));
        thread::scope(|scope| {
            for agents in self.agents.chunks_mut(per_thread) {
                scope.spawn(move || agents.iter_mut().for_each(|agent| agent.read(now)));
            }
        });
    }

    fn now(&self) -> Stamp {
        Stamp(BEGAN_US + self.at_s * S)
    }

    fn connect(&mut self, number: usize) {
        let (now, agent) = (self.now(), &mut self.agents[number]);
        agent.heard.clear();
        agent.join();
        let link = Link { address: agent.address.clone(), state: LinkState::Up { note: "".into() } };
        agent.take(now, Item::Link(link));
        agent.hear(now);
        self.hear(number);
    }

    fn cut(&mut self, number: usize) {
        let (now, agent) = (self.now(), &mut self.agents[number]);
        agent.heard.clear();
        agent.desk.handle(Command::Leave(WATCHER));
        agent.outgoing = None;
        let reason = format!("cannot reach agent {}: no answer", agent.address).into();
        let state = LinkState::Down { cause: Cause::Timeout, reason, retry_at: now };
        agent.take(now, Item::Link(Link { address: agent.address.clone(), state }));
        self.hear(number);
    }

    /// Tells the dashboard what an agent has sent.
    fn hear(&mut self, number: usize) {
        let (now, agent) = (self.now(), &mut self.agents[number]);
        if (self.at_s + number as u64 * self.every_s).is_multiple_of(ECHO_S) {
            let offset_us = agent.ahead_us.load(Ordering::Relaxed);
            agent.take(now, Item::Clock(agent.address.clone(), offset_us, 500, offset_us.unsigned_abs() > S));
        }
        for event in std::mem::take(&mut agent.heard) {
            self.tell(event);
        }
    }

    fn tell(&mut self, event: Stamped) {
        for effect in app::update(&mut self.state, Msg::Event(event)) {
            if let Effect::Control(control) = effect {
                self.ask(&control);
            }
        }
    }

    fn ask(&mut self, control: &Control) {
        // The screen of the cluster asks for streams alone.
        let Control::Interest { node, .. } = control else { return };
        let Some(agent) = self.by_name.get(node).map(|number| &mut self.agents[*number]) else { return };
        agent.interest = to_wire(control).and_then(|control| control.kind);
        agent.say_interest();
    }
}
