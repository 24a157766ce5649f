//! Every level at three sizes, and what lies over them.

use super::*;
use crate::{
    app::{Msg, update},
    event::{Event, Inspected, Keeps, Stamped},
};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 35), (200, 55)];

/// One snapshot per size.
fn check(name: &str, told: &Told, keys: &[Key]) {
    for size in SIZES {
        let name = format!("{name}-{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, screen(&after(told, size, keys)));
    }
}

fn one(name: &str, told: &Told, keys: &[Key]) {
    insta::assert_snapshot!(name, screen(&after(told, (120, 35), keys)));
}

/// From the node screen onto the router.
fn to_the_router() -> Vec<Key> {
    let mut keys = typed("/chat-router");
    keys.extend([Key::Enter, Key::Enter]);
    keys
}

#[test]
fn cluster() {
    check("cluster", &CLUSTER, &[]);
}

#[test]
fn cluster_grouped_by_a_label() {
    one("cluster-by-role", &CLUSTER, &typed("bb3"));
}

#[test]
fn node() {
    check("node", &SINGLE, &[]);
}

#[test]
fn node_by_memory() {
    one("node-by-mem", &SINGLE, &typed("2jj"));
}

#[test]
fn task() {
    check("task", &SINGLE, &to_the_router());
}

/// From the node onto its Erlang VM.
fn to_the_vm() -> Vec<Key> {
    typed("v")
}

#[test]
fn node_with_erlang_vms() {
    check("beam-node", &BEAM, &[]);
}

#[test]
fn erlang_vms_of_a_node() {
    one("beam-vms", &BEAM, &[Key::BackTab]);
}

#[test]
fn erlang_vm() {
    check("beam-vm", &BEAM, &to_the_vm());
}

#[test]
fn lists_of_an_erlang_vm() {
    for (n, name) in ["schedulers", "functions", "links", "ports", "ets"].into_iter().enumerate() {
        one(&format!("beam-{name}"), &BEAM, &[to_the_vm(), tabs(n + 1)].concat());
    }
}

#[test]
fn erlang_vm_that_does_not_answer() {
    one("beam-unanswered", &BEAM, &[vec![Key::BackTab], typed("/gw"), vec![Key::Enter, Key::Enter]].concat());
}

#[test]
fn erlang_process() {
    let router = [typed("/chat_router"), vec![Key::Enter, Key::Enter]].concat();
    check("beam-process", &BEAM, &[to_the_vm(), router].concat());
}

#[test]
fn erlang_findings() {
    one("beam-findings", &BEAM, &typed("f"));
}

/// From a node onto one of its Erlang VMs, by a part of its name.
fn to_vm_named(name: &str) -> Vec<Key> {
    [vec![Key::BackTab], typed("/"), typed(name), vec![Key::Enter, Key::Enter]].concat()
}

#[test]
fn erlang_vms_in_trouble() {
    check("vms-in-trouble", &TROUBLE, &[Key::BackTab]);
}

#[test]
fn erlang_vm_that_has_ended() {
    check("vm-ended", &TROUBLE, &to_vm_named("chat@"));
}

#[test]
fn erlang_vm_that_refuses() {
    check("vm-refusing", &TROUBLE, &to_vm_named("gw@"));
}

#[test]
fn erlang_vm_that_hangs() {
    check("vm-hanging", &TROUBLE, &to_vm_named("media@"));
}

#[test]
fn erlang_vm_that_nobody_can_ask() {
    check("vm-undistributed", &TROUBLE, &to_vm_named("3301"));
}

#[test]
fn marks() {
    check("marks", &TROUBLE, &typed("nj"));
}

#[test]
fn words_of_an_erlang_vm() {
    check("words", &BEAM, &[to_the_vm(), typed("??")].concat());
}

#[test]
fn what_a_process_keeps() {
    let router = [to_the_vm(), typed("/chat_router"), vec![Key::Enter, Key::Enter]].concat();
    let command = [typed(":state"), vec![Key::Enter]].concat();
    one("state-asked", &BEAM, &[router.clone(), command.clone()].concat());
    let mut state = after(&BEAM, (120, 35), &[router, command, typed("y")].concat());
    one_of("state-waiting", &state);
    let Screen::Task(node, task) = state.screen().clone() else { panic!("{:?}", state.screen()) };
    let lines = ["{state,", "    #{rooms => 91200,", "      backlog => []},", "    [<0.455.0>]}"];
    let answer = Inspected {
        node,
        id: 3,
        task,
        what: Keeps::State,
        lines: Ok(lines.map(Into::into).into()),
        bytes: Some(4_096),
        is_cut: true,
    };
    update(&mut state, Msg::Event(Stamped { at: scene::END, event: Event::Inspected(Box::new(answer)) }));
    one_of("state", &state);
}

fn one_of(name: &str, state: &State) {
    insta::assert_snapshot!(name, screen(state));
}

/// Tabulators: from the tasks of a node to another of its tables.
fn tabs(n: usize) -> Vec<Key> {
    vec![Key::Tab; n]
}

#[test]
fn queues_of_a_node() {
    one("node-queues", &SINGLE, &tabs(1));
}

#[test]
fn cgroups_of_a_node() {
    check("node-cgroups", &SINGLE, &tabs(2));
}

#[test]
fn namespaces_of_a_node() {
    check("node-netns", &SINGLE, &tabs(3));
}

#[test]
fn cpus_of_a_node() {
    one("node-cpus", &SINGLE, &tabs(4));
}

#[test]
fn host_beyond_its_tasks() {
    check("node-host", &SINGLE, &tabs(5));
}

#[test]
fn inside_of_a_cgroup() {
    let keys = [tabs(2), vec![Key::Char('/')], typed("vector"), vec![Key::Enter, Key::Enter]].concat();
    check("cgroup", &SINGLE, &keys);
}

#[test]
fn inside_of_a_network_namespace() {
    one("netns", &SINGLE, &[tabs(3), vec![Key::Enter]].concat());
}

#[test]
fn noisy_neighbour() {
    let keys = [typed("/media-03"), vec![Key::Enter, Key::Enter]].concat();
    check("noisy-neighbour", &CLUSTER, &keys);
}

#[test]
fn across_a_pipe() {
    let keys = [to_the_router(), typed("/pipe"), vec![Key::Enter, Key::Enter]].concat();
    check("across-a-pipe", &SINGLE, &keys);
}

#[test]
fn silent_node() {
    let mut keys = typed("/push-04");
    keys.extend([Key::Enter, Key::Enter]);
    one("silent-node", &CLUSTER, &keys);
}

#[test]
fn past() {
    let mut keys = vec![Key::Char(' ')];
    keys.extend(typed("[["));
    one("past", &SINGLE, &keys);
}

#[test]
fn nothing_yet() {
    check("empty", &EMPTY, &[]);
}

#[test]
fn help() {
    check("help", &CLUSTER, &typed("?"));
}

#[test]
fn findings() {
    one("findings", &CLUSTER, &typed("f"));
}

#[test]
fn filter_being_typed() {
    one("filter", &SINGLE, &typed("/ngi"));
}

#[test]
fn filter_without_match() {
    one("filter-without-match", &SINGLE, &typed("/no such task"));
}

#[test]
fn command_being_typed() {
    one("command", &SINGLE, &typed(":sort del"));
}

#[test]
fn groups_of_nodes() {
    one("groups", &CLUSTER, &[typed(":view groups"), vec![Key::Enter]].concat());
}
