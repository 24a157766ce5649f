//! Getting through to an agent, and saying in words why it did not work.

use std::{
    error::Error,
    fmt, io,
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hyper_util::rt::TokioIo;
use midair_proto::{MESSAGE_MAX, v1::agent_client::AgentClient};
use midair_tls::Connector;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tower::service_fn;

use crate::{clock::Clock, event::Cause};

use super::{
    branches::{Open, Through},
    joined::Joined,
    peer::Peer,
};

/// Nobody waits longer for a connection, or for the first word on it.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// A ping goes out after this long without a word, and must be answered within the other.
const PING_EVERY: Duration = Duration::from_secs(1);
const PING_WITHIN: Duration = Duration::from_secs(3);
/// What may wait unread of one call, and of all calls on a connection, where these are many people's.
const WINDOW_BYTES: u32 = 64 << 10;
const WINDOWS_BYTES: u32 = 16 << 20;

/// What a message may weigh beyond its payload.
const ENVELOPE_BYTES: usize = 64 << 10;

/// Makes a connection in memory to an agent in this process.
pub type Connect = Arc<dyn Fn() -> DuplexStream + Send + Sync>;

/// How an agent is reached.
#[derive(Clone)]
pub enum Reach {
    /// By the Unix socket at this path.
    Unix(PathBuf),
    /// By TCP without encryption and authentication, to "host:port".
    Tcp(String),
    /// By TCP and mutual TLS.
    Tls(Secured),
    /// In memory.
    Memory(Connect),
    /// On the connection to a hub, to a node behind it.
    Through(Through),
    /// It calls in.
    Joined(Joined),
}

/// An address, and how to be sure of who is there.
#[derive(Clone, Debug)]
pub struct Secured {
    /// "host:port".
    pub address: String,
    /// Shows who we are, and checks who answers.
    pub connector: Connector,
    /// Certificates have dates.
    pub clock: Clock,
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "Unix({})", path.display()),
            Self::Tcp(address) => write!(f, "Tcp({address})"),
            Self::Tls(secured) => write!(f, "Tls({})", secured.address),
            Self::Memory(_) => f.write_str("Memory"),
            Self::Through(through) => write!(f, "Through({})", through.node.0),
            Self::Joined(_) => f.write_str("Joined"),
        }
    }
}

/// Why there is no connection: the class, and the words that end the sentence "cannot reach agent NAME: ...".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) words: String,
}

impl Failure {
    pub(super) fn new(cause: Cause, words: impl Into<String>) -> Self {
        Self { cause, words: words.into() }
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Dialled {
    /// Speaks to the agent.
    pub(crate) client: AgentClient<Channel>,
    /// Knows who ended the connection.
    pub(super) peer: Peer,
    /// What is to be known of the way there, beyond its note: certificates that end soon.
    pub(super) notice: Option<String>,
}

/// Who asks on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// One dashboard, which reads all that it asks for.
    One,
    /// A hub's viewers, of whom some may not read: what waits for one is bounded, and far from what all may have under way.
    Many,
}

/// Dials once.
pub(crate) async fn dial(reach: &Reach) -> Result<Dialled, Failure> {
    dial_for(reach, For::One).await
}

/// The same, for one or for many.
pub(super) async fn dial_for(reach: &Reach, whom: For) -> Result<Dialled, Failure> {
    match reach {
        Reach::Unix(path) => {
            let io = in_time(UnixStream::connect(path)).await.map_err(|failure| of_path(path, failure))?;
            // An agent that may not serve us hangs up before a word is said: sometimes before we can say ours.
            speak(io, true, whom)
                .await
                .map_err(|failure| if failure.cause == Cause::Protocol { let_go() } else { failure })
        }
        Reach::Tcp(address) => {
            let io = in_time(tcp(address)).await?;
            speak(io, true, whom).await
        }
        Reach::Tls(secured) => secure(secured, whom).await,
        // Who is in the same process cannot vanish behind a network: no pings, no wake-ups.
        Reach::Memory(connect) => speak(connect(), false, whom).await,
        Reach::Through(through) => {
            let Open { client, peer } = through.open().await.ok_or_else(closed)?;
            Ok(Dialled { client, peer, notice: None })
        }
        Reach::Joined(joined) => speak(joined.next().await, true, whom).await,
    }
}

/// TLS, and what both ends then say of each other's certificates.
async fn secure(secured: &Secured, whom: For) -> Result<Dialled, Failure> {
    let Secured { address, connector, clock } = secured;
    let io = in_time(tcp(address)).await?;
    let now = clock.now();
    let now_s = i64::try_from(now.0 / 1_000_000).unwrap_or(i64::MAX);
    let connected = match timeout(PATIENCE, connector.connect(address, io, now.0, now_s)).await {
        Ok(Ok(connected)) => connected,
        Ok(Err(midair_tls::Failure::Refused(words))) => return Err(Failure::new(Cause::Denied, words)),
        Ok(Err(midair_tls::Failure::Io(error))) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(hung_up());
        }
        Ok(Err(midair_tls::Failure::Io(error))) => return Err(of_io(&error)),
        Err(_) => return Err(no_answer()),
    };
    let dialled = speak(connected.stream, true, whom).await?;
    Ok(Dialled { notice: connected.ends_soon, ..dialled })
}

fn hung_up() -> Failure {
    Failure::new(Cause::Reset, "the connection was closed in the middle of the handshake; does it speak TLS?")
}

async fn in_time<T>(dialled: impl Future<Output = io::Result<T>>) -> Result<T, Failure> {
    match timeout(PATIENCE, dialled).await {
        Ok(Ok(io)) => Ok(io),
        Ok(Err(error)) => Err(of_io(&error)),
        Err(_) => Err(no_answer()),
    }
}

async fn tcp(address: &str) -> io::Result<TcpStream> {
    let found = tokio::net::lookup_host(address).await.map_err(NameError)?;
    let mut last = NameError(io::Error::other("no address")).into();
    for address in found {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Marks an error as one of name resolution, which the standard library does not class.
#[derive(Debug)]
struct NameError(io::Error);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for NameError {}

impl From<NameError> for io::Error {
    fn from(error: NameError) -> Self {
        Self::other(error)
    }
}

/// HTTP/2 over a stream that is open already: the connector hands it out once, so that nothing reconnects unseen.
async fn speak<Io>(io: Io, pings: bool, whom: For) -> Result<Dialled, Failure>
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = Peer::default();
    let mut once = Some(TokioIo::new(peer.watch(io)));
    let connector = service_fn(move |_| {
        let io = once.take().ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionReset));
        async move { io }
    });
    // The address is never looked up: it stands in the requests' authority alone.
    let mut endpoint = Endpoint::from_static("http://midair");
    if pings {
        endpoint =
            endpoint.http2_keep_alive_interval(PING_EVERY).keep_alive_timeout(PING_WITHIN).keep_alive_while_idle(true);
    }
    if whom == For::Many {
        endpoint = endpoint.initial_stream_window_size(WINDOW_BYTES).initial_connection_window_size(WINDOWS_BYTES);
    }
    let channel = match timeout(PATIENCE, endpoint.connect_with_connector(connector)).await {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => return Err(peer.denied().unwrap_or_else(|| not_an_agent(&words_of(&error)))),
        Err(_) => return Err(no_answer()),
    };
    let client = AgentClient::new(channel).max_decoding_message_size(MESSAGE_MAX + ENVELOPE_BYTES);
    Ok(Dialled { client, peer, notice: None })
}

/// The kernel refuses a connection to a file that is no socket in the words for a socket that nobody listens to.
fn of_path(path: &Path, failure: Failure) -> Failure {
    // Whoever may not look at the file is told what connecting said.
    let is_socket = path.metadata().is_ok_and(|file| file.file_type().is_socket());
    if failure.cause == Cause::Refused && path.exists() && !is_socket {
        return Failure::new(Cause::Refused, "that is no socket; give the path that midair-agent listens on");
    }
    failure
}

fn of_io(error: &io::Error) -> Failure {
    use io::ErrorKind as Kind;
    if error.get_ref().is_some_and(|inner| inner.is::<NameError>()) {
        return Failure::new(Cause::Name, format!("no such host ({error}); check the spelling"));
    }
    match error.kind() {
        Kind::ConnectionRefused => Failure::new(Cause::Refused, "connection refused; is midair-agent running there?"),
        Kind::NotFound => Failure::new(Cause::Refused, "no such socket; is midair-agent running?"),
        Kind::TimedOut | Kind::HostUnreachable | Kind::NetworkUnreachable => {
            Failure::new(Cause::Timeout, format!("{}; is the host up, and the path to it open?", error.kind()))
        }
        Kind::PermissionDenied => {
            Failure::new(Cause::Denied, "permission denied; ask for membership in the socket's group")
        }
        Kind::InvalidInput => Failure::new(Cause::Name, format!("no address ({error}); give HOST or HOST:PORT")),
        kind => Failure::new(Cause::Reset, kind.to_string()),
    }
}

/// Why a stream could not be opened, or ended before the agent had said who it is.
pub(super) fn of_opening(status: &Status, reach: &Reach, peer: &Peer) -> Failure {
    if let Some(denied) = peer.denied() {
        return denied;
    }
    match (status.code(), reach) {
        (Code::PermissionDenied | Code::Unauthenticated, _) => {
            Failure::new(Cause::Denied, format!("the agent does not let us in: {}", status.message()))
        }
        (_, Reach::Through(_)) => Failure::new(Cause::Reset, format!("the hub says: {}", status.message())),
        // An agent's Unix socket lets go whom it may not serve before a word is said.
        (_, Reach::Unix(_)) if status.code() != Code::Unimplemented => let_go(),
        _ => not_an_agent(&words_of(status)),
    }
}

fn let_go() -> Failure {
    Failure::new(Cause::Denied, "the connection was closed without a word; ask for membership in the socket's group")
}

impl Peer {
    /// That it does not take our certificate, or that we have shown none, where it said so.
    fn denied(&self) -> Option<Failure> {
        if self.speaks_tls() {
            let words = "it asks for certificates: leave --insecure away, and give --tls-ca, --tls-cert and --tls-key";
            return Some(Failure::new(Cause::Denied, words));
        }
        self.refusal().map(|words| Failure::new(Cause::Denied, words))
    }
}

/// Why an open stream ended.
pub(super) fn of_stream(status: &Status, peer: &Peer) -> Failure {
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated => {
            Failure::new(Cause::Denied, format!("the agent shut us out: {}", status.message()))
        }
        Code::OutOfRange | Code::ResourceExhausted => {
            Failure::new(Cause::Protocol, format!("a message beyond the contract's bound: {}", status.message()))
        }
        _ if peer.has_hung_up() => closed(),
        _ => {
            let words = "no answer to a ping for 3 s; is the host up, not overloaded, and the path to it open?";
            Failure::new(Cause::Timeout, words)
        }
    }
}

pub(crate) fn closed() -> Failure {
    Failure::new(Cause::Reset, "the connection was closed; did midair-agent stop there?")
}

pub(super) fn no_answer() -> Failure {
    Failure::new(Cause::Timeout, "no answer within 3 s; is the host up, and the path to it open?")
}

pub(super) fn not_an_agent(why: &str) -> Failure {
    Failure::new(Cause::Protocol, format!("something else than midair-agent answers there; check the port ({why})"))
}

/// The innermost words of an error: the outer ones only say that there is an inner one.
fn words_of(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
