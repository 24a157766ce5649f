//! What is told by looks: the selection, the past, silence; with colour and without.

use ratatui::style::{Color, Modifier};

use super::*;
use crate::{
    app::{Msg, update},
    event::{Event, Stamp},
};

fn row_with(buffer: &Buffer, needle: &str) -> u16 {
    let line = |y: &u16| (0..buffer.area.width).map(|x| buffer[(x, *y)].symbol()).collect::<String>();
    (0..buffer.area.height).find(|y| line(y).contains(needle)).unwrap_or_else(|| panic!("{needle} is on the screen"))
}

#[test]
fn without_colour_no_cell_has_one() {
    for told in [&*CLUSTER, &*SINGLE] {
        for keys in ["", "j", "?", "f", " [[", " [[c", " [[[c]c", " [[[c]c?"] {
            let buffer = cells(&after(told, (120, 35), &typed(keys)), &Theme::monochrome());
            let coloured = buffer.content().iter().find(|c| c.fg != Color::Reset || c.bg != Color::Reset);
            assert_eq!(coloured, None, "after {keys:?}");
        }
    }
}

#[test]
fn the_selection_is_seen_without_colour() {
    let buffer = cells(&after(&SINGLE, (120, 35), &typed("jj")), &Theme::monochrome());
    let y = row_with(&buffer, "▶");
    let reversed = (0..120).filter(|x| buffer[(*x, y)].modifier.contains(Modifier::REVERSED)).count();
    assert!(reversed > 100, "{reversed} cells");
}

#[test]
fn the_past_cannot_be_mistaken() {
    for theme in [Theme::colour(), Theme::monochrome()] {
        let buffer = cells(&after(&SINGLE, (120, 35), &typed(" [[")), &theme);
        let is_past = |x| buffer[(x, 0)].style() == cells_style(&theme);
        assert!((0..120).all(is_past), "the whole header is inverted");
        assert_eq!(row_with(&buffer, "PAST"), 0);
        let live = cells(&after(&SINGLE, (120, 35), &[]), &theme);
        assert_eq!(row_with(&live, "LIVE"), 0);
    }
}

/// A style as a cell has it after it was painted on an empty one.
fn cells_style(theme: &Theme) -> ratatui::style::Style {
    let mut cell = ratatui::buffer::Cell::EMPTY;
    cell.set_style(theme.past);
    cell.style()
}

#[test]
fn values_of_a_silent_node_are_grey() {
    let theme = Theme::colour();
    let mut keys = typed("/push-04");
    keys.push(Key::Enter);
    let buffer = cells(&after(&CLUSTER, (120, 35), &keys), &theme);
    let y = row_with(&buffer, "× 4");
    let x = (0..120).find(|x| buffer[(*x, y)].symbol() == "×").expect("the sign of silence");
    assert_eq!(Some(buffer[(x, y)].fg), theme.silent.fg);
}

#[test]
fn a_vital_has_one_colour_everywhere() {
    let theme = Theme::colour();
    let node = cells(&after(&SINGLE, (200, 55), &[]), &theme);
    let colour = theme.vital(Vital::Queue).fg;
    let title_row = row_with(&node, " queue ");
    let of_title = (0..200).filter(|x| Some(node[(*x, title_row)].fg) == colour).count();
    assert!(of_title >= 5, "the panel's title");
    let head = row_with(&node, "grow/s");
    let of_head = (0..200).filter(|x| Some(node[(*x, head)].fg) == colour).count();
    assert!(of_head >= 5, "the column's head");
}

#[test]
fn time_alone_repaints_little() {
    let state = after(&SINGLE, (160, 45), &[]);
    let before = cells(&state, &Theme::colour());
    let changed = |later_us: u64| {
        let mut later = state.clone();
        let at = Stamp(state.clock.0 + later_us);
        update(&mut later, Msg::Event(Stamped { at, event: Event::Tick }));
        before.diff(&cells(&later, &Theme::colour())).len()
    };
    assert_eq!(changed(300_000), 0, "within a second nothing on the screen depends on the time");
    assert!((1..80).contains(&changed(1_000_000)), "the clock, and trends whose column is over");
}
