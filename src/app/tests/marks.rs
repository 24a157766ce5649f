//! The marks on the time line, as a list.

use super::*;
use crate::event::Mark;

fn mark(s: f64, node: Option<&str>, text: &str) -> Stamped {
    let about = at(s).0;
    let mark =
        Mark { node: node.map(id), wall_us: about, text: text.into(), author: None, focus: None, is_automatic: true };
    stamped(s, Event::Mark(mark))
}

/// Two nodes with a minute behind them, and marks on each and on both.
fn desk() -> Desk {
    let mut desk = Desk::new(2, (120, 40));
    for name in ["a", "b"] {
        desk.hear(&[up(0.0, name), described(0.1, name)]);
    }
    for s in 1..60 {
        let s = f64::from(s);
        desk.hear(&[sample(s, "a", tasks(&[1], s)), sample(s, "b", tasks(&[2], s)), tick(s + 0.1)]);
    }
    let notes = [mark(10.0, Some("a"), "long gc"), mark(30.0, Some("b"), "hangs"), mark(20.0, None, "release 417")];
    desk.hear(&notes);
    desk
}

fn listed(desk: &Desk) -> Vec<&str> {
    desk.state.marks().iter().map(|mark| &*mark.text).collect()
}

fn selected(desk: &Desk) -> &str {
    let Some(Overlay::Marks(chosen)) = &desk.state.overlay else { panic!("{:?}", desk.state.overlay) };
    let marks = desk.state.marks();
    let at = chosen.position(&mark_keys(&marks));
    listed(desk)[at]
}

#[test]
fn marks_are_listed_the_newest_moment_first_and_on_a_node_its_own_and_those_of_all() {
    let mut desk = desk();
    assert_eq!(listed(&desk), ["hangs", "release 417", "long gc"]);
    desk.keys(":go a").key(Key::Enter);
    assert_eq!(listed(&desk), ["release 417", "long gc"]);
}

#[test]
fn enter_goes_to_the_moment_of_a_mark() {
    let mut desk = desk();
    desk.keys("njj").key(Key::Enter);
    assert_eq!((desk.state.playhead, &desk.state.overlay), (Playhead::Past(at(10.0)), &None));
    assert!(desk.effects.contains(&Effect::Seek(at(10.0))));
}

#[test]
fn the_list_opens_at_the_moment_shown_and_keeps_its_choice_when_more_come() {
    let mut desk = desk();
    desk.keys(":marks").key(Key::Enter);
    assert_eq!(selected(&desk), "hangs");
    desk.keys("j").hear(&[mark(61.0, None, "later")]);
    assert_eq!(selected(&desk), "release 417");
    desk.key(Key::Enter).keys("'");
    assert_eq!(selected(&desk), "release 417", "what was last at the moment shown");
    desk.keys("n");
    assert_eq!(desk.state.overlay, None, "the key that shows it hides it");
}

#[test]
fn enter_goes_to_what_a_mark_is_about_as_well() {
    let mut desk = desk();
    let (at_10, focus) = (at(10.0), Some("a/os/1.1".into()));
    let text = "why is it hot?".into();
    let mark = Mark { node: Some(id("a")), wall_us: at_10.0, text, author: None, focus, is_automatic: false };
    desk.hear(&[stamped(60.0, Event::Mark(mark))]).keys("n");
    let texts = listed(&desk);
    let place = texts.iter().position(|text| *text == "why is it hot?").unwrap();
    desk.key(Key::Home).keys(&"j".repeat(place)).key(Key::Enter);
    assert_eq!(desk.state.playhead, Playhead::Past(at_10));
    assert!(matches!(desk.state.screen(), Screen::Task(node, task) if *node == id("a") && task.number == 1));
}

#[test]
fn a_note_on_the_cluster_goes_to_all_that_are_there_and_is_one() {
    let mut desk = desk();
    desk.hear(&[down(61.0, "b"), sample(61.5, "a", Vec::new()), tick(62.0)]).keys("mrelease").key(Key::Enter);
    let nodes = |desk: &Desk| {
        let node = |effect: &Effect| match effect {
            Effect::Control(Control::Mark { node, wall_us: None, .. }) => Some(node.clone()),
            _ => None,
        };
        desk.effects.iter().filter_map(node).collect::<Vec<_>>()
    };
    assert_eq!(nodes(&desk), [id("a")], "one that is silent takes none");
}

/// What the user is to keep by themselves: on which nodes, what, and why no agent has it.
fn notes(desk: &Desk) -> Vec<(Vec<NodeId>, &str, Option<&str>)> {
    let mut notes = Vec::new();
    for effect in &desk.effects {
        let Effect::Note(note) = effect else { continue };
        let nodes = note.nodes.iter().map(|(id, _)| id.clone()).collect();
        notes.push((nodes, note.text.as_str(), note.why.as_deref()));
    }
    notes
}

#[test]
fn a_mark_that_is_refused_or_not_confirmed_is_the_users_own_and_one_that_is_taken_is_not() {
    let mut desk = desk();
    let alive = |s: f64| [sample(s, "a", Vec::new()), sample(s, "b", Vec::new()), tick(s)];
    desk.keys("mrelease").key(Key::Enter);
    let mine = Mark {
        node: Some(id("a")),
        wall_us: at(60.0).0,
        text: "release".into(),
        author: None,
        focus: None,
        is_automatic: false,
    };
    desk.hear(&[stamped(60.1, Event::Mark(mine))]).hear(&alive(60.2));
    assert_eq!(notes(&desk), []);
    let refused = Event::Refused { node: id("b"), id: None, reason: "no right".into() };
    desk.hear(&[stamped(60.3, refused.clone())]);
    assert_eq!(notes(&desk), [(vec![id("b")], "release", Some("no right"))]);
    desk.hear(&[stamped(60.4, refused)]);
    assert_eq!(notes(&desk).len(), 1, "of something else");
    desk.effects.clear();
    desk.keys("magain").key(Key::Enter);
    for s in 61..67 {
        desk.hear(&alive(f64::from(s)));
    }
    assert_eq!(notes(&desk), [(vec![id("a"), id("b")], "again", Some("the agent does not answer"))]);
}

#[test]
fn a_note_on_what_is_silent_is_the_users_own() {
    let mut desk = desk();
    desk.hear(&[down(61.0, "a"), down(61.0, "b"), tick(62.0)]).keys("mgone").key(Key::Enter);
    assert_eq!(notes(&desk), [(vec![id("a"), id("b")], "gone", Some("no agent takes it: silent"))]);
}
