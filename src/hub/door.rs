//! Where viewers come in, and agents call in: one TCP address, by mutual TLS or when insecurity is spelled out.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use midair_agent::{
    access::Access,
    join::Line,
    listen::{self, Arrived, Limits, Serving},
    pace::Limit,
};
use midair_tls::{Acceptor, Waiting};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_stream::{
    Stream, StreamExt as _,
    wrappers::{ReceiverStream, TcpListenerStream},
};
use tonic::transport::server::{Connected as _, TcpConnectInfo};

use crate::feed::live::{Call, Comer, From, comer};

use super::service::Service;

/// What a hub lets in: many dashboards, each with a watch for every node that it follows; and agents that call in, all of
/// them within a minute of its start.
const LIMITS: Limits = Limits {
    connections: 512,
    connections_each: 16,
    calls: 512,
    arrivals: Limit { burst: 1_024, per_second: 300 },
    requests: Limit { burst: 600, per_second: 100 },
};

/// Connections that have not said their first words yet; when one more comes, the oldest goes.
const N_WAITING: usize = 1_024;

/// A handshake takes at most so long: thousands of agents may begin one at the same moment.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Clients that wait to be served; they are taken at the pace of the door, and wait here.
const N_CLIENTS: usize = 16;

/// Serves until told to stop. Agents that call in are told of in `calls`.
pub(super) async fn serve(
    service: Service,
    (listener, acceptor): (TcpListener, Option<Acceptor>),
    calls: mpsc::Sender<Call>,
    until: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let access = acceptor.is_none().then_some(Access::Insecure);
    let clock = service.shared.host.clone();
    let serving = Serving { service: Service { access, ..service }, clock, limits: LIMITS };
    let Some(acceptor) = acceptor else {
        let (clients, incoming) = mpsc::channel(N_CLIENTS);
        return tokio::select! {
            served = listen::serve_plain(serving, ReceiverStream::new(incoming), until) => served,
            () = receive(listener, clients, calls) => Ok(()),
        };
    };
    let acceptor = acceptor.bounded(N_WAITING, HANDSHAKE_WITHIN);
    let sort = move |arrived| client(arrived, calls.clone());
    listen::serve_sorted(serving, connections(listener), acceptor, sort, until).await
}

/// A batch waits for nothing; without this Nagle's algorithm may hold it back.
fn connections(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
    let at_once = |stream: io::Result<TcpStream>| stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    TcpListenerStream::new(listener).map(at_once)
}

/// Who has come by TLS, where that is a client; an agent is told of.
async fn client(arrived: Arrived, calls: mpsc::Sender<Call>) -> Option<Arrived> {
    let Arrived { io, address, peer, role } = arrived;
    match comer(io, (), From::Tls(&peer, role)).await {
        Ok(Comer::Client(line)) => Some(Arrived { io: Box::new(line), address, peer, role }),
        Ok(Comer::Agent(call)) => {
            tell(call, &calls).await;
            None
        }
        Err(error) => {
            tracing::info!(address = address.map(tracing::field::display), who = peer.name(), "let go: {error}");
            None
        }
    }
}

/// A client without TLS.
type Client = Line<TcpStream, TcpConnectInfo>;

/// Finds out who comes without TLS.
async fn receive(listener: TcpListener, clients: mpsc::Sender<io::Result<Client>>, calls: mpsc::Sender<Call>) {
    let (mut incoming, waiting) = (connections(listener), Waiting::new(N_WAITING));
    while let Some(accepted) = incoming.next().await {
        let stream = match accepted {
            Ok(stream) => stream,
            // Such as too many open files: it is waited for, and those who wait are not accepted meanwhile.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                continue;
            }
        };
        let (mut place, clients, calls) = (waiting.enter(), clients.clone(), calls.clone());
        tokio::spawn(async move {
            let address = stream.peer_addr().ok();
            tokio::select! {
                comer = plain(stream, address) => {
                    drop(place);
                    match comer {
                        // The server is stopping when it takes nobody any more.
                        Ok(Comer::Client(client)) => drop(clients.send(Ok(client)).await),
                        Ok(Comer::Agent(call)) => tell(call, &calls).await,
                        Err(error) => tracing::debug!(address = address.map(tracing::field::display), "let go: {error}"),
                    }
                }
                _ = &mut place.taken_away => {}
            }
        });
    }
}

async fn plain(stream: TcpStream, address: Option<SocketAddr>) -> io::Result<Comer<TcpStream, TcpConnectInfo>> {
    let info = stream.connect_info();
    comer(stream, info, From::Tcp(address)).await
}

/// When the feed is gone, so is the hub.
async fn tell(call: Call, calls: &mpsc::Sender<Call>) {
    tracing::debug!(agent = %call.address, "called in");
    drop(calls.send(call).await);
}
