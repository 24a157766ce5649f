//! Pictures of real screens: a fixed scene, folded by the real reducer, drawn by the real view, into `screenshots/*.svg`.
//!
//! `cargo run --example screenshots` writes them; `cargo test --example screenshots` tells a stale one.

mod scene;
mod svg;

use std::{fs, io, path::PathBuf};

use midair::{
    app::{Msg, Options, State, update},
    event::{Input, Key, Stamp, Stamped},
    view::{self, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Seconds of the scene that are told before a picture is taken.
const SECONDS: u64 = 600;

fn main() -> io::Result<()> {
    fs::create_dir_all(folder())?;
    for (name, svg) in pictures() {
        fs::write(folder().join(format!("{name}.svg")), svg)?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots")
}

/// All pictures: name of the file without its ending, and what is in it.
fn pictures() -> Vec<(&'static str, String)> {
    let cluster = told(scene::cluster(SECONDS), 48);
    let host = told(scene::single(SECONDS), 1);
    let by_role: Vec<Key> = typed("bb");
    let router: Vec<Key> = typed("/chat-router").into_iter().chain([Key::Enter, Key::Enter]).collect();
    let silent: Vec<Key> = typed("/push-04").into_iter().chain([Key::Enter, Key::Enter]).collect();
    let past: Vec<Key> = typed(" [[[[[[");
    vec![
        ("cluster", picture(&cluster, (140, 40), &by_role)),
        ("cluster-wide", picture(&cluster, (200, 55), &by_role)),
        ("node", picture(&host, (140, 40), &typed("j"))),
        ("node-narrow", picture(&host, (80, 24), &[])),
        ("node-past", picture(&host, (140, 40), &past)),
        ("node-silent", picture(&cluster, (140, 40), &silent)),
        ("task", picture(&host, (140, 40), &router)),
        ("findings", picture(&cluster, (140, 40), &typed("f"))),
        ("help", picture(&host, (140, 48), &typed("?"))),
    ]
}

fn told(events: Vec<Stamped>, n_targets: usize) -> State {
    let mut state = State::new(Options { n_targets, ..Options::default() });
    for stamped in events {
        update(&mut state, Msg::Event(stamped));
    }
    state
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

fn picture(state: &State, (width, height): (u16, u16), keys: &[Key]) -> String {
    let mut state = state.clone();
    let inputs = std::iter::once(Input::Resize(width, height)).chain(keys.iter().copied().map(Input::Key));
    for input in inputs {
        let at = Stamp(state.clock.0);
        update(&mut state, Msg::Input(at, input));
    }
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view::draw_into(&state, &Theme::colour(), &mut buffer);
    svg::of(&buffer)
}

#[cfg(test)]
mod tests;
