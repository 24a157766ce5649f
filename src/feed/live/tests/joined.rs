//! Agents that call in: by the agent's own code, and by one that is played.

use std::{net::SocketAddr, path::Path};

use midair_agent::{
    Agent as RealAgent, Config, SourceChoice,
    join::{self, Hub},
};
use midair_proto::greeting;
use midair_tls::{
    Acceptor, Connector, Credentials, Files, Role, Roles,
    authority::{self, Wanted},
};
use tokio::{io::AsyncWriteExt as _, task::JoinHandle};

use super::*;

fn options() -> Options {
    Options { viewer: "a hub".into(), seed: 1, ..Options::default() }
}

/// The door of a hub: who calls in is watched, and clients find nobody.
async fn door(listener: TcpListener, acceptor: Option<Acceptor>, calls: mpsc::Sender<Call>) {
    while let Ok((stream, address)) = listener.accept().await {
        let (acceptor, calls) = (acceptor.clone(), calls.clone());
        tokio::spawn(async move {
            let comer = match acceptor {
                None => comer(stream, (), From::Tcp(Some(address))).await.map(agent_of),
                Some(acceptor) => {
                    let accepted = acceptor.enter().accept(stream, 0).await.unwrap();
                    let from = From::Tls(&accepted.peer, accepted.role);
                    comer(accepted.stream, (), from).await.map(agent_of)
                }
            };
            if let Ok(Some(call)) = comer {
                drop(calls.send(call).await);
            }
        });
    }
}

fn agent_of<S, I>(comer: Comer<S, I>) -> Option<Call> {
    match comer {
        Comer::Agent(call) => Some(call),
        Comer::Client(_) => None,
    }
}

/// A hub, as far as it takes calls; it ends with its feed and its door.
async fn hub(at: &str, acceptor: Option<Acceptor>) -> (Feed, SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, later) = Later::new();
    let feed = live_by(Vec::new(), later, &options(), Clock::system());
    (feed, address, tokio::spawn(door(listener, acceptor, tell.calls)))
}

fn real(node: &str) -> RealAgent {
    let config = Config { node: Some(node.into()), source: SourceChoice::Sysinfo, ..Config::default() };
    RealAgent::start(config).unwrap()
}

fn calling(agent: &RealAgent, hub: Hub) -> JoinHandle<()> {
    tokio::spawn(join::call(agent.door(), hub, |stream| stream, std::future::pending()))
}

/// The address and note of the link of a node, once samples of it come.
async fn heard(feed: &mut Feed, node: &str) -> (Arc<str>, Arc<str>) {
    let mut note = None;
    loop {
        match next(feed).await.item {
            Item::Link(Link { state: LinkState::Up { note: up }, .. }) => note = Some(up),
            Item::Envelope(address, envelope) if envelope.seq.is_some() => {
                assert_eq!(envelope.node.as_deref(), Some(node));
                return (address, note.expect("the link is up before its samples"));
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_agent_calls_in_and_calls_again_at_a_hub_that_was_started_anew() {
    let agent = real("node-1");
    let (mut feed, at, door) = hub("127.0.0.1:0", None).await;
    let calling = calling(&agent, Hub { address: at.to_string(), tls: None });
    let (address, note) = heard(&mut feed, "node-1").await;
    assert_eq!((&*address, &*note), ("node-1, called in from 127.0.0.1", crate::event::INSECURE));
    drop(feed);
    door.abort();
    drop(door.await);
    let (mut feed, _, door) = hub(&at.to_string(), None).await;
    assert_eq!(heard(&mut feed, "node-1").await.0, address);
    calling.abort();
    door.abort();
}

/// A folder with an authority.
fn files(pki: &Path, role: Role, name: &str) -> Files {
    let wanted = Wanted { role, name: name.into(), hosts: Vec::new(), days: 365 };
    let now_s = Clock::system().now().0 / 1_000_000;
    if !pki.join("ca.pem").exists() {
        authority::init(pki, false, now_s).unwrap();
    }
    let made = authority::issue(pki, &wanted, true, now_s).unwrap();
    Files { ca: pki.join("ca.pem"), cert: made.cert, key: made.key }
}

fn credentials(pki: &Path, role: Role, name: &str) -> Arc<Credentials> {
    Arc::new(Credentials::load(files(pki, role, name), Roles::default(), 0).unwrap())
}

#[tokio::test]
async fn by_tls_an_agent_is_known_by_its_certificate_and_nobody_else_calls_in() {
    let pki = tempfile::tempdir().unwrap();
    let acceptor = Acceptor::new(credentials(pki.path(), Role::Hub, "hub-1"));
    let (mut feed, at, door) = hub("127.0.0.1:0", Some(acceptor)).await;
    let connector = |role, name| Some(Connector::new(credentials(pki.path(), role, name)));
    let agent = real("node-1");
    let calling = calling(&agent, Hub { address: at.to_string(), tls: connector(Role::Agent, "n1") });
    let (address, note) = heard(&mut feed, "node-1").await;
    assert_eq!((&*address, &*note), ("node-1, called in from midair/agent/n1", "tls, called in"));
    calling.abort();
    // Whoever looks is no agent: it reads why.
    let stream = TcpStream::connect(at).await.unwrap();
    let vera = connector(Role::Viewer, "vera").unwrap();
    let now = Clock::system().now().0;
    let mut connected = vera.connect(&at.to_string(), stream, 0, (now / 1_000_000) as i64).await.unwrap();
    connected.stream.write_all(&greeting::greeting("node-1")).await.unwrap();
    let mut line = Vec::new();
    connected.stream.read_to_end(&mut line).await.unwrap();
    let words = "you are spiffe://midair/viewer/vera, whose role is viewer; agents call in";
    assert_eq!(greeting::refused(&line), Some((words.to_owned(), true)));
    door.abort();
}

#[tokio::test]
async fn first_words_tell_agents_from_clients_and_what_is_neither_is_let_go() {
    let said = async |words: &[u8]| {
        let (mut near, far) = tokio::io::duplex(1_024);
        near.write_all(words).await.unwrap();
        near.shutdown().await.unwrap();
        match comer(far, (), From::Tcp(None)).await {
            Ok(Comer::Client(mut line)) => {
                let mut all = Vec::new();
                line.read_to_end(&mut all).await.unwrap();
                Ok(String::from_utf8(all).unwrap())
            }
            Ok(Comer::Agent(call)) => Ok(call.address.to_string()),
            Err(error) => Err(error.kind()),
        }
    };
    use std::io::ErrorKind as Kind;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(said(preface.as_bytes()).await.unwrap(), preface, "nothing of it is lost");
    assert_eq!(said(&greeting::greeting("n-7")).await.unwrap(), "n-7, called in from ?");
    assert_eq!(said(b"MIDAIR9\n\x03n-7").await.unwrap_err(), Kind::PermissionDenied);
    assert_eq!(said(&greeting::greeting("a\nb")).await.unwrap_err(), Kind::InvalidData);
    assert_eq!(said(&greeting::greeting("")).await.unwrap_err(), Kind::InvalidData);
    assert_eq!(said(b"MID").await.unwrap_err(), Kind::UnexpectedEof);
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_is_let_go() {
    let (_near, far) = tokio::io::duplex(64);
    let error = comer(far, (), From::Tcp(None)).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

/// A call of an agent that is played.
fn call(play: Play) -> Call {
    let (target, _) = played("a", play);
    let Reach::Memory(connect) = target.reach else { panic!("it is played in memory") };
    Call { address: "node-7, called in from here".into(), note: "played".into(), io: Box::new(connect()) }
}

#[tokio::test]
async fn an_agent_that_calls_anew_is_heard_on_the_new_connection() {
    let (tell, later) = Later::new();
    let mut feed = live_by(Vec::new(), later, &options(), Clock::system());
    let address = "node-7, called in from here";
    tell.calls.send(call(Play { samples: true, ..NODE_7 })).await.unwrap();
    assert!(matches!(link(&mut feed, address).await, LinkState::Up { .. }));
    // The connection before is as good as ever, as far as anybody here can tell.
    tell.calls.send(call(Play { epoch: 2, samples: true, ..NODE_7 })).await.unwrap();
    let LinkState::Down { cause, reason, retry_at } = link(&mut feed, address).await else { panic!("it stays up") };
    assert_eq!((cause, retry_at), (Cause::Reset, crate::event::Stamp(u64::MAX)));
    assert!(reason.contains("called in anew"), "{reason}");
    assert!(matches!(link(&mut feed, address).await, LinkState::Up { .. }));
    loop {
        if let Item::Envelope(_, envelope) = next(&mut feed).await.item
            && envelope.seq.is_some()
        {
            assert_eq!(envelope.epoch, Some(2), "it is the same link, and no conflict");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_calls_no_more_is_forgotten_after_ten_minutes() {
    let (tell, later) = Later::new();
    let mut feed = live_by(Vec::new(), later, &options(), Clock::system());
    let address = "node-7, called in from here";
    tell.calls.send(call(Play { ends: 1, ..NODE_7 })).await.unwrap();
    assert!(matches!(link(&mut feed, address).await, LinkState::Up { .. }));
    let started = tokio::time::Instant::now();
    assert!(matches!(link(&mut feed, address).await, LinkState::Down { .. }));
    let LinkState::Left { reason } = link(&mut feed, address).await else { panic!("it stays") };
    assert_eq!((&*reason, started.elapsed().as_secs()), ("it called in, and does so no more", 600));
}
