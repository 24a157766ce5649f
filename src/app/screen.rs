//! The levels that one goes into, their panels, and what is selected in each.

mod panel;

use std::sync::Arc;

use midair_vitals::{Order, QueueKind, TaskId, vm::SchedulerKind};

use super::sort::Sort;
use crate::{
    event::NodeId,
    model::{host::Check, relatives::Relation},
};

pub use panel::Panel;

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
    /// What hurts in this Erlang VM? Its runtime on the node.
    Vm(NodeId, u32),
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
            Self::Cluster => &[Panel::Nodes, Panel::Tasks, Panel::Groups, Panel::Peers],
            Self::Node(_) => &[
                Panel::Tasks,
                Panel::AllQueues,
                Panel::Cgroups,
                Panel::Namespaces,
                Panel::Cpus,
                Panel::Host,
                Panel::Vms,
            ],
            Self::Vm(..) => {
                &[Panel::Processes, Panel::Schedulers, Panel::Functions, Panel::Links, Panel::Ports, Panel::Tables]
            }
            Self::Scope(..) => &[Panel::Tasks],
            // Those of other runtimes hold no sockets and have no threads: other things tell where they are.
            Self::Task(_, task) if task.runtime != 0 => &[Panel::Spots, Panel::Relatives],
            Self::Task(..) => &[Panel::Queues, Panel::Children],
        }
    }

    /// Whether some of its panels share a place, where one of them is shown: tabs.
    pub fn has_tabs(&self) -> bool {
        match self {
            Self::Cluster | Self::Node(_) | Self::Vm(..) => true,
            Self::Scope(..) | Self::Task(..) => false,
        }
    }

    /// The panels that share the place of one, itself included.
    pub fn beside(&self, panel: Panel) -> &'static [Panel] {
        match (self, panel) {
            (Self::Cluster, Panel::Nodes | Panel::Groups) => &[Panel::Nodes, Panel::Groups],
            (Self::Cluster, _) => &[Panel::Tasks, Panel::Peers],
            (Self::Node(_) | Self::Vm(..) | Self::Scope(..) | Self::Task(..), _) => self.panels(),
        }
    }

    /// The node it is about.
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Cluster => None,
            Self::Node(node) | Self::Scope(node, _) | Self::Vm(node, _) | Self::Task(node, _) => Some(node),
        }
    }

    /// The same place under the node's new name.
    pub(super) fn rename_node(&mut self, from: &NodeId, to: &NodeId) {
        match self {
            Self::Node(node) | Self::Scope(node, _) | Self::Vm(node, _) | Self::Task(node, _) if node == from => {
                *node = to.clone();
            }
            Self::Cluster | Self::Node(_) | Self::Scope(..) | Self::Vm(..) | Self::Task(..) => {}
        }
    }
}

/// What a row is about. A selection follows it, wherever it ranks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// A node.
    Node(NodeId),
    /// A task.
    Task(NodeId, TaskId),
    /// Nodes that share the value of a label; `None`: those without it.
    Group(Option<Arc<str>>),
    /// A VM to which links lead, by its name.
    Peer(Arc<str>),
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
    /// An Erlang VM of the node: its runtime.
    Vm(NodeId, u32),
    /// A scheduler of the VM.
    Scheduler(SchedulerKind, u32),
    /// A function that active processes of the VM are in.
    Function(Arc<str>),
    /// A distribution link of the VM: the other node.
    Link(Arc<str>),
    /// A port of the VM: its text.
    Port(Arc<str>),
    /// An ETS table of the VM: its name, and its owner, for names are not unique.
    Table(Arc<str>, Option<Arc<str>>),
    /// A line of where the process is.
    Spot(u16),
    /// Another process around the one in focus.
    Relative(Relation, Arc<str>),
}

impl RowId {
    /// The same row under the node's new name.
    pub(super) fn rename_node(&mut self, from: &NodeId, to: &NodeId) {
        match self {
            Self::Node(node)
            | Self::Task(node, _)
            | Self::OwnedQueue(node, ..)
            | Self::Scope(node, _)
            | Self::Vm(node, _)
                if node == from =>
            {
                *node = to.clone();
            }
            Self::Node(_)
            | Self::Task(..)
            | Self::OwnedQueue(..)
            | Self::Scope(..)
            | Self::Group(_)
            | Self::Peer(_)
            | Self::Queue(..)
            | Self::Cpu(_)
            | Self::Check(_)
            | Self::Vm(..)
            | Self::Scheduler(..)
            | Self::Function(_)
            | Self::Link(_)
            | Self::Port(_)
            | Self::Table(..)
            | Self::Spot(_)
            | Self::Relative(..) => {}
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
