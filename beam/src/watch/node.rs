//! How a whole VM does, each second: schedulers, run queues, memory, counts, traffic, in one small round trip.

mod said;

use std::time::Duration;

use super::{
    asked::{Asked, WatchError},
    form::Form,
    vm::{SchedulerCounts, Vm},
};
use crate::{
    connection::Connection,
    term::{Pid, Term},
};

const NODE: Form = Form(include_bytes!("../../forms/node.etf"));

/// A helper there that holds the measuring of schedulers on, and answers each tick.
///
/// A VM that was never asked for its memory (`erlang:memory/0`) names its allocators when it is: about 310 atoms of its own,
/// once in its life, whoever asks. Nothing else that is asked here makes any but a handful.
#[derive(Debug)]
pub struct NodeWatch {
    asked: Asked,
    schedulers: SchedulerCounts,
    statistics: Vec<String>,
    infos: Vec<String>,
}

/// What one tick says. Counters only grow while the VM lives; what is missing is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeTick {
    /// When, by the VM's monotonic clock (`erlang:monotonic_time/0`): us, often below zero.
    pub at_us: i64,
    /// When, by the VM's wall clock: us since 1970.
    pub wall_us: Option<i64>,
    /// Time that this helper has taken on the VM before this tick: us by its clock, so it holds times when others ran.
    pub helper_us: Option<u64>,
    /// Each scheduler; empty where the VM does not measure them.
    pub schedulers: Vec<Scheduler>,
    /// Processes and ports that wait for a normal scheduler: a length for each.
    pub run_queues: Vec<u64>,
    /// Processes that wait for a dirty CPU scheduler.
    pub dirty_cpu_queue: Option<u64>,
    /// Processes that wait for a dirty IO scheduler.
    pub dirty_io_queue: Option<u64>,
    /// Bytes by what they are for.
    pub memory: Memory,
    /// How many there are.
    pub counts: Counts,
    /// Bytes that came in through ports. Counter.
    pub io_in_bytes: Option<u64>,
    /// Bytes that went out through ports. Counter.
    pub io_out_bytes: Option<u64>,
    /// Reductions. Counter.
    pub reductions: Option<u64>,
    /// Garbage collections. Counter.
    pub n_gcs: Option<u64>,
    /// Words that garbage collections won back. Counter.
    pub gc_words: Option<u64>,
    /// How often a scheduler took up another process. Counter.
    pub context_switches: Option<u64>,
}

/// The time of one scheduler. Its utilisation is the share of `active` in `total` since the tick before; the unit is the
/// VM's own, and not the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduler {
    /// Its number, 1 and up.
    pub id: u32,
    /// What it runs; `None` where the VM did not say how many there are of each.
    pub kind: Option<SchedulerKind>,
    /// Time in which it ran something. Counter.
    pub active: u64,
    /// Time in all. Counter.
    pub total: u64,
}

/// What a scheduler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchedulerKind {
    /// Processes and ports.
    Normal,
    /// Jobs that compute for long.
    DirtyCpu,
    /// Jobs that wait for files.
    DirtyIo,
}

/// Bytes, as `erlang:memory/0` sums them up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All that is allocated: processes and system.
    pub total: Option<u64>,
    /// For processes.
    pub processes: Option<u64>,
    /// Of these, in use.
    pub processes_used: Option<u64>,
    /// For all else.
    pub system: Option<u64>,
    /// For atoms, of the system's.
    pub atom: Option<u64>,
    /// Of these, in use.
    pub atom_used: Option<u64>,
    /// For binaries outside of heaps, of the system's.
    pub binary: Option<u64>,
    /// For code, of the system's.
    pub code: Option<u64>,
    /// For ETS tables, of the system's.
    pub ets: Option<u64>,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Processes.
    pub processes: Option<u64>,
    /// Ports.
    pub ports: Option<u64>,
    /// Atoms.
    pub atoms: Option<u64>,
    /// ETS tables.
    pub ets: Option<u64>,
}

impl NodeWatch {
    /// Starts the helper. Each tick waits for `within` at most.
    pub async fn start(connection: &Connection, vm: &Vm, within: Duration) -> Result<Self, WatchError> {
        let atoms = |names: &[&'static str]| Term::List(names.iter().map(|name| Term::atom(name)).collect());
        let args = vec![atoms(&said::STATISTICS), atoms(&said::INFOS)];
        let mut asked = Asked::start(connection, ("its statistics", NODE), args, within).await?;
        let greeting = asked.greeting().await?;
        let Some([statistics, infos]) = greeting.as_tuple() else { return Err(asked.garbage()) };
        let names = |list: &Term| list.as_list()?.iter().map(|name| name.as_atom().map(str::to_owned)).collect();
        let (Some(statistics), Some(infos)) = (names(statistics), names(infos)) else { return Err(asked.garbage()) };
        Ok(Self { asked, schedulers: vm.schedulers, statistics, infos })
    }

    /// Asks once. Where an answer is late, the next tick waits for it: at most one question waits there.
    pub async fn tick(&mut self) -> Result<NodeTick, WatchError> {
        let said = self.asked.ask().await?;
        said::tick(&said, (&self.statistics, &self.infos), self.schedulers).ok_or_else(|| self.asked.garbage())
    }

    /// The helper.
    pub fn process(&self) -> &Pid {
        self.asked.process()
    }
}
