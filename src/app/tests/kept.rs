//! What an Erlang process keeps: asked for only after a yes, shown while it is open, forgotten afterwards.

use midair_vitals::{TaskId, TaskKind};

use super::*;
use crate::event::{Health, Inspected, Keeps, Runtime};

const PROCESS: TaskId = TaskId { runtime: 1, number: 812, start: 5 };

/// On the screen of an Erlang process.
fn desk() -> Desk {
    let mut desk = Desk::new(1, (80, 24));
    let measured = sample_with(1.0, "a", |sample| {
        sample.runtimes.push(Runtime {
            id: 1,
            kind: "beam".into(),
            name: "chat@a".into(),
            health: Health::Ok,
            n_tasks: None,
            is_undistributed: false,
        });
        sample.tasks = vec![TaskReading::unknown(PROCESS, TaskKind::Erlang, 1_000_000), task(9, 1.0, 0.0, 0.0)];
    });
    desk.hear(&[up(0.0, "a"), described(0.1, "a"), measured]);
    desk.keys(":go a/chat@a/<0.812.0>").key(Key::Enter);
    assert_eq!(desk.state.screen(), &Screen::Task(id("a"), PROCESS));
    desk.controls();
    desk
}

fn inspected(s: f64, task: TaskId, lines: Result<Vec<Arc<str>>, Arc<str>>) -> Stamped {
    let answer = Inspected { node: id("a"), id: 3, task, what: Keeps::State, lines, bytes: Some(10), is_cut: false };
    stamped(s, Event::Inspected(Box::new(answer)))
}

fn asked(desk: &mut Desk) -> Vec<Control> {
    desk.controls().into_iter().filter(|control| matches!(control, Control::Inspect { .. })).collect()
}

fn shown(desk: &Desk) -> Vec<String> {
    desk.state.kept.as_ref().map(|kept| kept.lines(40)).unwrap_or_default()
}

#[test]
fn nothing_is_asked_without_a_yes() {
    let mut desk = desk();
    for no in [Key::Enter, Key::Esc, Key::Char('n'), Key::Char('q')] {
        desk.keys(":state").key(Key::Enter);
        assert!(desk.state.prompt.is_some(), "it asks");
        desk.key(no);
        assert_eq!((asked(&mut desk), &desk.state.overlay, &desk.state.prompt), (vec![], &None, &None), "{no:?}");
    }
    desk.keys(":dictionary").key(Key::Enter).keys("y");
    let expected = Control::Inspect { node: id("a"), id: 3, task: PROCESS, what: Keeps::Dictionary };
    assert_eq!(asked(&mut desk), [expected]);
}

#[test]
fn an_answer_is_shown_and_forgotten_when_it_is_closed() {
    let mut desk = desk();
    desk.keys(":state").key(Key::Enter).keys("y");
    assert_eq!(shown(&desk).len(), 1, "it waits");
    let other = TaskId { number: 7, ..PROCESS };
    desk.hear(&[inspected(2.0, other, Ok(vec!["of another".into()]))]);
    assert!(!shown(&desk).contains(&"of another".to_owned()));
    let long: Arc<str> = "x".repeat(90).into();
    desk.hear(&[inspected(2.1, PROCESS, Ok(vec!["{state,".into(), long, "".into()]))]);
    assert_eq!(shown(&desk), ["{state,", &"x".repeat(40), &"x".repeat(40), &"x".repeat(10), ""]);
    desk.key(Key::Esc);
    assert_eq!((&desk.state.kept, &desk.state.overlay), (&None, &None));
    assert_eq!(desk.state.screen(), &Screen::Task(id("a"), PROCESS), "Esc closed the overlay alone");
}

#[test]
fn a_refusal_is_told_where_the_answer_would_stand() {
    for refusal in [
        inspected(2.0, PROCESS, Err("its mailbox is too long".into())),
        stamped(2.0, Event::Refused { node: id("a"), id: Some(3), reason: "its mailbox is too long".into() }),
    ] {
        let mut desk = desk();
        desk.keys(":state").key(Key::Enter).keys("y").hear(&[refusal]);
        assert_eq!(shown(&desk), ["not shown: its mailbox is too long"]);
    }
}

#[test]
fn a_long_answer_scrolls_to_its_last_page() {
    let mut desk = desk();
    let lines: Vec<Arc<str>> = (0..100).map(|n| n.to_string().into()).collect();
    desk.keys(":state").key(Key::Enter).keys("y").hear(&[inspected(2.0, PROCESS, Ok(lines))]).keys("G");
    assert_eq!(desk.state.overlay, Some(Overlay::Kept { scroll: 80 }), "20 lines have room");
}

#[test]
fn what_is_no_erlang_process_or_lies_in_the_past_is_refused() {
    let mut desk = desk();
    desk.keys(" ").keys(":state").key(Key::Enter);
    assert!(desk.message().contains("End goes live"), "{}", desk.message());
    desk.key(Key::End).key(Key::Esc).keys(":state").key(Key::Enter);
    assert!(desk.message().contains("one Erlang process"), "{}", desk.message());
    assert_eq!(desk.state.prompt, None);
}

#[test]
fn a_yes_is_for_the_process_that_was_asked_about() {
    let mut desk = desk();
    desk.keys(":state").key(Key::Enter);
    let gone = sample_with(2.0, "a", |sample| sample.tasks = tasks(&[9], 2.0));
    desk.hear(&[gone]);
    assert!(desk.state.prompt.is_some());
    // Whatever leads to another screen while the question stands takes the question with it.
    desk.state.levels.pop();
    desk.keys("y");
    assert_eq!(asked(&mut desk), []);
}

#[test]
fn the_help_leads_to_the_words_of_the_screen() {
    let mut desk = desk();
    desk.keys("??");
    assert_eq!(desk.state.overlay, Some(Overlay::Words { scroll: 0 }));
    desk.keys("?");
    assert_eq!(desk.state.overlay, None);
}
