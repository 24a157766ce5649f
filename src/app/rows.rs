//! Which rows a table shows, and in which order.

use midair_vitals::{Order, Queue, QueueVitals, TaskKind};

use super::{
    State,
    screen::{List, Panel, RowId, Screen},
};
use crate::model::{Node, Task, rank::Standing};

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
        (Panel::Tasks, Screen::Node(_) | Screen::Task(..)) => tasks(state.node().into_iter(), state, list),
        (Panel::Queues, _) => queues(state, list),
        (Panel::Children, _) => children(state, list),
    }
}

/// A filter as it was typed: text in any case; a leading `!` inverts.
struct Filter {
    text: String,
    is_inverted: bool,
}

impl Filter {
    fn of(list: &List) -> Self {
        let (text, is_inverted) = match list.filter.strip_prefix('!') {
            Some(text) => (text, !text.is_empty()),
            None => (list.filter.as_str(), false),
        };
        Self { text: text.to_lowercase(), is_inverted }
    }

    fn takes<'a>(&self, mut texts: impl Iterator<Item = &'a str>) -> bool {
        self.text.is_empty() || texts.any(|text| text.to_lowercase().contains(&self.text)) != self.is_inverted
    }

    fn takes_task(&self, node: &Node, task: &Task) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let reading = &task.reading;
        let number = reading.id.number.to_string();
        let texts = [&reading.name, &reading.command, &reading.user, &reading.cgroup];
        let texts = texts.into_iter().filter_map(|text| text.as_deref());
        let runtime = node.runtime_name(reading.id.runtime);
        self.takes(texts.chain([number.as_str(), node.name()]).chain(runtime))
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
    let filter = Filter::of(list);
    let labels = |node: &Node| -> Vec<String> {
        let described = node.described.iter();
        described.flat_map(|d| &d.labels).map(|(key, value)| format!("{key}={value}")).collect()
    };
    let takes = |node: &&Node| {
        let labels = labels(node);
        filter.takes([node.name(), &*node.address].into_iter().chain(labels.iter().map(String::as_str)))
    };
    let nodes = state.model.nodes.values().filter(takes);
    sorted(nodes.map(|n| (Standing::of_node(list.order, n), RowId::Node(n.id.clone()))).collect(), list)
}

fn tasks<'a>(nodes: impl Iterator<Item = &'a Node>, state: &State, list: &List) -> Vec<RowId> {
    let filter = Filter::of(list);
    let mut rows = Vec::new();
    for node in nodes {
        // What a silent node said last is not what is hot in the cluster now.
        if matches!(state.screen(), Screen::Cluster) && node.presence.is_silent() {
            continue;
        }
        let is_shown = |t: &&Task| state.shows_threads || t.reading.kind != TaskKind::Thread;
        let shown = node.tasks.values().filter(is_shown).filter(|t| filter.takes_task(node, t));
        rows.extend(shown.map(|t| (Standing::of_task(list.order, t), (&node.id, t.id()))));
    }
    sorted(rows, list).into_iter().map(|(node, task)| RowId::Task(node.clone(), task)).collect()
}

fn children(state: &State, list: &List) -> Vec<RowId> {
    let (Some(focus), Some(node)) = (state.focus(), state.node()) else { return Vec::new() };
    let filter = Filter::of(list);
    let shown = focus.children.iter().filter(|child| filter.takes_task(node, child));
    let row = |child: &Task| (Standing::of_task(list.order, child), RowId::Task(node.id.clone(), child.id()));
    sorted(shown.map(row).collect(), list)
}

fn queues(state: &State, list: &List) -> Vec<RowId> {
    let Some(task) = state.task() else { return Vec::new() };
    let filter = Filter::of(list);
    let label = |queue: &Queue| queue.label.clone().unwrap_or_default();
    let mut queues: Vec<(&Queue, &QueueVitals)> =
        task.queues().filter(|(q, _)| filter.takes([q.kind.word(), &*label(q)].into_iter())).collect();
    queues.sort_by(|(a, a_vitals), (b, b_vitals)| {
        // What is unknown comes last, also when the order is turned round.
        let is_known = |q: &Queue, v: &QueueVitals| match list.order {
            Order::QueueGrowth | Order::MemGrowth => v.growth.is_some(),
            Order::Drops => v.drops.is_some(),
            Order::Rate => v.rate_in.is_some() || v.rate_out.is_some(),
            Order::Name | Order::Number => true,
            Order::Severity | Order::Queue | Order::Cpu | Order::Delay | Order::Mem | Order::Age => q.depth.is_some(),
        };
        let known = is_known(b, b_vitals).cmp(&is_known(a, a_vitals));
        let growth = |v: &QueueVitals| v.growth.unwrap_or(f64::NEG_INFINITY);
        let by_growth = growth(b_vitals).total_cmp(&growth(a_vitals));
        let by_severity = b_vitals.severity.cmp(&a_vitals.severity);
        let by_rate = |v: &QueueVitals| v.rate_in.unwrap_or(0.0) + v.rate_out.unwrap_or(0.0);
        let ranks = match list.order {
            Order::QueueGrowth | Order::MemGrowth => by_growth,
            Order::Drops => b_vitals.drops.cmp(&a_vitals.drops),
            Order::Rate => by_rate(b_vitals).total_cmp(&by_rate(a_vitals)),
            Order::Name => (a.kind, label(a)).cmp(&(b.kind, label(b))),
            Order::Number => b.number.cmp(&a.number),
            Order::Severity | Order::Queue | Order::Cpu | Order::Delay | Order::Mem | Order::Age => {
                by_severity.then(by_growth).then_with(|| b.unit.cmp(&a.unit)).then_with(|| b.depth.cmp(&a.depth))
            }
        };
        let ranks = if list.is_inverted { ranks.reverse() } else { ranks };
        known.then(ranks).then_with(|| (a.kind, a.number).cmp(&(b.kind, b.number)))
    });
    queues.into_iter().map(|(queue, _)| RowId::Queue(queue.kind, queue.number)).collect()
}
