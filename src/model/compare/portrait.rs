//! A portrait: what the screens of a node say of it at one moment, as values that can be compared.

mod tasks;

use std::{collections::BTreeSet, sync::Arc};

use midair_vitals::{Severities, Severity, TaskId, vm::SchedulerKind};

use super::measure::Measure;
use crate::{
    event::NodeId,
    model::{Latest, Node, Vital, Vm},
};

/// What is compared, in the order of `Tab`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topic {
    /// The node: its vitals, disks, cgroups.
    #[default]
    Values,
    /// Its tasks, those of one name together.
    Tasks,
    /// Its Erlang VMs.
    Vms,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Values, Self::Tasks, Self::Vms];

    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Values => "values",
            Self::Tasks => "tasks",
            Self::Vms => "vms",
        }
    }
}

/// Whose value it is. Names, not numbers: pids differ between nodes and between moments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// The node's.
    Node,
    /// A disk's.
    Disk(Arc<str>),
    /// A cgroup's, by its path.
    Cgroup(Arc<str>),
    /// That of the tasks of one name: their runtime, empty for the kernel, and the name.
    Tasks(Arc<str>, Arc<str>),
    /// An Erlang VM's, by its name without the host.
    Vm(Arc<str>),
}

impl Of {
    /// Its name; empty for the node.
    pub fn name(&self) -> &str {
        match self {
            Self::Node => "",
            Self::Disk(name) | Self::Cgroup(name) | Self::Vm(name) | Self::Tasks(_, name) => name,
        }
    }
}

/// Which value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose.
    pub of: Of,
    /// What of it: the word that its own screen has.
    pub word: &'static str,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Which.
    pub key: Key,
    /// The vital that it tells of; `None`: the node itself.
    pub vital: Option<Vital>,
    /// In what it is counted.
    pub measure: Measure,
    /// How much; `None` where that is not known.
    pub amount: Option<f64>,
    /// How bad it is, where that is known.
    pub severity: Option<Severity>,
    /// The task that has most of it, of several.
    pub task: Option<TaskId>,
    /// How much one task alone has at most, where several are summed.
    pub single: Option<f64>,
}

/// What is known of one node at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Portrait {
    /// Which node.
    pub node: NodeId,
    /// Its four severities.
    pub severities: Severities,
    /// Its values, by topic.
    pub values: [Vec<Value>; 3],
    /// What is listed as a whole: what is missing there was not there.
    has_all: HasAll,
    /// Tasks of which nobody could read the queues.
    unread: BTreeSet<Of>,
    /// Where not all tasks are listed: what a task that is not has at most, by the word of the value.
    unlisted: Vec<(&'static str, f64)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct HasAll {
    disks: bool,
    cgroups: bool,
    tasks: bool,
    vms: bool,
}

impl Portrait {
    /// What is known of a node now, of some topics; `None` where nothing was ever measured.
    pub fn of(node: &Node, topics: &[Topic]) -> Option<Self> {
        let latest = node.latest.as_ref()?;
        let mut values: [Vec<Value>; 3] = Default::default();
        for topic in topics {
            values[*topic as usize] = match topic {
                Topic::Values => of_node(node, latest),
                Topic::Tasks => tasks::of(node),
                Topic::Vms => of_vms(node),
            };
        }
        let n_cgroups = latest.reading.n_cgroups;
        let has_all = HasAll {
            disks: !latest.reading.disks.is_empty(),
            cgroups: n_cgroups.is_some_and(|n| node.cgroups.len() as u64 >= n),
            tasks: tasks::are_all(node, latest),
            vms: true,
        };
        let unread = if topics.contains(&Topic::Tasks) { tasks::unread(node) } else { BTreeSet::new() };
        let unlisted = if has_all.tasks { Vec::new() } else { tasks::at_most(node, latest) };
        Some(Self { node: node.id.clone(), severities: latest.vitals.severities, values, has_all, unread, unlisted })
    }

    /// Whether something would be listed if it were there.
    pub(super) fn lists(&self, of: &Of) -> bool {
        match of {
            Of::Node => true,
            Of::Disk(_) => self.has_all.disks,
            Of::Cgroup(_) => self.has_all.cgroups,
            // Of the tasks of other runtimes only the worst are ever listed.
            Of::Tasks(runtime, _) => self.has_all.tasks && runtime.is_empty(),
            Of::Vm(_) => self.has_all.vms,
        }
    }

    /// What a task of the kernel that is not listed has at most of a value.
    pub(super) fn unlisted(&self, key: &Key) -> Option<f64> {
        let is_kernels = matches!(&key.of, Of::Tasks(runtime, _) if runtime.is_empty());
        self.unlisted.iter().find(|(word, _)| is_kernels && *word == key.word).map(|(_, most)| *most)
    }

    /// Whether nothing waits in a queue that is not listed, of something that is.
    pub(super) fn reads_queues(&self, of: &Of) -> bool {
        matches!(of, Of::Tasks(..)) && !self.unread.contains(of)
    }
}

/// A value of the node itself: its word, vital and measure, and where it stands.
type Line = (&'static str, Option<Vital>, Measure, fn(&Node, &Latest) -> Option<f64>);

const SCHED: Option<Vital> = Some(Vital::Sched);
const MEM: Option<Vital> = Some(Vital::Mem);
const QUEUE: Option<Vital> = Some(Vital::Queue);
const RATE: Option<Vital> = Some(Vital::Rate);

fn count(n: Option<u64>) -> Option<f64> {
    n.map(|n| n as f64)
}

/// All of them, in the order of the node's screen.
const LINES: &[Line] = &[
    ("delay", SCHED, Measure::Delay, |_, l| l.vitals.delay),
    ("worst delay", SCHED, Measure::Delay, |_, l| l.vitals.worst_delay),
    ("cpu", SCHED, Measure::Cores, |_, l| l.vitals.cpu),
    ("user", SCHED, Measure::Cores, |n, _| n.cpu_split()[0]),
    ("system", SCHED, Measure::Cores, |n, _| n.cpu_split()[1]),
    ("interrupts", SCHED, Measure::Cores, |n, _| n.cpu_split()[2]),
    ("soft interrupts", SCHED, Measure::Cores, |_, l| l.vitals.soft),
    ("steal", SCHED, Measure::Cores, |_, l| l.vitals.steal),
    ("iowait", SCHED, Measure::Cores, |_, l| l.vitals.iowait),
    ("throttled", SCHED, Measure::Cores, |_, l| l.vitals.throttled),
    ("run queue", SCHED, Measure::Count, |_, l| count(l.reading.n_running)),
    ("blocked", SCHED, Measure::Count, |_, l| count(l.reading.n_blocked)),
    ("psi cpu", SCHED, Measure::Share, |_, l| l.vitals.psi_cpu),
    ("psi io", SCHED, Measure::Share, |_, l| l.vitals.psi_io),
    ("switches", SCHED, Measure::Rate(None), |_, l| l.vitals.switches),
    ("forks", SCHED, Measure::Rate(None), |_, l| l.vitals.forks),
    ("mem used", MEM, Measure::Bytes, |_, l| count(l.vitals.mem_used_bytes)),
    ("anon", MEM, Measure::Bytes, |_, l| count(l.reading.mem_anon_bytes)),
    ("file", MEM, Measure::Bytes, |_, l| count(l.reading.mem_file_bytes)),
    ("slab", MEM, Measure::Bytes, |_, l| count(l.reading.mem_slab_bytes)),
    ("swap", MEM, Measure::Bytes, |_, l| {
        count(l.reading.swap_total_bytes.zip(l.reading.swap_free_bytes).map(|(all, free)| all.saturating_sub(free)))
    }),
    ("psi mem", MEM, Measure::Share, |_, l| l.vitals.psi_mem),
    ("listen drops", QUEUE, Measure::Drops, |n, _| count(n.bursts.listen_drops())),
    ("udp drops", QUEUE, Measure::Drops, |n, _| count(n.bursts.udp_drops())),
    ("net drops", QUEUE, Measure::Drops, |n, _| count(n.bursts.net_drops())),
    ("tcp in", RATE, Measure::Rate(None), |_, l| l.vitals.tcp_in),
    ("tcp out", RATE, Measure::Rate(None), |_, l| l.vitals.tcp_out),
    ("retransmits", RATE, Measure::Rate(None), |_, l| l.vitals.tcp_retrans),
    ("udp in", RATE, Measure::Rate(None), |_, l| l.vitals.udp_in),
    ("udp out", RATE, Measure::Rate(None), |_, l| l.vitals.udp_out),
    ("net in", RATE, Measure::ByteRate, |_, l| l.vitals.net_rx),
    ("net out", RATE, Measure::ByteRate, |_, l| l.vitals.net_tx),
    ("tcp sockets", RATE, Measure::Count, |_, l| count(l.reading.n_tcp)),
    ("processes", None, Measure::Count, |_, l| count(l.reading.n_processes)),
    ("threads", None, Measure::Count, |_, l| count(l.reading.n_threads)),
    ("open files", None, Measure::Count, |_, l| count(l.reading.n_files)),
    ("conntrack", RATE, Measure::Count, |_, l| count(l.reading.n_conntrack)),
];

fn value(of: &Of, word: &'static str, vital: Option<Vital>, measure: Measure, amount: Option<f64>) -> Value {
    Value { key: Key { of: of.clone(), word }, vital, measure, amount, severity: None, task: None, single: None }
}

fn of_node(node: &Node, latest: &Latest) -> Vec<Value> {
    let mut values: Vec<Value> = Vital::FOUR.map(|vital| of_vital(vital, latest)).into();
    values.extend(
        LINES.iter().map(|(word, vital, measure, pick)| value(&Of::Node, word, *vital, *measure, pick(node, latest))),
    );
    values.extend(latest.reading.sums.iter().map(|sum| {
        let measure = Measure::Depth(sum.unit);
        value(&Of::Node, sum.kind.word(), QUEUE, measure, count(sum.depth))
    }));
    for disk in &latest.vitals.disks {
        let of = Of::Disk(disk.name.clone());
        values.push(value(&of, "busy", None, Measure::Share, disk.busy));
        values.push(value(&of, "latency", None, Measure::Latency, disk.latency));
        values.push(value(&of, "read", None, Measure::ByteRate, disk.read));
        values.push(value(&of, "written", None, Measure::ByteRate, disk.write));
    }
    for (path, cgroup) in &node.cgroups {
        let of = Of::Cgroup(path.clone());
        let vitals = &cgroup.vitals;
        values.push(value(&of, "cpu", SCHED, Measure::Cores, vitals.cpu));
        values.push(value(&of, "held back", SCHED, Measure::Share, vitals.throttled));
        values.push(value(&of, "delay", SCHED, Measure::Delay, vitals.delay));
        values.push(value(&of, "caused delay", SCHED, Measure::Delay, vitals.caused));
        values.push(value(&of, "mem", MEM, Measure::Bytes, count(vitals.mem_used_bytes)));
    }
    values
}

/// How bad a vital is, and which task is the worst.
fn of_vital(vital: Vital, latest: &Latest) -> Value {
    let severity = vital.of(latest.vitals.severities);
    let reading = &latest.reading;
    let task = match vital {
        Vital::Sched => reading.worst_delay.as_ref().map(|worst| worst.task),
        Vital::Queue => reading.worst_queue.as_ref().and_then(|worst| worst.task),
        Vital::Worst | Vital::Mem | Vital::Rate => None,
    };
    let share = severity.map(|severity| f64::from(severity.per_mille()) / 1000.0);
    let word = match vital {
        Vital::Worst => "severity",
        Vital::Sched => "sched severity",
        Vital::Mem => "mem severity",
        Vital::Queue => "queue severity",
        Vital::Rate => "rate severity",
    };
    Value { severity, task, ..value(&Of::Node, word, Some(vital), Measure::Severity, share) }
}

/// Erlang VMs that run. The host in a VM's name differs from node to node: it is left out.
fn of_vms(node: &Node) -> Vec<Value> {
    let living = node.vms.values().filter(|vm| vm.reading.ended_us.is_none());
    living.flat_map(|vm| of_vm(node, vm)).collect()
}

fn of_vm(node: &Node, vm: &Vm) -> Vec<Value> {
    let name = vm.name(node);
    let of = Of::Vm(name.split_once('@').map_or(name, |(name, _)| name).into());
    let (reading, vitals, memory) = (&vm.reading, &vm.vitals, &vm.reading.memory);
    let bytes = |word, n: Option<u64>| value(&of, word, MEM, Measure::Bytes, count(n));
    let mut values = vec![
        value(&of, "busy", SCHED, Measure::Share, vitals.utilisation_of(SchedulerKind::Normal)),
        value(&of, "run queue", SCHED, Measure::Count, count(reading.run_queue)),
        value(&of, "delay", SCHED, Measure::Delay, vitals.delay),
        value(&of, "cpu", SCHED, Measure::Cores, vitals.cpu),
        bytes("memory", memory.total_bytes),
        bytes("of processes", memory.processes_bytes),
        bytes("binaries", memory.binary_bytes),
        bytes("ets", memory.ets_bytes),
        bytes("code", memory.code_bytes),
        bytes("atoms", memory.atom_bytes),
        value(&of, "processes", None, Measure::Count, count(reading.counts[0].n)),
        value(&of, "ports", None, Measure::Count, count(reading.counts[1].n)),
        value(&of, "reductions", RATE, Measure::Rate(Some(midair_vitals::Unit::Reductions)), vitals.reductions),
        value(&of, "in", RATE, Measure::ByteRate, vitals.rate_in),
        value(&of, "out", RATE, Measure::ByteRate, vitals.rate_out),
        value(&of, "collections", RATE, Measure::Rate(None), vitals.gcs),
    ];
    let messages = reading.sweep.as_ref().and_then(|sweep| sweep.n_messages);
    let waiting = Measure::Depth(midair_vitals::Unit::Messages);
    values.push(value(&of, "messages", QUEUE, waiting, count(messages)));
    values
}
