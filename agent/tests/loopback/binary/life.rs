//! Its life: started, looked at, frozen, ended, and what it leaves behind.

use std::{
    os::unix::fs::{FileTypeExt, PermissionsExt},
    time::{Duration, Instant},
};

use hyper_util::rt::TokioIo;
use midair_proto::v1::{Interest, Stream, agent_client::AgentClient, control, payload::Kind};
use rustix::process::Signal;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

use super::process::{Running, wait_for};
use crate::{doors::over_unix, host::watch};

fn detail() -> control::Kind {
    control::Kind::Interest(Interest { scope: None, stream: Some(Stream::Detail.into()), interval_ms: Some(250) })
}

#[test]
fn sigterm_ends_it_well_and_takes_the_socket_along() {
    let mut agent = Running::start(&["--log-format", "json"], "info");
    let metadata = std::fs::metadata(agent.socket()).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
    agent.signal(Signal::TERM);
    assert_eq!(agent.ended().code(), Some(0), "{}", agent.log());
    assert!(!agent.socket().exists());
    let messages: Vec<String> = agent
        .log()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .map(|line| line["fields"]["message"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(messages.contains(&"sampling".to_owned()) && messages.contains(&"stopping".to_owned()), "{messages:?}");
}

#[test]
fn one_that_was_killed_leaves_a_socket_that_the_next_one_replaces() {
    let mut killed = Running::start(&[], "info");
    killed.signal(Signal::KILL);
    killed.ended();
    assert!(killed.socket().exists(), "nobody could remove it");
    let next = killed.succeeded("info");
    // The socket answers a moment before the agent has said what it does.
    wait_for(|| next.log().contains("sampling"));
}

/// A client that pings as the dashboard does.
async fn pinging(agent: &Running) -> AgentClient<Channel> {
    let path = agent.socket();
    let connect = move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    };
    let endpoint = Endpoint::from_static("http://unix.invalid")
        .http2_keep_alive_interval(Duration::from_secs(1))
        .keep_alive_timeout(Duration::from_secs(3))
        .keep_alive_while_idle(true);
    AgentClient::new(endpoint.connect_with_connector(tower::service_fn(connect)).await.unwrap())
}

#[tokio::test]
async fn a_frozen_agent_is_noticed_within_five_seconds_and_comes_back_with_a_key() {
    let agent = Running::start(&[], "info");
    let mut client = pinging(&agent).await;
    let mut before = watch(&mut client).await;
    before.ask(detail()).await;
    before.find(|kind| matches!(kind, Kind::Sample(_)).then_some(())).await;
    agent.signal(Signal::STOP);
    let frozen = Instant::now();
    // What waited in the socket still comes; then the watch breaks.
    while let Ok(next) =
        tokio::time::timeout(Duration::from_secs(8), before.events.message()).await.expect("a ping fails")
    {
        assert!(next.is_some(), "it was frozen, and ended the watch");
    }
    assert!(frozen.elapsed() < Duration::from_secs(5), "{:?}", frozen.elapsed());
    agent.signal(Signal::CONT);
    let mut client = over_unix(agent.socket()).await;
    let mut after = watch(&mut client).await;
    after.ask(detail()).await;
    let mut is_first = true;
    loop {
        let (envelope, kind) = after.next().await.unwrap();
        let Kind::Sample(sample) = kind else { continue };
        assert!(!is_first || envelope.key == Some(true));
        is_first = false;
        // The watch from before the frost is forgotten: nothing is kept for who has gone.
        if sample.cost.unwrap().n_watchers == Some(1) {
            return;
        }
    }
}

#[tokio::test]
async fn five_seconds_of_watching_leave_it_small() {
    let agent = Running::start(&[], "info");
    let mut client = over_unix(agent.socket()).await;
    let mut watch = watch(&mut client).await;
    watch.ask(detail()).await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        watch.next().await.unwrap();
    }
    // What it took itself: the code of a debug build is three times that of a release build, which the benches measure whole.
    assert!(agent.own_kib() < 8 << 10, "{} KiB", agent.own_kib());
}
