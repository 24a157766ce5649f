//! Who hung up: an agent that is gone closes the connection, one that is frozen leaves it open until our pings give up.
//! The HTTP library ends the stream in the same words for both, so the connection itself is asked.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Remembers of a connection whether the other side ended it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer(Arc<AtomicBool>);

impl Peer {
    /// True when the other side closed the connection or reset it, as far as it was read.
    pub(super) fn has_hung_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The same connection, watched.
    pub(super) fn watch<Io>(&self, io: Io) -> Watched<Io> {
        Watched { io, peer: self.clone() }
    }

    fn hung_up(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn heard<T>(&self, result: io::Result<T>) -> io::Result<T> {
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
        if result.is_ok() && had_room && buffer.filled().len() == before {
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
