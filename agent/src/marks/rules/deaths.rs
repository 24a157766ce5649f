//! Tasks that have ended while they were hot, and had run long enough to be missed.
//!
//! What runs for less than a minute is the work of a host: compilers, probes, jobs of a timer. That it ends is no news, and
//! who such tasks are and what they use is counted by name (`kernel/exited`). Whom the kernel killed for memory is told
//! however short its life was (`kills`).

use std::{collections::HashMap, sync::Arc};

use midair_vitals::{TaskId, TaskKind, TaskReading, TaskState, TaskVitals};

use super::{
    Note,
    batch::{self, Batch},
};
use crate::tick::Tick;

/// Who was hot for so long, microseconds, is missed.
const HOT_US: u64 = 10_000_000;

/// Where it is one of the kernel's and had lived so long, microseconds. How old an Erlang process is its VM does not say.
const LIVED_US: u64 = 60_000_000;

/// So many ticks of rest end it.
const REST_TICKS: u64 = 3;

/// What is hot: CPUs used, per cent of a queue's severity, part of the node's memory, part of the looks in which an Erlang
/// process ran, per mille.
const HOT_CPUS: f64 = 0.01;
const HOT_QUEUE: u32 = 20;
const HOT_MEM_PART: u64 = 50;
const HOT_MILLI: u32 = 10;

/// Tasks that are or were hot, and those that have ended.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    warm: HashMap<TaskId, Warm>,
    /// Have ended in the last tick; one more may say why.
    fresh: Vec<Dead>,
    told: Batch<Dead>,
}

#[derive(Clone, Debug)]
struct Warm {
    name: Arc<str>,
    since_us: u64,
    /// Tick in which it was hot last.
    last: u64,
    cpus: Option<f64>,
    bytes: Option<u64>,
}

#[derive(Clone, Debug)]
struct Dead {
    id: TaskId,
    warm: Warm,
    /// How long it had been hot, microseconds.
    hot_us: u64,
    /// In which tick it was missed.
    tick: u64,
    /// When it was seen last, wall time in microseconds.
    wall_us: u64,
    /// Its VM, where it was an Erlang process.
    vm: Option<String>,
}

impl Deaths {
    /// Takes in who is hot, and who is no more.
    pub(super) fn observe(&mut self, tick: &Tick, rows: &[usize], last_wall_us: u64) {
        let is_empty = !tick.reading.tasks.iter().any(|task| task.kind == TaskKind::Process);
        if is_empty {
            // No source lists processes now: nobody can tell who has ended.
            return;
        }
        let is_dead = |id: &TaskId| match tick.task(id) {
            Some((task, _)) => task.state == Some(TaskState::Zombie),
            None => !tick.is_alive(id),
        };
        for (id, warm) in self.warm.extract_if(|id, _| is_dead(id)) {
            // Of a VM that has ended there is a mark already.
            let vm = tick.reading.runtimes.iter().find(|vm| vm.id == id.runtime).map(|vm| vm.name.clone());
            let hot_us = tick.mono_us.saturating_sub(warm.since_us);
            let is_missed = if id.runtime == 0 { lived_us(id, tick) >= LIVED_US } else { vm.is_some() };
            if hot_us >= HOT_US && is_missed {
                self.fresh.push(Dead { id, warm, hot_us, tick: tick.number, wall_us: last_wall_us, vm });
            }
        }
        self.warm.retain(|_, warm| tick.number.saturating_sub(warm.last) <= REST_TICKS);
        let rows = rows.iter().filter_map(|n| tick.reading.tasks.get(*n).zip(tick.vitals.get(*n)));
        for (task, vitals) in rows.filter(|(task, vitals)| is_hot(task, vitals, tick)) {
            let Some(name) = &task.name else { continue };
            let since_us = self.warm.get(&task.id).map_or(tick.mono_us, |warm| warm.since_us);
            let (cpus, bytes) = (vitals.cpu, task.rss_bytes);
            let warm = Warm { name: name.clone(), since_us, last: tick.number, cpus, bytes };
            self.warm.insert(task.id, warm);
        }
    }

    /// Of these another rule has told.
    pub(super) fn spare(&mut self, told: &[TaskId]) {
        self.fresh.retain(|dead| !told.contains(&dead.id));
    }

    /// The note of those that have ended, if one is due.
    pub(super) fn take(&mut self, node: &str, tick: &Tick) -> Option<Note> {
        for dead in self.fresh.extract_if(.., |dead| dead.tick < tick.number) {
            self.told.push_by_weight(dead, |dead| dead.hot_us);
        }
        let (mut dead, n_more) = self.told.take(tick.mono_us)?;
        let wall_us = dead.iter().map(|dead| dead.wall_us).min()?;
        if let [one] = dead.as_slice() {
            return Some(Note { text: one.text(), focus: Some(one.focus(node)), wall_us });
        }
        // Who was hot for days comes before the crowd of those that were for seconds.
        dead.sort_by_key(|dead| std::cmp::Reverse(dead.hot_us));
        let mut names = batch::listed(dead.iter().map(|dead| &*dead.warm.name));
        if n_more > 0 && !names.ends_with(" ...") {
            names += " ...";
        }
        let what = if dead.iter().all(|dead| dead.vm.is_none()) { "processes" } else { "tasks" };
        let text = format!("{} {what} ended that were hot: {names}", dead.len() + n_more);
        Some(Note { text, focus: None, wall_us })
    }
}

impl Dead {
    fn text(&self) -> String {
        let Warm { name, cpus, bytes, .. } = &self.warm;
        let cpus = cpus.map(|cpus| format!("{:.0} % of a core", cpus * 100.0));
        let used: Vec<String> = cpus.into_iter().chain(bytes.map(batch::size)).collect();
        let used = if used.is_empty() { String::new() } else { format!("; at last {}", used.join(", ")) };
        match &self.vm {
            Some(vm) => format!("{name} of {vm} ended{used}"),
            None => format!("{name} (pid {}) ended{used}", self.id.number),
        }
    }

    fn focus(&self, node: &str) -> String {
        let TaskId { number, start, .. } = self.id;
        format!("{node}/{}/{number}.{start}", self.vm.as_deref().unwrap_or("os"))
    }
}

/// How long a task of the kernel has lived, microseconds: its start is in clock ticks since boot.
fn lived_us(id: TaskId, tick: &Tick) -> u64 {
    // The monotonic clock stands still while a host sleeps.
    let up_us = tick.reading.node.up_us.unwrap_or(0).max(tick.mono_us);
    up_us.saturating_sub(id.start.saturating_mul(1_000_000 / rustix::param::clock_ticks_per_second().max(1)))
}

fn is_hot(task: &TaskReading, vitals: &TaskVitals, tick: &Tick) -> bool {
    let is_process = task.kind == TaskKind::Process && task.state != Some(TaskState::Zombie);
    if !is_process && task.kind != TaskKind::Erlang {
        return false;
    }
    let total_bytes = tick.reading.node.mem_total_bytes;
    let is_large = task.rss_bytes.zip(total_bytes).is_some_and(|(rss, total)| rss >= total / HOT_MEM_PART);
    vitals.cpu.is_some_and(|cpus| cpus >= HOT_CPUS)
        || vitals.severities.queue.is_some_and(|queue| queue.percent() >= HOT_QUEUE)
        || task.active_milli.is_some_and(|milli| milli >= HOT_MILLI)
        || is_large
}
