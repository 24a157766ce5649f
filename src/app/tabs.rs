//! The tabs of a screen whose tables share one place: their words, where they stand, and which of them has trouble.

use midair_vitals::Severity;

use super::{
    State,
    layout::{Areas, Frames, Rect},
    rows,
    screen::{Panel, Screen},
};
use crate::model::{Node, Vm, host};

/// One tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// The panel that it shows.
    pub panel: Panel,
    /// Whether it is shown now.
    pub is_shown: bool,
    /// What it says.
    pub label: String,
    /// The worst of what it holds, where that needs a look.
    pub severity: Option<Severity>,
    /// Where it stands.
    pub rect: Rect,
}

/// From here on a tab is marked, per mille.
const WORTH_A_LOOK: u32 = 500;

/// The tabs of the place in which a table is shown, from left to right, where that has so many rows; those for which there is
/// no room are missing. Empty on screens without tabs.
pub fn tabs(state: &State, areas: &Areas, shown: Panel, n_rows: usize) -> Vec<Tab> {
    if !state.screen().has_tabs() {
        return Vec::new();
    }
    let row = title_row(areas, state.level().index_of(shown));
    let mut x = row.x;
    let mut tabs = Vec::new();
    for panel in state.screen().beside(shown) {
        let is_shown = *panel == shown;
        let severity = match state.node() {
            Some(node) => severity(node, state.vm(), *panel),
            None => of_cluster(state, *panel),
        };
        let severity = severity.filter(|s| s.per_mille() >= WORTH_A_LOOK);
        let label = if is_shown { label(state, *panel, n_rows as u64) } else { word(state, *panel).to_owned() };
        // Brackets or spaces around it, and a sign.
        let width = label.chars().count() as u16 + 2 + u16::from(severity.is_some());
        if x + width > row.x + row.width {
            break;
        }
        let rect = Rect { x, y: row.y, width, height: row.height };
        tabs.push(Tab { panel: *panel, is_shown, label, severity, rect });
        x += width;
    }
    tabs
}

/// The row of a table's title, inside of its corners.
fn title_row(areas: &Areas, table: usize) -> Rect {
    let area = areas.tables.get(table).copied().unwrap_or_default();
    let (from, height) = match areas.frames {
        Frames::Nothing => (0, 0),
        Frames::Rules => (1, 1),
        Frames::Boxes => (2, 1),
    };
    Rect { x: area.x + from, width: area.width.saturating_sub(2 * from), height: area.height.min(height), ..area }
}

/// What the rows of a panel are on this screen.
fn word(state: &State, panel: Panel) -> &'static str {
    match (panel, state.screen()) {
        (Panel::Tasks, Screen::Cluster) => "hottest tasks",
        _ => panel.word(),
    }
}

/// What is worst of what stands beside nodes and tasks.
fn of_cluster(state: &State, panel: Panel) -> Option<Severity> {
    let peers = (panel == Panel::Peers).then(|| state.model.link_peers())?;
    peers.values().map(rows::trouble).max()
}

fn label(state: &State, panel: Panel, n_rows: u64) -> String {
    let word = word(state, panel);
    let total = state.total(panel).filter(|total| *total > n_rows && state.list(panel).filter.is_empty());
    let of = total.map_or_else(String::new, |total| format!(" of {}", exact(total)));
    let n = state.counted(panel, n_rows as usize).map_or_else(|| "-".to_owned(), |_| exact(n_rows));
    format!("{word} {n}{of}")
}

/// What is worst among the rows of a panel, where no finding on every screen tells it already.
fn severity(node: &Node, vm: Option<&Vm>, panel: Panel) -> Option<Severity> {
    match panel {
        Panel::Cgroups => node.cgroups.values().filter_map(|cgroup| cgroup.vitals.severities.worst()).max(),
        Panel::Namespaces => node.namespaces.values().filter_map(|namespace| namespace.severity()).max(),
        Panel::Host => host::worst(node),
        Panel::Vms => node.vms.values().filter_map(|vm| vm.severity(node)).max(),
        Panel::Links => vm?.vitals.links.iter().filter_map(|link| link.fill).max(),
        Panel::Schedulers => vm?.vitals.contended().map(|_| Severity::from_per_mille(900)),
        Panel::Nodes
        | Panel::Tasks
        | Panel::Groups
        | Panel::Peers
        | Panel::AllQueues
        | Panel::Cpus
        | Panel::Processes
        | Panel::Functions
        | Panel::Ports
        | Panel::Tables
        | Panel::Queues
        | Panel::Children
        | Panel::Spots
        | Panel::Relatives => None,
    }
}

impl State {
    /// How many rows a panel has; `None` where nothing was measured of what it shows.
    pub fn counted(&self, panel: Panel, n_rows: usize) -> Option<usize> {
        let is_measured = match (panel, self.node()) {
            (Panel::Children, _) => self.focus().is_some(),
            (Panel::Queues, _) => self.task().is_none_or(|task| task.reading.queues.is_some()),
            (_, Some(node)) => node.latest.is_some(),
            (_, None) => self.model.nodes.values().any(|node| node.glance().is_some()) || panel == Panel::Nodes,
        };
        (n_rows > 0 || is_measured).then_some(n_rows)
    }
}

/// A number with its thousands set apart: `1,204`.
pub fn exact(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
