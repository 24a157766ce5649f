//! The levels that one goes into, their panels, and what is selected in each.

use std::sync::Arc;

use midair_vitals::{Order, QueueKind, TaskId};

use super::sort::Sort;
use crate::{event::NodeId, model::host::Check};

/// One of the levels, and what it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// Where does it hurt?
    #[default]
    Cluster,
    /// What hurts here?
    Node(NodeId),
    /// What hurts in this part of it?
    Scope(NodeId, Scope),
    /// Why?
    Task(NodeId, TaskId),
}

/// A part of a node in which tasks run together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A cgroup and those below it, by its path.
    Cgroup(Arc<str>),
    /// A network namespace, by its inode.
    Namespace(u64),
}

impl Screen {
    /// The panels with a table that can have the keys, in the order of `Tab`.
    pub fn panels(&self) -> &'static [Panel] {
        match self {
            Self::Cluster => &[Panel::Nodes, Panel::Tasks],
            Self::Node(_) => {
                &[Panel::Tasks, Panel::AllQueues, Panel::Cgroups, Panel::Namespaces, Panel::Cpus, Panel::Host]
            }
            Self::Scope(..) => &[Panel::Tasks],
            Self::Task(..) => &[Panel::Queues, Panel::Children],
        }
    }

    /// Whether its panels stand in one place, of which one is shown: tabs.
    pub fn has_tabs(&self) -> bool {
        match self {
            Self::Node(_) => true,
            Self::Cluster | Self::Scope(..) | Self::Task(..) => false,
        }
    }

    /// The node it is about.
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Cluster => None,
            Self::Node(node) | Self::Scope(node, _) | Self::Task(node, _) => Some(node),
        }
    }

    /// The same place under the node's new name.
    pub(super) fn rename_node(&mut self, from: &NodeId, to: &NodeId) {
        match self {
            Self::Node(node) | Self::Scope(node, _) | Self::Task(node, _) if node == from => *node = to.clone(),
            Self::Cluster | Self::Node(_) | Self::Scope(..) | Self::Task(..) => {}
        }
    }
}

/// A panel with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Panel {
    /// Nodes, the worst first.
    Nodes,
    /// Tasks: of the whole cluster, of one node, or of a part of it.
    Tasks,
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
    /// Queues of one task.
    Queues,
    /// Threads or children of one task.
    Children,
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

impl Panel {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Nodes,
        Self::Tasks,
        Self::AllQueues,
        Self::Cgroups,
        Self::Namespaces,
        Self::Cpus,
        Self::Host,
        Self::Queues,
        Self::Children,
    ];

    /// What the rows are, for a title.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Tasks => "tasks",
            Self::AllQueues | Self::Queues => "queues",
            Self::Cgroups => "cgroups",
            Self::Namespaces => "netns",
            Self::Cpus => "cpus",
            Self::Host => "host",
            Self::Children => "threads",
        }
    }

    /// What `<` and `>` go through, as the columns stand from left to right.
    pub fn sorts(self) -> &'static [Sort] {
        match self {
            Self::Nodes => NODE_SORTS,
            Self::Tasks | Self::Children => TASK_SORTS,
            Self::AllQueues | Self::Queues => QUEUE_SORTS,
            Self::Cgroups => CGROUP_SORTS,
            Self::Namespaces => NAMESPACE_SORTS,
            Self::Cpus => CPU_SORTS,
            Self::Host => HOST_SORTS,
        }
    }

    /// How it is sorted when a vital is chosen: by that, where it says something of these rows. Queues of a task have an
    /// order of their own, and so have CPUs.
    pub(super) fn sort_by(self, order: Order) -> Sort {
        let sorts = self.sorts();
        match self {
            Self::Queues | Self::Cpus => sorts[0],
            Self::Nodes
            | Self::Tasks
            | Self::AllQueues
            | Self::Cgroups
            | Self::Namespaces
            | Self::Host
            | Self::Children => *sorts.iter().find(|sort| **sort == order).unwrap_or(&sorts[0]),
        }
    }

    /// Whether choosing a vital sorts it.
    pub(super) fn follows_vital(self) -> bool {
        !matches!(self, Self::Queues | Self::Cpus)
    }
}

/// What a row is about. A selection follows it, wherever it ranks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// A node.
    Node(NodeId),
    /// A task.
    Task(NodeId, TaskId),
    /// A queue of the task in focus: kind and number. Sums have no number.
    Queue(QueueKind, Option<u64>),
    /// A queue of a task of the node: its owner, its kind and number.
    OwnedQueue(NodeId, TaskId, QueueKind, Option<u64>),
    /// A part of the node.
    Scope(NodeId, Scope),
    /// A CPU of the node: its number.
    Cpu(u32),
    /// Something that is looked at of the node.
    Check(Check),
}

impl RowId {
    /// The same row under the node's new name.
    pub(super) fn rename_node(&mut self, from: &NodeId, to: &NodeId) {
        match self {
            Self::Node(node) | Self::Task(node, _) | Self::OwnedQueue(node, ..) | Self::Scope(node, _)
                if node == from =>
            {
                *node = to.clone();
            }
            Self::Node(_)
            | Self::Task(..)
            | Self::OwnedQueue(..)
            | Self::Scope(..)
            | Self::Queue(..)
            | Self::Cpu(_)
            | Self::Check(_) => {}
        }
    }
}

/// A table as a person has set it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// What is selected; `None`: nothing, and the first row is what `Enter` takes.
    pub selected: Option<RowId>,
    /// First row shown, where the selection does not ask for another; see [`List::first_row`].
    pub offset: usize,
    /// By what it is sorted.
    pub sort: Sort,
    /// True when the lowest comes first.
    pub is_inverted: bool,
    /// Text that rows must hold; a leading `!` inverts.
    pub filter: String,
    /// Columns that were scrolled out on the left.
    pub n_columns_skipped: usize,
}

impl List {
    /// Where the selected row stands now.
    pub fn position(&self, rows: &[RowId]) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        rows.iter().position(|row| row == selected)
    }

    /// First row to show on a page of a height: the offset, moved as little as needed to show the selection.
    pub fn first_row(&self, rows: &[RowId], height: usize) -> usize {
        let last_page = rows.len().saturating_sub(height);
        let offset = self.offset.min(last_page);
        match self.position(rows) {
            Some(at) if at < offset => at,
            Some(at) if height > 0 && at >= offset + height => at + 1 - height,
            Some(_) | None => offset,
        }
    }
}

/// How a level was gone into from the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Into a part of it.
    #[default]
    In,
    /// Across, to the task at the other end of a queue.
    Across,
}

/// A screen with its tables: going out of it brings back the one before as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// What it shows.
    pub screen: Screen,
    /// How one came here.
    pub way: Way,
    /// The panel that has the keys.
    pub panel: Panel,
    /// Its tables, in the order of [`Screen::panels`].
    pub lists: Vec<List>,
}

impl Level {
    /// A screen, its tables sorted by an order as far as they know it.
    pub fn new(screen: Screen, order: Order) -> Self {
        let panels = screen.panels();
        let lists = panels.iter().map(|panel| List { sort: panel.sort_by(order), ..List::default() }).collect();
        Self { way: Way::In, panel: panels[0], lists, screen }
    }

    /// Index of a panel among the screen's.
    pub fn index_of(&self, panel: Panel) -> usize {
        self.screen.panels().iter().position(|p| *p == panel).unwrap_or(0)
    }

    /// The table of a panel.
    pub fn list(&self, panel: Panel) -> &List {
        &self.lists[self.index_of(panel)]
    }

    /// The table that has the keys.
    pub fn current(&self) -> &List {
        self.list(self.panel)
    }

    /// The table that has the keys.
    pub(super) fn current_mut(&mut self) -> &mut List {
        let n = self.index_of(self.panel);
        &mut self.lists[n]
    }
}
