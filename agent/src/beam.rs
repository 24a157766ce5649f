//! The BEAM source: the Erlang VMs of this host, each as a hidden node sees it, with nothing installed on them.
//!
//! The VMs are found among the processes that the kernel source has read before. What speaks to them is a process of its
//! own ([`handle`], [`watcher`]): it holds the cookies and has no listening socket. What it says is joined here with what
//! the kernel says of the same OS process and its threads.

mod failed;
mod handle;
mod lives;
mod rows;
mod said;
mod threads;
mod watcher;

use std::collections::BTreeMap;

use midair_proto::v1;
use midair_vitals::{Queue, QueueKind, TaskId, TaskKind, TaskReading, Unit, vm::NOT_ASKED_YET};

pub use self::watcher::beam_child;
use self::{
    failed::Failed,
    handle::{Handle, Remains},
    lives::{Ended, Known, Slots},
    said::{Ask, Inspection, Reach, Said, SaidVm, Trace, Which},
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
    /// Those that have ended lately.
    ended: BTreeMap<u32, Ended>,
    slots: Slots,
    /// When VMs were looked for last, `CLOCK_MONOTONIC` in microseconds.
    read_us: u64,
    /// Processes to look at, and when somebody wanted that last, `CLOCK_MONOTONIC` in microseconds.
    looks: BTreeMap<TaskId, u64>,
    /// Ids of runtimes that were given.
    n_given: u32,
    failed: Failed,
    /// CPU time and memory of the watcher.
    child: (u64, u64),
    cost_us: u64,
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
            ended: BTreeMap::new(),
            slots: Slots::default(),
            read_us: 0,
            looks: BTreeMap::new(),
            n_given: 0,
            failed: Failed::default(),
            child: (0, 0),
            cost_us: 0,
        }
    }

    /// Asks the watcher, and takes what it has said since the last time.
    fn ask(&mut self, wants: &Wants) {
        let now_us = (self.clock)();
        if self.vms.is_empty() && !self.ended.values().any(|ended| ended.is_mourned(now_us)) {
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
        let ask = self.question(wants, is_new, now_us);
        let Some(handle) = &mut self.handle else { return };
        match handle.ask(&ask, now_us) {
            Ok(None) => {}
            Ok(Some(said)) => self.take(said),
            Err(error) => {
                tracing::warn!("the watcher of Erlang VMs is started anew: {error}");
                self.fault = Some(format!("the watcher of Erlang VMs is started anew: {error}"));
                (self.handle, self.child) = (None, (0, 0));
                self.failed.take(wants);
                for said in self.vms.values_mut().filter_map(|known| known.said.as_mut()) {
                    said.silence();
                }
            }
        }
    }

    fn question(&self, wants: &Wants, is_first: bool, now_us: u64) -> Ask {
        let mourned = self.ended.iter().filter(|(_, ended)| ended.is_mourned(now_us));
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
        let inspections = wants.inspections.iter().filter(|one| !self.failed.is_inspection(one.number));
        Ask {
            inspections: inspections.map(inspection).collect(),
            targets: self.vms.iter().map(|(runtime, known)| lives::target(*runtime, known.process)).collect(),
            ended: mourned.map(|(runtime, ended)| ended.target(*runtime)).collect(),
            looks: self.looks.keys().map(which).collect(),
            traces: wants.traces.iter().filter(|one| !self.failed.is_trace(one.number)).map(trace).collect(),
            config: is_first.then(|| Reach::of(&self.config)),
        }
    }

    fn take(&mut self, said: Said) {
        self.child = (said.cpu_us, said.rss_bytes);
        for vm in said.vms {
            let Some(known) = self.vms.get_mut(&vm.runtime) else {
                if let Some(ended) = self.ended.get_mut(&vm.runtime) {
                    ended.take(vm);
                }
                continue;
            };
            let cost_us = |said: &SaidVm| said.vm.cost_us.unwrap_or(0);
            let before_us = known.said.as_ref().map_or(0, cost_us);
            // A connection that began anew counts anew.
            let now_us = cost_us(&vm);
            self.cost_us = self.cost_us.saturating_add(now_us.checked_sub(before_us).unwrap_or(now_us));
            let said = known.said.insert(vm);
            let texts = said.reason.iter_mut().chain(&mut said.vm.name).chain(&mut said.slogan);
            texts.chain(&mut said.happened).for_each(rows::cut);
        }
    }

    /// Puts what is known into a reading.
    fn tell(&mut self, wants: &Wants, into: &mut Reading) {
        let (mut n_messages, n_vms, now_us) = (None, self.vms.len() + self.ended.len(), (self.clock)());
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
            let ended: Vec<TaskId> = said.ended.iter().map(|which| rows::id(*runtime, which)).collect();
            let mut tasks: Vec<TaskReading> = said.rows.iter().map(|row| rows::task(*runtime, row)).collect();
            tasks.sort_unstable_by_key(|task| task.id);
            tasks.dedup_by_key(|task| task.id);
            into.tasks.extend(tasks);
            known.end(ended, now_us);
            into.ended.extend(known.ended.iter().map(|(id, _)| *id));
        }
        self.failed.tell(wants, into);
        for ended in self.ended.values().filter(|ended| ended.is_told()) {
            let mut vm = ended.vm().clone();
            rows::fit(&mut vm, VMS_BYTES / n_vms);
            into.vms.push(vm);
        }
        if let Some(depth) = n_messages {
            into.sums.push(Queue { depth: Some(depth), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) });
        }
        for id in wants.close.iter().filter(|id| id.runtime != 0) {
            let Some(known) = self.vms.get(&id.runtime).filter(|known| !known.has_ended(id)) else { continue };
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

    fn state(&self) -> SourceState {
        // One that was started so that nobody can ask it is nobody's trouble.
        let is_unasked = |said: &SaidVm| said.reason.as_deref() == Some(NOT_ASKED_YET);
        let is_silent = |said: &SaidVm| !said.answers && !said.is_undistributed && !is_unasked(said);
        let silent: Vec<String> = self
            .vms
            .values()
            .filter(|known| known.said.as_ref().is_none_or(is_silent))
            .map(|known| rows::name(known.process, known.said.as_ref()))
            .collect();
        let health = match (&self.fault, self.slots.left_out(), silent.as_slice()) {
            (Some(fault), _, _) => Health::Degraded(fault.as_str().into()),
            (None, Some(left_out), _) => Health::Degraded(left_out.into()),
            (None, None, []) => Health::Ok,
            (None, None, silent) => {
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
        self.find(into);
        self.ask(wants);
        self.tell(wants, into);
        // A host without any VM has nothing to say of this source.
        if !self.vms.is_empty() {
            into.sources.push(self.state());
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
        None => Health::Off(reason.unwrap_or(NOT_ASKED_YET).into()),
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
