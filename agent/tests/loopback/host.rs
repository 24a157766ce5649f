//! A host of fake tasks, an agent on it, and a client.

use std::time::Duration;

use hyper_util::rt::TokioIo;
use midair_agent::{
    Agent, Clock, Config,
    config::BlackBoxConfig,
    reading::{Close, Health, Reading, Source, SourceState, Wants},
};
use midair_proto::{
    CONTRACT, MESSAGE_MAX,
    v1::{Control, Envelope, Hello, Payload, Version, agent_client::AgentClient, control, payload},
};
use midair_vitals::{TaskId, TaskKind, TaskReading};
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Streaming,
    transport::{Channel, Endpoint},
};

/// Nothing here takes longer than this, unless it hangs.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Tasks whose counters rise with the clock: task n uses n/100 of a CPU.
pub(crate) struct Fake {
    pub(crate) clock: Clock,
    pub(crate) n_tasks: u64,
}

impl Source for Fake {
    fn read(&mut self, wants: &Wants, into: &mut Reading) {
        let at_us = self.clock.mono_us();
        into.node.at_us = at_us;
        let task = |n: u64| TaskReading {
            name: Some(format!("task-{n}").into()),
            cpu_us: Some(at_us * n / 100),
            rss_bytes: Some(n << 20),
            ..TaskReading::unknown(id(n), TaskKind::Process, at_us)
        };
        into.tasks.extend((1..=self.n_tasks).map(task));
        for id in &wants.close {
            let look = Close { n_queues: 3, ..Close::of(task(id.number)) };
            into.close.insert(*id, look);
        }
        into.sources.push(SourceState::new("fake", Health::Ok));
    }
}

pub(crate) fn id(number: u64) -> TaskId {
    TaskId { runtime: 0, number, start: number }
}

/// An agent that samples four times a second.
pub(crate) fn agent(n_tasks: u64) -> Agent {
    agent_with(n_tasks, BlackBoxConfig::default())
}

/// The same, with this black box.
pub(crate) fn agent_with(n_tasks: u64, black_box: BlackBoxConfig) -> Agent {
    let clock = Clock::system();
    let config = Config {
        node: Some("node-1".into()),
        labels: vec![("role".into(), "chat".into())],
        interval: Duration::from_millis(250),
        // A debug build on a busy machine is dear; what an agent leaves out then is tested where it is the point.
        budget_milli: None,
        black_box,
        ..Config::default()
    };
    let source = Fake { clock: clock.clone(), n_tasks };
    Agent::start_with(config, clock, vec![Box::new(source)]).unwrap()
}

/// A client of an embedded agent.
pub(crate) async fn embedded(agent: &Agent) -> AgentClient<Channel> {
    AgentClient::new(channel(agent).await).max_decoding_message_size(MESSAGE_MAX)
}

/// A connection to an embedded agent.
pub(crate) async fn channel(agent: &Agent) -> Channel {
    let mut connection = Some(agent.connect());
    let connect = move |_| {
        let connection = connection.take().map(TokioIo::new);
        async move { connection.ok_or_else(|| std::io::Error::other("one connection only")) }
    };
    let endpoint = Endpoint::from_static("http://embedded.invalid");
    endpoint.connect_with_connector(tower::service_fn(connect)).await.unwrap()
}

/// A watch: controls go in, events come out.
pub(crate) struct Watch {
    pub(crate) controls: mpsc::Sender<Control>,
    pub(crate) events: Streaming<Envelope>,
}

impl Watch {
    pub(crate) async fn open(client: &mut AgentClient<Channel>, first: control::Kind) -> Self {
        let (controls, receiver) = mpsc::channel(16);
        controls.send(Control { kind: Some(first) }).await.unwrap();
        let events = client.watch(ReceiverStream::new(receiver)).await.unwrap().into_inner();
        Self { controls, events }
    }

    pub(crate) async fn ask(&self, kind: control::Kind) {
        self.controls.send(Control { kind: Some(kind) }).await.unwrap();
    }

    /// The next event; `None` when the agent has ended the watch.
    pub(crate) async fn next(&mut self) -> Option<(Envelope, payload::Kind)> {
        let next = tokio::time::timeout(SOON, self.events.message()).await.expect("an event comes soon");
        let envelope = next.unwrap()?;
        let payload = Payload::decode(envelope.payload.clone().unwrap()).unwrap();
        Some((envelope, payload.kind.unwrap()))
    }

    /// The next event that is looked for.
    pub(crate) async fn find<T>(&mut self, wanted: impl Fn(&payload::Kind) -> Option<T>) -> T {
        loop {
            let (_, kind) = self.next().await.expect("the watch goes on");
            if let Some(found) = wanted(&kind) {
                return found;
            }
        }
    }
}

pub(crate) fn hello(contract: u32) -> control::Kind {
    let version = Version { contract: Some(contract), program: Some("test 1.0".into()) };
    control::Kind::Hello(Hello { version: Some(version), viewer: Some("ann@test".into()), node: None })
}

/// A watch that has said hello and has been answered.
pub(crate) async fn watch(client: &mut AgentClient<Channel>) -> Watch {
    let mut watch = Watch::open(client, hello(CONTRACT)).await;
    let (envelope, first) = watch.next().await.unwrap();
    assert!(matches!(first, payload::Kind::Described(_)), "{first:?}");
    assert_eq!(envelope.seq, None);
    watch
}
