//! What the VM of a node says of itself, as it travels.

use midair_proto::v1::{
    ActiveFunctions, DistLink, DistLinks, ErlangPid, FunctionCount, Scheduler, SchedulerKind, Schedulers,
    TaskId as WireId, Vm, VmCounts, VmMemory, VmSweep, VmTable, VmTables,
};
use midair_vitals::TaskId;

use super::{
    sums::Sums,
    tasks::{actor_id, creation, process_id, thread_id},
};
use crate::{
    World,
    cluster::Node,
    values::{Actor, MIB, Values},
};

/// A sweep over all processes takes so long, milliseconds.
const SWEEP_MS: u32 = 5_000;

/// Senders are suspended where so many bytes wait on a link.
const BUSY_BYTES: u64 = 8 << 20;

/// Looks at active processes.
const N_LOOKED: u32 = 200;

/// All that is known of a node at a moment.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) world: &'a World,
    pub(super) node: &'a Node,
    pub(super) values: &'a Values,
    pub(super) sums: &'a Sums,
    pub(super) runtime: u32,
    pub(super) now_us: u64,
}

pub(super) fn wire_id(id: TaskId) -> WireId {
    WireId { runtime: Some(id.runtime), number: Some(id.number), start: Some(id.start) }
}

impl Told<'_> {
    /// What an overview tells.
    pub(super) fn few(&self) -> Vm {
        let vm = &self.values.vm;
        let messages: f64 = vm.actors.iter().map(|actor| actor.mailbox).sum();
        let creation = creation(self.runtime);
        Vm {
            runtime: Some(self.runtime),
            process: self.beam().map(wire_id),
            name: Some(self.name(self.node)),
            creation: Some(creation),
            answered_us: Some(self.now_us),
            mono_us: Some(self.now_us),
            up_us: Some((vm.age_s * 1e6) as u64),
            run_queue: Some(vm.run_queue as u64 * u64::from(vm.n_full.max(1))),
            run_queue_dirty_cpu: Some(0),
            run_queue_dirty_io: Some(0),
            memory: Some(VmMemory { total_bytes: Some(vm.total as u64), ..VmMemory::default() }),
            sweep: Some(VmSweep {
                n_messages: Some(messages as u64),
                n_suspended: Some(vm.n_suspended as u64),
                ..VmSweep::default()
            }),
            links: Some(self.links()),
            dist_busy_bytes: Some(BUSY_BYTES),
            ..Vm::default()
        }
    }

    /// What who looks at the node is told.
    pub(super) fn all(&self) -> Vm {
        let (few, vm, sum) = (self.few(), &self.values.vm, self.sums.vm());
        let n_messages = few.sweep.as_ref().and_then(|sweep| sweep.n_messages);
        let carriers = vm.total * 1.06;
        Vm {
            otp_release: Some("26".to_owned()),
            erts: Some("14.2.5".to_owned()),
            schedulers: Some(self.schedulers()),
            memory: Some(self.memory()),
            counts: Some(self.counts()),
            in_bytes: Some(sum.io[0] as u64),
            out_bytes: Some(sum.io[1] as u64),
            reductions: Some(sum.reductions as u64),
            n_gcs: Some(sum.gcs as u64),
            reclaimed_bytes: Some((sum.gcs * 9_000.0) as u64),
            n_switches: Some(sum.switches as u64),
            sweep: Some(VmSweep {
                period_ms: Some(SWEEP_MS),
                n_processes: Some(vm.n_processes as u64),
                ended_us: Some(self.now_us),
                work_us: Some((vm.n_processes * 0.7) as u64),
                n_messages,
                n_active: Some((vm.run_queue + 3.0) as u64),
                n_suspended: Some(vm.n_suspended as u64),
                n_passes: Some((self.sums.age_s * 1_000.0 / f64::from(SWEEP_MS)) as u64),
                ..VmSweep::default()
            }),
            carriers_bytes: Some(carriers as u64),
            blocks_bytes: Some(vm.total as u64),
            tables: Some(self.tables()),
            cost_us: Some((self.sums.age_s * 900.0) as u64),
            wire_bytes: Some((self.sums.age_s * 4_100.0) as u64),
            active_functions: Some(self.functions()),
            ..few
        }
    }

    /// How the VM of a node is called.
    pub(super) fn name(&self, node: &Node) -> String {
        format!("{}@{}", node.role.word(), node.name)
    }

    /// The OS process of the VM.
    fn beam(&self) -> Option<TaskId> {
        let beam = self.values.processes.iter().find(|process| process.name == "beam.smp")?;
        Some(process_id(self.node.seed, beam, self.values.vm.life))
    }

    /// An Erlang process of this VM.
    pub(super) fn pid(&self, actor: &Actor) -> ErlangPid {
        ErlangPid {
            text: Some(format!("<0.{}.0>", actor.number)),
            name: Some(actor.name.to_owned()),
            task: Some(wire_id(actor_id(self.runtime, actor.number))),
            node: None,
        }
    }

    fn schedulers(&self) -> Schedulers {
        let (vm, sum, beam) = (&self.values.vm, self.sums.vm(), self.beam());
        let scheduler = |number: u32| {
            let is_full = number <= vm.n_full;
            let [cpu, delay] = self.sums.scheduler(number, vm.n_full);
            // Where some are full, what is ready to run is with them.
            let evenly = vm.run_queue as u64 / u64::from(self.node.n_cpus);
            let run_queue = if vm.n_full == 0 { evenly } else { u64::from(is_full) * vm.run_queue as u64 };
            let us = |seconds: f64| Some((seconds * 1e6) as u64);
            Scheduler {
                number: Some(number),
                kind: Some(SchedulerKind::Normal.into()),
                active: us(cpu),
                total: us(sum.age),
                run_queue: Some(run_queue),
                thread: beam.map(|beam| wire_id(thread_id(beam, number))),
                cpu_us: us(cpu),
                run_delay_us: us(delay),
                n_runs: Some(self.sums.runs()),
            }
        };
        let scheduler = (1..=self.node.n_cpus).map(scheduler).collect();
        Schedulers { scheduler, threads_mono_us: Some(self.now_us) }
    }

    fn memory(&self) -> VmMemory {
        let vm = &self.values.vm;
        let bytes = |n: f64| Some(n as u64);
        let processes = vm.total - vm.binaries - vm.ets - vm.code;
        VmMemory {
            total_bytes: bytes(vm.total),
            processes_bytes: bytes(processes),
            system_bytes: bytes(vm.total - processes),
            atom_bytes: bytes(2.1 * MIB),
            binary_bytes: bytes(vm.binaries),
            code_bytes: bytes(vm.code * 0.8),
            ets_bytes: bytes(vm.ets),
        }
    }

    fn counts(&self) -> VmCounts {
        let vm = &self.values.vm;
        VmCounts {
            n_processes: Some(vm.n_processes as u64),
            processes_max: Some(2_097_152),
            n_ports: Some(self.values.net.n_tcp as u64),
            ports_max: Some(1_048_576),
            n_atoms: Some(61_000),
            atoms_max: Some(1_048_576),
            n_ets: Some(140 + vm.tables.len() as u64),
            ets_max: Some(8_192),
        }
    }

    fn links(&self) -> DistLinks {
        let vm = &self.values.vm;
        let sums = self.sums.vm().links.iter();
        let up = vm.links.iter().zip(sums).filter(|(link, _)| link.is_up);
        let link: Vec<DistLink> = up
            .filter_map(|(link, [n_in, n_out])| {
                let peer = self.world.cluster.nodes.get(link.peer)?;
                let (n_in, n_out) = (*n_in as u64, *n_out as u64);
                Some(DistLink {
                    peer: Some(self.name(peer)),
                    is_hidden: Some(false),
                    in_bytes: Some(n_in * 210),
                    out_bytes: Some(n_out * 210),
                    n_in: Some(n_in),
                    n_out: Some(n_out),
                    pending_bytes: Some(link.pending as u64),
                    is_busy: Some(link.is_busy),
                    address: Some(format!("{}:9100", peer.address())),
                })
            })
            .collect();
        DistLinks { n_total: u32::try_from(link.len()).ok(), link, mono_us: Some(self.now_us) }
    }

    fn tables(&self) -> VmTables {
        let vm = &self.values.vm;
        let owner = vm.actors.first().map(|actor| self.pid(actor));
        let table = vm.tables.iter().map(|table| VmTable {
            name: Some(table.name.to_owned()),
            owner: owner.clone(),
            n_objects: Some(table.n_objects as u64),
            bytes: Some(table.bytes as u64),
            r#type: Some("set".to_owned()),
        });
        VmTables { table: table.collect(), n_total: Some(140 + vm.tables.len() as u64), partial: None }
    }

    fn functions(&self) -> ActiveFunctions {
        let count = |(function, n): &(&str, u32)| FunctionCount { function: Some((*function).to_owned()), n: Some(*n) };
        let function = self.values.vm.functions.iter().map(count).collect();
        ActiveFunctions { mono_us: Some(self.now_us), n_looked: Some(N_LOOKED), function }
    }
}
