//! `midair hub`, the whole of it: real agents, a real hub, and viewers that speak to it as dashboards do.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use midair_proto::{
    CONTRACT,
    v1::{
        self, Control, Envelope, FleetValue, Hearing, Hello, HistoryRequest, Interest, Scope, Stream, Version,
        agent_client::AgentClient, control, payload::Kind,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use crate::support::{
    demo::Demo,
    pki::{MIDAIR, midair, said},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A hub. It is killed when this is dropped.
struct Hub {
    program: Child,
    address: String,
}

impl Hub {
    fn start(demo: &Demo, options: &[&str]) -> Self {
        let agents = demo.agents.to_str().expect("a plain path");
        Self::of(&[&["--insecure", "--agents-file", agents], options].concat())
    }

    fn of(options: &[&str]) -> Self {
        Self::at("127.0.0.1:0", options)
    }

    fn at(address: &str, options: &[&str]) -> Self {
        let mut program = Command::new(MIDAIR)
            .args(["hub", "--listen", address, "--name", "hub-1"])
            .args(options)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(program.stderr.take().expect("piped")).lines();
        let said = lines.by_ref().map(|line| line.expect("text")).find(|line| line.contains("listening"));
        let said = said.expect("it says where it listens");
        let address = said.split("address=").nth(1).and_then(|rest| rest.split(' ').next()).expect("an address");
        let address = address.to_owned();
        // It is never to wait for who reads its log.
        std::thread::spawn(move || lines.for_each(drop));
        Self { program, address }
    }

    async fn client(&self) -> AgentClient<Channel> {
        AgentClient::connect(format!("http://{}", self.address)).await.expect("the hub answers")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

/// An open watch.
struct Watch {
    controls: mpsc::Sender<Control>,
    events: Streaming<Envelope>,
}

impl Watch {
    async fn open(client: &AgentClient<Channel>, node: Option<&str>) -> Self {
        let (controls, outgoing) = mpsc::channel(16);
        let version = Some(Version { contract: Some(CONTRACT), program: Some("test".into()) });
        let hello = Hello { version, viewer: Some("ann".into()), node: node.map(str::to_owned) };
        let mut watch = {
            controls.send(Control { kind: Some(control::Kind::Hello(hello)) }).await.expect("there is room");
            let events = client.clone().watch(ReceiverStream::new(outgoing)).await.expect("a watch opens").into_inner();
            Self { controls, events }
        };
        let scope = if node.is_some() { Scope::Node } else { Scope::Cluster };
        let stream = Some(Stream::Overview.into());
        watch
            .say(control::Kind::Interest(Interest { scope: Some(scope.into()), stream, interval_ms: Some(1_000) }))
            .await;
        watch
    }

    async fn say(&mut self, kind: control::Kind) {
        self.controls.send(Control { kind: Some(kind) }).await.expect("somebody listens");
    }

    async fn next(&mut self) -> (Envelope, Kind) {
        let event = timeout(PATIENCE, self.events.message()).await.expect("something comes");
        let envelope = event.expect("the watch goes on").expect("the watch goes on");
        let kind = envelope.kind().expect("a kind that is known");
        (envelope, kind)
    }

    async fn find<T>(&mut self, mut wanted: impl FnMut(&Envelope, Kind) -> Option<T>) -> T {
        let found = async {
            loop {
                let (envelope, kind) = self.next().await;
                let refused = if let Kind::Refused(refused) = &kind { refused.reason.clone() } else { None };
                if let Some(found) = wanted(&envelope, kind) {
                    return found;
                }
                assert_eq!(refused, None, "nothing else is refused");
            }
        };
        timeout(PATIENCE, found).await.expect("it comes in time")
    }
}

/// What a viewer needs to know of the batches here.
#[derive(Default)]
struct Fleet {
    names: BTreeMap<u32, String>,
    live: BTreeSet<u32>,
    with_mem: BTreeSet<u32>,
    hot: Vec<u32>,
}

impl Fleet {
    fn take(&mut self, fleet: &v1::Fleet) {
        self.names.extend(fleet.nodes.iter().filter_map(|node| Some((node.row?, node.node.clone()?))));
        for presence in &fleet.presences {
            let row = presence.row.expect("a row");
            if presence.hearing() == Hearing::Live {
                self.live.insert(row)
            } else {
                self.live.remove(&row)
            };
        }
        for column in fleet.columns.iter().filter(|column| column.value() == FleetValue::MemUsedKib) {
            self.with_mem.extend(rows(&column.gaps));
        }
        if let Some(hot) = &fleet.hot {
            self.hot = rows(&hot.gaps).collect();
        }
    }
}

fn rows(gaps: &[u32]) -> impl Iterator<Item = u32> {
    gaps.iter().scan(0, |row, gap| {
        *row += gap;
        Some(*row)
    })
}

/// The hub tells of this many nodes that they are heard.
async fn heard(watch: &mut Watch, fleet: &mut Fleet, n: usize) {
    let mut last = None;
    watch
        .find(|envelope, kind| {
            let Kind::Fleet(batch) = kind else { return None };
            let follows = last.is_none_or(|last: u64| envelope.seq == Some(last) || envelope.seq == Some(last + 1));
            assert!(follows, "{last:?} then {:?}", envelope.seq);
            last = envelope.seq;
            fleet.take(&batch);
            (fleet.live.len() == n).then_some(())
        })
        .await;
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

#[test]
fn through_a_hub_all_nodes_are_heard_briefly_and_each_by_itself() {
    let demo = Demo::start(&["--nodes", "30", "--scenario", "mailbox"]);
    let hub = Hub::start(&demo, &[]);
    block_on(async {
        let client = hub.client().await;
        let mut watch = Watch::open(&client, None).await;
        let described = watch.find(|_, kind| if let Kind::Described(d) = kind { Some(d) } else { None }).await;
        assert!(described.name() == "hub-1" && described.capabilities.contains(&"hub".to_owned()));
        let mut fleet = Fleet::default();
        heard(&mut watch, &mut fleet, 30).await;
        assert_eq!((fleet.names.len(), fleet.with_mem.len()), (30, 30));
        assert!(!fleet.hot.is_empty());

        let id = fleet.names.values().next().expect("a node").clone();
        let mut one = Watch::open(&client, Some(&id)).await;
        let (envelope, Kind::Described(described)) = one.next().await else { panic!("first it says who it is") };
        assert_eq!((envelope.node, described.node), (Some(id.clone()), Some(id.clone())));
        let rows = |_: &Envelope, kind| if let Kind::Sample(sample) = kind { Some(sample.tasks.len()) } else { None };
        one.find(|envelope, kind| rows(envelope, kind).filter(|n| *n > 5)).await;
        let text = Some("seen".to_owned());
        one.say(control::Kind::Mark(v1::MarkRequest { text, ..v1::MarkRequest::default() })).await;
        let author = one.find(|_, kind| author(kind)).await;
        assert_eq!(author, "ann via hub hub-1");
        one.say(control::Kind::Budget(v1::Budget { milli: Some(900), seconds: Some(60) })).await;
        let reason = one.find(|_, kind| if let Kind::Refused(refused) = kind { refused.reason } else { None }).await;
        assert!(reason.contains("operators"), "{reason}");

        let mut none = Watch::open(&client, Some("nobody")).await;
        let (_, Kind::Refused(refused)) = none.next().await else { panic!("it is not there") };
        assert!(refused.fatal() && refused.reason().contains("no node nobody"));
        let request = HistoryRequest { node: Some(id), ..HistoryRequest::default() };
        let refused = client.clone().history(request).await.expect_err("agents of a demo keep nothing");
        assert_eq!(refused.code(), tonic::Code::Unimplemented);
    });
}

#[test]
fn agents_that_call_in_are_watched_like_others_and_call_again_at_a_hub_that_was_started_anew() {
    let hub = Hub::of(&["--insecure"]);
    let _demo = Demo::start(&["--nodes", "12", "--scenario", "healthy", "--join", &hub.address]);
    block_on(async {
        let client = hub.client().await;
        let mut fleet = Fleet::default();
        heard(&mut Watch::open(&client, None).await, &mut fleet, 12).await;
        let id = fleet.names.values().next().expect("a node");
        let mut one = Watch::open(&client, Some(id)).await;
        one.find(|_, kind| matches!(kind, Kind::Sample(sample) if sample.tasks.len() > 5).then_some(())).await;
    });
    let address = hub.address.clone();
    drop(hub);
    let again = Hub::at(&address, &["--insecure"]);
    block_on(async { heard(&mut Watch::open(&again.client().await, None).await, &mut Fleet::default(), 12).await });
}

#[test]
fn a_hub_records_what_it_tells_and_counts_it_for_prometheus() {
    let demo = Demo::start(&["--nodes", "10", "--scenario", "healthy"]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path().to_str().expect("a plain path");
    let hub = Hub::start(&demo, &["--record", directory, "--metrics", &port.to_string()]);
    block_on(async {
        let mut watch = Watch::open(&hub.client().await, None).await;
        heard(&mut watch, &mut Fleet::default(), 10).await;
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: hub\r\n\r\n").await.expect("it takes the question");
        let mut page = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut page)).await.expect("it answers").expect("text");
        assert!(page.starts_with("HTTP/1.1 200") && page.ends_with("# EOF\n"), "{page}");
        assert!(page.contains("midair_hub_nodes{state=\"live\"} 10\n"), "{page}");
        // What was recorded outlives the hub by a second at most.
        for _ in 0..3 {
            watch.next().await;
        }
    });
    drop(hub);
    let file = std::fs::read_dir(directory).expect("a folder").next().expect("a file").expect("a file").path();
    let output = midair(&["info", file.to_str().expect("a plain path")]);
    assert!(output.status.success() && said(&output).contains("hub-1"), "{}", said(&output));
}

/// Who put a mark there; nobody where a program did by rule.
fn author(kind: Kind) -> Option<String> {
    let Kind::Mark(mark) = kind else { return None };
    mark.author.filter(|_| mark.automatic != Some(true))
}

#[test]
fn two_hubs_watch_the_same_agents_and_a_hub_that_comes_again_has_them_again() {
    let demo = Demo::start(&["--nodes", "12", "--scenario", "healthy"]);
    let (first, second) = (Hub::start(&demo, &[]), Hub::start(&demo, &[]));
    block_on(async {
        for hub in [&first, &second] {
            heard(&mut Watch::open(&hub.client().await, None).await, &mut Fleet::default(), 12).await;
        }
    });
    drop(first);
    let again = Hub::start(&demo, &[]);
    block_on(async {
        heard(&mut Watch::open(&again.client().await, None).await, &mut Fleet::default(), 12).await;
        // Agents that are gone are told as silent, at once.
        let mut watch = Watch::open(&second.client().await, None).await;
        heard(&mut watch, &mut Fleet::default(), 12).await;
        drop(demo);
        heard(&mut watch, &mut Fleet { live: (0..12).collect(), ..Fleet::default() }, 0).await;
    });
}
