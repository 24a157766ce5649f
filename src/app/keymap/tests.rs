use std::collections::HashMap;

use super::*;
use crate::{app::screen::Scope, event::NodeId, model::Vital};
use midair_vitals::TaskId;

fn screens() -> [Screen; 4] {
    let node = NodeId::new("a");
    let task = TaskId { runtime: 0, number: 1, start: 1 };
    let part = Screen::Scope(node.clone(), Scope::Namespace(7));
    [Screen::Cluster, Screen::Node(node.clone()), part, Screen::Task(node, task)]
}

#[test]
fn no_key_means_two_things() {
    for screen in screens() {
        let mut seen = HashMap::new();
        for (key, action) in bindings(&screen).flat_map(|b| b.keys) {
            assert_eq!(seen.insert(*key, *action), None, "{key:?} on {screen:?}");
        }
    }
}

#[test]
fn keys_that_hands_know() {
    let [cluster, node, part, task] = screens();
    let check = |key, expected| assert_eq!(action(key, &cluster), expected);
    check(Key::Char('j'), Some(Action::Move(1)));
    check(Key::Char('G'), Some(Action::Last));
    check(Key::End, Some(Action::Live));
    check(Key::Char('2'), Some(Action::Choose(Vital::Mem)));
    check(Key::Char('H'), None);
    assert_eq!(action(Key::Char('H'), &node), Some(Action::Threads));
    assert_eq!(action(Key::Char('H'), &part), Some(Action::Threads));
    assert_eq!(action(Key::Tab, &node), Some(Action::Panel(1)));
    assert_eq!(action(Key::Tab, &part), None, "one panel");
    assert_eq!(action(Key::Char('o'), &task), Some(Action::Across));
}

#[test]
fn every_line_of_the_help_says_something() {
    for binding in SECTIONS.iter().flat_map(|s| s.bindings) {
        assert!(!binding.help.is_empty() && !binding.label.is_empty() && !binding.keys.is_empty(), "{binding:?}");
    }
}
