//! Where the tasks run: their cgroups and network namespaces, and what they did there in one interval.

use std::path::Path;

use midair_vitals::{CgroupReading, NetNamespace, NodeReading, TaskReading};

use super::{
    cgroups::{CgroupIds, Cgroups, Place},
    namespaces::Namespaces,
    tally::{Netns, Tally},
};
use crate::{
    clock::Clock,
    reading::{Reading, SourceState},
};

/// Cgroups, namespaces, and the counts of a sweep.
///
/// A tick calls [`Whereabouts::read`] beside the files of the node, fills the tally while it sweeps the tasks, and then
/// calls [`Whereabouts::close`].
pub(super) struct Whereabouts {
    cgroups: Cgroups,
    namespaces: Namespaces,
    /// What the sweep has counted.
    pub tally: Tally,
    clock: Clock,
    /// CPU time of this tick, microseconds.
    cgroups_us: u64,
    namespaces_us: u64,
}

impl Whereabouts {
    /// Those of the processes below `root`, a `/proc`.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            cgroups: Cgroups::new(root),
            namespaces: Namespaces::new(root),
            tally: Tally::default(),
            clock: Clock::system(),
            cgroups_us: 0,
            namespaces_us: 0,
        }
    }

    /// Begins a tick: reads the files of the cgroups that are watched, and of the namespaces whose turn it is.
    pub(super) fn read(&mut self, node: &NodeReading) {
        self.tally.clear();
        let began_us = self.clock.thread_cpu_us();
        self.cgroups.read();
        let between_us = self.clock.thread_cpu_us();
        self.namespaces.read(node);
        self.cgroups_us = between_us.saturating_sub(began_us);
        self.namespaces_us = self.clock.thread_cpu_us().saturating_sub(between_us);
    }

    /// Where a process runs, by the text of its `/proc/PID/cgroup`.
    pub(super) fn place(&mut self, text: &[u8]) -> Option<Place> {
        self.cgroups.place(text)
    }

    /// These ids, by which BPF names the cgroups of a process, mean this place: the next process there is found without a
    /// file.
    pub(super) fn learn(&mut self, ids: CgroupIds, place: &Place) {
        self.cgroups.learn(ids, place);
    }

    /// Where a process runs, by such ids; `None` where they are new, or do not tell: then the file does.
    pub(super) fn place_by_ids(&self, ids: &CgroupIds) -> Option<Place> {
        self.cgroups.place_by_ids(ids)
    }

    /// The network namespace of a process: by its inode where a collector knows it, else from its files.
    pub(super) fn netns(&self, pid: u32, inode: Option<u32>) -> Netns {
        inode.map_or_else(|| self.namespaces.of_process(pid), |inode| self.namespaces.of_inode(u64::from(inode)))
    }

    /// Ends a tick: works out what the sweep has counted.
    pub(super) fn close(&mut self, into: &mut Reading) {
        let began_us = self.clock.thread_cpu_us();
        let health = self.cgroups.close(&mut self.tally, &mut into.node, &mut into.cgroups);
        let between_us = self.clock.thread_cpu_us();
        let cpu_us = Some(self.cgroups_us + between_us.saturating_sub(began_us));
        into.sources.push(SourceState { cpu_us, ..SourceState::new("cgroups", health) });
        let health = self.namespaces.close(&self.tally, &self.cgroups, &mut into.node, &mut into.namespaces);
        let cpu_us = Some(self.namespaces_us + self.clock.thread_cpu_us().saturating_sub(between_us));
        into.sources.push(SourceState { cpu_us, ..SourceState::new("namespaces", health) });
    }

    /// The cgroup and the network namespace in which the task of a row runs, for a close look.
    pub(super) fn of(
        &mut self,
        row: &TaskReading,
        node: &NodeReading,
    ) -> (Option<CgroupReading>, Option<NetNamespace>) {
        let cgroup = row.cgroup.as_ref().and_then(|path| self.cgroups.row(path, node));
        (cgroup, self.namespaces.row(row.netns))
    }

    /// The network namespace of the agent.
    pub(super) fn own_namespace(&self) -> Option<u64> {
        self.namespaces.own()
    }

    /// The namespaces that can be read, each with a process in it, the agent's own left out.
    pub(super) fn other_namespaces(&self) -> impl Iterator<Item = (u64, u32)> {
        self.namespaces.others()
    }
}
