//! The loads beside which costs are measured: S, M, L and C, each with the same trouble planted in it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::Command,
    time::Duration,
};

use anyhow::Context;

use crate::{
    load::{Load, Plant, Ready, Role},
    spent,
};

/// Sockets of one process in profile C; it may have 20,000 files.
const CROWD_PER_PROCESS: u32 = 19_500;

/// Which load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// 150 processes, 300 threads that rest.
    S,
    /// 500 processes, 3,000 threads, a tenth of which wake 20 times a second.
    M,
    /// 2,000 processes, 20,000 threads, a tenth of which wake; 2,000 connections, a tenth of which carry a message a second.
    L,
    /// A chat front end: so many connections, each with both ends here, in as few processes as may hold them.
    C {
        /// How many.
        connections: u32,
    },
}

impl Profile {
    /// Its name.
    pub(crate) fn name(self) -> String {
        match self {
            Self::S => "S".into(),
            Self::M => "M".into(),
            Self::L => "L".into(),
            Self::C { connections } => format!("C {}k", connections / 1000),
        }
    }

    /// How long to wait for a first round over all connections: where there are many it takes a while.
    pub(crate) fn first_round(self) -> Duration {
        match self {
            Self::S | Self::M | Self::L => Duration::ZERO,
            Self::C { .. } => Duration::from_secs(300),
        }
    }

    /// Processes, threads of each, and how many of the processes have a thread that wakes.
    fn resting(self) -> (u32, u32, u32) {
        match self {
            Self::S => (150, 2, 0),
            Self::M => (500, 6, 300),
            Self::L => (2_000, 10, 2_000),
            Self::C { .. } => (150, 2, 0),
        }
    }

    /// Makes the load; it lasts for so many seconds at most.
    pub(crate) fn start(self, seconds: u64) -> anyhow::Result<Running> {
        let again = || Ok::<_, io::Error>(Command::new(std::env::current_exe()?));
        let mut load = Load::new(seconds, again)?;
        let (processes, threads, waking) = self.resting();
        let rest = |n: u32| Role::Rest { threads, waking: u32::from(n < waking), connections: 0, talking: 0, to: None };
        let mut n_connections = 0;
        match self {
            Self::S | Self::M => {
                load.add(&(0..processes).map(rest).collect::<Vec<_>>())?;
            }
            Self::L => n_connections = start_connected(&mut load, processes, rest)?,
            Self::C { connections } => {
                load.add(&(0..processes).map(rest).collect::<Vec<_>>())?;
                n_connections = start_crowd(&mut load, connections)?;
            }
        }
        let planted = load.add(&Plant::ALL.map(Role::Plant))?;
        Ok(Running { _load: load, planted, n_connections })
    }
}

/// A load at work, until this is dropped.
pub(crate) struct Running {
    _load: Load,
    /// What is planted in it, ready to be found.
    pub(crate) planted: Vec<Ready>,
    /// How many connections there are, each of two ends.
    pub(crate) n_connections: u32,
}

/// Twenty of the processes serve the others: one connection each, every tenth of which talks.
fn start_connected(load: &mut Load, processes: u32, rest: impl Fn(u32) -> Role) -> anyhow::Result<u32> {
    const SERVERS: u32 = 20;
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let servers: Vec<Role> = (0..SERVERS).map(|_| Role::Serve { threads: 10, at: localhost }).collect();
    let addresses = addresses(&load.add(&servers)?)?;
    let clients = (SERVERS..processes).map(|n| match rest(n) {
        Role::Rest { threads, waking, .. } => {
            let to = Some(addresses[n as usize % addresses.len()]);
            // The first of them once more, so that there are as many connections as processes.
            let connections = if n < 2 * SERVERS { 2 } else { 1 };
            Role::Rest { threads, waking, connections, talking: u32::from(n % 10 == 0), to }
        }
        other => other,
    });
    count(&load.add(&clients.collect::<Vec<_>>())?)
}

/// Servers of an address each, and a client process for each.
fn start_crowd(load: &mut Load, connections: u32) -> anyhow::Result<u32> {
    let pairs = connections.div_ceil(CROWD_PER_PROCESS);
    let at = |n: u32| IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + n));
    let servers: Vec<Role> = (0..pairs).map(|n| Role::Serve { threads: 1, at: at(n) }).collect();
    let addresses = addresses(&load.add(&servers)?)?;
    let mut left = connections;
    let clients = addresses.into_iter().map(|to| {
        let connections = left.min(CROWD_PER_PROCESS);
        left -= connections;
        Role::Rest { threads: 1, waking: 0, connections, talking: 0, to: Some(to) }
    });
    count(&load.add(&clients.collect::<Vec<_>>())?)
}

fn addresses(servers: &[Ready]) -> anyhow::Result<Vec<[SocketAddr; 2]>> {
    let both = |server: &Ready| {
        let both = server.detail::<String>()?;
        let (one, other) = both.split_once(' ').context("a server has two addresses")?;
        Ok([one.parse()?, other.parse()?])
    };
    servers.iter().map(both).collect()
}

fn count(clients: &[Ready]) -> anyhow::Result<u32> {
    clients.iter().map(Ready::detail::<u32>).sum()
}

/// How large this host is now, the load included.
pub(crate) fn said_of_this_host(n_connections: u32) -> String {
    let pids = spent::numbers("/proc");
    let n_threads: usize = pids.iter().map(|pid| spent::numbers(&format!("/proc/{pid}/task")).len()).sum();
    format!("{} processes, {n_threads} threads, {n_connections} connections of the load", pids.len())
}
