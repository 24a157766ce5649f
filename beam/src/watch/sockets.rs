//! The sockets of a VM that are no ports: those of the module `socket`.

use std::time::Duration;

use super::{
    address::host_and_port,
    asked::WatchError,
    form::{self, Form},
};
use crate::{
    connection::Connection,
    term::{Pid, Term},
};

const SOCKETS: Form = Form(include_bytes!("../../forms/sockets.etf"));

/// Sockets of one look; of more, these many are looked at.
pub const MOST_LOOKED: usize = 5_000;

/// What one look at the sockets says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SocketReading {
    /// When, by the VM's monotonic clock: us.
    pub at_us: i64,
    /// Time that the look took on the VM: us by its clock.
    pub took_us: Option<u64>,
    /// Sockets there are.
    pub n_sockets: Option<u64>,
    /// Sockets that were looked at: fewer where there are more than [`MOST_LOOKED`].
    pub n_looked: Option<u64>,
    /// Those for which most writers wait, then those that moved most bytes since they were opened.
    pub sockets: Vec<SocketRow>,
}

/// A socket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SocketRow {
    /// The process that owns it.
    pub owner: Option<Pid>,
    /// The registered name of that.
    pub owner_name: Option<String>,
    /// `tcp`, `udp`, `sctp` or what else it speaks.
    pub protocol: Option<String>,
    /// Where it goes, where it is connected: `host:port`.
    pub peer: Option<String>,
    /// Bytes that came in. Counter.
    pub in_bytes: Option<u64>,
    /// Bytes that went out. Counter.
    pub out_bytes: Option<u64>,
    /// Processes that wait to write to it: it takes no more now.
    pub n_writers: Option<u64>,
    /// Processes that wait for something to come.
    pub n_readers: Option<u64>,
}

/// Looks at these sockets once, and gives `n` of them.
pub async fn sockets(connection: &Connection, n: u32, within: Duration) -> Result<SocketReading, WatchError> {
    let args = SOCKETS.applied_to(vec![i64::from(n).into(), (MOST_LOOKED as i64).into()]);
    let returned = connection.call(form::INTERPRETER, args, within).await?;
    let said = form::value(returned);
    said.as_ref().and_then(reading).ok_or(WatchError::Garbage { what: "its sockets" })
}

/// Of `{At, Took, All, Looked, Sockets}`; `None` without a moment.
fn reading(said: &Term) -> Option<SocketReading> {
    let [at, took, all, looked, sockets] = said.as_tuple()? else { return None };
    Some(SocketReading {
        at_us: at.as_int()?,
        took_us: took.as_count(),
        n_sockets: all.as_count(),
        n_looked: looked.as_count(),
        sockets: sockets.as_list().unwrap_or_default().iter().filter_map(row).collect(),
    })
}

/// Of `{Info, Peer, OwnerName}` (socket:info/1).
fn row(socket: &Term) -> Option<SocketRow> {
    let [info, peer, owner_name] = socket.as_tuple()? else { return None };
    let count = |name| info.get(name)?.as_count();
    let counter = |name| info.get("counters")?.get(name)?.as_count();
    Some(SocketRow {
        owner: info.get("owner").and_then(Term::as_pid).cloned(),
        owner_name: owner_name.as_atom().map(str::to_owned),
        protocol: info.get("protocol").and_then(Term::as_atom).map(str::to_owned),
        peer: host_and_port(peer),
        in_bytes: counter("read_byte"),
        out_bytes: counter("write_byte"),
        n_writers: count("num_writers"),
        n_readers: count("num_readers"),
    })
}

#[cfg(test)]
mod tests;
