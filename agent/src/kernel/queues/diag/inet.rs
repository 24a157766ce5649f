//! Requests for TCP and UDP sockets, and the kernel's answers (include/uapi/linux/inet_diag.h).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Dump, Family, Which, attributes, u32_at, u64_at};
use crate::kernel::queues::object::{CLOSING, Kind, LISTEN, Object, TIME_WAIT, TcpCounters};

pub(super) const INET_DIAG_INFO: u16 = 2;
pub(super) const INET_DIAG_SKMEMINFO: u16 = 7;
pub(super) const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const SYN_RECV: u8 = 3;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Length of `struct inet_diag_req_v2`.
const REQUEST: usize = 56;
/// Length of the older `struct inet_diag_req`.
const OLD_REQUEST: usize = 60;
/// Length of `struct inet_diag_msg`.
pub(super) const MESSAGE: usize = 72;

/// A request for a dump of one family.
pub(super) fn dump(dump: Dump) -> Vec<u8> {
    let (family, protocol) = match dump {
        Dump::Udp(family) => (family, UDP),
        Dump::Listeners(family) | Dump::Tcp(family) => (family, TCP),
        Dump::Unix => (Family::V4, TCP),
    };
    let family = if family == Family::V6 { AF_INET6 } else { AF_INET };
    let (asked, states) = asked(dump);
    let mut out = vec![0; REQUEST];
    out[0..3].copy_from_slice(&[family, protocol, asked]);
    out[4..8].copy_from_slice(&states.to_ne_bytes());
    out
}

/// The older request, for a dump of TCP sockets of both families in one walk.
pub(super) fn old_dump(dump: Dump) -> Vec<u8> {
    let (asked, states) = asked(dump);
    let mut out = vec![0; OLD_REQUEST];
    out[3] = asked;
    out[52..56].copy_from_slice(&states.to_ne_bytes());
    out
}

/// Which attributes and states are asked for, as bits.
fn asked(dump: Dump) -> (u8, u32) {
    let memory = 1 << (INET_DIAG_SKMEMINFO - 1);
    match dump {
        Dump::Listeners(_) => (memory, 1 << LISTEN),
        Dump::Udp(_) | Dump::Unix => (memory, u32::MAX),
        Dump::Tcp(_) => {
            // Sockets that wait out their time, and half-open ones, belong to no process and hold nothing.
            // Nor do the states after the last: for one of them the kernel walks through another large table, of ports.
            let wanted = (1..=CLOSING).filter(|state| ![TIME_WAIT, SYN_RECV].contains(state));
            (memory | 1 << (INET_DIAG_INFO - 1), wanted.fold(0, |mask, state| mask | 1u32 << state))
        }
    }
}

/// A request for the one socket between two addresses.
pub(super) fn exact(which: Which, local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    // Of UDP the kernel takes the two the other way round (`udp_dump_one`, net/ipv4/udp_diag.c).
    let (protocol, local, remote) = match which {
        Which::Udp(..) => (UDP, remote, local),
        Which::Tcp(..) | Which::Unix(_) => (TCP, local, remote),
    };
    let family = if local.is_ipv4() && remote.is_ipv4() { AF_INET } else { AF_INET6 };
    let asked = 1 << (INET_DIAG_SKMEMINFO - 1) | 1 << (INET_DIAG_INFO - 1);
    let mut out = vec![0; REQUEST];
    out[0..3].copy_from_slice(&[family, protocol, asked]);
    out[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
    out[8..10].copy_from_slice(&local.port().to_be_bytes());
    out[10..12].copy_from_slice(&remote.port().to_be_bytes());
    for (at, ip) in [(12, local.ip()), (28, remote.ip())] {
        match ip {
            IpAddr::V4(ip) => out[at..at + 4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => out[at..at + 16].copy_from_slice(&ip.octets()),
        }
    }
    // INET_DIAG_NOCOOKIE: whichever it is.
    out[48..56].fill(0xff);
    out
}

/// `struct inet_diag_msg` and its attributes. `None` where it is cut short.
pub(super) fn parse(message: &[u8], is_tcp: bool) -> Option<Object> {
    let (fixed, rest) = message.split_at_checked(MESSAGE)?;
    let (family, state) = (fixed[0], fixed[1]);
    let ends = (address(family, &fixed[8..24], &fixed[4..6])?, address(family, &fixed[24..40], &fixed[6..8])?);
    let (n_unread, n_unsent) = (u64::from(u32_at(fixed, 56)?), u64::from(u32_at(fixed, 60)?));
    let inode = u64::from(u32_at(fixed, 68)?);
    let mut object =
        if is_tcp { Object::tcp(inode, state, ends, (n_unread, n_unsent)) } else { Object::udp(inode, ends, n_unread) };
    for (number, value) in attributes(rest) {
        match number {
            INET_DIAG_SKMEMINFO => {
                if object.kind != Kind::TcpListener {
                    object.receive.limit = u32_at(value, 4).map(u64::from);
                    object.send.limit = u32_at(value, 12).map(u64::from);
                }
                object.drops = u32_at(value, 32).map(u64::from);
            }
            INET_DIAG_INFO if object.kind == Kind::Tcp => object.tcp = tcp_counters(value),
            _ => {}
        }
    }
    Some(object)
}

/// `struct tcp_info`; `None` on kernels before 4.6, which do not count data segments.
fn tcp_counters(info: &[u8]) -> Option<TcpCounters> {
    Some(TcpCounters {
        bytes_acked: u64_at(info, 120)?,
        bytes_received: u64_at(info, 128)?,
        segs_out: u32_at(info, 136)?,
        segs_in: u32_at(info, 140)?,
        data_segs_in: u32_at(info, 152)?,
        data_segs_out: u32_at(info, 156)?,
    })
}

fn address(family: u8, ip: &[u8], port: &[u8]) -> Option<SocketAddr> {
    let ip = match family {
        AF_INET => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(ip.get(..4)?).ok()?)),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(ip).ok()?)).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(port.try_into().ok()?)))
}
