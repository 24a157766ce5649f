//! What a fleet costs: N agents of a demo in processes of their own, and N plain watchers of their overviews here.
//!
//! `cargo bench -p midair-demo --bench fleet -- --nodes 1000 --seconds 20 [--pings] [--scenario NAME]`
//!
//! Prints connects per second; CPU time per agent and second of both sides; bytes of envelopes per agent and second; and
//! resident memory per agent. `--pings`: HTTP/2 pings each second, as a dashboard sends them.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use midair_demo::children::{Fleet, Share, Wanted};
use midair_proto::{
    CONTRACT,
    v1::{Control, Hello, Interest, Stream, Version, agent_client::AgentClient, control},
};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;

/// Connections that are opened at the same time.
const N_AT_ONCE: usize = 64;

/// What all watchers have seen.
#[derive(Default)]
struct Seen {
    n_open: AtomicU64,
    n_samples: AtomicU64,
    n_bytes: AtomicU64,
}

fn argument<T: std::str::FromStr>(name: &str) -> Option<T> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}

fn main() -> anyhow::Result<()> {
    if std::env::args().any(|argument| argument == "--serve") {
        return share().serve();
    }
    let n_nodes = argument("--nodes").unwrap_or(100);
    let seconds: u64 = argument("--seconds").unwrap_or(3);
    let scenario = argument("--scenario").unwrap_or_else(|| "healthy".to_owned());
    let wanted = Wanted { n_nodes, seed: 1, scenario: Some(scenario), join: None };
    let begun = Instant::now();
    let fleet = Fleet::start(&wanted, &std::env::current_exe()?, arguments)?;
    println!("{n_nodes} agents in {} processes listen after {:.2?}", fleet.pids().count(), begun.elapsed());
    let resident: f64 = fleet.pids().filter_map(rss_kib).sum();
    println!("memory, not watched: {:.1} KiB an agent", resident / n_nodes as f64);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(&fleet, n_nodes, seconds))
}

fn share() -> Share {
    let number = |name: &str| argument(name).unwrap_or_default();
    let fleet = Wanted { n_nodes: number("--of"), seed: 1, scenario: argument("--scenario"), join: None };
    Share {
        fleet,
        nodes: number("--from")..number("--to"),
        port: argument("--port").unwrap_or_default(),
        start_us: argument("--start").unwrap_or_default(),
        tls: None,
    }
}

fn arguments(share: &Share) -> Vec<String> {
    let scenario = share.fleet.scenario.clone().unwrap_or_default();
    let pairs = [
        ("--of", share.fleet.n_nodes.to_string()),
        ("--from", share.nodes.start.to_string()),
        ("--to", share.nodes.end.to_string()),
        ("--port", share.port.to_string()),
        ("--start", share.start_us.to_string()),
        ("--scenario", scenario),
    ];
    std::iter::once("--serve".to_owned()).chain(pairs.into_iter().flat_map(|(n, v)| [n.to_owned(), v])).collect()
}

async fn measure(fleet: &Fleet, n_nodes: usize, seconds: u64) -> anyhow::Result<()> {
    let (seen, doors) = (Arc::new(Seen::default()), Arc::new(Semaphore::new(N_AT_ONCE)));
    let has_pings = std::env::args().any(|argument| argument == "--pings");
    let begun = Instant::now();
    for address in fleet.addresses() {
        tokio::spawn(watch(address, has_pings, Arc::clone(&seen), Arc::clone(&doors)));
    }
    while seen.n_open.load(Ordering::Relaxed) < n_nodes as u64 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        anyhow::ensure!(begun.elapsed() < Duration::from_secs(120), "not all agents answer");
    }
    let took = begun.elapsed();
    println!("all are watched after {took:.2?}: {:.0} connects/s", n_nodes as f64 / took.as_secs_f64());
    // Keys and first readings are over by then.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let cpu = || -> (f64, f64) { (fleet.pids().filter_map(cpu_us).sum(), cpu_us(std::process::id()).unwrap_or(0.0)) };
    let counts = || (seen.n_samples.load(Ordering::Relaxed), seen.n_bytes.load(Ordering::Relaxed));
    let (before, counted, from) = (cpu(), counts(), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (after, now, over_s) = (cpu(), counts(), from.elapsed().as_secs_f64());
    let each = |total: f64| total / n_nodes as f64 / over_s;
    println!("agents:   {:.1} us of CPU an agent and second", each(after.0 - before.0));
    println!("watchers: {:.1} us of CPU an agent and second", each(after.1 - before.1));
    println!("samples:  {:.3} an agent and second", each((now.0 - counted.0) as f64));
    println!("bytes:    {:.0} an agent and second", each((now.1 - counted.1) as f64));
    let resident: f64 = fleet.pids().filter_map(rss_kib).sum();
    println!("memory, watched: {:.1} KiB an agent", resident / n_nodes as f64);
    Ok(())
}

async fn watch(address: String, has_pings: bool, seen: Arc<Seen>, doors: Arc<Semaphore>) -> anyhow::Result<()> {
    let door = doors.acquire().await?;
    let mut endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    if has_pings {
        endpoint = endpoint.http2_keep_alive_interval(Duration::from_secs(1)).keep_alive_while_idle(true);
    }
    let channel = endpoint.connect().await?;
    let version = Some(Version { contract: Some(CONTRACT), program: Some("bench".into()) });
    let hello = control::Kind::Hello(Hello { version, ..Hello::default() });
    let stream = Some(Stream::Overview.into());
    let interest = control::Kind::Interest(Interest { stream, interval_ms: Some(1_000), ..Interest::default() });
    let (controls, outgoing) = mpsc::channel(2);
    for kind in [hello, interest] {
        controls.send(Control { kind: Some(kind) }).await?;
    }
    let mut events = AgentClient::new(channel).watch(ReceiverStream::new(outgoing)).await?.into_inner();
    let mut is_open = false;
    let mut door = Some(door);
    while let Some(envelope) = events.message().await? {
        if envelope.seq.is_none() {
            continue;
        }
        if !std::mem::replace(&mut is_open, true) {
            seen.n_open.fetch_add(1, Ordering::Relaxed);
            door = None;
        }
        seen.n_samples.fetch_add(1, Ordering::Relaxed);
        seen.n_bytes.fetch_add(envelope.payload.as_ref().map_or(0, |p| p.len() as u64), Ordering::Relaxed);
    }
    drop((door, controls));
    Ok(())
}

/// CPU time of a process, all its threads (proc(5), stat), microseconds.
fn cpu_us(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks * 1e6 / 100.0)
}

fn rss_kib(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
