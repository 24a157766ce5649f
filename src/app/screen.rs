//! The three levels, their panels, and what is selected in each.

use midair_vitals::{Order, QueueKind, TaskId};

use crate::event::NodeId;

/// One of the three levels, and what it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// Where does it hurt?
    #[default]
    Cluster,
    /// What hurts here?
    Node(NodeId),
    /// Why?
    Task(NodeId, TaskId),
}

impl Screen {
    /// The panels with a table that can have the keys, in the order of `Tab`.
    pub fn panels(&self) -> &'static [Panel] {
        match self {
            Self::Cluster => &[Panel::Nodes, Panel::Tasks],
            Self::Node(_) => &[Panel::Tasks],
            Self::Task(..) => &[Panel::Queues, Panel::Children],
        }
    }

    /// The node it is about.
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Cluster => None,
            Self::Node(node) | Self::Task(node, _) => Some(node),
        }
    }
}

/// A panel with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Panel {
    /// Nodes, the worst first.
    Nodes,
    /// Tasks: of the whole cluster, or of one node.
    Tasks,
    /// Queues of one task.
    Queues,
    /// Threads or children of one task.
    Children,
}

impl Panel {
    /// The orders that `<` and `>` go through, as the columns stand from left to right.
    pub fn orders(self) -> &'static [Order] {
        match self {
            Self::Nodes => &[
                Order::Severity,
                Order::Name,
                Order::Delay,
                Order::Cpu,
                Order::Mem,
                Order::MemGrowth,
                Order::Queue,
                Order::QueueGrowth,
                Order::Drops,
                Order::Rate,
                Order::Number,
                Order::Age,
            ],
            Self::Tasks | Self::Children => &[
                Order::Severity,
                Order::Name,
                Order::Number,
                Order::Delay,
                Order::Cpu,
                Order::Mem,
                Order::MemGrowth,
                Order::Queue,
                Order::QueueGrowth,
                Order::Drops,
                Order::Rate,
                Order::Age,
            ],
            Self::Queues => &[Order::Queue, Order::Name, Order::QueueGrowth, Order::Rate, Order::Drops],
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
    /// A queue of the task in focus: kind and number. Sums have no number.
    Queue(QueueKind, Option<u64>),
}

/// A table as a person has set it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// What is selected; `None`: nothing, and the first row is what `Enter` takes.
    pub selected: Option<RowId>,
    /// First row shown, where the selection does not ask for another; see [`List::first_row`].
    pub offset: usize,
    /// By what it is sorted.
    pub order: Order,
    /// True when the lowest comes first.
    pub is_inverted: bool,
    /// Text that rows must hold; a leading `!` inverts.
    pub filter: String,
    /// Columns that were scrolled out on the left.
    pub n_columns_skipped: usize,
}

impl List {
    /// A table sorted by an order.
    pub fn sorted_by(order: Order) -> Self {
        Self { order, ..Self::default() }
    }

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

/// A screen with its tables: going out of it brings back the one before as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// What it shows.
    pub screen: Screen,
    /// The panel that has the keys.
    pub panel: Panel,
    /// Its tables, in the order of [`Screen::panels`].
    pub lists: [List; 2],
}

impl Level {
    /// A screen, its tables sorted by an order.
    pub fn new(screen: Screen, order: Order) -> Self {
        let panel = screen.panels()[0];
        // Queues have an order of their own: what a vital sorts tasks by says nothing of them.
        let first = if panel == Panel::Queues { Order::Queue } else { order };
        Self { screen, panel, lists: [List::sorted_by(first), List::sorted_by(order)] }
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
        &mut self.lists[self.index_of(self.panel)]
    }
}
