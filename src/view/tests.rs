//! Pictures of a fixed scene at every level and size, and what must hold for all of them.

use std::sync::{Arc, LazyLock};

use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use super::*;
use crate::event::{Input, Key, Stamped};
use scene::Told;

#[path = "../../examples/screenshots/scene.rs"]
mod scene;

mod compare;
mod crowd;
mod hostile;
mod pictures;
mod sizes;
mod styles;

/// Seconds of the scene: enough for every trend, few enough for a debug build.
const SECONDS: u64 = 200;

static CLUSTER: LazyLock<Told> = LazyLock::new(|| Told::new(scene::cluster(SECONDS), 48));
static SINGLE: LazyLock<Told> = LazyLock::new(|| Told::new(scene::single(SECONDS), 1));
static BEAM: LazyLock<Told> = LazyLock::new(|| Told::new(scene::beam(SECONDS), 1));
static TROUBLE: LazyLock<Told> = LazyLock::new(|| Told::new(scene::vms_in_trouble(SECONDS), 1));
static EMPTY: LazyLock<Told> = LazyLock::new(|| Told::new(Vec::new(), 3));

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

/// A scene at a size, after some keys.
fn after(told: &Told, size: (u16, u16), keys: &[Key]) -> State {
    let mut told = told.clone();
    told.input(Input::Resize(size.0, size.1));
    for key in keys {
        told.input(Input::Key(*key));
    }
    told.state
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
