//! What stands in a row: the columns of all formats, in one table.

use std::fmt;

use midair_vitals::{Severities, Severity, TaskId, TaskKind};

use crate::{
    event::Stamp,
    model::{Vital, task::Number},
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A moment, microseconds since 1970; in text as RFC 3339.
    Moment,
    /// Text.
    Text,
    /// A whole number.
    Count,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
}

/// To which vital a column belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// To all rows, whatever is asked for.
    All,
    /// To a vital.
    Of(Vital),
    /// To none.
    Rest,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meta {
    /// Its name, with its unit.
    pub(super) name: &'static str,
    /// Its name as a key of JSON, with the colon.
    pub(super) key: &'static str,
    /// What it holds.
    pub(super) holds: Holds,
    /// To what it belongs.
    pub(super) part: Part,
    /// In rows of which kinds, and what it says: `recording/EXPORT.md` is held against it.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by a test"))]
    pub(super) doc: (&'static str, &'static str),
}

/// What stands in one column of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// It is not known.
    Unknown,
    /// A moment, microseconds since 1970.
    Moment(u64),
    /// Text.
    Text(&'a str),
    /// A text that follows from numbers: it is spelt where it is written.
    Spelt(Spelt),
    /// A whole number.
    Count(u64),
    /// A number, never infinite.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

macro_rules! columns {
    ($($variant:ident $name:literal $holds:ident $part:expr, $of:literal, $doc:literal;)*) => {
        /// Which column.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Column {
            $(#[doc = $doc] $variant,)*
        }

        /// All columns, in their order.
        pub(super) const COLUMNS: &[Meta] = &[
            $(Meta { name: $name, key: concat!("\"", $name, "\":"), holds: Holds::$holds, part: $part, doc: ($of, $doc) },)*
        ];
    };
}

const ALL: Part = Part::All;
const REST: Part = Part::Rest;
const SCHED: Part = Part::Of(Vital::Sched);
const MEM: Part = Part::Of(Vital::Mem);
const QUEUE: Part = Part::Of(Vital::Queue);
const RATE: Part = Part::Of(Vital::Rate);

columns! {
    Time "time" Moment ALL, "all", "When it arrived at who recorded, by that clock: the time line of a replay";
    NodeTime "node_time" Moment ALL, "node, queue, tasks, vm, rollups, mark", "The same by the node's own clock";
    Kind "kind" Text ALL, "all", "What the row is about: node, queue, process, thread, kernel thread, erlang, tokio, vm, rollup, vm rollup, task rollup, mark, gap, lost";
    NodeId "node_id" Text ALL, "all", "Stable id of the node; null: of the whole recording";
    Node "node" Text ALL, "all", "Its name";
    Runtime "runtime" Text ALL, "tasks, vm, vm rollup, task rollup", "What schedules the task: os, or the name of an Erlang VM";
    TaskId "task_id" Text ALL, "tasks, task rollup", "Id of the task, never used twice on a node: runtime/number/start";
    Task "task" Text ALL, "tasks, task rollup", "Its number as people write it: a pid, a tid, <0.812.0>";
    Name "name" Text ALL, "tasks, vm, vm rollup, task rollup", "Short name";
    Process "process" Count ALL, "tasks, vm", "Number of the process of a thread or VM";
    Parent "parent" Count REST, "tasks", "Number of the parent process";
    Command "command" Text REST, "tasks", "Executable and allowed arguments; of an Erlang process its function";
    User "user" Text REST, "tasks", "User";
    Cgroup "cgroup" Text REST, "tasks", "Path of the cgroup";
    Unit "unit" Text REST, "tasks", "Systemd unit, container or pod";
    State "state" Text REST, "tasks", "What it is doing: running, sleeping, blocked, ...";
    WaitChannel "wait_channel" Text REST, "tasks", "Function in which it waits";
    Worst "worst_severity_percent" Number ALL, "node, tasks, vm", "The worst of the four severities";
    SchedSeverity "sched_severity_percent" Number SCHED, "node, tasks, vm", "Share of wanted CPU that was not given";
    Cpu "cpu_cores" Number SCHED, "node, tasks, vm", "CPUs in use";
    Delay "run_delay_s_per_s" Number SCHED, "node, tasks, vm", "Runnable but waiting, all threads together";
    WorstDelay "worst_run_delay_s_per_s" Number SCHED, "node, tasks", "The same of the worst single thread";
    Waiting "waiting_s" Number SCHED, "tasks", "How long it has been runnable without being put on a CPU";
    Runs "runs_per_s" Number SCHED, "tasks, vm", "Times put on a CPU";
    Active "active_ratio" Number SCHED, "erlang", "Share of looks in which it ran or was runnable; estimated";
    Steal "steal_cores" Number SCHED, "node", "CPUs that the hypervisor gave to others";
    Throttled "throttled_cores" Number SCHED, "node", "CPUs that quotas took away and that are not in the run delay";
    Iowait "iowait_cores" Number SCHED, "node", "CPUs idle because of a disk";
    MissedOwn "missed_own_cores" Number SCHED, "node", "CPU missed because own threads ran; estimated";
    MissedNeighbour "missed_neighbour_cores" Number SCHED, "node", "CPU missed because other cgroups ran; estimated";
    MissedQuota "missed_quota_cores" Number SCHED, "node", "CPU missed because of a quota; estimated";
    MissedHypervisor "missed_hypervisor_cores" Number SCHED, "node", "CPU missed because the hypervisor ran others";
    PsiCpu "psi_cpu_ratio" Number SCHED, "node", "Share of time in which some task waited for a CPU";
    PsiIo "psi_io_ratio" Number SCHED, "node", "Share of time in which some task waited for a disk";
    Load "load1" Number SCHED, "node", "Load average over one minute";
    Running "running_tasks" Count SCHED, "node", "Tasks running or runnable";
    Blocked "blocked_tasks" Count SCHED, "node", "Tasks waiting uninterruptibly";
    Switches "switches_per_s" Number SCHED, "node, vm", "Context switches; of a VM those between its processes";
    Forks "forks_per_s" Number SCHED, "node", "Forks";
    Utilisation "utilisation_ratio" Number SCHED, "vm", "Share of time that its normal schedulers were busy";
    RunQueue "run_queue" Count SCHED, "vm", "What waits for its schedulers";
    MemSeverity "mem_severity_percent" Number MEM, "node, tasks, vm", "How near the nearest limit is";
    MemUsed "mem_used_bytes" Count MEM, "node, tasks, vm", "In use; resident of a task; allocated of a VM";
    MemLimit "mem_limit_bytes" Count MEM, "node", "The nearest limit";
    MemGrowth "mem_growth_bytes_per_s" Number MEM, "node, tasks, vm", "Growth over ten seconds";
    MemFullIn "mem_full_in_s" Number MEM, "node", "Until the limit at this growth";
    SwapUsed "swap_used_bytes" Count MEM, "node, tasks", "Swapped out";
    MemAnon "mem_anon_bytes" Count MEM, "node, tasks", "Anonymous";
    MemFile "mem_file_bytes" Count MEM, "node, tasks", "Page cache; of a task file-backed and shared";
    PsiMem "psi_mem_ratio" Number MEM, "node", "Share of time in which some task waited for memory";
    MemBinary "mem_binary_bytes" Count MEM, "erlang, vm", "Binaries off the heaps";
    MemProcesses "mem_processes_bytes" Count MEM, "vm", "Of its processes";
    MemEts "mem_ets_bytes" Count MEM, "vm", "Of its ETS tables";
    MemCode "mem_code_bytes" Count MEM, "vm", "Of its code";
    MemAtom "mem_atom_bytes" Count MEM, "vm", "Of its atoms";
    QueueSeverity "queue_severity_percent" Number QUEUE, "node, queue, tasks, vm", "How bad the worst queue is";
    QueueKind "queue_kind" Text QUEUE, "node, queue, tasks", "Kind of the worst queue; of rows of kind queue: of the sum";
    QueueUnit "queue_unit" Text QUEUE, "node, queue, tasks", "What its depth counts: messages, bytes, connections, waiters, events";
    QueueLabel "queue_label" Text QUEUE, "node, tasks", "What it is: addresses, path";
    QueueTask "queue_task_id" Text QUEUE, "node", "Id of the task that has it";
    QueueDepth "queue_depth" Count QUEUE, "node, queue, tasks", "What waits in it, in its unit";
    QueueLimit "queue_limit" Count QUEUE, "node, queue, tasks", "How much can wait, in its unit";
    QueueGrowth "queue_growth_per_s" Number QUEUE, "node, queue, tasks", "Growth over ten seconds, in its unit";
    QueueIn "queue_in_per_s" Number QUEUE, "queue, tasks", "Arrivals, in its unit";
    QueueOut "queue_out_per_s" Number QUEUE, "queue, tasks", "Departures, in its unit";
    QueueDrops "queue_drops" Count QUEUE, "node, queue, tasks", "Dropped since the sample before, at all its queues";
    Queues "queues" Count QUEUE, "tasks", "How many queues it has";
    Messages "messages" Count QUEUE, "vm", "Messages in all mailboxes, as of the last whole pass";
    RateSeverity "rate_severity_percent" Number RATE, "node", "Fall of the rate against its own last ten minutes";
    RateUnit "rate_unit" Text RATE, "node, tasks, vm", "What moves: messages, bytes, segments, reductions, polls";
    RateIn "in_per_s" Number RATE, "node, tasks, vm", "In, in that unit";
    RateOut "out_per_s" Number RATE, "node, tasks, vm", "Out, in that unit";
    TcpRetrans "tcp_retransmitted_per_s" Number RATE, "node", "TCP segments sent again";
    UdpIn "udp_in_per_s" Number RATE, "node", "UDP datagrams received";
    UdpOut "udp_out_per_s" Number RATE, "node", "UDP datagrams sent";
    NetRx "net_received_bytes_per_s" Number RATE, "node", "Received on all interfaces but loopback";
    NetTx "net_sent_bytes_per_s" Number RATE, "node", "Sent on all interfaces but loopback";
    Reductions "reductions_per_s" Number RATE, "erlang, vm", "Reductions";
    Gcs "gcs_per_s" Number RATE, "vm", "Garbage collections";
    AgentCpu "agent_cpu_cores" Number REST, "node", "CPUs that the agent takes";
    AgentDelay "agent_run_delay_s_per_s" Number REST, "node", "How long the agent itself waited for a CPU";
    AgentRss "agent_rss_bytes" Count REST, "node", "Resident memory of the agent";
    Vital "vital" Text ALL, "rollups", "Of which vital's severity, or of which vital the value is: sched, mem, queue, rate";
    Window "window_s" Number ALL, "rollups, gap", "Over how long";
    Min "min_percent" Number ALL, "rollup", "The lowest severity in it";
    Mean "mean_percent" Number ALL, "rollup", "The mean";
    Max "max_percent" Number ALL, "rollup", "The highest";
    Text "text" Text ALL, "mark, gap, lost", "The note; why nothing was recorded";
    Author "author" Text ALL, "mark", "Who put it there";
    Focus "focus" Text ALL, "mark", "What it is about, as --go takes it";
    Automatic "automatic" Flag ALL, "mark", "Whether a program put it there by rule";
    LostSamples "lost_samples" Count ALL, "lost", "Samples that were lost on the way";
    LostEntries "lost_entries" Count ALL, "lost", "Entries that who recorded had to leave out";
    Value "value" Text ALL, "vm rollup, task rollup", "Of which value: the name of the column that holds it in rows of samples";
    Lowest "min" Number ALL, "vm rollup, task rollup", "The lowest in it, in the unit of that column";
    Average "mean" Number ALL, "vm rollup, task rollup", "The mean";
    Highest "max" Number ALL, "vm rollup, task rollup", "The highest";
}

/// Texts that follow from numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelt {
    /// Runtime, number and start: never the same for two tasks of one agent.
    Id(TaskId),
    /// The number of a task as people write it.
    Task(TaskId, TaskKind),
}

impl fmt::Display for Spelt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Id(id) => write!(f, "{}/{}/{}", id.runtime, id.number, id.start),
            Self::Task(id, kind) => Number(id, kind).fmt(f),
        }
    }
}

/// How many columns there are.
const N: usize = COLUMNS.len();

/// Which columns: a bit each, by their place in [`COLUMNS`].
type Set = u128;
const _: () = assert!(N <= Set::BITS as usize, "a set holds all columns");

/// Whether a column is written when only one vital is asked for.
pub(super) fn is_in(part: Part, vital: Option<Vital>) -> bool {
    match (part, vital) {
        (Part::All, _) | (_, None) => true,
        (Part::Of(of), Some(vital)) => of == vital,
        (Part::Rest, Some(_)) => false,
    }
}

/// A row. It is filled once for each row: there are very many of them.
///
/// INVARIANT: what stands in a column means nothing unless the column is in `held`.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    cells: [Cell<'a>; N],
    held: Set,
    wanted: Set,
}

impl<'a> Row<'a> {
    /// A row of nothing yet, of which only the columns of a vital are kept.
    pub(super) fn new(vital: Option<Vital>) -> Self {
        let wanted = COLUMNS.iter().enumerate().filter(|(_, column)| is_in(column.part, vital));
        Self { cells: [Cell::Unknown; N], held: 0, wanted: wanted.fold(0, |set, (n, _)| set | 1 << n) }
    }

    /// What stands in it, in the order of [`COLUMNS`], each with its place there: only what rows of its kind have.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, Cell<'a>)> {
        let mut left = self.held;
        std::iter::from_fn(move || {
            let n = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some((n, self.cells[n]))
        })
    }

    /// A moment.
    pub(super) fn moment(&mut self, column: Column, us: Option<u64>) {
        self.set(column, us.map(Cell::Moment));
    }

    /// Text.
    pub(super) fn text(&mut self, column: Column, text: Option<&'a str>) {
        self.set(column, text.map(Cell::Text));
    }

    /// The id of a task, and what people call it, in two columns.
    pub(super) fn task(&mut self, id: TaskId, kind: TaskKind) {
        self.id(Column::TaskId, Some(id));
        self.set(Column::Task, Some(Cell::Spelt(Spelt::Task(id, kind))));
    }

    /// The id of a task.
    pub(super) fn id(&mut self, column: Column, id: Option<TaskId>) {
        self.set(column, id.map(|id| Cell::Spelt(Spelt::Id(id))));
    }

    /// A whole number.
    pub(super) fn count(&mut self, column: Column, n: Option<u64>) {
        self.set(column, n.map(Cell::Count));
    }

    /// A number; what is none is unknown.
    pub(super) fn number(&mut self, column: Column, value: Option<f64>) {
        self.set(column, value.filter(|value| value.is_finite()).map(Cell::Number));
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, column: Column, flag: bool) {
        self.set(column, Some(Cell::Flag(flag)));
    }

    /// A severity, in per cent.
    pub(super) fn severity(&mut self, column: Column, severity: Option<Severity>) {
        self.number(column, severity.map(|severity| f64::from(severity.per_mille()) / 10.0));
    }

    /// The severities of what the row is about; those of vitals that it does not have are left to the caller.
    pub(super) fn severities(&mut self, severities: Severities) {
        self.severity(Column::Worst, severities.worst());
        self.severity(Column::SchedSeverity, severities.sched);
        self.severity(Column::MemSeverity, severities.mem);
        self.severity(Column::QueueSeverity, severities.queue);
    }

    /// Begins it anew: when, what, and of which node.
    pub(super) fn about(&mut self, at: Stamp, kind: &'static str, node: Option<(&'a str, &'a str)>) {
        self.held = 0;
        self.moment(Column::Time, Some(at.0));
        self.text(Column::Kind, Some(kind));
        self.text(Column::NodeId, node.map(|(id, _)| id));
        self.text(Column::Node, node.map(|(_, name)| name));
    }

    fn set(&mut self, column: Column, cell: Option<Cell<'a>>) {
        let n = column as usize;
        self.cells[n] = cell.unwrap_or(Cell::Unknown);
        self.held |= self.wanted & 1 << n;
    }
}

/// Moments as text: rows of one sample share theirs.
#[derive(Debug, Default)]
pub(super) struct Moments {
    /// The two that were asked for last: when it arrived, and when it was measured.
    known: [(u64, String); 2],
    next: usize,
}

impl Moments {
    /// As [`moment_text`].
    pub(super) fn text(&mut self, us: u64) -> &str {
        let is_it = |(known, text): &(u64, String)| *known == us && !text.is_empty();
        let n = self.known.iter().position(is_it).unwrap_or_else(|| {
            let n = self.next;
            self.known[n] = (us, moment_text(us));
            self.next = (n + 1) % self.known.len();
            n
        });
        &self.known[n].1
    }
}

/// A moment as text: `2026-11-22T14:03:27.000250Z`.
pub(super) fn moment_text(us: u64) -> String {
    let second = crate::app::utc(Stamp(us));
    format!("{}.{:06}Z", second.trim_end_matches('Z'), us % 1_000_000)
}
