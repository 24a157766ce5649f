use midair_vitals::{Queue, QueueKind, TaskId, TaskKind, TaskReading, Unit, vm::Seen};

use super::*;
use crate::{
    event::{Event, Stamped},
    model::{
        script::*,
        why::{self, tests::part},
    },
};

const ROUTER: TaskId = TaskId { runtime: 1, number: 812, start: 5 };

/// A close look at the router, which has so many messages.
fn looked(s: f64, n_messages: u64, look: ErlangLook) -> Stamped {
    let queue = Queue { depth: Some(n_messages), ..Queue::unknown(QueueKind::Mailbox, Unit::Messages) };
    let reading = TaskReading {
        queues: Some([queue].into()),
        ..TaskReading::unknown(ROUTER, TaskKind::Erlang, (s * 1e6) as u64)
    };
    let mut told = details(s, "a", Some(reading), Vec::new());
    if let Event::Details(details) = &mut told.event {
        details.erlang = Some(Box::new(look));
    }
    told
}

fn answer_of(events: &[Stamped]) -> Option<(u32, String)> {
    let model = told(events);
    let node = model.node(&id("a")).expect("told of");
    let focus = node.focus_on(ROUTER);
    let task = &focus.expect("looked at").task;
    let why = why::why(node, task, focus)?;
    Some((why.severity.per_mille(), why.parts.iter().map(part).collect()))
}

/// Why the router does not get on, and how bad that is; `-` where nothing is known.
fn answer(n_messages: u64, look: ErlangLook) -> (u32, String) {
    let story = [described(0.0, "a"), looked(1.0, n_messages, look)];
    answer_of(&story).unwrap_or((0, "-".to_owned()))
}

/// A hundred looks, in all of which it was waiting for something.
fn waiting(wait: WaitKind) -> ErlangLook {
    ErlangLook {
        wait: Some(wait),
        n_looks: Some(100),
        n_waiting: Some(96),
        n_active: Some(4),
        n_waits: Some(97),
        n_suspended: Some(90),
        tops: vec![Seen { what: "gen_server:loop/7".into(), n: 96 }],
        ..ErlangLook::default()
    }
}

fn session_db() -> Pid {
    Pid { text: "<0.455.0>".into(), name: Some("session_db".into()), node: Some("db@b".into()), task: None }
}

#[test]
fn who_calls_waits_for_an_answer() {
    let call = || ErlangLook { waits_for: Some(session_db()), ..waiting(WaitKind::Call) };
    let whom = "waits for an answer from session_db <0.455.0> on db@b (97 of 100 looks)";
    assert_eq!(answer(0, call()), (500, whom.to_owned()));
    let (per_mille, words) = answer(1_000_000, call());
    assert_eq!((per_mille, words), (1000, format!("{whom}; mailbox 1000000 Messages")));
    let unknown = answer(0, waiting(WaitKind::Call)).1;
    assert_eq!(unknown, "waits for an answer from a process that is not known (97 of 100 looks)");
}

#[test]
fn whose_messages_wait_while_it_computes_is_told_from_who_computes_alone() {
    let (per_mille, words) = answer(0, waiting(WaitKind::Computing));
    assert_eq!((per_mille, &*words), (0, "active in 4 of 100 looks, most in gen_server:loop/7"));
    let (per_mille, words) = answer(10, waiting(WaitKind::Computing));
    assert_eq!(per_mille, 500);
    assert!(words.ends_with("; mailbox 10 Messages"), "{words}");
}

#[test]
fn who_is_idle_is_well_and_who_passes_its_messages_by_is_not() {
    assert_eq!(answer(0, waiting(WaitKind::Message)), (0, "idle: waits for messages in gen_server:loop/7".to_owned()));
    let (per_mille, words) = answer(10, waiting(WaitKind::Message));
    assert_eq!(per_mille, 500);
    assert!(words.contains("for a message that has not come, and passes those by that have"), "{words}");
    assert_eq!(answer(0, waiting(WaitKind::Sleep)), (0, "idle: sleeps".to_owned()));
    assert_eq!(answer(10, waiting(WaitKind::Sleep)).0, 500);
}

#[test]
fn who_is_suspended_names_who_does_not_take_what_is_sent() {
    let busy = ErlangLook { waits_for_text: Some("push@c".into()), ..waiting(WaitKind::Busy) };
    let said = (800, "push@c does not take what is sent: suspended in 90 of 100 looks".to_owned());
    assert_eq!(answer(0, busy), said);
}

#[test]
fn who_does_not_answer_says_for_how_long_and_where_it_was_seen_last() {
    let stuck = ErlangLook {
        silent_ms: Some(12_000),
        stack: vec!["crypto:pbkdf2_hmac/5".into()],
        ..waiting(WaitKind::Computing)
    };
    let words =
        "does not answer for 12000 ms: inside native code that does not yield, last seen in crypto:pbkdf2_hmac/5";
    assert_eq!(answer(0, stuck), (800, words.to_owned()));
    assert_eq!(answer(0, waiting(WaitKind::Native)).0, 800);
}

#[test]
fn one_that_has_ended_says_so() {
    let gone = details(2.0, "a", None, Vec::new());
    let story = [described(0.0, "a"), looked(1.0, 0, waiting(WaitKind::Call)), gone];
    assert_eq!(answer_of(&story), Some((900, "has ended: these are its last values".to_owned())));
}

#[test]
fn before_anything_is_known_nothing_is_said() {
    assert_eq!(answer(0, ErlangLook::default()), (0, "-".to_owned()));
}
