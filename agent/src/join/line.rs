//! A connection of which the first bytes were read already.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// A connection on which the bytes that were read come again first.
#[derive(Debug)]
pub struct Line<S, I> {
    head: [u8; 8],
    n_read: usize,
    io: S,
    /// Who is at the other end.
    info: I,
}

impl<S, I> Line<S, I> {
    /// The connection as it was before these bytes were read.
    pub fn after(head: [u8; 8], io: S, info: I) -> Self {
        Self { head, n_read: 0, io, info }
    }
}

impl<S, I: Clone + Send + Sync + 'static> Connected for Line<S, I> {
    type ConnectInfo = I;

    fn connect_info(&self) -> I {
        self.info.clone()
    }
}

impl<S: AsyncRead + Unpin, I: Unpin> AsyncRead for Line<S, I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { head, n_read, io, .. } = &mut *self;
        let rest = &head[*n_read..];
        if rest.is_empty() {
            return Pin::new(io).poll_read(cx, buf);
        }
        let n = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..n]);
        *n_read += n;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, I: Unpin> AsyncWrite for Line<S, I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
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
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
