//! What a client makes of samples: the other half of the contract, with its assertions.

use std::collections::{BTreeMap, HashMap};

use midair_proto::{
    delta::{Delta, carry_stamps, pin_stamps},
    v1::{Envelope, Node, Sample, Task},
};

use super::sample;

/// The state that a client holds of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Fold {
    pub(super) seq: u64,
    pub(super) node: Node,
    pub(super) tasks: BTreeMap<(u64, u64), Task>,
    pub(super) names: HashMap<u32, String>,
    pub(super) died: Vec<u64>,
    pub(super) left: Vec<u64>,
    tasks_mono_us: u64,
}

impl Fold {
    /// Applies a sample. Fails where a delta does not follow the one before, or uses a name that was never spelled out.
    pub(super) fn apply(&mut self, envelope: &Envelope) {
        let seq = envelope.seq.unwrap();
        let sample = sample(envelope);
        if envelope.key == Some(true) {
            *self = Self::default();
        } else {
            assert_eq!(seq, self.seq + 1, "a delta follows the sample before");
        }
        self.seq = seq;
        self.names.extend(sample.names.iter().map(|n| (n.id.unwrap(), n.text.clone().unwrap())));
        self.change(sample);
        for task in self.tasks.values() {
            for name in [task.name, task.command, task.user, task.cgroup, task.wait_channel].into_iter().flatten() {
                assert!(self.names.contains_key(&name), "name {name} was never spelled out");
            }
        }
    }

    /// When a task was read, as far as this reader can tell.
    pub(super) fn at_us(&self, number: u64) -> u64 {
        self.tasks[&(number, 100)].mono_us.unwrap_or(self.tasks_mono_us)
    }

    /// The rows with their names in place of ids, without what belongs to the moment of entering.
    pub(super) fn resolved(&self) -> Vec<(String, Task)> {
        let row = |task: &Task| {
            let name = self.names[&task.name.unwrap()].clone();
            (name, Task { name: None, user: None, previous: None, ..task.clone() })
        };
        self.tasks.values().map(row).collect()
    }

    fn change(&mut self, sample: Sample) {
        let number = |id: &midair_proto::v1::TaskId| (id.number.unwrap(), id.start.unwrap());
        let before_us = std::mem::replace(&mut self.tasks_mono_us, sample.tasks_mono_us.unwrap());
        let rests = sample.rests == Some(true);
        if rests {
            pin_stamps(self.tasks.values_mut(), before_us);
        } else {
            carry_stamps(self.tasks.values_mut(), before_us, self.tasks_mono_us);
        }
        self.died = sample.died.iter().map(|id| number(id).0).collect();
        self.left = sample.left.iter().map(|id| number(id).0).collect();
        for id in sample.left.iter().chain(&sample.died) {
            assert!(self.tasks.remove(&number(id)).is_some(), "what leaves was there");
        }
        if let Some(gains) = &sample.gains {
            assert_eq!(gains.apply(self.tasks.values_mut(), self.tasks_mono_us), 0, "who gained was there");
        }
        if let Some(node) = sample.node {
            self.node.apply(node);
        }
        for mut task in sample.tasks {
            if rests {
                task.mono_us.get_or_insert(self.tasks_mono_us);
            }
            let key = number(task.id.as_ref().unwrap());
            match self.tasks.get_mut(&key) {
                Some(row) => row.apply(task),
                None => {
                    self.tasks.insert(key, task);
                }
            }
        }
    }
}
