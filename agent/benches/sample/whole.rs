//! The whole agent with one watcher, once a second: CPU time of each of its threads, as the kernel counts it.

use std::{
    collections::BTreeMap,
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use midair_proto::{
    CONTRACT, MESSAGE_MAX,
    v1::{
        Control, Envelope, Hello, Interest, Order, Payload, Stream, TableQuery, Version, agent_client::AgentClient,
        control, payload,
    },
};
use prost::Message;
use tokio::{net::UnixStream, sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Endpoint};

const AGENT: &str = env!("CARGO_BIN_EXE_midair-agent");

/// Samples before the figures, and for them.
const WARM_UP: usize = 5;
const SAMPLES: usize = 20;

/// Prints a line of what each thread costs per sample; `has_table`: as the node screen asks, with a table of tasks.
pub(crate) fn figures(profile: &str, collector: &str, has_table: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (by_thread, sources_us, bytes) =
        runtime.block_on(measured(collector, has_table)).expect("the agent is watched");
    let per_sample = |us: u64| us as f64 / 1e3 / SAMPLES as f64;
    let threads: Vec<String> =
        by_thread.iter().map(|(name, ns)| format!("{name} {:.2}", per_sample(ns / 1_000))).collect();
    let all_us = by_thread.values().sum::<u64>() / 1_000;
    println!(
        "{:<47} | {:.2} ms, {:.2} ms of it besides sources ({}); {} bytes",
        format!("{profile} midair-agent, {collector}{}", if has_table { ", with a table of 200" } else { "" }),
        per_sample(all_us),
        per_sample(all_us.saturating_sub(sources_us)),
        threads.join(", "),
        bytes / SAMPLES as u64,
    );
}

/// CPU time by name of the thread, nanoseconds; that of the sources by their own books, microseconds; bytes of samples.
async fn measured(collector: &str, has_table: bool) -> anyhow::Result<(BTreeMap<String, u64>, u64, u64)> {
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("agent.sock");
    let mut command = Command::new(AGENT);
    command
        .args(["--budget", "off", "--black-box", "off", "--collector", collector, "--socket"])
        .arg(&socket)
        .env("RUST_LOG", "warn")
        .stdout(Stdio::null());
    let agent = Ended(command.spawn()?);
    while UnixStream::connect(&socket).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let connect = move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    };
    // As the dashboard does: a ping each second.
    let endpoint = Endpoint::from_static("http://unix.invalid")
        .http2_keep_alive_interval(Duration::from_secs(1))
        .keep_alive_timeout(Duration::from_secs(3))
        .keep_alive_while_idle(true);
    let channel = endpoint.connect_with_connector(tower::service_fn(connect)).await?;
    let (controls, receiver) = mpsc::channel(4);
    for kind in asked(has_table) {
        controls.send(Control { kind: Some(kind) }).await?;
    }
    let mut client = AgentClient::new(channel).max_decoding_message_size(MESSAGE_MAX);
    let mut events = client.watch(ReceiverStream::new(receiver)).await?.into_inner();
    samples(&mut events, WARM_UP).await?;
    let before = threads(agent.0.id())?;
    let (sources_us, bytes) = samples(&mut events, SAMPLES).await?;
    let mut spent = BTreeMap::new();
    for (tid, (name, ns)) in threads(agent.0.id())? {
        *spent.entry(name).or_default() += ns - before.get(&tid).map_or(0, |(_, ns)| *ns);
    }
    drop(controls);
    Ok((spent, sources_us, bytes))
}

fn asked(has_table: bool) -> Vec<control::Kind> {
    let version = Version { contract: Some(CONTRACT), program: Some("bench".into()) };
    let hello = Hello { version: Some(version), viewer: Some("bench".into()), node: None };
    let interest = Interest { scope: None, stream: Some(Stream::Detail.into()), interval_ms: Some(1_000) };
    let order = Some(Order::Severity.into());
    let query = TableQuery { id: Some(1), order, limit: Some(200), ..TableQuery::default() };
    let mut asked = vec![control::Kind::Hello(hello), control::Kind::Interest(interest)];
    asked.extend(has_table.then_some(control::Kind::Table(query)));
    asked
}

/// Reads so many samples: what the sources say they cost, and the bytes of samples and rows.
async fn samples(events: &mut Streaming<Envelope>, n: usize) -> anyhow::Result<(u64, u64)> {
    let (mut left, mut sources_us, mut bytes) = (n, 0, 0);
    while left > 0 {
        let event = timeout(Duration::from_secs(10), events.message()).await??;
        let Some(envelope) = event else { anyhow::bail!("the agent has ended the watch") };
        bytes += envelope.encoded_len() as u64;
        let payload = Payload::decode(envelope.payload.unwrap_or_default())?;
        if let Some(payload::Kind::Sample(sample)) = payload.kind {
            left -= 1;
            sources_us += sample.source_costs.iter().filter_map(|cost| cost.cpu_us).sum::<u64>();
        }
    }
    Ok((sources_us, bytes))
}

/// Of each thread its name and its CPU time in nanoseconds.
fn threads(pid: u32) -> anyhow::Result<BTreeMap<String, (String, u64)>> {
    let mut threads = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        let name = fs::read_to_string(task.path().join("comm"))?.trim().to_owned();
        let schedstat = fs::read_to_string(task.path().join("schedstat"))?;
        let ns = schedstat.split_ascii_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0);
        threads.insert(task.file_name().to_string_lossy().into_owned(), (name, ns));
    }
    Ok(threads)
}

/// A child that ends with this.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.kill().is_ok() && self.0.wait().is_err() {
            eprintln!("the agent could not be waited for");
        }
    }
}
