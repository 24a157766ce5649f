//! Whether the findings line names who is to blame for each incident of the demo, and says nothing while all is well.

mod fleet;

use midair_demo::{Node, Plan, Role, Scenario, Values};

use self::fleet::Fleet;
use crate::view::finding::sentence;

/// From the onset to the words.
const WITHIN_S: u64 = 15;

/// The onset of an incident that is chosen, seconds after the beginning.
const ONSET_S: u64 = 8;

/// Tells 200 nodes of one incident until the first finding has all of these words; what stood there last, if it never has.
fn first_finding(scenario: Scenario, expected: impl Fn(&Fleet) -> Vec<String>) {
    let mut fleet = Fleet::new(7, 200, Plan::One(scenario), 1);
    let mut last = String::new();
    while fleet.at_s <= ONSET_S + WITHIN_S {
        let found = fleet.go_on();
        last = found.first().map(sentence).unwrap_or_default();
        let is_named = expected(&fleet).iter().all(|word| last.contains(&**word));
        assert!(found.is_empty() || fleet.at_s >= ONSET_S, "before the onset: {last}");
        if is_named {
            return;
        }
    }
    panic!(
        "{WITHIN_S} s after the onset of {} the line says {last:?}, and not {:?}",
        scenario.word(),
        expected(&fleet)
    );
}

/// The node of a role that the script has chosen.
fn chosen(fleet: &Fleet, role: Role) -> &Node {
    let incident = fleet.world.script.incidents()[0];
    fleet.world.cluster.pick(role, incident.seed).expect("somebody has the role")
}

/// The first node that shows this a minute after the onset.
fn shows(fleet: &Fleet, is_so: impl Fn(&Values) -> bool) -> &Node {
    let nodes = &fleet.world.cluster.nodes;
    let at_s = (ONSET_S + 60) as f64;
    nodes.iter().find(|node| is_so(&fleet.world.values(node, at_s))).expect("somebody shows it")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn label(node: &Node, key: &str) -> String {
    let labels = node.labels();
    let (_, value) = labels.iter().find(|(known, _)| known == key).expect("it has that label");
    format!("{key} {value}")
}

#[test]
fn a_mailbox_that_grows_is_named() {
    first_finding(Scenario::Mailbox, |fleet| words(&["mailbox of chat_router", &chosen(fleet, Role::Chat).name]));
}

#[test]
fn a_slow_disk_is_named_and_not_who_waits_for_it() {
    first_finding(Scenario::SlowDisk, |fleet| words(&["disk nvme0n1 on ", &chosen(fleet, Role::Store).name]));
}

#[test]
fn who_holds_up_a_scheduler_is_named_and_not_what_waits_there() {
    let expected = |fleet: &Fleet| words(&["archive ", "holds up scheduler 1", &chosen(fleet, Role::Chat).name]);
    first_finding(Scenario::Uneven, expected);
}

#[test]
fn a_rack_that_is_cut_off_is_named() {
    first_finding(Scenario::Rack, |fleet| {
        let rack = label(shows(fleet, |values| values.is_cut), "rack");
        words(&["20 of 200 nodes silent", &rack])
    });
}

#[test]
fn a_release_that_leaks_is_named_with_the_process_that_holds_it() {
    first_finding(Scenario::Release, |_| words(&["10 nodes of version 417 grow", "session_cache"]));
}

#[test]
fn the_data_centre_of_a_storm_is_named() {
    first_finding(Scenario::Storm, |fleet| {
        let is_flooded = |values: &Values| values.vm.actors.iter().any(|actor| actor.mailbox > 3_000.0);
        words(&["group_fanout", &label(shows(fleet, is_flooded), "dc")])
    });
}

#[test]
fn a_clock_that_is_off_is_named() {
    first_finding(Scenario::Clock, |fleet| {
        let name = &shows(fleet, |values| values.ahead_us != 0).name;
        words(&[&format!("clock of {name} is 7 s ahead")])
    });
}

#[test]
fn who_does_not_read_its_links_is_named_and_not_who_is_suspended() {
    first_finding(Scenario::Dist, |fleet| {
        words(&[&format!("presence@{} does not read", chosen(fleet, Role::Presence).name), "processes suspended"])
    });
}

#[test]
fn a_listen_queue_that_is_empty_at_each_look_is_named_for_its_drops() {
    first_finding(Scenario::Listen, |fleet| {
        words(&["listen queues", &chosen(fleet, Role::Gateway).name, "dropped", "beam.smp"])
    });
}

#[test]
fn a_hypervisor_that_takes_cpu_is_named_and_no_task_that_waits() {
    first_finding(Scenario::Steal, |fleet| {
        let first = shows(fleet, |values| values.cpu.steal > 0.1).number;
        let names = &fleet.world.cluster.nodes[first..first + 2];
        // Either of the two.
        let worst = fleet.state.findings();
        let is_second = worst.first().is_some_and(|one| *one.subject.node.0 == *names[1].name);
        words(&["the hypervisor takes ", &format!("from {}; all tasks", names[usize::from(is_second)].name)])
    });
}

#[test]
fn a_hot_table_is_named_by_what_is_called_and_no_mailbox_behind_it() {
    let expected = |fleet: &Fleet| words(&["ets:insert/2", "lock contention", &chosen(fleet, Role::Presence).name]);
    first_finding(Scenario::Ets, expected);
}

#[test]
fn of_a_thousand_healthy_nodes_nothing_is_found_in_ten_minutes() {
    // What is compared are means over ten seconds of five samples at least: every two seconds are enough for all rules.
    let mut fleet = Fleet::new(7, 1_000, Plan::Healthy, 2);
    while fleet.at_s < 600 {
        let found = fleet.go_on();
        assert!(found.is_empty(), "after {} s: {}", fleet.at_s, sentence(&found[0]));
    }
}
