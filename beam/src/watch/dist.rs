//! The links of a VM to other nodes: what waits for each, and what went through.

use std::time::Duration;

use super::{
    address::host_and_port,
    asked::{Asked, WatchError},
    form::Form,
};
use crate::{
    connection::Connection,
    term::{Pid, Term},
};

const DIST: Form = Form(include_bytes!("../../forms/dist.etf"));

/// Links of one reading. Of more, those come first for which something waits.
pub const MOST_LINKS: usize = 1024;

/// A helper there that reads all links when asked.
#[derive(Debug)]
pub struct DistWatch {
    asked: Asked,
    ours: String,
}

/// What one look at the links says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DistReading {
    /// When, by the VM's monotonic clock: us.
    pub at_us: i64,
    /// Time that this helper has taken on the VM before this reading: us by its clock.
    pub helper_us: Option<u64>,
    /// Links in all; more than there are here where there are more than [`MOST_LINKS`].
    pub n_links: Option<u64>,
    /// One for each peer, by name.
    pub links: Vec<Link>,
}

/// A link to a peer node.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The peer.
    pub node: String,
    /// Whether the peer is hidden; `None`: of another kind.
    pub is_hidden: Option<bool>,
    /// Whether it is the connection of this helper.
    pub is_ours: bool,
    /// `up`, `pending`, `up_pending` (net_kernel).
    pub state: Option<String>,
    /// Where the peer is: `host:port` of the socket.
    pub address: Option<String>,
    /// `tcp`, `tls` or what else carries it.
    pub carrier: Option<String>,
    /// Bytes that came through its socket. Counter.
    pub in_bytes: Option<u64>,
    /// Bytes that went through its socket. Counter.
    pub out_bytes: Option<u64>,
    /// Packets that came. Counter.
    pub in_packets: Option<u64>,
    /// Packets that went. Counter.
    pub out_packets: Option<u64>,
    /// Bytes that wait in the VM to be sent to it. (`queue_size` of its port is only what the driver has taken of them.)
    pub pending_bytes: Option<u64>,
    /// Whether those who send there are suspended: as much waited as the VM lets wait (`dist_buf_busy_limit`). It may be less
    /// by now: while the socket takes nothing, that stays so.
    pub is_busy: Option<bool>,
}

impl DistWatch {
    /// Starts the helper. Each reading waits for `within` at most.
    pub async fn start(connection: &Connection, within: Duration) -> Result<Self, WatchError> {
        let args = vec![(MOST_LINKS as i64).into()];
        let asked = Asked::start(connection, ("its links", DIST), args, within).await?;
        Ok(Self { asked, ours: connection.agreed().name.as_str().to_owned() })
    }

    /// Asks once. Where an answer is late, the next reading waits for it.
    pub async fn read(&mut self) -> Result<DistReading, WatchError> {
        let said = self.asked.ask().await?;
        reading(&said, &self.ours).ok_or_else(|| self.asked.garbage())
    }

    /// The helper.
    pub fn process(&self) -> &Pid {
        self.asked.process()
    }
}

/// Of what comes after the number; `None` without a moment.
fn reading(said: &[Term], ours: &str) -> Option<DistReading> {
    let [at, own, n_links, links, busy] = said else { return None };
    let busy: Option<Vec<&str>> = busy.as_list().map(|nodes| nodes.iter().filter_map(Term::as_atom).collect());
    let link = |term: &Term| link(term, ours, busy.as_deref());
    let mut links: Vec<Link> = links.as_list().unwrap_or_default().iter().filter_map(link).collect();
    links.sort_by(|a, b| a.node.cmp(&b.node));
    // Those for which something waits come twice where not all came.
    links.dedup_by(|a, b| a.node == b.node);
    Some(DistReading { at_us: at.as_int()?, helper_us: own.as_count(), n_links: n_links.as_count(), links })
}

/// Of `{{Node, State, Type, Address}, Stat, PortStat}`.
fn link(term: &Term, ours: &str, busy: Option<&[&str]>) -> Option<Link> {
    let [head, stat, socket] = term.as_tuple()? else { return None };
    let [node, state, kind, address] = head.as_tuple()? else { return None };
    let node = node.as_atom()?.to_owned();
    let counter = |name| socket.as_tuple()?.get(1)?.get(name)?.as_count();
    // `{ok, In, Out, Pending}` (erlang:dist_get_stat/1, undocumented; the pending bytes are since OTP 22).
    let pending_bytes = match stat.as_tuple() {
        Some([_, _, _, pending]) => pending.as_count(),
        _ => None,
    };
    Some(Link {
        is_hidden: match kind.as_atom() {
            Some("normal") => Some(false),
            Some("hidden") => Some(true),
            _ => None,
        },
        is_ours: node == ours,
        is_busy: busy.map(|busy| busy.contains(&node.as_str())),
        node,
        state: state.as_atom().map(str::to_owned),
        address: socket_address(address),
        carrier: address.as_tuple().and_then(|fields| fields.get(3)?.as_atom().map(str::to_owned)),
        in_bytes: counter("recv_oct"),
        out_bytes: counter("send_oct"),
        in_packets: counter("recv_cnt"),
        out_packets: counter("send_cnt"),
        pending_bytes,
    })
}

/// Of `{net_address, Address, Host, Protocol, Family}` (kernel, net_address.hrl).
fn socket_address(address: &Term) -> Option<String> {
    let [_, socket, ..] = address.as_tuple()? else { return None };
    host_and_port(socket)
}

#[cfg(test)]
mod tests;
