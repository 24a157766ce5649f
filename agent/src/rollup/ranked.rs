//! The tasks and VMs of a window: minimum, mean and maximum of what they used while they ranked.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use midair_proto::v1::{Span, TaskRollup, VmRollup};
use midair_vitals::{TaskId, TaskReading, TaskVitals};

use crate::{encode, numbers::TaskMap, tick::Tick};

/// Tasks that a window adds up at most, for each that it tells: beyond it those that come later are left out.
const N_PER_TOLD: usize = 32;

/// VMs that a window tells.
const N_VMS: usize = 16;

/// Values of a task: CPU time, run delay, memory, queue.
const N_VALUES: usize = 4;

/// Their steps: microseconds a second, the same, bytes, per mille. Finer ones are noise that would be kept for a day.
const STEPS: [u64; N_VALUES] = [100, 100, 4_096, 1];

/// The same of the memory of a VM, bytes.
const STEP_BYTES: u64 = 4_096;

/// Types of memory of a VM.
const N_TYPES: usize = 6;

/// What ranked in a window.
#[derive(Debug)]
pub(super) struct Ranked {
    /// So many tasks are told.
    most: usize,
    tasks: TaskMap<Box<Task>>,
    vms: BTreeMap<String, [Spread; N_TYPES]>,
}

#[derive(Debug)]
struct Task {
    kind: midair_vitals::TaskKind,
    name: Option<Arc<str>>,
    n_ticks: u32,
    values: [Spread; N_VALUES],
}

#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    min: u64,
    max: u64,
    total: u64,
    n: u32,
}

impl Ranked {
    /// Of which so many tasks are told.
    pub(super) fn new(most: usize) -> Self {
        Self { most, tasks: TaskMap::default(), vms: BTreeMap::new() }
    }

    /// Adds the tasks that rank in a tick, as places in its reading, and its VMs.
    pub(super) fn add(&mut self, tick: &Tick, ranked: &[usize]) {
        for n in ranked {
            let (Some(task), Some(vitals)) = (tick.reading.tasks.get(*n), tick.vitals.get(*n)) else { continue };
            self.add_task(task, vitals);
        }
        for vm in tick.reading.vms.iter().filter(|vm| vm.ended_us.is_none()) {
            let (Some(name), Some(memory)) = (&vm.name, &vm.memory) else { continue };
            if self.vms.len() >= N_VMS && !self.vms.contains_key(name) {
                continue;
            }
            let types = [
                memory.total_bytes,
                memory.processes_bytes,
                memory.binary_bytes,
                memory.ets_bytes,
                memory.code_bytes,
                memory.atom_bytes,
            ];
            let sums = self.vms.entry(name.clone()).or_default();
            sums.iter_mut().zip(types).for_each(|(sum, bytes)| sum.add(bytes));
        }
    }

    fn add_task(&mut self, task: &TaskReading, vitals: &TaskVitals) {
        if self.tasks.len() >= self.most * N_PER_TOLD && !self.tasks.contains_key(&task.id) {
            return;
        }
        let sum = self.tasks.entry(task.id).or_insert_with(|| {
            Box::new(Task { kind: task.kind, name: None, n_ticks: 0, values: [Spread::default(); N_VALUES] })
        });
        // A name that was not known at first may be known by now.
        sum.name = task.name.clone().or(sum.name.take());
        sum.n_ticks += 1;
        let us = |share: Option<f64>| share.map(|share| (share * 1e6).max(0.0) as u64);
        let queue = vitals.queues.iter().filter_map(|queue| queue.severity).max();
        let queue = queue.map(|severity| u64::from(severity.per_mille()));
        let values = [us(vitals.cpu), us(vitals.delay), task.rss_bytes, queue];
        sum.values.iter_mut().zip(values).for_each(|(sum, value)| sum.add(value));
    }

    /// What is told of the window, which then begins anew: the tasks that ranked longest, of those that ranked as long the ones
    /// that used and waited most.
    pub(super) fn take(&mut self) -> (Vec<VmRollup>, Vec<TaskRollup>) {
        // Its room is needed again.
        let mut tasks: Vec<(TaskId, Box<Task>)> = self.tasks.drain().collect();
        let total = |task: &Task| task.values[0].total.saturating_add(task.values[1].total);
        tasks.sort_unstable_by_key(|(id, task)| (Reverse((task.n_ticks, total(task))), *id));
        tasks.truncate(self.most);
        let vms = std::mem::take(&mut self.vms).into_iter().map(|(name, types)| vm(name, types)).collect();
        (vms, tasks.into_iter().map(|(id, task)| task.rollup(id)).collect())
    }
}

impl Task {
    fn rollup(self, id: TaskId) -> TaskRollup {
        let mut steps = STEPS.into_iter();
        let span = |spread: Spread| spread.span(steps.next().unwrap_or(1));
        let [cpu, run_delay, mem_bytes, queue] = self.values.map(span);
        TaskRollup {
            task: Some(encode::task_id(id)),
            kind: Some(encode::task_kind(self.kind).into()),
            name: self.name.map(|name| name.to_string()),
            cpu,
            run_delay,
            mem_bytes,
            queue,
        }
    }
}

fn vm(name: String, types: [Spread; N_TYPES]) -> VmRollup {
    let [total_bytes, processes_bytes, binary_bytes, ets_bytes, code_bytes, atom_bytes] =
        types.map(|spread| spread.span(STEP_BYTES));
    VmRollup { name: Some(name), total_bytes, processes_bytes, binary_bytes, ets_bytes, code_bytes, atom_bytes }
}

impl Spread {
    fn add(&mut self, value: Option<u64>) {
        let Some(value) = value else { return };
        self.min = if self.n == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.total = self.total.saturating_add(value);
        self.n += 1;
    }

    /// In steps of so many, rounded to the nearest; nothing where nothing was known.
    fn span(self, step: u64) -> Option<Span> {
        let mean = self.total.saturating_add(u64::from(self.n / 2)).checked_div(u64::from(self.n))?;
        let rounded = |value: u64| Some(value.saturating_add(step / 2) / step * step);
        Some(Span { min: rounded(self.min), mean: rounded(mean), max: rounded(self.max) })
    }
}
