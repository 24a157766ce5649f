//! Cgroups: in which a process runs, what they use, what holds them back, and who waits because of whom.
//!
//! Every cgroup with processes is counted at each tick, from what the sweep over the tasks says anyhow. The files are read
//! of at most [`WATCHED`], those whose tasks used or waited for most CPU: a few at each tick, through at most five
//! descriptors each that are kept open, the others in turns. Of all further cgroups some are looked at per tick, to see
//! whether a quota or a limit makes them worth watching.

mod blame;
mod book;
mod label;
mod paths;
mod quota;
mod trees;
mod values;
mod watch;

use std::{path::PathBuf, sync::Arc};

use midair_vitals::{CgroupKind, CgroupReading, NodeReading};

pub(super) use self::book::CgroupIds;
use self::{
    blame::{Shape, blame},
    book::{Book, Entry},
    trees::Trees,
    watch::Watch,
};
use super::tally::{CgroupId, Tally};
use crate::{reading::Health, stream::N_CGROUPS};

/// Cgroups whose files are read at each tick: as many as the stream takes.
const WATCHED: usize = N_CGROUPS;

/// Mounts are looked at again after so many ticks, where something is out of sight.
const LOOK_AGAIN: u64 = 60;

/// Where a process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// To be told to the tally at each sweep while the process lives: what nobody is in is forgotten.
    pub id: CgroupId,
    /// The path of its cgroup.
    pub path: Arc<str>,
    /// Its container, pod or unit.
    pub unit: Option<Arc<str>>,
}

/// The cgroups of this host.
#[derive(Debug)]
pub(super) struct Cgroups {
    /// `/proc/self`.
    own: PathBuf,
    /// Whether this agent is in a pid namespace of its own.
    is_contained: bool,
    trees: Trees,
    book: Book,
    watch: Watch,
    tick: u64,
    sums: Sums,
}

/// Cumulative times of the whole node.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// Time in which quotas held tasks back, microseconds: in their run delay, and beside it.
    quota_us: u64,
    beside_us: u64,
    /// Run delay that other cgroups caused, nanoseconds.
    neighbour_ns: f64,
}

impl Cgroups {
    /// The cgroups that the mounts of this process show; `root` is that of a `/proc`.
    pub(super) fn new(root: &std::path::Path) -> Self {
        let mut cgroups = Self {
            own: root.join("self"),
            // The first one has this inode always (PROC_PID_INIT_INO, include/linux/proc_ns.h).
            is_contained: std::fs::read_link(root.join("self/ns/pid"))
                .is_ok_and(|link| link.as_os_str() != "pid:[4026531836]"),
            trees: Trees::default(),
            book: Book::default(),
            watch: Watch::default(),
            tick: 0,
            sums: Sums::default(),
        };
        cgroups.look_for_mounts();
        cgroups
    }

    /// Where a process runs, by the text of its `/proc/PID/cgroup`.
    pub(super) fn place(&mut self, text: &[u8]) -> Option<Place> {
        let n = self.book.find(text, &self.trees)?;
        self.place_of(n)
    }

    /// These ids mean this place.
    pub(super) fn learn(&mut self, ids: CgroupIds, place: &Place) {
        self.book.learn(ids, place.id.0);
    }

    /// Where a process runs, by such ids.
    pub(super) fn place_by_ids(&self, ids: &CgroupIds) -> Option<Place> {
        self.place_of(self.book.find_by_ids(ids)?)
    }

    fn place_of(&self, n: u32) -> Option<Place> {
        let entry = self.book.entry(n)?;
        Some(Place { id: CgroupId(n), path: entry.path.clone(), unit: entry.name.clone() })
    }

    /// What a cgroup is called, and what sort of thing it holds.
    pub(super) fn unit(&self, CgroupId(n): CgroupId) -> Option<(Arc<str>, CgroupKind)> {
        let entry = self.book.entry(n)?;
        Some((entry.name.clone()?, entry.kind))
    }

    /// Reads the files of the watched cgroups. Done beside those of the node, for both carry one stamp.
    pub(super) fn read(&mut self) {
        self.tick += 1;
        self.watch.read(&mut self.book, &self.trees, self.tick);
    }

    /// Takes in what the sweep counted: who waited because of whom, and which cgroups to watch from now on. `node` holds
    /// what was read of the host at this tick.
    pub(super) fn close(&mut self, tally: &mut Tally, node: &mut NodeReading, into: &mut Vec<CgroupReading>) -> Health {
        let is_first = self.tick == 1;
        self.book.count(tally);
        let shares = self.add_throttled();
        if !is_first {
            let shape = Shape { parents: &self.book.parents(), quota_shares: &shares };
            let blame = blame(&mut tally.runs, shape);
            self.sums.neighbour_ns += blame.neighbour_ns;
            for (n, entry) in self.book.iter_mut() {
                entry.caused_ns += blame.caused_ns[n as usize];
            }
        }
        self.watch.choose(&mut self.book, &self.trees, node.mem_total_bytes);
        self.bind(node);
        // Without files nobody knows of quotas; without run delay nobody knows who waited.
        let has_files = !self.trees.is_empty();
        let has_delay = node.run_delay_us.is_some();
        node.throttled_us = has_files.then_some(self.sums.beside_us);
        node.delay_quota_us = (has_files && has_delay).then_some(self.sums.quota_us);
        node.delay_neighbour_us = has_delay.then_some(self.sums.neighbour_ns as u64 / 1000);
        node.n_cgroups = Some(self.book.iter().filter(|(_, entry)| entry.n_processes > 0).count() as u64);
        let watched = self.watch.busiest_first(&self.book);
        into.extend(watched.filter_map(|n| self.reading(n, node)));
        self.health()
    }

    /// Lets all files go, for this part is switched off: why.
    pub(super) fn rest(&mut self, why: Arc<str>) -> Health {
        self.book.move_to(&self.trees);
        self.watch.stop();
        Health::Off(why)
    }

    /// Whether one memory limit binds every process that is seen: that of the container in which this agent is with all of
    /// them. Then what is available is what that limit leaves, whatever the host has. On a host no limit does, for that of
    /// the agent's own cgroup says nothing of the others, whose memory is counted in what the node uses.
    fn bind(&mut self, node: &mut NodeReading) {
        if !self.is_contained {
            return;
        }
        if self.tick % LOOK_AGAIN == 1 {
            // An agent whose own file cannot be read knows of no limit.
            let text = std::fs::read(self.own.join("cgroup")).unwrap_or_default();
            self.watch.own = self.book.find(&text, &self.trees);
        }
        let Some(own) = self.watch.own.and_then(|n| self.book.entry(n)) else { return };
        let mut others = self.book.iter().filter(|(_, entry)| entry.n_processes > 0);
        let values = own.gauges.values();
        let used = values.mem_bytes.map(|bytes| bytes.saturating_sub(values.mem_inactive_bytes.unwrap_or(0)));
        let limit = self.watch.own.and_then(|n| watch::nearest_limit(&self.book, n, node.mem_total_bytes));
        let Some((limit, used)) = limit.zip(used) else { return };
        if others.all(|(_, entry)| paths::is_above(&own.path, &entry.path)) {
            node.mem_limit_bytes = Some(limit);
            let left = limit.saturating_sub(used);
            node.mem_available_bytes = node.mem_available_bytes.map(|bytes| bytes.min(left));
        }
    }

    /// Splits the time in which quotas held cgroups back; gives the share of each cgroup's run delay that is due to it.
    fn add_throttled(&mut self) -> Vec<f64> {
        let (mut quota_us, mut delay_us) = (0, 0);
        for (_, entry) in self.book.iter_mut() {
            let moved_us = entry.moved.delay_ns / 1000;
            delay_us += if entry.parent.is_none() { moved_us } else { 0 };
            let now = entry.gauges.values().throttled_us.filter(|_| entry.is_watched);
            let before = std::mem::replace(&mut entry.throttled_us, now);
            let Some(throttled_us) = midair_vitals::rate::advance(before, now) else {
                entry.quota_share = 0.0;
                continue;
            };
            let split = entry.balance.add(throttled_us, moved_us);
            quota_us += split.in_delay_us;
            self.sums.beside_us += split.beside_us;
            entry.quota_share = (split.in_delay_us as f64 / moved_us.max(1) as f64).min(1.0);
        }
        // A quota above another one may hold the same task back at the same time.
        self.sums.quota_us += quota_us.min(delay_us);
        let free = |entry: &Entry| 1.0 - entry.quota_share;
        let share = |n| 1.0 - self.book.upwards(n).map(free).product::<f64>();
        (0..self.book.n_slots()).map(share).collect()
    }

    /// What is known of a cgroup, `None` where none is known by this path.
    pub(super) fn row(&mut self, path: &str, node: &NodeReading) -> Option<CgroupReading> {
        let n = self.book.by_path(path)?;
        self.watch.look(&mut self.book, &self.trees, n);
        self.reading(n, node)
    }

    fn reading(&self, n: u32, node: &NodeReading) -> Option<CgroupReading> {
        let entry = self.book.entry(n)?;
        let values = entry.gauges.values();
        let has_delay = node.run_delay_us.is_some();
        Some(CgroupReading {
            path: entry.path.clone(),
            name: entry.name.clone(),
            kind: entry.kind,
            at_us: node.at_us,
            n_processes: Some(entry.n_processes),
            n_threads: Some(entry.n_threads),
            // One or the other for the whole life of the cgroup: from a sum to a count from its birth would be a leap.
            cpu_us: if entry.gauges.count_cpu() { values.cpu_us } else { Some(entry.used.cpu_ns / 1000) },
            run_delay_us: has_delay.then_some(entry.used.delay_ns / 1000),
            throttled_us: values.throttled_us.filter(|_| values.quota_us.is_some()),
            n_throttled: values.n_throttled.filter(|_| values.quota_us.is_some()),
            n_periods: values.n_periods.filter(|_| values.quota_us.is_some()),
            quota_milli: values.quota_milli(),
            mem_bytes: values.mem_bytes,
            mem_inactive_bytes: values.mem_inactive_bytes,
            mem_limit_bytes: watch::nearest_limit(&self.book, n, node.mem_total_bytes),
            n_oom_kills: values.n_oom_kills,
            psi_cpu_some_us: values.psi_cpu_some_us,
            psi_mem_some_us: values.psi_mem_some_us,
            psi_io_some_us: values.psi_io_some_us,
            caused_delay_us: has_delay.then_some(entry.caused_ns as u64 / 1000),
        })
    }

    fn health(&mut self) -> Health {
        if self.trees.is_empty() {
            self.look_for_mounts();
            let why = "no cgroup filesystem is mounted here: of cgroups only what their tasks use is known; mount \
                /sys/fs/cgroup of the host";
            return Health::Degraded(why.into());
        }
        let is_hidden = |entry: &Entry| entry.n_processes > 0 && &*entry.path != "/" && entry.gauges.is_empty();
        let n_hidden = self.book.iter().filter(|(_, entry)| is_hidden(entry)).count();
        if n_hidden == 0 {
            return Health::Ok;
        }
        if self.tick.is_multiple_of(LOOK_AGAIN) {
            self.look_for_mounts();
        }
        let n = self.book.iter().filter(|(_, entry)| entry.n_processes > 0).count();
        let why = format!(
            "of {n_hidden} of {n} cgroups only what their tasks use is known: they lie outside of what is mounted here; run \
             midair-agent in the host's cgroup namespace, or mount the host's /sys/fs/cgroup"
        );
        Health::Degraded(why.into())
    }

    /// Mounts may come later than the agent, as in a container that is being made.
    fn look_for_mounts(&mut self) {
        // Without a mountinfo (a /proc that knows this process not) there are no mounts to be found.
        let text = std::fs::read(self.own.join("mountinfo")).unwrap_or_default();
        let trees = Trees::find(&text);
        self.book.move_to(&trees);
        self.trees = trees;
    }
}

#[cfg(test)]
mod tests;
