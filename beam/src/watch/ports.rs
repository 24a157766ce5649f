//! The ports of a VM in which most waits, and those that move most.

use std::time::Duration;

use super::{
    address::host_and_port,
    asked::{Asked, WatchError},
    form::Form,
};
use crate::{
    connection::Connection,
    term::{Pid, Port, Term},
};

const PORTS: Form = Form(include_bytes!("../../forms/ports.etf"));

/// Ports of one look. Of more, a run of this length is looked at, another one each time.
pub const MOST_LOOKED: usize = 20_000;

/// A helper there that looks at all ports when asked, about 3 us for each. It is for as long as somebody looks.
#[derive(Debug)]
pub struct PortWatch {
    asked: Asked,
}

/// What one look at the ports says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PortReading {
    /// When, by the VM's monotonic clock: us.
    pub at_us: i64,
    /// Time that this helper has taken on the VM before this reading: us by its clock.
    pub helper_us: Option<u64>,
    /// Ports there are.
    pub n_ports: Option<u64>,
    /// Ports that were looked at: fewer where there are more than [`MOST_LOOKED`].
    pub n_looked: Option<u64>,
    /// Those in which most bytes wait, the most first; where nothing waits, none.
    pub queued: Vec<PortRow>,
    /// Those that moved most bytes since the reading before, the most first, and after them some that moved none; at the first
    /// reading: since they were opened.
    pub moved: Vec<PortRow>,
}

/// A port.
#[derive(Clone, Debug, PartialEq)]
pub struct PortRow {
    /// Which.
    pub port: Port,
    /// Its driver, or the command that runs behind it: `tcp_inet`.
    pub name: Option<String>,
    /// The process that owns it.
    pub owner: Option<Pid>,
    /// The registered name of that.
    pub owner_name: Option<String>,
    /// Whether it carries a link to another node.
    pub is_dist: Option<bool>,
    /// Where it goes, where it is a connected socket: `host:port`; where it is another socket, its own: `at host:port`.
    pub peer: Option<String>,
    /// Bytes that its driver has yet to write. For a link to another node, what waits before is in
    /// [`Link`](super::dist::Link).
    pub queue_bytes: Option<u64>,
    /// Bytes that came in. Counter.
    pub in_bytes: Option<u64>,
    /// Bytes that went out. Counter.
    pub out_bytes: Option<u64>,
    /// Bytes in and out since the reading before; `None` where it was not looked at then.
    pub moved_bytes: Option<u64>,
}

impl PortWatch {
    /// Starts the helper, which tells at most `n` ports of each kind. Each reading waits for `within` at most.
    pub async fn start(connection: &Connection, n: u32, within: Duration) -> Result<Self, WatchError> {
        let args = vec![i64::from(n).into(), (MOST_LOOKED as i64).into()];
        Ok(Self { asked: Asked::start(connection, ("its ports", PORTS), args, within).await? })
    }

    /// Asks once. Where an answer is late, the next reading waits for it.
    pub async fn read(&mut self) -> Result<PortReading, WatchError> {
        let said = self.asked.ask().await?;
        reading(&said).ok_or_else(|| self.asked.garbage())
    }

    /// The helper.
    pub fn process(&self) -> &Pid {
        self.asked.process()
    }
}

/// Of what comes after the number; `None` without a moment.
fn reading(said: &[Term]) -> Option<PortReading> {
    let [at, own, all, looked, queued, moved] = said else { return None };
    let rows = |rows: &Term| rows.as_list().unwrap_or_default().iter().filter_map(row).collect();
    Some(PortReading {
        at_us: at.as_int()?,
        helper_us: own.as_count(),
        n_ports: all.as_count(),
        n_looked: looked.as_count(),
        queued: rows(queued),
        moved: rows(moved),
    })
}

/// Of `{Port, Queue, In, Out, MovedSince, Name, Owner, OwnerName, IsDist, Peer}`.
fn row(term: &Term) -> Option<PortRow> {
    let [port, queue, input, output, moved, name, owner, owner_name, is_dist, peer] = term.as_tuple()? else {
        return None;
    };
    let Term::Port(port) = port else { return None };
    Some(PortRow {
        port: (**port).clone(),
        // No name is the empty list, as what is not known.
        name: name.to_text().filter(|name| !name.is_empty()),
        owner: owner.as_pid().cloned(),
        owner_name: owner_name.as_atom().map(str::to_owned),
        is_dist: is_dist.as_atom().and_then(|is| is.parse().ok()), // Another atom: unknown.
        peer: host_and_port(peer).or_else(|| own_address(peer)),
        queue_bytes: queue.as_count(),
        in_bytes: input.as_count(),
        out_bytes: output.as_count(),
        moved_bytes: moved.as_count(),
    })
}

/// Of `[Address]`.
fn own_address(address: &Term) -> Option<String> {
    let [address] = address.as_list()? else { return None };
    host_and_port(address).map(|address| format!("at {address}"))
}

#[cfg(test)]
mod tests;
