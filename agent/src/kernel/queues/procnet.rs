//! Sockets through `/proc/net/{tcp,tcp6,udp,udp6}`: where netlink is not available. No limits, no counters of segments,
//! and drops of UDP alone. The kernel writes a page or so at a time, so that a large file is read in slices too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::{
    fd::OwnedFd,
    fs::OFlags,
    io::{Errno, read},
};

use super::object::{Object, TIME_WAIT};
use crate::kernel::{
    files::Files,
    text::{hex, number, words},
};

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetFile {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp,
    /// UDP over IPv6.
    Udp6,
}

impl NetFile {
    fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tcp6 => "tcp6",
            Self::Udp => "udp",
            Self::Udp6 => "udp6",
        }
    }

    fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::Tcp6)
    }
}

/// A file that is being read.
#[derive(Debug)]
pub(crate) struct Reading {
    file: OwnedFd,
    which: NetFile,
    /// A line that has not come as a whole.
    rest: Vec<u8>,
    buf: Vec<u8>,
    has_head: bool,
}

impl Reading {
    /// Opens a file of the network namespace of a process, or that of the agent. A host without IPv6 has no second file:
    /// `None`.
    pub(crate) fn open(files: &mut Files, pid: Option<u32>, which: NetFile) -> Result<Option<Self>, Errno> {
        let name = which.name();
        let opened = match pid {
            Some(pid) => files.open_file(format_args!("{pid}/net/{name}"), OFlags::empty()),
            None => files.open_file(format_args!("net/{name}"), OFlags::empty()),
        };
        match opened {
            Ok(file) => Ok(Some(Self { file, which, rest: Vec::new(), buf: vec![0; 16 * 1024], has_head: false })),
            Err(Errno::NOENT) if matches!(which, NetFile::Tcp6 | NetFile::Udp6) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the next part; true when it was the last.
    pub(crate) fn go_on(&mut self, each: &mut dyn FnMut(Object)) -> Result<bool, Errno> {
        let len = read(&self.file, &mut self.buf[..])?;
        self.rest.extend_from_slice(&self.buf[..len]);
        let end_of_last = self.rest.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let whole = if len == 0 { self.rest.len() } else { end_of_last };
        for line in self.rest[..whole].split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            // The first line is one of names.
            if std::mem::replace(&mut self.has_head, true) {
                parse_line(line, self.which).into_iter().for_each(&mut *each);
            }
        }
        self.rest.drain(..whole);
        Ok(len == 0)
    }
}

/// A line per socket (proc(5), `/proc/net/tcp`).
fn parse_line(line: &[u8], which: NetFile) -> Option<Object> {
    let mut fields = words(line).skip(1);
    let ends = (address(fields.next()?)?, address(fields.next()?)?);
    let state = hex(fields.next()?)? as u8;
    if which.is_tcp() && state == TIME_WAIT {
        return None;
    }
    let mut queues = fields.next()?.split(|b| *b == b':').map(hex);
    let (n_unsent, n_unread) = (queues.next()??, queues.next()??);
    let inode = number(fields.nth(4)?)?;
    if which.is_tcp() {
        return Some(Object::tcp(inode, state, ends, (n_unread, n_unsent)));
    }
    Some(Object { drops: fields.nth(2).and_then(number), ..Object::udp(inode, ends, n_unread) })
}

/// `0100007F:1B9E`: the address in words of the host's byte order, the port in that of people.
fn address(text: &[u8]) -> Option<SocketAddr> {
    let colon = text.iter().position(|b| *b == b':')?;
    let port = u16::try_from(hex(&text[colon + 1..])?).ok()?;
    let mut ip = [0; 16];
    let mut n = 0;
    for (word, into) in text[..colon].chunks(8).zip(ip.chunks_mut(4)) {
        into.copy_from_slice(&(hex(word)? as u32).to_ne_bytes());
        n += 4;
    }
    let ip = match n {
        4 => IpAddr::V4(Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3])),
        16 => IpAddr::V6(Ipv6Addr::from(ip)).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests;
