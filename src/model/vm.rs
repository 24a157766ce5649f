//! One Erlang VM as the dashboard knows it: what it said last, what follows from it, how it went, and whether it answers.

mod outlet;

use std::{borrow::Cow, sync::Arc};

use midair_vitals::{
    Growth, Severity, TaskId, TaskKind, VmReading, VmVitals,
    vm::{Growing, Listed, NOT_ASKED_YET, STOPPED, SchedulerKind},
};

use super::{
    links::LOST_US,
    node::Node,
    series::{POINTS_MAX, Series},
    task::{Task, pid_number},
};
use crate::event::{Health, Runtime, Stamp};

pub use outlet::{Outlet, name_of};

/// Links that are gone and remembered.
const LOST_MAX: usize = 64;

/// The values of a VM that charts show, in the order in which its series holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described where VmReading or VmVitals has it")]
pub enum VmValue {
    Utilisation,
    RunQueue,
    Switches,
    Total,
    Rss,
    Messages,
    Pending,
    Reductions,
    In,
    Out,
    Gcs,
}

impl VmValue {
    /// How many there are.
    pub const N: usize = 11;
}

/// How a VM stands to whoever asks it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing<'a> {
    /// It answers.
    Answers,
    /// Nobody asks it, and nothing is wrong with that: why, in the agent's words.
    Unasked(&'a Arc<str>),
    /// It ought to answer and does not: why.
    Silent(&'a Arc<str>),
    /// It is no more: how long ago its process was missed, microseconds, and how it ended, as far as is known.
    Ended {
        /// How long ago.
        ago_us: u64,
        /// How.
        why: Option<&'a Arc<str>>,
    },
}

/// One VM.
#[derive(Clone, Debug, PartialEq)]
pub struct Vm {
    /// What was read last; what it said itself stays while it does not answer.
    pub reading: VmReading,
    /// What follows from it.
    pub vitals: VmVitals,
    /// When its counters last changed here.
    pub at: Stamp,
    /// How it went; see [`VmValue`].
    pub series: Series<{ VmValue::N }>,
    /// Whether its charts go on from those of an earlier life.
    pub(super) goes_on: bool,
    /// Nodes to which it had a link and has none now, and since when.
    lost: Vec<(Arc<str>, Stamp)>,
    before: Option<VmReading>,
    growth: Growth,
}

impl Runtime {
    /// How a VM stands to whoever asks it, as far as its runtime tells.
    pub fn standing(&self) -> Standing<'_> {
        match &self.health {
            Health::Off(why) if self.is_undistributed || **why == *NOT_ASKED_YET => Standing::Unasked(why),
            Health::Off(why) => Standing::Silent(why),
            Health::Ok | Health::Degraded(_) => Standing::Answers,
        }
    }
}

impl Vm {
    /// What was read, after what was known of the same VM. `rss_bytes` is that of its OS process.
    pub(super) fn fold(
        known: Option<Self>,
        reading: &VmReading,
        at: Stamp,
        limit_bytes: Option<u64>,
        rss_bytes: Option<u64>,
    ) -> Self {
        // Another life is compared with nothing, but its charts go on.
        let is_same_life = |vm: &Self| vm.reading.creation == reading.creation || reading.creation.is_none();
        let (known, series) = match known {
            Some(vm) if is_same_life(&vm) => (Some(vm), Series::default()),
            Some(vm) => (None, vm.series),
            None => (None, Series::default()),
        };
        // What did not answer since is not compared with itself: its rates are those of its last answer.
        let is_again = known.as_ref().is_some_and(|vm| vm.reading.at_us == reading.at_us);
        let mut vm = known.unwrap_or_else(|| Self {
            reading: VmReading::default(),
            vitals: VmVitals::default(),
            at,
            series,
            goes_on: false,
            lost: Vec::new(),
            before: None,
            growth: Growth::default(),
        });
        if !is_again {
            let mut last = std::mem::take(&mut vm.reading);
            if let Some(older) = vm.before.take() {
                // Links, ports and sockets are read more seldom: they are compared with the reading before theirs.
                if is_same(last.links.as_ref(), reading.links.as_ref()) {
                    last.links = older.links;
                }
                if is_same(last.ports.as_ref(), reading.ports.as_ref()) {
                    last.ports = older.ports;
                }
                if is_same(last.sockets.as_ref(), reading.sockets.as_ref()) {
                    last.sockets = older.sockets;
                }
            }
            vm.before = last.at_us.is_some().then_some(last);
            vm.at = at;
            if let (Some(at_us), Some(total)) = (reading.at_us, reading.memory.total_bytes) {
                vm.growth.push(at_us, total as f64);
            }
        }
        vm.vitals = VmVitals::derive(vm.before.as_ref(), reading, &vm.growth, limit_bytes);
        vm.lose_links(reading, at);
        vm.reading = reading.clone();
        let values = vm.values(rss_bytes);
        // A VM that does not answer leaves a gap in what it says; its process is seen all the same.
        let values = if is_again { only_rss(values) } else { values };
        if reading.ended_us.is_none() && (!is_again || vm.at < at) {
            vm.series.push(at, values, POINTS_MAX);
        }
        vm
    }

    /// Nodes to which it had a link and has none now, and since when; the last of them.
    pub fn lost_links(&self) -> impl Iterator<Item = (&Arc<str>, Stamp)> {
        self.lost.iter().map(|(name, at)| (name, *at))
    }

    /// Notes which links are gone. Of a list that was cut nothing is known of who is missing.
    fn lose_links(&mut self, now: &VmReading, at: Stamp) {
        let (Some(before), Some(links)) = (&self.before, &now.links) else { return };
        let is_whole = links.n_total.is_none_or(|n| n <= links.rows.len() as u64);
        if !is_whole || (self.lost.is_empty() && before.links.as_ref() == Some(links)) {
            return;
        }
        let has = |name: &Arc<str>| links.rows.iter().any(|link| link.peer == *name);
        self.lost.retain(|(name, since)| !has(name) && at.since_us(*since) < LOST_US);
        for link in before.links.iter().flat_map(|links| &links.rows).filter(|link| !link.is_hidden) {
            if !has(&link.peer) && self.lost.iter().all(|(name, _)| *name != link.peer) {
                self.lost.push((link.peer.clone(), at));
            }
        }
        self.lost.drain(..self.lost.len().saturating_sub(LOST_MAX));
    }

    /// Forgets how it went; what followed from its last answers stays, where those are not old.
    #[cfg(test)]
    pub(crate) fn forget_past(&mut self, now: Stamp) {
        const OLD_US: u64 = 10_000_000;
        (self.series, self.goes_on, self.growth) = Default::default();
        if now.since_us(self.at) > OLD_US {
            (self.at, self.vitals, self.before) = Default::default();
        }
    }

    /// Its charts go on from those of an earlier life of the same name.
    pub(super) fn go_on_from(&mut self, earlier: &Self) {
        let mut series = earlier.series.clone();
        let last = series.points().last().map(|point| point.at);
        for point in self.series.points().filter(|point| last.is_none_or(|last| point.at > last)) {
            series.push(point.at, point.values, POINTS_MAX);
        }
        self.series = series;
        self.goes_on = true;
    }

    /// Whether another VM is an earlier life of this one: of one name, with another creation.
    pub(super) fn is_later_life_of(&self, other: &Self) -> bool {
        let (now, then) = (&self.reading, &other.reading);
        now.name.is_some() && now.name == then.name && now.runtime != then.runtime && now.creation != then.creation
    }

    /// Its name, as far as it is known.
    pub fn name<'a>(&'a self, node: &'a Node) -> &'a str {
        let named = node.runtime_name(self.reading.runtime).filter(|name| !name.is_empty());
        named.or(self.reading.name.as_deref()).unwrap_or("beam")
    }

    /// How the agent speaks of it as a runtime.
    pub fn runtime<'a>(&self, node: &'a Node) -> Option<&'a Runtime> {
        node.runtimes.iter().find(|runtime| runtime.id == self.reading.runtime)
    }

    /// How it stands to whoever asks it.
    pub fn standing<'a>(&'a self, node: &'a Node) -> Standing<'a> {
        if let Some(ended_us) = self.reading.ended_us {
            let now_us = node.latest.as_ref().map_or(ended_us, |latest| latest.mono_us);
            return Standing::Ended { ago_us: now_us.saturating_sub(ended_us), why: self.reading.ended_why.as_ref() };
        }
        self.runtime(node).map_or(Standing::Answers, Runtime::standing)
    }

    /// Why it does not answer though it ought to; `None` while it does, where nobody asks it, and where it has ended.
    pub fn unanswered<'a>(&'a self, node: &'a Node) -> Option<&'a Arc<str>> {
        match self.standing(node) {
            Standing::Silent(why) => Some(why),
            Standing::Answers | Standing::Unasked(_) | Standing::Ended { .. } => None,
        }
    }

    /// Whether what it says is not of now.
    pub fn is_old(&self, node: &Node) -> bool {
        self.standing(node) != Standing::Answers
    }

    /// Whether another VM of its node goes on under its name.
    pub fn later_life<'a>(&self, node: &'a Node) -> Option<&'a Self> {
        node.vms.values().find(|vm| vm.reading.ended_us.is_none() && vm.is_later_life_of(self))
    }

    /// What does not work with it, and why: itself, and lists of which not all was looked at. Of one that has ended where its
    /// crash dump lies.
    pub fn notices<'a>(&'a self, node: &'a Node) -> Vec<Cow<'a, str>> {
        if self.reading.ended_us.is_some() {
            let dump = self.reading.crash_dump.as_ref().and_then(|dump| dump.path.as_ref());
            return dump.map(|path| Cow::from(format!("crash dump: {path}"))).into_iter().collect();
        }
        let itself = self.runtime(node).and_then(|runtime| match (&runtime.health, runtime.standing()) {
            (Health::Ok, _) | (_, Standing::Unasked(_)) => None,
            (Health::Off(why) | Health::Degraded(why), _) => Some(&**why),
        });
        let sockets = self.reading.sockets.as_ref().and_then(|sockets| sockets.partial.as_deref());
        let ports = self.reading.ports.as_ref().and_then(|ports| ports.partial.as_deref());
        let tables = self.reading.tables.as_ref().and_then(|tables| tables.partial.as_deref());
        itself.into_iter().chain(ports).chain(sockets).chain(tables).map(Cow::from).collect()
    }

    /// How old its last answer is, microseconds; `None` where it never answered.
    pub fn answer_age_us(&self, node: &Node) -> Option<u64> {
        Some(node.latest.as_ref()?.mono_us.saturating_sub(self.reading.answered_us?))
    }

    /// Its OS process, where that is among the rows.
    pub fn process<'a>(&self, node: &'a Node) -> Option<&'a Task> {
        node.task(self.reading.process?)
    }

    /// Its Erlang processes that are known here.
    pub fn tasks<'a>(&self, node: &'a Node) -> impl Iterator<Item = &'a Task> + use<'a> {
        let runtime = self.reading.runtime;
        let is_its_own = move |task: &&Task| task.reading.kind == TaskKind::Erlang && task.id().runtime == runtime;
        node.tasks.values().filter(is_its_own)
    }

    /// The process with the deepest mailbox of those that are known here.
    pub fn hottest<'a>(&self, node: &'a Node) -> Option<&'a Task> {
        let depth = |task: &Task| task.worst_queue().and_then(|(queue, _)| queue.depth);
        self.tasks(node).filter(|task| depth(task) > Some(0)).max_by_key(|task| depth(task))
    }

    /// What makes its process as large as it is, where that is unusual.
    pub fn growing(&self, node: &Node) -> Option<Growing> {
        let rss_bytes = self.process(node).and_then(|task| task.reading.rss_bytes);
        self.vitals.growing(&self.reading, rss_bytes)
    }

    /// How long ago the last whole pass over its processes ended, microseconds.
    pub fn sweep_age_us(&self, node: &Node) -> Option<u64> {
        let ended_us = self.reading.sweep.as_ref()?.ended_us?;
        Some(node.latest.as_ref()?.mono_us.saturating_sub(ended_us))
    }

    /// The worst of its severities; nearly all of it where it does not answer or has ended. That nobody asks it is nothing bad.
    pub fn severity(&self, node: &Node) -> Option<Severity> {
        match self.standing(node) {
            Standing::Silent(_) => Some(Severity::from_per_mille(900)),
            Standing::Ended { .. } => Some(Severity::from_per_mille(self.ended_per_mille(node))),
            Standing::Answers | Standing::Unasked(_) => self.vitals.severities.worst(),
        }
    }

    /// How bad it is that it has ended, per mille: less where it runs again, little where it went by itself.
    pub(super) fn ended_per_mille(&self, node: &Node) -> u32 {
        let was_told_to = self.reading.ended_why.as_ref().is_some_and(|why| why.starts_with(STOPPED));
        match self.later_life(node) {
            _ if was_told_to => 300,
            Some(_) => 600,
            None => 950,
        }
    }

    /// The process that holds up the sweep over all of them, and for how long, microseconds.
    pub fn stuck(&self) -> Option<(&Arc<str>, u64)> {
        let sweep = self.reading.sweep.as_ref()?;
        Some((sweep.stuck_at.as_ref()?, u64::from(sweep.stuck_ms?) * 1000))
    }

    /// Which task a pid of it is, in its present life.
    pub fn task_of(&self, pid: &str) -> Option<TaskId> {
        Some(TaskId { runtime: self.reading.runtime, number: pid_number(pid)?, start: self.reading.creation? })
    }

    fn values(&self, rss_bytes: Option<u64>) -> [Option<f32>; VmValue::N] {
        let (reading, vitals) = (&self.reading, &self.vitals);
        let mut values = [None; VmValue::N];
        let mut set = |value: VmValue, known: Option<f64>| values[value as usize] = known.map(|v| v as f32);
        let count = |n: Option<u64>| n.map(|n| n as f64);
        let pending = reading.links.iter().flat_map(|links| &links.rows).filter_map(|link| link.pending_bytes);
        set(VmValue::Utilisation, vitals.utilisation_of(SchedulerKind::Normal));
        set(VmValue::RunQueue, count(reading.run_queue));
        set(VmValue::Switches, vitals.thread_switches);
        set(VmValue::Total, count(reading.memory.total_bytes));
        set(VmValue::Rss, count(rss_bytes));
        set(VmValue::Messages, count(reading.sweep.as_ref().and_then(|sweep| sweep.n_messages)));
        set(VmValue::Pending, count(pending.reduce(u64::saturating_add)));
        set(VmValue::Reductions, vitals.reductions);
        set(VmValue::In, vitals.rate_in);
        set(VmValue::Out, vitals.rate_out);
        set(VmValue::Gcs, vitals.gcs);
        values
    }
}

/// Whether both are of one reading of their own.
fn is_same<T>(before: Option<&Listed<T>>, now: Option<&Listed<T>>) -> bool {
    let at_us = |listed: Option<&Listed<T>>| listed?.at_us;
    at_us(now).is_some() && at_us(before) == at_us(now)
}

fn only_rss(values: [Option<f32>; VmValue::N]) -> [Option<f32>; VmValue::N] {
    let mut kept = [None; VmValue::N];
    kept[VmValue::Rss as usize] = values[VmValue::Rss as usize];
    kept
}

#[cfg(test)]
mod tests;
