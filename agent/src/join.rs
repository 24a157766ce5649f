//! Calling in at a hub: the agent dials, says who it is, and then serves on that connection as on any that it was dialled on.

mod line;

use std::{fmt, io, sync::Arc, time::Duration};

use anyhow::Context as _;
use midair_proto::{
    backoff::{self, Chance},
    greeting::{self, NO_BYTES, PREFACE},
};
use midair_tls::{Connector, Role};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::{
    desk::Door,
    listen::{Io, Who, now_s, serve_one},
    service::Service,
};

pub use line::Line;

/// Nobody waits longer for a connection, for a handshake, or for the hub's first words: it may have thousands to greet.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that held this long was a good one: backoff starts from the beginning.
const GOOD_US: u64 = 4_000_000;

/// A hub, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Hub {
    /// "host:port".
    pub address: String,
    /// Shows our certificate and checks the hub's; `None`: neither encrypted nor authenticated, as was asked for.
    pub tls: Option<Connector>,
}

/// Why a call came to nothing, or to an end.
#[derive(Debug)]
struct Failure {
    words: String,
    /// Only a person can mend it: role or version.
    is_final: bool,
}

impl Failure {
    fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), is_final: false }
    }

    fn last(words: impl Into<String>) -> Self {
        Self { words: words.into(), is_final: true }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // What TLS has against us comes when the hub has looked at our certificate: in TLS 1.3 that is after the handshake.
        match (midair_tls::refused(&error), error.kind()) {
            (Some(words), _) => Self::last(words),
            (None, io::ErrorKind::ConnectionRefused) => Self::new("connection refused; is the hub running there?"),
            (None, io::ErrorKind::UnexpectedEof) => Self::new("it hung up without a word; is a hub there?"),
            (None, _) => Self::new(error.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// Calls a hub, and calls again when that has ended, until told to stop. `plug` makes of a connection what is spoken on.
pub async fn call<S>(door: Door, hub: Hub, plug: impl Fn(TcpStream) -> S, until: impl Future<Output = ()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let clock = door.clock().clone();
    let mut chance = Chance(door.identity().epoch);
    let mut caller = Caller { door, hub, said: None };
    let mut n_failures = 0;
    tokio::pin!(until);
    loop {
        let called_us = clock.mono_us();
        let mut is_stopping = false;
        let ended = {
            let once = caller.once(&plug, async {
                until.as_mut().await;
                is_stopping = true;
            });
            once.await
        };
        if is_stopping {
            return;
        }
        let held = clock.mono_us().saturating_sub(called_us) > GOOD_US;
        n_failures = if held { 1 } else { n_failures + 1 };
        let wait = caller.wait(ended, n_failures, chance.share());
        tokio::select! {
            () = sleep(wait) => {}
            () = &mut until => return,
        }
    }
}

/// An agent that calls one hub.
struct Caller {
    door: Door,
    hub: Hub,
    /// What was said last of why it cannot be reached: once, not at each try.
    said: Option<String>,
}

impl Caller {
    /// Says how a call ended; how long to wait before the next.
    fn wait(&mut self, ended: Result<(), Failure>, n_failures: u32, share: f64) -> Duration {
        let Err(failure) = ended else { return backoff::wait(n_failures, share) };
        if self.said.as_ref() != Some(&failure.words) {
            tracing::warn!(hub = self.hub.address, "cannot call in: {failure}");
            self.said = Some(failure.words);
        }
        if failure.is_final { backoff::PATIENT } else { backoff::wait(n_failures, share) }
    }

    /// One connection, from dialling to its end, or until told to stop.
    async fn once<S>(&mut self, plug: impl Fn(TcpStream) -> S, until: impl Future<Output = ()>) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        tokio::pin!(until);
        let dialled = tokio::select! {
            dialled = timeout(PATIENCE, self.dial(plug)) => dialled,
            () = &mut until => return Ok(()),
        };
        let dialled = dialled.map_err(|_| Failure::new(format!("no answer within {} s", PATIENCE.as_secs())))??;
        tracing::info!(hub = self.hub.address, "called in");
        self.said = None;
        let served = match dialled {
            Dialled::Plain(line) => serve_one(Service::insecure(self.door.clone()), line, until).await,
            Dialled::Known(line) => serve_one(Service::known(self.door.clone()), line, until).await,
        };
        served.map_err(|error| Failure::new(format!("{error:#}")))?;
        tracing::info!(hub = self.hub.address, "the connection to the hub has ended");
        Ok(())
    }

    async fn dial<S>(&self, plug: impl Fn(TcpStream) -> S) -> Result<Dialled, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let address = &self.hub.address;
        let tcp = TcpStream::connect(address).await?;
        // A sample waits for nothing; without this Nagle's algorithm may hold it back.
        tcp.set_nodelay(true)?;
        let info = tcp.connect_info();
        let Some(connector) = &self.hub.tls else {
            let line = self.greet(Box::new(plug(tcp)), info).await?;
            return Ok(Dialled::Plain(line));
        };
        let clock = self.door.clock();
        let connected = connector.connect(address, plug(tcp), clock.mono_us(), now_s(clock)).await;
        let connected = connected.map_err(|failure| match failure {
            midair_tls::Failure::Refused(words) => Failure::last(words),
            midair_tls::Failure::Io(error) => error.into(),
        })?;
        let name = connected.peer.name();
        match connector.role_of(&connected.peer) {
            Some(Role::Hub) => {}
            Some(role) => return Err(Failure::last(format!("it is {name}, whose role is {role}; it should be a hub"))),
            None => return Err(Failure::last(format!("it is {name}, which has no role here; see --role"))),
        }
        if let Some(words) = &connected.ends_soon {
            tracing::warn!(hub = address, "{words}");
        }
        let who = Who::hub(info.remote_addr(), connected.peer);
        Ok(Dialled::Known(self.greet(Box::new(connected.stream), Arc::new(who)).await?))
    }

    /// Says who calls, and waits for the first words of a client.
    async fn greet<I>(&self, mut io: Box<dyn Io>, info: I) -> Result<Line<Box<dyn Io>, I>, Failure> {
        io.write_all(&greeting::greeting(&self.door.identity().node)).await?;
        io.flush().await?;
        let mut first = [0; PREFACE.len()];
        io.read_exact(&mut first).await?;
        if first == PREFACE {
            return Ok(Line::after(first, io, info));
        }
        let mut line = first.to_vec();
        let end = |line: &[u8]| line.iter().position(|byte| *byte == b'\n');
        while end(&line).is_none() && line.len() < NO_BYTES && io.read_buf(&mut line).await? > 0 {}
        line.truncate(end(&line).unwrap_or(NO_BYTES));
        let (words, is_final) = greeting::refused(&line)
            .unwrap_or_else(|| ("something else than a hub answers there; check the port".to_owned(), false));
        Err(Failure { words, is_final })
    }
}

/// A connection on which a hub has begun to ask.
enum Dialled {
    Plain(Line<Box<dyn Io>, TcpConnectInfo>),
    Known(Line<Box<dyn Io>, Arc<Who>>),
}

/// The address of a hub as it was written, with the usual port where none was.
///
/// # Errors
/// In words, where it is none.
pub fn address(text: &str, port: u16) -> anyhow::Result<String> {
    let wrong = || format!("{text:?} is no address of a hub; write HOST, HOST:PORT or [IPV6]:PORT");
    let is_v6 = text.parse::<std::net::Ipv6Addr>().is_ok();
    let whole = match text.rsplit_once(':') {
        _ if is_v6 => format!("[{text}]:{port}"),
        Some((_, after)) if !after.ends_with(']') => text.to_owned(),
        Some(_) | None => format!("{text}:{port}"),
    };
    let (host, port) = whole.rsplit_once(':').with_context(wrong)?;
    let is_host = !host.is_empty() && (host.starts_with('[') == host.ends_with(']')) && !host.contains(['/', ' ']);
    anyhow::ensure!(is_host && port.parse::<u16>().is_ok_and(|port| port > 0), wrong());
    anyhow::ensure!(host.starts_with('[') || !host.contains(':'), wrong());
    Ok(whole)
}

#[cfg(test)]
mod tests;
