//! Requests for unix sockets, and the kernel's answers (include/uapi/linux/unix_diag.h).
//!
//! The kernel says how many bytes wait in a stream. Of datagrams it says at the receiver only how long the first is, and at
//! the sender what of its own has not been read, the kernel's overhead included: so a dump adds up what those have sent
//! that are connected to a socket ([`Senders`]).

use std::{collections::HashMap, sync::Arc};

use midair_vitals::Unit;

use super::{attributes, u32_at};
use crate::{
    kernel::queues::object::{Ends, Kind, LISTEN, Level, Object},
    secrets,
};

const AF_UNIX: u8 = 1;
const SOCK_DGRAM: u8 = 2;

const SHOW_NAME: u32 = 1;
const SHOW_PEER: u32 = 4;
const SHOW_QUEUES: u32 = 16;

const NAME: u16 = 0;
const PEER: u16 = 2;
const QUEUES: u16 = 4;

/// Length of `struct unix_diag_req`.
const REQUEST: usize = 24;
/// Length of `struct unix_diag_msg`.
const MESSAGE: usize = 16;

/// A request for all unix sockets.
pub(super) fn dump() -> Vec<u8> {
    request(0, SHOW_PEER | SHOW_QUEUES)
}

/// A request for one unix socket, with its name and peer.
pub(super) fn exact(inode: u32) -> Vec<u8> {
    request(inode, SHOW_NAME | SHOW_PEER | SHOW_QUEUES)
}

fn request(inode: u32, show: u32) -> Vec<u8> {
    let mut out = vec![0; REQUEST];
    out[0] = AF_UNIX;
    out[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
    out[8..12].copy_from_slice(&inode.to_ne_bytes());
    out[12..16].copy_from_slice(&show.to_ne_bytes());
    // No cookie: whichever it is.
    out[16..24].fill(0xff);
    out
}

/// `struct unix_diag_msg` and its attributes. `None` where it is cut short.
pub(super) fn parse(message: &[u8]) -> Option<Object> {
    let (fixed, rest) = message.split_at_checked(MESSAGE)?;
    let (socket_type, state) = (fixed[1], fixed[2]);
    let kind = if state == LISTEN { Kind::UnixListener } else { Kind::Unix };
    let mut object = Object::bare(kind, u64::from(u32_at(fixed, 4)?));
    let (mut peer, mut name) = (None, None);
    for (number, value) in attributes(rest) {
        match number {
            PEER => peer = u32_at(value, 0).filter(|inode| *inode != 0).map(u64::from),
            NAME => name = path(value),
            QUEUES if kind == Kind::UnixListener => {
                let (depth, limit) = (u32_at(value, 0).map(u64::from), u32_at(value, 4).map(u64::from));
                object.receive = Level { unit: Unit::Connections, depth, limit };
            }
            QUEUES if socket_type == SOCK_DGRAM => {
                object.receive = Level::bytes(u32_at(value, 0).map(u64::from), None);
                object.send = Level::bytes(u32_at(value, 4).map(u64::from), None);
            }
            QUEUES => object.receive = Level::bytes(u32_at(value, 0).map(u64::from), None),
            _ => {}
        }
    }
    object.ends = Ends::Unix { peer, name };
    Some(object)
}

/// What senders of datagrams have sent that nobody has read yet, by the inode of the socket that they are connected to.
#[derive(Debug, Default)]
pub(crate) struct Senders(HashMap<u64, u64>);

impl Senders {
    /// Takes note of a socket of a dump.
    pub(crate) fn add(&mut self, object: &Object) {
        let Ends::Unix { peer: Some(peer), .. } = object.ends else { return };
        if let Some(sent) = object.send.depth.filter(|sent| *sent > 0) {
            *self.0.entry(peer).or_default() += sent;
        }
    }

    /// What waits at least in each of the receivers, bytes; nothing is left.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (u64, u64)> {
        self.0.drain()
    }
}

/// A path may end in a NUL; an abstract name starts with one, and is shown with `@` there (unix(7)).
pub(crate) fn path(name: &[u8]) -> Option<Arc<str>> {
    let (mark, name) = match name.strip_prefix(b"\0") {
        Some(name) => ("@", name),
        None => ("", name.split(|b| *b == 0).next().unwrap_or_default()),
    };
    let text = String::from_utf8_lossy(name);
    (!text.is_empty()).then(|| secrets::short_name(&format!("{mark}{text}")).into())
}
