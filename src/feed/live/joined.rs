//! Agents that call in: how such a connection is told from a client's, and how the link of an agent comes to its next one.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use midair_agent::{join::Line, listen::Io};
use midair_proto::greeting::{self, ANY_GREETING, GREETING, NODE_BYTES};
use midair_tls::{Identity, Role};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
    time::timeout,
};

use crate::event::INSECURE;

/// Whoever comes says its first words within this time.
pub const FIRST_WORDS_WITHIN: Duration = Duration::from_secs(5);

/// An agent that has called in.
pub struct Call {
    /// By which it is known when it calls again: its node, and the name of its certificate or its host.
    pub address: Arc<str>,
    /// How and why this way.
    pub note: Arc<str>,
    /// The connection, on which it serves.
    pub io: Box<dyn Io>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Who is at the other end of a connection that was accepted.
#[derive(Clone, Copy, Debug)]
pub enum From<'a> {
    /// Whoever has this address.
    Tcp(Option<SocketAddr>),
    /// Whom a certificate names, and what that is here.
    Tls(&'a Identity, Option<Role>),
}

impl From<'_> {
    /// Why it may not call in, in words.
    fn refused(self) -> Option<String> {
        match self {
            Self::Tcp(_) | Self::Tls(_, Some(Role::Agent)) => None,
            Self::Tls(who, Some(role)) => Some(format!("you are {}, whose role is {role}; agents call in", who.name())),
            Self::Tls(who, None) => {
                Some(format!("{} has no role here; the hub's --role says who has which", who.name()))
            }
        }
    }

    fn named(self) -> String {
        match self {
            Self::Tcp(address) => address.map_or_else(|| "?".to_owned(), |address| address.ip().to_string()),
            Self::Tls(who, _) => who.name().trim_start_matches("spiffe://").to_owned(),
        }
    }

    fn note(self) -> &'static str {
        match self {
            // As it is written of those that are dialled: all know it by this.
            Self::Tcp(_) => INSECURE,
            Self::Tls(..) => "tls, called in",
        }
    }
}

/// Who has come.
#[derive(Debug)]
pub enum Comer<S, I> {
    /// A client, which is to be served.
    Client(Line<S, I>),
    /// An agent, which is to be watched.
    Agent(Call),
}

/// Reads the first words of a connection; `info` is what who serves it as a client's is to know of it.
///
/// # Errors
/// Of one that ends, says nothing in time, or may not call in; it was told why.
pub async fn comer<S: Io + 'static, I>(mut io: S, info: I, from: From<'_>) -> io::Result<Comer<S, I>> {
    match timeout(FIRST_WORDS_WITHIN, first_words(&mut io)).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))? {
        First::Client(head) => Ok(Comer::Client(Line::after(head, io, info))),
        First::Agent(node) => {
            if let Some(words) = from.refused() {
                return Err(refuse(io, words).await);
            }
            let address = format!("{node}, called in from {}", from.named());
            Ok(Comer::Agent(Call { address: address.into(), note: from.note().into(), io: Box::new(io) }))
        }
        First::Stranger => Err(refuse(io, "bring agent and hub to one version".to_owned()).await),
    }
}

enum First {
    Client([u8; 8]),
    Agent(String),
    /// An agent of another contract.
    Stranger,
}

async fn first_words(io: &mut (impl AsyncRead + Unpin)) -> io::Result<First> {
    let mut head = [0; GREETING.len()];
    io.read_exact(&mut head).await?;
    if head != GREETING {
        return Ok(if head.starts_with(&ANY_GREETING) { First::Stranger } else { First::Client(head) });
    }
    let mut id = [0; NODE_BYTES];
    let id = &mut id[..usize::from(io.read_u8().await?)];
    io.read_exact(id).await?;
    let is_plain = |c: char| !c.is_control() && c != '\u{fffd}';
    let node = String::from_utf8_lossy(id).into_owned();
    if node.is_empty() || !node.chars().all(is_plain) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a node id that cannot be written"));
    }
    Ok(First::Agent(node))
}

/// Tells an agent why it is not taken. The error says the same.
async fn refuse(mut io: impl Io, words: String) -> io::Error {
    let told = async {
        io.write_all(&greeting::refusal(&words, true)).await?;
        io.shutdown().await
    };
    // Whoever does not listen is let go as well.
    drop(timeout(FIRST_WORDS_WITHIN, told).await);
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}

/// The way to an agent that calls in: the connection that it made last.
#[derive(Clone, Debug, Default)]
pub struct Joined(Arc<Slot>);

#[derive(Default)]
struct Slot {
    last: Mutex<Option<Box<dyn Io>>>,
    called: Notify,
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl Joined {
    /// It has called again. A connection that nobody has taken yet gives way.
    pub(super) fn put(&self, io: Box<dyn Io>) {
        *self.last() = Some(io);
        self.0.called.notify_one();
    }

    /// The next connection, once it has called.
    pub(super) async fn next(&self) -> Box<dyn Io> {
        loop {
            if let Some(io) = self.last().take() {
                return io;
            }
            self.0.called.notified().await;
        }
    }

    /// Waits until it calls, and leaves the connection where it is.
    pub(super) async fn called(&self) {
        while self.last().is_none() {
            self.0.called.notified().await;
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn Io>>> {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
