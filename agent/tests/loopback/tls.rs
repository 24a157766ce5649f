//! TCP by mutual TLS: who is let in as what, what is logged of it, and what a crowd can do.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::SystemTime,
};

use hyper_util::rt::TokioIo;
use midair_agent::{
    Agent,
    listen::{self, N_CONNECTIONS_EACH},
};
use midair_proto::v1::{DescribeRequest, HistoryRequest, Interest, agent_client::AgentClient, control};
use midair_tls::{
    Acceptor, Connector, Credentials, Files, N_HANDSHAKES, Role, Roles,
    authority::{self, Wanted},
};
use tempfile::TempDir;
use tokio::{net::TcpStream, task::JoinHandle};
use tonic::{
    Code,
    transport::{Channel, Endpoint},
};

use crate::{
    binary::process::{Running, wait_for},
    host::{agent, watch},
};

/// A folder with an authority.
struct Pki(TempDir);

impl Pki {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        authority::init(folder.path(), false, now_s()).unwrap();
        Self(folder)
    }

    fn issue(&self, role: Role, name: &str) -> Files {
        let wanted = Wanted { role, name: name.into(), hosts: Vec::new(), days: 365 };
        let made = authority::issue(self.0.path(), &wanted, true, now_s()).unwrap();
        Files { ca: self.0.path().join("ca.pem"), cert: made.cert, key: made.key }
    }

    fn connector(&self, role: Role, name: &str) -> Connector {
        Connector::new(credentials(self.issue(role, name), &[]))
    }
}

fn now_s() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn credentials(files: Files, rules: &[&str]) -> Arc<Credentials> {
    Arc::new(Credentials::load(files, Roles::new(rules).unwrap(), 0).unwrap())
}

async fn dial(address: SocketAddr, connector: &Connector) -> AgentClient<Channel> {
    let stream = TcpStream::connect(address).await.unwrap();
    let connected = connector.connect(&address.to_string(), stream, 0, now_s() as i64).await.unwrap();
    let mut once = Some(TokioIo::new(connected.stream));
    let connect = tower::service_fn(move |_| {
        let io = once.take().ok_or_else(|| std::io::Error::other("once"));
        async move { io }
    });
    AgentClient::new(Endpoint::from_static("http://tls.invalid").connect_with_connector(connect).await.unwrap())
}

async fn serve(agent: &Agent, pki: &Pki, rules: &[&str]) -> (SocketAddr, JoinHandle<anyhow::Result<()>>) {
    let acceptor = Acceptor::new(credentials(pki.issue(Role::Agent, "node-1"), rules));
    let listener = listen::open_tcp("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(listen::serve_tls(agent.door(), listener, acceptor, std::future::pending())))
}

#[tokio::test]
async fn who_describes_watches_and_asks_for_the_past_is_logged_by_name_and_role() {
    let pki = Pki::new();
    let Files { ca, cert, key } = pki.issue(Role::Agent, "node-1");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (ca, cert, key) = (text(&ca), text(&cert), text(&key));
    let running = Running::start(
        &["--listen", &free.to_string(), "--tls-ca", &ca, "--tls-cert", &cert, "--tls-key", &key],
        "info",
    );
    let mut client = dial(free, &pki.connector(Role::Viewer, "vera")).await;
    let described = client.describe(DescribeRequest::default()).await.unwrap().into_inner();
    assert_eq!(described.insecure, Some(false));
    let open = watch(&mut client).await;
    open.ask(control::Kind::Interest(Interest::default())).await;
    let _answer = client.history(HistoryRequest::default()).await;
    let who = "viewer spiffe://midair/viewer/vera at 127.0.0.1";
    let has = |line: &str, words: &[&str]| words.iter().all(|word| line.contains(word));
    for words in [&["describe", who], &["watch opened", who], &["interest", "midair/viewer/vera"], &["history", who]] {
        wait_for(|| running.log().lines().any(|line| has(line, words)));
    }
}

#[tokio::test]
async fn who_has_no_role_or_none_that_looks_is_refused_on_each_call_in_words() {
    let (pki, agent) = (Pki::new(), agent(3));
    let rules = ["spiffe://midair/viewer/vera=viewer", "spiffe://midair/viewer/odd=agent"];
    let (address, server) = serve(&agent, &pki, &rules).await;
    for (name, words) in [("eve", "has no role here"), ("odd", "an agent does not look")] {
        let mut client = dial(address, &pki.connector(Role::Viewer, name)).await;
        let describe = client.describe(DescribeRequest::default()).await.unwrap_err();
        let history = client.history(HistoryRequest::default()).await.unwrap_err();
        let watch = client.watch(tokio_stream::empty()).await.unwrap_err();
        for status in [describe, history, watch] {
            assert!(status.code() == Code::PermissionDenied && status.message().contains(words), "{status:?}");
        }
    }
    let mut vera = dial(address, &pki.connector(Role::Viewer, "vera")).await;
    assert!(vera.describe(DescribeRequest::default()).await.is_ok());
    server.abort();
}

#[tokio::test]
async fn one_identity_has_so_many_connections_and_leaves_the_rest_to_others() {
    let (pki, agent) = (Pki::new(), agent(3));
    let (address, server) = serve(&agent, &pki, &[]).await;
    let eve = pki.connector(Role::Viewer, "eve");
    let mut many = Vec::new();
    for _ in 0..N_CONNECTIONS_EACH {
        let mut client = dial(address, &eve).await;
        assert!(client.describe(DescribeRequest::default()).await.is_ok());
        many.push(client);
    }
    let refused = dial(address, &eve).await.describe(DescribeRequest::default()).await.unwrap_err();
    assert!(refused.message().contains("16 connections"), "{refused:?}");
    let mut vera = dial(address, &pki.connector(Role::Viewer, "vera")).await;
    assert!(vera.describe(DescribeRequest::default()).await.is_ok());
    drop(many);
    let again = async {
        while dial(address, &eve).await.describe(DescribeRequest::default()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::host::SOON, again).await.expect("those who left are not counted any more");
    server.abort();
}

#[tokio::test]
async fn a_crowd_without_certificates_holds_up_nobody() {
    let (pki, agent) = (Pki::new(), agent(3));
    let (address, server) = serve(&agent, &pki, &[]).await;
    let mut vera = dial(address, &pki.connector(Role::Viewer, "vera")).await;
    let mut open = watch(&mut vera).await;
    let mut crowd = Vec::new();
    for _ in 0..2 * N_HANDSHAKES {
        crowd.push(TcpStream::connect(address).await.unwrap());
    }
    let mut olga = dial(address, &pki.connector(Role::Operator, "olga")).await;
    assert!(olga.describe(DescribeRequest::default()).await.is_ok(), "who has a certificate comes in");
    open.ask(control::Kind::Interest(Interest::default())).await;
    assert!(open.next().await.is_some(), "who was there goes on");
    server.abort();
}
