//! Who watches a hub or an agent by nothing but the contract, and folds what a hub says of all nodes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use hyper_util::rt::TokioIo;
use midair_proto::{
    CONTRACT, MESSAGE_MAX,
    v1::{
        Control, Envelope, Fleet, Hearing, Hello, Interest, Payload, Scope, Stream, Version, agent_client::AgentClient,
        control, payload::Kind,
    },
};
use midair_tls::{Connector, Credentials, Files, Roles};
use prost::Message as _;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Endpoint};

/// What may be under way to a viewer that does not read.
const WINDOW_BYTES: u32 = 65_535;

/// How somebody watches the cluster of a hub, on a thread of its own.
pub(crate) struct Viewer {
    seen: Arc<Mutex<Seen>>,
    reads: Arc<AtomicBool>,
}

/// What it has seen.
#[derive(Default)]
pub(crate) struct Seen {
    names: BTreeMap<u32, Arc<str>>,
    hearing: BTreeMap<u32, Hearing>,
    /// Class of the reason why one is not heard, and the reason.
    why_silent: BTreeMap<u32, (String, String)>,
    /// How far clocks are off, and by how much that may be wrong, microseconds.
    clocks: BTreeMap<u32, (i64, u64)>,
    n_lost: BTreeMap<u32, u64>,
    /// What was lost before it began to count.
    n_lost_before: BTreeMap<u32, u64>,
    troubled: BTreeSet<u32>,
    hot: BTreeSet<u32>,
    hot_since: BTreeMap<Arc<str>, Instant>,
    pub(crate) n_bytes: u64,
    pub(crate) n_batches: u64,
    pub(crate) n_key_parts: u64,
    pub(crate) n_gaps: u64,
    /// Batches that the hub says it did not send.
    pub(crate) n_told_lost: u64,
    seq: Option<u64>,
    last: Option<Instant>,
    pub(crate) longest_pause: Duration,
    why: Option<String>,
}

impl Viewer {
    /// Watches a hub by these certificates, as soon as it listens.
    pub(crate) fn start(address: &str, files: Option<Files>) -> anyhow::Result<Self> {
        let viewer = Self { seen: Arc::default(), reads: Arc::new(AtomicBool::new(true)) };
        let (seen, reads) = (Arc::clone(&viewer.seen), Arc::clone(&viewer.reads));
        let address = address.to_owned();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let ended = runtime.block_on(follow(&address, files, &seen, &reads));
            let words = ended.err().map_or_else(|| "the watch has ended".to_owned(), |error| format!("{error:#}"));
            seen.lock().unwrap_or_else(PoisonError::into_inner).why = Some(words);
        });
        Ok(viewer)
    }

    /// Reads no more.
    pub(crate) fn pause(&self) {
        self.reads.store(false, Ordering::Relaxed);
    }

    /// Reads again.
    pub(crate) fn go_on(&self) {
        self.reads.store(true, Ordering::Relaxed);
    }

    /// What of it is asked.
    pub(crate) fn look<T>(&self, of: impl FnOnce(&Seen) -> T) -> T {
        of(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what it counts.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until it has seen something.
    pub(crate) fn until(&self, what: &str, patience: Duration, is_so: impl Fn(&Seen) -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !self.look(&is_so) {
            if let Some(why) = self.look(|seen| seen.why.clone()) {
                anyhow::bail!("waiting until {what}: {why}");
            }
            let told =
                || self.look(|seen| format!("{} live of {:?}: {:?}", seen.n_live(), seen.names, seen.why_silent));
            anyhow::ensure!(begun.elapsed() < patience, "waited in vain until {what}: {}", told());
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Seen {
    fn take(&mut self, envelope: &Envelope) {
        let now = Instant::now();
        let payload = envelope.payload.as_deref().unwrap_or_default();
        self.n_bytes += payload.len() as u64;
        match Payload::decode(payload).ok().and_then(|payload| payload.kind) {
            Some(Kind::Lost(lost)) => self.n_told_lost += lost.n_samples.unwrap_or(0),
            Some(Kind::Fleet(fleet)) => {
                self.n_batches += 1;
                let is_key = envelope.key == Some(true);
                self.n_key_parts += u64::from(is_key);
                if let (Some(seq), Some(before), false) = (envelope.seq, self.seq, is_key) {
                    self.n_gaps += seq.saturating_sub(before + 1);
                }
                self.seq = envelope.seq.or(self.seq);
                let pause = self.last.replace(now).map_or(Duration::ZERO, |last| now - last);
                self.longest_pause = self.longest_pause.max(pause);
                self.fold(fleet, now);
            }
            Some(Kind::Refused(refused)) => self.why = refused.reason,
            _ => {}
        }
    }

    fn fold(&mut self, fleet: Fleet, now: Instant) {
        for node in fleet.nodes {
            if let (Some(row), Some(name)) = (node.row, node.name) {
                self.names.insert(row, name.into());
            }
        }
        for row in fleet.left {
            self.names.remove(&row);
            self.hearing.remove(&row);
        }
        for presence in fleet.presences {
            let (hearing, Some(row)) = (presence.hearing(), presence.row) else { continue };
            if matches!(hearing, Hearing::Late | Hearing::Silent) {
                self.troubled.insert(row);
            }
            self.hearing.insert(row, hearing);
            self.n_lost.extend(presence.n_lost.map(|n| (row, n)));
            self.clocks.extend(presence.offset_us.zip(presence.uncertainty_us).map(|clock| (row, clock)));
            let why = (presence.cause.unwrap_or_default(), presence.reason.unwrap_or_default());
            self.why_silent.insert(row, why);
        }
        if let Some(hot) = fleet.hot {
            let rows = hot.gaps.iter().scan(0, |row, gap| {
                *row += gap;
                Some(*row)
            });
            self.hot = rows.collect();
            let named = self.hot.iter().filter_map(|row| self.names.get(row));
            let since = |name: &Arc<str>| (Arc::clone(name), self.hot_since.get(name).copied().unwrap_or(now));
            self.hot_since = named.map(since).collect();
        }
    }

    /// From now on.
    pub(crate) fn forget_troubles(&mut self) {
        self.troubled.clear();
        self.n_lost_before = self.n_lost.clone();
        (self.n_gaps, self.longest_pause) = (0, Duration::ZERO);
    }

    /// Nodes that are heard.
    pub(crate) fn n_live(&self) -> usize {
        self.hearing.values().filter(|hearing| **hearing == Hearing::Live).count()
    }

    /// How a node is heard.
    pub(crate) fn hearing(&self, name: &str) -> Option<Hearing> {
        self.hearing.get(&self.row(name)?).copied()
    }

    /// Class of the reason why a node is not heard, and the reason.
    pub(crate) fn why(&self, name: &str) -> Option<(String, String)> {
        self.why_silent.get(&self.row(name)?).cloned()
    }

    /// How far the clock of a node is off, and by how much that may be wrong, microseconds.
    pub(crate) fn clock(&self, name: &str) -> Option<(i64, u64)> {
        self.clocks.get(&self.row(name)?).copied()
    }

    fn row(&self, name: &str) -> Option<u32> {
        self.names.iter().find(|(_, named)| &***named == name).map(|(row, _)| *row)
    }

    /// Those of these that are heard.
    pub(crate) fn n_live_of(&self, names: &BTreeSet<Arc<str>>) -> usize {
        self.n_of(names, |row| self.hearing.get(&row) == Some(&Hearing::Live))
    }

    /// Those of these that are silent.
    pub(crate) fn n_silent_of(&self, names: &BTreeSet<Arc<str>>) -> usize {
        self.n_of(names, |row| self.hearing.get(&row) == Some(&Hearing::Silent))
    }

    /// Those of these that were late or silent for a moment.
    pub(crate) fn n_troubled(&self, names: &BTreeSet<Arc<str>>) -> usize {
        self.n_of(names, |row| self.troubled.contains(&row))
    }

    /// Samples that the hub lost of these.
    pub(crate) fn n_lost_of(&self, names: &BTreeSet<Arc<str>>) -> u64 {
        let of = |lost: &BTreeMap<u32, u64>, row: u32| lost.get(&row).copied().unwrap_or(0);
        let rows = self.names.iter().filter(|(_, name)| names.contains(*name)).map(|(row, _)| *row);
        rows.map(|row| of(&self.n_lost, row).saturating_sub(of(&self.n_lost_before, row))).sum()
    }

    fn n_of(&self, names: &BTreeSet<Arc<str>>, is_so: impl Fn(u32) -> bool) -> usize {
        self.names.iter().filter(|(row, name)| names.contains(*name) && is_so(**row)).count()
    }

    /// Whether the hub says of a node that it is worth hearing itself.
    pub(crate) fn is_hot(&self, name: &Arc<str>) -> bool {
        self.names.iter().any(|(row, named)| named == name && self.hot.contains(row))
    }

    /// Since when it was first said.
    pub(crate) fn hot_since(&self, name: &Arc<str>) -> Option<Instant> {
        self.hot_since.get(name).copied()
    }
}

async fn follow(address: &str, files: Option<Files>, seen: &Mutex<Seen>, reads: &AtomicBool) -> anyhow::Result<()> {
    let (mut events, _controls) = loop {
        match watch(address, files.clone(), Scope::Cluster).await {
            Ok(opened) => break opened,
            // The hub does not listen yet.
            Err(_) if seen.lock().unwrap_or_else(PoisonError::into_inner).n_bytes == 0 => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error),
        }
    };
    loop {
        while !reads.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let Some(envelope) = events.message().await? else { return Ok(()) };
        seen.lock().unwrap_or_else(PoisonError::into_inner).take(&envelope);
    }
}

/// Opens a watch. It lasts as long as the way in for controls.
pub(crate) async fn watch(
    address: &str,
    files: Option<Files>,
    scope: Scope,
) -> anyhow::Result<(Streaming<Envelope>, mpsc::Sender<Control>)> {
    let connector = files.map(|files| Credentials::load(files, Roles::default(), 0)).transpose()?;
    let connector = connector.map(|credentials| Connector::new(Arc::new(credentials)));
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES);
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let now_s = i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs())?;
    let channel = match connector {
        None => connected(endpoint, stream).await?,
        Some(connector) => {
            let connecting = connector.connect(address, stream, 1, now_s).await;
            let secured = connecting.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
            connected(endpoint, secured.stream).await?
        }
    };
    let version = Some(Version { contract: Some(CONTRACT), program: Some("benches/fleet".into()) });
    let hello = control::Kind::Hello(Hello { version, viewer: Some("benches/fleet".into()), ..Hello::default() });
    let interest = control::Kind::Interest(Interest {
        scope: Some(scope.into()),
        stream: Some(Stream::Overview.into()),
        interval_ms: Some(1_000),
    });
    let (controls, outgoing) = mpsc::channel(4);
    for kind in [hello, interest] {
        controls.send(Control { kind: Some(kind) }).await?;
    }
    let mut client = AgentClient::new(channel).max_decoding_message_size(2 * MESSAGE_MAX);
    let events = client.watch(ReceiverStream::new(outgoing)).await?.into_inner();
    Ok((events, controls))
}

async fn connected<S>(endpoint: Endpoint, stream: S) -> anyhow::Result<tonic::transport::Channel>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = Some(TokioIo::new(stream));
    let once = tower::service_fn(move |_| {
        let stream = stream.take().ok_or_else(|| std::io::Error::other("it is dialled once"));
        std::future::ready(stream)
    });
    endpoint.connect_with_connector(once).await.context("no HTTP/2")
}
