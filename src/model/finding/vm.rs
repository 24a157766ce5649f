//! What is wrong with Erlang VMs: those that do not answer, busy links, limits, locks, processes that hold a scheduler.

mod uneven;

use std::sync::Arc;

use midair_vitals::{
    Severity, TaskId, TaskKind, Unit,
    vm::{Growing, Limited, SchedulerKind},
};

use super::{Lead, Teller, Topic, name_of};
use crate::{
    event::Runtime,
    model::{
        task::Task,
        vital::Vital,
        vm::{Standing, Vm},
        words::Part,
    },
};

/// What a finding about a VM is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VmTopic {
    /// Whether it answers.
    Answer,
    /// That it is no more.
    Ended,
    /// A crash dump that it writes.
    CrashDump,
    /// A link to another node.
    Link(Arc<str>),
    /// Processes that may not go on.
    Suspended,
    /// A process that does not answer.
    Stuck,
    /// Something that it has nearly as many of as it may.
    Limit(Limited),
    /// What waits for its schedulers.
    RunQueue,
    /// Schedulers that wait for CPUs.
    Starved,
    /// Locks for which its schedulers fight.
    Locks,
    /// A scheduler that is held up while others have room.
    Uneven,
    /// A process that keeps a scheduler to itself.
    AlwaysActive,
    /// What makes its memory grow.
    Memory,
}

/// From here on a limit is near, per mille.
const NEAR: u32 = 800;

/// From here on what waits for schedulers, or on a link, is worth a word, per mille.
const WAITING: u32 = 500;

/// From here on schedulers that do not get the CPU that they want are worth a word, per mille.
const STARVED: u32 = 200;

/// Schedulers that wait less than this for CPUs are not held up by that, seconds per second of all together.
const WAITS: f64 = 0.1;

/// A process found active in more looks than this, per mille, keeps a scheduler to itself.
const ALWAYS: u32 = 950;

/// Growth of the process of a VM, bytes per second, from which on what it is made of is told.
const GROWS: f64 = 256.0 * 1024.0;

/// Of memory that is used less than this, per mille, its growth is nobody's trouble yet.
const MEM_USED: u32 = 500;

impl Teller<'_> {
    /// All VMs of the node.
    pub(super) fn vms(&mut self) {
        let node = self.node;
        for runtime in node.runtimes.iter().filter(|runtime| *runtime.kind == *"beam") {
            if let Standing::Silent(why) = runtime.standing() {
                self.unanswered(runtime, why);
            }
        }
        for vm in node.vms.values() {
            if let Standing::Ended { ago_us, why } = vm.standing(node) {
                self.ended(vm, ago_us, why);
                continue;
            }
            self.crash_dump(vm);
            if vm.standing(node) == Standing::Answers {
                self.links(vm);
                self.stuck(vm);
                self.limits(vm);
                self.run_queue(vm);
                self.starved(vm);
                self.locks(vm);
                if !self.uneven(vm) && vm.vitals.contended().is_none() {
                    self.always_active(vm);
                }
                self.vm_memory(vm);
            }
        }
    }

    fn about_vm(
        &mut self,
        vm: &Vm,
        (per_mille, vital): (u32, Option<Vital>),
        topic: VmTopic,
        lead: Lead,
        of: Vec<Part>,
    ) {
        self.push(per_mille, vital, Topic::Vm(vm.reading.runtime, topic), lead, of);
    }

    fn vm_name(&self, vm: &Vm) -> Part {
        Part::Name(vm.name(self.node).into())
    }

    /// It does not answer, since when, and why.
    fn unanswered(&mut self, runtime: &Runtime, why: &Arc<str>) {
        let mut parts = vec![Part::Name(runtime.name.clone()), Part::Words(" does not answer")];
        self.on_node(&mut parts);
        let age = self.node.vms.get(&runtime.id).and_then(|vm| vm.answer_age_us(self.node));
        parts.extend(age.map(|us| [Part::Words(" for "), Part::Time(us)]).into_iter().flatten());
        parts.extend([Part::Words(": "), Part::Name(why.clone())]);
        if why.contains("cookie") && !why.contains("next try") {
            // Each try with a wrong cookie writes an error into the log of the VM.
            parts.push(Part::Words("; tried again only after minutes"));
        }
        let topic = Topic::Vm(runtime.id, VmTopic::Answer);
        self.push(900, None, topic, Lead::Vm(runtime.id), parts);
    }

    /// It is no more: since when, how, where its crash dump lies, and whether it runs again.
    fn ended(&mut self, vm: &Vm, ago_us: u64, why: Option<&Arc<str>>) {
        let mut parts = vec![self.vm_name(vm)];
        self.on_node(&mut parts);
        parts.extend([Part::Words(" ended "), Part::Time(ago_us), Part::Words(" ago")]);
        parts.extend(why.map(|why| [Part::Words(": "), Part::Name(why.clone())]).into_iter().flatten());
        if let Some(dump) = &vm.reading.crash_dump {
            parts.push(Part::Words("; crash dump"));
            let size = dump.bytes.map(|bytes| [Part::Words(" of "), Part::Amount(bytes as f64, Unit::Bytes)]);
            parts.extend(size.into_iter().flatten());
            let path = dump.path.as_ref().map(|path| [Part::Words(": "), Part::Name(path.clone())]);
            parts.extend(path.into_iter().flatten());
        }
        if let Some(later) = vm.later_life(self.node) {
            parts.push(Part::Words("; it runs again"));
            let up = later.reading.up_us.map(|us| [Part::Words(" for "), Part::Time(us)]);
            parts.extend(up.into_iter().flatten());
        }
        let per_mille = vm.ended_per_mille(self.node);
        self.about_vm(vm, (per_mille, None), VmTopic::Ended, Lead::Vm(vm.reading.runtime), parts);
    }

    fn crash_dump(&mut self, vm: &Vm) {
        let Some(dump) = &vm.reading.crash_dump else { return };
        let words = if dump.is_growing { " is crashing: it writes a dump" } else { " has written a crash dump" };
        let mut parts = vec![self.vm_name(vm), Part::Words(words)];
        self.on_node(&mut parts);
        let size = dump.bytes.map(|bytes| [Part::Words(", "), Part::Amount(bytes as f64, Unit::Bytes)]);
        parts.extend(size.into_iter().flatten());
        parts
            .extend(dump.path.as_ref().map(|path| [Part::Words(": "), Part::Name(path.clone())]).into_iter().flatten());
        let per_mille = if dump.is_growing { 1000 } else { 700 };
        self.about_vm(vm, (per_mille, None), VmTopic::CrashDump, Lead::Vm(vm.reading.runtime), parts);
    }

    /// The peer that does not read comes first; those who are suspended because of it are its victims.
    fn links(&mut self, vm: &Vm) {
        let n_suspended = vm.reading.sweep.as_ref().and_then(|sweep| sweep.n_suspended).filter(|n| *n > 0);
        let links = vm.reading.links.iter().flat_map(|links| &links.rows).zip(&vm.vitals.links);
        let mut has_cause = false;
        for (link, vitals) in links {
            let per_mille = vitals.fill.map_or(0, Severity::per_mille);
            if per_mille < WAITING {
                continue;
            }
            let is_busy = link.is_busy == Some(true);
            let words = if is_busy { " does not read: the link from " } else { " reads slowly: on the link from " };
            let mut parts = vec![Part::Name(link.peer.clone()), Part::Words(words), self.vm_name(vm)];
            self.on_node(&mut parts);
            parts.push(Part::Words(if is_busy { " is busy" } else { "" }));
            if let Some(bytes) = link.pending_bytes {
                let comma = if is_busy { ", " } else { " " };
                let pending = Part::Amount(bytes as f64, Unit::Bytes);
                parts.extend([Part::Words(comma), pending, Part::Words(" pending")]);
            }
            if let (true, Some(n)) = (is_busy, n_suspended) {
                parts.extend([Part::Words(", "), Part::Count(n), Part::Words(" processes suspended")]);
                has_cause = true;
            }
            let lead = Lead::Links(vm.reading.runtime);
            self.about_vm(vm, (per_mille, Some(Vital::Queue)), VmTopic::Link(link.peer.clone()), lead, parts);
        }
        if let (false, Some(n)) = (has_cause, n_suspended) {
            let mut parts = vec![Part::Count(n), Part::Words(" processes of "), self.vm_name(vm)];
            self.on_node(&mut parts);
            parts.push(Part::Words(" suspended: by a busy port or by other processes, no link is busy now"));
            let lead = Lead::Vm(vm.reading.runtime);
            self.about_vm(vm, (600, Some(Vital::Queue)), VmTopic::Suspended, lead, parts);
        }
    }

    /// A process that does not answer: it is inside native code, and the sweep waits behind it.
    fn stuck(&mut self, vm: &Vm) {
        let Some((pid, us)) = vm.stuck() else { return };
        let task = vm.task_of(pid);
        let known = task.and_then(|task| self.node.task(task));
        let name = known.map_or(Part::Name(pid.clone()), name_of);
        let mut parts = vec![name, Part::Words(" of "), self.vm_name(vm)];
        self.on_node(&mut parts);
        let why = Part::Words(": inside native code that does not yield; the sweep is stuck behind it");
        parts.extend([Part::Words(" does not answer for "), Part::Time(us), why]);
        let lead = task.map_or(Lead::Vm(vm.reading.runtime), Lead::Task);
        self.about_vm(vm, (700, Some(Vital::Sched)), VmTopic::Stuck, lead, parts);
    }

    fn limits(&mut self, vm: &Vm) {
        for fill in vm.vitals.near_limits(NEAR) {
            let mut parts = vec![Part::Words(fill.of.word()), Part::Words(" of "), self.vm_name(vm)];
            self.on_node(&mut parts);
            let count = vm.reading.count(fill.of);
            let share = Part::Share(f64::from(fill.severity.per_mille()) / 1000.0);
            parts.extend([Part::Words(": "), share, Part::Words(" of the limit")]);
            parts.extend(count.max.map(|max| [Part::Words(" of "), Part::Count(max)]).into_iter().flatten());
            parts.extend((fill.of == Limited::Atoms).then_some(Part::Words("; at the limit the VM ends")));
            let lead = Lead::Vm(vm.reading.runtime);
            let how = (fill.severity.per_mille(), Some(Vital::Mem));
            self.about_vm(vm, how, VmTopic::Limit(fill.of), lead, parts);
        }
    }

    /// More is ready to run than its schedulers take.
    fn run_queue(&mut self, vm: &Vm) {
        let Some(waiting) = vm.vitals.waiting.filter(|waiting| waiting.severity.per_mille() >= WAITING) else { return };
        let mut parts = vec![self.vm_name(vm)];
        self.on_node(&mut parts);
        let n_schedulers = vm.reading.schedulers.iter().filter(|s| s.kind == waiting.kind).count() as u64;
        let (what, kind) = match waiting.kind {
            SchedulerKind::Normal => (" processes wait for ", " schedulers"),
            SchedulerKind::DirtyCpu => (" jobs of native code wait for ", " dirty CPU schedulers"),
            SchedulerKind::DirtyIo => (" jobs of native code wait for ", " dirty IO schedulers"),
        };
        parts.extend([Part::Words(": "), Part::Count(waiting.n), Part::Words(what)]);
        // The stream of the cluster tells of no schedulers.
        parts.push(if n_schedulers > 0 { Part::Count(n_schedulers) } else { Part::Words("its") });
        parts.push(Part::Words(kind));
        let busy = vm.vitals.utilisation_of(waiting.kind).map(|share| [Part::Words(", busy "), Part::Share(share)]);
        parts.extend(busy.into_iter().flatten());
        let lead = Lead::Schedulers(vm.reading.runtime);
        let how = (waiting.severity.per_mille(), Some(Vital::Sched));
        self.about_vm(vm, how, VmTopic::RunQueue, lead, parts);
    }

    /// Its schedulers have work, and no CPU to do it on: the host is short, not the VM.
    fn starved(&mut self, vm: &Vm) {
        let starved = vm.vitals.starved.filter(|severity| severity.per_mille() >= STARVED);
        let (Some(severity), Some(delay)) = (starved, vm.vitals.delay.filter(|delay| *delay >= WAITS)) else { return };
        let mut parts = vec![Part::Words("the host has too few CPUs for the schedulers of "), self.vm_name(vm)];
        self.on_node(&mut parts);
        parts.extend([Part::Words(": they wait "), Part::Delay(delay)]);
        let cores = vm.vitals.cpu.map(|cpu| [Part::Words(", and run on "), Part::Cores(cpu)]);
        parts.extend(cores.into_iter().flatten());
        let lead = Lead::Schedulers(vm.reading.runtime);
        self.about_vm(vm, (severity.per_mille(), Some(Vital::Sched)), VmTopic::Starved, lead, parts);
    }

    /// Schedulers that fight for a lock look busy and get little done.
    fn locks(&mut self, vm: &Vm) {
        let Some(switches) = vm.vitals.contended() else { return };
        let mut parts = Vec::new();
        let functions = vm.reading.active_functions.as_ref();
        let first = functions.and_then(|looked| Some((looked.functions.first()?, looked.n_looked.filter(|n| *n > 0)?)));
        if let Some((seen, n_looked)) = first {
            let share = Part::Share(seen.n as f64 / n_looked as f64);
            let words = Part::Words(" of active processes: ");
            parts.extend([Part::Name(seen.what.clone()), Part::Words(" in "), share, words]);
        }
        parts.extend([Part::Words("lock contention in "), self.vm_name(vm)]);
        self.on_node(&mut parts);
        let rate = Part::Number(switches);
        let words = Part::Words(" switches/s on each");
        parts.extend([Part::Words(", whose schedulers are all busy and wait for each other: "), rate, words]);
        let lead = Lead::Functions(vm.reading.runtime);
        self.about_vm(vm, (850, Some(Vital::Sched)), VmTopic::Locks, lead, parts);
    }

    /// One process runs on one scheduler at a time, however many there are.
    fn always_active(&mut self, vm: &Vm) {
        let active = |task: &&Task| task.reading.active_milli.filter(|milli| *milli >= ALWAYS);
        let depth = |task: &Task| task.worst_queue().and_then(|(queue, _)| queue.depth).unwrap_or(0);
        let always = || vm.tasks(self.node).filter(|task| active(task).is_some());
        let Some(task) = always().max_by_key(|task| (depth(task), active(task), std::cmp::Reverse(task.id()))) else {
            return;
        };
        let share = f64::from(task.reading.active_milli.unwrap_or(0)) / 1000.0;
        let mut parts = vec![name_of(task)];
        let n_others = always().count() as u64 - 1;
        let others = (n_others > 0).then_some([Part::Words(" and "), Part::Count(n_others), Part::Words(" more")]);
        parts.extend(others.into_iter().flatten());
        parts.extend([Part::Words(" of "), self.vm_name(vm)]);
        self.on_node(&mut parts);
        let is = if n_others > 0 { " are always active (~" } else { " is always active (~" };
        parts.extend([Part::Words(is), Part::Share(share), Part::Words(" of looks): ")]);
        let n_normal = vm.reading.n_normal() as u64;
        parts.push(Part::Words("no process uses more than one "));
        // The stream of the cluster tells of no schedulers.
        parts.extend(
            (n_normal > 0)
                .then_some([Part::Words("of "), Part::Count(n_normal), Part::Words(" ")])
                .into_iter()
                .flatten(),
        );
        parts.push(Part::Words(if n_normal > 0 { "schedulers" } else { "scheduler" }));
        // Work that waits for the one is worse than work that goes on.
        let per_mille = if depth(task) > 0 { 600 } else { 250 };
        self.about_vm(vm, (per_mille, Some(Vital::Sched)), VmTopic::AlwaysActive, Lead::Task(task.id()), parts);
    }

    /// Where the process of a VM grows, what it is made of: held, fragmented, or elsewhere.
    fn vm_memory(&mut self, vm: &Vm) {
        let node_mem = self.node.latest.as_ref().and_then(|latest| latest.vitals.severities.mem);
        let rss_growth = vm.process(self.node).and_then(|task| task.vitals.mem_growth).filter(|g| *g >= GROWS);
        let is_short = node_mem.is_some_and(|severity| severity.per_mille() >= MEM_USED);
        let (Some(rss_growth), true) = (rss_growth, is_short) else { return };
        let Some(growing) = vm.growing(self.node) else { return };
        let mut parts = Vec::new();
        let mut lead = Lead::Vm(vm.reading.runtime);
        if let (Growing::Held(_), Some((task, what, growth))) = (growing, self.grower(vm)) {
            parts.extend([Part::Words(what), name_of(task), Part::Words(" "), Part::Growth(growth, Unit::Bytes)]);
            parts.push(Part::Words("; "));
            lead = Lead::Task(task.id());
        }
        parts.push(self.vm_name(vm));
        self.on_node(&mut parts);
        parts.extend([Part::Words(" grows "), Part::Growth(rss_growth, Unit::Bytes)]);
        match growing {
            Growing::Held(_) => parts.push(Part::Words(": what it holds itself, a leak unless it has more to do")),
            Growing::Fragmented(unused) => {
                parts.extend([Part::Words(": fragmentation, "), Part::Share(unused)]);
                parts.push(Part::Words(" of its carriers is used by no block"));
            }
            Growing::Outside(bytes) => {
                parts.extend([Part::Words(": "), Part::Amount(bytes as f64, Unit::Bytes)]);
                parts.push(Part::Words(" lies outside of its allocators: native libraries, or not given back yet"));
            }
        }
        self.about_vm(vm, (500, Some(Vital::Mem)), VmTopic::Memory, lead, parts);
    }

    /// The process of a VM that grows most: its binaries or its memory.
    fn grower(&self, vm: &Vm) -> Option<(&Task, &'static str, f64)> {
        let of = |task: &'_ Task| {
            let (mem, binary) = (task.vitals.mem_growth.unwrap_or(0.0), task.vitals.binary_growth.unwrap_or(0.0));
            if binary > mem { ("binaries of ", binary) } else { ("memory of ", mem) }
        };
        let tasks = self.node.tasks.values().filter(|t| t.reading.kind == TaskKind::Erlang);
        let own = tasks.filter(|task| task.id().runtime == vm.reading.runtime);
        let most = own.max_by(|a, b| of(a).1.total_cmp(&of(b).1))?;
        let (what, growth) = of(most);
        (growth > 0.0).then_some((most, what, growth))
    }
}

/// The number of a task of which nothing but that is known.
pub(super) fn number(task: TaskId) -> Part {
    let kind = if task.runtime == 0 { TaskKind::Process } else { TaskKind::Erlang };
    Part::Name(crate::model::task::number_of(task, kind).into())
}

#[cfg(test)]
mod tests;
