//! Where an agent can be reached: in memory, on a Unix socket, on TCP by mutual TLS or when insecurity is spelled out.

mod embedded;
mod known;
mod limits;
mod seats;
mod tls;

use std::{
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use midair_proto::{
    MESSAGE_MAX,
    v1::agent_server::{Agent, AgentServer},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream, unix::UCred},
};
use tokio_stream::{
    Stream, StreamExt,
    wrappers::{TcpListenerStream, UnixListenerStream},
};
use tonic::{
    Request, Status,
    transport::server::{Connected, Server, TcpConnectInfo, UdsConnectInfo},
};

use crate::{
    access::Access,
    clock::Clock,
    desk::Door,
    pace::{self, Pace},
    service::Service,
};
use seats::{Guest, Seats};

pub use embedded::Embedded;
pub(crate) use known::Who;
pub use known::{Arrived, Io, N_CONNECTIONS_EACH};
pub use limits::Limits;
pub use seats::{N_CONNECTIONS, PREFACE_WITHIN};
pub(crate) use tls::now_s;
pub use tls::{serve_known, serve_sorted, serve_tls};

/// A peer that does not answer a ping within three seconds is gone; until then it costs a seat. To write a ping, to read
/// its answer and to wait for both wakes the agent four times: once a second that is a twentieth of all that it uses on a
/// small host.
const PING_EVERY: Duration = Duration::from_secs(10);
const PING_WITHIN: Duration = Duration::from_secs(3);

/// Controls are small; a client has no reason to have more than this under way.
const WINDOW_BYTES: u32 = 64 * 1024;

/// Who is at the other end of a connection, for the log of who looked.
#[derive(Clone, Debug)]
pub enum Peer {
    /// The program that embeds the agent.
    Embedded,
    /// A process of this host, by user and process id.
    Unix(Option<u32>, Option<i32>),
    /// An address.
    Tcp(Option<SocketAddr>),
    /// Whoever a certificate names.
    Known(Known),
}

impl Peer {
    /// The peer of a request.
    pub fn of<T>(request: &Request<T>) -> Self {
        let extensions = request.extensions();
        if let Some(Guest { info, .. }) = extensions.get::<Guest<UdsConnectInfo>>() {
            return Self::Unix(info.peer_cred.map(|c| c.uid()), info.peer_cred.and_then(|c| c.pid()));
        }
        if let Some(Guest { info, .. }) = extensions.get::<Guest<Arc<Who>>>() {
            return Self::Known(Known(Arc::clone(info)));
        }
        extensions.get::<Guest<TcpConnectInfo>>().map_or(Self::Embedded, |tcp| Self::Tcp(tcp.info.remote_addr()))
    }
}

/// How long a request waits before it is taken, so that no connection asks faster than it may. Connections in memory are
/// the program's own.
pub fn wait_of<T>(request: &Request<T>, now_us: u64) -> Duration {
    let extensions = request.extensions();
    let unix = extensions.get::<Guest<UdsConnectInfo>>().map(|guest| guest.wait_us(now_us));
    let tcp = || extensions.get::<Guest<TcpConnectInfo>>().map(|guest| guest.wait_us(now_us));
    let known = || extensions.get::<Guest<Arc<Who>>>().map(|guest| guest.wait_us(now_us));
    Duration::from_micros(unix.or_else(tcp).or_else(known).unwrap_or(0))
}

/// Somebody whose certificate was checked.
#[derive(Clone, Debug)]
pub struct Known(Arc<Who>);

impl Peer {
    /// What it may do, where its certificate says so; `None`: it came without one.
    pub fn access(&self, clock: &Clock) -> Option<Result<Access, Status>> {
        match self {
            Self::Known(known) => Some(known.0.access(tls::now_s(clock))),
            Self::Embedded | Self::Unix(..) | Self::Tcp(_) => None,
        }
    }

    /// Its name, where a certificate vouches for it: without the scheme, which is the same of all.
    pub fn name(&self) -> Option<&str> {
        let Self::Known(known) = self else { return None };
        let name = known.0.identity.name();
        Some(name.strip_prefix("spiffe://").unwrap_or(name))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |n: Option<i64>| n.map_or("-".to_owned(), |n| n.to_string());
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Unix(uid, pid) => write!(f, "uid {} pid {}", number(uid.map(i64::from)), number(pid.map(i64::from))),
            Self::Tcp(Some(address)) => write!(f, "{address}"),
            Self::Tcp(None) => f.write_str("tcp"),
            Self::Known(known) => known.0.fmt(f),
        }
    }
}

/// Serves a Unix socket until told to stop. Peers that may not look are let go before they can say a word.
pub async fn serve_unix(door: Door, socket: Socket, until: impl Future<Output = ()>) -> anyhow::Result<()> {
    let Socket { listener, file, gid } = socket;
    let seats = Seats::new(Limits::AGENT, PREFACE_WITHIN);
    let allowed = move |stream: io::Result<UnixStream>| match stream {
        Ok(stream) if !is_let_in(stream.peer_cred(), gid) => None,
        Ok(stream) => seats.give(stream).map(Ok),
        Err(error) => Some(Err(error)),
    };
    let incoming =
        at_a_walk(door.clock().clone(), pace::CONNECTIONS, UnixListenerStream::new(listener)).filter_map(allowed);
    let served = server(Limits::AGENT).serve_with_incoming_shutdown(grpc(Service::local(door)), incoming, until).await;
    served.with_context(|| format!("cannot serve {}", file.0.display()))
}

/// Serves a TCP address, unencrypted, until told to stop.
pub async fn serve_tcp(door: Door, listener: TcpListener, until: impl Future<Output = ()>) -> anyhow::Result<()> {
    // A sample waits for nothing; without this Nagle's algorithm may hold it back.
    let at_once = |stream: io::Result<TcpStream>| stream.and_then(|s| s.set_nodelay(true).map(|()| s));
    serve_connections(door, TcpListenerStream::new(listener).map(at_once), until).await
}

/// A service of the contract behind a door.
#[derive(Clone, Debug)]
pub struct Serving<T> {
    /// What answers.
    pub service: T,
    /// The clock by which who comes is held to its pace.
    pub clock: Clock,
    /// What is let in.
    pub limits: Limits,
}

/// Serves connections of TCP to an agent that come in by whatever way, unencrypted, until told to stop.
pub async fn serve_connections<S>(
    door: Door,
    connections: impl Stream<Item = io::Result<S>>,
    until: impl Future<Output = ()>,
) -> anyhow::Result<()>
where
    S: Connected<ConnectInfo = TcpConnectInfo> + AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let clock = door.clock().clone();
    serve_plain(Serving { service: Service::insecure(door), clock, limits: Limits::AGENT }, connections, until).await
}

/// Serves connections of TCP that come in by whatever way, unencrypted, until told to stop.
pub async fn serve_plain<T: Agent, S>(
    serving: Serving<T>,
    connections: impl Stream<Item = io::Result<S>>,
    until: impl Future<Output = ()>,
) -> anyhow::Result<()>
where
    S: Connected<ConnectInfo = TcpConnectInfo> + AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Serving { service, clock, limits } = serving;
    let seats = Seats::new(limits, PREFACE_WITHIN);
    let seated = move |stream: io::Result<S>| match stream {
        Ok(stream) => seats.give(stream).map(Ok),
        Err(error) => Some(Err(error)),
    };
    let incoming = at_a_walk(clock, limits.arrivals, connections).filter_map(seated);
    server(limits).serve_with_incoming_shutdown(grpc(service), incoming, until).await.context("cannot serve TCP")
}

/// Serves one connection that we have dialled ourselves, until it ends or we are told to stop.
pub(crate) async fn serve_one<S>(service: Service, stream: S, until: impl Future<Output = ()>) -> anyhow::Result<()>
where
    S: Connected + AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = Limits { connections: 1, ..Limits::AGENT };
    let seats = Seats::new(limits, PREFACE_WITHIN);
    let seated = seats.give(stream).context("a seat that nobody else has")?;
    // No other follows, and yet that is no reason to stop.
    let incoming = tokio_stream::once(io::Result::Ok(seated)).chain(tokio_stream::pending());
    tokio::select! {
        served = server(limits).serve_with_incoming_shutdown(grpc(service), incoming, until) => {
            served.context("cannot serve a hub")
        }
        () = seats.all_free() => Ok(()),
    }
}

/// Connections as fast as a door takes them; the others wait where the kernel keeps them.
fn at_a_walk<S>(clock: Clock, arrivals: pace::Limit, accepted: impl Stream<Item = S>) -> impl Stream<Item = S> {
    let mut pace = Pace::new(arrivals);
    accepted.then(move |connection| {
        let wait_us = pace.wait_us(clock.mono_us());
        async move {
            if wait_us > 0 {
                tokio::time::sleep(Duration::from_micros(wait_us)).await;
            }
            connection
        }
    })
}

/// Opens a TCP address, or says what stands in the way.
pub async fn open_tcp(address: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            anyhow::bail!(
                "{address} is in use: another agent, or another program; stop it or choose another port with --listen"
            )
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            anyhow::bail!("{address} is no address; give one as HOST:PORT, 127.0.0.1:7070 for example")
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

/// A Unix socket that is open and has its rights.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    file: SocketFile,
    gid: u32,
}

/// The file of a socket, removed when it is no longer served, for whatever reason.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "cannot remove the socket");
        }
    }
}

impl Socket {
    /// Opens the socket: mode 0660, for a group if one is named. One that is left over is replaced, one that is served not.
    pub async fn open(path: &Path, group: Option<&str>) -> anyhow::Result<Self> {
        let gid = group.map(group_id).transpose()?;
        make_room(path).await?;
        let listener = bind_private(path)?;
        let file = SocketFile(path.to_owned());
        if let Some(gid) = gid {
            std::os::unix::fs::chown(path, None, Some(gid))
                .with_context(|| format!("cannot give {} to group {}", path.display(), group.unwrap_or_default()))?;
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
            .with_context(|| format!("cannot set the rights of {}", path.display()))?;
        let gid = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.gid();
        Ok(Self { listener, file, gid })
    }
}

/// Where the socket is when nobody says otherwise, best place first: for the host, for the user, for want of both.
pub fn default_sockets() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let uid = rustix::process::geteuid().as_raw();
    let own = runtime.map_or_else(|| PathBuf::from(format!("/tmp/midair-{uid}")), |dir| dir.join("midair"));
    [PathBuf::from("/run/midair"), own].into_iter().map(|dir| dir.join("agent.sock")).collect()
}

/// The default place that we may write to; its directory is made, for us alone unless it is the host's.
pub fn default_socket() -> anyhow::Result<PathBuf> {
    let mut last = None;
    for path in default_sockets() {
        match prepare_directory(&path) {
            Ok(()) => return Ok(path),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no place for a socket; name one with --socket")))
}

fn prepare_directory(socket: &Path) -> anyhow::Result<()> {
    let dir = socket.parent().context("a socket path has a directory")?;
    if !dir.exists() {
        let mode = if dir == Path::new("/run/midair") { 0o755 } else { 0o700 };
        std::fs::create_dir(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(mode))?;
    }
    let metadata = std::fs::symlink_metadata(dir)?;
    // Anybody can make a directory in /tmp: one that is not ours could be a trap.
    anyhow::ensure!(
        metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0,
        "{} is not a directory of ours alone; name a socket with --socket",
        dir.display()
    );
    Ok(())
}

/// Removes a socket that nobody serves any more.
async fn make_room(path: &Path) -> anyhow::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    let shown = path.display();
    anyhow::ensure!(
        metadata.file_type().is_socket(),
        "{shown} is there and is no socket; choose another with --socket"
    );
    match UnixStream::connect(path).await {
        Ok(_) => anyhow::bail!("an agent already answers on {shown}; stop it or choose another with --socket"),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).with_context(|| format!("cannot remove {shown}, which was left over"))
        }
        Err(error) => Err(error).with_context(|| format!("cannot tell whether an agent answers on {shown}")),
    }
}

fn bind_private(path: &Path) -> anyhow::Result<UnixListener> {
    // Between bind and chmod the socket must not be more open than it will be.
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o117));
    let bound = UnixListener::bind(path);
    rustix::process::umask(before);
    bound.with_context(|| {
        format!("cannot open the socket {}; choose a place that this user may write to with --socket", path.display())
    })
}

fn is_let_in(cred: io::Result<UCred>, gid: u32) -> bool {
    let Ok(cred) = cred else { return false };
    let is_let_in = may_look(cred.uid(), cred.gid(), gid);
    if !is_let_in {
        tracing::warn!(uid = cred.uid(), gid = cred.gid(), pid = cred.pid(), "let go: not in the socket's group");
    }
    is_let_in
}

/// Same user, root, or in the group of the socket: by the peer's own group, or as the group file lists it.
fn may_look(uid: u32, gid: u32, socket_gid: u32) -> bool {
    uid == 0
        || uid == rustix::process::geteuid().as_raw()
        || gid == socket_gid
        || group_lists(socket_gid, &crate::identity::user_name(uid))
}

/// Number of a group of this host, named or already a number.
pub fn group_id(name: &str) -> anyhow::Result<u32> {
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let id = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    });
    id.or_else(|| name.parse().ok())
        .with_context(|| format!("there is no group {name} on this host; make it or name another"))
}

fn group_lists(gid: u32, user: &str) -> bool {
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    groups.lines().any(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        fields.get(2).and_then(|f| f.parse().ok()) == Some(gid)
            && fields.get(3).is_some_and(|users| users.split(',').any(|listed| listed == user))
    })
}

fn server(limits: Limits) -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(PING_EVERY))
        .http2_keepalive_timeout(Some(PING_WITHIN))
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_concurrent_streams(limits.calls)
}

fn grpc<T: Agent>(service: T) -> AgentServer<T> {
    AgentServer::new(service).max_decoding_message_size(MESSAGE_MAX).max_encoding_message_size(MESSAGE_MAX)
}

#[cfg(test)]
mod tests;
