use std::collections::BTreeMap;

use midair_proto::{
    CONTRACT,
    v1::{Control, Envelope, Hello, Interest, Stream, Version, agent_client::AgentClient, control, payload::Kind},
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use super::*;
use crate::{Plan, Scenario};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn part(plan: Plan, ago: Duration) -> Part {
    let free = std::net::TcpListener::bind("0.0.0.0:0").and_then(|listener| listener.local_addr());
    let start_us = Clock::system().mono_us() - u64::try_from(ago.as_micros()).expect("a moment ago");
    let world = Arc::new(World::new(5, 40, plan));
    Part { world, nodes: 0..40, port: free.expect("a free port").port(), start_us, tls: None, join: None }
}

/// A watch of one agent's overview.
struct Watch {
    _controls: mpsc::Sender<Control>,
    events: Streaming<Envelope>,
}

impl Watch {
    async fn open(part: &Part, number: usize) -> Self {
        let address = format!("http://{}:{}", part.world.cluster.nodes[number].address(), part.port);
        let channel = Channel::from_shared(address).expect("an address").connect().await.expect("it listens");
        let version = Some(Version { contract: Some(CONTRACT), program: Some("a test".into()) });
        let hello = control::Kind::Hello(Hello { version, ..Hello::default() });
        let stream = Some(Stream::Overview.into());
        let interest = control::Kind::Interest(Interest { stream, interval_ms: Some(1_000), ..Interest::default() });
        let (controls, outgoing) = mpsc::channel(4);
        for kind in [hello, interest] {
            controls.send(Control { kind: Some(kind) }).await.expect("there is room");
        }
        let events = AgentClient::new(channel).watch(ReceiverStream::new(outgoing)).await.expect("it answers");
        Self { _controls: controls, events: events.into_inner() }
    }

    async fn next(&mut self) -> Envelope {
        let event = timeout(PATIENCE, self.events.message()).await.expect("something is said");
        event.expect("the stream holds").expect("it goes on")
    }

    async fn sample(&mut self) -> (Envelope, midair_proto::v1::Sample) {
        loop {
            let envelope = self.next().await;
            if let Some(Kind::Sample(sample)) = envelope.kind() {
                return (envelope, sample);
            }
        }
    }
}

#[tokio::test]
async fn each_node_says_who_it_is_and_that_it_is_made_up() {
    let part = part(Plan::Healthy, Duration::ZERO);
    let served = Served::open(&part).expect("addresses are free");
    assert_eq!(served.n_agents(), 40);
    let running = tokio::spawn(served.run());
    for number in [0, 1, 39] {
        let mut watch = Watch::open(&part, number).await;
        let Some(Kind::Described(described)) = watch.next().await.kind() else { panic!("who is it?") };
        let node = &part.world.cluster.nodes[number];
        assert_eq!(described.node.as_deref(), Some(&*node.name));
        let labels: BTreeMap<_, _> = described.labels.into_iter().map(|l| (l.key.unwrap(), l.value.unwrap())).collect();
        assert_eq!(labels, node.labels().into_iter().collect());
        assert!(described.capabilities.iter().any(|word| word == "demo"));
        assert_eq!((described.mem_total_bytes, described.n_cpus), (Some(node.mem_bytes), Some(node.n_cpus)));
        assert_eq!(described.insecure, Some(true));
    }
    running.abort();
}

#[tokio::test]
async fn a_watcher_gets_a_key_then_deltas_and_the_hot_mailbox_among_the_rows() {
    let part = part(Plan::One(Scenario::Mailbox), Duration::from_secs(60));
    let victim = part.world.cluster.pick(crate::Role::Chat, 5).expect("there is one").number;
    let running = tokio::spawn(Served::open(&part).expect("addresses are free").run());
    let mut watch = Watch::open(&part, victim).await;
    let (first, key) = watch.sample().await;
    assert_eq!(first.key, Some(true));
    let names: BTreeMap<_, _> = key.names.iter().map(|name| (name.id, name.text.clone())).collect();
    let router = key.tasks.iter().find(|task| names.get(&task.name) == Some(&Some("chat_router".into())));
    let id = router.expect("the hot mailbox is among the rows").id.expect("it has an id");
    let mut depths = Vec::new();
    while depths.len() < 3 {
        let (envelope, delta) = watch.sample().await;
        assert_eq!(envelope.key, Some(false));
        let row = delta.tasks.iter().find(|task| task.id == Some(id)).expect("it grows, and so it changes");
        depths.extend(row.queues.iter().flat_map(|queues| &queues.queue).filter_map(|queue| queue.depth));
    }
    assert!(depths[0] > 300_000 && depths.is_sorted_by(|a, b| a < b), "{depths:?}");
    running.abort();
}
