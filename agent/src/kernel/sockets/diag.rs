//! Sockets through netlink (sock_diag(7)): one dump per protocol and family. For a dump of TCP the kernel walks through
//! its whole table, which is large on a large host, however few sockets are in it: so it walks no oftener than it must.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use rustix::{
    fd::OwnedFd,
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
        sockopt::{Timeout, set_socket_timeout},
    },
};

use super::socket::{CLOSING, LISTEN, Protocol, Socket, TIME_WAIT, TcpCounters};

/// A netlink socket, kept open between dumps.
pub(crate) struct Diag {
    socket: OwnedFd,
    buf: Vec<u8>,
    sequence: u32,
}

// Numbers of include/uapi/linux/{netlink,sock_diag,inet_diag}.h.
const TCPDIAG_GETSOCK: u16 = 18;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const INET_DIAG_INFO: u16 = 2;
const INET_DIAG_SKMEMINFO: u16 = 7;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const SYN_RECV: u8 = 3;

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Length of `struct inet_diag_req_v2`.
const REQUEST: usize = 56;
/// Length of the older `struct inet_diag_req`.
const OLD_REQUEST: usize = 60;
/// Length of `struct inet_diag_msg`.
const MESSAGE: usize = 72;

impl Diag {
    /// Opens the socket.
    pub(crate) fn open() -> Result<Self, Errno> {
        let protocol = Some(netlink::SOCK_DIAG);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, protocol)?;
        // The kernel answers before `send` returns; a lost answer must not hold the agent for ever.
        set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_millis(250)))?;
        // The kernel fills at most 32 KiB at a time (netlink(7), dumps).
        Ok(Self { socket, buf: vec![0; 64 * 1024], sequence: 0 })
    }

    /// Adds all sockets of a protocol. Families of which the kernel holds no socket are left out.
    pub(crate) fn dump(
        &mut self,
        protocol: Protocol,
        in_use: [Option<u64>; 2],
        into: &mut Vec<Socket>,
    ) -> Result<(), Errno> {
        let [has_v4, has_v6] = in_use.map(|n| n != Some(0));
        if protocol == Protocol::Tcp && has_v4 && has_v6 {
            match self.ask(protocol, Family::Both, into) {
                Err(Errno::NOENT | Errno::INVAL | Errno::OPNOTSUPP) => {}
                outcome => return outcome,
            }
        }
        if has_v4 {
            self.ask(protocol, Family::V4, into)?;
        }
        if has_v6 {
            self.ask(protocol, Family::V6, into)?;
        }
        Ok(())
    }

    fn ask(&mut self, protocol: Protocol, family: Family, into: &mut Vec<Socket>) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        send(&self.socket, &request(protocol, family, self.sequence), SendFlags::empty())?;
        while !self.receive(protocol, into)? {}
        Ok(())
    }

    /// Takes one datagram of the answer; true when it was the last.
    fn receive(&mut self, protocol: Protocol, into: &mut Vec<Socket>) -> Result<bool, Errno> {
        let (len, whole) = recv(&self.socket, &mut self.buf[..], RecvFlags::TRUNC)?;
        if whole > self.buf.len() {
            return Err(Errno::MSGSIZE);
        }
        parse_datagram(&self.buf[..len], self.sequence, protocol, into)
    }
}

/// Of which families sockets are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
    /// Both in one walk: by the older request, which knows TCP alone.
    Both,
}

fn request(protocol: Protocol, family: Family, sequence: u32) -> Vec<u8> {
    let (number, attributes, states) = match protocol {
        Protocol::Tcp => {
            // Sockets that wait out their time, and half-open ones, belong to no process and hold nothing.
            // Nor do the states after the last: for one of them the kernel walks through another large table, of ports.
            let wanted = (1..=CLOSING).filter(|state| ![TIME_WAIT, SYN_RECV].contains(state));
            let states = wanted.fold(0, |mask, state| mask | 1u32 << state);
            (6, 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_SKMEMINFO - 1), states)
        }
        Protocol::Udp => (17, 1 << (INET_DIAG_SKMEMINFO - 1), u32::MAX),
    };
    let len = HEADER + if family == Family::Both { OLD_REQUEST } else { REQUEST };
    let mut out = vec![0; len];
    out[0..4].copy_from_slice(&(len as u32).to_ne_bytes());
    out[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    out[8..12].copy_from_slice(&sequence.to_ne_bytes());
    match family {
        Family::V4 | Family::V6 => {
            let family = if family == Family::V4 { AF_INET } else { AF_INET6 };
            out[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
            out[16..19].copy_from_slice(&[family, number, attributes]);
            out[20..24].copy_from_slice(&states.to_ne_bytes());
        }
        Family::Both => {
            out[4..6].copy_from_slice(&TCPDIAG_GETSOCK.to_ne_bytes());
            out[19] = attributes;
            out[68..72].copy_from_slice(&states.to_ne_bytes());
        }
    }
    out
}

/// Reads the messages of one datagram; true when the dump is complete. Answers to earlier requests are passed over.
fn parse_datagram(datagram: &[u8], sequence: u32, protocol: Protocol, into: &mut Vec<Socket>) -> Result<bool, Errno> {
    let mut rest = datagram;
    while rest.len() >= HEADER {
        let len = u32_at(rest, 0).unwrap_or(0) as usize;
        let Some(message) = rest.get(HEADER..len) else { return Err(Errno::BADMSG) };
        let kind = u16_at(rest, 4).unwrap_or(0);
        if u32_at(rest, 8) == Some(sequence) {
            match kind {
                NLMSG_DONE => return Ok(true),
                NLMSG_ERROR => return Err(error(message)),
                SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK => into.extend(parse_socket(message, protocol)),
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

/// `struct inet_diag_msg` and its attributes. `None` where it is cut short.
fn parse_socket(message: &[u8], protocol: Protocol) -> Option<Socket> {
    let (fixed, mut rest) = message.split_at_checked(MESSAGE)?;
    let family = fixed[0];
    let mut socket = Socket {
        protocol,
        state: fixed[1],
        local: address(family, &fixed[8..24], &fixed[4..6])?,
        remote: address(family, &fixed[24..40], &fixed[6..8])?,
        n_unread: u64::from(u32_at(fixed, 56)?),
        n_unsent: u64::from(u32_at(fixed, 60)?),
        inode: u64::from(u32_at(fixed, 68)?),
        receive_limit: None,
        send_limit: None,
        drops: None,
        tcp: None,
    };
    while rest.len() >= 4 {
        let len = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..len)?;
        match u16_at(rest, 2)? {
            INET_DIAG_SKMEMINFO => {
                socket.receive_limit = u32_at(value, 4).map(u64::from);
                socket.send_limit = u32_at(value, 12).map(u64::from);
                socket.drops = u32_at(value, 32).map(u64::from);
            }
            INET_DIAG_INFO if socket.state != LISTEN => socket.tcp = tcp_counters(value),
            _ => {}
        }
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(socket)
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
