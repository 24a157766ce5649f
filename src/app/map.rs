//! The map of the cluster as a place to go about in: a cell is selected by the node in it that needs a look most, a group is
//! gone into, and a group of more nodes than cells is seen page by page.

use std::sync::Arc;

use super::{
    Effect, State,
    act::moved,
    keymap::Action,
    layout::{
        Areas,
        map::{Map, Part},
    },
    rows::Filter,
    screen::{Panel, RowId, Screen},
};
use crate::{
    event::NodeId,
    model::{
        Node,
        cluster::{Group, Heat},
    },
};

/// How the map is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnMap {
    /// Whether keys move on it, not in a table.
    pub has_keys: bool,
    /// The group that was gone into.
    into: Option<Into>,
}

/// A group that was gone into.
#[derive(Clone, Debug, PartialEq)]
struct Into {
    value: Option<Arc<str>>,
    /// Whether each cell is a node, even where not all have room then.
    is_close: bool,
}

/// What a cell shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<'a> {
    /// The node in it that needs a look most, of those that the filter lets through.
    pub node: &'a Node,
    /// How much.
    pub heat: Heat,
}

impl State {
    /// Whether keys move on the map.
    pub fn is_on_map(&self) -> bool {
        self.on_map.has_keys && *self.screen() == Screen::Cluster && !self.areas().map.is_empty()
    }

    /// The groups that the map is made of.
    pub fn groups(&self) -> Arc<[Group]> {
        self.arranged.groups(&self.model, self.group_by.as_ref())
    }

    /// Where nodes stand on the map, and the groups that it is made of.
    pub fn map(&self, areas: &Areas) -> (Arc<[Group]>, Map) {
        let groups = self.groups();
        let sizes: Vec<usize> = groups.iter().map(|group| group.nodes.len()).collect();
        let map = Map::new(areas, &sizes, self.part(&groups));
        (groups, map)
    }

    /// The group that was gone into, where it is still there.
    pub fn map_group<'a>(&self, groups: &'a [Group]) -> Option<&'a Group> {
        let into = self.on_map.into.as_ref()?;
        groups.iter().find(|group| group.value == into.value)
    }

    fn part(&self, groups: &[Group]) -> Part {
        let Some(into) = &self.on_map.into else { return Part::All };
        let Some(group) = groups.iter().position(|group| group.value == into.value) else { return Part::All };
        if !into.is_close {
            return Part::Group(group);
        }
        let node = self.node_on_map().and_then(|id| groups[group].nodes.iter().position(|node| node == id));
        Part::Page(group, node.unwrap_or(0))
    }

    /// The node that is selected on the map, which is that of the table.
    pub fn node_on_map(&self) -> Option<&NodeId> {
        match &self.list(Panel::Nodes).selected {
            Some(RowId::Node(id) | RowId::Task(id, _)) => Some(id),
            // Rows of other tables than those of this screen.
            Some(_) | None => None,
        }
    }

    /// What each cell shows, in the order of places; `None`: the filter leaves all of its nodes out.
    pub fn cells<'a>(&'a self, groups: &[Group], map: &Map) -> Vec<Option<Cell<'a>>> {
        let filter = Filter::of(self.list(Panel::Nodes), &self.model);
        let is_all = self.list(Panel::Nodes).filter.is_empty();
        let cell = |id: &NodeId| {
            let node = self.model.node(id).filter(|node| is_all || filter.takes_node(node))?;
            Some(Cell { node, heat: node.heat(self.vital) })
        };
        let hottest = |worst: Cell<'a>, next: Cell<'a>| if next.heat > worst.heat { next } else { worst };
        map.places.iter().map(|place| place.of(groups).filter_map(cell).reduce(hottest)).collect()
    }

    /// The nodes that the map shows, without those that the filter leaves out.
    pub fn nodes_on_map<'a>(&'a self, groups: &'a [Group]) -> impl Iterator<Item = &'a Node> {
        let filter = Filter::of(self.list(Panel::Nodes), &self.model);
        let is_all = self.list(Panel::Nodes).filter.is_empty();
        let group = self.map_group(groups);
        let shown = groups.iter().filter(move |one| group.is_none_or(|group| std::ptr::eq(*one, group)));
        let nodes = shown.flat_map(|group| &group.nodes).filter_map(|id| self.model.node(id));
        nodes.filter(move |node| is_all || filter.takes_node(node))
    }

    /// Selects the node at a place of the map that needs a look most.
    pub(super) fn select_on_map(&mut self, groups: &[Group], map: &Map, place: usize) {
        let cells = self.cells(groups, map);
        if let Some(Some(cell)) = cells.get(place) {
            let id = cell.node.id.clone();
            self.take_on_map(id);
        }
    }

    fn take_on_map(&mut self, id: NodeId) {
        let level = self.level_mut();
        level.panel = Panel::Nodes;
        level.current_mut().selected = Some(RowId::Node(id));
    }

    /// Into a group, by its index.
    pub(super) fn enter_group(&mut self, group: &Group) {
        self.on_map.into = Some(Into { value: group.value.clone(), is_close: false });
        if let Some(id) = self.node_on_map()
            && !group.nodes.contains(id)
        {
            self.level_mut().current_mut().selected = None;
        }
    }

    /// All groups again.
    pub(super) fn leave_groups(&mut self) {
        self.on_map.into = None;
    }
}

/// What a key does on the map; `None` where it does what it does everywhere.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    if !state.is_on_map() {
        return None;
    }
    let n_lines = i32::from(state.map(&state.areas()).1.groups.height.max(1));
    match action {
        Action::Move(n) => step(state, 0, n),
        Action::Columns(n) => step(state, n, 0),
        Action::Page(n) => step(state, 0, n * n_lines),
        Action::First => edge(state, 0),
        Action::Last => edge(state, usize::MAX),
        Action::Enter => return enter(state),
        Action::Zoom(-1) => zoom_in(state),
        Action::Zoom(_) => {
            if !zoom_out(state) {
                state.refuse("all nodes are on the map; Tab to a table, and + - are of the time line");
            }
        }
        Action::Leave if zoom_out(state) => {}
        Action::Leave if state.level().current().filter.is_empty() => state.on_map.has_keys = false,
        _ => return None,
    }
    Some(Vec::new())
}

/// The next table, or the map after the last one.
pub(super) fn next_panel(state: &mut State, n: i32) {
    let has_map = *state.screen() == Screen::Cluster && !state.areas().map.is_empty();
    let was_on_map = state.is_on_map();
    let level = state.level_mut();
    let panels = level.screen.panels();
    let at = if was_on_map { panels.len() } else { level.index_of(level.panel) };
    let n_stops = panels.len() + usize::from(has_map);
    let to = (at as i32 + n).rem_euclid(n_stops as i32) as usize;
    level.panel = panels.get(to).copied().unwrap_or(Panel::Nodes);
    state.on_map.has_keys = to == panels.len();
}

/// To the cell beside the selected one that holds somebody; at the edge of a page to the next page.
fn step(state: &mut State, right: i32, down: i32) {
    let (groups, map) = state.map(&state.areas());
    let Some(from) = place_of_selected(state, &groups, &map) else {
        select_hottest(state, &groups, &map);
        return;
    };
    let cells = state.cells(&groups, &map);
    let mut to = map.beside(from, right, down);
    while let Some(at) = to.filter(|at| *at != from && cells[*at].is_none()) {
        to = map.beside(at, right.signum(), down.signum());
    }
    match to.and_then(|to| cells[to]) {
        Some(cell) => {
            let id = cell.node.id.clone();
            state.take_on_map(id);
        }
        None => turn_page(state, &groups, &map, (from, right + down)),
    }
}

/// Beyond the edge of a page.
fn turn_page(state: &mut State, groups: &[Group], map: &Map, (from, way): (usize, i32)) {
    let Some(page) = &map.page else { return };
    let Some(nodes) = groups.get(map.places[from].group).map(|group| &group.nodes) else { return };
    let filter = Filter::of(state.list(Panel::Nodes), &state.model);
    let is_taken = |at: &usize| state.model.node(&nodes[*at]).is_some_and(|node| filter.takes_node(node));
    let to = if way > 0 { (page.end..nodes.len()).find(is_taken) } else { (0..page.start).rev().find(is_taken) };
    if let Some(to) = to {
        state.take_on_map(nodes[to].clone());
    }
}

/// To the first or the last cell that holds somebody; of all pages.
fn edge(state: &mut State, end: usize) {
    let (groups, map) = state.map(&state.areas());
    let group = map.places.first().map_or(0, |place| place.group);
    if let (Some(_), Some(group)) = (&map.page, groups.get(group)) {
        let at = moved(0, i32::try_from(end).unwrap_or(i32::MAX), group.nodes.len());
        state.take_on_map(group.nodes[at].clone());
        return;
    }
    let cells = state.cells(&groups, &map);
    let mut known = cells.iter().flatten();
    let cell = if end == 0 { known.next() } else { known.next_back() };
    if let Some(id) = cell.map(|cell| cell.node.id.clone()) {
        state.take_on_map(id);
    }
}

fn select_hottest(state: &mut State, groups: &[Group], map: &Map) {
    let cells = state.cells(groups, map);
    let known = cells.iter().flatten();
    let hottest = known.reduce(|worst, next| if next.heat > worst.heat { next } else { worst });
    if let Some(id) = hottest.map(|cell| cell.node.id.clone()) {
        state.take_on_map(id);
    }
}

/// The cell in which the selected node is.
fn place_of_selected(state: &State, groups: &[Group], map: &Map) -> Option<usize> {
    let id = state.node_on_map()?;
    map.places.iter().position(|place| place.of(groups).any(|node| node == id))
}

/// Into what is selected: a node, or the group of several that share a cell.
fn enter(state: &mut State) -> Option<Vec<Effect>> {
    let (groups, map) = state.map(&state.areas());
    let place = place_of_selected(state, &groups, &map);
    if place.is_none() {
        select_hottest(state, &groups, &map);
        return Some(Vec::new());
    }
    let n_sharing = place.map_or(0, |place| map.places[place].of(&groups).count());
    if n_sharing <= 1 {
        return None;
    }
    zoom_in(state);
    Some(Vec::new())
}

/// Into the group of the selected node, then to one node per cell.
fn zoom_in(state: &mut State) {
    let (groups, map) = state.map(&state.areas());
    if state.node_on_map().is_none() {
        select_hottest(state, &groups, &map);
    }
    let is_in = |group: &&Group| state.node_on_map().is_some_and(|id| group.nodes.contains(id));
    let is_inside = state.map_group(&groups).is_some();
    let is_whole = map.fold == 1 && map.group_fold == 0;
    let Some(group) = groups.iter().find(is_in) else { return };
    if is_whole && (is_inside || groups.len() == 1) {
        state.refuse("each cell is a node; Enter goes into it");
        return;
    }
    // The only group is on the map whole already.
    let is_close = is_inside || groups.len() == 1;
    state.on_map.into = Some(Into { value: group.value.clone(), is_close });
}

/// Out of a page, then of the group; says whether there was something to go out of.
fn zoom_out(state: &mut State) -> bool {
    let n_groups = state.groups().len();
    match state.on_map.into.take() {
        Some(into) if into.is_close && n_groups > 1 => state.on_map.into = Some(Into { is_close: false, ..into }),
        Some(_) => {}
        None => return false,
    }
    true
}
