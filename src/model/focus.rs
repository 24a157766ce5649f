//! A close look at one task: its queues one by one, its threads or children, and where it runs.

use midair_vitals::{Flow, TaskId, TaskReading, rate, task::FlowRate};

use super::{
    cgroup::{Cgroup, Namespace},
    series::POINTS_MAX,
    task::{Keep, Task},
};
use crate::event::{Details, ErlangLook, Stamp};

/// What the answers to one focus have told.
#[derive(Clone, Debug, PartialEq)]
pub struct Focus {
    /// The task with all its queues; the last that was known when it has ended.
    pub task: Task,
    /// True once the task has ended.
    pub has_ended: bool,
    /// How many queues it has, listed or not.
    pub n_queues: Option<u32>,
    /// Its threads or children.
    pub children: Vec<Task>,
    /// How many of them there are, listed or not.
    pub n_children: Option<u32>,
    /// The cgroup in which it runs.
    pub cgroup: Option<Cgroup>,
    /// Its network namespace.
    pub namespace: Option<Namespace>,
    /// What a probe counts of its sockets while it is looked at; `None` where there is none.
    pub probe: Option<Probe>,
    /// What was seen of an Erlang process; while it does not answer, what was seen last.
    pub erlang: Option<Box<ErlangLook>>,
    /// When the newest answer arrived.
    pub at: Stamp,
    /// The agent's monotonic time of the newest answer, microseconds.
    pub mono_us: u64,
}

/// What a probe counts, and what that costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Messages in and out per second, by unit.
    pub rates: Vec<FlowRate>,
    /// CPU time that it costs the node, as a share of one CPU; estimated.
    pub cost_share: Option<f64>,
    counted: Vec<Flow>,
    cost_us: Option<u64>,
}

impl Probe {
    fn fold(known: Option<(Self, u64)>, details: &Details) -> Option<Self> {
        let counted = details.probed.clone()?;
        let before = known.as_ref().filter(|(_, at_us)| *at_us < details.mono_us);
        let rate_of = |flow: &Flow| {
            let earlier = before.and_then(|(p, at)| Some((p.counted.iter().find(|f| f.unit == flow.unit)?, *at)));
            let rate = |field: fn(&Flow) -> Option<u64>| {
                let (earlier, at_us) = earlier?;
                rate::per_second(field(earlier), field(flow), at_us, details.mono_us)
            };
            FlowRate { unit: flow.unit, rate_in: rate(|f| f.n_in), rate_out: rate(|f| f.n_out) }
        };
        let rates = counted.iter().map(rate_of).collect();
        let share = |(p, at): &(Self, u64)| rate::share(p.cost_us, details.probe_us, *at, details.mono_us);
        Some(Self { rates, cost_share: before.and_then(share), counted, cost_us: details.probe_us })
    }
}

impl Focus {
    /// Folds an answer into what was known. `row` is what the tables know of the task: its chart goes on from there.
    pub(super) fn fold(
        known: Option<Self>,
        details: &Details,
        at: Stamp,
        limit_bytes: Option<u64>,
        row: impl FnOnce(TaskId) -> Option<Task>,
    ) -> Option<Self> {
        let Some(reading) = &details.task else {
            return known.map(|focus| Self { has_ended: true, at, mono_us: details.mono_us, ..focus });
        };
        let mut known = known.filter(|focus| focus.task.id() == reading.id);
        let known_us = known.as_ref().map_or(0, |focus| focus.mono_us);
        let look = known.as_mut().and_then(|focus| focus.erlang.take());
        let (mut before, task, cgroup, namespace, probe) = match known {
            Some(known) => (known.children, Some(known.task), known.cgroup, known.namespace, known.probe),
            None => (Vec::new(), row(reading.id), None, None, None),
        };
        let task = match task {
            Some(mut task) => {
                task.absorb(reading, at, limit_bytes, Keep::Long(POINTS_MAX));
                task
            }
            None => Task::new(reading, at, limit_bytes, Keep::Long(POINTS_MAX)),
        };
        let mut child = |reading: &TaskReading| match before.iter().position(|c| c.id() == reading.id) {
            Some(n) => {
                let mut child = before.swap_remove(n);
                child.absorb(reading, at, limit_bytes, Keep::Short);
                child
            }
            None => Task::new(reading, at, limit_bytes, Keep::Short),
        };
        let same_cgroup = cgroup.filter(|c| details.cgroup.as_ref().is_some_and(|now| now.path == c.reading.path));
        let same_namespace =
            namespace.filter(|n| details.namespace.as_ref().is_some_and(|now| now.inode == n.reading.inode));
        Some(Self {
            task,
            has_ended: false,
            n_queues: details.n_queues,
            children: details.children.iter().map(&mut child).collect(),
            n_children: details.n_children,
            cgroup: details.cgroup.as_ref().map(|now| Cgroup::fold(same_cgroup, now, at)),
            namespace: details.namespace.as_ref().map(|now| Namespace::fold(same_namespace, now, at)),
            probe: Probe::fold(probe.map(|probe| (probe, known_us)), details),
            erlang: details.erlang.clone().or(look),
            at,
            mono_us: details.mono_us,
        })
    }
}
