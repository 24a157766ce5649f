//! TCP with mutual TLS: handshakes beside each other in front of the door, seats for those who are known, and a word in
//! time about certificates that end.

use std::{collections::BTreeMap, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use midair_proto::v1::agent_server::Agent;
use midair_tls::{Acceptor, Identity, Unaccepted};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::interval,
};
use tokio_stream::{
    Stream, StreamExt as _,
    wrappers::{ReceiverStream, TcpListenerStream},
};

use super::{
    Limits, PREFACE_WITHIN, Serving, at_a_walk, grpc,
    known::{Arrived, Counts, Known},
    seats::{Seated, Seats},
    server,
};
use crate::{clock::Clock, desk::Door, service::Service};

/// Connections that are known and wait to be served; they are taken at once, so this many never do.
const N_KNOWN: usize = 16;

/// How often certificates are looked at though nobody comes.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Who has been spoken of today: so many, then nobody more until tomorrow.
const N_REMINDED: usize = 1_024;

const DAY_S: i64 = 86_400;

/// Serves a TCP address by mutual TLS until told to stop.
pub async fn serve_tls(
    door: Door,
    listener: TcpListener,
    acceptor: Acceptor,
    until: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let clock = door.clock().clone();
    let serving = Serving { service: Service::known(door), clock, limits: Limits::AGENT };
    serve_known(serving, TcpListenerStream::new(listener), acceptor, until).await
}

/// Serves connections of TCP that come in by whatever way, by mutual TLS, until told to stop.
pub async fn serve_known<T: Agent>(
    serving: Serving<T>,
    connections: impl Stream<Item = std::io::Result<TcpStream>>,
    acceptor: Acceptor,
    until: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    serve_sorted(serving, connections, acceptor, |arrived| std::future::ready(Some(arrived)), until).await
}

/// The same, where of those who are known some are sorted out: `sort` keeps who is served here.
pub async fn serve_sorted<T: Agent, F>(
    serving: Serving<T>,
    connections: impl Stream<Item = std::io::Result<TcpStream>>,
    acceptor: Acceptor,
    sort: impl Fn(Arrived) -> F + Clone,
    until: impl Future<Output = ()>,
) -> anyhow::Result<()>
where
    F: Future<Output = Option<Arrived>> + Send + 'static,
{
    let Serving { service, clock, limits } = serving;
    let (known, incoming) = mpsc::channel(N_KNOWN);
    let incoming_tcp = at_a_walk(clock.clone(), limits.arrivals, connections);
    let (seats, counts) = (Seats::new(limits, PREFACE_WITHIN), Counts::new(limits.connections_each));
    let front = Front { acceptor, clock, seats, counts, known, sort };
    let served = server(limits).serve_with_incoming_shutdown(grpc(service), ReceiverStream::new(incoming), until);
    tokio::select! {
        served = served => served.context("cannot serve TCP"),
        // It ends only when the connections do: those of a listener never.
        () = front.receive(incoming_tcp) => Ok(()),
    }
}

/// Where it is found out who comes.
struct Front<S> {
    acceptor: Acceptor,
    clock: Clock,
    seats: Seats,
    counts: Counts,
    known: mpsc::Sender<std::io::Result<Seated<Known>>>,
    sort: S,
}

impl<S, F> Front<S>
where
    S: Fn(Arrived) -> F,
    F: Future<Output = Option<Arrived>> + Send + 'static,
{
    async fn receive(self, incoming: impl Stream<Item = std::io::Result<TcpStream>>) {
        tokio::pin!(incoming);
        let (mut handshakes, mut sorted) = (JoinSet::new(), JoinSet::new());
        let (mut reminders, mut refusals) = (Reminders::default(), Refusals::default());
        let mut look = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                stream = incoming.next() => match stream {
                    Some(Ok(stream)) => {
                        let (entered, now_us) = (self.acceptor.enter(), self.clock.mono_us());
                        handshakes.spawn(async move {
                            // One that has gone already has no address.
                            let address = stream.peer_addr().ok();
                            (address, entered.accept(stream, now_us).await)
                        });
                    }
                    // Such as too many open files: it is waited for, and those who wait are not accepted meanwhile.
                    Some(Err(error)) => tracing::warn!(%error, "cannot accept a connection"),
                    None => return,
                },
                Some(done) = handshakes.join_next(), if !handshakes.is_empty() => match done {
                    Ok((_, Ok(accepted))) => {
                        reminders.remind(&accepted.peer, "a peer's certificate", self.now_s());
                        sorted.spawn((self.sort)(accepted.into()));
                    }
                    Ok((address, Err(refused))) => refusals.say(address, &refused, self.now_s()),
                    Err(error) => tracing::error!(%error, "a handshake failed"),
                },
                Some(done) = sorted.join_next(), if !sorted.is_empty() => match done {
                    Ok(Some(arrived)) => self.admit(Known::new(arrived, &self.counts)).await,
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, "what was said first could not be read"),
                },
                _ = look.tick() => {
                    let material = self.acceptor.credentials().current(self.clock.mono_us());
                    reminders.remind(&material.own, "our own certificate", self.now_s());
                }
            }
        }
    }

    async fn admit(&self, known: Known) {
        if let Some(seated) = self.seats.give(known) {
            // The server is stopping when it takes nobody any more.
            drop(self.known.send(Ok(seated)).await);
        }
    }

    fn now_s(&self) -> i64 {
        now_s(&self.clock)
    }
}

/// Seconds since 1970.
pub(crate) fn now_s(clock: &Clock) -> i64 {
    i64::try_from(clock.wall_us() / 1_000_000).unwrap_or(i64::MAX)
}

/// Who was let go: a line a second at most, so that whoever knocks does not write the log.
#[derive(Debug, Default)]
struct Refusals {
    said_s: i64,
    n_unsaid: u64,
}

impl Refusals {
    fn say(&mut self, address: Option<SocketAddr>, refused: &Unaccepted, now_s: i64) {
        if self.said_s == now_s {
            self.n_unsaid += 1;
            return;
        }
        let (n_others, address) = (self.n_unsaid, address.map(tracing::field::display));
        tracing::info!(address, %refused, n_others, "let go in the handshake");
        *self = Self { said_s: now_s, n_unsaid: 0 };
    }
}

/// Who was spoken of, and on which day.
#[derive(Debug, Default)]
struct Reminders(BTreeMap<Arc<str>, i64>);

impl Reminders {
    /// Says once a day that a certificate ends soon.
    fn remind(&mut self, identity: &Identity, whose: &str, now_s: i64) {
        let Some(words) = identity.ends_soon(now_s) else { return };
        let today = now_s / DAY_S;
        self.0.retain(|_, day| *day == today);
        if self.0.len() < N_REMINDED && self.0.insert(identity.name().into(), today).is_none() {
            tracing::warn!(name = identity.name(), "{whose} {words}; give it a new one");
        }
    }
}
