//! The panels of all screens: what their rows are called, and by what they are sorted.

use midair_vitals::Order;

use crate::app::sort::Sort;

/// A panel with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Panel {
    /// Nodes, the worst first.
    Nodes,
    /// Tasks: of the whole cluster, of one node, or of a part of it.
    Tasks,
    /// Groups of nodes, in numbers.
    Groups,
    /// VMs by the links that lead to them.
    Peers,
    /// Queues of all tasks of a node.
    AllQueues,
    /// Cgroups of a node.
    Cgroups,
    /// Network namespaces of a node.
    Namespaces,
    /// CPUs of a node.
    Cpus,
    /// What explains a stuck host beyond its tasks.
    Host,
    /// Erlang VMs of a node.
    Vms,
    /// Processes of a VM.
    Processes,
    /// Schedulers of a VM.
    Schedulers,
    /// What the active processes of a VM do.
    Functions,
    /// Distribution links of a VM.
    Links,
    /// Ports of a VM.
    Ports,
    /// ETS tables of a VM.
    Tables,
    /// Queues of one task.
    Queues,
    /// Threads or children of one task.
    Children,
    /// Where an Erlang process is.
    Spots,
    /// Other processes around an Erlang process.
    Relatives,
}

const TASK_SORTS: &[Sort] = &[
    Sort::By(Order::Severity),
    Sort::By(Order::Name),
    Sort::By(Order::Number),
    Sort::By(Order::Delay),
    Sort::By(Order::Cpu),
    Sort::By(Order::Mem),
    Sort::By(Order::MemGrowth),
    Sort::By(Order::Queue),
    Sort::By(Order::QueueGrowth),
    Sort::By(Order::Drops),
    Sort::By(Order::Rate),
    Sort::By(Order::Age),
];

const NODE_SORTS: &[Sort] = &[
    Sort::By(Order::Severity),
    Sort::By(Order::Name),
    Sort::By(Order::Delay),
    Sort::By(Order::Cpu),
    Sort::By(Order::Mem),
    Sort::By(Order::MemGrowth),
    Sort::By(Order::Queue),
    Sort::By(Order::QueueGrowth),
    Sort::By(Order::Drops),
    Sort::By(Order::Rate),
    Sort::By(Order::Number),
    Sort::By(Order::Age),
];

const GROUP_SORTS: &[Sort] = &[
    Sort::By(Order::Severity),
    Sort::By(Order::Name),
    Sort::By(Order::Number),
    Sort::By(Order::Delay),
    Sort::By(Order::Mem),
    Sort::By(Order::Queue),
    Sort::By(Order::Rate),
];

const PEER_SORTS: &[Sort] =
    &[Sort::By(Order::Severity), Sort::By(Order::Name), Sort::By(Order::Queue), Sort::By(Order::Number)];

const QUEUE_SORTS: &[Sort] = &[
    Sort::By(Order::Queue),
    Sort::By(Order::Name),
    Sort::By(Order::QueueGrowth),
    Sort::By(Order::Drops),
    Sort::By(Order::Rate),
];

const CGROUP_SORTS: &[Sort] = &[
    Sort::By(Order::Severity),
    Sort::By(Order::Name),
    Sort::Caused,
    Sort::By(Order::Delay),
    Sort::By(Order::Cpu),
    Sort::Throttled,
    Sort::By(Order::Mem),
    Sort::By(Order::Number),
];

const NAMESPACE_SORTS: &[Sort] = &[
    Sort::By(Order::Severity),
    Sort::By(Order::Name),
    Sort::By(Order::Drops),
    Sort::By(Order::Rate),
    Sort::By(Order::Number),
];

const CPU_SORTS: &[Sort] =
    &[Sort::By(Order::Number), Sort::By(Order::Cpu), Sort::By(Order::Delay), Sort::By(Order::Queue)];

const HOST_SORTS: &[Sort] = &[Sort::By(Order::Severity), Sort::By(Order::Name)];

const VM_SORTS: &[Sort] = &[
    Sort::By(Order::Severity),
    Sort::By(Order::Name),
    Sort::By(Order::Number),
    Sort::By(Order::Cpu),
    Sort::By(Order::Delay),
    Sort::By(Order::Mem),
    Sort::By(Order::MemGrowth),
    Sort::By(Order::Queue),
    Sort::By(Order::Rate),
];

const PROCESS_SORTS: &[Sort] = &[
    Sort::By(Order::Severity),
    Sort::By(Order::Name),
    Sort::By(Order::Number),
    Sort::By(Order::Active),
    Sort::By(Order::Queue),
    Sort::By(Order::QueueGrowth),
    Sort::By(Order::Rate),
    Sort::By(Order::Mem),
    Sort::By(Order::MemGrowth),
    Sort::By(Order::Binary),
    Sort::By(Order::BinaryGrowth),
];

const SCHEDULER_SORTS: &[Sort] = &[
    Sort::By(Order::Number),
    Sort::By(Order::Cpu),
    Sort::By(Order::Delay),
    Sort::By(Order::Queue),
    Sort::By(Order::Rate),
];

const LINK_SORTS: &[Sort] = &[Sort::By(Order::Queue), Sort::By(Order::Name), Sort::By(Order::Rate)];

const TABLE_SORTS: &[Sort] = &[Sort::By(Order::Mem), Sort::By(Order::Name), Sort::By(Order::Number)];

/// As they are told.
const AS_TOLD: &[Sort] = &[Sort::By(Order::Number)];

impl Panel {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Nodes,
        Self::Tasks,
        Self::Groups,
        Self::Peers,
        Self::AllQueues,
        Self::Cgroups,
        Self::Namespaces,
        Self::Cpus,
        Self::Host,
        Self::Vms,
        Self::Processes,
        Self::Schedulers,
        Self::Functions,
        Self::Links,
        Self::Ports,
        Self::Tables,
        Self::Queues,
        Self::Children,
        Self::Spots,
        Self::Relatives,
    ];

    /// What the rows are, for a title.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Tasks => "tasks",
            Self::Groups => "groups",
            Self::Peers => "peers",
            Self::AllQueues | Self::Queues => "queues",
            Self::Cgroups => "cgroups",
            Self::Namespaces => "netns",
            Self::Cpus => "cpus",
            Self::Host => "host",
            Self::Vms => "vms",
            Self::Processes => "processes",
            Self::Schedulers => "schedulers",
            Self::Functions => "functions",
            Self::Links => "links",
            Self::Ports => "ports",
            Self::Tables => "ets",
            Self::Children => "threads",
            Self::Spots => "where it is",
            Self::Relatives => "what it waits for, and who waits for it",
        }
    }

    /// What `<` and `>` go through, as the columns stand from left to right.
    pub fn sorts(self) -> &'static [Sort] {
        match self {
            Self::Nodes => NODE_SORTS,
            Self::Tasks | Self::Children => TASK_SORTS,
            Self::Groups => GROUP_SORTS,
            Self::Peers => PEER_SORTS,
            Self::AllQueues | Self::Queues => QUEUE_SORTS,
            Self::Cgroups => CGROUP_SORTS,
            Self::Namespaces => NAMESPACE_SORTS,
            Self::Cpus => CPU_SORTS,
            Self::Host => HOST_SORTS,
            Self::Vms => VM_SORTS,
            Self::Processes => PROCESS_SORTS,
            Self::Schedulers => SCHEDULER_SORTS,
            Self::Links | Self::Ports => LINK_SORTS,
            Self::Tables => TABLE_SORTS,
            Self::Functions | Self::Spots | Self::Relatives => AS_TOLD,
        }
    }

    /// How it is sorted when a vital is chosen: by that, where it says something of these rows. Queues of a task have an
    /// order of their own, and so have CPUs.
    pub(in crate::app) fn sort_by(self, order: Order) -> Sort {
        let sorts = self.sorts();
        match self {
            Self::Peers
            | Self::Queues
            | Self::Cpus
            | Self::Schedulers
            | Self::Functions
            | Self::Links
            | Self::Ports
            | Self::Tables
            | Self::Spots
            | Self::Relatives => sorts[0],
            // An Erlang process has no run delay: who always runs or is ready to is what *sched* asks for.
            Self::Processes if order == Order::Delay => Sort::By(Order::Active),
            Self::Nodes
            | Self::Tasks
            | Self::Groups
            | Self::AllQueues
            | Self::Cgroups
            | Self::Namespaces
            | Self::Host
            | Self::Vms
            | Self::Processes
            | Self::Children => *sorts.iter().find(|sort| **sort == order).unwrap_or(&sorts[0]),
        }
    }

    /// Whether choosing a vital sorts it.
    pub(in crate::app) fn follows_vital(self) -> bool {
        match self {
            Self::Peers
            | Self::Queues
            | Self::Cpus
            | Self::Schedulers
            | Self::Functions
            | Self::Links
            | Self::Ports
            | Self::Tables
            | Self::Spots
            | Self::Relatives => false,
            Self::Nodes
            | Self::Tasks
            | Self::Groups
            | Self::AllQueues
            | Self::Cgroups
            | Self::Namespaces
            | Self::Host
            | Self::Vms
            | Self::Processes
            | Self::Children => true,
        }
    }
}
