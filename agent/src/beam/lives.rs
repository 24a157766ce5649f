//! Which VMs of this host are watched, and which have ended a while ago.
//!
//! Each life of an OS process is a runtime of its own. One that has ended stays for ten minutes with what it said last:
//! who attaches after a crash finds it there.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use midair_proto::v1::Vm;
use midair_vitals::{TaskId, TaskKind, TaskReading, TaskState, vm::STOPPED};

use super::{
    Beam, MOST_VMS, rows,
    said::{SaidVm, Target},
};
use crate::reading::{Reading, Threads};

/// A VM that has ended stays for so long, microseconds.
pub(super) const HELD_US: u64 = 600_000_000;

/// VMs that have ended and stay at once; see [`Ended::worth`].
pub(super) const MOST_HELD: usize = 8;

/// For so long after its end is looked for what a VM has left behind, and for this many readings at least, microseconds.
const MOURNED_US: u64 = 12_000_000;
const MOURNED_READINGS: u64 = 3;

/// So long is between two comparisons of those that have a slot with those that have none, microseconds: each change is a
/// connection.
const SLOTS_FOR_US: u64 = 60_000_000;

/// Then who has a slot counts so many times, and by so much more: CPU time in that time, microseconds, and bytes.
const STAYS: u64 = 2;
const STAYS_US: u64 = 600_000;
const STAYS_BYTES: u64 = 16 << 20;

/// Processes of a VM that have ended are told for so long, microseconds: the slowest stream has one sample a minute.
const TOLD_US: u64 = 65_000_000;

/// So many of them are told of one VM.
const MOST_TOLD: usize = 4096;

/// A VM that was found.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) process: TaskId,
    pub(super) said: Option<SaidVm>,
    /// Its processes that were in rows or looked at and have ended, and when that was told first, `CLOCK_MONOTONIC` in
    /// microseconds.
    pub(super) ended: VecDeque<(TaskId, u64)>,
    /// Whether a signal has stopped its OS process.
    pub(super) is_stopped: bool,
    /// Its cgroup, and how often a process in there has been killed for lack of memory.
    cgroup: Option<(Arc<str>, u64)>,
}

/// A VM that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    process: TaskId,
    at_us: u64,
    /// For so long is looked for what it has left behind, microseconds.
    mourned_us: u64,
    vm: Vm,
    slogan: Option<String>,
    is_dump_unsure: bool,
    has_hung_up: bool,
    /// As of the last reading before its end; see [`Known`].
    cgroup: Option<(Arc<str>, u64)>,
    was_killed_for_memory: bool,
}

/// An emulator among the processes of the host.
#[derive(Clone, Debug)]
struct Emulator {
    process: TaskId,
    is_stopped: bool,
    cpu_us: u64,
    rss_bytes: u64,
    cgroup: Option<Arc<str>>,
}

/// Who gets a slot while there are fewer than VMs.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// CPU time of each VM when the slots were given out last, microseconds.
    cpu_us: BTreeMap<TaskId, u64>,
    /// When that was, `CLOCK_MONOTONIC` in microseconds.
    at_us: u64,
    /// OS processes of those without one, the largest first.
    left_out: Vec<TaskId>,
}

impl Slots {
    /// Those who have none, in words; `None` where all have one.
    pub(super) fn left_out(&self) -> Option<String> {
        let some: Vec<String> = self.left_out.iter().take(3).map(|process| process.number.to_string()).collect();
        let n = self.left_out.len();
        let more = if n > some.len() { ", .." } else { "" };
        (n > 0).then(|| {
            format!("{n} Erlang VMs beyond the {MOST_VMS} largest are not watched (pid {}{more})", some.join(", "))
        })
    }

    /// The VMs to watch of more than there are slots: those that are watched, and on free slots those first that use most
    /// CPU time or memory. Now and then those that are clearly larger take the place of others.
    fn give(&mut self, found: &[Emulator], held: &[TaskId], now_us: u64) -> Vec<TaskId> {
        let is_first = self.at_us == 0;
        let is_due = held.is_empty() || !is_first && now_us.saturating_sub(self.at_us) >= SLOTS_FOR_US;
        let mut order = self.ranked(found, held);
        if !is_due {
            order.sort_by_key(|process| !held.contains(process));
        }
        if is_due || is_first {
            self.cpu_us = found.iter().map(|one| (one.process, one.cpu_us)).collect();
            self.at_us = now_us;
        }
        self.left_out = order.split_off(MOST_VMS.min(order.len()));
        order
    }

    /// The largest first; those that have a slot count for more.
    fn ranked(&self, found: &[Emulator], held: &[TaskId]) -> Vec<TaskId> {
        let weight = |one: &Emulator, n: u64, more: u64| {
            let is_held = held.contains(&one.process);
            Reverse(if is_held { n.saturating_mul(STAYS).saturating_add(more) } else { n })
        };
        let used = |one: &Emulator| one.cpu_us.saturating_sub(self.cpu_us.get(&one.process).copied().unwrap_or(0));
        let (mut by_cpu, mut by_memory): (Vec<_>, Vec<_>) = (found.iter().collect(), found.iter().collect());
        by_cpu.sort_by_key(|one| weight(one, used(one), STAYS_US));
        by_memory.sort_by_key(|one| weight(one, one.rss_bytes, STAYS_BYTES));
        // By turns, so that neither one that computes nor one that only grows is missed.
        let mut ranked: Vec<TaskId> = Vec::new();
        for one in by_cpu.iter().zip(&by_memory).flat_map(|(cpu, memory)| [cpu, memory]) {
            if !ranked.contains(&one.process) {
                ranked.push(one.process);
            }
        }
        ranked
    }
}

impl Known {
    fn new(process: TaskId) -> Self {
        Self { process, said: None, ended: VecDeque::new(), is_stopped: false, cgroup: None }
    }

    /// These of its processes have ended. All that did lately stay, for streams that come by seldom.
    pub(super) fn end(&mut self, ended: impl IntoIterator<Item = TaskId>, now_us: u64) {
        self.ended.retain(|(_, told_us)| now_us.saturating_sub(*told_us) < TOLD_US);
        for id in ended {
            if !self.ended.iter().any(|(known, _)| *known == id) {
                self.ended.push_back((id, now_us));
            }
        }
        while self.ended.len() > MOST_TOLD {
            self.ended.pop_front();
        }
    }

    pub(super) fn has_ended(&self, id: &TaskId) -> bool {
        self.ended.iter().any(|(ended, _)| ended == id)
    }
}

impl Ended {
    /// `every_us`: between the last two readings, microseconds.
    fn new(runtime: u32, known: Known, at_us: u64, every_us: u64) -> Self {
        // Threads it has none any more.
        let mut vm = rows::vm(runtime, known.process, known.said.as_ref(), &Threads::default());
        vm.ended_us = Some(at_us);
        let mut ended = Self {
            process: known.process,
            at_us,
            mourned_us: every_us.saturating_mul(MOURNED_READINGS).max(MOURNED_US),
            vm,
            slogan: None,
            is_dump_unsure: false,
            has_hung_up: false,
            cgroup: known.cgroup,
            was_killed_for_memory: false,
        };
        ended.take(known.said.unwrap_or_default());
        ended
    }

    /// What was found of it since.
    pub(super) fn take(&mut self, said: SaidVm) {
        self.vm.crash_dump = said.vm.crash_dump.or(self.vm.crash_dump.take());
        self.slogan = said.slogan.or(self.slogan.take());
        self.is_dump_unsure |= said.is_dump_unsure;
        self.has_hung_up |= said.hung_up_us.is_some_and(|us| self.at_us.saturating_sub(us) < self.mourned_us);
        self.say_why();
    }

    /// Whether the kernel has killed a process of its cgroup since it was seen last.
    fn compare(&mut self, into: &Reading) {
        let Some((path, before)) = self.cgroup.as_ref().filter(|_| !self.was_killed_for_memory) else { return };
        if kills(path, into).is_some_and(|now| now > *before) {
            self.was_killed_for_memory = true;
            self.say_why();
        }
    }

    fn say_why(&mut self) {
        let slogan = self.slogan.as_ref().map(|slogan| format!(": {slogan}")).unwrap_or_default();
        let mut why = if self.was_killed_for_memory {
            "the kernel killed a process of its cgroup for lack of memory just then".into()
        } else if self.vm.crash_dump.is_some() {
            format!("it wrote a crash dump{slogan}")
        } else if self.is_dump_unsure {
            format!("a crash dump appeared in its folder{slogan}")
        } else if self.has_hung_up {
            format!("{STOPPED}: it closed its connection and then ended; no crash dump was seen")
        } else {
            "killed, aborted or halted; no crash dump was seen".into()
        };
        rows::cut(&mut why);
        self.vm.ended_why = Some(why);
    }

    /// Whether there is anything to tell of it: what never answered and left nothing behind was a short script mostly.
    pub(super) fn is_told(&self) -> bool {
        let has_left = self.vm.crash_dump.is_some() || self.is_dump_unsure || self.was_killed_for_memory;
        has_left || self.vm.answered_us.is_some()
    }

    /// Which of those that have ended go first: those of which nothing was ever known, then those that ended first.
    fn worth(&self) -> (bool, u64) {
        (self.vm.answered_us.is_some(), self.at_us)
    }

    pub(super) fn vm(&self) -> &Vm {
        &self.vm
    }

    /// Whether what it has left behind may still be found.
    pub(super) fn is_mourned(&self, now_us: u64) -> bool {
        now_us.saturating_sub(self.at_us) < self.mourned_us
    }

    pub(super) fn target(&self, runtime: u32) -> Target {
        target(runtime, self.process)
    }
}

impl Beam {
    /// The VMs among the processes of this reading, each under its id.
    pub(super) fn find(&mut self, into: &mut Reading) {
        let now_us = (self.clock)();
        let every_us = now_us.saturating_sub(self.read_us);
        let is_first = std::mem::replace(&mut self.read_us, now_us) == 0;
        let is_held = |ended: &Ended| now_us.saturating_sub(ended.at_us) < HELD_US;
        self.ended.retain(|_, ended| is_held(ended) && (ended.is_told() || ended.is_mourned(now_us)));
        if into.tasks.is_empty() {
            // The kernel could not be read: nobody can tell who has ended.
            return;
        }
        let found: Vec<Emulator> = into.tasks.iter().filter_map(emulator).collect();
        let gone = self.vms.extract_if(.., |_, known| !found.iter().any(|one| one.process == known.process));
        for (runtime, known) in gone.collect::<Vec<_>>() {
            self.bury(runtime, known, into, (now_us, if is_first { 0 } else { every_us }));
        }
        for ended in self.ended.values_mut().filter(|ended| ended.is_mourned(now_us)) {
            ended.compare(into);
        }
        let watched = self.choose(&found, now_us);
        self.vms.retain(|_, known| watched.contains(&known.process));
        for process in watched {
            if !self.vms.values().any(|known| known.process == process) {
                self.n_given += 1;
                self.vms.insert(self.n_given, Known::new(process));
            }
        }
        for known in self.vms.values_mut() {
            let Some(one) = found.iter().find(|one| one.process == known.process) else { continue };
            known.is_stopped = one.is_stopped;
            known.cgroup = one.cgroup.clone().and_then(|path| kills(&path, into).map(|n| (path, n)));
        }
    }

    /// Those to watch of all that were found.
    fn choose(&mut self, found: &[Emulator], now_us: u64) -> Vec<TaskId> {
        if found.len() <= MOST_VMS {
            self.slots = Slots::default();
            return found.iter().map(|one| one.process).collect();
        }
        let held: Vec<TaskId> = self.vms.values().map(|known| known.process).collect();
        self.slots.give(found, &held, now_us)
    }

    fn bury(&mut self, runtime: u32, known: Known, into: &mut Reading, (now_us, every_us): (u64, u64)) {
        if let Some(name) = known.said.as_ref().and_then(|said| said.vm.name.as_ref()) {
            into.happened.push(format!("the Erlang VM {name} (pid {}) is down", known.process.number));
        }
        self.ended.insert(runtime, Ended::new(runtime, known, now_us, every_us));
        while self.ended.len() > MOST_HELD {
            let least = self.ended.iter().min_by_key(|(_, ended)| ended.worth()).map(|(runtime, _)| *runtime);
            least.and_then(|runtime| self.ended.remove(&runtime));
        }
    }
}

/// An emulator, where this is one.
fn emulator(task: &TaskReading) -> Option<Emulator> {
    // `beam.smp`, or that of another flavour (erl(1), -emu_type); anything else may begin so by chance.
    let is_emulator = |name: &str| name == "beam" || name.starts_with("beam.");
    let is_process = task.kind == TaskKind::Process && task.state != Some(TaskState::Zombie);
    (is_process && task.name.as_deref().is_some_and(is_emulator)).then(|| Emulator {
        process: task.id,
        is_stopped: task.state == Some(TaskState::Stopped),
        cpu_us: task.cpu_us.unwrap_or(0),
        rss_bytes: task.rss_bytes.unwrap_or(0),
        cgroup: task.cgroup.clone(),
    })
}

/// How often the kernel has killed a process of this cgroup for lack of memory.
fn kills(path: &str, of: &Reading) -> Option<u64> {
    of.cgroups.iter().find(|cgroup| *cgroup.path == *path)?.n_oom_kills
}

pub(super) fn target(runtime: u32, process: TaskId) -> Target {
    // Linux has no larger ones.
    Target { runtime, pid: u32::try_from(process.number).unwrap_or(0), start: process.start }
}
