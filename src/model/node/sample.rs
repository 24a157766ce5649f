//! How a sample, an answer or a close look changes a node.

use std::sync::Arc;

use midair_vitals::{
    CgroupReading, Growth, NetNamespace, NodeReading, NodeVitals, QueueKind, QueueVitals, TaskId, TaskReading,
    VmReading, rate, window::HOLD_TICKS,
};

use super::{Answer, Latest, Loss, Node, NodeValue};
use crate::{
    event::{Cost, Details, Rows, Sample, Stamp, Stream, Traced},
    model::{
        cgroup::{Cgroup, Namespace},
        focus::Focus,
        host::Bursts,
        series::{CHART_US, POINTS_MAX},
        task::{Keep, Task},
        vm::Vm,
    },
};

/// Queries and focuses that an agent serves at once (the contract's bounds): what it sends beyond them nobody asked for.
const ANSWERS_MAX: usize = 8;
const FOCUSES_MAX: usize = 4;

/// Answers to receive traces that are kept: nobody reads more at once.
const TRACES_MAX: usize = 4;

/// Shortest and longest interval between two samples, microseconds.
const INTERVALS_US: std::ops::RangeInclusive<u64> = 250_000..=60_000_000;

impl Node {
    /// A sample arrived. Of rows of all detail so many points are kept.
    pub(in crate::model) fn fold_sample(&mut self, sample: &Sample, at: Stamp, n_points: usize) {
        if self.conflict.is_some() && self.epoch.is_some_and(|epoch| epoch != sample.epoch) {
            // Two agents under one id: the first one is shown, and the conflict is said. Mixed they would be nonsense.
            return;
        }
        self.enter_epoch(sample.epoch);
        // Of a node behind a hub that says so itself.
        if !self.is_by_hub {
            self.presence.heard(self.latest.is_none());
        }
        self.take_interval(sample);
        self.take_latest(sample, at);
        let limit_bytes = self.mem_limit_bytes();
        let keep = match sample.stream {
            Stream::Overview => Keep::Short,
            Stream::Detail => Keep::Long(n_points),
        };
        self.n_samples += u64::from(sample.has_tasks);
        for reading in &sample.tasks {
            self.take_task(reading, at, limit_bytes, keep).seen.in_sample = Some(self.n_samples);
        }
        self.take_cgroups(sample, at);
        self.take_vms(sample, at, limit_bytes);
        self.bury(&sample.died);
        self.drop_stale_answers(sample.mono_us);
        self.drop_unseen();
        if !sample.runtimes.is_empty() {
            self.runtimes.clone_from(&sample.runtimes);
        }
        self.forget_losses(at);
    }

    /// Samples were lost. Losses within a second are one: no agent can make the list long.
    pub(in crate::model) fn fold_loss(&mut self, n_samples: Option<u64>, at: Stamp) {
        let loss = Loss { at, n: n_samples.unwrap_or(1), is_least: n_samples.is_none() };
        match self.losses.back_mut().filter(|last| at.since_us(last.at) < 1_000_000) {
            Some(last) => *last = last.and(loss),
            None => self.losses.push_back(loss),
        }
        self.forget_losses(at);
    }

    fn forget_losses(&mut self, at: Stamp) {
        while self.losses.front().is_some_and(|lost| at.since_us(lost.at) > CHART_US) {
            self.losses.pop_front();
        }
    }

    /// The answer to a table query arrived: rows that it no longer holds leave at once, unless the stream shows them.
    pub(in crate::model) fn fold_rows(&mut self, rows: &Rows, at: Stamp) {
        if self.conflict.is_some() && self.epoch.is_some_and(|epoch| epoch != rows.epoch) {
            return;
        }
        self.enter_epoch(rows.epoch);
        let limit_bytes = self.mem_limit_bytes();
        self.forget_query(rows.id);
        for reading in &rows.tasks {
            let in_stream = self.tasks.get(&reading.id).is_some_and(|t| t.seen.in_sample.is_some());
            let keep = if in_stream { Keep::AsItWas } else { Keep::Short };
            self.take_task(reading, at, limit_bytes, keep).seen.by_query = Some(rows.id);
        }
        self.drop_unseen();
        let first = rows.tasks.first().map(|task| task.id.runtime).filter(|runtime| *runtime != 0);
        let runtime = first.filter(|first| rows.tasks.iter().all(|task| task.id.runtime == *first));
        let n_rows = rows.tasks.len() as u64;
        let answer = Answer { at, mono_us: rows.mono_us, total: rows.total, n_rows, runtime };
        self.answers.insert(rows.id, answer);
        let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.at).map(|(id, _)| *id);
        if let Some(id) = oldest.filter(|_| self.answers.len() > ANSWERS_MAX) {
            self.answers.remove(&id);
            self.forget_query(id);
            self.drop_unseen();
        }
    }

    /// The answer to a focus arrived.
    pub(in crate::model) fn fold_details(&mut self, details: &Details, at: Stamp) {
        if self.conflict.is_some() && self.epoch.is_some_and(|epoch| epoch != details.epoch) {
            return;
        }
        self.enter_epoch(details.epoch);
        let limit_bytes = self.mem_limit_bytes();
        let known = self.focuses.remove(&details.id);
        let row = |id: TaskId| self.tasks.get(&id).cloned();
        if let Some(focus) = Focus::fold(known, details, at, limit_bytes, row) {
            self.focuses.insert(details.id, focus);
        }
        let oldest = self.focuses.iter().min_by_key(|(_, focus)| focus.at).map(|(id, _)| *id);
        if let Some(id) = oldest.filter(|_| self.focuses.len() > FOCUSES_MAX) {
            self.focuses.remove(&id);
        }
    }

    /// A receive trace was answered. The newest few are kept.
    pub(in crate::model) fn fold_traced(&mut self, traced: &Traced, at: Stamp) {
        self.traces.insert(traced.id, (at, traced.clone()));
        let oldest = self.traces.iter().min_by_key(|(_, (at, _))| *at).map(|(id, _)| *id);
        if let Some(id) = oldest.filter(|_| self.traces.len() > TRACES_MAX) {
            self.traces.remove(&id);
        }
    }

    /// Counters never span two epochs: all that was counted in the one before is forgotten. The last values stay on the
    /// screen until the new agent has measured.
    pub(in crate::model) fn enter_epoch(&mut self, epoch: u64) {
        if self.epoch == Some(epoch) {
            return;
        }
        self.epoch = Some(epoch);
        self.tasks.clear();
        self.cgroups.clear();
        self.namespaces.clear();
        self.vms.clear();
        self.traces.clear();
        self.answers.clear();
        self.focuses.clear();
        self.before = None;
        self.bursts = Bursts::default();
        self.mem_growth.clear();
        self.sum_growth.clear();
    }

    fn take_interval(&mut self, sample: &Sample) {
        let described = self.described.as_ref().and_then(|d| d.interval_ms).map(|ms| u64::from(ms) * 1000);
        let seen =
            self.latest.as_ref().filter(|l| l.epoch == sample.epoch && l.stream == sample.stream).and_then(|l| {
                let n_steps = sample.seq.checked_sub(l.seq).filter(|n| *n > 0)?;
                Some(sample.mono_us.checked_sub(l.mono_us)? / n_steps)
            });
        if let Some(interval_us) = seen.or(described) {
            self.interval_us = interval_us.clamp(*INTERVALS_US.start(), *INTERVALS_US.end());
        }
    }

    fn take_latest(&mut self, sample: &Sample, at: Stamp) {
        let last = self.latest.take().filter(|l| l.epoch == sample.epoch);
        let is_again = last.as_ref().is_some_and(|l| l.reading.at_us == sample.reading.at_us);
        let cost_before = last.as_ref().and_then(|l| Some((l.cost.clone()?, l.mono_us)));
        if !is_again {
            self.before = last.map(|l| Box::new(l.reading));
        }
        let reading = &sample.reading;
        let vitals = NodeVitals::derive(self.before.as_deref(), reading);
        self.bursts.push(reading.at_us, &vitals);
        let limit = reading.mem_limit_bytes.or(reading.mem_total_bytes);
        let mem_growth = self.push_mem_growth(reading.at_us, vitals.mem_used_bytes, is_again);
        let cost_share = |field: fn(&Cost) -> Option<u64>| {
            let (before, before_us) = cost_before.as_ref()?;
            rate::share(field(before), field(sample.cost.as_ref()?), *before_us, sample.mono_us)
        };
        let mut latest = Latest {
            at,
            epoch: sample.epoch,
            stream: sample.stream,
            seq: sample.seq,
            mono_us: sample.mono_us,
            wall_us: sample.wall_us,
            sums: self.derive_sums(reading, is_again),
            mem_growth,
            mem_full_in: full_in(vitals.mem_used_bytes, limit, mem_growth),
            sources: sample.sources.clone(),
            cost: sample.cost.clone(),
            cost_share: cost_share(|c| c.cpu_us),
            vm_cost_share: cost_share(|c| c.vm_us),
            agent_delay: cost_share(|c| c.run_delay_us),
            reading: reading.clone(),
            vitals,
            cpus: Vec::new(),
        };
        latest.derive_cpus(self.before.as_deref());
        self.series.push(at, values(&latest), POINTS_MAX);
        self.latest = Some(Box::new(latest));
    }

    /// The stream holds all that are to be shown: what it does not hold has left.
    fn take_cgroups(&mut self, sample: &Sample, at: Stamp) {
        let mut known = std::mem::take(&mut self.cgroups);
        let one = |reading: &CgroupReading| {
            (Arc::clone(&reading.path), Cgroup::fold(known.remove(&reading.path), reading, at))
        };
        self.cgroups = sample.cgroups.iter().map(one).collect();
        let mut known = std::mem::take(&mut self.namespaces);
        let one = |reading: &NetNamespace| (reading.inode, Namespace::fold(known.remove(&reading.inode), reading, at));
        self.namespaces = sample.namespaces.iter().map(one).collect();
    }

    /// Only the stream of all detail tells of VMs.
    fn take_vms(&mut self, sample: &Sample, at: Stamp, limit_bytes: Option<u64>) {
        let mut known = std::mem::take(&mut self.vms);
        let one = |reading: &VmReading| {
            let rss_bytes = reading.process.and_then(|id| self.task(id)).and_then(|task| task.reading.rss_bytes);
            (reading.runtime, Vm::fold(known.remove(&reading.runtime), reading, at, limit_bytes, rss_bytes))
        };
        self.vms = sample.vms.iter().map(one).collect();
        self.vms_go_on();
    }

    /// A VM that was started anew under its name goes on with the charts of its earlier life, as soon as its name is known.
    fn vms_go_on(&mut self) {
        let earlier = |vm: &Vm| {
            let lives =
                self.vms.values().filter(|other| other.reading.ended_us.is_some() && vm.is_later_life_of(other));
            lives.max_by_key(|other| other.reading.ended_us).cloned()
        };
        let is_new = |vm: &&Vm| vm.reading.ended_us.is_none() && !vm.goes_on;
        let heirs: Vec<(u32, Vm)> =
            self.vms.values().filter(is_new).filter_map(|vm| Some((vm.reading.runtime, earlier(vm)?))).collect();
        for (runtime, earlier) in heirs {
            self.vms.get_mut(&runtime).into_iter().for_each(|vm| vm.go_on_from(&earlier));
        }
    }

    fn push_mem_growth(&mut self, at_us: u64, used: Option<u64>, is_again: bool) -> Option<f64> {
        match used {
            Some(_) if is_again => {}
            Some(bytes) => self.mem_growth.push(at_us, bytes as f64),
            None => self.mem_growth.clear(),
        }
        self.mem_growth.per_second()
    }

    fn derive_sums(&mut self, now: &NodeReading, is_again: bool) -> Vec<QueueVitals> {
        let mut old = std::mem::take(&mut self.sum_growth);
        let mut derived = Vec::with_capacity(now.sums.len());
        for sum in &now.sums {
            let mut growth = match old.iter().position(|(what, _)| *what == (sum.kind, sum.unit)) {
                Some(n) => old.swap_remove(n).1,
                None => Growth::default(),
            };
            match sum.depth {
                Some(_) if is_again => {}
                Some(depth) => growth.push(now.at_us, depth as f64),
                None => growth.clear(),
            }
            let before = self.before.as_ref().and_then(|b| Some((b.sums.iter().find(|q| q.is_same(sum))?, b.at_us)));
            derived.push(QueueVitals::derive(before, sum, now.at_us, &growth));
            self.sum_growth.push(((sum.kind, sum.unit), growth));
        }
        derived
    }

    /// Takes the tasks of the same node, of which all was told up to the same moment.
    pub(crate) fn adopt_tasks(&mut self, from: &mut Self) {
        self.tasks = std::mem::take(&mut from.tasks);
        self.n_samples = from.n_samples;
    }

    fn take_task(&mut self, reading: &TaskReading, at: Stamp, limit_bytes: Option<u64>, keep: Keep) -> &mut Task {
        match self.tasks.entry(reading.id) {
            std::collections::btree_map::Entry::Occupied(entry) => {
                let task = entry.into_mut();
                task.absorb(reading, at, limit_bytes, keep);
                task
            }
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Task::new(reading, at, limit_bytes, keep))
            }
        }
    }

    fn bury(&mut self, died: &[TaskId]) {
        for id in died {
            self.tasks.remove(id);
            if let Some(focus) = self.focuses.values_mut().find(|f| f.task.id() == *id) {
                focus.has_ended = true;
            }
        }
    }

    /// Queries and focuses that were ended get no more answers; what they told leaves after the hold.
    fn drop_stale_answers(&mut self, mono_us: u64) {
        let hold_us = u64::from(HOLD_TICKS) * self.interval_us;
        let is_stale = |told_us: u64| mono_us.saturating_sub(told_us) > hold_us;
        let stale: Vec<u32> = self.answers.iter().filter(|(_, a)| is_stale(a.mono_us)).map(|(id, _)| *id).collect();
        for id in stale {
            self.answers.remove(&id);
            self.forget_query(id);
        }
        // The last values of a task that has ended stay: somebody is reading them.
        self.focuses.retain(|_, focus| focus.has_ended || !is_stale(focus.mono_us));
    }

    fn forget_query(&mut self, id: u32) {
        for task in self.tasks.values_mut().filter(|t| t.seen.by_query == Some(id)) {
            task.seen.by_query = None;
        }
    }

    fn drop_unseen(&mut self) {
        let now = self.n_samples;
        self.tasks.retain(|_, task| {
            task.seen.in_sample = task.seen.in_sample.filter(|seen| now - seen <= u64::from(HOLD_TICKS));
            task.seen.in_sample.is_some() || task.seen.by_query.is_some()
        });
    }
}

/// Seconds until memory is full at this pace. Ten seconds of growth say nothing about hours: while less than half is
/// used, nothing is foretold.
fn full_in(used: Option<u64>, limit: Option<u64>, growth: Option<f64>) -> Option<f64> {
    let (used, limit) = (used?, limit?);
    let left = limit.saturating_sub(used);
    growth.filter(|g| *g > 0.0 && used >= left).map(|growth| left as f64 / growth)
}

fn values(latest: &Latest) -> [Option<f32>; NodeValue::N] {
    let (reading, vitals) = (&latest.reading, &latest.vitals);
    let mut values = [None; NodeValue::N];
    let mut set = |value: NodeValue, known: Option<f64>| values[value as usize] = known.map(|v| v as f32);
    let share = |severity: Option<midair_vitals::Severity>| severity.map(|s| f64::from(s.per_mille()) / 1000.0);
    let bytes = |bytes: Option<u64>| bytes.map(|b| b as f64);
    set(NodeValue::SeveritySched, share(vitals.severities.sched));
    set(NodeValue::SeverityMem, share(vitals.severities.mem));
    set(NodeValue::SeverityQueue, share(vitals.severities.queue));
    set(NodeValue::SeverityRate, share(vitals.severities.rate));
    set(NodeValue::Cpu, vitals.cpu);
    set(NodeValue::Delay, vitals.delay);
    set(NodeValue::WorstDelay, vitals.worst_delay);
    set(NodeValue::Running, bytes(reading.n_running));
    set(NodeValue::MemUsed, bytes(vitals.mem_used_bytes));
    set(
        NodeValue::SwapUsed,
        reading.swap_total_bytes.zip(reading.swap_free_bytes).map(|(all, free)| all.saturating_sub(free) as f64),
    );
    set(NodeValue::TcpIn, vitals.tcp_in);
    set(NodeValue::TcpOut, vitals.tcp_out);
    set(NodeValue::UdpIn, vitals.udp_in);
    set(NodeValue::UdpOut, vitals.udp_out);
    set(NodeValue::NetRx, vitals.net_rx);
    set(NodeValue::NetTx, vitals.net_tx);
    for kind in QueueKind::ALL {
        let sum = reading.sums.iter().find(|sum| sum.kind == kind);
        set(NodeValue::of_kind(kind), bytes(sum.and_then(|sum| sum.depth)));
    }
    values
}
