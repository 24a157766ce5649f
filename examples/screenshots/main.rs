//! Pictures of real screens: a fixed scene, folded by the real reducer, drawn by the real view, into `screenshots/*.svg`.
//!
//! `cargo run --example screenshots` writes them; `cargo test --example screenshots` tells a stale one.

mod scene;

use std::{fs, io, path::PathBuf};

use midair::{
    event::{Input, Key},
    view::{self, Theme, svg},
};
use ratatui::{buffer::Buffer, layout::Rect};
use scene::Told;

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
    let cluster = Told::new(scene::cluster(SECONDS), 48);
    let host = Told::new(scene::single(SECONDS), 1);
    let beam = Told::new(scene::beam(SECONDS), 1);
    let trouble = Told::new(scene::vms_in_trouble(SECONDS), 1);
    let process: Vec<Key> = typed("v/chat_router").into_iter().chain([Key::Enter, Key::Enter]).collect();
    let by_role: Vec<Key> = typed("bb");
    let router: Vec<Key> = typed("/chat-router").into_iter().chain([Key::Enter, Key::Enter]).collect();
    let silent: Vec<Key> = typed("/push-04").into_iter().chain([Key::Enter, Key::Enter]).collect();
    let neighbour: Vec<Key> = typed("/media-03").into_iter().chain([Key::Enter, Key::Enter]).collect();
    let tabs = |n: usize| vec![Key::Tab; n];
    let past: Vec<Key> = typed(" [[[[[[");
    vec![
        ("cluster", picture(&cluster, (140, 40), &by_role)),
        ("cluster-wide", picture(&cluster, (200, 55), &by_role)),
        ("node", picture(&host, (140, 40), &typed("j"))),
        ("node-narrow", picture(&host, (80, 24), &[])),
        ("node-past", picture(&host, (140, 40), &past)),
        ("node-silent", picture(&cluster, (140, 40), &silent)),
        ("node-cgroups", picture(&host, (140, 40), &tabs(2))),
        ("node-host", picture(&host, (140, 40), &tabs(5))),
        ("neighbour", picture(&cluster, (140, 40), &neighbour)),
        ("task", picture(&host, (140, 40), &router)),
        ("task-across", picture(&host, (140, 40), &[router.clone(), typed("o")].concat())),
        ("vm", picture(&beam, (140, 40), &typed("v"))),
        ("vm-schedulers", picture(&beam, (140, 40), &[typed("v"), tabs(1)].concat())),
        ("vm-process", picture(&beam, (140, 40), &process)),
        ("vms", picture(&trouble, (140, 40), &[Key::BackTab])),
        (
            "vm-ended",
            picture(&trouble, (140, 40), &[vec![Key::BackTab], typed("/chat@"), vec![Key::Enter; 2]].concat()),
        ),
        ("marks", picture(&trouble, (140, 40), &typed("n"))),
        ("words", picture(&beam, (160, 40), &typed("v??"))),
        ("findings", picture(&cluster, (140, 40), &typed("f"))),
        ("help", picture(&host, (140, 48), &typed("?"))),
    ]
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

fn picture(told: &Told, (width, height): (u16, u16), keys: &[Key]) -> String {
    let mut told = told.clone();
    told.input(Input::Resize(width, height));
    for key in keys {
        told.input(Input::Key(*key));
    }
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view::draw_into(&told.state, &Theme::colour(), &mut buffer);
    svg::of(&buffer)
}

#[cfg(test)]
mod tests;
