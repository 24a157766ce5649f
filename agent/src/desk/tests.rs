//! The desk under a scripted clock: what comes out for what goes in, tick by tick.

mod asks;
mod budget;
mod fold;
mod inspections;
mod kept;
mod marks;
mod rest;
mod roles;
mod streams;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use midair_proto::{
    CONTRACT,
    v1::{self as wire, Details, Interest, Lost, Payload, Rows},
};
use midair_vitals::{Queue, QueueKind, TaskKind, TaskReading, Unit};
use prost::Message;
use tokio_stream::Stream as _;

use super::*;
use crate::{
    outbox::{Outgoing, outbox},
    reading::SourceState,
};
use fold::Fold;

/// A desk, its clock, and the wants that it has set.
struct Bench {
    desk: Desk,
    clock: Clock,
    wants: SharedWants,
    n_watchers: u64,
}

/// A watcher that reads when told to.
struct Client {
    id: WatcherId,
    outgoing: Outgoing,
}

impl Bench {
    fn new() -> Self {
        Self::every(Duration::from_secs(1))
    }

    fn every(interval: Duration) -> Self {
        let clock = Clock::scripted(1_000_000);
        let config = Config { node: Some("node-1".into()), interval, ..Config::default() };
        let wants = SharedWants::default();
        let identity = Arc::new(Identity::read(&config).unwrap());
        let desk = Desk::new(&config, identity, clock.clone(), wants.clone(), ThreadTimes::default());
        Self { desk, clock, wants, n_watchers: 0 }
    }

    /// One tick of a second with these tasks.
    fn tick(&mut self, tasks: Vec<TaskReading>) {
        self.tick_with(|reading| reading.tasks = tasks);
    }

    fn tick_with(&mut self, fill: impl FnOnce(&mut Reading)) {
        let now_us = self.clock.mono_us() + 1_000_000;
        self.swept(|reading| {
            fill(reading);
            for task in &mut reading.tasks {
                task.at_us = now_us;
            }
        });
    }

    /// One tick of a second, whose tasks carry their own stamps.
    fn swept(&mut self, fill: impl FnOnce(&mut Reading)) {
        self.clock.forward(1_000_000);
        let mut reading = Reading::default();
        reading.node.at_us = self.clock.mono_us();
        reading.sources = vec![SourceState::new("fake", Health::Ok)];
        fill(&mut reading);
        self.desk.handle(Command::Read(Box::new(reading), 0));
    }

    fn join(&mut self) -> Client {
        self.join_as(Access::Local)
    }

    fn join_as(&mut self, access: Access) -> Client {
        let (outbox, outgoing) = outbox();
        let id = WatcherId(self.n_watchers);
        self.n_watchers += 1;
        let viewer = format!("viewer-{}", id.0);
        self.desk.handle(Command::Join { id, outbox, viewer, access });
        Client { id, outgoing }
    }

    fn watch(&mut self, stream: Stream, interval_ms: u32) -> Client {
        let client = self.join();
        self.interest(&client, stream, interval_ms);
        client
    }

    fn interest(&mut self, client: &Client, stream: Stream, interval_ms: u32) {
        let interest = Interest { scope: None, stream: Some(stream.into()), interval_ms: Some(interval_ms) };
        self.ask(client, control::Kind::Interest(interest));
    }

    fn ask(&mut self, client: &Client, kind: control::Kind) {
        self.desk.handle(Command::Control(client.id, kind));
    }
}

impl Client {
    /// All that waits.
    fn read(&mut self) -> Vec<Envelope> {
        let mut context = Context::from_waker(Waker::noop());
        let mut all = Vec::new();
        while let Poll::Ready(Some(envelope)) = pin!(&mut self.outgoing).poll_next(&mut context) {
            all.push(envelope.unwrap());
        }
        all
    }

    fn samples(&mut self) -> Vec<Envelope> {
        self.read().into_iter().filter(|envelope| envelope.seq.is_some()).collect()
    }

    fn events(&mut self) -> Vec<Kind> {
        self.read().iter().map(kind).collect()
    }

    fn refusals(&mut self) -> Vec<String> {
        let reason = |kind| match kind {
            Kind::Refused(refused) => refused.reason,
            _ => None,
        };
        self.events().into_iter().filter_map(reason).collect()
    }

    fn has_ended(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        matches!(pin!(&mut self.outgoing).poll_next(&mut context), Poll::Ready(None))
    }
}

fn kind(envelope: &Envelope) -> Kind {
    Payload::decode(envelope.payload.clone().unwrap()).unwrap().kind.unwrap()
}

fn sample(envelope: &Envelope) -> wire::Sample {
    match kind(envelope) {
        Kind::Sample(sample) => sample,
        other => panic!("not a sample: {other:?}"),
    }
}

fn id(number: u64) -> TaskId {
    TaskId { runtime: 0, number, start: 100 }
}

/// A process with a name, some memory and CPU time.
fn task(number: u64, cpu_us: u64) -> TaskReading {
    TaskReading {
        name: Some(format!("task-{number}").into()),
        user: Some("root".into()),
        cpu_us: Some(cpu_us),
        run_delay_us: Some(cpu_us / 10),
        rss_bytes: Some(1_000_000 + number),
        n_threads: Some(1),
        queues: Some([].into()),
        ..TaskReading::unknown(id(number), TaskKind::Process, 0)
    }
}

fn unread(depth: u64) -> Queue {
    let queue = Queue::unknown(QueueKind::TcpReceive, Unit::Bytes);
    Queue { depth: Some(depth), limit: Some(100_000), number: Some(7), ..queue }
}

#[test]
fn a_watcher_is_told_first_who_answers() {
    let mut bench = Bench::new();
    bench.tick_with(|reading| reading.node.mem_total_bytes = Some(64 << 30));
    let mut client = bench.join();
    let events = client.events();
    let [Kind::Described(described)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(described.node.as_deref(), Some("node-1"));
    assert_eq!(described.mem_total_bytes, Some(64 << 30));
    assert_eq!(described.version.as_ref().unwrap().contract, Some(CONTRACT));
    assert_eq!(described.runtimes.len(), 1);
    assert_eq!(described.interval_ms, Some(1_000));
}

#[test]
fn the_65th_watcher_is_refused_and_its_stream_ends() {
    let mut bench = Bench::new();
    let clients: Vec<Client> = (0..N_WATCHERS).map(|_| bench.join()).collect();
    let mut one_more = bench.join();
    let events = one_more.events();
    assert!(matches!(events.as_slice(), [Kind::Refused(r)] if r.fatal == Some(true)), "{events:?}");
    assert!(one_more.has_ended());
    bench.desk.handle(Command::Leave(clients[0].id));
    assert!(matches!(bench.join().events().as_slice(), [Kind::Described(_)]));
}

#[test]
fn a_watcher_that_goes_without_a_word_is_forgotten() {
    let mut bench = Bench::new();
    let client = bench.watch(Stream::Detail, 1_000);
    bench.tick(vec![task(1, 0)]);
    assert_eq!(bench.desk.watchers.len(), 1);
    drop(client);
    bench.tick(vec![task(1, 0)]);
    assert_eq!(bench.desk.watchers.len(), 0);
    bench.tick(vec![task(1, 0)]);
    assert!(bench.desk.encoders.is_empty(), "streams that nobody watches are not encoded");
}

#[test]
fn a_source_that_hangs_is_said_to_hang_and_comes_back() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    bench.tick(vec![task(1, 0)]);
    let mut fold = Fold::default();
    client.samples().iter().for_each(|s| fold.apply(s));
    bench.clock.forward(5_000_000);
    bench.desk.miss_reading();
    client.samples().iter().for_each(|s| fold.apply(s));
    let source = fold.node.sources.as_ref().unwrap().source[0].clone();
    assert_eq!(source.health(), wire::Health::Off);
    assert!(source.reason.unwrap().contains("5 s"));
    assert_eq!(fold.tasks.len(), 1, "the last values stand");
    bench.tick(vec![task(1, 10)]);
    client.samples().iter().for_each(|s| fold.apply(s));
    assert_eq!(fold.node.sources.as_ref().unwrap().source[0].health(), wire::Health::Ok);
}

#[test]
fn who_this_is_is_said_again_when_it_changes_and_not_otherwise() {
    let mut bench = Bench::new();
    let mut early = bench.join();
    let described = |client: &mut Client| -> Vec<wire::Description> {
        let described = |kind| if let Kind::Described(described) = kind { Some(described) } else { None };
        client.events().into_iter().filter_map(described).collect()
    };
    assert_eq!(described(&mut early)[0].mem_total_bytes, None, "nothing was read yet");
    let read = |reading: &mut Reading, n_tasks: u64| {
        reading.node.mem_total_bytes = Some(64 << 30);
        reading.tasks = (0..n_tasks).map(|n| task(n, 0)).collect();
    };
    bench.tick_with(|reading| read(reading, 3));
    assert_eq!(described(&mut early)[0].mem_total_bytes, Some(64 << 30));
    let mut late = bench.join();
    bench.tick_with(|reading| read(reading, 4));
    assert_eq!((described(&mut early).len(), described(&mut late).len()), (0, 1), "who came late was told at once");
    bench.clock.forward(5_000_000);
    bench.desk.miss_reading();
    for client in [&mut early, &mut late] {
        let [now] = described(client).try_into().unwrap();
        assert_eq!(now.runtimes[0].health(), wire::Health::Off);
        assert!(now.runtimes[0].reason.as_ref().unwrap().contains("a source hangs"));
    }
    bench.tick_with(|reading| read(reading, 4));
    assert_eq!(described(&mut early)[0].runtimes[0].health(), wire::Health::Ok);
}
