//! The cgroups that are known: those with processes in them, and all above these but the root.

use std::{collections::HashMap, sync::Arc};

use midair_vitals::CgroupKind;

use super::{
    label::{Label, label},
    paths::{Paths, parent},
    quota::Balance,
    trees::Trees,
    values::Gauges,
};
use crate::kernel::tally::{CgroupId, Tally};

/// The known cgroups, by their ids. Ids of cgroups that are gone are used again.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: Vec<Option<Box<Entry>>>,
    by_path: HashMap<Arc<str>, u32>,
    /// Whole texts of `/proc/PID/cgroup`: the processes of one cgroup all have the same.
    by_text: HashMap<Box<[u8]>, u32>,
    /// By what BPF says of a process.
    by_ids: HashMap<CgroupIds, u32>,
    tick: u64,
    /// In which hierarchies `/` is a cgroup like others.
    has_bound_root: [bool; 4],
}

/// The directories of a process' cgroups as BPF names them: of v2, and of the cpu and memory controllers wherever they are.
pub(in crate::kernel) type CgroupIds = [Option<u64>; 3];

/// What the tasks of a cgroup used and waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub cpu_ns: u64,
    pub delay_ns: u64,
}

/// A cgroup that is known.
#[derive(Debug)]
pub(super) struct Entry {
    pub path: Arc<str>,
    pub name: Option<Arc<str>>,
    pub kind: CgroupKind,
    /// The cgroup above; `None` for the root of the hierarchy and for those directly below it.
    pub parent: Option<u32>,
    pub gauges: Gauges,
    hierarchies: [bool; 4],
    /// Processes in it at this tick, without those below.
    pub n_processes: u64,
    /// Threads of these.
    pub n_threads: u64,
    /// Cgroups directly below it that hold processes, or others that do.
    pub n_below: u32,
    /// What its tasks and those below did in this interval.
    pub moved: Used,
    /// The same since they were first seen.
    pub used: Used,
    /// Run delay that it caused to others, nanoseconds.
    pub caused_ns: f64,
    /// Throttled time at the reading before, microseconds.
    pub throttled_us: Option<u64>,
    pub balance: Balance,
    /// Share of the run delay of this interval that its own quota explains.
    pub quota_share: f64,
    pub is_watched: bool,
    /// Whether a process in it was killed for lack of memory at this tick, or as the last one that it held.
    pub has_killed: bool,
    /// Whether its files were ever read.
    pub is_read: bool,
    /// The tick at which it, or one below, last held a process.
    seen: u64,
}

/// A cgroup in which nobody is stays known for so many ticks: services restart.
const FORGET_AFTER: u64 = 10;

impl Book {
    /// The cgroup of a process by the text of its `/proc/PID/cgroup`; `None` where that names none.
    pub(super) fn find(&mut self, text: &[u8], trees: &Trees) -> Option<u32> {
        if let Some(n) = self.by_text.get(text) {
            return Some(*n);
        }
        let paths = Paths::read(text)?;
        let n = self.enter(&paths.known_by, &paths, trees);
        self.by_text.insert(text.into(), n);
        Some(n)
    }

    /// The cgroup of a process by the ids of its directories, where [`Book::learn`] was told of them.
    pub(super) fn find_by_ids(&self, ids: &CgroupIds) -> Option<u32> {
        self.by_ids.get(ids).copied()
    }

    /// These ids mean this cgroup: where its path is that of one of the hierarchies that the ids are of. Another one may
    /// tell two places apart that these do not.
    pub(super) fn learn(&mut self, ids: CgroupIds, n: u32) {
        if self.entry(n).is_some_and(|entry| entry.hierarchies != [false; 4]) {
            self.by_ids.insert(ids, n);
        }
    }

    /// The cgroup with a path.
    pub(super) fn by_path(&self, path: &str) -> Option<u32> {
        self.by_path.get(path).copied()
    }

    /// A cgroup that is known.
    pub(super) fn entry(&self, n: u32) -> Option<&Entry> {
        self.entries.get(n as usize)?.as_deref()
    }

    /// The same, to be changed.
    pub(super) fn entry_mut(&mut self, n: u32) -> Option<&mut Entry> {
        self.entries.get_mut(n as usize)?.as_deref_mut()
    }

    /// All that are known.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0..).zip(&self.entries).filter_map(|(n, entry)| Some((n, entry.as_deref()?)))
    }

    /// One more than the highest id.
    pub(super) fn n_slots(&self) -> u32 {
        self.entries.len() as u32
    }

    /// The mounts have changed: all files are found anew.
    pub(super) fn move_to(&mut self, trees: &Trees) {
        self.has_bound_root = trees.has_bound_root();
        // What was read of processes is looked at again, for it depends on where the root is.
        self.by_text.clear();
        self.by_ids.clear();
        for entry in self.entries.iter_mut().flatten() {
            entry.gauges = Gauges::new(trees, &entry.path, entry.hierarchies);
            entry.is_read = false;
            entry.is_watched = false;
        }
    }

    /// All that are known, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Entry)> {
        (0..).zip(&mut self.entries).filter_map(|(n, entry)| Some((n, entry.as_deref_mut()?)))
    }

    /// A cgroup and all above it that are known.
    pub(super) fn upwards(&self, n: u32) -> impl Iterator<Item = &Entry> {
        std::iter::successors(self.entry(n), |entry| self.entry(entry.parent?))
    }

    /// Parents by the ids of all.
    pub(super) fn parents(&self) -> Vec<Option<u32>> {
        self.entries.iter().map(|entry| entry.as_ref()?.parent).collect()
    }

    /// Takes in what a sweep counted. Cgroups in which nobody has been for a while are forgotten.
    pub(super) fn count(&mut self, tally: &Tally) {
        self.tick += 1;
        for entry in self.entries.iter_mut().flatten() {
            (entry.n_processes, entry.n_threads, entry.n_below, entry.moved) = (0, 0, 0, Used::default());
        }
        for process in &tally.processes {
            let Some(entry) = process.cgroup.and_then(|CgroupId(n)| self.entry_mut(n)) else { continue };
            entry.n_processes += 1;
            entry.n_threads += u64::from(process.n_threads);
        }
        for run in &tally.runs {
            let Some(entry) = run.cgroup.and_then(|CgroupId(n)| self.entry_mut(n)) else { continue };
            entry.moved.add(Used { cpu_ns: run.cpu_ns, delay_ns: run.delay_ns });
        }
        self.add_upwards();
        self.forget();
    }

    /// Adds what was counted of each cgroup to those above it.
    fn add_upwards(&mut self) {
        let own: Vec<(u32, Used, bool)> = self.iter().map(|(n, e)| (n, e.moved, e.n_processes > 0)).collect();
        for (n, moved, is_live) in own {
            let tick = self.tick;
            let mut at = self.entry_mut(n).and_then(|entry| {
                entry.seen = if is_live { tick } else { entry.seen };
                entry.parent.filter(|_| is_live || moved != Used::default())
            });
            // Whether the cgroup above hears for the first time at this tick that somebody is here.
            let mut is_news = is_live;
            while let Some(above) = at.and_then(|n| self.entry_mut(n)) {
                above.moved.add(moved);
                let was_live = above.n_processes > 0 || above.n_below > 0;
                above.n_below += u32::from(is_news);
                above.seen = if is_live { tick } else { above.seen };
                is_news &= !was_live;
                at = above.parent;
            }
        }
        for (_, entry) in self.iter_mut() {
            entry.used.add(entry.moved);
        }
    }

    /// Whether the last process in a cgroup, or below, has ended at this tick or at the one before.
    pub(super) fn has_emptied(&self, entry: &Entry) -> bool {
        !entry.is_live() && entry.seen + 2 >= self.tick
    }

    fn forget(&mut self) {
        let tick = self.tick;
        let is_gone = |entry: &Entry| entry.seen + FORGET_AFTER < tick;
        if !self.entries.iter().flatten().any(|entry| is_gone(entry)) {
            return;
        }
        for slot in &mut self.entries {
            if let Some(entry) = slot.take_if(|entry| is_gone(entry)) {
                self.by_path.remove(&entry.path);
            }
        }
        let lives = |n: &u32| self.entries.get(*n as usize).is_some_and(Option::is_some);
        self.by_text.retain(|_, n| lives(n));
        self.by_ids.retain(|_, n| lives(n));
    }

    /// The entry of a path, made with those above it where it is new; `paths` are those of a process in it or below.
    fn enter(&mut self, path: &str, paths: &Paths, trees: &Trees) -> u32 {
        let hierarchies = paths.hierarchies_of(path, self.has_bound_root);
        // The root of a hierarchy holds everybody, and nobody more than others.
        let is_bound = |above: &&str| *above != "/" || self.has_bound_root.contains(&true);
        let above = parent(path).filter(is_bound).map(|above| self.enter(above, paths, trees));
        let tick = self.tick;
        if let Some(n) = self.by_path(path) {
            if let Some(entry) = self.entry_mut(n) {
                entry.see_in(hierarchies, trees);
                entry.seen = tick;
            }
            return n;
        }
        let path: Arc<str> = path.into();
        let Label { name, mut kind } = label(&path);
        if &*path == "/" && hierarchies.contains(&true) {
            // Whoever made the namespace of this agent knows its name; inside nobody does.
            kind = CgroupKind::Container;
        }
        let entry = Box::new(Entry {
            name: name.map(Into::into),
            kind,
            parent: above,
            gauges: Gauges::new(trees, &path, hierarchies),
            hierarchies,
            path: path.clone(),
            n_processes: 0,
            n_threads: 0,
            n_below: 0,
            moved: Used::default(),
            used: Used::default(),
            caused_ns: 0.0,
            throttled_us: None,
            balance: Balance::default(),
            quota_share: 0.0,
            is_watched: false,
            has_killed: false,
            is_read: false,
            seen: tick,
        });
        let free = self.entries.iter().position(Option::is_none);
        let n = free.unwrap_or(self.entries.len());
        match free {
            Some(n) => self.entries[n] = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        let n = u32::try_from(n).expect("there are fewer cgroups than processes");
        self.by_path.insert(path, n);
        n
    }
}

impl Entry {
    /// A process may tell of a hierarchy that others have not told of.
    fn see_in(&mut self, hierarchies: [bool; 4], trees: &Trees) {
        let all = std::array::from_fn(|n| self.hierarchies[n] || hierarchies[n]);
        if all != self.hierarchies {
            self.hierarchies = all;
            self.gauges = Gauges::new(trees, &self.path, all);
            self.is_read = false;
        }
    }

    /// Whether processes are in it or below.
    pub(super) fn is_live(&self) -> bool {
        self.n_processes > 0 || self.n_below > 0
    }
}

impl Used {
    fn add(&mut self, other: Self) {
        self.cpu_ns += other.cpu_ns;
        self.delay_ns += other.delay_ns;
    }
}

#[cfg(test)]
mod tests;
