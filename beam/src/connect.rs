//! From an address to a connection: epmd, TCP, TLS, handshake, each with its own words for what went wrong.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use crate::{
    connection::{Connection, Limits},
    cookie::Cookie,
    epmd::{self, EpmdError},
    handshake::{Framing, HandshakeError, LocalName, handshake},
    retry::Trouble,
    tls::Tls,
};

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// epmd (`host:port`) knows its port, under its name before the `@`. The node is on the same host.
    Epmd {
        /// Host and port of epmd.
        epmd: String,
        /// The name before the `@`.
        name: String,
    },
    /// `host:port`, for a node without epmd (`ERL_DIST_PORT`).
    Direct(String),
}

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cookie of the target.
    pub cookie: Cookie,
    /// How we are called there.
    pub name: LocalName,
    /// TLS, where the target speaks it.
    pub tls: Option<Tls>,
    /// The target's `net_ticktime`: we tick four times in it, and give up a target that is silent for longer.
    pub tick_time: Duration,
    /// The most time for each of: epmd, TCP, TLS, handshake.
    pub within: Duration,
    /// What is taken from the target.
    pub limits: Limits,
}

impl Options {
    /// A dynamic name, no TLS, and the times that Erlang has by default: 60 s and 7 s (`net_ticktime`, `net_setuptime`).
    pub fn new(cookie: Cookie) -> Self {
        Self {
            cookie,
            name: LocalName::Dynamic,
            tls: None,
            tick_time: Duration::from_secs(60),
            within: Duration::from_secs(7),
            limits: Limits::default(),
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Its port is not known.
    #[error(transparent)]
    Epmd(#[from] EpmdError),
    /// Nothing answers there.
    #[error("cannot reach the node at {at}: {source}; is it running?")]
    Tcp {
        /// Host and port.
        at: String,
        /// What the system says.
        source: io::Error,
    },
    /// No TLS, or a certificate is not taken, by us or by it.
    #[error("no TLS with the node at {at}: {source}; does it speak TLS, and do both sides know the other's authority?")]
    Tls {
        /// Host and port.
        at: String,
        /// What TLS says.
        source: io::Error,
    },
    /// It accepts nothing.
    #[error("the node at {at} did not take the connection within {} ms", within.as_millis())]
    Timeout {
        /// Host and port.
        at: String,
        /// How long we waited.
        within: Duration,
    },
    /// It answers, but there is no handshake.
    #[error("no handshake with the node at {at}: {source}")]
    Handshake {
        /// Host and port.
        at: String,
        /// Why.
        source: HandshakeError,
    },
}

impl ConnectError {
    /// How soon another try makes sense.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Epmd(_) | Self::Tcp { .. } | Self::Timeout { .. } => Trouble::Absent,
            Self::Tls { source, .. } if source.kind() == io::ErrorKind::TimedOut => Trouble::Absent,
            // A target logs each failed TLS handshake.
            Self::Tls { .. } => Trouble::Refused,
            Self::Handshake { source, .. } => source.trouble(),
        }
    }
}

/// Connects to a node as a hidden one. The connection lives until it is dropped, with all that came of it.
pub async fn connect(address: &Address, options: &Options) -> Result<Connection, ConnectError> {
    let at = located(address, options).await?;
    let opened = timeout(options.within, TcpStream::connect(&at)).await;
    let stream = opened.map_err(|_| ConnectError::Timeout { at: at.clone(), within: options.within })?;
    // One write per frame, and none waits for another (Nagle): 44 ms per call otherwise.
    let stream = stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    let stream = stream.map_err(|source| ConnectError::Tcp { at: at.clone(), source })?;
    let Some(tls) = &options.tls else { return greet(stream, Framing::Tcp, at, options).await };
    let secured = timeout(options.within, tls.connect(stream)).await;
    let silent =
        |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} ms", options.within.as_millis()));
    let stream = secured
        .map_err(silent)
        .and_then(|stream| stream)
        .map_err(|source| ConnectError::Tls { at: at.clone(), source })?;
    greet(stream, Framing::Tls, at, options).await
}

async fn located(address: &Address, options: &Options) -> Result<String, EpmdError> {
    match address {
        Address::Direct(at) => Ok(at.clone()),
        Address::Epmd { epmd, name } => {
            let port = epmd::port(epmd, name, options.within).await?;
            let host = epmd.rsplit_once(':').map_or(epmd.as_str(), |(host, _)| host);
            Ok(format!("{host}:{port}"))
        }
    }
}

async fn greet<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    mut stream: S,
    framing: Framing,
    at: String,
    options: &Options,
) -> Result<Connection, ConnectError> {
    match handshake(&mut stream, framing, &options.name, &options.cookie, options.within).await {
        Ok(agreed) => Ok(Connection::start(stream, agreed, options.tick_time, options.limits)),
        Err(source) => Err(ConnectError::Handshake { at, source }),
    }
}
