//! Connections in memory: served on a thread of their own, so that what the program around an embedded agent does with
//! its runtime is told apart from what the agent costs.

use std::{io, sync::OnceLock, time::Duration};

use anyhow::Context;
use tokio::{
    io::DuplexStream,
    sync::{mpsc, oneshot},
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::transport::server::Server;

use super::grpc;
use crate::{cost::ThreadTimes, desk::Door, service::Service};

/// Bytes that either end of a connection may have under way.
const DUPLEX_BYTES: usize = 64 * 1024;

/// Connections that wait to be served; they are taken at once, so this many never do.
const N_WAITING: usize = 64;

/// Connections that have not ended so long after the agent are cut.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Encoding is done on the desk; what is left to do here is shallow.
const STACK_BYTES: usize = 1 << 20;

/// The server of connections in memory; its thread starts with the first.
#[derive(Debug)]
pub struct Embedded {
    door: Door,
    threads: ThreadTimes,
    server: OnceLock<Option<Running>>,
}

/// A thread that serves. It ends when this is dropped.
#[derive(Debug)]
struct Running {
    connections: mpsc::Sender<DuplexStream>,
    /// Nothing is ever sent: that this end goes away is the message.
    _stop: oneshot::Sender<()>,
}

impl Embedded {
    /// Serves what goes through this door, and tells in `threads` what that costs.
    pub fn new(door: Door, threads: ThreadTimes) -> Self {
        Self { door, threads, server: OnceLock::new() }
    }

    /// A new connection. Where it cannot be served it is closed already.
    pub fn connect(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(DUPLEX_BYTES);
        let running = self.server.get_or_init(|| match self.start() {
            Ok(running) => Some(running),
            Err(error) => {
                tracing::error!(%error, "connections in memory cannot be served");
                None
            }
        });
        if running.as_ref().is_none_or(|running| running.connections.try_send(server).is_err()) {
            tracing::warn!("a connection in memory was let go");
        }
        client
    }

    fn start(&self) -> anyhow::Result<Running> {
        let (connections, incoming) = mpsc::channel(N_WAITING);
        let (stop, stopped) = oneshot::channel();
        let (door, threads, clock) = (self.door.clone(), self.threads.clone(), self.door.clock().clone());
        // No sockets here: without their driver the thread sleeps and wakes more cheaply.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .on_thread_park(move || threads.service(clock.thread_cpu_us()))
            .build()
            .context("cannot start tokio")?;
        std::thread::Builder::new()
            .name("midair-service".into())
            .stack_size(STACK_BYTES)
            .spawn(move || runtime.block_on(serve(door, incoming, stopped)))
            .context("cannot start the agent's service thread")?;
        Ok(Running { connections, _stop: stop })
    }
}

async fn serve(door: Door, incoming: mpsc::Receiver<DuplexStream>, stopped: oneshot::Receiver<()>) {
    let incoming = ReceiverStream::new(incoming).map(Ok::<_, io::Error>);
    // An agent that is gone takes the way in with it; then connections end one by one, as their watches do.
    let served = Server::builder()
        .serve_with_incoming_shutdown(grpc(Service::local(door)), incoming, async { std::future::pending().await });
    let too_long = async {
        drop(stopped.await);
        tokio::time::sleep(STOP_WITHIN).await;
    };
    tokio::select! {
        served = served => if let Err(error) = served {
            tracing::warn!(%error, "serving connections in memory failed");
        },
        () = too_long => tracing::debug!("connections in memory were cut"),
    }
}
