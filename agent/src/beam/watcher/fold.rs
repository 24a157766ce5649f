//! What a VM said, as it travels.

use midair_beam::watch::{
    Allocation, DistReading, NodeTick, PortReading, SocketReading, TableReading, Vm, dist::Link, events::Slot, node,
    ports::PortRow, sockets::SocketRow, tables::TableRow,
};
use midair_proto::v1::{
    self, DistLink, DistLinks, Scheduler, SchedulerKind, Schedulers, VmCounts, VmMemory, VmPort, VmPorts, VmSocket,
    VmSockets, VmTable, VmTables,
};

use super::{pids, processes::ours};

/// Links that travel, those with most pending bytes first.
const MOST_LINKS: usize = 64;

/// Ports and tables that travel, of each.
pub(super) const MOST_ROWS: usize = 20;

/// What does not change while it runs.
pub(super) fn vm(known: &Vm, found_by: &str, into: &mut v1::Vm) {
    into.name = Some(known.name.clone());
    into.otp_release = known.otp_release.map(|release| release.to_string());
    into.erts.clone_from(&known.erts);
    into.creation = known.creation;
    into.dist_busy_bytes = known.dist_buf_busy_bytes;
    into.found_by = Some(found_by.to_owned());
}

/// One tick of the whole node.
pub(super) fn tick(tick: &NodeTick, known: &Vm, offset_us: i64, into: &mut v1::Vm) {
    into.mono_us = Some(ours(tick.at_us, offset_us));
    into.up_us =
        tick.wall_us.zip(known.started_us).and_then(|(now, start)| u64::try_from(now.checked_sub(start)?).ok()); // Clocks jump.
    into.schedulers = schedulers(tick, known);
    into.run_queue = tick.run_queues.iter().copied().reduce(u64::saturating_add);
    into.run_queue_dirty_cpu = tick.dirty_cpu_queue;
    into.run_queue_dirty_io = tick.dirty_io_queue;
    let memory = &tick.memory;
    into.memory = Some(VmMemory {
        total_bytes: memory.total,
        processes_bytes: memory.processes,
        system_bytes: memory.system,
        atom_bytes: memory.atom,
        binary_bytes: memory.binary,
        code_bytes: memory.code,
        ets_bytes: memory.ets,
    });
    let counts = &tick.counts;
    into.counts = Some(VmCounts {
        n_processes: counts.processes,
        processes_max: known.process_limit,
        n_ports: counts.ports,
        ports_max: known.port_limit,
        n_atoms: counts.atoms,
        atoms_max: known.atom_limit,
        n_ets: counts.ets,
        // It is no limit any more since OTP 20 (`erlang:system_info(ets_limit)`).
        ets_max: known.ets_limit.filter(|_| known.otp_release.is_some_and(|release| release < 20)),
    });
    into.in_bytes = tick.io_in_bytes;
    into.out_bytes = tick.io_out_bytes;
    into.reductions = tick.reductions;
    into.n_gcs = tick.n_gcs;
    into.reclaimed_bytes = tick.gc_words.zip(known.word_bytes).map(|(words, bytes)| words.saturating_mul(bytes));
    into.n_switches = tick.context_switches;
}

fn schedulers(tick: &NodeTick, known: &Vm) -> Option<Schedulers> {
    let n_normal = known.schedulers.normal.unwrap_or(0);
    let n_dirty_cpu = known.schedulers.dirty_cpu.unwrap_or(0);
    let scheduler = |said: &node::Scheduler| {
        let (kind, before) = match said.kind {
            Some(node::SchedulerKind::Normal) => (SchedulerKind::Normal, 0),
            Some(node::SchedulerKind::DirtyCpu) => (SchedulerKind::DirtyCpu, n_normal),
            Some(node::SchedulerKind::DirtyIo) => (SchedulerKind::DirtyIo, n_normal + n_dirty_cpu),
            None => (SchedulerKind::Unspecified, 0),
        };
        // Ids run through all kinds.
        let number = u64::from(said.id).checked_sub(before).and_then(|n| u32::try_from(n).ok()); // Else it is none.
        let place = usize::try_from(said.id).ok().and_then(|id| id.checked_sub(1)); // As above.
        let run_queue = place.filter(|_| kind == SchedulerKind::Normal).and_then(|n| tick.run_queues.get(n)).copied();
        Scheduler {
            number,
            kind: Some(kind.into()),
            active: Some(said.active),
            total: Some(said.total),
            run_queue,
            ..Scheduler::default()
        }
    };
    let scheduler: Vec<Scheduler> = tick.schedulers.iter().map(scheduler).collect();
    (!scheduler.is_empty()).then_some(Schedulers { scheduler, threads_mono_us: None })
}

/// The links to other nodes.
pub(super) fn links(reading: &DistReading, offset_us: i64) -> DistLinks {
    let mut others: Vec<&Link> = reading.links.iter().filter(|link| !link.is_ours).collect();
    let n_ours = reading.links.len() - others.len();
    others.sort_by_key(|link| std::cmp::Reverse((link.is_busy, link.pending_bytes)));
    let n_all = reading.n_links.unwrap_or(reading.links.len() as u64).saturating_sub(n_ours as u64);
    let link = |link: &Link| DistLink {
        peer: Some(link.node.clone()),
        is_hidden: link.is_hidden,
        in_bytes: link.in_bytes,
        out_bytes: link.out_bytes,
        n_in: link.in_packets,
        n_out: link.out_packets,
        pending_bytes: link.pending_bytes,
        is_busy: link.is_busy,
        address: link.address.clone(),
    };
    DistLinks {
        link: others.into_iter().take(MOST_LINKS).map(link).collect(),
        n_total: u32::try_from(n_all).ok(), // Else unknown.
        mono_us: Some(ours(reading.at_us, offset_us)),
    }
}

/// The ports that hold or move most.
pub(super) fn ports(reading: &PortReading, home: &str, offset_us: i64) -> VmPorts {
    let mut rows: Vec<&PortRow> = Vec::new();
    for row in reading.queued.iter().chain(&reading.moved) {
        if rows.len() < MOST_ROWS && !rows.iter().any(|known| known.port == row.port) {
            rows.push(row);
        }
    }
    let port = |row: &PortRow| VmPort {
        id: Some(pids::port_text(row.port.id)),
        name: row.name.clone(),
        owner: row.owner.as_ref().map(|owner| pids::wire(owner, row.owner_name.clone(), home)),
        queue_bytes: row.queue_bytes,
        in_bytes: row.in_bytes,
        out_bytes: row.out_bytes,
        address: row.peer.clone(),
        is_dist: row.is_dist,
    };
    let partial = partial("ports", reading.n_looked, reading.n_ports);
    let mono_us = Some(ours(reading.at_us, offset_us));
    VmPorts { port: rows.into_iter().map(port).collect(), n_total: reading.n_ports, partial, mono_us }
}

/// The largest tables.
pub(super) fn tables(reading: &TableReading, home: &str) -> VmTables {
    let table = |row: &TableRow| VmTable {
        name: row.name.clone(),
        owner: row.owner.as_ref().map(|owner| pids::wire(owner, row.owner_name.clone(), home)),
        n_objects: row.n_objects,
        bytes: row.bytes,
        r#type: row.kind.clone(),
    };
    let partial = partial("tables", reading.n_looked, reading.n_tables);
    VmTables { table: reading.tables.iter().map(table).collect(), n_total: reading.n_tables, partial }
}

/// The sockets that are no ports.
pub(super) fn sockets(reading: &SocketReading, home: &str, offset_us: i64) -> VmSockets {
    let socket = |row: &SocketRow| VmSocket {
        owner: row.owner.as_ref().map(|owner| pids::wire(owner, row.owner_name.clone(), home)),
        protocol: row.protocol.clone(),
        address: row.peer.clone(),
        in_bytes: row.in_bytes,
        out_bytes: row.out_bytes,
        n_writers: row.n_writers,
        n_readers: row.n_readers,
    };
    let partial = partial("sockets", reading.n_looked, reading.n_sockets);
    let mono_us = Some(ours(reading.at_us, offset_us));
    let rows = reading.sockets.iter().take(MOST_ROWS);
    VmSockets { socket: rows.map(socket).collect(), n_total: reading.n_sockets, partial, mono_us }
}

fn partial(what: &str, looked: Option<u64>, all: Option<u64>) -> Option<String> {
    let (looked, all) = (looked?, all?);
    (looked < all).then(|| format!("{looked} of {all} {what} were looked at, others the next time"))
}

/// What its allocators hold.
pub(super) fn allocation(reading: &Allocation, into: &mut v1::Vm) {
    into.carriers_bytes = reading.carrier_bytes();
    into.blocks_bytes = reading.block_bytes();
}

/// Whose its system monitor is.
pub(super) fn monitor_owner(slot: &Slot) -> Option<String> {
    match slot {
        Slot::Ours => Some("midair".into()),
        Slot::TakenBy(who) => Some(who.clone()),
        Slot::Unknown => None,
    }
}
