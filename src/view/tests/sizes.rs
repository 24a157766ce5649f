//! No size breaks a screen.

use super::*;
use crate::{
    app::{Msg, update},
    event::{INSECURE, LinkState},
};

const SIZES: [(u16, u16); 12] =
    [(1, 1), (2, 2), (3, 1), (1, 40), (5, 5), (20, 5), (39, 13), (40, 14), (80, 24), (99, 30), (300, 80), (500, 3)];

#[test]
fn no_size_panics() {
    let keys: [&[Key]; 11] = [
        &[Key::Char('n')],
        &[Key::Char('?'), Key::Char('?')],
        &[Key::Char('v')],
        &[Key::Char('v'), Key::Enter],
        &[],
        &[Key::Enter],
        &[Key::Enter, Key::Enter],
        &[Key::Char('?')],
        &[Key::Char('f')],
        &[Key::Char('/'), Key::Char('x')],
        &[Key::Char(' '), Key::Char('[')],
    ];
    for told in [&*CLUSTER, &*SINGLE, &*BEAM, &*TROUBLE, &*EMPTY] {
        for keys in keys {
            let mut state = after(told, (120, 35), keys);
            for (width, height) in SIZES {
                update(&mut state, Msg::Input(scene::END, Input::Resize(width, height)));
                let buffer = cells(&state, &Theme::colour());
                assert_eq!((buffer.area.width, buffer.area.height), (width, height));
            }
        }
    }
}

#[test]
fn a_buffer_smaller_than_the_state_believes_is_no_panic() {
    let state = after(&CLUSTER, (200, 55), &[]);
    let mut small = Buffer::empty(Rect::new(0, 0, 10, 4));
    draw_into(&state, &Theme::colour(), &mut small);
}

#[test]
fn a_connection_that_nobody_vouches_for_is_said_on_every_screen_whatever_the_agent_says() {
    let keys: [&[Key]; 6] = [
        &[],
        &[Key::Enter],
        &[Key::Enter, Key::Enter],
        &[Key::Char('?')],
        &[Key::Char('n')],
        &[Key::Char(' '), Key::Char('[')],
    ];
    for keys in keys {
        let mut state = after(&CLUSTER, (80, 24), keys);
        let header = |state: &State| screen(state).lines().next().unwrap_or_default().to_owned();
        assert!(!header(&state).contains("insecure"));
        for node in state.model.nodes.values_mut() {
            node.link = LinkState::Up { note: INSECURE.into() };
        }
        assert!(header(&state).contains("! insecure"), "{keys:?}: {}", header(&state));
    }
}

#[test]
fn a_tiny_screen_still_shows_the_table() {
    assert!(screen(&after(&SINGLE, (30, 6), &[])).contains("nginx"));
}

#[test]
fn the_help_has_as_many_lines_as_can_be_scrolled_through() {
    assert_eq!(help::lines(&Theme::colour()).len(), crate::app::keymap::n_help_lines());
}
