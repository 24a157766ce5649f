//! Two sides beside each other.

use super::*;
use crate::app::{Msg, update};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 35), (200, 55)];

fn check(name: &str, told: &Told, keys: &[Key]) {
    for size in SIZES {
        insta::assert_snapshot!(format!("compare-{name}-{}x{}", size.0, size.1), screen(&after(told, size, keys)));
    }
}

fn entered(text: &str) -> Vec<Key> {
    [typed(text), vec![Key::Enter]].concat()
}

/// The node as it was two minutes ago, against now.
fn then_and_now() -> Vec<Key> {
    [typed(" [[[[[[[[[[[[c"), vec![Key::End], typed("c")].concat()
}

#[test]
fn two_moments_of_a_node() {
    check("moments", &SINGLE, &then_and_now());
    let commanded = after(&SINGLE, SIZES[1], &entered(":compare 2m"));
    let held = after(&SINGLE, SIZES[1], &then_and_now());
    assert_eq!(screen(&commanded), screen(&held), "the command goes back and holds");
}

#[test]
fn tasks_of_two_moments() {
    check("tasks", &SINGLE, &[then_and_now(), vec![Key::Tab]].concat());
}

#[test]
fn vms_of_two_moments() {
    check("vms", &BEAM, &[then_and_now(), vec![Key::BackTab]].concat());
}

#[test]
fn two_nodes_now() {
    check("nodes", &CLUSTER, &entered(":compare chat-06 chat-07"));
}

#[test]
fn two_groups() {
    check("groups", &CLUSTER, &entered(":compare role=chat role=media"));
}

#[test]
fn a_node_that_is_held() {
    check("held", &SINGLE, &typed(" [c]"));
}

#[test]
fn no_size_panics() {
    for keys in [then_and_now(), entered(":compare role=chat role=media"), entered(":compare chat-06 chat-07")] {
        for told in [&*SINGLE, &*CLUSTER, &*BEAM] {
            let mut state = after(told, (120, 35), &keys);
            for (width, height) in [(1, 1), (2, 2), (5, 5), (20, 5), (39, 13), (80, 24), (300, 80), (500, 3)] {
                update(&mut state, Msg::Input(scene::END, Input::Resize(width, height)));
                assert_eq!(cells(&state, &Theme::colour()).area.width, width);
            }
        }
    }
}
