//! `midair hub`: watches all agents of a fleet, and serves many dashboards by the same service as an agent does.
//!
//! Entries of the same feed as a dashboard's are folded into a row for each node (`rows`, `node`); once a second what changed
//! by enough to show is told to all viewers alike (`batch`), with the rows that are worth hearing themselves (`hot`). What a
//! viewer asks of one node goes on to its agent (`pipe`). One task, `desk`, owns all that is known.

mod backfill;
mod batch;
mod desk;
mod door;
mod hot;
mod metrics;
mod node;
mod past;
mod pipe;
mod reading;
mod record;
mod rows;
mod service;
mod tasks;
mod texts;

use std::sync::Arc;

use anyhow::Context as _;
use midair_agent::{Config, identity::Identity};
use midair_tls::Acceptor;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    clock::Clock,
    event::Stream,
    feed::{
        backoff::HUB_DIALS_PER_SECOND,
        live::{self, Later, Target, Teller},
    },
};

pub use record::Wanted;

use self::{
    desk::{ASKS_MAX, Desk},
    record::Record,
    service::{Service, Shared},
};

/// Connections that have opened and wait to be known to the desk.
const OPENED_MAX: usize = 256;

/// Open files beside one for each agent: viewers, a recording, a log.
const FILES_BESIDE: u64 = 1_024;

/// What a hub is told.
#[derive(Debug)]
pub struct Options {
    /// Its name; `None`: after its host.
    pub name: Option<String>,
    /// Interval between samples of each node, milliseconds.
    pub interval_ms: u32,
    /// Takes viewers in by mutual TLS; `None`: everybody may come.
    pub acceptor: Option<Acceptor>,
    /// Where it records.
    pub record: Option<Wanted>,
    /// Where its numbers are read.
    pub metrics: Option<TcpListener>,
}

/// Watches these agents, those of whom is told later, and those that call in, and serves viewers until it is dropped.
///
/// # Errors
/// When it cannot tell who it is, or serving ends.
pub async fn run(
    options: Options,
    (targets, (teller, later)): (Vec<Target>, (Teller, Later)),
    listener: TcpListener,
    clock: Clock,
) -> anyhow::Result<()> {
    let identity = Arc::new(identity(options.name)?);
    raise_files(targets.len());
    let (opened_sender, opened) = mpsc::channel(OPENED_MAX);
    let live = live::Options {
        viewer: format!("hub {}", identity.name),
        stream: Stream::Overview,
        interval_ms: options.interval_ms,
        seed: clock.now().0 ^ u64::from(std::process::id()),
        dials_per_second: HUB_DIALS_PER_SECOND,
        opened: Some(opened_sender),
    };
    let address = listener.local_addr().context("cannot tell where this hub listens")?;
    tracing::info!(hub = identity.name, %address, agents = targets.len(), "listening");
    let feed = live::live_by(targets, later, &live, clock);
    let (ask_sender, asks) = mpsc::channel(ASKS_MAX);
    let host = midair_agent::Clock::system();
    let record = options.record.map(|wanted| Record::new(wanted, &identity.name));
    let shared = Arc::new(Shared::new(identity, clock, host, ask_sender));
    let desk = Desk::new(&shared, record);
    let metrics = metrics::serve(options.metrics, shared.clone());
    let service = Service { shared, access: None };
    tokio::select! {
        served = door::serve(service, (listener, options.acceptor), teller.calls, std::future::pending()) => served,
        () = metrics => anyhow::bail!("metrics are served no more"),
        () = desk.run(feed, opened, asks) => anyhow::bail!("the feed has ended"),
    }
}

fn identity(name: Option<String>) -> anyhow::Result<Identity> {
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    // Not the host's own name: an agent may be there, too.
    let node = Some(name.unwrap_or_else(|| format!("hub@{}", host())));
    Identity::read(&Config { node, ..Config::default() }).context("cannot tell who this hub is")
}

/// As many open files as this process may have; said where that is too few.
fn raise_files(n_agents: usize) {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the number of open files stays as it is");
    }
    let wanted = n_agents as u64 + FILES_BESIDE;
    if let Some(most) = limit.maximum.filter(|most| *most < wanted) {
        tracing::warn!(
            "this process may have {most} open files, and needs {wanted}: raise LimitNOFILE or `ulimit -Hn`"
        );
    }
}

#[cfg(test)]
mod tests;
