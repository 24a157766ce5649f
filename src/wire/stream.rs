//! One base stream of one node: its last key with all deltas since.

use std::collections::{BTreeMap, HashMap};

use midair_proto::{
    delta::{Delta as _, carry_stamps, pin_stamps},
    v1,
};
use midair_vitals::{TaskId, TaskReading};

use crate::event::{Sample, Stream};

use super::{
    Context, Depth, ROWS_MAX, host,
    names::Names,
    node, task,
    vm::{self, VMS_MAX},
};

/// Most CPUs of one node that are kept.
const CPUS_MAX: usize = 8_192;

/// What a stream holds now.
///
/// INVARIANT: `seq` is set exactly while a key was taken and no sample since then is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Base {
    seq: Option<u64>,
    /// The number of the newest sample seen, usable or not; only for counting what is missing.
    newest: Option<u64>,
    node: v1::Node,
    rows: BTreeMap<TaskId, v1::Task>,
    cpus: BTreeMap<u32, v1::Cpu>,
    cgroups: BTreeMap<u32, v1::Cgroup>,
    namespaces: BTreeMap<u64, v1::NetNamespace>,
    vms: BTreeMap<u32, v1::Vm>,
    names: Names,
    /// Start of the last sweep over the tasks, by the agent's monotonic clock.
    tasks_mono_us: u64,
}

/// What belongs to one sample alone.
#[derive(Default)]
pub(super) struct Taken {
    previous: HashMap<TaskId, v1::Previous>,
    died: Vec<TaskId>,
    cost: Option<v1::Cost>,
    source_costs: Vec<v1::SourceCost>,
    node_mono_us: Option<u64>,
    n_anonymous: usize,
    fits: bool,
}

impl Taken {
    /// What was wrong with a sample that could be used all the same.
    pub(super) fn complaint(&self) -> Option<String> {
        match (self.n_anonymous, self.fits) {
            (0, true) => None,
            (0, false) => {
                Some("more rows, names or CPUs in a stream than the contract allows, or longer names".to_owned())
            }
            (n, _) => Some(format!("{n} rows of a sample name no task")),
        }
    }
}

impl Base {
    /// Forgets everything: the stream starts anew with its next key.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// How many samples are missing before this one. A number that does not rise is a stream that started again.
    pub(super) fn gap(&self, seq: u64) -> u64 {
        self.newest.map_or(0, |newest| seq.saturating_sub(newest).saturating_sub(1))
    }

    /// Takes a sample in: `None` when it is a delta whose ground is missing.
    pub(super) fn apply(
        &mut self,
        context: &Context,
        (seq, is_key): (u64, bool),
        sample: v1::Sample,
    ) -> Result<Option<Taken>, &'static str> {
        if sample.tasks.len() > ROWS_MAX || sample.cpus.len() > CPUS_MAX {
            self.seq = None;
            return Err("a sample with more rows than the contract allows");
        }
        let follows = self.seq.is_some_and(|last| last.checked_add(1) == Some(seq));
        self.newest = Some(seq);
        if is_key {
            *self = Self { newest: Some(seq), ..Self::default() };
        } else if !follows {
            self.seq = None;
            return Ok(None);
        }
        self.seq = Some(seq);
        let tasks_mono_us = sample.tasks_mono_us.unwrap_or(context.mono_us);
        let before_us = std::mem::replace(&mut self.tasks_mono_us, tasks_mono_us);
        if sample.rests == Some(true) {
            pin_stamps(self.rows.values_mut(), before_us);
        } else {
            carry_stamps(self.rows.values_mut(), before_us, tasks_mono_us);
        }
        Ok(Some(self.merge(sample)))
    }

    fn merge(&mut self, sample: v1::Sample) -> Taken {
        let mut taken = Taken {
            cost: sample.cost,
            source_costs: sample.source_costs,
            node_mono_us: sample.node_mono_us,
            fits: self.names.add(sample.names),
            ..Taken::default()
        };
        if let Some(node) = sample.node {
            self.node.apply(node);
        }
        for gone in sample.left.iter().chain(&sample.died).filter_map(task::id) {
            self.rows.remove(&gone);
        }
        if let Some(gains) = &sample.gains {
            taken.n_anonymous += gains.apply(self.rows.values_mut(), self.tasks_mono_us);
        }
        taken.died = sample.died.iter().filter_map(task::id).collect();
        for mut row in sample.tasks {
            if sample.rests == Some(true) {
                row.mono_us.get_or_insert(self.tasks_mono_us);
            }
            self.row(row, &mut taken);
        }
        for cpu in sample.cpus {
            self.cpu(cpu, &mut taken);
        }
        let cgroups = sample.cgroups.into_iter().filter_map(|cgroup| Some((cgroup.path?, cgroup)));
        taken.fits &= replace(&mut self.cgroups, &sample.cgroups_left, cgroups);
        let namespaces = sample.namespaces.into_iter().filter_map(|namespace| Some((namespace.inode?, namespace)));
        taken.fits &= replace(&mut self.namespaces, &sample.namespaces_left, namespaces);
        for gone in &sample.vms_left {
            self.vms.remove(gone);
        }
        for vm in sample.vms {
            self.vm(vm, &mut taken);
        }
        taken
    }

    fn row(&mut self, mut row: v1::Task, taken: &mut Taken) {
        let Some(id) = row.id.as_ref().and_then(task::id) else {
            taken.n_anonymous += 1;
            return;
        };
        if let Some(previous) = row.previous.take() {
            taken.previous.insert(id, previous);
        }
        if let Some(known) = self.rows.get_mut(&id) {
            known.apply(row);
        } else if self.rows.len() < ROWS_MAX {
            row.unknown.clear();
            self.rows.insert(id, row);
        } else {
            taken.fits = false;
        }
    }

    fn vm(&mut self, mut vm: v1::Vm, taken: &mut Taken) {
        let Some(runtime) = vm.runtime else { return };
        if let Some(known) = self.vms.get_mut(&runtime) {
            known.apply(vm);
        } else if self.vms.len() < VMS_MAX {
            vm.unknown.clear();
            self.vms.insert(runtime, vm);
        } else {
            taken.fits = false;
        }
    }

    /// The fields that a CPU entry carries replace the known ones.
    fn cpu(&mut self, cpu: v1::Cpu, taken: &mut Taken) {
        let Some(number) = cpu.number else { return };
        if !self.cpus.contains_key(&number) && self.cpus.len() >= CPUS_MAX {
            taken.fits = false;
            return;
        }
        let known = self.cpus.entry(number).or_default();
        *known = v1::Cpu {
            number: Some(number),
            user_us: cpu.user_us.or(known.user_us),
            system_us: cpu.system_us.or(known.system_us),
            idle_us: cpu.idle_us.or(known.idle_us),
            steal_us: cpu.steal_us.or(known.steal_us),
            irq_us: cpu.irq_us.or(known.irq_us),
            n_queued: cpu.n_queued.or(known.n_queued),
            run_delay_us: cpu.run_delay_us.or(known.run_delay_us),
        };
    }

    /// All rows, those that enter with the counters that they bring along.
    fn tasks(&self, previous: &mut HashMap<TaskId, v1::Previous>) -> Vec<TaskReading> {
        let reading = |(id, row): (&TaskId, &v1::Task)| match previous.remove(id) {
            Some(previous) => {
                let entering = v1::Task { previous: Some(previous), ..row.clone() };
                task::reading(&entering, &self.names, self.tasks_mono_us)
            }
            None => task::reading(row, &self.names, self.tasks_mono_us),
        };
        let mut tasks = Vec::with_capacity(self.rows.len());
        tasks.extend(self.rows.iter().filter_map(reading));
        tasks
    }

    /// The whole stream as it stands after this sample.
    pub(super) fn event(&self, context: &Context, stream: Stream, mut taken: Taken) -> Sample {
        let tasks_us = self.tasks_mono_us;
        let has_tasks = context.depth == Depth::Whole;
        let tasks = if has_tasks { self.tasks(&mut taken.previous) } else { Vec::new() };
        let node_us = taken.node_mono_us.unwrap_or(context.mono_us);
        let cgroup = |cgroup| host::cgroup(cgroup, &self.names, tasks_us);
        let namespace = |namespace| host::namespace(namespace, &self.names, tasks_us);
        Sample {
            node: context.node.clone(),
            epoch: context.epoch,
            seq: self.seq.unwrap_or(0),
            stream,
            mono_us: context.mono_us,
            wall_us: context.wall_us,
            reading: node::reading(&self.node, self.cpus.iter(), &self.names, node_us),
            tasks,
            has_tasks,
            died: taken.died,
            sources: node::sources(&self.node, &taken.source_costs),
            runtimes: node::runtimes(self.node.runtimes.as_ref().map_or(&[], |r| &r.runtime)),
            cost: taken.cost.as_ref().map(node::cost),
            cgroups: self.cgroups.values().filter_map(cgroup).collect(),
            namespaces: self.namespaces.values().filter_map(namespace).collect(),
            vms: self.vms.values().filter_map(vm::reading).collect(),
        }
    }
}

/// Takes rows away, and puts whole rows in the place of known ones; false when there were more than may be kept.
fn replace<K: Ord, R>(known: &mut BTreeMap<K, R>, left: &[K], rows: impl Iterator<Item = (K, R)>) -> bool {
    for key in left {
        known.remove(key);
    }
    for (key, row) in rows {
        if known.len() >= ROWS_MAX && !known.contains_key(&key) {
            return false;
        }
        known.insert(key, row);
    }
    true
}
