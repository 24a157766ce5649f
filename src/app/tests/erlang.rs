//! Into an Erlang VM, along what its processes wait for, and back.

use midair_vitals::{
    TaskId, TaskKind, VmReading,
    vm::{DistLink, Listed, Pid},
};

use super::*;
use crate::{
    event::{ErlangLook, Health, Runtime},
    model::relatives::{Relation, trace_number},
};

const LIFE: u64 = 77;

fn pid(number: u64) -> TaskId {
    TaskId { runtime: 1, number, start: LIFE }
}

fn process(number: u64, s: f64) -> TaskReading {
    let name = Some(format!("proc-{number}").into());
    TaskReading { name, ..TaskReading::unknown(pid(number), TaskKind::Erlang, (s * 1e6) as u64) }
}

/// One node `a` with the OS process 9, whose VM has processes 812 and 455, and a link to a VM on node `b`.
fn measured(s: f64) -> Stamped {
    sample_with(s, "a", |sample| {
        sample.runtimes.push(beam("chat@a"));
        sample.tasks = vec![task(9, s, 0.0, 0.0), process(812, s), process(455, s)];
        let link = DistLink { peer: "db@b".into(), ..DistLink::default() };
        sample.vms = vec![VmReading {
            runtime: 1,
            process: Some(task(9, s, 0.0, 0.0).id),
            creation: Some(LIFE),
            links: Some(Listed { rows: vec![link], n_total: None, partial: None, at_us: None }),
            ..VmReading::default()
        }];
    })
}

fn beam(name: &str) -> Runtime {
    Runtime {
        id: 1,
        kind: "beam".into(),
        name: name.into(),
        health: Health::Ok,
        n_tasks: Some(2),
        is_undistributed: false,
    }
}

fn desk() -> Desk {
    let mut desk = Desk::new(1, (120, 40));
    desk.hear(&[up(0.0, "a"), described(0.1, "a"), measured(1.0), measured(2.0)]);
    desk
}

fn vm() -> Screen {
    Screen::Vm(id("a"), 1)
}

/// A close look at process 812, which waits for another.
fn look(s: f64, waits_for: Pid) -> Stamped {
    let mut told = details(s, "a", Some(process(812, s)), Vec::new());
    if let Event::Details(details) = &mut told.event {
        details.erlang = Some(Box::new(ErlangLook { waits_for: Some(waits_for), ..ErlangLook::default() }));
    }
    told
}

fn into_812(desk: &mut Desk) {
    desk.keys("v/812").key(Key::Enter).key(Key::Enter);
    assert_eq!(desk.state.screen(), &Screen::Task(id("a"), pid(812)));
}

#[test]
fn from_the_os_process_into_its_vm_and_back() {
    let mut desk = desk();
    desk.keys("/task-9").key(Key::Enter).key(Key::Enter);
    assert!(desk.message().contains("chat@a"), "it offers the VM: {}", desk.message());
    assert_eq!(desk.keys("v").state.screen(), &vm());
    assert_eq!(desk.rows().len(), 2, "its own processes alone");
    desk.keys("v");
    assert_eq!(desk.state.screen(), &Screen::Task(id("a"), task(9, 0.0, 0.0, 0.0).id));
}

#[test]
fn the_table_of_a_vm_is_asked_of_its_runtime() {
    let mut desk = desk();
    desk.controls();
    desk.keys("v");
    let asked = desk.controls().into_iter().find_map(|c| match c {
        Control::Table { query, .. } => Some(query.runtime),
        _ => None,
    });
    assert_eq!(asked, Some(Some(1)));
}

#[test]
fn enter_follows_what_a_process_waits_for() {
    let mut desk = desk();
    into_812(&mut desk);
    let callee = Pid { text: "<0.455.0>".into(), task: Some(pid(455)), ..Pid::default() };
    desk.hear(&[look(3.0, callee)]).key(Key::Tab).key(Key::Enter);
    assert_eq!(desk.state.screen(), &Screen::Task(id("a"), pid(455)));
    desk.key(Key::Esc).keys("o");
    assert_eq!(desk.state.screen(), &Screen::Task(id("a"), pid(455)), "o does the same from any panel");
}

#[test]
fn a_callee_on_another_vm_is_followed_where_that_is_watched_and_named_where_not() {
    let mut desk = desk();
    into_812(&mut desk);
    let callee = Pid { text: "<0.5.0>".into(), node: Some("db@b".into()), ..Pid::default() };
    desk.hear(&[look(3.0, callee)]).keys("o");
    assert!(desk.message().contains("db@b"), "{}", desk.message());
    let of_b = sample_with(3.5, "b", |sample| {
        sample.runtimes.push(beam("db@b"));
        sample.tasks = vec![process(5, 3.5)];
    });
    desk.hear(&[up(3.1, "b"), described(3.2, "b"), of_b]).keys("o");
    assert_eq!(desk.state.screen(), &Screen::Task(id("b"), pid(5)));
}

#[test]
fn a_path_leads_to_a_vm_and_to_a_pid_of_it() {
    let mut desk = desk();
    desk.keys(":go a/chat@a").key(Key::Enter);
    assert_eq!(desk.state.screen(), &vm());
    desk.keys(":go a/chat@a/<0.455.0>").key(Key::Enter);
    assert_eq!(desk.state.screen(), &Screen::Task(id("a"), pid(455)));
    desk.keys("y");
    let copied = desk.effects.iter().find_map(|e| if let Effect::Copy(text) = e { Some(text.as_str()) } else { None });
    assert!(copied.is_some_and(|text| text.contains("a/chat@a/<0.455.0>")), "{copied:?}");
}

#[test]
fn a_receive_trace_is_asked_of_an_erlang_process_alone() {
    let mut desk = desk();
    desk.keys(":trace receive").key(Key::Enter);
    assert!(desk.message().contains("one Erlang process"), "{}", desk.message());
    into_812(&mut desk);
    desk.controls();
    desk.keys(":trace receive 2s").key(Key::Enter);
    let expected =
        Control::Trace { node: id("a"), id: trace_number(pid(812)), task: pid(812), seconds: 2, most: 5_000 };
    assert_eq!(desk.controls(), [expected]);
    desk.keys(":trace").key(Key::Enter);
    assert!(desk.message().contains("who sends to this process"), "{}", desk.message());
    desk.keys(":trace send").key(Key::Enter);
    assert!(desk.message().contains("trace receive"), "{}", desk.message());
    desk.keys(":trace receive 60s").key(Key::Enter);
    assert!(desk.message().contains("outside"), "{}", desk.message());
}

#[test]
fn a_trace_says_how_long_it_still_counts_until_it_is_answered() {
    let mut desk = desk();
    into_812(&mut desk);
    assert_eq!(desk.state.trace_left_us(), None);
    let asked = desk.now;
    desk.keys(":trace receive 4s").key(Key::Enter);
    assert_eq!(desk.state.trace_left_us(), Some(4_000_000));
    desk.hear(&[tick(asked + 1.0)]);
    assert_eq!(desk.state.trace_left_us(), Some(3_000_000));
    desk.key(Key::Esc);
    assert_eq!(desk.state.trace_left_us(), None, "it is of another task than what is shown");
    desk.key(Key::Enter).hear(&[tick(asked + 4.5)]);
    assert_eq!(desk.state.trace_left_us(), Some(0), "its answer is on the way");
    let traced = crate::event::Traced {
        node: id("a"),
        id: trace_number(pid(812)),
        over_us: Some(4_000_000),
        n_messages: Some(9),
        is_cut: false,
        senders: Vec::new(),
        tags: Vec::new(),
    };
    desk.hear(&[stamped(asked + 4.6, Event::Traced(Box::new(traced)))]);
    assert_eq!(desk.state.trace_left_us(), None);
}

#[test]
fn a_vm_has_as_many_processes_as_it_says_whatever_was_asked_last() {
    let mut desk = desk();
    let counted = |s: f64| {
        let mut told = measured(s);
        if let Event::Sample(sample) = &mut told.event {
            sample.vms[0].counts[0].n = Some(20_062);
        }
        told
    };
    let of_vm = |s| rows(s, "a", TABLE_ID, vec![process(812, s), process(455, s)]);
    desk.hear(&[counted(3.0), of_vm(3.1)]);
    assert_eq!(desk.state.total(Panel::Tasks), None, "the last answer was of the VM alone");
    desk.keys("v");
    assert_eq!(desk.state.total(Panel::Processes), Some(20_062));
    desk.hear(&[counted(4.0)]).keys(" [");
    assert_eq!(desk.state.total(Panel::Processes), Some(20_062), "in the past too");
}

#[test]
fn what_leads_nowhere_says_why() {
    let mut desk = desk();
    desk.keys("v:view links").key(Key::Enter);
    assert_eq!(desk.state.rows(Panel::Links).len(), 1);
    desk.key(Key::Enter);
    assert!(desk.message().contains("not among the VMs"), "{}", desk.message());
    let mut alone = Desk::new(1, (120, 40));
    alone.hear(&[up(0.0, "a"), described(0.1, "a"), sample(1.0, "a", tasks(&[1], 1.0))]).keys("v");
    assert!(alone.message().contains("no Erlang VM"), "{}", alone.message());
    assert_eq!(Relation::WaitsFor.word(), "waits for");
}
