//! Which rows a table shows, and in which order.

mod cluster;
mod filter;
mod measured;
mod queues;
mod vms;

use midair_vitals::TaskKind;

pub(super) use self::{cluster::trouble, filter::Filter};
use super::{
    State,
    screen::{List, Panel, RowId, Scope, Screen},
};
use crate::model::{Node, Task, cgroup, rank::Standing};

/// Rows of the cluster's tasks: the hottest, not all of ten thousand nodes.
const N_HOTTEST: usize = 1000;

/// All rows of a panel on the current screen: filtered and sorted.
pub fn rows(state: &State, panel: Panel) -> Vec<RowId> {
    let list = state.list(panel);
    match (panel, state.screen()) {
        (Panel::Nodes, _) => nodes(state, list),
        (Panel::Tasks, Screen::Cluster) => {
            let mut rows = tasks(state.model.nodes.values(), state, list);
            rows.truncate(N_HOTTEST);
            rows
        }
        (Panel::Tasks, Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) | Screen::Task(..))
        | (Panel::Processes, _) => tasks(state.node().into_iter(), state, list),
        (Panel::Groups, _) => cluster::groups(state, list),
        (Panel::Peers, _) => cluster::peers(state, list),
        (Panel::Vms, _) => vms::of_node(state, list),
        (Panel::Schedulers, _) => vms::schedulers(state, list),
        (Panel::Functions, _) => vms::functions(state, list),
        (Panel::Links, _) => vms::links(state, list),
        (Panel::Ports, _) => vms::ports(state, list),
        (Panel::Tables, _) => vms::tables(state, list),
        (Panel::Spots, _) => vms::spots(state, list),
        (Panel::Relatives, _) => vms::relatives(state, list),
        (Panel::AllQueues, _) => queues::of_node(state, list),
        (Panel::Cgroups, _) => measured::cgroups(state, list),
        (Panel::Namespaces, _) => measured::namespaces(state, list),
        (Panel::Cpus, _) => measured::cpus(state, list),
        (Panel::Host, _) => measured::host(state, list),
        (Panel::Queues, _) => queues::of_task(state, list),
        (Panel::Children, _) => children(state, list),
    }
}

fn sorted<T>(mut rows: Vec<(Standing, T)>, list: &List) -> Vec<T>
where
    T: Ord,
{
    // Equal ranks keep one order, or rows would dance.
    rows.sort_by(|(a, a_id), (b, b_id)| a.compare(b, list.is_inverted).then_with(|| a_id.cmp(b_id)));
    rows.into_iter().map(|(_, id)| id).collect()
}

fn nodes(state: &State, list: &List) -> Vec<RowId> {
    let filter = Filter::of(list, &state.model);
    let nodes = state.model.nodes.values().filter(|node| filter.takes_node(node));
    sorted(nodes.map(|n| (Standing::of_node(list.sort.order(), n), RowId::Node(n.id.clone()))).collect(), list)
}

fn tasks<'a>(nodes: impl Iterator<Item = &'a Node>, state: &State, list: &List) -> Vec<RowId> {
    let filter = Filter::of(list, &state.model);
    let mut rows = Vec::new();
    for node in nodes {
        // What a silent node said last is not what is hot in the cluster now.
        if matches!(state.screen(), Screen::Cluster) && node.presence.is_silent() {
            continue;
        }
        let is_shown = |t: &&Task| state.shows_threads || t.reading.kind != TaskKind::Thread;
        let shown = node.tasks.values().filter(is_shown).filter(|t| is_in_scope(state.screen(), node, t));
        let shown = shown.filter(|t| filter.takes_task(node, t));
        rows.extend(shown.map(|t| (Standing::of_task(list.sort.order(), t), (&node.id, t.id()))));
    }
    sorted(rows, list).into_iter().map(|(node, task)| RowId::Task(node.clone(), task)).collect()
}

/// Whether a task belongs to what the screen is about.
fn is_in_scope(screen: &Screen, node: &Node, task: &Task) -> bool {
    match screen {
        Screen::Scope(_, Scope::Cgroup(path)) => {
            task.reading.cgroup.as_deref().is_some_and(|of_task| cgroup::is_within(of_task, path))
        }
        Screen::Scope(_, Scope::Namespace(inode)) => match task.reading.netns {
            Some(of_task) => of_task == *inode,
            // A task of the agent's own namespace names none.
            None => node.namespaces.get(inode).is_some_and(|namespace| namespace.reading.is_own),
        },
        Screen::Vm(_, runtime) => task.id().runtime == *runtime,
        Screen::Cluster | Screen::Node(_) | Screen::Task(..) => true,
    }
}

fn children(state: &State, list: &List) -> Vec<RowId> {
    let (Some(focus), Some(node)) = (state.focus(), state.node()) else { return Vec::new() };
    let filter = Filter::of(list, &state.model);
    let shown = focus.children.iter().filter(|child| filter.takes_task(node, child));
    let row = |child: &Task| (Standing::of_task(list.sort.order(), child), RowId::Task(node.id.clone(), child.id()));
    sorted(shown.map(row).collect(), list)
}
