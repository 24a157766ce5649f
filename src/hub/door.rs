//! Where viewers come in: one TCP address, by mutual TLS or when insecurity is spelled out.

use std::{future::Future, io};

use midair_agent::{
    access::Access,
    listen::{self, Limits, Serving},
    pace::Limit,
};
use midair_tls::Acceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::{Stream, StreamExt as _, wrappers::TcpListenerStream};

use super::service::Service;

/// What a hub lets in: many dashboards, each with a watch for every node that it follows.
const LIMITS: Limits = Limits {
    connections: 512,
    connections_each: 16,
    calls: 512,
    arrivals: Limit { burst: 256, per_second: 50 },
    requests: Limit { burst: 600, per_second: 100 },
};

/// Serves until told to stop.
pub(super) async fn serve(
    service: Service,
    listener: TcpListener,
    acceptor: Option<Acceptor>,
    until: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let access = acceptor.is_none().then_some(Access::Insecure);
    let clock = service.shared.host.clone();
    let serving = Serving { service: Service { access, ..service }, clock, limits: LIMITS };
    match acceptor {
        Some(acceptor) => listen::serve_known(serving, connections(listener), acceptor, until).await,
        None => listen::serve_plain(serving, connections(listener), until).await,
    }
}

/// A batch waits for nothing; without this Nagle's algorithm may hold it back.
fn connections(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
    let at_once = |stream: io::Result<TcpStream>| stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    TcpListenerStream::new(listener).map(at_once)
}
