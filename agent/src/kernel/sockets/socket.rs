//! One socket as the kernel describes it, and the queues in it.

use std::net::SocketAddr;

use midair_vitals::{Queue, QueueKind, Unit};

/// Which protocol a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    /// Its protocol.
    pub(crate) protocol: Protocol,
    /// Its state, by the numbers of include/net/tcp_states.h.
    pub(crate) state: u8,
    /// Number of its inode; 0 where no process holds it any more.
    pub(crate) inode: u64,
    /// Own address.
    pub(crate) local: SocketAddr,
    /// The peer's; unspecified where there is none.
    pub(crate) remote: SocketAddr,
    /// What waits to be read: bytes, or connections of a listener.
    pub(crate) n_unread: u64,
    /// What waits to be acknowledged: bytes, or the backlog's limit of a listener.
    pub(crate) n_unsent: u64,
    /// Limit of the receive buffer.
    pub(crate) receive_limit: Option<u64>,
    /// Limit of the send buffer.
    pub(crate) send_limit: Option<u64>,
    /// Datagrams or connections dropped.
    pub(crate) drops: Option<u64>,
    /// Counters of a TCP connection.
    pub(crate) tcp: Option<TcpCounters>,
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
/// The last state of a socket that a process holds.
pub(crate) const CLOSING: u8 = 11;

impl Socket {
    /// Its queues: one of a listener and of a UDP socket, two of a connection.
    pub(crate) fn queues(&self) -> impl Iterator<Item = Queue> + use<> {
        let [first, second] = match self.protocol {
            Protocol::Udp => [Some(self.datagrams()), None],
            Protocol::Tcp if self.state == LISTEN => [Some(self.backlog()), None],
            Protocol::Tcp => [Some(self.received()), Some(self.sent())],
        };
        first.into_iter().chain(second)
    }

    fn datagrams(&self) -> Queue {
        Queue {
            depth: Some(self.n_unread),
            limit: self.receive_limit,
            drops: self.drops,
            ..self.queue(QueueKind::UdpReceive, Unit::Bytes)
        }
    }

    fn backlog(&self) -> Queue {
        Queue {
            depth: Some(self.n_unread),
            // The files of /proc/net say zero where netlink gives the limit.
            limit: Some(self.n_unsent).filter(|limit| *limit > 0),
            drops: self.drops,
            ..self.queue(QueueKind::Listen, Unit::Connections)
        }
    }

    fn received(&self) -> Queue {
        let tcp = self.tcp;
        Queue {
            depth: Some(self.unread_bytes()),
            limit: self.receive_limit,
            n_in: tcp.map(|tcp| tcp.bytes_received),
            // What came in and does not wait has been read.
            n_out: tcp.map(|tcp| tcp.bytes_received.saturating_sub(self.n_unread)),
            ..self.queue(QueueKind::TcpReceive, Unit::Bytes)
        }
    }

    fn sent(&self) -> Queue {
        let tcp = self.tcp;
        let unsent = self.unsent_bytes();
        Queue {
            depth: Some(unsent),
            limit: self.send_limit,
            n_in: tcp.map(|tcp| tcp.bytes_acked + unsent),
            n_out: tcp.map(|tcp| tcp.bytes_acked),
            ..self.queue(QueueKind::TcpSend, Unit::Bytes)
        }
    }

    fn queue(&self, kind: QueueKind, unit: Unit) -> Queue {
        Queue { number: Some(self.inode), ..Queue::unknown(kind, unit) }
    }

    /// The kernel counts sequence numbers: the peer's FIN is one of them until it has been read, and is no byte.
    fn unread_bytes(&self) -> u64 {
        let has_fin = matches!(self.state, CLOSE_WAIT | LAST_ACK | CLOSING);
        self.n_unread.saturating_sub(u64::from(has_fin))
    }

    /// The same of its own SYN or FIN, until it has been acknowledged.
    fn unsent_bytes(&self) -> u64 {
        let has_flag = matches!(self.state, SYN_SENT | FIN_WAIT1 | LAST_ACK | CLOSING);
        self.n_unsent.saturating_sub(u64::from(has_flag))
    }

    /// Whether something waits in it to be taken by its owner.
    pub(crate) fn has_waiting(&self) -> bool {
        self.queues().any(|queue| queue.depth.is_some_and(|depth| depth > 0))
    }

    /// What a queue of it is, for people: `127.0.0.1:7070 < 10.0.0.2:40112`.
    pub(crate) fn label(&self, kind: QueueKind) -> String {
        let has_peer = self.remote.port() != 0;
        match kind {
            QueueKind::TcpSend => format!("{} > {}", self.local, self.remote),
            QueueKind::TcpReceive | QueueKind::UdpReceive if has_peer => format!("{} < {}", self.local, self.remote),
            QueueKind::Mailbox
            | QueueKind::Listen
            | QueueKind::TcpReceive
            | QueueKind::UdpReceive
            | QueueKind::Unix
            | QueueKind::Pipe
            | QueueKind::Channel
            | QueueKind::Waiters
            | QueueKind::Event
            | QueueKind::MessageQueue => self.local.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
