//! Who ended a connection: the peer, or we because it no longer answered.
//!
//! When a ping is not answered, HTTP/2 drops the connection, and its streams end with the very error that they end with
//! when the peer hangs up. Only the bytes below can tell the one from the other.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Tells whether the peer has ended a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifeline(Arc<AtomicBool>);

impl Lifeline {
    /// Whether the peer, or the network, has ended it.
    pub(super) fn is_cut(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The same connection, watched.
    pub(super) fn along<Io>(&self, io: Io) -> Watched<Io> {
        Watched { io, lifeline: self.clone() }
    }

    fn cut(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn cut_by_error<T>(&self, outcome: &io::Result<T>) {
        if outcome.is_err() {
            self.cut();
        }
    }
}

/// A connection that notes when its peer ends it.
#[derive(Debug)]
pub(super) struct Watched<Io> {
    io: Io,
    lifeline: Lifeline,
}

impl<Io: AsyncRead + Unpin> AsyncRead for Watched<Io> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (before, has_room) = (buffer.filled().len(), buffer.remaining() > 0);
        let outcome = ready!(Pin::new(&mut self.io).poll_read(cx, buffer));
        self.lifeline.cut_by_error(&outcome);
        if has_room && buffer.filled().len() == before {
            self.lifeline.cut();
        }
        Poll::Ready(outcome)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Watched<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = ready!(Pin::new(&mut self.io).poll_write(cx, bytes));
        self.lifeline.cut_by_error(&outcome);
        Poll::Ready(outcome)
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
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, parts));
        self.lifeline.cut_by_error(&outcome);
        Poll::Ready(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
