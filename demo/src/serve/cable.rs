//! A connection that can be cut: nothing comes and nothing goes, and neither end is told.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use midair_agent::Clock;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::World;

/// Whether a cut cable is whole again is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A TCP connection with a switch in it.
#[derive(Debug)]
pub(super) struct Cable {
    stream: TcpStream,
    switch: Switch,
    /// Until the next look, for each direction; only while it is cut.
    looks: [Option<Pin<Box<Sleep>>>; 2],
}

/// Knows when a node is cut off.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    world: Arc<World>,
    number: usize,
    start_us: u64,
}

impl Switch {
    pub(super) fn new(world: Arc<World>, number: usize, start_us: u64) -> Self {
        Self { world, number, start_us }
    }

    fn is_cut(&self) -> bool {
        let at_s = Clock::system().mono_us().saturating_sub(self.start_us) as f64 / 1e6;
        self.world.is_cut(&self.world.cluster.nodes[self.number], at_s)
    }
}

impl Cable {
    pub(super) fn new(stream: TcpStream, switch: Switch) -> Self {
        Self { stream, switch, looks: [None, None] }
    }

    /// Ready once nothing is in the way of reading (0) or of writing (1).
    fn poll_whole(&mut self, direction: usize, cx: &mut Context<'_>) -> Poll<()> {
        let look = &mut self.looks[direction];
        while self.switch.is_cut() {
            let sleeping = look.get_or_insert_with(|| Box::pin(sleep(LOOK_EVERY)));
            if sleeping.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            *look = None;
        }
        *look = None;
        Poll::Ready(())
    }
}

impl Connected for Cable {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Cable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.poll_whole(0, cx).is_pending() {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.poll_whole(1, cx).is_pending() {
            return Poll::Pending;
        }
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
        if self.poll_whole(1, cx).is_pending() {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
