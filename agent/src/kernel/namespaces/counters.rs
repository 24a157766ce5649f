//! What one network namespace counts: `/proc/PID/net/snmp`, `snmp6`, `netstat` and `sockstat` of a process in it.

use midair_vitals::{NetNamespace, NodeReading};
use rustix::{
    fd::{AsFd as _, BorrowedFd},
    fs::{Mode, OFlags, openat},
    io::Errno,
};

use crate::kernel::{
    kept::{Page, open},
    node::Paired,
    text::{lines, number, value_number, words},
};

/// Where the numbers stand in the files, which is the same in all namespaces.
#[derive(Debug)]
pub(super) struct Counters {
    tcp: Paired<3>,
    udp: Paired<3>,
    tcp_ext: Paired<2>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            tcp: Paired::new("Tcp:", ["InSegs", "OutSegs", "RetransSegs"]),
            udp: Paired::new("Udp:", ["InDatagrams", "OutDatagrams", "RcvbufErrors"]),
            tcp_ext: Paired::new("TcpExt:", ["ListenOverflows", "ListenDrops"]),
        }
    }
}

impl Counters {
    /// Reads the files of a process; what was known stays where an error comes between.
    pub(super) fn read(
        &mut self,
        root: BorrowedFd<'_>,
        pid: u32,
        page: &mut Page,
        into: &mut NetNamespace,
    ) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(root, format!("{pid}/net"), flags, Mode::empty())?;
        let folder = folder.as_fd();
        let text = page.read(open(folder, "snmp")?.as_fd())?;
        let [tcp_in, tcp_out, tcp_retrans] = self.tcp.read(text);
        let mut udp = self.udp.read(text);
        // A kernel without IPv6 has none of its files.
        if let Ok(file) = open(folder, "snmp6") {
            add_udp6(page.read(file.as_fd())?, &mut udp);
        }
        let [listen_overflows, listen_drops] = self.tcp_ext.read(page.read(open(folder, "netstat")?.as_fd())?);
        let mut n_tcp = value_number(b"TCP: inuse ", page.read_short(open(folder, "sockstat")?.as_fd())?);
        if let Ok(file) = open(folder, "sockstat6") {
            let more = value_number(b"TCP6: inuse ", page.read_short(file.as_fd())?);
            n_tcp = n_tcp.map(|n| n + more.unwrap_or(0));
        }
        let [udp_in, udp_out, udp_drops] = udp;
        (into.tcp_in, into.tcp_out, into.tcp_retrans) = (tcp_in, tcp_out, tcp_retrans);
        (into.udp_in, into.udp_out, into.udp_drops) = (udp_in, udp_out, udp_drops);
        (into.listen_overflows, into.listen_drops, into.n_tcp) = (listen_overflows, listen_drops, n_tcp);
        Ok(())
    }
}

/// `Udp6InDatagrams 5`: UDP over IPv6 is counted apart.
fn add_udp6(text: &[u8], sums: &mut [Option<u64>; 3]) {
    for line in lines(text).filter_map(|line| line.strip_prefix(b"Udp6")) {
        let mut parts = words(line);
        let place = match parts.next() {
            Some(b"InDatagrams") => 0,
            Some(b"OutDatagrams") => 1,
            Some(b"RcvbufErrors") => 2,
            _ => continue,
        };
        let more = parts.next().and_then(number).unwrap_or(0);
        sums[place] = sums[place].map(|sum| sum + more);
    }
}

/// The node's own network is that of the agent's namespace: no file is read twice.
pub(super) fn copy(node: &NodeReading, into: &mut NetNamespace) {
    into.at_us = node.at_us;
    (into.tcp_in, into.tcp_out, into.tcp_retrans) = (node.tcp_in, node.tcp_out, node.tcp_retrans);
    (into.udp_in, into.udp_out, into.udp_drops) = (node.udp_in, node.udp_out, node.udp_drops);
    into.listen_overflows = node.tcp_trouble.and_then(|trouble| trouble.listen_overflows);
    (into.listen_drops, into.n_tcp) = (node.listen_drops, node.n_tcp);
}
