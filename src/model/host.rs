//! What explains a stuck host beyond its tasks, looked at one by one: connections turned away, segments sent again, full
//! tables, slow disks. Each is quiet when well.

mod checks;

use std::sync::Arc;

use midair_vitals::{NodeVitals, Severity};

use super::{node::Node, recent::Recent, vital::Vital, words::Part};

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Why tasks did not get the CPU they wanted.
    LostCpu,
    /// Connections turned away at listen queues.
    ListenQueues,
    /// Segments sent again.
    Retransmits,
    /// Retransmission timers, connections given up.
    Timeouts,
    /// Segments dropped at full or busy sockets.
    TcpSockets,
    /// Connections reset or refused.
    Connections,
    /// Memory for TCP.
    TcpMemory,
    /// Datagrams dropped, not received, not sent.
    Udp,
    /// Packets dropped by interfaces.
    Interfaces,
    /// Time in soft interrupts.
    SoftInterrupts,
    /// Packets that wait for a CPU.
    PacketBacklog,
    /// Connections that the firewall tracks.
    Conntrack,
    /// A disk.
    Disk(Arc<str>),
    /// A filesystem.
    Filesystem(Arc<str>),
    /// Open files.
    Files,
    /// Forks, and processes that nobody saw.
    ShortLived,
}

impl Check {
    /// What it is called; a disk and a filesystem have a name besides.
    pub fn word(&self) -> &'static str {
        match self {
            Self::LostCpu => "lost cpu",
            Self::ListenQueues => "listen queues",
            Self::Retransmits => "tcp retransmits",
            Self::Timeouts => "tcp timeouts",
            Self::TcpSockets => "tcp sockets",
            Self::Connections => "tcp connections",
            Self::TcpMemory => "tcp memory",
            Self::Udp => "udp",
            Self::Interfaces => "interfaces",
            Self::SoftInterrupts => "soft interrupts",
            Self::PacketBacklog => "packet backlog",
            Self::Conntrack => "conntrack",
            Self::Disk(_) => "disk",
            Self::Filesystem(_) => "filesystem",
            Self::Files => "files",
            Self::ShortLived => "processes",
        }
    }

    /// Name of the disk or filesystem.
    pub fn name(&self) -> Option<&Arc<str>> {
        match self {
            Self::Disk(name) | Self::Filesystem(name) => Some(name),
            Self::LostCpu
            | Self::ListenQueues
            | Self::Retransmits
            | Self::Timeouts
            | Self::TcpSockets
            | Self::Connections
            | Self::TcpMemory
            | Self::Udp
            | Self::Interfaces
            | Self::SoftInterrupts
            | Self::PacketBacklog
            | Self::Conntrack
            | Self::Files
            | Self::ShortLived => None,
        }
    }

    /// The vital that it explains; `None`: the host itself.
    pub fn vital(&self) -> Option<Vital> {
        match self {
            Self::LostCpu | Self::SoftInterrupts | Self::ShortLived => Some(Vital::Sched),
            Self::TcpMemory => Some(Vital::Mem),
            Self::ListenQueues | Self::TcpSockets | Self::Udp | Self::PacketBacklog | Self::Interfaces => {
                Some(Vital::Queue)
            }
            Self::Retransmits | Self::Timeouts | Self::Connections | Self::Conntrack => Some(Vital::Rate),
            Self::Disk(_) | Self::Filesystem(_) | Self::Files => None,
        }
    }
}

/// What was found at one look at one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What was looked at.
    pub check: Check,
    /// How bad it is; `None` where nothing is known.
    pub severity: Option<Severity>,
    /// What is so, in words; empty where nothing is known.
    pub now: Vec<Part>,
}

/// From here on a fact is a finding, per mille.
pub const WORTH_SAYING: u32 = 300;

impl Fact {
    /// Whether it needs a word.
    pub fn is_trouble(&self) -> bool {
        self.severity.is_some_and(|severity| severity.per_mille() >= WORTH_SAYING)
    }
}

/// Counts that come in bursts, over the last seconds; see [`NodeVitals`] for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bursts {
    listen_drops: Recent,
    listen_overflows: Recent,
    tcp_drops: Recent,
    timeouts: Recent,
    aborts: Recent,
    resets: Recent,
    failed_attempts: Recent,
    memory_pressures: Recent,
    udp_drops: Recent,
    udp_in_errors: Recent,
    udp_send_errors: Recent,
    net_drops: Recent,
    backlog_drops: Recent,
    conntrack_drops: Recent,
}

impl Bursts {
    /// What came since the sample before.
    pub(super) fn push(&mut self, at_us: u64, vitals: &NodeVitals) {
        let tcp = &vitals.tcp;
        for (burst, n) in [
            (&mut self.listen_drops, vitals.listen_drops),
            (&mut self.listen_overflows, tcp.listen_overflows),
            (&mut self.tcp_drops, tcp.drops),
            (&mut self.timeouts, tcp.timeouts),
            (&mut self.aborts, tcp.aborts),
            (&mut self.resets, tcp.resets),
            (&mut self.failed_attempts, tcp.failed_attempts),
            (&mut self.memory_pressures, tcp.memory_pressures),
            (&mut self.udp_drops, vitals.udp_drops),
            (&mut self.udp_in_errors, vitals.udp_in_errors),
            (&mut self.udp_send_errors, vitals.udp_send_errors),
            (&mut self.net_drops, vitals.net_drops),
            (&mut self.backlog_drops, vitals.backlog_drops),
            (&mut self.conntrack_drops, vitals.conntrack_drops),
        ] {
            burst.push(at_us, n);
        }
    }

    /// Connections turned away.
    pub fn listen_drops(&self) -> Option<u64> {
        self.listen_drops.sum().max(self.listen_overflows.sum())
    }

    /// Datagrams dropped.
    pub fn udp_drops(&self) -> Option<u64> {
        self.udp_drops.sum()
    }

    /// Packets dropped by interfaces.
    pub fn net_drops(&self) -> Option<u64> {
        self.net_drops.sum()
    }
}

/// What was found so far.
struct Found {
    /// Only what is as bad as this is told in words, per mille; `None`: all, also what is not known.
    from: Option<u32>,
    facts: Vec<Fact>,
    worst: Option<Severity>,
}

impl Found {
    fn all(from: Option<u32>, node: &Node) -> Self {
        let mut found = Self { from, facts: Vec::new(), worst: None };
        checks::look(node, &mut found);
        found
    }

    /// One look: how bad it is, and the words for it.
    fn push(&mut self, check: Check, per_mille: Option<u32>, words: impl FnOnce() -> Vec<Part>) {
        let severity = per_mille.map(Severity::from_per_mille);
        self.worst = self.worst.max(severity);
        if self.from.is_none_or(|from| per_mille >= Some(from)) {
            self.facts.push(Fact { check, severity, now: words() });
        }
    }
}

/// All that is looked at of a node, in one order everywhere. Empty where nothing was measured.
pub fn facts(node: &Node) -> Vec<Fact> {
    Found::all(None, node).facts
}

/// What of it needs a word.
pub fn troubles(node: &Node) -> Vec<Fact> {
    Found::all(Some(WORTH_SAYING), node).facts
}

/// How bad the worst of it is; `None` where nothing is known.
pub fn worst(node: &Node) -> Option<Severity> {
    Found::all(Some(u32::MAX), node).worst
}

#[cfg(test)]
mod tests;
