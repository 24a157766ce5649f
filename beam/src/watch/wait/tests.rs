//! What looks mean.

use super::*;
use crate::term::{Atom, Pid};

fn function(module: &'static str, function: &'static str) -> Function {
    Function { module: Atom::fixed(module), function: Atom::fixed(function), arity: 1 }
}

fn pid(id: u32) -> Neighbour {
    let pid = Pid { node: Atom::fixed("a@b"), creation: 1, id, serial: 0 };
    Neighbour { party: Party::Process(pid), name: None, node: None }
}

/// Looks of one read, of which the last is the read itself, which saw these monitors.
fn concluded(standing: &mut Standing, looks: &[(Status, Function)], monitors: &[Neighbour]) -> (Waits, usize) {
    let mut tally = Tally::default();
    for (status, top) in looks {
        tally.add_one(Some(status.clone()), Some(top.clone()));
    }
    let (status, top) = looks.last().unwrap().clone();
    let mut look = ProcessLook { status: Some(status), ..ProcessLook::default() };
    look.stack.push(look::Frame { function: top, file: None, line: None });
    look.monitors.some = monitors.to_vec();
    standing.concluded(&look, &tally, looks.len())
}

fn one(status: Status, top: Function) -> Waits {
    concluded(&mut Standing::default(), &[(status, top)], &[]).0
}

#[test]
fn the_top_of_the_stack_says_what_is_waited_for() {
    let idle = function("gen_server", "loop");
    assert_eq!(one(Status::Waiting, idle.clone()), Waits::Message(idle.clone()));
    assert_eq!(one(Status::Waiting, function("timer", "sleep")), Waits::Sleep);
    let accept = function("prim_inet", "accept0");
    let port = Waits::Port { through: accept.clone(), port: None, queued: None };
    assert_eq!(one(Status::Waiting, accept), port);
    for active in [Status::Running, Status::Runnable, Status::Collecting] {
        assert_eq!(one(active, function("gen", "do_call")), Waits::Computing);
    }
    let nothing = Waits::Suspended { links: vec![], ports: vec![] };
    assert_eq!(one(Status::Suspended, idle.clone()), nothing);
    assert_eq!(one(Status::Exiting, idle), Waits::Unknown);
    for (module, name) in [("gen", "do_call"), ("erpc", "call"), ("rpc", "call"), ("io", "wait_io_mon_reply")] {
        let through = function(module, name);
        let call = Waits::Call { through: through.clone(), callee: None, n_candidates: 0 };
        assert_eq!(one(Status::Waiting, through), call);
    }
}

#[test]
fn most_looks_decide_and_are_counted() {
    let spin = (Status::Running, function("m", "spin"));
    let idle = (Status::Waiting, function("m", "idle"));
    let looks = [idle.clone(), spin.clone(), spin.clone(), idle.clone(), spin.clone()];
    assert_eq!(concluded(&mut Standing::default(), &looks, &[]), (Waits::Computing, 3));
    // Of two as frequent, that which somebody can do something about.
    let looks = [(Status::Suspended, idle.1.clone()), spin];
    assert!(matches!(concluded(&mut Standing::default(), &looks, &[]), (Waits::Suspended { .. }, 1)));
}

#[test]
fn the_callee_is_what_is_monitored_in_the_call_alone() {
    let call = [(Status::Waiting, function("gen", "do_call"))];
    let idle = [(Status::Waiting, function("gen_server", "loop"))];
    let callee = |standing: &mut Standing, monitors: &[Neighbour]| match concluded(standing, &call, monitors).0 {
        Waits::Call { callee, n_candidates, .. } => (callee, n_candidates),
        other => panic!("in no call: {other:?}"),
    };
    let mut standing = Standing::default();
    assert_eq!(callee(&mut standing, &[pid(1)]), (Some(pid(1)), 1));
    assert_eq!(callee(&mut standing, &[pid(1), pid(2)]), (None, 2));
    concluded(&mut standing, &idle, &[pid(1), pid(2)]);
    assert_eq!(callee(&mut standing, &[pid(1), pid(2), pid(3)]), (Some(pid(3)), 1));
    // Whom it watches always it may call too: then it watches it twice.
    assert_eq!(callee(&mut standing, &[pid(1), pid(1), pid(2)]), (Some(pid(1)), 1));
    assert_eq!(callee(&mut standing, &[pid(1), pid(2)]), (None, 0));
}
