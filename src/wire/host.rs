//! What explains a host beyond its tasks: interrupts, trouble of TCP, disks, cgroups, network namespaces.

use std::sync::Arc;

use midair_proto::v1;
use midair_vitals::{
    CgroupKind, CgroupReading, CpuQueue, Disk, Filesystem, Interrupts, NetNamespace, NodeReading, ShortLived,
    ShortLivedName, TcpTrouble,
};

use super::{
    names::{Names, TEXT_MAX},
    task::value,
};

/// Most disks, and most filesystems, of one node that are kept.
const LIST_MAX: usize = 256;

/// Who waits for each CPU, as far as that was sent.
pub(super) fn cpu_queues<'a>(cpus: impl Iterator<Item = (&'a u32, &'a v1::Cpu)>) -> Vec<CpuQueue> {
    let one = |(number, cpu): (&u32, &v1::Cpu)| {
        let is_known = cpu.n_queued.is_some() || cpu.run_delay_us.is_some();
        is_known.then_some(CpuQueue { number: *number, n_queued: cpu.n_queued, run_delay_us: value(cpu.run_delay_us) })
    };
    cpus.filter_map(one).collect()
}

/// What a node says of all that explains it beyond its tasks; the rest is left unknown.
pub(super) fn beyond_tasks(sent: &v1::Node, names: &Names) -> NodeReading {
    NodeReading {
        interrupts: sent.interrupts.as_ref().map(interrupts),
        tcp_trouble: sent.tcp_trouble.as_ref().map(tcp_trouble),
        udp_in_errors: value(sent.udp_in_errors),
        udp_send_errors: value(sent.udp_send_errors),
        n_conntrack: value(sent.n_conntrack),
        conntrack_max: value(sent.conntrack_max),
        conntrack_drops: value(sent.conntrack_drops),
        disks: sent.disks.as_ref().map(disks).unwrap_or_default(),
        filesystems: sent.filesystems.as_ref().map(filesystems).unwrap_or_default(),
        n_files: value(sent.n_files),
        files_max: value(sent.files_max),
        n_short_lived: value(sent.n_short_lived),
        delay_neighbour_us: value(sent.delay_neighbour_us),
        n_netns: value(sent.n_netns),
        n_netns_unread: value(sent.n_netns_unread),
        n_cgroups: value(sent.n_cgroups),
        delay_quota_us: value(sent.delay_quota_us),
        short_lived: sent.short_lived.as_ref().map(|sent| short_lived(sent, names)),
        ..NodeReading::default()
    }
}

/// Interrupts.
fn interrupts(sent: &v1::Interrupts) -> Interrupts {
    Interrupts {
        n_hard: value(sent.n_hard),
        n_soft: value(sent.n_soft),
        soft_us: value(sent.soft_us),
        n_packets: value(sent.n_packets),
        n_drops: value(sent.n_drops),
        n_squeezed: value(sent.n_squeezed),
        backlog: value(sent.backlog),
    }
}

/// What goes wrong with TCP.
fn tcp_trouble(sent: &v1::TcpTrouble) -> TcpTrouble {
    TcpTrouble {
        listen_overflows: value(sent.listen_overflows),
        backlog_drops: value(sent.backlog_drops),
        receive_drops: value(sent.receive_drops),
        timeouts: value(sent.timeouts),
        resets: value(sent.resets),
        failed_attempts: value(sent.failed_attempts),
        memory_pressures: value(sent.memory_pressures),
        aborts: value(sent.aborts),
    }
}

/// Short-lived processes; those whose name is not known are among the totals alone.
fn short_lived(sent: &v1::ShortLived, names: &Names) -> ShortLived {
    let one = |one: &v1::ShortLivedName| {
        Some(ShortLivedName {
            name: names.get(one.name)?,
            parent: names.get(one.parent),
            n: value(one.n),
            cpu_us: value(one.cpu_us),
        })
    };
    ShortLived {
        n: value(sent.n),
        cpu_us: value(sent.cpu_us),
        cost_us: value(sent.cost_us),
        by_name: sent.by_name.iter().take(LIST_MAX).filter_map(one).collect(),
    }
}

/// The disks of a list.
fn disks(sent: &v1::Disks) -> Vec<Disk> {
    let one = |disk: &v1::Disk| {
        Some(Disk {
            name: text(disk.name.as_deref())?,
            n_reads: value(disk.n_reads),
            n_writes: value(disk.n_writes),
            read_bytes: value(disk.read_bytes),
            write_bytes: value(disk.write_bytes),
            busy_us: value(disk.busy_us),
            waited_us: value(disk.waited_us),
            in_flight: value(disk.in_flight),
        })
    };
    sent.disk.iter().take(LIST_MAX).filter_map(one).collect()
}

/// The filesystems of a list.
fn filesystems(sent: &v1::Filesystems) -> Vec<Filesystem> {
    let one = |filesystem: &v1::Filesystem| {
        Some(Filesystem {
            mount: text(filesystem.mount.as_deref())?,
            total_bytes: value(filesystem.total_bytes),
            available_bytes: value(filesystem.available_bytes),
            n_inodes: value(filesystem.n_inodes),
            n_inodes_free: value(filesystem.n_inodes_free),
        })
    };
    sent.filesystem.iter().take(LIST_MAX).filter_map(one).collect()
}

/// A cgroup; `None` where its path is not known.
pub(super) fn cgroup(sent: &v1::Cgroup, names: &Names, mono_us: u64) -> Option<CgroupReading> {
    let kind = match sent.kind.and_then(|kind| v1::CgroupKind::try_from(kind).ok()) {
        None | Some(v1::CgroupKind::Unspecified) => CgroupKind::Other,
        Some(v1::CgroupKind::Slice) => CgroupKind::Slice,
        Some(v1::CgroupKind::Unit) => CgroupKind::Unit,
        Some(v1::CgroupKind::Container) => CgroupKind::Container,
        Some(v1::CgroupKind::Pod) => CgroupKind::Pod,
        Some(v1::CgroupKind::Session) => CgroupKind::Session,
    };
    Some(CgroupReading {
        path: names.get(sent.path)?,
        name: names.get(sent.name),
        kind,
        at_us: value(sent.mono_us).unwrap_or(mono_us),
        n_processes: value(sent.n_processes),
        n_threads: value(sent.n_threads),
        cpu_us: value(sent.cpu_us),
        run_delay_us: value(sent.run_delay_us),
        throttled_us: value(sent.throttled_us),
        n_throttled: value(sent.n_throttled),
        n_periods: value(sent.n_periods),
        quota_milli: value(sent.quota_milli),
        mem_bytes: value(sent.mem_bytes),
        mem_inactive_bytes: value(sent.mem_inactive_bytes),
        mem_limit_bytes: value(sent.mem_limit_bytes),
        n_oom_kills: value(sent.n_oom_kills),
        psi_cpu_some_us: value(sent.psi_cpu_some_us),
        psi_mem_some_us: value(sent.psi_mem_some_us),
        psi_io_some_us: value(sent.psi_io_some_us),
        caused_delay_us: value(sent.caused_delay_us),
    })
}

/// A network namespace; `None` where its inode is missing.
pub(super) fn namespace(sent: &v1::NetNamespace, names: &Names, mono_us: u64) -> Option<NetNamespace> {
    Some(NetNamespace {
        inode: sent.inode?,
        name: names.get(sent.name),
        is_own: sent.own.unwrap_or(false),
        at_us: value(sent.mono_us).unwrap_or(mono_us),
        n_processes: value(sent.n_processes),
        tcp_in: value(sent.tcp_in),
        tcp_out: value(sent.tcp_out),
        tcp_retrans: value(sent.tcp_retrans),
        listen_overflows: value(sent.listen_overflows),
        listen_drops: value(sent.listen_drops),
        udp_in: value(sent.udp_in),
        udp_out: value(sent.udp_out),
        udp_drops: value(sent.udp_drops),
        n_tcp: value(sent.n_tcp),
        n_listeners: value(sent.n_listeners),
        unread: text(sent.unread.as_deref()),
    })
}

/// A text that is spelled out; too long ones are no names.
fn text(sent: Option<&str>) -> Option<Arc<str>> {
    sent.filter(|text| text.len() <= TEXT_MAX).map(Into::into)
}
