//! What explains a stuck host beyond its tasks: interrupts, trouble of TCP, disks, filesystems. Counters are cumulative.

use std::sync::Arc;

use crate::{
    rate::{advance, per_second, share},
    severity::{self, Severity},
};

/// Interrupts and what comes of them (proc(5), stat; `/proc/net/softnet_stat`, net/core/net-procfs.c).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interrupts {
    /// Hard interrupts served.
    pub n_hard: Option<u64>,
    /// Soft interrupts served.
    pub n_soft: Option<u64>,
    /// Time in soft interrupts, all CPUs, microseconds.
    pub soft_us: Option<u64>,
    /// Packets taken from the backlogs of the CPUs.
    pub n_packets: Option<u64>,
    /// Packets dropped because a backlog was full.
    pub n_drops: Option<u64>,
    /// Times the kernel stopped taking packets with more left.
    pub n_squeezed: Option<u64>,
    /// Packets in the backlogs now.
    pub backlog: Option<u64>,
}

/// What goes wrong with TCP (`/proc/net/netstat` and `snmp`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpTrouble {
    /// Connections that found their listen queue full.
    pub listen_overflows: Option<u64>,
    /// Segments dropped because a socket was busy and its backlog full.
    pub backlog_drops: Option<u64>,
    /// Segments dropped because a receive queue was full.
    pub receive_drops: Option<u64>,
    /// Retransmission timers that ran out.
    pub timeouts: Option<u64>,
    /// Connections reset while established.
    pub resets: Option<u64>,
    /// Connection attempts that failed.
    pub failed_attempts: Option<u64>,
    /// Times the memory for TCP came near its limit.
    pub memory_pressures: Option<u64>,
    /// Connections ended because no answer came.
    pub aborts: Option<u64>,
}

/// Changes of [`TcpTrouble`] between two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpTroubles {
    /// Connections that found their listen queue full.
    pub listen_overflows: Option<u64>,
    /// Segments dropped at busy or full sockets.
    pub drops: Option<u64>,
    /// Retransmission timers that ran out.
    pub timeouts: Option<u64>,
    /// Connections reset.
    pub resets: Option<u64>,
    /// Attempts that failed.
    pub failed_attempts: Option<u64>,
    /// Times memory was short.
    pub memory_pressures: Option<u64>,
    /// Connections given up.
    pub aborts: Option<u64>,
}

impl TcpTroubles {
    /// What came between two readings.
    pub fn derive(before: Option<&TcpTrouble>, now: Option<&TcpTrouble>) -> Self {
        let new = |field: fn(&TcpTrouble) -> Option<u64>| advance(before.and_then(field), now.and_then(field));
        Self {
            listen_overflows: new(|t| t.listen_overflows),
            drops: [new(|t| t.backlog_drops), new(|t| t.receive_drops)].into_iter().flatten().reduce(|a, b| a + b),
            timeouts: new(|t| t.timeouts),
            resets: new(|t| t.resets),
            failed_attempts: new(|t| t.failed_attempts),
            memory_pressures: new(|t| t.memory_pressures),
            aborts: new(|t| t.aborts),
        }
    }
}

/// A disk (kernel: Documentation/admin-guide/iostats.rst).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Its name.
    pub name: Arc<str>,
    /// Reads completed.
    pub n_reads: Option<u64>,
    /// Writes completed.
    pub n_writes: Option<u64>,
    /// Bytes read.
    pub read_bytes: Option<u64>,
    /// Bytes written.
    pub write_bytes: Option<u64>,
    /// Time with at least one request outstanding, microseconds.
    pub busy_us: Option<u64>,
    /// Time that all requests together were outstanding, microseconds.
    pub waited_us: Option<u64>,
    /// Requests outstanding now.
    pub in_flight: Option<u64>,
}

/// What is derived of a disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiskVitals {
    /// Its name.
    pub name: Arc<str>,
    /// Share of time with a request outstanding.
    pub busy: Option<f64>,
    /// Bytes read per second.
    pub read: Option<f64>,
    /// Bytes written per second.
    pub write: Option<f64>,
    /// Requests completed per second.
    pub requests: Option<f64>,
    /// Mean time that a request took, seconds.
    pub latency: Option<f64>,
    /// Requests outstanding now.
    pub in_flight: Option<u64>,
}

impl DiskVitals {
    /// Derives the vitals of a disk from two readings, `(disk, at_us)`.
    pub fn derive(before: Option<(&Disk, u64)>, now: &Disk, now_us: u64) -> Self {
        let rate = |field: fn(&Disk) -> Option<u64>| {
            let (disk, at_us) = before?;
            per_second(field(disk), field(now), at_us, now_us)
        };
        let requests = rate(|d| d.n_reads?.checked_add(d.n_writes?));
        let waited = before.and_then(|(d, at_us)| share(d.waited_us, now.waited_us, at_us, now_us));
        Self {
            name: Arc::clone(&now.name),
            busy: before.and_then(|(d, at_us)| share(d.busy_us, now.busy_us, at_us, now_us)),
            read: rate(|d| d.read_bytes),
            write: rate(|d| d.write_bytes),
            latency: requests.zip(waited).filter(|(n, _)| *n > 0.0).map(|(n, waited)| waited / n),
            requests,
            in_flight: now.in_flight,
        }
    }
}

/// A filesystem (statvfs(3)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filesystem {
    /// Where it is mounted.
    pub mount: Arc<str>,
    /// Its size, bytes.
    pub total_bytes: Option<u64>,
    /// What users may still write, bytes.
    pub available_bytes: Option<u64>,
    /// Files it can hold.
    pub n_inodes: Option<u64>,
    /// How many more.
    pub n_inodes_free: Option<u64>,
}

impl Filesystem {
    /// How near it is to being full: of bytes or of files, whichever is nearer.
    pub fn fill(&self) -> Option<Severity> {
        let used = |total: Option<u64>, left: Option<u64>| severity::mem(total?.checked_sub(left?), total);
        used(self.total_bytes, self.available_bytes).max(used(self.n_inodes, self.n_inodes_free))
    }
}

#[cfg(test)]
mod tests;
