//! What explains a host beyond its tasks, as messages: interrupts, trouble of TCP, disks, cgroups, network namespaces.

use midair_proto::v1 as wire;
use midair_vitals as vitals;

use super::Rows;

/// What explains a node beyond its tasks; the other fields are left unset.
pub(super) fn beyond_tasks(node: &vitals::NodeReading) -> wire::Node {
    wire::Node {
        interrupts: node.interrupts.map(interrupts),
        tcp_trouble: node.tcp_trouble.map(tcp_trouble),
        udp_in_errors: node.udp_in_errors,
        udp_send_errors: node.udp_send_errors,
        n_conntrack: node.n_conntrack,
        conntrack_max: node.conntrack_max,
        conntrack_drops: node.conntrack_drops,
        disks: disks(&node.disks),
        filesystems: filesystems(&node.filesystems),
        n_files: node.n_files,
        files_max: node.files_max,
        n_short_lived: node.n_short_lived,
        delay_neighbour_us: node.delay_neighbour_us,
        n_netns: node.n_netns,
        n_netns_unread: node.n_netns_unread,
        n_cgroups: node.n_cgroups,
        delay_quota_us: node.delay_quota_us,
        ..wire::Node::default()
    }
}

/// Interrupts.
fn interrupts(interrupts: vitals::Interrupts) -> wire::Interrupts {
    wire::Interrupts {
        n_hard: interrupts.n_hard,
        n_soft: interrupts.n_soft,
        soft_us: interrupts.soft_us,
        n_packets: interrupts.n_packets,
        n_drops: interrupts.n_drops,
        n_squeezed: interrupts.n_squeezed,
        backlog: interrupts.backlog,
    }
}

/// What goes wrong with TCP.
fn tcp_trouble(trouble: vitals::TcpTrouble) -> wire::TcpTrouble {
    wire::TcpTrouble {
        listen_overflows: trouble.listen_overflows,
        backlog_drops: trouble.backlog_drops,
        receive_drops: trouble.receive_drops,
        timeouts: trouble.timeouts,
        resets: trouble.resets,
        failed_attempts: trouble.failed_attempts,
        memory_pressures: trouble.memory_pressures,
        aborts: trouble.aborts,
    }
}

/// The disks; `None` where none is known.
fn disks(disks: &[vitals::Disk]) -> Option<wire::Disks> {
    let one = |disk: &vitals::Disk| wire::Disk {
        name: Some(disk.name.to_string()),
        n_reads: disk.n_reads,
        n_writes: disk.n_writes,
        read_bytes: disk.read_bytes,
        write_bytes: disk.write_bytes,
        busy_us: disk.busy_us,
        waited_us: disk.waited_us,
        in_flight: disk.in_flight,
    };
    (!disks.is_empty()).then(|| wire::Disks { disk: disks.iter().map(one).collect() })
}

/// The filesystems; `None` where none is known.
fn filesystems(filesystems: &[vitals::Filesystem]) -> Option<wire::Filesystems> {
    let one = |filesystem: &vitals::Filesystem| wire::Filesystem {
        mount: Some(filesystem.mount.to_string()),
        total_bytes: filesystem.total_bytes,
        available_bytes: filesystem.available_bytes,
        n_inodes: filesystem.n_inodes,
        n_inodes_free: filesystem.n_inodes_free,
    };
    (!filesystems.is_empty()).then(|| wire::Filesystems { filesystem: filesystems.iter().map(one).collect() })
}

impl Rows<'_> {
    /// Short-lived processes by name.
    pub(super) fn short_lived(&mut self, all: &vitals::ShortLived) -> wire::ShortLived {
        let one = |one: &vitals::ShortLivedName| wire::ShortLivedName {
            name: self.name(Some(&one.name)),
            parent: self.name(one.parent.as_ref()),
            n: one.n,
            cpu_us: one.cpu_us,
        };
        wire::ShortLived {
            by_name: all.by_name.iter().map(one).collect(),
            n: all.n,
            cpu_us: all.cpu_us,
            cost_us: all.cost_us,
        }
    }

    /// A cgroup.
    pub fn cgroup(&mut self, cgroup: &vitals::CgroupReading) -> wire::Cgroup {
        let kind = match cgroup.kind {
            vitals::CgroupKind::Other => None,
            vitals::CgroupKind::Slice => Some(wire::CgroupKind::Slice),
            vitals::CgroupKind::Unit => Some(wire::CgroupKind::Unit),
            vitals::CgroupKind::Container => Some(wire::CgroupKind::Container),
            vitals::CgroupKind::Pod => Some(wire::CgroupKind::Pod),
            vitals::CgroupKind::Session => Some(wire::CgroupKind::Session),
        };
        wire::Cgroup {
            path: self.name(Some(&cgroup.path)),
            name: self.name(cgroup.name.as_ref()),
            kind: kind.map(Into::into),
            n_processes: cgroup.n_processes,
            n_threads: cgroup.n_threads,
            cpu_us: cgroup.cpu_us,
            run_delay_us: cgroup.run_delay_us,
            throttled_us: cgroup.throttled_us,
            n_throttled: cgroup.n_throttled,
            n_periods: cgroup.n_periods,
            quota_milli: cgroup.quota_milli,
            mem_bytes: cgroup.mem_bytes,
            mem_limit_bytes: cgroup.mem_limit_bytes,
            n_oom_kills: cgroup.n_oom_kills,
            psi_cpu_some_us: cgroup.psi_cpu_some_us,
            psi_mem_some_us: cgroup.psi_mem_some_us,
            psi_io_some_us: cgroup.psi_io_some_us,
            caused_delay_us: cgroup.caused_delay_us,
            mono_us: Some(cgroup.at_us).filter(|at_us| *at_us != self.mono_us),
            mem_inactive_bytes: cgroup.mem_inactive_bytes,
        }
    }

    /// A network namespace.
    pub fn namespace(&mut self, namespace: &vitals::NetNamespace) -> wire::NetNamespace {
        wire::NetNamespace {
            inode: Some(namespace.inode),
            name: self.name(namespace.name.as_ref()),
            own: namespace.is_own.then_some(true),
            n_processes: namespace.n_processes,
            tcp_in: namespace.tcp_in,
            tcp_out: namespace.tcp_out,
            tcp_retrans: namespace.tcp_retrans,
            listen_overflows: namespace.listen_overflows,
            listen_drops: namespace.listen_drops,
            udp_in: namespace.udp_in,
            udp_out: namespace.udp_out,
            udp_drops: namespace.udp_drops,
            n_tcp: namespace.n_tcp,
            n_listeners: namespace.n_listeners,
            unread: namespace.unread.as_deref().map(Into::into),
            mono_us: Some(namespace.at_us).filter(|at_us| *at_us != self.mono_us),
        }
    }
}
