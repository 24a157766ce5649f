//! The BEAM source: the Erlang VMs of this host, each as a hidden node sees it, with nothing installed on them.
//!
//! The VMs are found among the processes that the kernel source has read before. What speaks to them is a process of its
//! own ([`handle`], [`watcher`]): it holds the cookies and has no listening socket. What it says is joined here with what
//! the kernel says of the same OS process and its threads.

mod handle;
mod rows;
mod said;
mod threads;
mod watcher;

use std::collections::BTreeMap;

use midair_proto::v1;
use midair_vitals::{Queue, QueueKind, TaskId, TaskKind, TaskReading, TaskState, Unit};

pub use self::watcher::beam_child;
use self::{
    handle::{Handle, Remains},
    said::{Ask, Inspection, Reach, Said, SaidVm, Target, Trace, Which},
};
use crate::{
    config::BeamConfig,
    encode,
    focus::N_FOCUSES,
    reading::{Close, Health, InspectionWanted, Reading, RuntimeState, Source, SourceState, Wants},
};

/// The hidden argument of the watcher.
const FLAG: &str = "--watch-beam";

/// So many VMs are watched on one host; what stands beyond is said.
const MOST_VMS: usize = 16;

/// Bytes that all VMs together may take of a message, of which none is above 1 MiB.
const VMS_BYTES: usize = 640 << 10;

/// A watcher that has ended is started anew after this time, microseconds.
const RESTARTS_AFTER_US: u64 = 5_000_000;

/// A look goes on for so long after it was wanted last, microseconds: to stay within its budget an agent may want it at
/// some ticks only, and a look that begins anew knows nothing of what was seen before.
const LOOKS_FOR_US: u64 = 20_000_000;

/// Looks at once: as many as are wanted at once, and as many more that go on.
const MOST_LOOKS: usize = 2 * N_FOCUSES;

/// The Erlang VMs of this host.
pub struct Beam {
    config: BeamConfig,
    clock: Box<dyn Fn() -> u64 + Send>,
    handle: Option<Handle>,
    /// Of the last one that was started.
    remains: Remains,
    /// Not before then is a watcher started, `CLOCK_MONOTONIC` in microseconds.
    starts_us: u64,
    /// Why there is no watcher.
    fault: Option<String>,
    vms: BTreeMap<u32, Known>,
    /// Processes to look at, and when somebody wanted that last, `CLOCK_MONOTONIC` in microseconds.
    looks: BTreeMap<TaskId, u64>,
    /// Ids of runtimes that were given.
    n_given: u32,
    /// CPU time and memory of the watcher.
    child: (u64, u64),
    cost_us: u64,
}

/// A VM that was found.
#[derive(Debug)]
struct Known {
    process: TaskId,
    said: Option<SaidVm>,
    /// Processes that were looked at and had ended.
    ended: Vec<TaskId>,
    /// Whether a signal has stopped its OS process.
    is_stopped: bool,
}

impl Beam {
    /// VMs that are reached as configured. `clock` is `CLOCK_MONOTONIC` in microseconds.
    pub fn new(config: BeamConfig, clock: impl Fn() -> u64 + Send + 'static) -> Self {
        Self {
            config,
            clock: Box::new(clock),
            handle: None,
            remains: Remains::default(),
            starts_us: 0,
            fault: None,
            vms: BTreeMap::new(),
            looks: BTreeMap::new(),
            n_given: 0,
            child: (0, 0),
            cost_us: 0,
        }
    }

    /// The VMs among the processes of this reading, each under its id. Answers how many are left out.
    fn find(&mut self, into: &mut Reading) -> usize {
        if into.tasks.is_empty() {
            // The kernel could not be read: nobody can tell who has ended.
            return 0;
        }
        // `beam.smp`, or that of another flavour (erl(1), -emu_type); anything else may begin so by chance.
        let is_emulator = |name: &str| name == "beam" || name.starts_with("beam.");
        let is_vm =
            |task: &&TaskReading| task.kind == TaskKind::Process && task.name.as_deref().is_some_and(is_emulator);
        let found: Vec<TaskId> = into.tasks.iter().filter(is_vm).map(|task| task.id).collect();
        let stopped = into.tasks.iter().filter(|task| task.state == Some(TaskState::Stopped));
        let stopped: Vec<TaskId> = stopped.filter(is_vm).map(|task| task.id).collect();
        let ended = self.vms.extract_if(.., |_, known| !found.contains(&known.process));
        let ended: Vec<Known> = ended.map(|(_, known)| known).collect();
        into.happened.extend(ended.iter().filter_map(|known| {
            let name = known.said.as_ref()?.vm.name.as_ref()?;
            Some(format!("the Erlang VM {name} (pid {}) is down", known.process.number))
        }));
        for process in &found {
            let is_known = self.vms.values().any(|known| known.process == *process);
            if !is_known && self.vms.len() < MOST_VMS {
                self.n_given += 1;
                self.vms.insert(
                    self.n_given,
                    Known { process: *process, said: None, ended: Vec::new(), is_stopped: false },
                );
            }
        }
        for known in self.vms.values_mut() {
            known.is_stopped = stopped.contains(&known.process);
        }
        found.len().saturating_sub(self.vms.len())
    }

    /// Asks the watcher, and takes what it has said since the last time.
    fn ask(&mut self, wants: &Wants) {
        let now_us = (self.clock)();
        if self.vms.is_empty() {
            // Nothing to watch: the watcher goes, and with it the cookies that it has read.
            (self.handle, self.child) = (None, (0, 0));
            return;
        }
        let is_new = self.handle.is_none();
        if is_new {
            if now_us < self.starts_us {
                return;
            }
            self.starts_us = now_us + RESTARTS_AFTER_US;
            if self.remains.is_there() {
                // Another one each few seconds would be one more that hangs.
                self.fault = Some("the watcher of Erlang VMs was ended and is still there".into());
                return;
            }
            match watcher::start() {
                Ok(handle) => {
                    self.remains = handle.remains();
                    (self.handle, self.fault) = (Some(handle), None);
                }
                Err(why) => self.fault = Some(why),
            }
        }
        self.looks.extend(wants.close.iter().filter(|task| task.runtime != 0).map(|task| (*task, now_us)));
        self.looks.retain(|_, wanted_us| now_us.saturating_sub(*wanted_us) < LOOKS_FOR_US);
        while self.looks.len() > MOST_LOOKS {
            // Each has a helper on its VM: who steps from one process to the next must not gather them.
            let oldest = self.looks.iter().min_by_key(|(_, wanted_us)| **wanted_us).map(|(task, _)| *task);
            oldest.and_then(|task| self.looks.remove(&task));
        }
        let ask = self.question(wants, is_new);
        let Some(handle) = &mut self.handle else { return };
        match handle.ask(&ask, now_us) {
            Ok(None) => {}
            Ok(Some(said)) => self.take(said),
            Err(error) => {
                tracing::warn!("the watcher of Erlang VMs is started anew: {error}");
                self.fault = Some(format!("the watcher of Erlang VMs is started anew: {error}"));
                (self.handle, self.child) = (None, (0, 0));
                for said in self.vms.values_mut().filter_map(|known| known.said.as_mut()) {
                    said.silence();
                }
            }
        }
    }

    fn question(&self, wants: &Wants, is_first: bool) -> Ask {
        let target = |(runtime, known): (&u32, &Known)| Target {
            runtime: *runtime,
            pid: u32::try_from(known.process.number).unwrap_or(0),
            start: known.process.start,
        };
        let which = |task: &TaskId| Which { runtime: task.runtime, number: task.number };
        let trace = |trace: &crate::reading::TraceWanted| Trace {
            number: trace.number,
            which: which(&trace.task),
            seconds: trace.seconds,
            most: trace.most,
        };
        let inspection = |inspection: &InspectionWanted| Inspection {
            number: inspection.number,
            which: which(&inspection.task),
            what: inspection.what.into(),
        };
        Ask {
            inspections: wants.inspections.iter().map(inspection).collect(),
            targets: self.vms.iter().map(target).collect(),
            looks: self.looks.keys().map(which).collect(),
            traces: wants.traces.iter().map(trace).collect(),
            config: is_first.then(|| Reach::of(&self.config)),
        }
    }

    fn take(&mut self, said: Said) {
        self.child = (said.cpu_us, said.rss_bytes);
        for vm in said.vms {
            let Some(known) = self.vms.get_mut(&vm.runtime) else { continue };
            let cost_us = |said: &SaidVm| said.vm.cost_us.unwrap_or(0);
            let before_us = known.said.as_ref().map_or(0, cost_us);
            // A connection that began anew counts anew.
            let now_us = cost_us(&vm);
            self.cost_us = self.cost_us.saturating_add(now_us.checked_sub(before_us).unwrap_or(now_us));
            let said = known.said.insert(vm);
            said.reason.iter_mut().chain(&mut said.vm.name).chain(&mut said.happened).for_each(rows::cut);
        }
    }

    /// Puts what is known into a reading.
    fn tell(&mut self, wants: &Wants, into: &mut Reading) {
        let (mut n_messages, n_vms) = (None, self.vms.len());
        for (runtime, known) in &mut self.vms {
            let mut vm = rows::vm(*runtime, known.process, known.said.as_ref(), &into.threads);
            rows::fit(&mut vm, VMS_BYTES / n_vms);
            into.vms.push(vm);
            into.runtimes.push(runtime_state(*runtime, known, self.fault.as_deref()));
            let Some(said) = &mut known.said else { continue };
            let in_mailboxes = said.vm.sweep.as_ref().and_then(|sweep| sweep.n_messages);
            n_messages = in_mailboxes.map(|n: u64| n.saturating_add(n_messages.unwrap_or(0))).or(n_messages);
            into.happened.append(&mut said.happened);
            for trace in said.traces.drain(..) {
                let refused = trace.refused.unwrap_or_else(|| "its VM gave no answer".into());
                into.traced.push((trace.number, trace.traced.ok_or(refused)));
            }
            let inspected = said.inspected.drain(..).map(|one| (one.number, one.inspected));
            into.inspected.extend(inspected);
            known.ended = said.ended.iter().map(|which| rows::id(*runtime, which)).collect();
            let mut tasks: Vec<TaskReading> = said.rows.iter().map(|row| rows::task(*runtime, row)).collect();
            tasks.sort_unstable_by_key(|task| task.id);
            tasks.dedup_by_key(|task| task.id);
            into.tasks.extend(tasks);
            into.ended.extend(&known.ended);
        }
        if let Some(depth) = n_messages {
            into.sums.push(Queue { depth: Some(depth), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) });
        }
        for id in wants.close.iter().filter(|id| id.runtime != 0) {
            let Some(known) = self.vms.get(&id.runtime).filter(|known| !known.ended.contains(id)) else { continue };
            let looks = known.said.iter().flat_map(|said| &said.looks);
            if let Some(look) = looks.into_iter().find(|look| look.number == id.number) {
                let unknown = || TaskReading::unknown(*id, TaskKind::Erlang, (self.clock)());
                let row = look.row.as_ref().map_or_else(unknown, |row| rows::task(id.runtime, row));
                let erlang = look.look.clone().map(|look| Box::new(rows::look(id.runtime, look)));
                into.close.insert(*id, Close { erlang, n_queues: 1, ..Close::of(row) });
            }
        }
        into.children_us += self.child.0;
        into.children_rss_bytes += self.child.1;
        into.vm_cost_us = (self.n_given > 0).then_some(self.cost_us);
    }

    fn state(&self, n_left_out: usize) -> SourceState {
        let silent: Vec<String> = self
            .vms
            .values()
            .filter(|known| !known.said.as_ref().is_some_and(|said| said.answers))
            .map(|known| rows::name(known.process, known.said.as_ref()))
            .collect();
        let health = match (&self.fault, silent.as_slice()) {
            (Some(fault), _) => Health::Degraded(fault.as_str().into()),
            (None, _) if n_left_out > 0 => {
                Health::Degraded(format!("{n_left_out} Erlang VMs beyond {MOST_VMS} are not watched").into())
            }
            (None, []) => Health::Ok,
            (None, silent) => {
                Health::Degraded(format!("no answer from {}; its runtime says why", silent.join(", ")).into())
            }
        };
        SourceState::new(self.name(), health)
    }
}

impl Source for Beam {
    fn name(&self) -> &'static str {
        "beam"
    }

    fn read(&mut self, wants: &Wants, into: &mut Reading) {
        let n_left_out = self.find(into);
        self.ask(wants);
        self.tell(wants, into);
        // A host without any VM has nothing to say of this source.
        if !self.vms.is_empty() {
            into.sources.push(self.state(n_left_out));
        }
    }
}

fn runtime_state(runtime: u32, known: &Known, fault: Option<&str>) -> RuntimeState {
    let said = known.said.as_ref();
    let reason = said.and_then(|said| said.reason.as_deref()).or(fault);
    let stopped = "a signal has stopped its OS process (state T): it does not answer until SIGCONT";
    let reason = if known.is_stopped { Some(stopped) } else { reason };
    let health = match said {
        Some(said) if said.answers => reason.map_or(Health::Ok, |reason| Health::Degraded(reason.into())),
        Some(_) => Health::Off(reason.unwrap_or("it does not answer").into()),
        None => Health::Off(reason.unwrap_or("not asked yet").into()),
    };
    let counts = said.and_then(|said| said.vm.counts.as_ref());
    RuntimeState {
        id: runtime,
        kind: "beam",
        name: rows::name(known.process, said),
        health,
        n_tasks: counts.and_then(|counts| counts.n_processes),
        is_undistributed: said.is_some_and(|said| said.is_undistributed),
    }
}

/// A task on the wire, as VMs and looks speak of it.
fn wire_id(id: TaskId) -> v1::TaskId {
    encode::task_id(id)
}

#[cfg(test)]
mod tests;
