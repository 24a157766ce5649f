mod hub;
mod joined;
mod many;

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use midair_proto::{
    CONTRACT,
    v1::{self, agent_server, payload::Kind},
};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_stream::{Stream as Events, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming, transport::Server};

use super::*;
use crate::{
    entry::{Entry, Item},
    event::{Cause, Event, Link, LinkState, TableQuery},
    wire::Decoder,
};

/// What a played agent says of itself, and what it does.
#[derive(Clone, Debug)]
struct Play {
    node: &'static str,
    epoch: u64,
    contract: u32,
    /// The first event is this refusal.
    refuses: Option<&'static str>,
    /// Ends each watch after the description so often, for tests of reconnects.
    ends: usize,
    /// Sends keys for ever, one each quarter of a second.
    samples: bool,
    /// How far its clock is ahead.
    ahead_us: i64,
}

const NODE_7: Play =
    Play { node: "node-7", epoch: 1, contract: CONTRACT, refuses: None, ends: 0, samples: false, ahead_us: 0 };

/// An agent that is played: it writes down the controls it gets.
#[derive(Clone)]
struct Agent {
    play: Play,
    heard: mpsc::Sender<v1::Control>,
    watches: Arc<Mutex<usize>>,
}

impl Agent {
    fn description(&self) -> v1::Description {
        let version = v1::Version { contract: Some(self.play.contract), program: Some("played".into()) };
        v1::Description { version: Some(version), name: Some(self.play.node.into()), ..v1::Description::default() }
    }

    fn envelope(&self, kind: Kind) -> v1::Envelope {
        v1::Envelope {
            node: Some(self.play.node.into()),
            epoch: Some(self.play.epoch),
            payload: Some(v1::Payload { kind: Some(kind) }.encode_to_vec().into()),
            ..v1::Envelope::default()
        }
    }

    fn first(&self) -> Kind {
        match self.play.refuses {
            Some(reason) => {
                Kind::Refused(v1::Refused { reason: Some(reason.into()), fatal: Some(true), ..v1::Refused::default() })
            }
            None => Kind::Described(self.description()),
        }
    }

    async fn sample(self, events: mpsc::Sender<Result<v1::Envelope, Status>>) {
        for seq in 1.. {
            let envelope = v1::Envelope {
                seq: Some(seq),
                key: Some(seq == 1),
                stream: Some(v1::Stream::Overview.into()),
                ..self.envelope(Kind::Sample(v1::Sample::default()))
            };
            if events.send(Ok(envelope)).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn converse(self, mut controls: Streaming<v1::Control>, events: mpsc::Sender<Result<v1::Envelope, Status>>) {
        let n_watches = {
            let mut watches = self.watches.lock().unwrap();
            *watches += 1;
            *watches
        };
        events.send(Ok(self.envelope(self.first()))).await.unwrap();
        if n_watches <= self.play.ends {
            return;
        }
        if self.play.samples {
            tokio::spawn(self.clone().sample(events.clone()));
        }
        while let Some(Ok(control)) = controls.next().await {
            if let Some(v1::control::Kind::Echo(echo)) = &control.kind {
                let wall_us = echo.sent_us.map(|us| us.saturating_add_signed(self.play.ahead_us));
                let reply = Kind::Echo(v1::EchoReply { sent_us: echo.sent_us, wall_us });
                events.send(Ok(self.envelope(reply))).await.unwrap();
            } else if self.heard.send(control).await.is_err() {
                return;
            }
        }
    }
}

#[tonic::async_trait]
impl agent_server::Agent for Agent {
    type WatchStream = Pin<Box<dyn Events<Item = Result<v1::Envelope, Status>> + Send>>;
    type HistoryStream = Self::WatchStream;

    async fn describe(&self, _: Request<v1::DescribeRequest>) -> Result<Response<v1::Description>, Status> {
        Ok(Response::new(self.description()))
    }

    async fn watch(&self, request: Request<Streaming<v1::Control>>) -> Result<Response<Self::WatchStream>, Status> {
        let (events, stream) = mpsc::channel(16);
        tokio::spawn(self.clone().converse(request.into_inner(), events));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn history(&self, _: Request<v1::HistoryRequest>) -> Result<Response<Self::HistoryStream>, Status> {
        Err(Status::unimplemented("played"))
    }
}

/// A played agent behind connections in memory; what it hears comes out of the receiver.
fn played(address: &str, play: Play) -> (Target, mpsc::Receiver<v1::Control>) {
    let (heard, controls) = mpsc::channel(64);
    let agent = Agent { play, heard, watches: Arc::default() };
    let connect = move || {
        let (client, server) = tokio::io::duplex(64 << 10);
        let service = agent_server::AgentServer::new(agent.clone());
        let incoming = tokio_stream::once(Ok::<_, std::io::Error>(server));
        tokio::spawn(Server::builder().serve_with_incoming(service, incoming));
        client
    };
    let target = Target { address: address.into(), reach: Reach::Memory(Arc::new(connect)), note: "played".into() };
    (target, controls)
}

fn tcp(address: String) -> Target {
    Target { address: address.as_str().into(), note: "".into(), reach: Reach::Tcp(address) }
}

fn watch(targets: Vec<Target>) -> Feed {
    let options = Options {
        viewer: "a test".into(),
        stream: Stream::Overview,
        interval_ms: 1_000,
        seed: 1,
        ..Options::default()
    };
    live(targets, &options, Clock::system())
}

async fn soon<T>(it: impl Future<Output = Option<T>>) -> T {
    timeout(Duration::from_secs(10), it).await.expect("within ten seconds").expect("the feed goes on")
}

/// The next entry that is no tick.
async fn next(feed: &mut Feed) -> Entry {
    loop {
        let entry = soon(feed.next()).await;
        if entry.item != Item::Tick {
            return entry;
        }
    }
}

/// The next state of the link with this address.
async fn link(feed: &mut Feed, address: &str) -> LinkState {
    loop {
        if let Item::Link(Link { address: a, state }) = next(feed).await.item
            && *a == *address
            && state != LinkState::Connecting
        {
            return state;
        }
    }
}

async fn down(feed: &mut Feed, address: &str) -> (Cause, String) {
    match link(feed, address).await {
        LinkState::Down { cause, reason, .. } => (cause, reason.to_string()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_link_opens_with_hello_and_interest_and_says_how_it_came_to_be() {
    let (target, mut heard) = played("a", NODE_7);
    let mut feed = watch(vec![target]);
    let connecting = Item::Link(Link { address: "a".into(), state: LinkState::Connecting });
    assert_eq!(next(&mut feed).await.item, connecting);
    assert_eq!(link(&mut feed, "a").await, LinkState::Up { note: "played".into() });
    let described = Decoder::default().decode(&next(&mut feed).await);
    assert!(matches!(&described[0].event, Event::Described(d) if d.node == NodeId::new("node-7")), "{described:?}");
    let Some(v1::control::Kind::Hello(hello)) = soon(heard.recv()).await.kind else { panic!("no hello") };
    assert_eq!((hello.viewer.as_deref(), hello.version.and_then(|v| v.contract)), (Some("a test"), Some(CONTRACT)));
    let Some(v1::control::Kind::Interest(interest)) = soon(heard.recv()).await.kind else { panic!("no interest") };
    assert_eq!((interest.stream(), interest.interval_ms), (v1::Stream::Overview, Some(1_000)));
}

#[tokio::test]
async fn controls_find_their_agent_and_stand_again_after_a_reconnect() {
    let (target, mut heard) = played("a", Play { ends: 1, ..NODE_7 });
    let (other, mut others) = played("b", Play { node: "node-8", ..NODE_7 });
    let mut feed = watch(vec![target, other]);
    let node = NodeId::new("node-7");
    let query = TableQuery {
        runtime: None,
        kinds: vec![],
        order: midair_vitals::Order::Cpu,
        lowest: false,
        filter: String::new(),
        limit: 10,
        process: None,
    };
    // The agent ends its first watch after the description: the table is asked for in between, and must not be lost.
    assert!(matches!(link(&mut feed, "a").await, LinkState::Up { .. }));
    assert!(feed.control(Control::Table { node: node.clone(), id: 3, query }));
    assert!(feed.control(Control::Interest { node, stream: Stream::Detail, interval_ms: 500 }));
    assert_eq!(down(&mut feed, "a").await.0, Cause::Reset);
    assert!(matches!(link(&mut feed, "a").await, LinkState::Up { .. }));
    let mut kinds = Vec::new();
    while kinds.len() < 3 {
        kinds.push(soon(heard.recv()).await.kind.expect("a kind"));
    }
    use v1::control::Kind::{Hello, Interest, Table};
    assert!(
        matches!(&kinds[..], [Hello(_), Interest(i), Table(t)]
        if i.stream() == v1::Stream::Detail && i.interval_ms == Some(500) && t.id == Some(3)),
        "{kinds:?}"
    );
    others.recv().await.expect("hello");
    others.recv().await.expect("interest");
    assert!(others.try_recv().is_err(), "the other agent was asked for nothing else");
}

#[tokio::test]
async fn clocks_are_compared_and_the_estimate_is_an_entry() {
    let (target, _heard) = played("a", Play { ahead_us: 5_000_000, ..NODE_7 });
    let mut feed = watch(vec![target]);
    loop {
        if let Item::Clock(address, offset_us, uncertainty_us, is_step) = next(&mut feed).await.item {
            assert_eq!((&*address, is_step), ("a", false));
            let error = offset_us.abs_diff(5_000_000);
            assert!(error <= uncertainty_us + 1, "{error} us off, {uncertainty_us} us allowed");
            return;
        }
    }
}

#[tokio::test]
async fn nobody_listening_is_said_with_the_way_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (cause, reason) = down(&mut watch(vec![tcp(address.clone())]), &address).await;
    assert_eq!(cause, Cause::Refused);
    assert_eq!(reason, format!("cannot reach agent {address}: connection refused; is midair-agent running there?"));
}

#[tokio::test]
async fn a_missing_socket_is_refused() {
    let path = std::path::PathBuf::from("/nonexistent/agent.sock");
    let target = Target { address: "unix".into(), note: "".into(), reach: Reach::Unix(path) };
    let (cause, reason) = down(&mut watch(vec![target]), "unix").await;
    assert_eq!(cause, Cause::Refused);
    assert!(reason.contains("no such socket"), "{reason}");
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_said_to_be_none() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let target = Target { address: "unix".into(), note: "".into(), reach: Reach::Unix(file.path().to_owned()) };
    let (cause, reason) = down(&mut watch(vec![target]), "unix").await;
    assert_eq!(cause, Cause::Refused);
    assert!(reason.contains("that is no socket"), "{reason}");
}

/// Serves one connection after the other with whatever this does.
async fn served<F: Future<Output = ()> + Send + 'static>(serve: fn(TcpStream) -> F) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

async fn speak_http1(mut stream: TcpStream) {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap();
}

async fn hang_up(stream: TcpStream) {
    drop(stream);
}

#[tokio::test]
async fn something_else_on_the_port_is_no_agent() {
    for address in [served(speak_http1).await, served(hang_up).await] {
        let (cause, reason) = down(&mut watch(vec![tcp(address.clone())]), &address).await;
        assert_eq!(cause, Cause::Protocol, "{reason}");
        assert!(reason.contains("something else than midair-agent"), "{reason}");
    }
}

#[tokio::test]
async fn another_contract_is_a_matter_of_version() {
    let reason = "this agent speaks contract 2, you 1; update midair";
    let (target, _heard) = played("a", Play { contract: 2, refuses: Some(reason), ..NODE_7 });
    let (cause, said) = down(&mut watch(vec![target]), "a").await;
    assert_eq!((cause, said), (Cause::Version, format!("cannot reach agent a: {reason}")));
    let (target, _heard) = played("a", Play { contract: 2, ..NODE_7 });
    let (cause, said) = down(&mut watch(vec![target]), "a").await;
    assert_eq!(cause, Cause::Version);
    assert!(said.contains("it speaks contract 2, this program 1"), "{said}");
}

#[tokio::test]
async fn a_refusal_in_the_right_version_is_a_denial_and_waits_a_minute() {
    let (target, _heard) = played("a", Play { refuses: Some("you may not look"), ..NODE_7 });
    let mut feed = watch(vec![target]);
    let LinkState::Down { cause, retry_at, .. } = link(&mut feed, "a").await else { panic!("not down") };
    assert_eq!(cause, Cause::Denied);
    let wait_s = retry_at.since_us(Clock::system().now()) / 1_000_000;
    assert!((55..=60).contains(&wait_s), "{wait_s} s");
}

/// The reason of the first conflict among two agents.
async fn conflict(one: Play, other: Play) -> String {
    let (a, _heard_a) = played("a", one);
    let (b, _heard_b) = played("b", other);
    let mut feed = watch(vec![a, b]);
    for _ in 0..20 {
        if let Item::Link(Link { state: LinkState::Down { cause, reason, .. }, .. }) = next(&mut feed).await.item {
            assert_eq!(cause, Cause::Conflict);
            return reason.to_string();
        }
    }
    panic!("no conflict in twenty entries");
}

#[tokio::test]
async fn two_agents_with_one_node_id_are_a_conflict() {
    let reason = conflict(NODE_7, Play { epoch: 2, ..NODE_7 }).await;
    assert!(reason.contains("two agents call themselves node-7"), "{reason}");
}

#[tokio::test]
async fn one_agent_under_two_addresses_is_named_once() {
    let reason = conflict(NODE_7, NODE_7).await;
    assert!(reason.contains("name it once"), "{reason}");
}

#[tokio::test]
async fn time_is_told_twice_a_second() {
    let mut feed = watch(vec![]);
    let first = soon(feed.next()).await;
    let second = soon(feed.next()).await;
    assert_eq!((&first.item, &second.item), (&Item::Tick, &Item::Tick));
    let gap_ms = second.at.since_us(first.at) / 1_000;
    assert!((300..2_000).contains(&gap_ms), "{gap_ms} ms");
}

#[tokio::test]
async fn a_dropped_feed_lets_go_of_its_agents() {
    let (target, mut heard) = played("a", NODE_7);
    let mut feed = watch(vec![target]);
    assert!(matches!(link(&mut feed, "a").await, LinkState::Up { .. }));
    drop(feed);
    timeout(Duration::from_secs(10), async { while heard.recv().await.is_some() {} })
        .await
        .expect("the link, and with it the played agent, is dropped");
}

/// An agent behind a port whose path can be frozen: bytes wait then, and nobody hangs up.
async fn freezable(play: Play) -> (Target, watch::Sender<bool>) {
    let (heard, _) = mpsc::channel(64);
    let agent = agent_server::AgentServer::new(Agent { play, heard, watches: Arc::default() });
    let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (outer, behind) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), inner.local_addr().unwrap());
    tokio::spawn(Server::builder().serve_with_incoming(agent, tokio_stream::wrappers::TcpListenerStream::new(inner)));
    let (freeze, is_frozen) = watch::channel(false);
    let address = outer.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((near, _)) = outer.accept().await {
            let far = TcpStream::connect(behind).await.unwrap();
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(pass(near_in, far_out, is_frozen.clone()));
            tokio::spawn(pass(far_in, near_out, is_frozen.clone()));
        }
    });
    (tcp(address), freeze)
}

async fn pass(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, mut is_frozen: watch::Receiver<bool>) {
    let mut bytes = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut bytes).await {
        // An error means that the test is over.
        if is_frozen.wait_for(|frozen| !frozen).await.is_err() || to.write_all(&bytes[..n]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_peer_that_freezes_is_a_timeout_within_five_seconds_and_comes_back_with_a_key() {
    let (target, freeze) = freezable(Play { samples: true, ..NODE_7 }).await;
    let address = target.address.clone();
    let mut feed = watch(vec![target]);
    let mut decoder = Decoder::default();
    assert!(matches!(link(&mut feed, &address).await, LinkState::Up { .. }));
    freeze.send(true).unwrap();
    let frozen = Clock::system().now();
    let (cause, reason) = down(&mut feed, &address).await;
    let took_ms = Clock::system().now().since_us(frozen) / 1_000;
    assert_eq!(cause, Cause::Timeout, "{reason}");
    assert!(reason.contains("no answer to a ping for 3 s"), "{reason}");
    assert!((2_500..5_000).contains(&took_ms), "{took_ms} ms");
    freeze.send(false).unwrap();
    loop {
        let entry = next(&mut feed).await;
        if decoder.decode(&entry).iter().any(|stamped| matches!(stamped.event, Event::Sample(_))) {
            let Item::Envelope(_, envelope) = entry.item else { panic!("a sample comes in an envelope") };
            assert_eq!((envelope.key, envelope.seq), (Some(true), Some(1)));
            return;
        }
    }
}

#[tokio::test]
async fn an_agent_that_hangs_up_is_a_reset_and_no_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (heard, _) = mpsc::channel(64);
    let agent = Agent { play: Play { samples: true, ..NODE_7 }, heard, watches: Arc::default() };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    // On a runtime of its own, which takes its connections along without a word when it ends.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let incoming = tokio_stream::wrappers::TcpListenerStream::new(TcpListener::from_std(listener).unwrap());
            tokio::spawn(Server::builder().serve_with_incoming(agent_server::AgentServer::new(agent), incoming));
            drop(stopped.await);
        });
    });
    let mut feed = watch(vec![tcp(address.clone())]);
    assert!(matches!(link(&mut feed, &address).await, LinkState::Up { .. }));
    stop.send(()).unwrap();
    let (cause, reason) = down(&mut feed, &address).await;
    assert_eq!(cause, Cause::Reset, "{reason}");
}

#[tokio::test]
async fn a_unix_socket_that_hangs_up_without_a_word_does_not_let_us_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let target = Target { address: "unix".into(), note: "".into(), reach: Reach::Unix(path) };
    let (cause, reason) = down(&mut watch(vec![target]), "unix").await;
    assert_eq!(cause, Cause::Denied, "{reason}");
    assert!(reason.contains("membership in the socket's group"), "{reason}");
}
