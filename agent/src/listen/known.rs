//! Who has come by mutual TLS: the connection, whom its certificate names, and what that may do.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use midair_tls::{Accepted, Identity, Role};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::{Status, transport::server::Connected};

use crate::access::Access;

/// Connections that one identity has at once at an agent.
pub const N_CONNECTIONS_EACH: usize = 16;

/// A connection of whatever kind.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Io for S {}

/// A connection by TLS, and who has come.
pub struct Arrived {
    /// What is said on it is between the two of us.
    pub io: Box<dyn Io>,
    /// Where it comes from; `None`: it has gone already.
    pub address: Option<SocketAddr>,
    /// Whom the certificate names, which was checked.
    pub peer: Identity,
    /// What they are here; `None`: the map has no name of them.
    pub role: Option<Role>,
}

impl From<Accepted> for Arrived {
    fn from(accepted: Accepted) -> Self {
        let Accepted { stream, peer, role } = accepted;
        let address = stream.get_ref().0.peer_addr().ok();
        Self { io: Box::new(stream), address, peer, role }
    }
}

/// A connection whose other end is known.
pub(super) struct Known {
    stream: Box<dyn Io>,
    who: Arc<Who>,
    _counted: Option<Counted>,
}

/// Who is at its other end.
#[derive(Debug)]
pub(crate) struct Who {
    pub(super) address: Option<SocketAddr>,
    pub(super) identity: Identity,
    pub(super) role: Option<Role>,
    /// How many of the same are here already, where that is too many.
    n_too_many: Option<usize>,
}

/// How many connections each identity has.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    by_name: Arc<Mutex<BTreeMap<String, usize>>>,
    most: usize,
}

/// One that is counted, as long as this lasts.
#[derive(Debug)]
struct Counted {
    counts: Counts,
    name: String,
}

impl Counts {
    /// Nobody yet; of one identity so many at most.
    pub(super) fn new(most: usize) -> Self {
        Self { by_name: Arc::default(), most }
    }

    fn add(&self, name: &str) -> Option<Counted> {
        let mut counts = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let n = counts.entry(name.to_owned()).or_default();
        if *n >= self.most {
            return None;
        }
        *n += 1;
        Some(Counted { counts: self.clone(), name: name.to_owned() })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.counts.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = counts.get_mut(&self.name) {
            *n -= 1;
            if *n == 0 {
                counts.remove(&self.name);
            }
        }
    }
}

impl Known {
    pub(super) fn new(arrived: Arrived, counts: &Counts) -> Self {
        let Arrived { io: stream, address, peer: identity, role } = arrived;
        let counted = counts.add(identity.name());
        let who = Who { address, identity, role, n_too_many: counted.is_none().then_some(counts.most) };
        Self { stream, who: Arc::new(who), _counted: counted }
    }
}

impl Who {
    /// A hub that we have dialled, whose certificate was checked.
    pub(crate) fn hub(address: Option<SocketAddr>, identity: Identity) -> Self {
        Self { address, identity, role: Some(Role::Hub), n_too_many: None }
    }

    /// What it may do at this moment (seconds since 1970), or why nothing: in words, so that a person reads them.
    pub(super) fn access(&self, now_s: i64) -> Result<Access, Status> {
        let name = self.identity.name();
        if let Some(n) = self.n_too_many {
            let words = format!("{name} has {n} connections here already; close one");
            return Err(Status::permission_denied(words));
        }
        if now_s > self.identity.until_s {
            return Err(Status::unauthenticated(format!(
                "the certificate of {name} has ended; connect with a new one"
            )));
        }
        let Some(role) = self.role else {
            let words = format!("{name} has no role here; the agent's --role says who has which");
            return Err(Status::permission_denied(words));
        };
        Access::As(role).look().map_err(Status::permission_denied)?;
        Ok(Access::As(role))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Some(role) => write!(f, "{role} {}", self.identity.name())?,
            None => write!(f, "without a role {}", self.identity.name())?,
        }
        self.address.map_or(Ok(()), |address| write!(f, " at {address}"))
    }
}

impl Connected for Known {
    type ConnectInfo = Arc<Who>;

    fn connect_info(&self) -> Self::ConnectInfo {
        Arc::clone(&self.who)
    }
}

impl AsyncRead for Known {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Known {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
