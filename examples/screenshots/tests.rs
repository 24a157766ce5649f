//! The pictures in the repository are those that this code draws.

use super::*;

/// What a page on the web may take.
const LARGEST: usize = 300 * 1024;

#[test]
fn no_picture_is_stale() {
    for (name, svg) in pictures() {
        let path = folder().join(format!("{name}.svg"));
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == svg, "{} is stale: run `cargo run --example screenshots`", path.display());
        assert!(svg.len() < LARGEST, "{name} has {} bytes", svg.len());
    }
}

#[test]
fn the_same_scene_gives_the_same_events() {
    assert!(scene::cluster(20) == scene::cluster(20));
}
