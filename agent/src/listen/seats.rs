//! Seats: how many connections a door has at once. Whoever finds none is let go at once, so that a crowd of connections
//! that say nothing does not use up the descriptors that the agent reads its host with.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tonic::transport::server::Connected;

use crate::desk::N_WATCHERS;

/// Connections that one door has at once: room for all watchers, and as many who only ask.
pub const N_CONNECTIONS: usize = 2 * N_WATCHERS;

/// The seats of a door.
#[derive(Clone, Debug)]
pub(super) struct Seats(Arc<Semaphore>);

/// A connection that has a seat, as long as it lasts.
#[derive(Debug)]
pub(super) struct Seated<S> {
    stream: S,
    _seat: OwnedSemaphorePermit,
}

impl Seats {
    /// All free.
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(N_CONNECTIONS)))
    }

    /// A seat for a connection; `None` when all are taken, and the connection ends.
    pub(super) fn give<S>(&self, stream: S) -> Option<Seated<S>> {
        let seat = Arc::clone(&self.0).try_acquire_owned().ok();
        if seat.is_none() {
            tracing::warn!(connections = N_CONNECTIONS, "let go: too many connections");
        }
        seat.map(|seat| Seated { stream, _seat: seat })
    }
}

impl<S> Seated<S> {
    /// The connection itself.
    pub(super) fn stream(&self) -> &S {
        &self.stream
    }
}

impl<S: Connected> Connected for Seated<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Seated<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Seated<S> {
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
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
