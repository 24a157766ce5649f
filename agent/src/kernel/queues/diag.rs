//! Sockets through netlink (sock_diag(7)): dumps, read one datagram at a time, and looks at single sockets.
//!
//! The kernel makes the next part of a dump when the one before is taken (`netlink_recvmsg`, net/netlink/af_netlink.c), and
//! holds nothing in between: so a large dump is read in slices over several ticks. For connections of TCP the kernel walks
//! through its whole table, which is large on a large host, however few sockets are in it; listeners have a small table of
//! their own.

mod inet;
mod unix;

use std::{net::SocketAddr, time::Duration};

use rustix::{
    fd::OwnedFd,
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
        sockopt::{Timeout, set_socket_timeout},
    },
};

use super::object::Object;

pub(crate) use self::unix::{Senders, path as unix_path};

/// What a dump is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dump {
    /// TCP listeners of a family.
    Listeners(Family),
    /// All TCP sockets that somebody may hold.
    Tcp(Family),
    /// UDP sockets.
    Udp(Family),
    /// Unix sockets.
    Unix,
}

/// Of which families sockets are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// Both in one walk: by the older request, which knows TCP alone.
    Both,
}

/// Which single socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The TCP connection between two addresses, own and remote.
    Tcp(SocketAddr, SocketAddr),
    /// The UDP socket of these addresses.
    Udp(SocketAddr, SocketAddr),
    /// The unix socket of an inode, with its name and peer.
    Unix(u32),
}

/// A netlink socket, kept open between dumps. It stays in the network namespace in which it was opened.
#[derive(Debug)]
pub(crate) struct Diag {
    socket: OwnedFd,
    buf: Vec<u8>,
    sequence: u32,
    /// The dump that is going on.
    dump: Option<Dump>,
}

// Numbers of include/uapi/linux/{netlink,sock_diag,inet_diag}.h.
const TCPDIAG_GETSOCK: u16 = 18;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;

impl Diag {
    /// Opens the socket in the network namespace of the calling thread.
    pub(crate) fn open() -> Result<Self, Errno> {
        let protocol = Some(netlink::SOCK_DIAG);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, protocol)?;
        // The kernel answers before `send` returns; a lost answer must not hold the agent for ever.
        set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_millis(250)))?;
        // The kernel fills at most 32 KiB at a time (netlink(7), dumps).
        Ok(Self { socket, buf: vec![0; 32 * 1024], sequence: 0, dump: None })
    }

    /// Begins a dump.
    pub(crate) fn begin(&mut self, dump: Dump) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        let (body, number) = match dump {
            Dump::Unix => (unix::dump(), SOCK_DIAG_BY_FAMILY),
            Dump::Listeners(Family::Both) | Dump::Tcp(Family::Both) => (inet::old_dump(dump), TCPDIAG_GETSOCK),
            Dump::Listeners(_) | Dump::Tcp(_) | Dump::Udp(_) => (inet::dump(dump), SOCK_DIAG_BY_FAMILY),
        };
        self.send(number, NLM_F_REQUEST | NLM_F_DUMP, &body)?;
        self.dump = Some(dump);
        Ok(())
    }

    /// Reads the next part of the dump; true when it was the last. After an error the socket is of no more use: the rest
    /// of a broken dump would stand before the next answer.
    pub(crate) fn go_on(&mut self, each: &mut dyn FnMut(Object)) -> Result<bool, Errno> {
        let Some(dump) = self.dump else { return Ok(true) };
        let is_unix = dump == Dump::Unix;
        let is_tcp = !matches!(dump, Dump::Udp(_));
        let is_done = self.receive(&mut |message| {
            each(if is_unix { unix::parse(message)? } else { inet::parse(message, is_tcp)? });
            Some(())
        })?;
        if is_done {
            self.dump = None;
        }
        Ok(is_done)
    }

    /// Reads a whole dump.
    pub(crate) fn read(&mut self, dump: Dump, each: &mut dyn FnMut(Object)) -> Result<(), Errno> {
        self.begin(dump)?;
        while !self.go_on(each)? {}
        Ok(())
    }

    /// Reads one socket; `None` when there is none such.
    pub(crate) fn look(&mut self, which: Which) -> Result<Option<Object>, Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        let body = match which {
            Which::Tcp(local, remote) | Which::Udp(local, remote) => inet::exact(which, local, remote),
            Which::Unix(inode) => unix::exact(inode),
        };
        self.send(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, &body)?;
        let mut found = None;
        let outcome = self.receive(&mut |message| {
            found = Some(match which {
                Which::Unix(_) => unix::parse(message)?,
                Which::Tcp(..) => inet::parse(message, true)?,
                Which::Udp(..) => inet::parse(message, false)?,
            });
            Some(())
        });
        match outcome {
            Ok(_) => Ok(found),
            Err(Errno::NOENT | Errno::STALE) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn send(&self, number: u16, flags: u16, body: &[u8]) -> Result<(), Errno> {
        let mut out = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        out.extend(number.to_ne_bytes());
        out.extend(flags.to_ne_bytes());
        out.extend(self.sequence.to_ne_bytes());
        out.extend([0; 4]);
        out.extend(body);
        send(&self.socket, &out, SendFlags::empty()).map(drop)
    }

    /// Takes one datagram of the answer; true when it was the last.
    fn receive(&mut self, each: &mut dyn FnMut(&[u8]) -> Option<()>) -> Result<bool, Errno> {
        let (len, whole) = recv(&self.socket, &mut self.buf[..], RecvFlags::TRUNC)?;
        if whole > self.buf.len() {
            return Err(Errno::MSGSIZE);
        }
        parse_datagram(&self.buf[..len], self.sequence, each)
    }
}

/// Reads the messages of one datagram; true when the dump is complete. Answers to earlier requests are passed over, and so
/// are messages that are cut short.
fn parse_datagram(datagram: &[u8], sequence: u32, each: &mut dyn FnMut(&[u8]) -> Option<()>) -> Result<bool, Errno> {
    let mut rest = datagram;
    while rest.len() >= HEADER {
        let len = u32_at(rest, 0).unwrap_or(0) as usize;
        let Some(message) = rest.get(HEADER..len) else { return Err(Errno::BADMSG) };
        let kind = u16_at(rest, 4).unwrap_or(0);
        if u32_at(rest, 8) == Some(sequence) {
            match kind {
                NLMSG_DONE => return Ok(true),
                NLMSG_ERROR => return Err(error(message)),
                SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK => each(message).unwrap_or_default(),
                _ => {}
            }
        }
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

fn error(message: &[u8]) -> Errno {
    let code = u32_at(message, 0).map_or(0, |code| (code as i32).saturating_neg());
    Errno::from_raw_os_error(if code > 0 { code } else { Errno::BADMSG.raw_os_error() })
}

/// The attributes after the fixed part of a message: number and value (netlink(7)).
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::from(u16_at(rest, 0)?);
        let (number, value) = (u16_at(rest, 2)?, rest.get(4..len)?);
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((number, value))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
