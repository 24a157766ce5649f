//! Events in, controls out: what the dashboard asks for, and what is worth drawing.

use super::*;

fn interests(controls: &[Control]) -> Vec<(String, Stream)> {
    let interest = |c: &Control| match c {
        Control::Interest { node, stream, .. } => Some((node.0.to_string(), *stream)),
        Control::Table { .. }
        | Control::Focus { .. }
        | Control::Stop { .. }
        | Control::Mark { .. }
        | Control::History { .. }
        | Control::Trace { .. }
        | Control::Inspect { .. }
        | Control::Follow { .. }
        | Control::Leave { .. }
        | Control::Budget { .. } => None,
    };
    controls.iter().filter_map(interest).collect()
}

#[test]
fn one_agent_starts_on_its_node_with_all_detail() {
    let mut desk = Desk::new(1, (80, 24));
    assert_eq!(desk.state.screen(), &Screen::Cluster);
    desk.hear(&[up(0.0, "a")]);
    assert_eq!(desk.state.screen(), &Screen::Node(id("a:7070")));
    assert!(desk.controls().is_empty(), "nothing can be asked of who is not known");
    desk.hear(&[described(0.1, "a")]);
    assert_eq!(desk.state.screen(), &Screen::Node(id("a")));
    let controls = desk.controls();
    assert_eq!(interests(&controls), [("a".to_owned(), Stream::Detail)]);
    let Control::Table { id, query, .. } = &controls[1] else { panic!("{controls:?}") };
    assert_eq!((*id, query.order, query.limit, query.kinds.len()), (TABLE_ID, Order::Severity, 200, 0));
    desk.key(Key::Esc);
    assert_eq!(desk.controls(), [Control::Stop { node: crate::event::NodeId::new("a"), id: TABLE_ID }]);
}

#[test]
fn of_many_only_the_node_in_focus_is_looked_at_closely() {
    let mut desk = Desk::new(2, (120, 40));
    desk.hear(&[described(0.0, "a"), described(0.0, "b"), sample(1.0, "a", tasks(&[7], 1.0))]);
    let of = |desk: &mut Desk| interests(&desk.controls());
    of(&mut desk);
    assert_eq!(desk.state.screen(), &Screen::Cluster);
    desk.keys(":go a").key(Key::Enter);
    assert_eq!(of(&mut desk), [("a".to_owned(), Stream::Detail)]);
    desk.key(Key::Esc);
    assert_eq!(of(&mut desk), [("a".to_owned(), Stream::Overview)]);
}

#[test]
fn samples_of_many_nodes_do_not_have_it_worked_out_anew_what_is_needed_of_all() {
    let mut desk = Desk::new(2, (120, 40));
    desk.hear(&[described(0.0, "a"), described(0.0, "b")]);
    let n_before = super::super::asks::N_WORKED_OUT.get();
    for s in 1..50 {
        desk.hear(&[sample(f64::from(s), "a", tasks(&[7], f64::from(s))), sample(f64::from(s), "b", Vec::new())]);
    }
    assert_eq!(super::super::asks::N_WORKED_OUT.get(), n_before);
    desk.controls();
    desk.hear(&[described(51.0, "c")]);
    assert_eq!(super::super::asks::N_WORKED_OUT.get(), n_before + 1);
    assert_eq!(interests(&desk.controls()), [("c".to_owned(), Stream::Overview)]);
}

#[test]
fn a_task_is_focused_and_let_go() {
    let mut desk = Desk::with(tasks(&[7], 1.0));
    desk.controls();
    desk.keys("j").key(Key::Enter);
    let task = task(7, 1.0, 0.0, 0.0).id;
    assert_eq!(desk.controls(), [Control::Focus { node: id("a"), id: FOCUS_ID, task }]);
    desk.key(Key::Esc);
    assert_eq!(desk.controls(), [Control::Stop { node: id("a"), id: FOCUS_ID }]);
}

#[test]
fn sorting_filtering_and_scrolling_change_the_query() {
    let numbers: Vec<u64> = (1..=250).collect();
    let mut desk = Desk::with(tasks(&numbers, 1.0));
    desk.controls();
    let query = |desk: &mut Desk| match desk.controls().pop() {
        Some(Control::Table { query, .. }) => query,
        other => panic!("{other:?}"),
    };
    desk.keys("2");
    assert_eq!(query(&mut desk).order, Order::Mem);
    desk.keys("i");
    assert!(query(&mut desk).lowest);
    desk.keys("/x");
    assert_eq!(query(&mut desk).filter, "x");
    desk.key(Key::Esc);
    desk.keys("G");
    assert_eq!(query(&mut desk).limit, 600);
    desk.keys("g");
    assert_eq!(query(&mut desk).limit, 200);
    desk.keys("j");
    assert!(desk.controls().is_empty(), "a step asks nothing");
}

#[test]
fn the_interval_is_asked_of_all() {
    let mut desk = Desk::with(vec![]);
    desk.controls();
    desk.keys(":interval 5000").key(Key::Enter);
    let expected = Control::Interest { node: id("a"), stream: Stream::Detail, interval_ms: 5000 };
    assert_eq!(desk.controls(), [expected]);
    assert_eq!(desk.state.model.asked_interval_us, 5_000_000);
}

#[test]
fn a_note_goes_to_the_node_in_focus() {
    let mut desk = Desk::with(vec![]);
    desk.controls();
    desk.keys("mrelease 417").key(Key::Enter);
    let text = "release 417".to_owned();
    assert_eq!(desk.controls(), [Control::Mark { node: id("a"), text, wall_us: None, focus: Some("a".to_owned()) }]);
}

#[test]
fn a_refusal_is_said() {
    let mut desk = Desk::with(vec![]);
    let reason = "too many queries".to_owned();
    desk.hear(&[stamped(2.0, Event::Refused { node: id("a"), id: Some(1), reason })]);
    assert_eq!(desk.message(), "too many queries");
    assert_eq!(desk.keys("j").message(), "", "the next key takes it away");
}

#[test]
fn a_tick_is_drawn_once_a_second() {
    let mut desk = Desk::with(vec![]);
    let mut drawn_at = |seconds| {
        desk.state.drawn();
        desk.hear(&[tick(seconds)]);
        desk.state.is_dirty
    };
    assert!(!drawn_at(1.4));
    assert!(drawn_at(2.0));
    assert!(!drawn_at(2.5));
}

#[test]
fn a_node_that_falls_silent_is_drawn_at_once() {
    let mut desk = Desk::with(vec![]);
    for half_seconds in 3..12 {
        desk.hear(&[tick(f64::from(half_seconds) / 2.0)]);
    }
    desk.state.drawn();
    desk.hear(&[tick(5.9)]);
    assert!(!desk.state.is_dirty);
    desk.hear(&[tick(5.95), sample(5.96, "a", vec![])]);
    assert!(desk.state.is_dirty);
}

#[test]
fn a_silent_node_can_be_entered_and_keeps_its_last_values() {
    let mut desk = Desk::with(tasks(&[7], 1.0));
    desk.hear(&[down(2.0, "a"), tick(30.0)]).key(Key::Esc).key(Key::Enter);
    assert_eq!(desk.rows(), [7]);
    assert!(desk.state.node().unwrap().presence.is_silent());
}
