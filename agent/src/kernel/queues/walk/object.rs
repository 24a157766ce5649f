//! What the iterator says of a descriptor, as an object of the book.

use std::net::SocketAddr;

use midair_vitals::Unit;
use rustix::param::page_size;

use crate::kernel::{
    bpf::{Depth, FileKind, FileRecord, TcpRecord},
    queues::{
        diag::unix_path,
        object::{Ends, Kind, Level, Object, TcpCounters},
    },
};

/// `SOCK_DGRAM` (include/linux/net.h).
const DATAGRAM: u8 = 2;

/// The object behind a descriptor; `None` for what has no queue of a kind that is shown. `has_name`: whether the path of a
/// unix socket is wanted too.
pub(super) fn object(file: &FileRecord<'_>, has_name: bool) -> Option<Object> {
    let kind = match (file.kind, file.backlog) {
        (FileKind::Tcp, Some(_)) => Kind::TcpListener,
        (FileKind::Tcp, None) => Kind::Tcp,
        (FileKind::Udp, _) => Kind::Udp,
        (FileKind::Unix, Some(_)) => Kind::UnixListener,
        (FileKind::Unix, None) => Kind::Unix,
        (FileKind::Pipe, _) => Kind::Pipe,
        (FileKind::EventFd, _) => Kind::EventFd,
        (FileKind::MessageQueue, _) => Kind::MessageQueue,
        (FileKind::Socket, _) => return None,
    };
    let mut object = Object { drops: file.drops, ..Object::bare(kind, number(file)) };
    let Depth { bytes, limit_bytes, messages, limit_messages } = file.receive;
    match kind {
        Kind::TcpListener | Kind::UnixListener => {
            let backlog = file.backlog.unwrap_or_default();
            object.receive.depth = Some(backlog.depth.into());
            object.receive.limit = Some(backlog.limit.into());
        }
        Kind::Tcp => {
            // One that is not connected waits for nothing.
            object.receive = Level::bytes(bytes.or(Some(0)), limit_bytes);
            object.send = Level::bytes(file.send.bytes.or(Some(0)), file.send.limit_bytes);
            object.tcp = file.tcp.map(counters);
        }
        Kind::Udp => object.receive = Level::bytes(bytes, limit_bytes),
        Kind::Unix if file.socket_type == DATAGRAM => {
            object.receive = Level { unit: Unit::Messages, depth: messages, limit: limit_messages };
        }
        Kind::Unix => object.receive = Level::bytes(bytes, None),
        Kind::Pipe => object.receive = pipe(file.receive),
        Kind::EventFd => object.receive.depth = messages,
        Kind::MessageQueue => (object.receive.depth, object.receive.limit) = (messages, limit_messages),
    }
    object.ends = ends(file, has_name);
    Some(object)
}

/// By what its object is known: its inode. All event counters of a host have the same, so theirs is the kernel's number of
/// the counter, and where an old kernel has none the place where it was seen; no inode is as large.
pub(super) fn number(file: &FileRecord<'_>) -> u64 {
    if file.kind != FileKind::EventFd {
        return file.inode;
    }
    1 << 63 | file.counter.map_or(u64::from(file.pid) << 32 | u64::from(file.fd), u64::from)
}

/// A pipe is full when all its buffers are in use, however few bytes are in them (pipe(7)).
fn pipe(depth: Depth) -> Level {
    let is_full = depth.messages.zip(depth.limit_messages).is_some_and(|(used, all)| used >= all);
    let room = depth.limit_messages.map(|buffers| buffers * page_size() as u64);
    Level::bytes(depth.bytes, if is_full { depth.bytes.or(room) } else { room })
}

fn counters(tcp: TcpRecord) -> TcpCounters {
    TcpCounters {
        bytes_acked: tcp.bytes_acked,
        bytes_received: tcp.bytes_received,
        segs_out: tcp.segs_out,
        segs_in: tcp.segs_in,
        data_segs_in: tcp.data_segs_in,
        data_segs_out: tcp.data_segs_out,
    }
}

fn ends(file: &FileRecord<'_>, has_name: bool) -> Ends {
    match file.kind {
        FileKind::Tcp | FileKind::Udp => {
            let Some(local) = file.local.map(canonical) else { return Ends::None };
            let unspecified = SocketAddr::new(local.ip(), 0);
            Ends::Inet { local, remote: file.remote.map_or(unspecified, canonical) }
        }
        FileKind::Unix => {
            let name = if has_name { unix_path(file.name) } else { None };
            Ends::Unix { peer: file.peer_inode, name }
        }
        FileKind::Socket | FileKind::Pipe | FileKind::EventFd | FileKind::MessageQueue => Ends::None,
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests;
