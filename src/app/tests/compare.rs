//! Holding a side, comparing another with it, and what is asked for it.

use super::*;
use crate::model::compare::Topic;

/// Two nodes, on the cluster screen; of the second a task is busy.
fn desk() -> Desk {
    let mut desk = Desk::new(2, (120, 35));
    for s in 1..=9u32 {
        let t = f64::from(s);
        if s == 1 {
            desk.hear(&[up(0.0, "a"), described(0.1, "a"), up(0.0, "b"), described(0.1, "b")]);
        }
        desk.hear(&[sample(t, "a", busy(&[(1, 0.1)], t)), sample(t, "b", busy(&[(1, 0.1), (2, 0.9)], t))]);
    }
    desk.controls();
    desk
}

fn command(desk: &mut Desk, text: &str) {
    desk.keys(":").keys(text).key(Key::Enter);
}

fn sides(desk: &Desk) -> Option<(Side, Side)> {
    desk.state.comparing().map(|comparing| (comparing.a.clone(), comparing.b.clone()))
}

fn names(desk: &Desk) -> Option<[String; 2]> {
    let name = |side: &Side| match side {
        Side::Held(held) => format!("{} held", held.name),
        Side::Node(node) => node.0.to_string(),
        Side::Group(key, value) => format!("{key}={value}"),
    };
    sides(desk).map(|(a, b)| [name(&a), name(&b)])
}

fn is(desk: &Desk, a: &str, b: &str) -> bool {
    names(desk) == Some([a.to_owned(), b.to_owned()])
}

#[test]
fn what_is_shown_is_held_and_the_next_is_compared_with_it() {
    let mut desk = desk();
    command(&mut desk, "go a");
    desk.keys("c");
    assert!(desk.message().starts_with("A is a at "), "{}", desk.message());
    assert_eq!(names(&desk), None);
    desk.keys("c");
    assert!(desk.message().contains("go to another moment or node"), "{}", desk.message());
    command(&mut desk, "go b");
    desk.keys("c");
    assert!(is(&desk, "a held", "b"), "{:?}", names(&desk));
    desk.keys("C");
    assert!(is(&desk, "b", "a held"), "C exchanges: {:?}", names(&desk));
    desk.key(Key::Esc);
    assert_eq!((names(&desk), desk.state.held.is_some()), (None, true), "A is still held");
    desk.keys("C");
    assert!(desk.state.held.is_none() && desk.message().starts_with("forgot a"));
    desk.keys("C");
    assert!(desk.message().contains("nothing is held"));
}

#[test]
fn on_the_cluster_screen_the_selected_node_is_meant() {
    let mut desk = desk();
    desk.keys("jc");
    let first = desk.state.held.as_ref().map(|held| held.portrait.node.clone());
    desk.keys("jc");
    let second = sides(&desk).map(|(_, b)| b);
    let Some(Side::Node(second)) = second else { panic!("{second:?}") };
    assert!(first.is_some_and(|first| first != second));
}

#[test]
fn nothing_is_held_of_a_node_that_was_never_measured() {
    let mut desk = Desk::new(1, (120, 35));
    desk.keys("c");
    assert!(desk.message().contains("no node is selected"), "{}", desk.message());
    desk.hear(&[up(0.0, "a"), described(0.1, "a")]).keys("c");
    assert!(desk.message().contains("nothing was measured"), "{}", desk.message());
    assert_eq!(desk.state.held, None);
}

#[test]
fn sides_are_named_by_command() {
    let mut desk = desk();
    command(&mut desk, "compare a b");
    assert!(is(&desk, "a", "b"));
    assert_eq!(desk.state.screen().node(), Some(&id("b")), "what is behind is B");
    desk.key(Key::Esc);
    command(&mut desk, "compare role=chat a");
    assert!(is(&desk, "role=chat", "a"), "a node against its like");
    desk.key(Key::Esc);
    command(&mut desk, "compare role=chat");
    assert!(is(&desk, "role=chat", "a"), "the one that is shown");
    desk.key(Key::Esc);
    for (text, why) in [
        ("compare a a", "the same"),
        ("compare role=pears a", "no node has the label role=pears"),
        ("compare a pear", "no node pear"),
        ("compare pear", "no node pear"),
        ("compare a b c", "compare what?"),
        ("compare 3 pears ago", "compare what?"),
        ("compare 2030-01-01", "known is what lies between"),
    ] {
        command(&mut desk, text);
        assert!(desk.message().contains(why), "{text}: {}", desk.message());
        if text != "compare 2030-01-01" {
            assert_eq!(names(&desk), None, "{text}");
        }
    }
}

#[test]
fn both_nodes_are_looked_at_closely_while_they_are_compared() {
    let mut desk = desk();
    command(&mut desk, "compare a b");
    let detailed = |desk: &mut Desk, of: Stream| -> Vec<NodeId> {
        let controls = desk.controls();
        let node = |control: Control| match control {
            Control::Interest { node, stream, .. } if stream == of => Some(node),
            _ => None,
        };
        controls.into_iter().filter_map(node).collect()
    };
    assert_eq!(detailed(&mut desk, Stream::Detail), [id("a"), id("b")]);
    desk.key(Key::Esc);
    assert_eq!(detailed(&mut desk, Stream::Overview), [id("a")], "b is still on the screen");
}

#[test]
fn keys_of_a_comparison() {
    let mut desk = desk();
    command(&mut desk, "compare a b");
    let comparing = |desk: &Desk| desk.state.comparing().cloned().expect("it is compared");
    assert_eq!(comparing(&desk).topic, Topic::Values);
    desk.key(Key::Tab);
    assert_eq!(comparing(&desk).topic, Topic::Tasks);
    assert_eq!(comparing(&desk).chosen, Chosen::at(0, &[]), "the first row, whichever that will be");
    desk.keys("?");
    assert!(comparing(&desk).is_explained);
    desk.keys("?t");
    assert!(!comparing(&desk).is_explained);
    assert!(matches!(desk.state.playhead, Playhead::Past(_)), "time moves beneath it");
    desk.keys("1");
    assert_eq!(desk.state.vital, Vital::Sched);
    desk.keys("0y");
    let copied = desk.effects.iter().find_map(|e| if let Effect::Copy(text) = e { Some(text.clone()) } else { None });
    let copied = copied.expect("something was copied");
    assert!(copied.starts_with("A  a at 2026-09-") && copied.contains("\nB  b at "), "{copied}");
    assert!(copied.contains("task-2 cpu  - -> 0.900 cores  only in B"), "{copied}");
    desk.keys("J");
    assert!(desk.state.prompt.is_some() && desk.state.comparing().is_some());
    desk.key(Key::Esc).keys("c");
    assert_eq!(names(&desk), None, "c closes what it opened");
}

#[test]
fn a_row_leads_to_its_task_on_side_b() {
    let mut desk = desk();
    command(&mut desk, "compare a b");
    desk.key(Key::Tab).key(Key::Enter);
    let Screen::Task(node, task) = desk.state.screen() else { panic!("{:?}", desk.state.screen()) };
    assert_eq!((node, task.number), (&id("b"), 2), "the one that only B has is first");
    command(&mut desk, "compare b a");
    desk.key(Key::Tab).key(Key::Enter);
    assert!(desk.message().contains("side B does not have it"), "{}", desk.message());
    assert!(desk.state.comparing().is_some());
}

#[test]
fn a_selected_row_is_followed_wherever_it_ranks() {
    let mut desk = desk();
    command(&mut desk, "compare a b");
    desk.key(Key::Tab).keys("jj");
    let chosen = |desk: &Desk| {
        let comparing = desk.state.comparing().unwrap();
        let side = |side: &Side| desk.state.portraits(side, &[Topic::Tasks]);
        let rows = desk.state.compared(&side(&comparing.a), &side(&comparing.b), Topic::Tasks);
        let keys = compared_keys(&rows);
        let at = comparing.chosen.position(&keys);
        (keys[at].clone(), at)
    };
    let before = chosen(&desk);
    desk.hear(&[sample(10.0, "a", busy(&[(1, 0.1), (2, 0.9)], 10.0))]);
    desk.hear(&[sample(10.0, "b", busy(&[(1, 0.1), (2, 0.9)], 10.0))]);
    let after = chosen(&desk);
    assert_eq!(before.0, after.0);
    assert_ne!(before.1, after.1, "the ranks are others now");
}

#[test]
fn the_time_line_is_zoomed_while_two_sides_are_compared() {
    let mut desk = desk();
    command(&mut desk, "compare a b");
    let span = desk.state.window().span_us;
    desk.keys("--");
    assert_eq!((desk.state.window().span_us, is(&desk, "a", "b")), (6 * span, true));
    desk.keys("+++");
    assert_eq!((desk.state.window().span_us, is(&desk, "a", "b")), (span / 2, true));
    desk.keys("R");
    assert!(desk.message().contains("Esc"), "{}", desk.message());
    assert!(is(&desk, "a", "b"));
}

#[test]
fn a_portrait_is_made_once_for_what_is_known_of_its_node() {
    let mut desk = desk();
    command(&mut desk, "compare role=chat a");
    assert!(desk.state.comparing().is_some(), "{}", desk.message());
    let before = desk.state.gallery.n_made();
    let draw = |desk: &Desk| {
        let Some(comparing) = desk.state.comparing() else { panic!("nothing is compared") };
        let sides = [&comparing.a, &comparing.b];
        sides.map(|side| desk.state.portraits(side, &[Topic::Values, Topic::Tasks]).len())
    };
    for _ in 0..5 {
        assert_eq!(draw(&desk), [2, 1]);
    }
    assert_eq!(desk.state.gallery.n_made() - before, 2, "one of each node");
    // What is learnt of one, and a key that moves the selection.
    desk.hear(&[sample(10.0, "b", busy(&[(1, 0.1)], 10.0)), tick(10.5)]).keys("j");
    let known = desk.state.gallery.n_made();
    for _ in 0..5 {
        let of_b = desk.state.model.node(&id("b")).unwrap();
        let sides = desk.state.comparing().unwrap().a.clone();
        let fresh = crate::model::compare::Portrait::of(of_b, &[Topic::Values, Topic::Tasks]).unwrap();
        let shown = desk.state.portraits(&sides, &[Topic::Values, Topic::Tasks]);
        assert!(shown.iter().any(|portrait| **portrait == fresh), "it is as of now");
    }
    assert_eq!(desk.state.gallery.n_made() - known, 1, "of the one that changed");
    desk.key(Key::Esc);
    command(&mut desk, "compare role=chat a");
    draw(&desk);
    assert!(desk.state.gallery.n_made() >= known + 3, "what was compared before is not kept");
}
