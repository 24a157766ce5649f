//! Erlang VMs: from the wire to readings. Their names are spelled out, and all of them come from outside.

use std::sync::Arc;

use midair_proto::v1;
use midair_vitals::{
    VmReading,
    vm::{
        ActiveFunctions, Count, CrashDump, DistLink, Listed, Pid, Port, Scheduler, SchedulerKind, Seen, Socket, Sweep,
        Table, VmMemory,
    },
};

use super::{
    names::TEXT_MAX,
    task::{self, value},
};

/// Most VMs of one node that are kept.
pub(super) const VMS_MAX: usize = 256;
/// Most schedulers, links, ports or tables of one VM that are kept: Erlang has at most 1,024 schedulers of a kind.
const LIST_MAX: usize = 4_096;

/// One VM; `None` where it does not say which.
pub(super) fn reading(sent: &v1::Vm) -> Option<VmReading> {
    Some(VmReading {
        runtime: sent.runtime?,
        at_us: value(sent.mono_us),
        process: sent.process.as_ref().and_then(task::id),
        name: text(sent.name.as_deref()),
        otp_release: text(sent.otp_release.as_deref()),
        erts: text(sent.erts.as_deref()),
        found_by: text(sent.found_by.as_deref()),
        answered_us: value(sent.answered_us),
        creation: sent.creation,
        up_us: value(sent.up_us),
        schedulers: sent.schedulers.as_ref().map(schedulers).unwrap_or_default(),
        threads_us: sent.schedulers.as_ref().and_then(|schedulers| value(schedulers.threads_mono_us)),
        run_queue: value(sent.run_queue),
        run_queue_dirty_cpu: value(sent.run_queue_dirty_cpu),
        run_queue_dirty_io: value(sent.run_queue_dirty_io),
        memory: sent.memory.as_ref().map(memory).unwrap_or_default(),
        counts: sent.counts.as_ref().map(counts).unwrap_or_default(),
        in_bytes: value(sent.in_bytes),
        out_bytes: value(sent.out_bytes),
        reductions: value(sent.reductions),
        n_gcs: value(sent.n_gcs),
        reclaimed_bytes: value(sent.reclaimed_bytes),
        n_switches: value(sent.n_switches),
        sweep: sent.sweep.as_ref().map(sweep),
        links: sent.links.as_ref().map(links),
        dist_busy_bytes: value(sent.dist_busy_bytes),
        carriers_bytes: value(sent.carriers_bytes),
        blocks_bytes: value(sent.blocks_bytes),
        monitor_owner: text(sent.monitor_owner.as_deref()),
        ports: sent.ports.as_ref().map(ports),
        tables: sent.tables.as_ref().map(tables),
        cost_us: value(sent.cost_us),
        wire_bytes: value(sent.wire_bytes),
        crash_dump: sent.crash_dump.as_ref().map(crash_dump),
        active_functions: sent.active_functions.as_ref().map(active_functions),
        ended_us: value(sent.ended_us),
        ended_why: text(sent.ended_why.as_deref()),
        sockets: sent.sockets.as_ref().map(sockets),
        own_bytes: value(sent.own_bytes),
    })
}

/// A process that something refers to; `None` without its text.
pub(super) fn pid(sent: &v1::ErlangPid) -> Option<Pid> {
    Some(Pid {
        text: text(sent.text.as_deref())?,
        name: text(sent.name.as_deref()),
        task: sent.task.as_ref().and_then(task::id),
        node: text(sent.node.as_deref()),
    })
}

/// Functions, or tags of messages, with their counts.
pub(super) fn seen(sent: &[v1::FunctionCount]) -> Vec<Seen> {
    let one = |count: &v1::FunctionCount| {
        Some(Seen { what: text(count.function.as_deref())?, n: u64::from(count.n.unwrap_or(0)) })
    };
    sent.iter().take(LIST_MAX).filter_map(one).collect()
}

/// A text that is spelled out; too long ones are no names.
pub(super) fn text(sent: Option<&str>) -> Option<Arc<str>> {
    sent.filter(|text| text.len() <= TEXT_MAX).map(Into::into)
}

fn schedulers(sent: &v1::Schedulers) -> Vec<Scheduler> {
    let kind = |number: i32| match v1::SchedulerKind::try_from(number).ok()? {
        v1::SchedulerKind::Unspecified => None,
        v1::SchedulerKind::Normal => Some(SchedulerKind::Normal),
        v1::SchedulerKind::DirtyCpu => Some(SchedulerKind::DirtyCpu),
        v1::SchedulerKind::DirtyIo => Some(SchedulerKind::DirtyIo),
    };
    let one = |sent: &v1::Scheduler| {
        Some(Scheduler {
            number: sent.number?,
            kind: kind(sent.kind?)?,
            // A VM's own unit may be a nanosecond or less: these are large, and only ever divided by each other.
            active: sent.active,
            total: sent.total,
            run_queue: value(sent.run_queue),
            thread: sent.thread.as_ref().and_then(task::id),
            cpu_us: value(sent.cpu_us),
            run_delay_us: value(sent.run_delay_us),
            n_runs: value(sent.n_runs),
        })
    };
    sent.scheduler.iter().take(LIST_MAX).filter_map(one).collect()
}

fn memory(sent: &v1::VmMemory) -> VmMemory {
    VmMemory {
        total_bytes: value(sent.total_bytes),
        processes_bytes: value(sent.processes_bytes),
        system_bytes: value(sent.system_bytes),
        atom_bytes: value(sent.atom_bytes),
        binary_bytes: value(sent.binary_bytes),
        code_bytes: value(sent.code_bytes),
        ets_bytes: value(sent.ets_bytes),
    }
}

/// In the order of `Limited::ALL`.
fn counts(sent: &v1::VmCounts) -> [Count; 4] {
    [
        (sent.n_processes, sent.processes_max),
        (sent.n_ports, sent.ports_max),
        (sent.n_atoms, sent.atoms_max),
        (sent.n_ets, sent.ets_max),
    ]
    .map(|(n, max)| Count { n: value(n), max: value(max) })
}

fn sweep(sent: &v1::VmSweep) -> Sweep {
    Sweep {
        period_ms: sent.period_ms,
        n_processes: value(sent.n_processes),
        ended_us: value(sent.ended_us),
        work_us: value(sent.work_us),
        n_messages: value(sent.n_messages),
        n_active: value(sent.n_active),
        n_suspended: value(sent.n_suspended),
        stuck_at: text(sent.stuck_at.as_deref()),
        stuck_ms: sent.stuck_ms,
        n_passes: value(sent.n_passes),
    }
}

fn links(sent: &v1::DistLinks) -> Listed<DistLink> {
    let one = |sent: &v1::DistLink| {
        Some(DistLink {
            peer: text(sent.peer.as_deref())?,
            is_hidden: sent.is_hidden.unwrap_or(false),
            in_bytes: value(sent.in_bytes),
            out_bytes: value(sent.out_bytes),
            n_in: value(sent.n_in),
            n_out: value(sent.n_out),
            pending_bytes: value(sent.pending_bytes),
            is_busy: sent.is_busy,
            address: text(sent.address.as_deref()),
        })
    };
    let rows = sent.link.iter().take(LIST_MAX).filter_map(one).collect();
    Listed { rows, n_total: sent.n_total.map(u64::from), partial: None, at_us: value(sent.mono_us) }
}

fn ports(sent: &v1::VmPorts) -> Listed<Port> {
    let one = |sent: &v1::VmPort| {
        Some(Port {
            id: text(sent.id.as_deref())?,
            name: text(sent.name.as_deref()),
            owner: sent.owner.as_ref().and_then(pid),
            queue_bytes: value(sent.queue_bytes),
            in_bytes: value(sent.in_bytes),
            out_bytes: value(sent.out_bytes),
            address: text(sent.address.as_deref()),
            is_dist: sent.is_dist.unwrap_or(false),
        })
    };
    let rows = sent.port.iter().take(LIST_MAX).filter_map(one).collect();
    let partial = text(sent.partial.as_deref());
    Listed { rows, n_total: value(sent.n_total), partial, at_us: value(sent.mono_us) }
}

fn sockets(sent: &v1::VmSockets) -> Listed<Socket> {
    let one = |sent: &v1::VmSocket| Socket {
        owner: sent.owner.as_ref().and_then(pid),
        protocol: text(sent.protocol.as_deref()),
        address: text(sent.address.as_deref()),
        in_bytes: value(sent.in_bytes),
        out_bytes: value(sent.out_bytes),
        n_writers: value(sent.n_writers),
        n_readers: value(sent.n_readers),
    };
    let rows = sent.socket.iter().take(LIST_MAX).map(one).collect();
    let partial = text(sent.partial.as_deref());
    Listed { rows, n_total: value(sent.n_total), partial, at_us: value(sent.mono_us) }
}

fn tables(sent: &v1::VmTables) -> Listed<Table> {
    let one = |sent: &v1::VmTable| {
        Some(Table {
            name: text(sent.name.as_deref())?,
            owner: sent.owner.as_ref().and_then(pid),
            n_objects: value(sent.n_objects),
            bytes: value(sent.bytes),
            kind: text(sent.r#type.as_deref()),
        })
    };
    let rows = sent.table.iter().take(LIST_MAX).filter_map(one).collect();
    Listed { rows, n_total: value(sent.n_total), partial: text(sent.partial.as_deref()), at_us: None }
}

fn crash_dump(sent: &v1::CrashDump) -> CrashDump {
    CrashDump {
        path: text(sent.path.as_deref()),
        bytes: value(sent.bytes),
        is_growing: sent.is_growing.unwrap_or(false),
    }
}

fn active_functions(sent: &v1::ActiveFunctions) -> ActiveFunctions {
    ActiveFunctions {
        at_us: value(sent.mono_us),
        n_looked: sent.n_looked.map(u64::from),
        functions: seen(&sent.function),
    }
}
