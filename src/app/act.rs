//! What each action of the key table does to the state.

use super::{
    Chosen, Effect, Overlay, PromptKind, State, across, compare, copy, heads,
    keymap::Action,
    map, overlay, prompt,
    screen::{Level, Panel, RowId, Screen},
};
use crate::{
    event::NodeId,
    model::{Vital, host::Check},
};

/// Carries an action out.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if action == Action::Leave
        && let Some(effects) = compare::give_up(state)
    {
        return effects;
    }
    if let Some(overlay) = state.overlay.clone().filter(|_| action != Action::Quit) {
        return overlay::act(state, overlay, action);
    }
    if let Some(effects) = map::act(state, action) {
        return effects;
    }
    match action {
        Action::Quit => return quit(state),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Help => state.overlay = Some(Overlay::Help { scroll: 0 }),
        Action::Findings => {
            state.overlay = Some(Overlay::Findings(Chosen::at(0, &overlay::subjects(&state.findings()))));
        }
        Action::Marks => state.show_marks(),
        Action::Move(n_rows) => state.move_by(n_rows),
        Action::Page(n_pages) => state.move_by(n_pages * state.page_rows().max(1) as i32),
        Action::First => state.move_by(i32::MIN),
        Action::Last => state.move_by(i32::MAX),
        Action::Enter => enter(state),
        Action::Across => across::follow(state),
        Action::Vm => across::to_vm(state),
        Action::Leave => leave(state),
        Action::Filter => prompt::open(state, PromptKind::Filter),
        Action::Command => prompt::open(state, PromptKind::Command),
        Action::Mark => prompt::open(state, PromptKind::Mark(state.now())),
        Action::Sort(n_columns) => sort(state, n_columns),
        Action::Invert => {
            let list = state.level_mut().current_mut();
            list.is_inverted = !list.is_inverted;
        }
        Action::Choose(vital) => choose(state, vital),
        Action::Group => group(state),
        Action::Panel(n) => map::next_panel(state, n),
        Action::Pause => return state.toggle_pause(),
        Action::Step(n_samples) => return state.step(n_samples),
        Action::Live => return state.go_live(),
        Action::Jump => prompt::open(state, PromptKind::Jump),
        Action::StepMark(steps) => return state.step_mark(steps),
        Action::Zoom(steps) => state.zoom_by(steps),
        Action::Speed(steps) => state.change_speed(steps),
        Action::Record if state.replay.is_some() => state.refuse("this is a recording already"),
        Action::Record => return vec![Effect::Record],
        Action::Compare => compare::begin(state),
        Action::Forget => compare::forget(state),
        Action::Copy => return copy_row(state),
        Action::Threads => state.toggle_threads(),
        Action::Mouse => state.toggle_mouse(),
        Action::Columns(n) => {
            let most = heads::most_skipped(heads::of(state.level().panel, state.screen(), state.is_mixed()));
            let list = state.level_mut().current_mut();
            list.n_columns_skipped = list.n_columns_skipped.saturating_add_signed(n as isize).min(most);
        }
    }
    Vec::new()
}

/// Leaves, from wherever; while something is recorded after a yes.
fn quit(state: &mut State) -> Vec<Effect> {
    if state.recording.is_some() {
        prompt::open(state, PromptKind::Quit);
        return Vec::new();
    }
    vec![Effect::Quit]
}

/// A place in a list of a length, so many rows further.
pub(super) fn moved(at: usize, n_rows: i32, n_all: usize) -> usize {
    let last = n_all.saturating_sub(1) as i64;
    (at as i64 + i64::from(n_rows)).clamp(0, last) as usize
}

/// Into the selected row; without a selection into the first.
fn enter(state: &mut State) {
    state.go = None;
    let rows = state.rows(state.level().panel);
    let list = state.level().current();
    let row = match (&list.selected, list.position(&rows)) {
        (Some(_), None) => {
            state.refuse("the selected row is gone; move to select another");
            return;
        }
        (Some(_), Some(at)) => rows.into_iter().nth(at),
        (None, _) => rows.into_iter().next(),
    };
    match row {
        Some(RowId::Node(node)) => state.push_level(Screen::Node(node)),
        Some(RowId::Task(node, task)) => {
            if *state.screen() == Screen::Cluster {
                state.push_level(Screen::Node(node.clone()));
            }
            let vm = state.model.node(&node).and_then(|n| Some(n.vm_of(task)?.name(n).to_owned()));
            state.push_level(Screen::Task(node, task));
            if let Some(vm) = vm {
                state.notice(format!("this is the Erlang VM {vm}, seen from outside; v shows it from inside"));
            }
        }
        Some(RowId::OwnedQueue(node, task, ..)) => state.push_level(Screen::Task(node, task)),
        Some(RowId::Scope(node, scope)) => state.push_level(Screen::Scope(node, scope)),
        Some(RowId::Queue(kind, number)) => across::queue(state, kind, number),
        Some(RowId::Group(value)) => into_group(state, value.as_deref()),
        Some(RowId::Peer(name)) => across::to_peer(state, &name),
        Some(RowId::Vm(node, runtime)) => state.push_level(Screen::Vm(node, runtime)),
        Some(
            row @ (RowId::Scheduler(..)
            | RowId::Function(_)
            | RowId::Link(_)
            | RowId::Port(_)
            | RowId::Table(..)
            | RowId::Spot(_)
            | RowId::Relative(..)),
        ) => across::of_vm(state, &row),
        Some(RowId::Cpu(_)) => state.refuse("a CPU holds no tasks of its own: they move between all of them"),
        Some(RowId::Check(check)) => into_check(state, &check),
        None => state.refuse("there is no row to go into"),
    }
}

/// To the nodes of a group, by a filter that Esc takes off again.
fn into_group(state: &mut State, value: Option<&str>) {
    let (Some(key), Some(value)) = (state.groups_key(), value) else {
        state.refuse("these nodes carry no such label, and no filter names them");
        return;
    };
    if value.contains(char::is_whitespace) {
        state.refuse("a value with a space in it is no filter");
        return;
    }
    state.group_by = Some(key.clone());
    let level = state.level_mut();
    level.panel = Panel::Nodes;
    let list = level.current_mut();
    (list.filter, list.selected, list.offset) = (format!("{key}={value}"), None, 0);
}

/// From what was found of the host to the table that says more.
fn into_check(state: &mut State, check: &Check) {
    let panel = match check {
        Check::LostCpu => Panel::Cgroups,
        Check::ListenQueues | Check::TcpSockets | Check::Udp => Panel::AllQueues,
        Check::SoftInterrupts | Check::PacketBacklog => Panel::Cpus,
        Check::Retransmits
        | Check::Timeouts
        | Check::Connections
        | Check::TcpMemory
        | Check::Interfaces
        | Check::Conntrack
        | Check::Disk(_)
        | Check::Filesystem(_)
        | Check::Files
        | Check::ShortLived => {
            state.refuse("all that is known of it stands in its row");
            return;
        }
    };
    state.level_mut().panel = panel;
}

/// Out: of a filter first, then of the level.
fn leave(state: &mut State) {
    state.go = None;
    let is_inside = state.levels.len() > 1;
    let list = state.level_mut().current_mut();
    if !list.filter.is_empty() {
        list.filter.clear();
    } else if is_inside {
        state.levels.pop();
    } else if list.selected.take().is_none() {
        state.refuse("this is the outermost level; q quits");
    }
}

fn sort(state: &mut State, n_columns: i32) {
    let sorts = state.level().panel.sorts();
    let list = state.level_mut().current_mut();
    let at = sorts.iter().position(|sort| *sort == list.sort).unwrap_or(0) as i32;
    let to = (at + n_columns).rem_euclid(sorts.len() as i32) as usize;
    (list.sort, list.is_inverted) = (sorts[to], false);
}

pub(super) fn choose(state: &mut State, vital: Vital) {
    state.vital = vital;
    for level in &mut state.levels {
        let panels = level.screen.panels();
        for (list, panel) in level.lists.iter_mut().zip(panels).filter(|(_, panel)| panel.follows_vital()) {
            (list.sort, list.is_inverted) = (panel.sort_by(vital.order()), false);
        }
    }
}

/// No grouping, then each label in turn.
fn group(state: &mut State) {
    let keys = state.model.label_keys();
    if keys.is_empty() {
        state.refuse("no node carries a label to group by");
    }
    let next = match &state.group_by {
        None => 0,
        Some(key) => keys.iter().position(|k| k == key).map_or(0, |at| at + 1),
    };
    state.group_by = keys.get(next).cloned();
    state.leave_groups();
}

fn copy_row(state: &mut State) -> Vec<Effect> {
    let rows = state.rows(state.level().panel);
    let list = state.level().current();
    let row = list.position(&rows).or((list.selected.is_none() && *state.screen() == Screen::Cluster).then_some(0));
    let text = copy::text(state, row.and_then(|at| rows.get(at)));
    match &text {
        Some(_) => state.notice("copied the row and a command that leads back here"),
        None => state.refuse("nothing to copy"),
    }
    text.into_iter().map(Effect::Copy).collect()
}

impl State {
    /// The level that is shown.
    pub(super) fn level_mut(&mut self) -> &mut Level {
        self.levels.last_mut().expect("there is always a level")
    }

    /// The node's screen right inside the cluster, whatever was shown before.
    pub(super) fn enter_node(&mut self, node: NodeId) {
        self.levels.truncate(1);
        self.push_level(Screen::Node(node));
    }

    pub(super) fn push_level(&mut self, screen: Screen) {
        self.starts_on_node = false;
        let order = self.vital.order();
        self.levels.push(Level::new(screen, order));
    }

    /// Rows that fit into the table that has the keys.
    pub(super) fn page_rows(&self) -> usize {
        let level = self.level();
        usize::from(self.areas().rows(level.index_of(level.panel)).height)
    }

    /// Moves the selection. From no selection the first move selects the first row shown; from one that is gone it goes
    /// on from the top of the page.
    pub(super) fn move_by(&mut self, n_rows: i32) {
        let panel = self.level().panel;
        let rows = self.rows(panel);
        let height = self.page_rows();
        let list = self.level_mut().current_mut();
        let first = list.first_row(&rows, height);
        let to = match list.position(&rows) {
            Some(at) => moved(at, n_rows, rows.len()),
            None if n_rows.unsigned_abs() == 1 => first,
            None => moved(first, n_rows, rows.len()),
        };
        list.selected = rows.get(to).cloned();
        list.offset = first;
        list.offset = list.first_row(&rows, height);
    }

    /// Scrolls; a selection comes along.
    pub(super) fn scroll_by(&mut self, n_rows: i32) {
        if self.level().current().selected.is_some() {
            self.move_by(n_rows);
            return;
        }
        let n_all = self.rows(self.level().panel).len();
        let most = n_all.saturating_sub(self.page_rows());
        let list = self.level_mut().current_mut();
        list.offset = moved(list.offset, n_rows, most + 1);
    }

    pub(super) fn toggle_threads(&mut self) {
        self.shows_threads = !self.shows_threads;
        self.notice(if self.shows_threads { "threads shown" } else { "threads hidden" });
    }

    /// The list of marks over the screen; in the past the one that was last then is selected.
    pub(super) fn show_marks(&mut self) {
        let marks = self.marks();
        let now = self.now();
        let place = marks.iter().position(|mark| mark.at <= now).unwrap_or(0);
        self.overlay = Some(Overlay::Marks(Chosen::at(place, &overlay::mark_keys(&marks))));
    }

    pub(super) fn toggle_mouse(&mut self) {
        self.has_mouse = !self.has_mouse;
        self.notice(if self.has_mouse { "mouse taken" } else { "mouse left to the terminal" });
    }
}
