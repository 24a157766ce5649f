//! Records of descriptors that hold a queue.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Fields;

/// One descriptor that holds a queue. A file that several descriptors share comes once per descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRecord<'a> {
    /// The process that holds it, in the pid namespace of the reader.
    pub pid: u32,
    /// Number of the descriptor.
    pub fd: u32,
    /// What it is.
    pub kind: FileKind,
    /// It was opened for reading; sockets always are.
    pub can_read: bool,
    /// It was opened for writing; sockets always are.
    pub can_write: bool,
    /// Its inode, as in `/proc/PID/fd`. The two ends of a pipe have the same; all event counters of a host share one.
    pub inode: u64,
    /// The device of a pipe or FIFO: two FIFOs may have the same inode on two of them.
    pub device: Option<u32>,
    /// The number of an event counter, from 1 (`eventfd-id` of `/proc/PID/fdinfo` plus one); on kernels from 5.2 on.
    pub counter: Option<u32>,
    /// Inode of a socket's network namespace.
    pub netns: Option<u32>,
    /// State of a socket, by the numbers of include/net/tcp_states.h (established 1, listening 10); else 0.
    pub state: u8,
    /// Type of a socket: stream 1, datagram 2, raw 3, seqpacket 5; else 0.
    pub socket_type: u8,
    /// Protocol of a socket (`IPPROTO_*`, `NETLINK_*`).
    pub protocol: u8,
    /// Family of a socket (`AF_*`); else 0.
    pub family: u16,
    /// Own address of an internet socket.
    pub local: Option<SocketAddr>,
    /// The peer's, where there is one.
    pub remote: Option<SocketAddr>,
    /// Inode of the unix socket that it is connected to.
    pub peer_inode: Option<u64>,
    /// Path of a bound unix socket, or its abstract name with a NUL in front; empty without one.
    pub name: &'a [u8],
    /// What waits to be read. Of a pipe the buffers in use are its messages; of an event counter its value.
    pub receive: Depth,
    /// What was written and is not acknowledged (TCP), or not read by the peer (unix, in the kernel's own accounting, which
    /// counts overhead too).
    pub send: Depth,
    /// Of `send` what TCP has not sent yet, bytes.
    pub unsent_bytes: Option<u64>,
    /// Connections that wait to be accepted.
    pub backlog: Option<Backlog>,
    /// Messages or connections dropped since the socket was made (`sk_drops`).
    pub drops: Option<u64>,
    /// Counters of a TCP connection.
    pub tcp: Option<TcpRecord>,
}

/// What a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// A TCP socket.
    Tcp,
    /// A UDP socket.
    Udp,
    /// A unix socket.
    Unix,
    /// A socket of another family or protocol: netlink, raw, packet, vsock.
    Socket,
    /// A pipe or a FIFO.
    Pipe,
    /// An event counter (eventfd(2)).
    EventFd,
    /// A POSIX message queue (mq_overview(7)).
    MessageQueue,
}

/// How full something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Bytes in it.
    pub bytes: Option<u64>,
    /// So many bytes, about, fit.
    pub limit_bytes: Option<u64>,
    /// Messages in it.
    pub messages: Option<u64>,
    /// So many messages fit.
    pub limit_messages: Option<u64>,
}

/// Connections that wait to be accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many wait (`sk_ack_backlog`).
    pub depth: u32,
    /// How many may (`sk_max_ack_backlog`); the kernel takes one more.
    pub limit: u32,
}

/// Counters of a TCP connection (`struct tcp_sock`). Those of segments wrap at 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpRecord {
    /// Bytes received in order.
    pub bytes_received: u64,
    /// Bytes that the peer acknowledged.
    pub bytes_acked: u64,
    /// Segments received.
    pub segs_in: u32,
    /// Segments sent.
    pub segs_out: u32,
    /// Segments received with data.
    pub data_segs_in: u32,
    /// Segments sent with data.
    pub data_segs_out: u32,
    /// Segments sent again.
    pub retransmits: u32,
}

const CAN_READ: u8 = 1;
const CAN_WRITE: u8 = 2;

/// Which fields of a record are known; without its bit a field is none.
mod known {
    pub(super) const RECEIVE_BYTES: u32 = 1;
    pub(super) const RECEIVE_LIMIT_BYTES: u32 = 1 << 1;
    pub(super) const RECEIVE_MESSAGES: u32 = 1 << 2;
    pub(super) const RECEIVE_LIMIT_MESSAGES: u32 = 1 << 3;
    pub(super) const SEND_BYTES: u32 = 1 << 4;
    pub(super) const SEND_LIMIT_BYTES: u32 = 1 << 5;
    pub(super) const UNSENT_BYTES: u32 = 1 << 6;
    pub(super) const BACKLOG: u32 = 1 << 7;
    pub(super) const DROPS: u32 = 1 << 8;
    pub(super) const TCP: u32 = 1 << 9;
}

/// Length of a record without the name at its end.
const FIXED: usize = 184;

const INET: u16 = 2;
const INET6: u16 = 10;

pub(super) fn file(fields: Fields<'_>) -> Option<FileRecord<'_>> {
    let known = fields.u32(28)?;
    let is_known = |bit: u32| known & bit != 0;
    let wide = |bit: u32, at: usize| fields.u64(at).filter(|_| is_known(bit));
    let narrow = |bit: u32, at: usize| fields.u32(at).filter(|_| is_known(bit)).map(u64::from);
    let kind = kind(fields.u8(12)?)?;
    let of = |kinds: &[FileKind]| fields.u32(24).filter(|number| *number != 0 && kinds.contains(&kind));
    Some(FileRecord {
        pid: fields.u32(4)?,
        fd: fields.u32(8)?,
        kind,
        can_read: fields.flags() & CAN_READ != 0,
        can_write: fields.flags() & CAN_WRITE != 0,
        state: fields.u8(13)?,
        socket_type: fields.u8(14)?,
        protocol: fields.u8(15)?,
        inode: fields.u64(16)?,
        netns: of(&[FileKind::Tcp, FileKind::Udp, FileKind::Unix, FileKind::Socket]),
        device: of(&[FileKind::Pipe]),
        counter: of(&[FileKind::EventFd]),
        local: address(fields, 32, 64),
        remote: address(fields, 48, 66).filter(|address| address.port() != 0),
        family: fields.u16(68)?,
        name: fields.bytes(FIXED, usize::from(fields.u16(70)?))?,
        receive: Depth {
            bytes: wide(known::RECEIVE_BYTES, 72),
            messages: narrow(known::RECEIVE_MESSAGES, 80),
            limit_messages: narrow(known::RECEIVE_LIMIT_MESSAGES, 84),
            limit_bytes: wide(known::RECEIVE_LIMIT_BYTES, 88),
        },
        send: Depth {
            bytes: wide(known::SEND_BYTES, 96),
            limit_bytes: wide(known::SEND_LIMIT_BYTES, 112),
            messages: None,
            limit_messages: None,
        },
        unsent_bytes: wide(known::UNSENT_BYTES, 104),
        backlog: is_known(known::BACKLOG).then_some(Backlog { depth: fields.u32(120)?, limit: fields.u32(124)? }),
        drops: wide(known::DROPS, 128),
        peer_inode: fields.u64(136).filter(|inode| *inode != 0),
        tcp: if is_known(known::TCP) { Some(tcp(fields)?) } else { None },
    })
}

fn tcp(fields: Fields<'_>) -> Option<TcpRecord> {
    Some(TcpRecord {
        bytes_received: fields.u64(144)?,
        bytes_acked: fields.u64(152)?,
        segs_in: fields.u32(160)?,
        segs_out: fields.u32(164)?,
        data_segs_in: fields.u32(168)?,
        data_segs_out: fields.u32(172)?,
        retransmits: fields.u32(176)?,
    })
}

fn kind(number: u8) -> Option<FileKind> {
    Some(match number {
        1 => FileKind::Tcp,
        2 => FileKind::Udp,
        3 => FileKind::Unix,
        4 => FileKind::Socket,
        5 => FileKind::Pipe,
        6 => FileKind::EventFd,
        7 => FileKind::MessageQueue,
        _ => return None,
    })
}

/// The address at `at`, its port (in the byte order of this machine) at `port_at`.
fn address(fields: Fields<'_>, at: usize, port_at: usize) -> Option<SocketAddr> {
    let port = fields.u16(port_at)?;
    let ip = match fields.u16(68)? {
        INET => IpAddr::V4(Ipv4Addr::from(fields.array::<4>(at)?)),
        INET6 => IpAddr::V6(Ipv6Addr::from(fields.array::<16>(at)?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}
