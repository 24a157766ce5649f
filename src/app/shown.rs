//! What the screen is about, and what there is of it: read from the state, never kept.

use std::sync::Arc;

use midair_vitals::vm::Limited;

use super::{
    State, TABLE_ID,
    layout::{self, Areas, Content},
    rows,
    screen::{List, Panel, RowId, Scope, Screen},
};
use crate::{
    event::Stamp,
    model::{
        Cgroup, Finding, Focus, Namespace, Node, Task, Vm,
        cluster::Summary,
        finding,
        relatives::{self, Relative, Spot},
        timeline::{self, Flag},
    },
};

/// Lines that tell what a part of a node uses.
const ABOUT_SCOPE: usize = 3;

/// Lines that tell who an Erlang process is: what it does, who it is, its memory.
const ABOUT_ERLANG: usize = 3;

/// Lines that tell who a task is: what it does, who it is, its cgroup, its command. One more for a network namespace.
const ABOUT_TASK: usize = 4;

impl State {
    /// How many nodes are heard themselves through hubs.
    pub fn n_followed(&self) -> usize {
        self.model.nodes.values().filter(|node| node.is_by_hub && node.is_heard_itself()).count()
    }

    /// The node that the screen is about.
    pub fn node(&self) -> Option<&Node> {
        self.model.node(self.screen().node()?)
    }

    /// The task that the screen is about.
    pub fn task(&self) -> Option<&Task> {
        match self.screen() {
            Screen::Task(node, task) => self.model.node(node)?.task(*task),
            Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) => None,
        }
    }

    /// The Erlang VM that the screen is about.
    pub fn vm(&self) -> Option<&Vm> {
        match self.screen() {
            Screen::Vm(node, runtime) => self.model.node(node)?.vms.get(runtime),
            Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Task(..) => None,
        }
    }

    /// The close look that the screen is about.
    pub fn focus(&self) -> Option<&Focus> {
        match self.screen() {
            Screen::Task(node, task) => self.model.node(node)?.focus_on(*task),
            Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) => None,
        }
    }

    /// Where the Erlang process in focus is.
    pub fn spots(&self) -> Vec<Spot<'_>> {
        let Some((node, focus)) = self.node().zip(self.focus()) else { return Vec::new() };
        let traced = node.traced(focus.task.id());
        focus.erlang.as_ref().map_or_else(Vec::new, |look| relatives::spots(look, traced))
    }

    /// Other processes around the Erlang process in focus.
    pub fn relatives(&self) -> Vec<Relative> {
        let Some((node, focus)) = self.node().zip(self.focus()) else { return Vec::new() };
        let traced = node.traced(focus.task.id());
        focus.erlang.as_ref().map_or_else(Vec::new, |look| relatives::relatives(look, traced))
    }

    /// Whether some tasks that the screen lists are not the kernel's.
    pub fn is_mixed(&self) -> bool {
        let has_others = |node: &Node| node.runtimes.iter().any(|runtime| runtime.id != 0);
        self.node().map_or_else(|| self.model.nodes.values().any(has_others), has_others)
    }

    /// A table of the current screen.
    pub fn list(&self, panel: Panel) -> &List {
        self.level().list(panel)
    }

    /// All rows of a table, filtered and sorted.
    pub fn rows(&self, panel: Panel) -> Vec<RowId> {
        rows::rows(self, panel)
    }

    /// How many tasks the agent found for a table of tasks, where it sent but some of them: what is sought among these may
    /// be among the others.
    pub fn found_of_more(&self, panel: Panel) -> Option<u64> {
        let is_of_tasks = matches!(panel, Panel::Tasks | Panel::Processes);
        let answer = self.node().filter(|_| is_of_tasks)?.answers.get(&TABLE_ID)?;
        (answer.total > answer.n_rows).then_some(answer.total)
    }

    /// How many rows a table has, known here or not; `None` where that is not said.
    pub fn total(&self, panel: Panel) -> Option<u64> {
        let reading = || self.node()?.latest.as_ref().map(|latest| &latest.reading);
        match (panel, self.screen()) {
            // An answer that was of a VM's processes alone says nothing of the node: in the past it may be the last one.
            (Panel::Tasks, Screen::Node(_)) => {
                let answer = self.node()?.answers.get(&TABLE_ID).filter(|answer| answer.runtime.is_none());
                answer.map(|answer| answer.total)
            }
            (Panel::Processes, _) => self.vm()?.reading.count(Limited::Processes).n,
            (Panel::Tasks, Screen::Scope(_, Scope::Namespace(inode))) => {
                self.node()?.namespaces.get(inode)?.reading.n_processes
            }
            (Panel::Tasks, Screen::Scope(_, Scope::Cgroup(_))) => {
                // The agent looks for the path in any text; where all that it found came, it is known which are meant.
                let answer = self.node()?.answers.get(&TABLE_ID).filter(|answer| answer.total > answer.n_rows);
                answer.map(|answer| answer.total)
            }
            (Panel::Cgroups, _) => reading()?.n_cgroups,
            (Panel::Namespaces, _) => reading()?.n_netns,
            (Panel::Queues, _) => self.focus()?.n_queues.map(u64::from),
            (Panel::Children, _) => self.focus()?.n_children.map(u64::from),
            (Panel::Links, _) => self.vm()?.reading.links.as_ref()?.n_total,
            (Panel::Ports, _) => self.vm()?.n_outlets(),
            (Panel::Tables, _) => self.vm()?.reading.tables.as_ref()?.n_total,
            (
                Panel::Nodes
                | Panel::Groups
                | Panel::Peers
                | Panel::AllQueues
                | Panel::Cpus
                | Panel::Host
                | Panel::Vms
                | Panel::Schedulers
                | Panel::Functions
                | Panel::Spots
                | Panel::Relatives,
                _,
            )
            | (Panel::Tasks, Screen::Cluster | Screen::Vm(..) | Screen::Task(..)) => None,
        }
    }

    /// The cgroup that the screen is about.
    pub fn cgroup(&self) -> Option<&Cgroup> {
        match self.screen() {
            Screen::Scope(node, Scope::Cgroup(path)) => self.model.node(node)?.cgroups.get(path),
            Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) | Screen::Task(..) => None,
        }
    }

    /// The network namespace that the screen is about.
    pub fn namespace(&self) -> Option<&Namespace> {
        match self.screen() {
            Screen::Scope(node, Scope::Namespace(inode)) => self.model.node(node)?.namespaces.get(inode),
            Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) | Screen::Task(..) => None,
        }
    }

    /// What is wrong with what the screen is about, the worst first.
    pub fn findings(&self) -> Vec<Finding> {
        let (node, now) = (self.screen().node(), self.now());
        let current = self.model.found.current(now).filter(|_| node.is_none()).map(<[Finding]>::to_vec);
        let mut found = current.unwrap_or_else(|| finding::findings(&self.model, node, now));
        found.extend(self.model.found.ended(node, now));
        found
    }

    /// Key of the label whose values make the groups that are listed: that of the map, else the first that nodes carry.
    pub fn groups_key(&self) -> Option<Arc<str>> {
        self.group_by.clone().or_else(|| self.model.label_keys().into_iter().next())
    }

    /// The groups, in numbers.
    pub fn summaries(&self) -> Vec<Summary> {
        self.groups_key().map(|key| self.model.summaries(&key)).unwrap_or_default()
    }

    /// When and why a link to a VM went down last, as far as anybody marked it.
    pub fn down_reason(&self, peer: &str) -> Option<(Stamp, &str)> {
        let reason = |flag: &'_ Flag| {
            let (_, rest) = flag.text.split_once(": node ").filter(|_| flag.at <= self.now())?;
            let at = rest.strip_prefix(peer)?.strip_prefix(" is down: ").map(|why| flag.text.len() - why.len())?;
            Some(at)
        };
        let downs = self.timeline.flags.iter().filter_map(|flag| Some((flag, reason(flag)?)));
        downs.max_by_key(|(flag, _)| flag.at).and_then(|(flag, from)| Some((flag.at, flag.text.get(from..)?)))
    }

    /// The marks that belong to what the screen is about, the newest first.
    pub fn marks(&self) -> Vec<&Flag> {
        self.timeline.flags.on(self.screen().node())
    }

    /// How long the longest name of a node is.
    pub fn longest_name(&self) -> u16 {
        let names = self.model.nodes.values().map(|node| node.name().chars().count());
        names.max().map_or(0, |n| u16::try_from(n).unwrap_or(u16::MAX))
    }

    /// Where things stand.
    pub fn areas(&self) -> Areas {
        layout::areas(self.screen(), self.level().panel, self.size, &self.content())
    }

    /// What there is to show. It goes by what is known, not by what a filter lets through: typing must not move things.
    fn content(&self) -> Content {
        match self.screen() {
            Screen::Cluster => {
                let groups = self.groups().iter().map(|group| group.nodes.len()).collect();
                Content { groups, ..Content::default() }
            }
            Screen::Node(_) => Content { notices: self.node().map(notices).unwrap_or_default(), ..Content::default() },
            Screen::Vm(..) => Content {
                notices: self.node().zip(self.vm()).map(|(node, vm)| vm_notices(node, vm)).unwrap_or_default(),
                ..Content::default()
            },
            Screen::Task(_, task) if task.runtime != 0 => Content {
                n_queues: self.spots().len(),
                n_children: self.relatives().len(),
                n_about: ABOUT_ERLANG,
                ..Content::default()
            },
            Screen::Scope(..) => Content { n_about: ABOUT_SCOPE, ..Content::default() },
            Screen::Task(..) => {
                let task = self.task();
                // Before the close look has come, the row tells whether there will be threads.
                let has_threads = task.is_some_and(|t| t.reading.n_threads.is_some_and(|n| n > 1));
                let n_children = self.focus().map_or(usize::from(has_threads), |focus| focus.children.len());
                let n_about = ABOUT_TASK + usize::from(task.is_some_and(|task| task.reading.netns.is_some()));
                Content { n_queues: task.map_or(0, |t| t.queues().count()), n_children, n_about, ..Content::default() }
            }
        }
    }

    /// The columns of the time line for what is in focus.
    pub fn timeline_cells(&self, n_cells: usize) -> Vec<timeline::Cell> {
        self.timeline.cells(self.screen().node(), self.vital, self.window(), n_cells)
    }
}

/// How long each text is that says what does not work with a VM.
fn vm_notices(node: &Node, vm: &Vm) -> Vec<usize> {
    vm.notices(node).iter().map(|notice| notice.chars().count() + 2).collect()
}

/// How long each text is that says what does not work on a node.
fn notices(node: &Node) -> Vec<usize> {
    node.troubles().map(|(name, why)| name.chars().count() + why.chars().count() + 4).collect()
}
