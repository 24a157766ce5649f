//! A stream as a black box keeps it: the detail stream in few bytes, of which a reader makes the same screens.
//!
//! A row is told anew only where its reader would be wrong about it. The reader takes a row that is not told to stand as it was
//! told, and its rates to go on (`Sample.rests`); so a row is told again when its CPU time or run delay is off by eight
//! milliseconds from where those rates have led, when a level has moved by a hundredth, when a queue has changed in level, and
//! after ten seconds. Tasks that are noted are told in their second. Counters are cumulative: a row told less often
//! costs resolution, never truth. What rows gained in time stands by column, by place and by difference (`Gains`).
//!
//! Of the node all counters are told each second, in microseconds or in the kernel's own coarser steps; what changes slowly is told
//! when it has moved.

mod reckoned;

use std::collections::BTreeMap;

use midair_proto::{
    delta::{Delta, pin_stamps},
    gains::{STEP_US, steps},
    v1::{Cgroup, Cost, Cpu, Gains, NetNamespace, Node, Queue, Queues, Sample, Task},
};
use midair_vitals::TaskId;

use self::reckoned::Reckoned;
use super::{Full, STAMP_SLACK};
use crate::numbers::{TaskMap, TaskSet};

/// CPU time and run delay may be so far from where a reader takes them to be, microseconds: less than what is noted in
/// a second.
const OFF_US: f64 = 8_000.0;

/// The same of all that runs in a cgroup.
const OFF_CGROUP_US: f64 = 20_000.0;

/// What moves through a task may be off by so many.
const OFF_MOVED: f64 = 16.0;

/// And each by this part of what its reader takes to have gone by.
const OFF_PART: f64 = 0.1;

/// Levels move by this part before they are told: a hundredth.
const LEVEL_PART: u64 = 100;

/// A wait that is shorter than this is no news, of a thread of a process or of what still waits, microseconds.
const WAITED_US: u64 = 10_000;

/// Steps of what the agent says of its own cost, microseconds and bytes.
const COST_STEP_US: u64 = 100;
const COST_STEP_BYTES: u64 = 64 << 10;

/// Steps of how long the node is up, microseconds.
const UP_STEP_US: u64 = 60_000_000;

/// What a reader expects.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    rows: TaskMap<Reckoned<3>>,
    cgroups: BTreeMap<u32, Reckoned<3>>,
    namespaces: BTreeMap<u64, Reckoned<4>>,
}

impl Pace {
    /// A stream begins: all of it is told.
    pub(super) fn begin(&mut self, full: &mut Full) {
        full.node = coarse_node(&full.node, &Node::default());
        coarse_cost(full, None);
        let sweep_us = full.tasks_mono_us;
        for (id, task) in &mut full.tasks {
            coarse_row(task, None, sweep_us);
            self.tell(*id, task, sweep_us);
        }
        self.settle_others(full, None);
    }

    /// What is told of a sample. It changes `full` into what its reader then holds.
    pub(super) fn since(
        &mut self,
        full: &mut Full,
        before: &mut Full,
        noted: &TaskSet,
        has_died: impl Fn(&TaskId) -> bool,
    ) -> Sample {
        pin_stamps(before.tasks.iter_mut().map(|(_, task)| task), before.tasks_mono_us);
        full.node = coarse_node(&full.node, &before.node);
        coarse_cost(full, before.cost.as_ref());
        let (sweep_us, slack_us) =
            (full.tasks_mono_us, full.tasks_mono_us.saturating_sub(before.tasks_mono_us) / STAMP_SLACK);
        self.settle_others(full, Some(before));
        let ids: Vec<TaskId> = full.tasks.iter().map(|(id, _)| *id).collect();
        let mut ids = ids.into_iter();
        let (mut gains, mut n_held, mut last) = (Gains::default(), 0, None);
        let mut sample = full.rows_since(before, has_died, |task, earlier| {
            let id = ids.next()?;
            let place = n_held;
            n_held += usize::from(earlier.is_some());
            let at_us = task.mono_us.unwrap_or(sweep_us);
            let is_due = noted.contains(&id) || self.is_off(id, task, at_us) || has_changed(task, earlier);
            if let Some(earlier) = earlier.filter(|_| !is_due) {
                task.clone_from(earlier);
                return None;
            }
            coarse_row(task, earlier, sweep_us);
            task.mono_us = task.mono_us.filter(|at_us| at_us.abs_diff(sweep_us) > slack_us);
            self.tell(id, task, sweep_us);
            let Some(earlier) = earlier else { return Some(task.clone()) };
            let mut told = Task { mono_us: None, ..task.clone() }
                .since(&Task { mono_us: None, ..earlier.clone() })
                .unwrap_or_else(|| Task { id: task.id, ..Task::default() });
            told.mono_us = task.mono_us;
            let by = steps(earlier.cpu_us, task.cpu_us).zip(steps(earlier.run_delay_us, task.run_delay_us));
            let Some(by) = by else { return Some(told) };
            // That it was read now is told even where nothing was gained.
            gains.push(last.replace(place), place, by);
            (told.cpu_us, told.run_delay_us) = (None, None);
            (told != Task { id: task.id, ..Task::default() }).then_some(told)
        });
        sample.cpus.iter_mut().for_each(|cpu| leave_out(cpu, before));
        sample.gains = (!gains.passed.is_empty()).then_some(gains);
        self.rows.retain(|id, _| full.tasks.binary_search_by_key(id, |(id, _)| *id).is_ok());
        sample.rests = Some(true);
        sample
    }

    fn tell(&mut self, id: TaskId, task: &Task, sweep_us: u64) {
        let (at_us, counters) = (task.mono_us.unwrap_or(sweep_us), counters(task));
        let known = self.rows.entry(id).or_insert_with(|| {
            // What it brings along says where its first rate begins.
            let previous = task.previous.as_ref();
            let at = previous.and_then(|previous| previous.mono_us).unwrap_or(at_us);
            let flows = previous.and_then(|previous| previous.flows.as_ref()).map(moved);
            Reckoned::begin(at, [previous.and_then(|p| p.cpu_us), previous.and_then(|p| p.run_delay_us), flows])
        });
        known.tell(at_us, counters);
    }

    fn is_off(&self, id: TaskId, task: &Task, at_us: u64) -> bool {
        let by = [OFF_US, OFF_US, OFF_MOVED];
        self.rows.get(&id).is_none_or(|told| told.is_off(at_us, counters(task), by, OFF_PART))
    }

    /// Cgroups and namespaces of which a reader is not wrong stay as they were told.
    fn settle_others(&mut self, full: &mut Full, before: Option<&Full>) {
        let sweep_us = full.tasks_mono_us;
        for (path, cgroup) in &mut full.cgroups {
            let at_us = *cgroup.mono_us.get_or_insert(sweep_us);
            coarse_cgroup(cgroup, before.and_then(|before| before.cgroups.get(path)));
            let counters = [cgroup.cpu_us, cgroup.run_delay_us, cgroup.throttled_us];
            let earlier = before.and_then(|before| before.cgroups.get(path));
            let told = self.cgroups.entry(*path).or_insert_with(|| Reckoned::begin(at_us, counters));
            match earlier.filter(|earlier| !has_cgroup_changed(earlier, cgroup)) {
                Some(earlier) if !told.is_off(at_us, counters, [OFF_CGROUP_US; 3], OFF_PART) => *cgroup = *earlier,
                Some(_) | None => told.tell(at_us, counters),
            }
        }
        self.cgroups.retain(|path, _| full.cgroups.contains_key(path));
        for (inode, namespace) in &mut full.namespaces {
            let at_us = *namespace.mono_us.get_or_insert(sweep_us);
            let counters = [namespace.tcp_in, namespace.tcp_out, namespace.udp_in, namespace.udp_out];
            let earlier = before.and_then(|before| before.namespaces.get(inode));
            let told = self.namespaces.entry(*inode).or_insert_with(|| Reckoned::begin(at_us, counters));
            match earlier.filter(|earlier| !has_namespace_changed(earlier, namespace)) {
                Some(earlier) if !told.is_off(at_us, counters, [4.0 * OFF_MOVED; 4], OFF_PART) => {
                    namespace.clone_from(earlier);
                }
                Some(_) | None => told.tell(at_us, counters),
            }
        }
        self.namespaces.retain(|inode, _| full.namespaces.contains_key(inode));
    }
}

/// Whether something of a cgroup has changed that is no counter of its time.
fn has_cgroup_changed(then: &Cgroup, now: &Cgroup) -> bool {
    let words = |c: &Cgroup| (c.name, c.kind, c.n_processes, c.quota_milli, c.mem_limit_bytes, c.n_oom_kills);
    words(then) != words(now) || has_moved(then.mem_bytes, now.mem_bytes)
}

/// Whether something of a namespace has changed that is no counter of what moves through it.
fn has_namespace_changed(then: &NetNamespace, now: &NetNamespace) -> bool {
    let words = |n: &NetNamespace| (n.name, n.listen_overflows, n.listen_drops, n.udp_drops, n.unread.clone());
    words(then) != words(now) || has_moved(then.n_tcp, now.n_tcp)
}

/// CPU time, run delay, and what moved through it.
fn counters(task: &Task) -> [Option<u64>; 3] {
    [task.cpu_us, task.run_delay_us, task.flows.as_ref().map(moved)]
}

fn moved(flows: &midair_proto::v1::Flows) -> u64 {
    let each = flows.flow.iter().flat_map(|flow| [flow.n_in, flow.n_out]);
    each.flatten().fold(0, u64::saturating_add)
}

/// Whether something has changed that is no counter of its time.
fn has_changed(task: &Task, earlier: Option<&Task>) -> bool {
    let Some(earlier) = earlier else { return true };
    let levels: [fn(&Task) -> Option<u64>; 3] = [|t| t.rss_bytes, |t| t.swap_bytes, |t| t.binary_bytes];
    let names = |t: &Task| (t.name, t.command, t.user, t.cgroup, t.unit, t.netns, t.kind, t.n_threads);
    levels.iter().any(|level| has_moved(level(earlier), level(task)))
        || names(task) != names(earlier)
        || have_queues_changed(earlier.queues.as_ref(), task.queues.as_ref())
        || task.active_milli.unwrap_or(0).abs_diff(earlier.active_milli.unwrap_or(0)) >= 50
}

fn has_moved(then: Option<u64>, now: Option<u64>) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => then.abs_diff(now) > then / LEVEL_PART,
        (then, now) => then.is_some() != now.is_some(),
    }
}

/// Whether a queue is there that was not, or has changed in level or limit, or has dropped something.
fn have_queues_changed(then: Option<&Queues>, now: Option<&Queues>) -> bool {
    let list = |queues: Option<&Queues>| queues.map_or(&[][..], |queues| queues.queue.as_slice()).to_vec();
    let (then, now) = (list(then), list(now));
    let is_same = |a: &Queue, b: &Queue| {
        (a.kind, a.unit, a.number, a.limit, a.drops) == (b.kind, b.unit, b.number, b.limit, b.drops)
            && level(a) == level(b)
    };
    then.len() != now.len() || then.iter().zip(&now).any(|(a, b)| !is_same(a, b))
}

/// How much waits, in steps: eight to each doubling, and of few each one.
fn level(queue: &Queue) -> Option<u64> {
    let depth = queue.depth?;
    let Some(power) = depth.checked_ilog2().filter(|power| *power > 3) else { return Some(depth) };
    Some(u64::from(power) << 3 | depth >> (power - 3) & 7)
}

/// What of a row is told, where it is.
fn coarse_row(task: &mut Task, earlier: Option<&Task>, sweep_us: u64) {
    let step = |us: Option<u64>| us.map(|us| us - us % STEP_US);
    (task.cpu_us, task.run_delay_us) = (step(task.cpu_us), step(task.run_delay_us));
    // They would move with each telling, and say little that run delay does not.
    (task.n_runs, task.n_voluntary, task.n_involuntary) = (None, None, None);
    // A process of one thread waits as that does.
    task.worst_thread =
        task.worst_thread.filter(|worst| worst.run_delay_us >= Some(WAITED_US) && task.n_threads != Some(1));
    if let Some(worst) = &mut task.worst_thread {
        worst.run_delay_us = worst.run_delay_us.map(|us| us.next_multiple_of(1 << 10));
        worst.over_us = worst.over_us.map(|us| us.next_multiple_of(1 << 14));
    }
    task.waiting_us = task.waiting_us.filter(|us| *us >= WAITED_US);
    task.mono_us = task.mono_us.filter(|at_us| *at_us != sweep_us);
    for queue in task.queues.iter_mut().flat_map(|queues| &mut queues.queue) {
        queue.mono_us = None;
    }
    if let Some(previous) = &mut task.previous {
        (previous.rss_bytes, previous.queues, previous.n_runs) = (None, None, None);
    }
    let Some(earlier) = earlier else { return };
    // While it runs it waits nowhere; the next time mostly where it did before.
    task.wait_channel = task.wait_channel.or(earlier.wait_channel);
    let levels: [fn(&mut Task) -> &mut Option<u64>; 5] =
        [|t| &mut t.rss_bytes, |t| &mut t.swap_bytes, |t| &mut t.anon_bytes, |t| &mut t.file_bytes, |t| &mut t.n_fds];
    let mut held = earlier.clone();
    for level in levels {
        keep_level(level(task), *level(&mut held));
    }
}

/// A level that has hardly moved stays as it was told.
fn keep_level(now: &mut Option<u64>, then: Option<u64>) {
    if !has_moved(then, *now) {
        *now = then;
    }
}

/// What of a cgroup is told, where it is.
fn coarse_cgroup(cgroup: &mut Cgroup, earlier: Option<&Cgroup>) {
    let counters: [fn(&mut Cgroup) -> &mut Option<u64>; 4] =
        [|c| &mut c.cpu_us, |c| &mut c.run_delay_us, |c| &mut c.throttled_us, |c| &mut c.caused_delay_us];
    for counter in counters {
        let us = counter(cgroup);
        *us = us.map(|us| us - us % STEP_US);
    }
    let Some(mut held) = earlier.copied() else { return };
    let levels: [fn(&mut Cgroup) -> &mut Option<u64>; 2] = [|c| &mut c.mem_bytes, |c| &mut c.mem_inactive_bytes];
    for level in levels {
        keep_level(level(cgroup), *level(&mut held));
    }
}

/// What of a CPU has not changed: its reader keeps what is not told.
fn leave_out(cpu: &mut Cpu, before: &Full) {
    let Some(before) = before.cpus.iter().find(|before| before.number == cpu.number) else { return };
    let fields: [fn(&mut Cpu) -> &mut Option<u64>; 6] = [
        |c| &mut c.user_us,
        |c| &mut c.system_us,
        |c| &mut c.idle_us,
        |c| &mut c.steal_us,
        |c| &mut c.irq_us,
        |c| &mut c.run_delay_us,
    ];
    let mut known = *before;
    for field in fields {
        let told = field(cpu);
        *told = told.filter(|now| Some(*now) != *field(&mut known));
    }
    cpu.n_queued = cpu.n_queued.filter(|now| Some(*now) != known.n_queued);
}

fn coarse_node(now: &Node, then: &Node) -> Node {
    let mut node = now.clone();
    let levels: [fn(&mut Node) -> &mut Option<u64>; 8] = [
        |n| &mut n.mem_available_bytes,
        |n| &mut n.mem_free_bytes,
        |n| &mut n.mem_anon_bytes,
        |n| &mut n.mem_file_bytes,
        |n| &mut n.mem_slab_bytes,
        |n| &mut n.swap_free_bytes,
        |n| &mut n.n_files,
        |n| &mut n.n_conntrack,
    ];
    let mut held = then.clone();
    for level in levels {
        keep_level(level(&mut node), *level(&mut held));
    }
    node.up_us = node.up_us.map(|us| us - us % UP_STEP_US);
    if let Some(worst) = &mut node.worst_delay {
        worst.over_us = worst.over_us.map(|us| us.next_multiple_of(1 << 14));
    }
    if let Some(worst) = node.worst_queue.as_mut().and_then(|worst| worst.queue.as_mut()) {
        worst.mono_us = None;
    }
    node
}

fn coarse_cost(full: &mut Full, then: Option<&Cost>) {
    let step = |us: Option<u64>| us.map(|us| us - us % COST_STEP_US);
    for cost in &mut full.source_costs {
        cost.cpu_us = step(cost.cpu_us);
    }
    let Some(cost) = &mut full.cost else { return };
    (cost.cpu_us, cost.run_delay_us, cost.sample_us) =
        (step(cost.cpu_us), step(cost.run_delay_us), step(cost.sample_us));
    keep_level(&mut cost.rss_bytes, then.and_then(|then| then.rss_bytes));
    cost.rss_bytes = cost.rss_bytes.map(|bytes| bytes - bytes % COST_STEP_BYTES);
}
