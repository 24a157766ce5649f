//! Cgroups and network namespaces: what runs together, what it uses, and who waits because of it.

use std::sync::Arc;

use crate::{
    rate::{advance, share},
    severity::{self, Severities},
};

/// What sort of thing a cgroup holds, as its path says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CgroupKind {
    /// Nothing known.
    #[default]
    Other,
    /// A systemd slice.
    Slice,
    /// A systemd service, scope or socket.
    Unit,
    /// A container.
    Container,
    /// A Kubernetes pod.
    Pod,
    /// A user's session.
    Session,
}

impl CgroupKind {
    /// The field's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Other => "cgroup",
            Self::Slice => "slice",
            Self::Unit => "unit",
            Self::Container => "container",
            Self::Pod => "pod",
            Self::Session => "session",
        }
    }
}

/// A cgroup as it was read. Counters are cumulative; what could not be read is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CgroupReading {
    /// Its path below the root of the hierarchy: its identity.
    pub path: Arc<str>,
    /// What it is called: systemd unit, container or pod.
    pub name: Option<Arc<str>>,
    /// What sort of thing it holds.
    pub kind: CgroupKind,
    /// `CLOCK_MONOTONIC` of the reading, microseconds.
    pub at_us: u64,
    /// Processes in it, without those of cgroups below.
    pub n_processes: Option<u64>,
    /// Threads in it.
    pub n_threads: Option<u64>,
    /// CPU time in it and below, microseconds.
    pub cpu_us: Option<u64>,
    /// Run delay of the tasks in it and below since they were first seen, microseconds.
    pub run_delay_us: Option<u64>,
    /// Time in which its quota held it back, all CPUs together, microseconds; most of it is in the run delay too.
    pub throttled_us: Option<u64>,
    /// Periods in which its quota held it back.
    pub n_throttled: Option<u64>,
    /// Periods of its quota that have passed.
    pub n_periods: Option<u64>,
    /// CPUs that its quota allows, thousandths.
    pub quota_milli: Option<u64>,
    /// Memory in use, bytes.
    pub mem_bytes: Option<u64>,
    /// Memory that can be taken back without loss, bytes.
    pub mem_inactive_bytes: Option<u64>,
    /// Its own limit or the nearest above, bytes.
    pub mem_limit_bytes: Option<u64>,
    /// Times a process was killed for lack of memory.
    pub n_oom_kills: Option<u64>,
    /// PSI: some task waited for a CPU, microseconds.
    pub psi_cpu_some_us: Option<u64>,
    /// PSI: some task waited for memory, microseconds.
    pub psi_mem_some_us: Option<u64>,
    /// PSI: some task waited for a disk, microseconds.
    pub psi_io_some_us: Option<u64>,
    /// Run delay of tasks outside of it that it caused, microseconds; estimated.
    pub caused_delay_us: Option<u64>,
}

/// What is derived of a cgroup.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CgroupVitals {
    /// CPUs in use: 1.0 is one core.
    pub cpu: Option<f64>,
    /// Run delay of its tasks: seconds waited per second.
    pub delay: Option<f64>,
    /// Share of time in which its quota held it back.
    pub throttled: Option<f64>,
    /// Run delay that it caused others, seconds per second; estimated.
    pub caused: Option<f64>,
    /// Memory that it holds and that cannot be taken back without loss, bytes.
    pub mem_used_bytes: Option<u64>,
    /// Processes killed for lack of memory since the sample before.
    pub oom_kills: Option<u64>,
    /// Share of time in which some task of it waited for a CPU.
    pub psi_cpu: Option<f64>,
    /// Share of time in which some task of it waited for memory.
    pub psi_mem: Option<f64>,
    /// Share of time in which some task of it waited for a disk.
    pub psi_io: Option<f64>,
    /// sched and mem; queue and rate belong to its tasks.
    pub severities: Severities,
}

impl CgroupVitals {
    /// Derives the vitals of a cgroup from two readings.
    pub fn derive(before: Option<&CgroupReading>, now: &CgroupReading) -> Self {
        let shares = |field: fn(&CgroupReading) -> Option<u64>| {
            let before = before?;
            share(field(before), field(now), before.at_us, now.at_us)
        };
        let cpu = shares(|c| c.cpu_us);
        let delay = shares(|c| c.run_delay_us);
        let throttled = shares(|c| c.throttled_us);
        let mem_used_bytes = now.mem_bytes.map(|used| used.saturating_sub(now.mem_inactive_bytes.unwrap_or(0)));
        Self {
            cpu,
            delay,
            throttled,
            caused: shares(|c| c.caused_delay_us),
            mem_used_bytes,
            oom_kills: advance(before.and_then(|c| c.n_oom_kills), now.n_oom_kills),
            psi_cpu: shares(|c| c.psi_cpu_some_us),
            psi_mem: shares(|c| c.psi_mem_some_us),
            psi_io: shares(|c| c.psi_io_some_us),
            severities: Severities {
                // A task that its quota holds back stays runnable: that time is in its run delay already, but for what
                // held back tasks whose run delay nobody saw (kernel/sched/stats.h, sched_info_depart).
                sched: severity::sched(
                    cpu,
                    delay.or(throttled),
                    None,
                    throttled.zip(delay).map(|(t, d)| (t - d).max(0.0)),
                ),
                mem: severity::mem(mem_used_bytes, now.mem_limit_bytes),
                ..Severities::default()
            },
        }
    }
}

/// A network namespace as it was read. Counters are cumulative since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetNamespace {
    /// Its inode: its identity.
    pub inode: u64,
    /// What it is called.
    pub name: Option<Arc<str>>,
    /// Whether it is the agent's own.
    pub is_own: bool,
    /// `CLOCK_MONOTONIC` of the reading, microseconds.
    pub at_us: u64,
    /// Processes in it.
    pub n_processes: Option<u64>,
    /// TCP segments received.
    pub tcp_in: Option<u64>,
    /// TCP segments sent.
    pub tcp_out: Option<u64>,
    /// TCP segments sent again.
    pub tcp_retrans: Option<u64>,
    /// Connections that found their listen queue full.
    pub listen_overflows: Option<u64>,
    /// Connections dropped by listen queues.
    pub listen_drops: Option<u64>,
    /// UDP datagrams received.
    pub udp_in: Option<u64>,
    /// UDP datagrams sent.
    pub udp_out: Option<u64>,
    /// UDP datagrams dropped because a socket was full.
    pub udp_drops: Option<u64>,
    /// TCP sockets in use.
    pub n_tcp: Option<u64>,
    /// Listeners.
    pub n_listeners: Option<u64>,
    /// Why it is not read.
    pub unread: Option<Arc<str>>,
}

/// What is derived of a network namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetNamespaceVitals {
    /// TCP segments in per second.
    pub tcp_in: Option<f64>,
    /// TCP segments out per second.
    pub tcp_out: Option<f64>,
    /// TCP segments sent again per second.
    pub tcp_retrans: Option<f64>,
    /// Connections that found their listen queue full, since the sample before.
    pub listen_overflows: Option<u64>,
    /// Connections dropped since the sample before.
    pub listen_drops: Option<u64>,
    /// UDP datagrams in per second.
    pub udp_in: Option<f64>,
    /// UDP datagrams out per second.
    pub udp_out: Option<f64>,
    /// UDP datagrams dropped since the sample before.
    pub udp_drops: Option<u64>,
}

impl NetNamespaceVitals {
    /// Derives the vitals of a namespace from two readings.
    pub fn derive(before: Option<&NetNamespace>, now: &NetNamespace) -> Self {
        let rate = |field: fn(&NetNamespace) -> Option<u64>| {
            let before = before?;
            crate::rate::per_second(field(before), field(now), before.at_us, now.at_us)
        };
        let new = |field: fn(&NetNamespace) -> Option<u64>| advance(before.and_then(field), field(now));
        Self {
            tcp_in: rate(|n| n.tcp_in),
            tcp_out: rate(|n| n.tcp_out),
            tcp_retrans: rate(|n| n.tcp_retrans),
            listen_overflows: new(|n| n.listen_overflows),
            listen_drops: new(|n| n.listen_drops),
            udp_in: rate(|n| n.udp_in),
            udp_out: rate(|n| n.udp_out),
            udp_drops: new(|n| n.udp_drops),
        }
    }
}

#[cfg(test)]
mod tests;
