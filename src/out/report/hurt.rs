//! Who hurt, how long, how badly, and in which words.

use std::collections::BTreeMap;

use midair_vitals::{Severities, Severity, TaskId};

use super::words::plainly;
use crate::{
    event::{NodeId, Sample, Stamp},
    model::{Model, Node, Vital, finding},
    view::finding::sentence,
};

/// From which severities on it is said how long they lasted, per cent.
pub(super) const ABOVE: [u32; 3] = [20, 50, 80];
/// Tasks that are kept at most; then those that hurt least leave.
const TASKS_MAX: usize = 8_192;
/// The words are those of the worst moment; anew only when it is so much worse, per mille: each time costs a look at all.
const WORSE_BY: u32 = 30;

/// How somebody hurt.
#[derive(Clone, Debug)]
pub(super) struct Hurt {
    /// Its node's name.
    pub(super) node: String,
    /// The task, as people call it; empty: the node.
    pub(super) task: String,
    /// How long it was above each of [`ABOVE`], microseconds.
    pub(super) above_us: [u64; 3],
    /// The worst.
    pub(super) worst: Severity,
    /// Of which vital.
    pub(super) vital: Vital,
    /// When.
    pub(super) at: Stamp,
    /// What was found then.
    pub(super) words: Option<String>,
    /// Its worst thread, where that hurt as well.
    pub(super) thread: Option<String>,
    /// Number of its process, on a thread.
    process: Option<u64>,
    worded: u32,
    last: Stamp,
}

/// All who hurt.
#[derive(Debug, Default)]
pub(super) struct Hurts {
    nodes: BTreeMap<NodeId, Hurt>,
    tasks: BTreeMap<(NodeId, TaskId), Hurt>,
}

impl Hurts {
    /// Takes what a sample says, which the model has folded in.
    pub(super) fn take(&mut self, model: &Model, node: &Node, sample: &Sample, at: Stamp) {
        let Some(latest) = node.latest.as_ref().filter(|latest| latest.at == at) else { return };
        let longest_us = node.interval_us * 5 / 2;
        let hurt = self.nodes.entry(node.id.clone()).or_insert_with(|| Hurt::new(node.name(), String::new(), at));
        let mut found = None;
        if hurt.take(latest.vitals.severities, at, longest_us) {
            let all = found.get_or_insert_with(|| finding::findings(model, Some(&node.id), at));
            hurt.words = all.first().map(sentence);
        }
        for reading in &sample.tasks {
            let Some(task) = node.tasks.get(&reading.id) else { continue };
            let key = (node.id.clone(), reading.id);
            let is_bad = task.vitals.worst().is_some_and(|worst| worst.percent() >= ABOVE[0]);
            if !is_bad && !self.tasks.contains_key(&key) {
                continue;
            }
            let hurt = self
                .tasks
                .entry(key)
                .or_insert_with(|| Hurt { process: reading.process, ..Hurt::new(node.name(), task.title(), at) });
            if hurt.take(task.vitals.severities, at, longest_us) {
                let all = found.get_or_insert_with(|| finding::findings(model, Some(&node.id), at));
                let about = all.iter().find(|finding| finding.is_about(reading.id)).map(sentence);
                hurt.words = about.or_else(|| plainly(task, hurt.vital)).or(hurt.words.take());
            }
        }
        if self.tasks.len() > TASKS_MAX {
            let mut all: Vec<_> = self.tasks.values().map(Hurt::rank).collect();
            let (_, median, _) = all.select_nth_unstable(TASKS_MAX / 2);
            let least = *median;
            self.tasks.retain(|_, hurt| hurt.rank() >= least);
        }
    }

    /// Of a process and a thread of it that hurt alike one is enough: the process, which names its worst thread.
    pub(super) fn join_threads(&mut self) {
        let threads = self.tasks.iter().filter(|(_, hurt)| hurt.process.is_some() && hurt.is_bad());
        let mut threads: Vec<(NodeId, TaskId)> = threads.map(|(key, _)| key.clone()).collect();
        threads.sort_by_key(|key| std::cmp::Reverse(self.tasks[key].rank()));
        for key in threads {
            let thread = &self.tasks[&key];
            let (title, vital) = (thread.task.clone(), thread.vital);
            let is_its = |id: &TaskId, hurt: &Hurt| Some(id.number) == thread.process && hurt.process.is_none();
            let process = self.tasks.iter().find(|((node, id), hurt)| {
                *node == key.0
                    && id.runtime == key.1.runtime
                    && is_its(id, hurt)
                    && hurt.is_bad()
                    && hurt.vital == vital
            });
            let Some(process) = process.map(|(key, _)| key.clone()) else { continue };
            self.tasks.remove(&key);
            if let Some(process) = self.tasks.get_mut(&process) {
                process.thread.get_or_insert(title);
            }
        }
    }

    /// The nodes that hurt, the worst first.
    pub(super) fn nodes(&self) -> Vec<&Hurt> {
        ranked(self.nodes.values())
    }

    /// The tasks that hurt, the worst first.
    pub(super) fn tasks(&self) -> Vec<&Hurt> {
        ranked(self.tasks.values())
    }
}

impl Hurt {
    fn new(node: &str, task: String, at: Stamp) -> Self {
        Self {
            node: node.to_owned(),
            task,
            above_us: [0; 3],
            worst: Severity::default(),
            vital: Vital::Worst,
            at,
            words: None,
            thread: None,
            process: None,
            worded: 0,
            last: at,
        }
    }

    /// Takes severities at a moment, which hold since the one before; whether new words are due.
    fn take(&mut self, severities: Severities, at: Stamp, longest_us: u64) -> bool {
        let since_us = at.since_us(std::mem::replace(&mut self.last, at)).min(longest_us);
        let Some(worst) = severities.worst() else { return false };
        for (sum_us, percent) in self.above_us.iter_mut().zip(ABOVE) {
            *sum_us += if worst.per_mille() >= percent * 10 { since_us } else { 0 };
        }
        if worst <= self.worst {
            return false;
        }
        let vital = Vital::FOUR.into_iter().find(|vital| vital.of(severities) == Some(worst));
        (self.worst, self.at, self.vital) = (worst, at, vital.unwrap_or_default());
        let is_due = worst.percent() >= ABOVE[0] && worst.per_mille() >= self.worded + WORSE_BY;
        if is_due {
            self.worded = worst.per_mille();
        }
        is_due
    }

    fn is_bad(&self) -> bool {
        self.worst.percent() >= ABOVE[0]
    }

    fn rank(&self) -> (u64, u64, u64, Severity) {
        let [above_20, above_50, above_80] = self.above_us;
        (above_80, above_50, above_20, self.worst)
    }
}

fn ranked<'a>(all: impl Iterator<Item = &'a Hurt>) -> Vec<&'a Hurt> {
    let mut bad: Vec<&Hurt> = all.filter(|hurt| hurt.is_bad()).collect();
    bad.sort_by(|a, b| b.rank().cmp(&a.rank()).then_with(|| (&a.node, &a.task).cmp(&(&b.node, &b.task))));
    bad
}

#[cfg(test)]
mod tests;
