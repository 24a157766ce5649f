//! The heads of columns: how much room each takes, and what a click on it sorts by. What stands below a head is the
//! view's.

mod erlang;

use midair_vitals::Order;

use super::{
    screen::{Panel, Screen},
    sort::Sort,
};

/// Columns from which a table has room for long names: they are worth more there than the last of many columns.
const ROOMY: u16 = 100;

/// The most columns that a name of a node gets where others must give way.
const NAME_MAX: u16 = 32;

/// The head of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it says, with the unit.
    pub title: &'static str,
    /// Its width; of a column that grows, the least.
    pub width: u16,
    /// Whether it holds names of nodes: where a table has room it is as wide as the longest of them.
    pub is_node: bool,
    /// 0 stays longest when the table gets narrow.
    pub weight: u8,
    /// How much of the room that is left it takes, against others that grow; 0: none.
    pub grows: u16,
    /// What a click on it sorts by.
    pub sort: Option<Sort>,
}

impl Head {
    const fn new(title: &'static str, width: u16, weight: u8) -> Self {
        Self { title, width, is_node: false, weight, grows: 0, sort: None }
    }

    /// The same, taking room that is left.
    const fn growing(self, grows: u16) -> Self {
        Self { grows, ..self }
    }

    /// The same, holding names of nodes.
    const fn of_nodes(self) -> Self {
        Self { is_node: true, ..self }
    }

    /// Its width in a table of a width, where the longest name of a node is so long; of a column that grows, the least.
    fn width_in(&self, table: u16, longest: u16) -> u16 {
        let is_wider = self.is_node && table >= ROOMY;
        if is_wider { longest.clamp(self.width, NAME_MAX) } else { self.width }
    }

    /// The same, being what an order sorts by.
    const fn by(self, order: Order) -> Self {
        self.sorting(Sort::By(order))
    }

    /// The same, being what is sorted by.
    const fn sorting(self, sort: Sort) -> Self {
        Self { sort: Some(sort), ..self }
    }
}

/// Columns of nodes.
pub const NODES: &[Head] = &[
    Head::new("node", 12, 0).of_nodes().growing(3).by(Order::Name),
    Head::new("group", 8, 6),
    Head::new("heard", 14, 1).growing(2),
    Head::new("worst%", 7, 0).by(Order::Severity),
    Head::new("delay/s", 8, 1).by(Order::Delay),
    Head::new("cpus", 5, 4).by(Order::Cpu),
    Head::new("mem %", 6, 1).by(Order::Mem),
    Head::new("+B/s", 7, 3).by(Order::MemGrowth),
    Head::new("queue", 10, 1).by(Order::Queue),
    Head::new("drops", 6, 3).by(Order::Drops),
    Head::new("seg in/s", 9, 2).by(Order::Rate),
    Head::new("out/s", 6, 5),
    Head::new("fall %", 6, 8),
    Head::new("up", 5, 9).by(Order::Age),
];

const TASK: Head = Head::new("task", 15, 0).growing(3).by(Order::Name);
const NODE: Head = Head::new("node", 12, 1).of_nodes();
const PID: Head = Head::new("pid", 7, 5).by(Order::Number);
const WORST: Head = Head::new("worst%", 7, 0).by(Order::Severity);
const DELAY: Head = Head::new("delay/s", 8, 0).by(Order::Delay);
const CPU: Head = Head::new("cpu %", 6, 0).by(Order::Cpu);
const MEM: Head = Head::new("rss B", 6, 1).by(Order::Mem);
const MEM_GROWTH: Head = Head::new("+B/s", 7, 7).by(Order::MemGrowth);
const QUEUE: Head = Head::new("queue", 10, 1).by(Order::Queue);
const QUEUE_GROWTH: Head = Head::new("grow/s", 7, 4).by(Order::QueueGrowth);
const DROPS: Head = Head::new("drops", 6, 3).by(Order::Drops);
const IN: Head = Head::new("in/s", 6, 2).by(Order::Rate);
const OUT: Head = Head::new("out/s", 6, 3);
const UNIT: Head = Head::new("unit", 4, 8);
const STATE: Head = Head::new("state", 8, 9);
const UP: Head = Head::new("up", 5, 6).by(Order::Age);
const USER: Head = Head::new("user", 8, 10);
const CGROUP: Head = Head::new("cgroup", 18, 10);
const COMMAND: Head = Head::new("command", 24, 11).growing(4);

/// The hottest tasks of the cluster.
pub const OF_CLUSTER: &[Head] = &[
    TASK,
    NODE,
    PID,
    WORST,
    DELAY,
    CPU,
    MEM,
    MEM_GROWTH,
    QUEUE,
    QUEUE_GROWTH,
    DROPS,
    IN,
    OUT,
    UNIT,
    STATE,
    UP,
    USER,
    COMMAND,
];

/// The tasks of a node.
pub const OF_NODE: &[Head] = &[
    TASK,
    PID,
    WORST,
    DELAY,
    CPU,
    MEM,
    MEM_GROWTH,
    QUEUE,
    QUEUE_GROWTH,
    DROPS,
    IN,
    OUT,
    UNIT,
    STATE,
    UP,
    USER,
    CGROUP,
    COMMAND,
];

/// Also of Erlang processes, whose number has three parts.
const MIXED_PID: Head = Head::new("pid", 10, 5).by(Order::Number);
const RUNTIME: Head = Head::new("runtime", 14, 4).growing(1);

/// The hottest tasks of the cluster, where some are not the kernel's.
pub const OF_CLUSTER_MIXED: &[Head] = &[
    TASK,
    RUNTIME,
    NODE,
    MIXED_PID,
    WORST,
    DELAY,
    CPU,
    MEM,
    MEM_GROWTH,
    QUEUE,
    QUEUE_GROWTH,
    DROPS,
    IN,
    OUT,
    UNIT,
    STATE,
    UP,
    USER,
    COMMAND,
];

/// The tasks of a node, where some are not the kernel's.
pub const OF_NODE_MIXED: &[Head] = &[
    TASK,
    RUNTIME,
    MIXED_PID,
    WORST,
    DELAY,
    CPU,
    MEM,
    MEM_GROWTH,
    QUEUE,
    QUEUE_GROWTH,
    DROPS,
    IN,
    OUT,
    UNIT,
    STATE,
    UP,
    USER,
    CGROUP,
    COMMAND,
];

/// Groups of nodes: median, 99th percentile and worst of each vital.
pub const GROUPS: &[Head] = &[
    Head::new("group", 10, 0).growing(2).by(Order::Name),
    Head::new("heard", 12, 0).by(Order::Number),
    Head::new("sched %", 11, 2).by(Order::Delay),
    Head::new("mem %", 11, 3).by(Order::Mem),
    Head::new("queue %", 11, 1).by(Order::Queue),
    Head::new("rate %", 11, 4).by(Order::Rate),
    WORST,
    Head::new("worst node", 14, 1).growing(2),
];

/// VMs by the links that lead to them.
pub const PEERS: &[Head] = &[
    Head::new("peer", 20, 0).growing(2).by(Order::Name),
    Head::new("busy from", 10, 0).by(Order::Severity),
    Head::new("filling", 7, 4),
    Head::new("pending B", 10, 1).by(Order::Queue),
    Head::new("fill %", 6, 3),
    Head::new("suspended", 9, 2),
    Head::new("seen up by", 11, 1).by(Order::Number),
    Head::new("node", 14, 5).of_nodes(),
    Head::new("last down", 16, 3).growing(3),
];

/// The threads or children of a task: all of them have room in half of 120 columns.
pub const CHILDREN: &[Head] = &[
    Head::new("thread", 10, 0).growing(3).by(Order::Name),
    Head::new("tid", 7, 3).by(Order::Number),
    Head::new("state", 8, 1),
    DELAY,
    CPU,
    Head::new("waits in", 12, 2).growing(2),
];

const KIND: Head = Head::new("queue", 10, 0);
const WHAT: Head = Head::new("what", 16, 1).growing(2);
const DEPTH: Head = Head::new("depth", 10, 0).by(Order::Queue);
const LIMIT: Head = Head::new("limit", 6, 6);
const FILL: Head = Head::new("fill %", 6, 5);
const GROWTH: Head = Head::new("grow/s", 7, 2).by(Order::QueueGrowth);
const LOST: Head = Head::new("drops", 6, 4).by(Order::Drops);
const QUEUE_IN: Head = Head::new("in/s", 6, 3).by(Order::Rate);
const QUEUE_OUT: Head = Head::new("out/s", 6, 3);
const QUEUE_AGE: Head = Head::new("age", 5, 7);
const QUEUE_WORST: Head = Head::new("worst%", 7, 8).by(Order::Severity);

/// The queues of a task.
pub const QUEUES: &[Head] = &[
    KIND,
    WHAT,
    Head::new("fd", 5, 8),
    DEPTH,
    LIMIT,
    FILL,
    GROWTH,
    LOST,
    QUEUE_IN,
    QUEUE_OUT,
    QUEUE_AGE,
    Head::new("other end", 16, 1).growing(3),
];

/// The queues of all tasks of a node.
pub const ALL_QUEUES: &[Head] = &[
    TASK,
    PID,
    KIND,
    QUEUE_WORST,
    DEPTH,
    LIMIT,
    FILL,
    GROWTH,
    LOST,
    QUEUE_IN,
    QUEUE_OUT,
    QUEUE_AGE,
    Head::new("what", 16, 5).growing(4),
];

/// The cgroups of a node: first what they do to others, then what is done to them.
pub const CGROUPS: &[Head] = &[
    Head::new("cgroup", 16, 0).growing(3).by(Order::Name),
    Head::new("kind", 9, 6),
    WORST,
    Head::new("caused/s", 9, 1).sorting(Sort::Caused),
    DELAY,
    Head::new("cores", 6, 0).by(Order::Cpu),
    Head::new("quota", 6, 3),
    Head::new("held/s", 7, 2).sorting(Sort::Throttled),
    Head::new("mem B", 6, 1).by(Order::Mem),
    Head::new("limit", 6, 4),
    Head::new("psi %", 9, 8),
    Head::new("oom", 4, 7),
    Head::new("procs", 6, 5).by(Order::Number),
    Head::new("path", 24, 9).growing(4),
];

/// The network namespaces of a node.
pub const NAMESPACES: &[Head] = &[
    Head::new("namespace", 16, 0).growing(2).by(Order::Name),
    Head::new("inode", 10, 9),
    Head::new("drops/10s", 10, 0).by(Order::Drops),
    Head::new("udp/10s", 7, 1),
    Head::new("listeners", 9, 3),
    Head::new("tcp", 6, 4),
    Head::new("seg in/s", 9, 1).by(Order::Rate),
    Head::new("out/s", 6, 2),
    Head::new("retr/s", 6, 1),
    Head::new("udp in/s", 8, 5),
    Head::new("udp out/s", 9, 7),
    Head::new("procs", 6, 5).by(Order::Number),
    Head::new("why not read", 14, 6).growing(3),
];

/// The CPUs of a node.
pub const CPUS: &[Head] = &[
    Head::new("cpu", 5, 0).by(Order::Number),
    Head::new("busy %", 7, 0).by(Order::Cpu),
    Head::new("system %", 8, 3),
    Head::new("irq %", 6, 1),
    Head::new("steal %", 7, 2),
    Head::new("waiting", 8, 0).by(Order::Queue),
    Head::new("delay/s", 8, 0).by(Order::Delay),
    Head::new("in use", 10, 4).growing(1),
];

/// What explains a stuck host beyond its tasks.
pub const HOST: &[Head] = &[
    Head::new("what", 20, 0).growing(1).by(Order::Name),
    WORST,
    Head::new("vital", 5, 2),
    Head::new("now", 40, 1).growing(4),
];

/// The heads of a panel on a screen. Where all tasks are the kernel's, nothing is said of runtimes.
pub fn of(panel: Panel, screen: &Screen, is_mixed: bool) -> &'static [Head] {
    match (panel, screen) {
        (Panel::Nodes, _) => NODES,
        (Panel::Tasks, Screen::Cluster) if is_mixed => OF_CLUSTER_MIXED,
        (Panel::Tasks, Screen::Cluster) => OF_CLUSTER,
        (Panel::Tasks, Screen::Node(_)) if is_mixed => OF_NODE_MIXED,
        (Panel::Tasks, Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) | Screen::Task(..)) => OF_NODE,
        (Panel::Groups, _) => GROUPS,
        (Panel::Peers, _) => PEERS,
        (Panel::Vms, _) => erlang::VMS,
        (Panel::Processes, _) => erlang::PROCESSES,
        (Panel::Schedulers, _) => erlang::SCHEDULERS,
        (Panel::Functions, _) => erlang::FUNCTIONS,
        (Panel::Links, _) => erlang::LINKS,
        (Panel::Ports, _) => erlang::PORTS,
        (Panel::Tables, _) => erlang::TABLES,
        (Panel::Spots, _) => erlang::SPOTS,
        (Panel::Relatives, _) => erlang::RELATIVES,
        (Panel::AllQueues, _) => ALL_QUEUES,
        (Panel::Cgroups, _) => CGROUPS,
        (Panel::Namespaces, _) => NAMESPACES,
        (Panel::Cpus, _) => CPUS,
        (Panel::Host, _) => HOST,
        (Panel::Queues, _) => QUEUES,
        (Panel::Children, _) => CHILDREN,
    }
}

/// Where a column stands: its index, its distance from the left, its width.
pub type Place = (usize, u16, u16);

/// How many columns can be scrolled out: the first and the last stay.
pub(super) fn most_skipped(heads: &[Head]) -> usize {
    heads.len().saturating_sub(2)
}

/// Where the columns of a table stand; so many after the first are scrolled out, and the longest name of a node is so long.
pub fn arrange(heads: &[Head], width: u16, n_skipped: usize, longest: u16) -> Vec<Place> {
    let n_skipped = n_skipped.min(most_skipped(heads));
    let mut shown: Vec<usize> = (0..heads.len()).filter(|n| *n == 0 || *n > n_skipped).collect();
    let needed =
        |shown: &[usize]| shown.iter().map(|n| heads[*n].width_in(width, longest) + 1).sum::<u16>().saturating_sub(1);
    while shown.len() > 1 && needed(&shown) > width {
        // Of equal weight the one on the right goes first.
        let last =
            shown.iter().enumerate().max_by_key(|(place, n)| (heads[**n].weight, *place)).map(|(place, _)| place);
        shown.remove(last.expect("more than one column is left"));
    }
    let spare = width.saturating_sub(needed(&shown));
    let shares: u16 = shown.iter().map(|n| heads[*n].grows).sum();
    let mut x = 0;
    let mut rest = spare;
    let mut places = Vec::with_capacity(shown.len());
    let last_growing = shown.iter().rposition(|n| heads[*n].grows > 0);
    for (place, n) in shown.iter().enumerate() {
        let grown = match shares {
            0 => 0,
            _ if Some(place) == last_growing => rest,
            _ => spare * heads[*n].grows / shares,
        };
        rest -= grown;
        let own = heads[*n].width_in(width, longest) + grown;
        places.push((*n, x, own.min(width.saturating_sub(x))));
        x += own + 1;
    }
    places
}

/// The head at a distance from the left, where the columns stand so; the room before a column belongs to it.
pub fn at(heads: &'static [Head], places: &[Place], x: u16) -> Option<&'static Head> {
    places.iter().find(|(_, from, width)| x < from + width).map(|(n, ..)| &heads[*n])
}

#[cfg(test)]
mod tests;
