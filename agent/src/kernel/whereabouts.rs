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
    governor::Off,
    reading::{Health, Reading, SourceState},
};

/// The names of the two parts, as sources and to be switched off.
const CGROUPS: &str = "cgroups";
const NAMESPACES: &str = "namespaces";

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
    /// What is switched off at this tick.
    off: Off,
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
            off: Off::default(),
            cgroups_us: 0,
            namespaces_us: 0,
        }
    }

    /// Begins a tick: reads the files of the cgroups that are watched, and of the namespaces whose turn it is; of what is
    /// switched off none.
    pub(super) fn read(&mut self, node: &NodeReading, off: &Off) {
        self.tally.clear();
        self.off = off.clone();
        let began_us = self.clock.thread_cpu_us();
        if off.why(CGROUPS).is_none() {
            self.cgroups.read();
        }
        let between_us = self.clock.thread_cpu_us();
        if off.why(NAMESPACES).is_none() {
            self.namespaces.read(node);
        }
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
        match inode {
            Some(inode) => self.namespaces.of_inode(u64::from(inode)),
            None if self.off.why(NAMESPACES).is_some() => Netns::Unknown,
            None => self.namespaces.of_process(pid),
        }
    }

    /// Ends a tick: works out what the sweep has counted.
    pub(super) fn close(&mut self, into: &mut Reading) {
        let began_us = self.clock.thread_cpu_us();
        let health = match self.off.why(CGROUPS) {
            Some(why) => self.cgroups.rest(why),
            None => self.cgroups.close(&mut self.tally, &mut into.node, &mut into.cgroups),
        };
        let between_us = self.clock.thread_cpu_us();
        let cpu_us = Some(self.cgroups_us + between_us.saturating_sub(began_us));
        into.sources.push(SourceState { cpu_us, ..SourceState::new(CGROUPS, health) });
        let health = match self.off.why(NAMESPACES) {
            Some(why) => Health::Off(why),
            None => self.namespaces.close(&self.tally, &self.cgroups, &mut into.node, &mut into.namespaces),
        };
        let cpu_us = Some(self.namespaces_us + self.clock.thread_cpu_us().saturating_sub(between_us));
        into.sources.push(SourceState { cpu_us, ..SourceState::new(NAMESPACES, health) });
    }

    /// The cgroup and the network namespace in which the task of a row runs, for a close look.
    pub(super) fn of(
        &mut self,
        row: &TaskReading,
        node: &NodeReading,
    ) -> (Option<CgroupReading>, Option<NetNamespace>) {
        let path = row.cgroup.as_ref().filter(|_| self.off.why(CGROUPS).is_none());
        let cgroup = path.and_then(|path| self.cgroups.row(path, node));
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

    /// Adds how many TCP listeners there are in each namespace, by the processes that own them. That there are none is said
    /// of a namespace only where its sockets were seen.
    pub(super) fn add_listeners(&self, owners: impl Iterator<Item = u32>, sees_all: bool, into: &mut [NetNamespace]) {
        for namespace in into.iter_mut().filter(|namespace| sees_all || namespace.is_own) {
            namespace.n_listeners = Some(0);
        }
        for owner in owners {
            let member = self.tally.processes.binary_search_by_key(&owner, |process| process.pid).ok();
            let inode = member.and_then(|n| self.tally.processes[n].netns.inode());
            if let Some(namespace) = into.iter_mut().find(|namespace| Some(namespace.inode) == inode) {
                namespace.n_listeners = Some(namespace.n_listeners.unwrap_or(0) + 1);
            }
        }
    }
}
