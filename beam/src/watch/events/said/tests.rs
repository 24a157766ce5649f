use super::*;
use crate::term::{Atom, Pid};

fn pid() -> Pid {
    Pid { node: Atom::known("a@host"), creation: 1, id: 77, serial: 0 }
}

fn vm(otp_release: Option<u32>) -> Vm {
    Vm { otp_release, word_bytes: Some(8), ..Vm::default() }
}

#[test]
fn what_is_asked_for_is_what_the_release_has() {
    let text = |release| wanted(&EventOptions::default(), &vm(release)).to_string();
    assert_eq!(text(Some(25)), "[{long_gc,100},{large_heap,8388608},busy_port,busy_dist_port]");
    let long = "{long_message_queue,{1000,10000}}";
    assert_eq!(text(Some(27)), format!("[{{long_gc,100}},{{large_heap,8388608}},{long},busy_port,busy_dist_port]"));
    assert!(!text(None).contains("long_message_queue"));
    let none = EventOptions {
        long_gc_ms: None,
        large_heap_bytes: None,
        long_schedule_ms: Some(50),
        long_queue: None,
        is_busy_reported: false,
    };
    assert_eq!(wanted(&none, &vm(Some(28))).to_string(), "[{long_schedule,50}]");
}

fn one(what: Term) -> What {
    event(&Term::tuple([9.into(), what, Term::List(vec![])]), "us@host").unwrap().what
}

fn monitor(kind: &'static str, told: Term) -> What {
    one(Term::tuple([Term::atom("monitor"), pid().into(), Term::atom(kind), told]))
}

fn pairs(pairs: &[(&'static str, i64)]) -> Term {
    Term::List(pairs.iter().map(|(name, n)| Term::tuple([Term::atom(name), (*n).into()])).collect())
}

#[test]
fn events_are_told_by_what_happened() {
    let told = pairs(&[("timeout", 120), ("heap_block_size", 10), ("old_heap_block_size", 5)]);
    let long_gc = What::LongGc { process: pid(), ms: Some(120), heap_words: Some(15) };
    assert_eq!(monitor("long_gc", told), long_gc);
    let part = pairs(&[("heap_block_size", 10)]);
    assert_eq!(monitor("large_heap", part), What::LargeHeap { process: pid(), heap_words: None });
    assert_eq!(monitor("busy_port", Term::atom("x")), What::BusyPort { process: pid(), port: None });
    let long_queue = |is_long| What::LongQueue { process: pid(), is_long };
    assert_eq!(monitor("long_message_queue", Term::atom("true")), long_queue(true));
    assert_eq!(monitor("long_message_queue", Term::atom("false")), long_queue(false));
    let out = Term::tuple([Term::atom("lists"), Term::atom("seq"), 2.into()]);
    let told = Term::list([Term::tuple([Term::atom("out"), out])]);
    let long = What::LongSchedule { process: Some(pid()), ms: None, at: Some("lists:seq/2".into()) };
    assert_eq!(monitor("long_schedule", told), long);
    assert_eq!(monitor("of_the_future", Term::List(vec![])), What::Other);
    assert_eq!(one(Term::tuple([Term::atom("x"), 7.into(), Term::List(vec![])])), What::Other);
}

#[test]
fn a_node_that_goes_is_told_with_its_reason() {
    let infos = Term::list([
        Term::tuple([Term::atom("nodedown_reason"), Term::atom("net_tick_timeout")]),
        Term::tuple([Term::atom("node_type"), Term::atom("visible")]),
    ]);
    let down = one(Term::tuple([Term::atom("nodedown"), Term::Atom(Atom::known("b@host")), infos]));
    let peer = Peer { node: "b@host".into(), is_hidden: Some(false), is_ours: false };
    assert_eq!(down, What::NodeDown(peer, Some("net_tick_timeout".into())));
    let up = one(Term::tuple([Term::atom("nodeup"), Term::Atom(Atom::known("us@host")), Term::List(vec![])]));
    assert_eq!(up, What::NodeUp(Peer { node: "us@host".into(), is_hidden: None, is_ours: true }));
}

#[test]
fn an_owner_is_told_by_name_or_number() {
    let taken = |name| whose(&Term::tuple([pid().into(), name, Term::List(vec![])]));
    assert_eq!(taken(Term::atom("rabbit_sysmon_handler")), Slot::TakenBy("rabbit_sysmon_handler".into()));
    assert_eq!(taken(Term::List(vec![])), Slot::TakenBy("<0.77.0>".into()));
    assert_eq!(whose(&Term::atom("true")), Slot::Ours);
    assert_eq!(whose(&Term::from(7)), Slot::Unknown);
}

#[test]
fn garbage_is_no_event() {
    let garbage = || [Term::atom("x"), Term::tuple([]), Term::from(1), Term::list([Term::tuple([1.into(), 2.into()])])];
    for one in garbage() {
        assert_eq!(event(&one, ""), None);
        let said = [1.into(), one.clone(), one.clone(), one.clone(), one.clone()];
        let reading = reading(&said, "").unwrap();
        assert_eq!((reading.slot, reading.events), (Slot::Unknown, vec![]));
    }
    assert_eq!(reading(&[], ""), None);
}
