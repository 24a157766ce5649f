//! One kernel object as a look at it found it, a socket or a pipe, and the queues in it.

use std::{net::SocketAddr, sync::Arc};

use midair_vitals::{Queue, QueueKind, Unit};

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A TCP listener.
    TcpListener,
    /// A TCP connection.
    Tcp,
    /// A UDP socket.
    Udp,
    /// A unix listener.
    UnixListener,
    /// A unix socket of any type that does not listen.
    Unix,
    /// A pipe or FIFO.
    Pipe,
    /// An event counter (eventfd(2)).
    EventFd,
    /// A POSIX message queue (mq_overview(7)).
    MessageQueue,
}

impl Kind {
    /// All kinds; a kind is told by its place here.
    pub(crate) const ALL: [Self; 8] = [
        Self::TcpListener,
        Self::Tcp,
        Self::Udp,
        Self::UnixListener,
        Self::Unix,
        Self::Pipe,
        Self::EventFd,
        Self::MessageQueue,
    ];

    /// How many queues such an object has.
    pub(crate) fn n_queues(self) -> u32 {
        if self == Self::Tcp { 2 } else { 1 }
    }

    /// What its queue is, or the first of two.
    pub(crate) fn queue_kind(self) -> QueueKind {
        match self {
            Self::TcpListener | Self::UnixListener => QueueKind::Listen,
            Self::Tcp => QueueKind::TcpReceive,
            Self::Udp => QueueKind::UdpReceive,
            Self::Unix => QueueKind::Unix,
            Self::Pipe => QueueKind::Pipe,
            Self::EventFd => QueueKind::Event,
            Self::MessageQueue => QueueKind::MessageQueue,
        }
    }

    /// What the depth of its queue counts, where nothing else is said.
    fn unit(self) -> Unit {
        match self {
            Self::TcpListener | Self::UnixListener => Unit::Connections,
            Self::Tcp | Self::Udp | Self::Unix | Self::Pipe => Unit::Bytes,
            Self::EventFd => Unit::Events,
            Self::MessageQueue => Unit::Messages,
        }
    }
}

/// A kernel object with one or two queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// What it is.
    pub(crate) kind: Kind,
    /// Number of its inode; 0 where no process holds it any more.
    pub(crate) inode: u64,
    /// Where it leads.
    pub(crate) ends: Ends,
    /// What waits in it to be taken by its owner.
    pub(crate) receive: Level,
    /// What a TCP connection has not sent, or not been acknowledged.
    pub(crate) send: Level,
    /// Datagrams or connections dropped since it was made.
    pub(crate) drops: Option<u64>,
    /// Counters of a TCP connection.
    pub(crate) tcp: Option<TcpCounters>,
}

/// How full a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// What depth and limit count.
    pub(crate) unit: Unit,
    /// What waits.
    pub(crate) depth: Option<u64>,
    /// How much can wait.
    pub(crate) limit: Option<u64>,
}

impl Level {
    /// A level in bytes.
    pub(crate) fn bytes(depth: Option<u64>, limit: Option<u64>) -> Self {
        Self { unit: Unit::Bytes, depth, limit }
    }
}

/// Where an object leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Nowhere that has a name.
    #[default]
    None,
    /// Addresses of an internet socket; the remote one is unspecified where there is none.
    Inet {
        /// Own address.
        local: SocketAddr,
        /// The peer's.
        remote: SocketAddr,
    },
    /// Those of a unix socket, as far as they were asked for.
    Unix {
        /// Inode of the socket that it is connected to.
        peer: Option<u64>,
        /// Path that it is bound to; an abstract name starts with `@`.
        name: Option<Arc<str>>,
    },
}

/// Counters of a TCP connection (`struct tcp_info`). Those of segments wrap at 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct TcpCounters {
    pub(crate) bytes_acked: u64,
    pub(crate) bytes_received: u64,
    pub(crate) segs_out: u32,
    pub(crate) segs_in: u32,
    pub(crate) data_segs_in: u32,
    pub(crate) data_segs_out: u32,
}

const SYN_SENT: u8 = 2;
const FIN_WAIT1: u8 = 4;
pub(crate) const TIME_WAIT: u8 = 6;
const CLOSE_WAIT: u8 = 8;
const LAST_ACK: u8 = 9;
pub(crate) const LISTEN: u8 = 10;
/// The last state of a socket that a process holds (include/net/tcp_states.h).
pub(crate) const CLOSING: u8 = 11;

impl Object {
    /// A TCP socket as the kernel's tables have it: of a listener `n_unread` is its backlog and `n_unsent` that one's limit.
    ///
    /// The kernel counts sequence numbers: the peer's FIN is one of them until it has been read, and its own SYN or FIN until
    /// it has been acknowledged; neither is a byte.
    pub(crate) fn tcp(inode: u64, state: u8, (local, remote): (SocketAddr, SocketAddr), n: (u64, u64)) -> Self {
        let (n_unread, n_unsent) = n;
        let ends = Ends::Inet { local, remote };
        if state == LISTEN {
            // The files of /proc/net say zero where netlink gives the limit.
            let limit = Some(n_unsent).filter(|limit| *limit > 0);
            let receive = Level { unit: Unit::Connections, depth: Some(n_unread), limit };
            return Self { ends, receive, ..Self::bare(Kind::TcpListener, inode) };
        }
        let has_fin = matches!(state, CLOSE_WAIT | LAST_ACK | CLOSING);
        let has_flag = matches!(state, SYN_SENT | FIN_WAIT1 | LAST_ACK | CLOSING);
        Self {
            ends,
            receive: Level::bytes(Some(n_unread.saturating_sub(u64::from(has_fin))), None),
            send: Level::bytes(Some(n_unsent.saturating_sub(u64::from(has_flag))), None),
            ..Self::bare(Kind::Tcp, inode)
        }
    }

    /// A UDP socket.
    pub(crate) fn udp(inode: u64, (local, remote): (SocketAddr, SocketAddr), n_unread: u64) -> Self {
        let receive = Level::bytes(Some(n_unread), None);
        Self { ends: Ends::Inet { local, remote }, receive, ..Self::bare(Kind::Udp, inode) }
    }

    /// An object of which nothing but its kind and inode is known.
    pub(crate) fn bare(kind: Kind, inode: u64) -> Self {
        let receive = Level { unit: kind.unit(), depth: None, limit: None };
        Self { kind, inode, ends: Ends::None, receive, send: Level::bytes(None, None), drops: None, tcp: None }
    }

    /// Its queues: two of a TCP connection, one of anything else.
    pub(crate) fn queues(&self) -> impl Iterator<Item = Queue> + use<> {
        let sent = (self.kind == Kind::Tcp).then(|| self.sent());
        [Some(self.received()), sent].into_iter().flatten()
    }

    /// How full its queues are.
    pub(crate) fn levels(&self) -> impl Iterator<Item = (QueueKind, Level)> + use<> {
        let sent = (self.kind == Kind::Tcp).then_some((QueueKind::TcpSend, self.send));
        [Some((self.kind.queue_kind(), self.receive)), sent].into_iter().flatten()
    }

    /// Whether something waits in it: to be taken by its owner, or to be sent for it.
    pub(crate) fn has_waiting(&self) -> bool {
        self.levels().any(|(_, level)| level.depth > Some(0))
    }

    /// Its own port; 0 where it has none.
    pub(crate) fn port(&self) -> u16 {
        match &self.ends {
            Ends::Inet { local, .. } => local.port(),
            Ends::None | Ends::Unix { .. } => 0,
        }
    }

    /// What a queue of it is, for people: `127.0.0.1:7070 < 10.0.0.2:40112`.
    pub(crate) fn label(&self, kind: QueueKind) -> Option<Arc<str>> {
        match &self.ends {
            Ends::None => None,
            Ends::Unix { name, .. } => name.clone(),
            Ends::Inet { local, remote } if kind == QueueKind::TcpSend => Some(format!("{local} > {remote}").into()),
            Ends::Inet { local, remote } if remote.port() != 0 => Some(format!("{local} < {remote}").into()),
            Ends::Inet { local, .. } => Some(local.to_string().into()),
        }
    }

    fn received(&self) -> Queue {
        let Level { unit, depth, limit } = self.receive;
        let n_in = self.tcp.map(|tcp| tcp.bytes_received);
        Queue {
            depth,
            limit,
            drops: self.drops.filter(|_| self.kind != Kind::Tcp),
            number: Some(self.inode),
            n_in,
            // What came in and does not wait has been read.
            n_out: n_in.zip(depth).map(|(n_in, depth)| n_in.saturating_sub(depth)),
            ..Queue::unknown(self.kind.queue_kind(), unit)
        }
    }

    fn sent(&self) -> Queue {
        let Level { unit, depth, limit } = self.send;
        let n_out = self.tcp.map(|tcp| tcp.bytes_acked);
        Queue {
            depth,
            limit,
            number: Some(self.inode),
            n_in: n_out.zip(depth).map(|(n_out, depth)| n_out + depth),
            n_out,
            ..Queue::unknown(QueueKind::TcpSend, unit)
        }
    }
}

#[cfg(test)]
mod tests;
