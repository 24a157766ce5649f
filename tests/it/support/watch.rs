//! A real agent in this process, watched over real gRPC, and what it said.

use std::{sync::Arc, time::Duration};

use midair::{
    clock::Clock,
    entry::{Entry, Item},
    event::{Control, Details, Event, NodeId, Sample, Stream, TableQuery},
    feed::{
        Feed,
        live::{self, Connect, Options, Reach, Target},
    },
    wire::Decoder,
};
use midair_agent::{Agent, Config};
use midair_vitals::{Order, TaskId, TaskKind, TaskReading};

/// An agent and its watcher.
pub(crate) struct Watch {
    runtime: tokio::runtime::Runtime,
    feed: Feed,
    decoder: Decoder,
    events: std::collections::VecDeque<Event>,
    /// All payloads so far, as they came.
    pub(crate) payloads: Vec<u8>,
    /// Who is watched.
    pub(crate) node: NodeId,
}

impl Watch {
    /// Starts an agent that samples four times a second, whatever that costs in a debug build, and watches its detail
    /// stream.
    pub(crate) fn start() -> Self {
        Self::of(Config { interval: Duration::from_millis(250), budget_milli: None, ..Config::default() })
    }

    /// Starts an agent as configured.
    pub(crate) fn of(config: Config) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let interval_ms = config.interval.as_millis() as u32;
        let agent = Arc::new(Agent::start(config).expect("the agent starts"));
        let connect: Connect = Arc::new(move || agent.connect());
        let target = Target { address: "embedded".into(), reach: Reach::Memory(connect), note: "embedded".into() };
        let options =
            Options { viewer: "test".into(), stream: Stream::Detail, interval_ms, seed: 1, ..Options::default() };
        let feed = {
            let _guard = runtime.enter();
            live::live(vec![target], &options, Clock::system())
        };
        let mut watch = Self {
            runtime,
            feed,
            decoder: Decoder::default(),
            events: std::collections::VecDeque::new(),
            payloads: Vec::new(),
            node: NodeId::new("embedded"),
        };
        watch.node = watch.find(|event| match event {
            Event::Described(described) => Some(described.node.clone()),
            _ => None,
        });
        watch
    }

    /// Asks something of the agent.
    pub(crate) fn ask(&mut self, control: Control) {
        assert!(self.feed.control(control), "the feed takes controls");
    }

    /// Asks for every task, threads too where told, each tick.
    pub(crate) fn ask_for_all(&mut self, threads: bool) {
        let mut kinds = vec![TaskKind::Process, TaskKind::KernelThread];
        if threads {
            kinds.push(TaskKind::Thread);
        }
        let query = TableQuery {
            runtime: None,
            kinds,
            order: Order::Number,
            lowest: false,
            filter: String::new(),
            limit: 4096,
            process: None,
        };
        self.ask(Control::Table { node: self.node.clone(), id: 7, query });
    }

    /// Asks for a close look.
    pub(crate) fn ask_for_details(&mut self, task: TaskId) {
        self.ask(Control::Focus { node: self.node.clone(), id: 8, task });
    }

    /// The next event that is as wanted; waits at most 20 s.
    pub(crate) fn find<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let limit = Duration::from_secs(20);
        loop {
            while let Some(event) = self.events.pop_front() {
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
            let next = self.runtime.block_on(async { tokio::time::timeout(limit, self.feed.next()).await });
            let entry: Entry = next.expect("an event within 20 s").expect("the feed goes on");
            if let Item::Envelope(_, envelope) = &entry.item {
                self.payloads.extend_from_slice(envelope.payload.as_deref().unwrap_or_default());
            }
            self.events.extend(self.decoder.decode(&entry).into_iter().map(|stamped| stamped.event));
        }
    }

    /// The next sample.
    pub(crate) fn sample(&mut self) -> Sample {
        self.find(|event| match event {
            Event::Sample(sample) => Some((**sample).clone()),
            _ => None,
        })
    }

    /// The next answer to the focus.
    pub(crate) fn details(&mut self) -> Details {
        self.find(|event| match event {
            Event::Details(details) => Some((**details).clone()),
            _ => None,
        })
    }

    /// The row of a process or thread, from the next answer that has one.
    pub(crate) fn row(&mut self, number: u64) -> TaskReading {
        self.find(|event| match event {
            Event::Rows(rows) => rows.tasks.iter().find(|task| task.id.number == number).cloned(),
            _ => None,
        })
    }
}
