//! The network of the node: what moves, and what goes wrong. All of it is of the agent's own network namespace.

use midair_vitals::{Interrupts, NodeReading, TcpTrouble};
use rustix::fd::BorrowedFd;

use super::paired::Paired;
use crate::kernel::{
    kept::{Kept, Page},
    text::{hex, lines, number, value_number, words},
};

/// How many sockets of a protocol the kernel holds, of IPv4 and of IPv6; `None` where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::kernel) struct InUse {
    /// TCP: connections and listeners.
    pub tcp: [Option<u64>; 2],
    /// UDP.
    pub udp: [Option<u64>; 2],
}

/// The files of the network.
#[derive(Debug)]
pub(super) struct Net {
    dev: Kept,
    snmp: Kept,
    snmp6: Kept,
    netstat: Kept,
    sockstat: [Kept; 2],
    softnet: Kept,
    conntrack: [Kept; 3],
    tcp: Paired<5>,
    udp: Paired<5>,
    tcp_ext: Paired<7>,
}

impl Default for Net {
    fn default() -> Self {
        let file = |name: &str| Kept::new(name);
        Self {
            dev: file("net/dev"),
            snmp: file("net/snmp"),
            snmp6: file("net/snmp6"),
            netstat: file("net/netstat"),
            sockstat: ["net/sockstat", "net/sockstat6"].map(file),
            softnet: file("net/softnet_stat"),
            conntrack: [
                "sys/net/netfilter/nf_conntrack_count",
                "sys/net/netfilter/nf_conntrack_max",
                "net/stat/nf_conntrack",
            ]
            .map(file),
            tcp: Paired::new("Tcp:", ["InSegs", "OutSegs", "RetransSegs", "EstabResets", "AttemptFails"]),
            udp: Paired::new("Udp:", ["InDatagrams", "OutDatagrams", "RcvbufErrors", "InErrors", "SndbufErrors"]),
            tcp_ext: Paired::new(
                "TcpExt:",
                [
                    "ListenDrops",
                    "ListenOverflows",
                    "TCPBacklogDrop",
                    "TCPRcvQDrop",
                    "TCPTimeouts",
                    "TCPMemoryPressures",
                    "TCPAbortOnTimeout",
                ],
            ),
        }
    }
}

impl Net {
    /// Reads all of them.
    pub(super) fn read(&mut self, root: BorrowedFd<'_>, page: &mut Page, into: &mut NodeReading) -> InUse {
        if let Some(text) = self.dev.read(root, page) {
            parse_net_dev(text, into);
        }
        let mut trouble = TcpTrouble::default();
        if let Some(text) = self.snmp.read(root, page) {
            [into.tcp_in, into.tcp_out, into.tcp_retrans, trouble.resets, trouble.failed_attempts] =
                self.tcp.read(text);
            [into.udp_in, into.udp_out, into.udp_drops, into.udp_in_errors, into.udp_send_errors] = self.udp.read(text);
        }
        if let Some(text) = self.snmp6.read(root, page) {
            parse_snmp6(text, into);
        }
        if let Some(text) = self.netstat.read(root, page) {
            // `ListenDrops` holds the overflows of accept queues too (net/ipv4/tcp_ipv4.c).
            let [drops, overflows, backlog, receive, timeouts, pressures, aborts] = self.tcp_ext.read(text);
            into.listen_drops = drops;
            trouble.listen_overflows = overflows;
            (trouble.backlog_drops, trouble.receive_drops) = (backlog, receive);
            (trouble.timeouts, trouble.memory_pressures, trouble.aborts) = (timeouts, pressures, aborts);
        }
        into.tcp_trouble = Some(trouble).filter(|trouble| *trouble != TcpTrouble::default());
        if let Some(text) = self.softnet.read(root, page) {
            parse_softnet(text, into);
        }
        self.read_conntrack(root, page, into);
        let in_use = self.read_sockstat(root, page);
        into.n_tcp = in_use.tcp.into_iter().flatten().reduce(|a, b| a + b);
        in_use
    }

    fn read_conntrack(&mut self, root: BorrowedFd<'_>, page: &mut Page, into: &mut NodeReading) {
        let [count, max, stat] = &mut self.conntrack;
        let mut read = |file: &mut Kept| words(file.read_short(root, page)?).next().and_then(number);
        into.n_conntrack = read(count);
        into.conntrack_max = read(max);
        into.conntrack_drops = stat.read(root, page).and_then(conntrack_drops);
    }

    /// `TCP: inuse 1 ...` and, in a file of their own, `TCP6: inuse 2 ...`.
    fn read_sockstat(&mut self, root: BorrowedFd<'_>, page: &mut Page) -> InUse {
        let mut in_use = InUse::default();
        let names = [("TCP: inuse ", "UDP: inuse "), ("TCP6: inuse ", "UDP6: inuse ")];
        for (family, (file, (tcp, udp))) in self.sockstat.iter_mut().zip(names).enumerate() {
            if let Some(text) = file.read_short(root, page) {
                in_use.tcp[family] = value_number(tcp.as_bytes(), text);
                in_use.udp[family] = value_number(udp.as_bytes(), text);
            }
        }
        in_use
    }
}

/// `/proc/net/dev`: eight numbers received, eight sent, after the interface's name. Loopback is left out: what it
/// receives it has sent itself.
fn parse_net_dev(text: &[u8], into: &mut NodeReading) {
    let (mut rx, mut tx, mut drops) = (0, 0, 0);
    for line in lines(text) {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        if line[..colon].trim_ascii() == b"lo" {
            continue;
        }
        let mut columns = [0; 16];
        for (column, word) in columns.iter_mut().zip(words(&line[colon + 1..])) {
            *column = number(word).unwrap_or(0);
        }
        rx += columns[0];
        tx += columns[8];
        drops += columns[3] + columns[11];
    }
    into.net_rx_bytes = Some(rx);
    into.net_tx_bytes = Some(tx);
    into.net_drops = Some(drops);
}

/// `/proc/net/snmp6`: UDP over IPv6 is counted apart, TCP is not.
fn parse_snmp6(text: &[u8], into: &mut NodeReading) {
    for line in lines(text).filter_map(|line| line.strip_prefix(b"Udp6")) {
        let mut parts = words(line);
        let (Some(name), Some(n)) = (parts.next(), parts.next().and_then(number)) else { continue };
        let sum = match name {
            b"InDatagrams" => &mut into.udp_in,
            b"OutDatagrams" => &mut into.udp_out,
            b"RcvbufErrors" => &mut into.udp_drops,
            b"InErrors" => &mut into.udp_in_errors,
            b"SndbufErrors" => &mut into.udp_send_errors,
            _ => continue,
        };
        *sum = sum.map(|sum| sum + n);
    }
}

/// `/proc/net/softnet_stat`: a line per CPU, numbers in hexadecimal without names (net/core/net-procfs.c,
/// `softnet_seq_show`): packets taken, dropped, times squeezed, and since 5.14 the length of the backlog as the twelfth.
fn parse_softnet(text: &[u8], into: &mut NodeReading) {
    let mut sums = [None; 13];
    for line in lines(text) {
        for (sum, word) in sums.iter_mut().zip(words(line)) {
            *sum = hex(word).map(|n| sum.unwrap_or(0) + n).or(*sum);
        }
    }
    let interrupts = into.interrupts.unwrap_or_default();
    let [n_packets, n_drops, n_squeezed, _, _, _, _, _, _, _, _, backlog, cpu] = sums;
    // The twelfth number came together with the thirteenth, that of the CPU.
    let backlog = backlog.filter(|_| cpu.is_some());
    into.interrupts = Some(Interrupts { n_packets, n_drops, n_squeezed, backlog, ..interrupts });
}

/// `/proc/net/stat/nf_conntrack`: a line of names, then one per CPU in hexadecimal. The name `expect_new` has two spaces
/// before it, so that columns are words.
fn conntrack_drops(text: &[u8]) -> Option<u64> {
    let mut rows = lines(text);
    let header = rows.next()?;
    let places: Vec<usize> = words(header)
        .enumerate()
        .filter(|(_, name)| matches!(*name, b"drop" | b"early_drop"))
        .map(|(place, _)| place)
        .collect();
    let of_cpu = |line: &[u8]| places.iter().map(|place| words(line).nth(*place).and_then(hex)).sum::<Option<u64>>();
    rows.map(of_cpu).sum::<Option<u64>>().filter(|_| !places.is_empty())
}

#[cfg(test)]
mod tests;
