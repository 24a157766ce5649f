//! Sockets through `/proc/net/{tcp,tcp6,udp,udp6}`: where netlink is not available. No limits, no counters of segments,
//! and drops of UDP alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::io::Errno;

use super::socket::{Protocol, Socket, TIME_WAIT};
use crate::kernel::{
    files::Files,
    text::{hex, lines, number, words},
};

/// Adds all sockets of a protocol, both families. A host without IPv6 has no second file.
pub(crate) fn read(files: &mut Files, protocol: Protocol, into: &mut Vec<Socket>) -> Result<(), Errno> {
    let (first, second) = match protocol {
        Protocol::Tcp => ("net/tcp", "net/tcp6"),
        Protocol::Udp => ("net/udp", "net/udp6"),
    };
    parse(files.read(format_args!("{first}"))?, protocol, into);
    if let Ok(text) = files.read(format_args!("{second}")) {
        parse(text, protocol, into);
    }
    Ok(())
}

/// A line of names, then one per socket (proc(5), `/proc/net/tcp`).
fn parse(text: &[u8], protocol: Protocol, into: &mut Vec<Socket>) {
    into.extend(lines(text).skip(1).filter_map(|line| parse_line(line, protocol)));
}

fn parse_line(line: &[u8], protocol: Protocol) -> Option<Socket> {
    let mut fields = words(line).skip(1);
    let local = address(fields.next()?)?;
    let remote = address(fields.next()?)?;
    let state = hex(fields.next()?)? as u8;
    if protocol == Protocol::Tcp && state == TIME_WAIT {
        return None;
    }
    let mut queues = fields.next()?.split(|b| *b == b':').map(hex);
    let (n_unsent, n_unread) = (queues.next()??, queues.next()??);
    let inode = number(fields.nth(4)?)?;
    let drops = match protocol {
        Protocol::Tcp => None,
        Protocol::Udp => fields.nth(2).and_then(number),
    };
    Some(Socket {
        protocol,
        state,
        inode,
        local,
        remote,
        n_unread,
        n_unsent,
        receive_limit: None,
        send_limit: None,
        drops,
        tcp: None,
    })
}

/// `0100007F:1B9E`: the address in words of the host's byte order, the port in that of people.
fn address(text: &[u8]) -> Option<SocketAddr> {
    let colon = text.iter().position(|b| *b == b':')?;
    let port = u16::try_from(hex(&text[colon + 1..])?).ok()?;
    let mut ip = Vec::with_capacity(16);
    for word in text[..colon].chunks(8) {
        ip.extend((hex(word)? as u32).to_ne_bytes());
    }
    let ip = match <[u8; 4]>::try_from(&ip[..]) {
        Ok(v4) => IpAddr::V4(Ipv4Addr::from(v4)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(&ip[..]).ok()?)).to_canonical(),
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests;
