//! What a door lets in, and how fast.

use crate::pace::{self, Limit};

use super::{N_CONNECTIONS, N_CONNECTIONS_EACH};

/// Calls that one connection has at once: a dashboard has a few, a hub one watch for each of its viewers that looks here.
const N_CALLS: u32 = 256;

/// What a door lets in, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections that one identity has at once.
    pub connections_each: usize,
    /// Calls that one connection has at once.
    pub calls: u32,
    /// How fast connections are taken.
    pub arrivals: Limit,
    /// How fast each connection calls.
    pub requests: Limit,
}

impl Limits {
    /// Those of an agent.
    pub const AGENT: Self = Self {
        connections: N_CONNECTIONS,
        connections_each: N_CONNECTIONS_EACH,
        calls: N_CALLS,
        arrivals: pace::CONNECTIONS,
        requests: pace::REQUESTS,
    };
}
