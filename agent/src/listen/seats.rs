//! Seats: how many connections a door has at once. Whoever finds none is let go at once, so that a crowd of connections
//! that say nothing does not use up the descriptors that the agent reads its host with; and whoever has one but does not
//! begin to speak loses it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};
use tonic::transport::server::Connected;

use crate::{
    desk::N_WATCHERS,
    pace::{Limit, Pace},
};

use super::Limits;

/// Connections that one door of an agent has at once: room for all watchers, and as many who only ask.
pub const N_CONNECTIONS: usize = 2 * N_WATCHERS;

/// A connection says the words by which HTTP/2 begins within this time; from then on pings tell whether anybody is there.
pub const PREFACE_WITHIN: Duration = Duration::from_secs(3);

/// Length of these words (RFC 9113, section 3.4).
const PREFACE_BYTES: usize = 24;

/// The seats of a door.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    n_seats: usize,
    requests: Limit,
    preface_within: Duration,
}

/// A connection that has a seat, as long as it lasts.
#[derive(Debug)]
pub(super) struct Seated<S> {
    stream: S,
    /// What is still to be said, and until when; `None` once it was.
    preface: Option<Preface>,
    pace: Arc<Mutex<Pace>>,
    _seat: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Preface {
    n_left: usize,
    until: Pin<Box<Sleep>>,
}

/// Who is at the other end of a connection, and how fast it asks.
#[derive(Clone, Debug)]
pub(super) struct Guest<I> {
    /// What the kind of connection knows.
    pub(super) info: I,
    /// Shared by all requests of the connection.
    pub(super) pace: Arc<Mutex<Pace>>,
}

impl Seats {
    /// All free.
    pub(super) fn new(limits: Limits, preface_within: Duration) -> Self {
        let Limits { connections: n_seats, requests, .. } = limits;
        Self { free: Arc::new(Semaphore::new(n_seats)), n_seats, requests, preface_within }
    }

    /// Waits until all are free.
    pub(super) async fn all_free(&self) {
        let all = u32::try_from(self.n_seats).expect("seats are few");
        // The semaphore is never closed.
        drop(self.free.acquire_many(all).await);
    }

    /// A seat for a connection; `None` when all are taken, and the connection ends.
    pub(super) fn give<S>(&self, stream: S) -> Option<Seated<S>> {
        let seat = Arc::clone(&self.free).try_acquire_owned().ok();
        if seat.is_none() {
            tracing::warn!(connections = self.n_seats, "let go: too many connections");
        }
        let preface = Preface { n_left: PREFACE_BYTES, until: Box::pin(sleep(self.preface_within)) };
        let pace = Arc::new(Mutex::new(Pace::new(self.requests)));
        seat.map(|seat| Seated { stream, preface: Some(preface), pace, _seat: seat })
    }
}

impl<I> Guest<I> {
    /// How long this guest waits before its request is taken, microseconds.
    pub(super) fn wait_us(&self, now_us: u64) -> u64 {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).wait_us(now_us)
    }
}

impl<S: Connected> Connected for Seated<S> {
    type ConnectInfo = Guest<S::ConnectInfo>;

    fn connect_info(&self) -> Self::ConnectInfo {
        Guest { info: self.stream.connect_info(), pace: Arc::clone(&self.pace) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Seated<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, preface, .. } = &mut *self;
        let n_before = buf.filled().len();
        let polled = Pin::new(stream).poll_read(cx, buf);
        let Some(waited) = preface else { return polled };
        waited.n_left = waited.n_left.saturating_sub(buf.filled().len() - n_before);
        if waited.n_left == 0 {
            *preface = None;
        } else if waited.until.as_mut().poll(cx).is_ready() {
            tracing::info!("let go: a connection that does not begin to speak HTTP/2");
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
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

#[cfg(test)]
mod tests;
