//! Who hung up: an agent that is gone closes the connection, one that is frozen leaves it open until our pings give up.
//! The HTTP library ends the stream in the same words for both, so the connection itself is asked.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Remembers of a connection whether the other side ended it, and what TLS had against it: of that, too, the HTTP library
/// keeps no more than that there was something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer(Arc<Said>);

#[derive(Debug, Default)]
struct Said {
    has_hung_up: AtomicBool,
    first_byte: OnceLock<u8>,
    refusal: OnceLock<String>,
}

impl Peer {
    /// True when the other side closed the connection or reset it, as far as it was read.
    pub(super) fn has_hung_up(&self) -> bool {
        self.0.has_hung_up.load(Ordering::Relaxed)
    }

    /// True when the other side speaks TLS and we do not: its first word is an alert (RFC 8446, section 6), and no frame of
    /// HTTP/2 begins so.
    pub(super) fn speaks_tls(&self) -> bool {
        self.0.first_byte.get() == Some(&21)
    }

    /// Why the other side does not take our certificate, where it said so after the handshake: in TLS 1.3 it looks at ours
    /// when we are done.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.0.refusal.get().map(String::as_str)
    }

    /// The same connection, watched.
    pub(super) fn watch<Io>(&self, io: Io) -> Watched<Io> {
        Watched { io, peer: self.clone() }
    }

    fn hung_up(&self) {
        self.0.has_hung_up.store(true, Ordering::Relaxed);
    }

    fn heard<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && let Some(words) = midair_tls::refused(error)
        {
            self.0.refusal.get_or_init(|| words);
        }
        // A kernel that gives up on a host that does not answer was not told anything by it.
        if result.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::TimedOut) {
            self.hung_up();
        }
        result
    }
}

/// A connection that tells its [`Peer`] how it ended.
#[derive(Debug)]
pub(super) struct Watched<Io> {
    io: Io,
    peer: Peer,
}

impl<Io: AsyncRead + Unpin> AsyncRead for Watched<Io> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (before, had_room) = (buffer.filled().len(), buffer.remaining() > 0);
        let result = ready!(Pin::new(&mut self.io).poll_read(cx, buffer));
        if let Some(first) = buffer.filled().get(before) {
            self.peer.0.first_byte.get_or_init(|| *first);
        } else if result.is_ok() && had_room {
            self.peer.hung_up();
        }
        Poll::Ready(self.peer.heard(result))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Watched<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.io).poll_write(cx, bytes));
        Poll::Ready(self.peer.heard(result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices));
        Poll::Ready(self.peer.heard(result))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
