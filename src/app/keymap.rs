//! Every key, once: where it works, what it does, and what the help says of it.

use super::screen::Screen;
use crate::{event::Key, model::Vital};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave midair.
    Quit,
    /// Hand the terminal back to the shell for a while.
    Suspend,
    /// Show or hide the help.
    Help,
    /// Show or hide what is wrong, all of it.
    Findings,
    /// Show or hide the marks on the time line, as a list.
    Marks,
    /// Move the selection by so many rows.
    Move(i32),
    /// Move the selection by so many pages.
    Page(i32),
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Into what is selected.
    Enter,
    /// To the task at the other end of the selected queue, or to what an Erlang process waits for.
    Across,
    /// To the Erlang VM of the row or the screen, or from a VM to its OS process.
    Vm,
    /// Out: of the prompt, the filter, the level.
    Leave,
    /// Type a filter.
    Filter,
    /// Type a command.
    Command,
    /// Type a note for the time line.
    Mark,
    /// Sort by the next (or previous) order.
    Sort(i32),
    /// Turn the order round.
    Invert,
    /// Colour and sort by a vital.
    Choose(Vital),
    /// Group the map by the next label.
    Group,
    /// Give the keys to the next (or previous) panel.
    Panel(i32),
    /// Stop the screen, or go on.
    Pause,
    /// Step in time by so many samples.
    Step(i32),
    /// Back to now.
    Live,
    /// Type a moment to go to.
    Jump,
    /// To the next mark, or the one before.
    StepMark(i32),
    /// Show so many steps more time on the time line, or less.
    Zoom(i32),
    /// Play a recording so many steps faster, or slower.
    Speed(i32),
    /// Begin to record, or end it.
    Record,
    /// Hold what is shown, or compare it with what is held.
    Compare,
    /// Forget what is held; of what is compared, exchange the sides.
    Forget,
    /// Copy the row and the line that leads back here.
    Copy,
    /// Show or hide threads.
    Threads,
    /// Take or leave the mouse.
    Mouse,
    /// Scroll columns.
    Columns(i32),
}

/// On which screens a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On all.
    Everywhere,
    /// On the cluster screen.
    Cluster,
    /// On the node screen and those of its parts.
    Node,
    /// On the task screen.
    Task,
    /// Where there are several panels.
    Panels,
}

impl Place {
    /// Whether a screen belongs to it.
    pub fn holds(self, screen: &Screen) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Cluster => matches!(screen, Screen::Cluster),
            Self::Node => matches!(screen, Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..)),
            Self::Task => matches!(screen, Screen::Task(..)),
            Self::Panels => screen.panels().len() > 1,
        }
    }
}

/// One line of the help: keys that do one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binding {
    /// The keys and what each does.
    pub keys: &'static [(Key, Action)],
    /// The keys as a person writes them.
    pub label: &'static str,
    /// Where they work.
    pub place: Place,
    /// What the help says.
    pub help: &'static str,
    /// What the footer says; `None`: not in the footer.
    pub footer: Option<&'static str>,
}

/// A part of the help.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Its title.
    pub title: &'static str,
    /// Its keys.
    pub bindings: &'static [Binding],
}

const fn binding(
    keys: &'static [(Key, Action)],
    label: &'static str,
    help: &'static str,
    footer: Option<&'static str>,
) -> Binding {
    Binding { keys, label, place: Place::Everywhere, help, footer }
}

const fn only(place: Place, binding: Binding) -> Binding {
    Binding { place, ..binding }
}

/// All keys.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "move",
        bindings: &[
            binding(
                &[
                    (Key::Char('j'), Action::Move(1)),
                    (Key::Char('k'), Action::Move(-1)),
                    (Key::Down, Action::Move(1)),
                    (Key::Up, Action::Move(-1)),
                ],
                "j k ↓ ↑",
                "next, previous row",
                None,
            ),
            binding(
                &[(Key::PageDown, Action::Page(1)), (Key::PageUp, Action::Page(-1))],
                "PgDn PgUp",
                "a page further, back",
                None,
            ),
            binding(
                &[(Key::Char('g'), Action::First), (Key::Char('G'), Action::Last), (Key::Home, Action::First)],
                "g G Home",
                "first row, last row (G)",
                None,
            ),
            binding(
                &[(Key::Enter, Action::Enter)],
                "Enter",
                "into the selected row: a node, cgroup, task, other end",
                Some("in"),
            ),
            binding(&[(Key::Esc, Action::Leave)], "Esc", "out again; closes a filter first", Some("out")),
            only(
                Place::Panels,
                binding(
                    &[(Key::Tab, Action::Panel(1)), (Key::BackTab, Action::Panel(-1))],
                    "Tab",
                    "next table, after the last the map; Shift-Tab back",
                    Some("table"),
                ),
            ),
            only(
                Place::Task,
                binding(
                    &[(Key::Char('o'), Action::Across)],
                    "o",
                    "to the other end of the queue; to what a process waits for",
                    Some("other end"),
                ),
            ),
            binding(&[(Key::Char('v'), Action::Vm)], "v", "to the Erlang VM; from a VM to its OS process", None),
            binding(
                &[(Key::Right, Action::Columns(1)), (Key::Left, Action::Columns(-1))],
                "← →",
                "scroll columns; on the map: to the next cell",
                None,
            ),
        ],
    },
    Section {
        title: "choose",
        bindings: &[
            binding(
                &[(Key::Char('/'), Action::Filter)],
                "/",
                "filter rows: chat role=db queue>1000 state=silent; !word: without",
                Some("filter"),
            ),
            binding(
                &[(Key::Char('<'), Action::Sort(-1)), (Key::Char('>'), Action::Sort(1))],
                "< >",
                "sort by the column before, after",
                Some("sort"),
            ),
            binding(&[(Key::Char('i'), Action::Invert)], "i", "turn the order round", None),
            binding(
                &[
                    (Key::Char('0'), Action::Choose(Vital::Worst)),
                    (Key::Char('1'), Action::Choose(Vital::Sched)),
                    (Key::Char('2'), Action::Choose(Vital::Mem)),
                    (Key::Char('3'), Action::Choose(Vital::Queue)),
                    (Key::Char('4'), Action::Choose(Vital::Rate)),
                ],
                "0-4",
                "colour and sort by the worst, sched, mem, queue, rate",
                Some("vital"),
            ),
            only(
                Place::Cluster,
                binding(&[(Key::Char('b'), Action::Group)], "b", "group the map by the next label", Some("group")),
            ),
            only(
                Place::Node,
                binding(&[(Key::Char('H'), Action::Threads)], "H", "show or hide threads", Some("threads")),
            ),
        ],
    },
    Section {
        title: "time",
        bindings: &[
            binding(
                &[(Key::Char(' '), Action::Pause)],
                "Space",
                "stop the screen; from the past: go live; play a recording",
                Some("pause"),
            ),
            binding(
                &[(Key::Char('['), Action::Step(-10)), (Key::Char(']'), Action::Step(10))],
                "[ ]",
                "ten samples back, on",
                Some("time"),
            ),
            binding(
                &[(Key::Char('t'), Action::Step(-1)), (Key::Char('T'), Action::Step(1))],
                "t T",
                "one sample back, on",
                None,
            ),
            binding(&[(Key::End, Action::Live)], "End", "live again", None),
            binding(
                &[(Key::Char('J'), Action::Jump)],
                "J",
                "jump: 10m, 3h ago, +30s, 14:03, a date; times are UTC",
                None,
            ),
            binding(
                &[(Key::Char('{'), Action::StepMark(-1)), (Key::Char('}'), Action::StepMark(1))],
                "{ }",
                "to the mark before, after",
                None,
            ),
            binding(
                &[(Key::Char('+'), Action::Zoom(-1)), (Key::Char('-'), Action::Zoom(1))],
                "+ -",
                "time line: 1 min to 24 h; on the map: into a group, out",
                None,
            ),
            binding(
                &[(Key::Char('('), Action::Speed(-1)), (Key::Char(')'), Action::Speed(1))],
                "( )",
                "play a recording slower, faster",
                None,
            ),
            binding(
                &[(Key::Char('R'), Action::Record)],
                "R",
                "record what comes, and the last minutes, into a file",
                None,
            ),
            binding(&[(Key::Char('m'), Action::Mark)], "m", "put a note on the time line", Some("mark")),
            binding(
                &[(Key::Char('n'), Action::Marks), (Key::Char('\''), Action::Marks)],
                "n '",
                "notes: all marks on the time line; Enter goes to that moment",
                None,
            ),
        ],
    },
    Section {
        title: "more",
        bindings: &[
            binding(
                &[(Key::Char('c'), Action::Compare), (Key::Char('C'), Action::Forget)],
                "c C",
                "hold this as A; elsewhere: compare with A; C forgets A",
                None,
            ),
            binding(
                &[(Key::Char('f'), Action::Findings)],
                "f",
                "all that is wrong now; Enter goes there",
                Some("findings"),
            ),
            binding(&[(Key::Char('y'), Action::Copy)], "y", "copy the row, and a command that leads back here", None),
            binding(
                &[(Key::Char(':'), Action::Command)],
                ":",
                "command: quit, sort, view, go, interval, budget, trace ...",
                Some("command"),
            ),
            binding(&[(Key::Char('M'), Action::Mouse)], "M", "leave the mouse to the terminal, or take it", None),
            binding(
                &[(Key::Char('?'), Action::Help), (Key::F(1), Action::Help)],
                "? F1",
                "this help; again: what columns and words mean",
                Some("help"),
            ),
            binding(&[(Key::Char('q'), Action::Quit), (Key::Ctrl('c'), Action::Quit)], "q", "quit", Some("quit")),
            binding(&[(Key::Ctrl('z'), Action::Suspend)], "^Z", "back to the shell; fg there comes back here", None),
        ],
    },
];

/// All bindings that work on a screen, in the order of the help.
pub fn bindings(screen: &Screen) -> impl Iterator<Item = &'static Binding> {
    SECTIONS.iter().flat_map(|s| s.bindings).filter(|b| b.place.holds(screen))
}

/// Lines of the help below the keys: what the vitals and signs mean.
const LEGEND_LINES: usize = 15;

/// Lines of the help: one per binding, a title and an empty line per section, and the legend.
pub fn n_help_lines() -> usize {
    SECTIONS.iter().map(|section| section.bindings.len() + 2).sum::<usize>() + LEGEND_LINES
}

/// What a key does on a screen.
pub fn action(key: Key, screen: &Screen) -> Option<Action> {
    bindings(screen).flat_map(|b| b.keys).find(|(k, _)| *k == key).map(|(_, action)| *action)
}

#[cfg(test)]
mod tests;
