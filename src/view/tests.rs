//! Pictures of a fixed scene at every level and size, and what must hold for all of them.

use std::sync::{Arc, LazyLock};

use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use super::*;
use crate::{
    app::{Msg, Options, update},
    event::{Input, Key, Stamp, Stamped},
};

#[path = "../../examples/screenshots/scene.rs"]
mod scene;

mod hostile;
mod pictures;
mod sizes;
mod styles;

/// Seconds of the scene: enough for every trend, few enough for a debug build.
const SECONDS: u64 = 200;

static CLUSTER: LazyLock<State> = LazyLock::new(|| told(scene::cluster(SECONDS), 48));
static SINGLE: LazyLock<State> = LazyLock::new(|| told(scene::single(SECONDS), 1));

fn options(n_targets: usize) -> Options {
    Options { n_targets, ..Options::default() }
}

fn told(events: Vec<Stamped>, n_targets: usize) -> State {
    let mut state = State::new(options(n_targets));
    for stamped in events {
        update(&mut state, Msg::Event(stamped));
    }
    state
}

fn empty() -> State {
    State::new(options(3))
}

/// Does what keys do: a character each, and names of keys in angle brackets.
fn press(state: &mut State, keys: &[Key]) {
    for key in keys {
        input(state, Input::Key(*key));
    }
}

fn input(state: &mut State, input: Input) {
    let at = Stamp(state.clock.0 + 1);
    update(state, Msg::Input(at, input));
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

/// A state at a size, after some keys.
fn after(state: &State, size: (u16, u16), keys: &[Key]) -> State {
    let mut state = state.clone();
    input(&mut state, Input::Resize(size.0, size.1));
    press(&mut state, keys);
    state
}

fn cells(state: &State, theme: &Theme) -> Buffer {
    let (width, height) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test backend does not fail");
    terminal.draw(|frame| draw(state, theme, frame)).expect("a test backend does not fail");
    terminal.backend().buffer().clone()
}

/// The cells as text, a line per row.
fn screen(state: &State) -> String {
    let buffer = cells(state, &Theme::colour());
    let row = |y| {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
            }
            skip = if skip == 0 { text::width(symbol).saturating_sub(1) } else { skip - 1 };
        }
        line.trim_end().to_owned()
    };
    (0..buffer.area.height).map(row).collect::<Vec<_>>().join("\n")
}
