//! Real agents for the nodes of a world: each listens on an address of its own, all on one runtime.

mod cable;

use std::{io, net::SocketAddr, ops::Range, sync::Arc, time::Duration};

use anyhow::Context;
use midair_agent::{
    Clock, Config,
    config::BlackBoxConfig,
    config::Place,
    cost::Payer,
    crew::Crew,
    desk::Door,
    identity::Identity,
    join::{self, Hub},
    listen,
};
use midair_tls::{Acceptor, Connector, Credentials};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_stream::{StreamExt, wrappers::TcpListenerStream};

use crate::{World, chance, cluster::Node, source::Made};
use cable::{Cable, Switch};

/// Time between two samples.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// Agents in one process: each has a socket that listens and connections, of 20,000 files.
pub const N_AGENTS: usize = 4_000;

/// Connections that wait for an agent; few come at once.
const BACKLOG: u32 = 16;

/// Agents that listen, and do not run yet.
#[derive(Debug)]
pub struct Served {
    crew: Crew,
    open: Vec<(Door, TcpListener, Switch)>,
    tls: Option<Arc<Credentials>>,
    join: Option<String>,
}

/// Which nodes are served, and since when there has been a world.
#[derive(Clone, Debug)]
pub struct Part {
    /// The world.
    pub world: Arc<World>,
    /// Numbers of the nodes.
    pub nodes: Range<usize>,
    /// The port on which all of them listen.
    pub port: u16,
    /// `CLOCK_MONOTONIC` of the beginning, microseconds.
    pub start_us: u64,
    /// Who they are; `None`: they listen without certificates.
    pub tls: Option<Arc<Credentials>>,
    /// The hub at which they call in, "host:port", by TLS where they have certificates; `None`: at none.
    pub join: Option<String>,
}

impl Served {
    /// Opens the addresses of these nodes. Must be called on a tokio runtime.
    pub fn open(part: &Part) -> anyhow::Result<Self> {
        let (tls, join) = (part.tls.clone(), part.join.clone());
        let mut served = Self { crew: Crew::new(INTERVAL), open: Vec::new(), tls, join };
        for node in part.nodes.clone().filter_map(|number| part.world.cluster.nodes.get(number)) {
            served.add(part, node)?;
        }
        Ok(served)
    }

    fn add(&mut self, part: &Part, node: &Node) -> anyhow::Result<()> {
        let address = SocketAddr::from((node.address(), part.port));
        let listener = bound(address).with_context(|| format!("cannot listen on {address} for {}", node.name))?;
        let ahead_us = Arc::default();
        let clock = Clock::off_by(Arc::clone(&ahead_us));
        let config = Config {
            node: Some(node.name.to_string()),
            labels: node.labels(),
            interval: INTERVAL,
            budget_milli: None,
            payer: Payer::Children,
            black_box: BlackBoxConfig { place: Place::Off, ..BlackBoxConfig::default() },
            is_demo: true,
            ..Config::default()
        };
        let hex = |parts: [u64; 2]| format!("{:016x}", chance::mix(node.seed, parts));
        let identity = Identity::told(&config, &node.name, hex([0, 95]), hex([part.start_us, 96]));
        let source = Made::new(Arc::clone(&part.world), node.number, clock.clone(), part.start_us, ahead_us);
        let door = self.crew.add(&config, identity, clock, vec![Box::new(source)]);
        let switch = Switch::new(Arc::clone(&part.world), node.number, part.start_us);
        self.open.push((door, listener, switch));
        Ok(())
    }

    /// How many agents there are.
    pub fn n_agents(&self) -> usize {
        self.open.len()
    }

    /// Serves until it is dropped.
    pub async fn run(self) -> anyhow::Result<()> {
        for (door, listener, switch) in self.open {
            if let Some(address) = self.join.clone() {
                let (door, switch) = (door.clone(), switch.clone());
                let hub = Hub { address, tls: self.tls.clone().map(Connector::new) };
                let plug = move |stream| Cable::new(stream, switch.clone());
                tokio::spawn(join::call(door, hub, plug, std::future::pending()));
            }
            if let Some(credentials) = &self.tls {
                tokio::spawn(guarded(door, listener, Acceptor::new(Arc::clone(credentials))));
                continue;
            }
            let plugged = move |stream: io::Result<_>| {
                // A sample waits for nothing; without this Nagle's algorithm may hold it back.
                let at_once = |stream: TcpStream| stream.set_nodelay(true).map(|()| stream);
                stream.and_then(at_once).map(|stream| Cable::new(stream, switch.clone()))
            };
            let connections = TcpListenerStream::new(listener).map(plugged);
            tokio::spawn(async move {
                if let Err(error) = listen::serve_connections(door, connections, std::future::pending()).await {
                    tracing::error!(%error, "an agent of the demo no longer serves");
                }
            });
        }
        self.crew.run().await;
        Ok(())
    }
}

/// Serves by mutual TLS. Its cable is never cut.
async fn guarded(door: Door, listener: TcpListener, acceptor: Acceptor) {
    if let Err(error) = listen::serve_tls(door, listener, acceptor, std::future::pending()).await {
        tracing::error!(%error, "an agent of the demo no longer serves");
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // One who comes again at once finds connections of before that have not quite ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests;
