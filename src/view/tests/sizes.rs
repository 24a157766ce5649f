//! No size breaks a screen.

use super::*;

fn screens() -> Vec<State> {
    let keys: [&[Key]; 5] = [&[], &[Key::Enter], &[Key::Enter, Key::Enter], &[Key::Char('?')], &[Key::Char('f')]];
    let mut screens = Vec::new();
    for state in [&*CLUSTER, &*SINGLE, &empty()] {
        for keys in keys {
            screens.push(after(state, (120, 35), keys));
        }
        let mut past = after(state, (120, 35), &[Key::Char(' ')]);
        press(&mut past, &typed("["));
        screens.push(past);
        screens.push(after(state, (120, 35), &typed("/x")));
    }
    screens
}

#[test]
fn no_size_panics() {
    let sizes =
        [(1, 1), (2, 2), (3, 1), (1, 40), (5, 5), (20, 5), (39, 13), (40, 14), (80, 24), (99, 30), (300, 80), (500, 3)];
    for state in screens() {
        for (width, height) in sizes {
            let mut state = state.clone();
            input(&mut state, Input::Resize(width, height));
            let buffer = cells(&state, &Theme::colour());
            assert_eq!((buffer.area.width, buffer.area.height), (width, height));
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
fn a_tiny_screen_still_shows_the_table() {
    assert!(screen(&after(&SINGLE, (30, 6), &[])).contains("chat-router"));
}
