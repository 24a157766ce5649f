//! The base streams: each is encoded once per tick, whoever watches; a key stands alone, a delta says what changed.
//!
//! Watchers that ask for a longer interval share a stream of their own per interval, with its own numbering and its own
//! deltas: a slow watcher's delta holds all that changed since *its* last sample. At most [`N_INTERVALS`] are served at
//! once; beyond it an interval is made longer until it meets one that is.
//!
//! `died` names rows of the stream whose tasks have ended; a task that never stood in the stream is not missed there.

mod kept;
mod vms;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use midair_proto::{
    delta::{Delta, carry_stamps},
    v1::{
        Cgroup, Cost, Cpu, Envelope, NetNamespace, Node, Sample, SourceCost, Stream, Task, TaskId as WireId, Vm,
        payload::Kind,
    },
};
use midair_vitals::{Previous, TaskId, TaskReading};

use crate::{encode, identity::Identity, names::Names, numbers::NumberSet, tick::Tick};

/// A key goes to all watchers of a stream at least this often.
pub const KEY_EVERY_US: u64 = 30_000_000;

/// Distinct intervals that one stream serves at once.
pub const N_INTERVALS: usize = 8;

/// Cgroups that the detail stream takes; the source chooses which.
pub const N_CGROUPS: usize = 64;

/// Network namespaces that the detail stream takes.
pub const N_NAMESPACES: usize = 64;

/// Erlang VMs that the detail stream takes: those that run and those that have ended lately.
pub const N_VMS: usize = 24;

/// How far from its true moment a resting row may stand on the reader's side, as a part of the time between two samples:
/// so far may the first rate be off when it stirs.
const STAMP_SLACK: u64 = 50;

/// Which encoding of which stream: the samples of every so manieth tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// Which base stream.
    pub stream: Stream,
    /// Every so many ticks; at least 1.
    pub every: u64,
    /// Whether it is told as a black box keeps it: in few bytes, see `kept`.
    pub is_kept: bool,
}

impl StreamKey {
    /// Whether this tick is one of the stream's.
    pub fn is_due(self, tick: u64) -> bool {
        tick % self.every == 1 % self.every
    }

    /// Number of the sample in its stream, from 1.
    fn seq(self, tick: u64) -> u64 {
        tick.div_ceil(self.every)
    }
}

/// One stream at one interval.
#[derive(Debug)]
pub struct Encoder {
    key: StreamKey,
    identity: Arc<Identity>,
    /// All that the stream holds since its last sample.
    full: Full,
    /// Names that every watcher of the stream has been sent.
    ///
    /// INVARIANT: no larger than what the last key spelled out and what deltas spelled out since: a watcher that came
    /// with that key knows no others.
    sent: NumberSet,
    last_key_us: u64,
    /// Of a stream that is kept: what its reader expects of each row.
    pace: kept::Pace,
    /// The last sample as a key, once somebody has asked for it.
    shared_key: Option<Envelope>,
    n_encoded: u64,
}

/// What a stream holds at one tick.
#[derive(Clone, Debug, Default)]
struct Full {
    seq: u64,
    mono_us: u64,
    wall_us: u64,
    node_mono_us: u64,
    tasks_mono_us: u64,
    node: Node,
    /// In order of their ids.
    tasks: Vec<(TaskId, Task)>,
    /// Their counters at the tick before, in the same order: of a row that enters, and of all in a key, these travel too.
    /// Where the stream is kept they stand in the rows.
    previous: Vec<Option<Previous>>,
    cpus: Vec<Cpu>,
    /// By the name id of their paths.
    cgroups: BTreeMap<u32, Cgroup>,
    /// By their inodes.
    namespaces: BTreeMap<u64, NetNamespace>,
    /// By their runtimes.
    vms: BTreeMap<u32, Vm>,
    cost: Option<Cost>,
    source_costs: Vec<SourceCost>,
}

/// What a stream is made of at one tick.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The tick.
    pub tick: &'a Tick,
    /// The stream's rows, as places in its reading.
    pub rows: &'a [usize],
    /// So many of them, the first, are noted: where the stream is kept, they are told whatever its reader expects.
    pub n_noted: usize,
    /// What the agent costs.
    pub cost: &'a Cost,
}

impl Encoder {
    /// A stream that begins with this tick; ask for its [`Encoder::key`].
    pub fn new(key: StreamKey, identity: Arc<Identity>, content: Content<'_>, names: &mut Names) -> Self {
        let mut full = Full::of(key, content, names);
        let mut pace = kept::Pace::default();
        if key.is_kept {
            pace.begin(&mut full);
        }
        let last_key_us = full.mono_us;
        Self { key, identity, full, sent: NumberSet::default(), last_key_us, pace, shared_key: None, n_encoded: 0 }
    }

    /// Goes on to this tick: a delta against the sample before, or a key when one is due.
    pub fn advance(&mut self, content: Content<'_>, names: &mut Names) -> Envelope {
        let mut before = std::mem::replace(&mut self.full, Full::of(self.key, content, names));
        self.shared_key = None;
        // A reading without any task is one that failed: nobody can tell who has ended.
        let has_died = |id: &TaskId| !content.tick.is_alive(id) && !content.tick.reading.tasks.is_empty();
        let mut sample = if self.key.is_kept {
            let noted = content.rows.iter().take(content.n_noted);
            let noted = noted.filter_map(|n| Some(content.tick.reading.tasks.get(*n)?.id)).collect();
            self.pace.since(&mut self.full, &mut before, &noted, has_died)
        } else {
            self.full.since(&mut before, has_died)
        };
        // Who keeps a stream asks for its keys.
        if !self.key.is_kept && self.full.mono_us.saturating_sub(self.last_key_us) >= KEY_EVERY_US {
            return self.key(names);
        }
        let used: BTreeSet<u32> = used_names(&sample).filter(|id| !self.sent.contains(id)).collect();
        sample.names = names.spell(&used);
        self.sent.extend(used);
        self.envelope(encode::payload(Kind::Sample(sample)), false)
    }

    /// The stream's last sample as a key: encoded when first asked for, then shared.
    pub fn key(&mut self, names: &mut Names) -> Envelope {
        if let Some(key) = &self.shared_key {
            return key.clone();
        }
        let mut sample = self.full.all();
        sample.rests = self.key.is_kept.then_some(true);
        let used: BTreeSet<u32> = used_names(&sample).collect();
        sample.names = names.spell(&used);
        self.sent = used.into_iter().collect();
        self.last_key_us = self.full.mono_us;
        let key = self.envelope(encode::payload(Kind::Sample(sample)), true);
        self.shared_key = Some(key.clone());
        key
    }

    /// How many samples were encoded; more watchers make it no larger.
    pub fn n_encoded(&self) -> u64 {
        self.n_encoded
    }

    fn envelope(&mut self, payload: Bytes, is_key: bool) -> Envelope {
        self.n_encoded += 1;
        Envelope {
            node: Some(self.identity.node.clone()),
            epoch: Some(self.identity.epoch),
            seq: Some(self.full.seq),
            mono_us: Some(self.full.mono_us),
            wall_us: Some(self.full.wall_us),
            key: Some(is_key),
            stream: Some(self.key.stream.into()),
            payload: Some(payload),
        }
    }
}

impl Full {
    fn of(key: StreamKey, content: Content<'_>, names: &mut Names) -> Self {
        let Content { tick, rows, cost, n_noted: _ } = content;
        let is_detail = key.stream != Stream::Overview;
        let reading = &tick.reading;
        let tasks_mono_us = reading.node.at_us;
        let new = if key.is_kept { encode::Rows::new } else { encode::Rows::of_stream };
        let mut encoder = new(names, tasks_mono_us);
        let mut node = encoder.node(&reading.node);
        node.runtimes = Some(encode::runtimes(reading, tick.n_tasks));
        node.sources = is_detail.then(|| encode::sources(&reading.sources));
        let mut tasks: Vec<&TaskReading> = rows.iter().filter_map(|n| reading.tasks.get(*n)).collect();
        tasks.sort_unstable_by_key(|task| task.id);
        tasks.dedup_by_key(|task| task.id);
        let (mut cgroups, mut namespaces) = (BTreeMap::new(), BTreeMap::new());
        if is_detail {
            let cgroup = |cgroup| {
                let cgroup = encoder.cgroup(cgroup);
                Some((cgroup.path?, cgroup))
            };
            cgroups = reading.cgroups.iter().take(N_CGROUPS).filter_map(cgroup).collect();
            let namespace = |namespace: &_| encoder.namespace(namespace);
            let of_inode = |namespace: NetNamespace| Some((namespace.inode?, namespace));
            namespaces = reading.namespaces.iter().take(N_NAMESPACES).map(namespace).filter_map(of_inode).collect();
        }
        let previous = |task: &&TaskReading| task.previous.as_deref().cloned();
        let previous = if key.is_kept { Vec::new() } else { tasks.iter().map(previous).collect() };
        let vms = if is_detail { reading.vms.iter().take(N_VMS).cloned().collect() } else { vms::overview(reading) };
        Self {
            cgroups,
            namespaces,
            vms: vms.into_iter().filter_map(|vm| Some((vm.runtime?, vm))).collect(),
            seq: key.seq(tick.number),
            mono_us: tick.mono_us,
            wall_us: tick.wall_us,
            node_mono_us: reading.node.at_us,
            tasks_mono_us,
            tasks: tasks.into_iter().map(|task| (task.id, encoder.task(task))).collect(),
            previous,
            node,
            cpus: if is_detail { encode::cpus(&reading.node) } else { Vec::new() },
            cost: Some(cost.clone()),
            source_costs: if is_detail { encode::source_costs(&reading.sources) } else { Vec::new() },
        }
    }

    fn all(&self) -> Sample {
        Sample {
            node: Some(self.node.clone()),
            tasks: self.tasks.iter().enumerate().map(|(n, (_, task))| whole(task, self.previous.get(n))).collect(),
            cpus: self.cpus.clone(),
            cgroups: self.cgroups.values().copied().collect(),
            namespaces: self.namespaces.values().cloned().collect(),
            vms: self.vms.values().cloned().collect(),
            ..self.stamped()
        }
    }

    /// What changed since the sample before, whose stamps are moved on to where its reader takes them to stand by now.
    fn since(&mut self, before: &mut Self, has_died: impl Fn(&TaskId) -> bool) -> Sample {
        let sweep_us = (before.tasks_mono_us, self.tasks_mono_us);
        carry_stamps(before.tasks.iter_mut().map(|(_, task)| task), sweep_us.0, sweep_us.1);
        let previous = std::mem::take(&mut self.previous);
        let mut of_rows = previous.iter();
        let sample = self.rows_since(before, has_died, |task, earlier| {
            let previous = of_rows.next();
            match earlier {
                Some(earlier) => change(task, earlier, sweep_us),
                None => Some(whole(task, previous)),
            }
        });
        self.previous = previous;
        sample
    }

    /// What changed since the sample before; what is told of a row, beside what it was, is for the caller to say.
    fn rows_since(
        &mut self,
        before: &Self,
        has_died: impl Fn(&TaskId) -> bool,
        mut told: impl FnMut(&mut Task, Option<&Task>) -> Option<Task>,
    ) -> Sample {
        let mut earlier = before.tasks.iter().peekable();
        let (mut tasks, mut gone) = (Vec::new(), Vec::new());
        for (id, task) in &mut self.tasks {
            while let Some((id, _)) = earlier.next_if(|(earlier, _)| earlier < id) {
                gone.push(*id);
            }
            let known = earlier.next_if(|(earlier, _)| earlier == id);
            tasks.extend(told(task, known.map(|(_, earlier)| earlier)));
        }
        gone.extend(earlier.map(|(id, _)| *id));
        let (died, left): (Vec<TaskId>, Vec<TaskId>) = gone.into_iter().partition(has_died);
        let wire = |ids: Vec<TaskId>| -> Vec<WireId> { ids.into_iter().map(encode::task_id).collect() };
        Sample {
            node: self.node.since(&before.node),
            tasks,
            left: wire(left),
            died: wire(died),
            cpus: self.cpus.iter().filter(|cpu| !before.cpus.contains(cpu)).copied().collect(),
            cgroups: changed_rows(&before.cgroups, &self.cgroups),
            cgroups_left: before.cgroups.keys().filter(|path| !self.cgroups.contains_key(path)).copied().collect(),
            namespaces: changed_rows(&before.namespaces, &self.namespaces),
            namespaces_left: before.namespaces.keys().filter(|n| !self.namespaces.contains_key(n)).copied().collect(),
            vms: self.vms.iter().filter_map(|(runtime, vm)| changed_vm(before.vms.get(runtime), vm)).collect(),
            vms_left: before.vms.keys().filter(|runtime| !self.vms.contains_key(runtime)).copied().collect(),
            ..self.stamped()
        }
    }

    fn stamped(&self) -> Sample {
        Sample {
            tasks_mono_us: Some(self.tasks_mono_us),
            node_mono_us: Some(self.node_mono_us),
            cost: self.cost.clone(),
            source_costs: self.source_costs.clone(),
            ..Sample::default()
        }
    }
}

/// A row that its reader does not know: with its counters at the tick before.
fn whole(row: &Task, previous: Option<&Option<Previous>>) -> Task {
    let mut row = row.clone();
    if let Some(Some(previous)) = previous {
        row.previous = Some(encode::previous(previous));
    }
    row
}

/// What changed of a row. It lets rest what rests: one of which nothing but the moment of its reading changed stands where
/// its reader takes it to stand, unless that is too far off. `sweep_us`: when both sweeps began.
fn change(task: &mut Task, earlier: &Task, sweep_us: (u64, u64)) -> Option<Task> {
    let has_waited = |task: &Task| task.worst_thread.is_none_or(|worst| worst.run_delay_us != Some(0));
    if !has_waited(task) && !has_waited(earlier) {
        // Which thread waited least, and for how long it did not, is no news.
        task.worst_thread = earlier.worst_thread;
    }
    let at_us = std::mem::replace(&mut task.mono_us, earlier.mono_us);
    let off_us = at_us.unwrap_or(sweep_us.1).abs_diff(earlier.mono_us.unwrap_or(sweep_us.1));
    let slack_us = sweep_us.1.saturating_sub(sweep_us.0) / STAMP_SLACK;
    if off_us <= slack_us && task.since(earlier).is_none() {
        return None;
    }
    task.mono_us = at_us;
    task.since(earlier)
}

/// The rows that entered or changed, each whole.
fn changed_rows<K: Ord, R: Clone + PartialEq>(before: &BTreeMap<K, R>, now: &BTreeMap<K, R>) -> Vec<R> {
    now.iter().filter(|(key, row)| before.get(key) != Some(row)).map(|(_, row)| row.clone()).collect()
}

/// What changed of a VM; one that is new is whole.
fn changed_vm(before: Option<&Vm>, now: &Vm) -> Option<Vm> {
    before.map_or_else(|| Some(now.clone()), |before| now.since(before))
}

/// Ids of all names that a sample refers to.
fn used_names(sample: &Sample) -> impl Iterator<Item = u32> {
    fn of_task(t: &Task) -> impl Iterator<Item = u32> {
        let labels = t.queues.iter().flat_map(|q| &q.queue).filter_map(|q| q.label);
        [t.name, t.command, t.user, t.cgroup, t.wait_channel, t.unit].into_iter().flatten().chain(labels)
    }
    let node = sample.node.iter();
    let worst_delay = node.clone().filter_map(|n| n.worst_delay.as_ref()?.name);
    let worst_queue = node.clone().filter_map(|n| n.worst_queue.as_ref()?.queue.as_ref()?.label);
    let short_lived = node.filter_map(|n| n.short_lived.as_ref()).flat_map(|all| &all.by_name);
    let short_lived = short_lived.flat_map(|one| [one.name, one.parent]).flatten();
    let cgroups = sample.cgroups.iter().flat_map(|c| [c.path, c.name]).flatten();
    let namespaces = sample.namespaces.iter().filter_map(|n| n.name);
    let rows = sample.tasks.iter().flat_map(of_task);
    rows.chain(worst_delay).chain(worst_queue).chain(short_lived).chain(cgroups).chain(namespaces)
}
