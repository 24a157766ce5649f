use super::*;
use crate::{
    event::{Event, NodeId, Sender},
    model::script::{id, stamped, told},
};

fn pid(text: &str) -> Pid {
    Pid { text: text.into(), ..Pid::default() }
}

fn traced(task: TaskId) -> Traced {
    let senders = vec![
        Sender { sender: Some(pid("<0.5.0>")), n: 70 },
        Sender { sender: Some(Pid { node: Some("db@b".into()), ..Pid::default() }), n: 30 },
    ];
    Traced {
        node: NodeId::new("a"),
        id: trace_number(task),
        over_us: Some(1_000_000),
        n_messages: Some(100),
        is_cut: false,
        senders,
        tags: vec![Seen { what: "$gen_cast".into(), n: 100 }],
    }
}

const TASK: TaskId = TaskId { runtime: 2, number: 3 << 32 | 7, start: 5 };

#[test]
fn the_callee_comes_first_then_who_sends() {
    let look = ErlangLook {
        waits_for: Some(pid("<0.455.0>")),
        n_waits: Some(97),
        n_looks: Some(100),
        links: vec![pid("<0.10.0>")],
        ancestors: vec![pid("<0.9.0>")],
        ..ErlangLook::default()
    };
    let traced = traced(TASK);
    let relatives = relatives(&look, Some(&traced));
    let said: Vec<String> = relatives.iter().map(|r| format!("{} {} {:?}", r.relation.word(), r.key(), r.n)).collect();
    let expected = [
        "waits for <0.455.0> Some(97)",
        "sender <0.5.0> Some(70)",
        "sender  db@b Some(30)",
        "ancestor <0.9.0> None",
        "link <0.10.0> None",
    ];
    assert_eq!(said, expected);
}

#[test]
fn where_it_is_begins_with_what_was_seen_most() {
    let look = ErlangLook {
        tops: vec![Seen { what: "gen:do_call/4".into(), n: 97 }],
        stack: vec!["gen:do_call/4".into(), "chat_router:route/3".into()],
        n_looks: Some(100),
        ..ErlangLook::default()
    };
    let traced = traced(TASK);
    let spots = spots(&look, Some(&traced));
    assert!(matches!(
        spots[..],
        [Spot::Top(_, Some(100)), Spot::Tag(_, Some(1_000_000)), Spot::Frame(_, 0), Spot::Frame(_, 1)]
    ));
}

#[test]
fn what_a_trace_counted_belongs_to_its_task() {
    let other = TaskId { number: 8, ..TASK };
    let model = told(&[stamped(1.0, Event::Traced(Box::new(traced(TASK))))]);
    let node = model.node(&id("a")).expect("told of");
    assert_eq!(node.traced(TASK).and_then(|t| t.n_messages), Some(100));
    assert_eq!(node.traced(other), None);
    assert!(trace_number(other) > 1 << 30, "far from the numbers of queries");
}
