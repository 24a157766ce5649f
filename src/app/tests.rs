mod compare;
mod crowd;
mod erlang;
mod filters;
mod groups;
mod kept;
mod keys;
mod live;
mod map;
mod marks;
mod parts;
mod past;

use super::{
    screen::{Panel, Way},
    sort::Sort,
    *,
};
use crate::{
    event::{self, Described, Mouse, MouseKind, Stream},
    model::script::*,
};
use midair_vitals::{Order, TaskReading};

/// A dashboard, what it asked for, and the time of its story.
struct Desk {
    state: State,
    effects: Vec<Effect>,
    now: f64,
}

impl Desk {
    fn new(n_targets: usize, size: (u16, u16)) -> Self {
        let options = Options { n_targets, size, ..Options::default() };
        Self { state: State::new(options), effects: Vec::new(), now: 0.0 }
    }

    fn going(path: &str) -> Self {
        let options = Options { go: Some(path.to_owned()), ..Options::default() };
        Self { state: State::new(options), effects: Vec::new(), now: 0.0 }
    }

    /// One node `a` with `tasks` at second 1, 80 by 24.
    fn with(tasks: Vec<TaskReading>) -> Self {
        let mut desk = Self::new(1, (80, 24));
        desk.hear(&[up(0.0, "a"), described(0.1, "a"), sample(1.0, "a", tasks)]);
        desk
    }

    fn hear(&mut self, events: &[Stamped]) -> &mut Self {
        for event in events {
            self.now = self.now.max((event.at.0 - at(0.0).0) as f64 / 1e6);
            self.effects.extend(update(&mut self.state, Msg::Event(event.clone())));
        }
        self
    }

    fn key(&mut self, key: Key) -> &mut Self {
        self.input(Input::Key(key))
    }

    fn input(&mut self, input: Input) -> &mut Self {
        self.effects.extend(update(&mut self.state, Msg::Input(at(self.now), input)));
        self
    }

    /// Types: each character is a key.
    fn keys(&mut self, text: &str) -> &mut Self {
        text.chars().for_each(|c| {
            self.key(Key::Char(c));
        });
        self
    }

    fn mouse(&mut self, kind: MouseKind, column: u16, row: u16) -> &mut Self {
        self.input(Input::Mouse(Mouse { kind, column, row }))
    }

    /// Numbers of the tasks in the table.
    fn rows(&self) -> Vec<u64> {
        self.state.rows(self.state.level().panel).iter().filter_map(|row| Some(target(row)?.1?.number)).collect()
    }

    fn selected(&self) -> Option<u64> {
        Some(target(self.state.level().current().selected.as_ref()?)?.1?.number)
    }

    fn controls(&mut self) -> Vec<Control> {
        let effects = std::mem::take(&mut self.effects);
        effects.into_iter().filter_map(|e| if let Effect::Control(c) = e { Some(c) } else { None }).collect()
    }

    fn message(&self) -> &str {
        self.state.message.as_ref().map_or("", Message::text)
    }
}

/// Tasks with these numbers; the number is also the memory in MiB.
fn tasks(numbers: &[u64], s: f64) -> Vec<TaskReading> {
    numbers.iter().map(|n| task(*n, s, 0.0, 0.0)).collect()
}

/// Tasks with these numbers, each with CPU time per second of the story in hundredths.
fn busy(loads: &[(u64, f64)], s: f64) -> Vec<TaskReading> {
    loads.iter().map(|(n, load)| task(*n, s, load * s, 0.0)).collect()
}
