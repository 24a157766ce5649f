use midair_vitals::TaskState;

use super::*;
use crate::values::GIB;

const SEED: u64 = 7;

fn world(plan: Plan) -> World {
    World::new(SEED, 200, plan)
}

/// The nodes that differ from how they are when all is well.
fn bent(scenario: Scenario, at_s: f64) -> Vec<usize> {
    let (ill, well) = (world(Plan::One(scenario)), world(Plan::Healthy));
    let nodes = ill.cluster.nodes.iter();
    nodes.filter(|node| ill.values(node, at_s) != well.values(node, at_s)).map(|node| node.number).collect()
}

/// What one of the nodes that a scenario bends shows after a minute of it, and how it is when all is well.
fn victim(scenario: Scenario, role: Role) -> (Values, Values) {
    let (ill, well) = (world(Plan::One(scenario)), world(Plan::Healthy));
    let number =
        bent(scenario, 68.0).into_iter().find(|n| ill.cluster.nodes[*n].role == role).expect("somebody is hurt");
    let node = &ill.cluster.nodes[number];
    (ill.values(node, 68.0), well.values(node, 68.0))
}

fn mailbox(values: &Values, name: &str) -> f64 {
    values.vm.actors.iter().find(|actor| actor.name == name).expect("it runs there").mailbox
}

#[test]
fn the_same_seed_gives_the_same_values_and_another_gives_others() {
    let (one, same, other) =
        (World::new(3, 60, Plan::Schedule), World::new(3, 60, Plan::Schedule), World::new(4, 60, Plan::Schedule));
    let all = |world: &World| -> Vec<Values> {
        let nodes = world.cluster.nodes.iter();
        nodes.flat_map(|node| (0..20).map(|n| world.values(node, f64::from(n) * 37.5))).collect()
    };
    assert_eq!(all(&one), all(&same));
    assert_ne!(all(&one), all(&other));
}

#[test]
fn before_the_onset_all_is_well() {
    for scenario in Scenario::ALL {
        assert_eq!(bent(scenario, 7.9), [0_usize; 0], "{}", scenario.word());
    }
}

#[test]
fn each_scenario_bends_its_nodes_and_no_others() {
    let cluster = world(Plan::Healthy).cluster;
    let is = |role: Role| move |n: &usize, cluster: &Cluster| cluster.nodes[*n].role == role;
    for scenario in Scenario::ALL {
        let hurt = bent(scenario, 68.0);
        let of = |role: Role| hurt.iter().filter(|n| is(role)(n, &cluster)).count();
        let n = hurt.len();
        match scenario {
            Scenario::Mailbox | Scenario::Uneven => assert_eq!((n, of(Role::Chat)), (1, 1), "{scenario:?}"),
            Scenario::Listen => assert_eq!((n, of(Role::Gateway)), (1, 1)),
            Scenario::Ets => assert_eq!((n, of(Role::Presence)), (1, 1)),
            Scenario::Clock => assert_eq!(n, 1),
            Scenario::Steal => assert_eq!((n, hurt[1]), (2, hurt[0] + 1)),
            Scenario::SlowDisk => assert!(of(Role::Store) == 1 && of(Role::Chat) == n - 1 && n > 5, "{hurt:?}"),
            Scenario::Release => assert!(n == 10 && hurt.iter().all(|n| cluster.nodes[*n].is_canary)),
            Scenario::Dist => assert!((4..=10).contains(&n), "{hurt:?}"),
            Scenario::Rack => {
                let cut = |node: &Node| world(Plan::One(scenario)).is_cut(node, 68.0);
                let rack = cluster.nodes.iter().find(|node| cut(node)).expect("one is cut off").rack;
                let is_near = |node: &&Node| node.rack == rack || cluster.peers(node).any(|peer| peer.rack == rack);
                let near: Vec<usize> = cluster.nodes.iter().filter(is_near).map(|node| node.number).collect();
                assert_eq!(hurt, near, "a rack, and who has links to it");
            }
            Scenario::Storm => {
                let centres: std::collections::HashSet<_> = hurt.iter().map(|n| cluster.nodes[*n].centre()).collect();
                assert!(centres.len() == 1 && of(Role::Chat) + of(Role::Gateway) == n && n > 20, "{hurt:?}");
            }
        }
    }
}

#[test]
fn a_mailbox_grows_until_the_vm_is_killed_and_begins_anew() {
    let world = world(Plan::One(Scenario::Mailbox));
    let node = &world.cluster.nodes[bent(Scenario::Mailbox, 68.0)[0]];
    let at = |since_s: f64| world.values(node, 8.0 + since_s);
    assert!(mailbox(&at(100.0), "chat_router") > 800_000.0);
    let fill = |values: &Values| 1.0 - values.available(node) / node.mem_bytes as f64;
    assert!(fill(&at(5.0)) < 0.6, "{}", fill(&at(5.0)));
    assert!(fill(&at(168.0)) > 0.93, "{}", fill(&at(168.0)));
    let (before, after) = (at(169.0), at(172.0));
    assert_eq!((before.vm.life, before.mem.n_kills, after.vm.life, after.mem.n_kills), (0, 0, 1, 1));
    assert!(mailbox(&after, "chat_router") < 100.0 && after.vm.age_s < 5.0 && fill(&after) < 0.5);
    assert!(mailbox(&at(260.0), "chat_router") > 400_000.0, "and again");
}

#[test]
fn what_was_killed_on_the_schedule_stays_another_life() {
    let world = world(Plan::Schedule);
    let mut killed = world.script.incidents().iter().filter(|incident| incident.scenario == Scenario::Mailbox);
    let incident = killed.next().expect("it comes in the first round");
    let lives = |at_s: f64| world.cluster.nodes.iter().map(|node| world.values(node, at_s).vm.life).sum::<u32>();
    let kill_s = incident.onset_s + 170.0;
    assert_eq!([-1.0, 1.0, 29.0, 45.0, 60.0].map(|after_s| lives(kill_s + after_s)), [0, 1, 1, 1, 1]);
}

#[test]
fn a_slow_disk_is_seen_at_the_store_and_its_queues_elsewhere() {
    let (store, well) = victim(Scenario::SlowDisk, Role::Store);
    assert!(
        store.disk.latency > 100.0 * well.disk.latency
            && store.psi[2] > 0.7
            && mailbox(&store, "store_writer") > 40_000.0
    );
    let (chat, well) = victim(Scenario::SlowDisk, Role::Chat);
    assert_eq!(chat.disk, well.disk);
    assert!(mailbox(&chat, "msg_writer") > 3_000.0 && mailbox(&chat, "chat_router") < 100.0);
}

#[test]
fn the_values_of_each_victim_lead_to_the_cause() {
    let (uneven, well) = victim(Scenario::Uneven, Role::Chat);
    assert!(uneven.vm.n_full == 1 && uneven.vm.run_queue > 100.0 && uneven.vm.busy < 0.5 * well.vm.busy);
    let (leaking, well) = victim(Scenario::Release, Role::Chat);
    assert!(leaking.vm.binaries > well.vm.binaries + 0.5 * GIB && leaking.mem.anon > well.mem.anon + 0.5 * GIB);
    let (ets, well) = victim(Scenario::Ets, Role::Presence);
    assert!(
        ets.vm.busy > 0.99 && ets.vm.reductions < 0.4 * well.vm.reductions && ets.vm.functions[0].0 == "ets:insert/2"
    );
    let (gateway, _) = victim(Scenario::Listen, Role::Gateway);
    let queue = gateway.processes.iter().flat_map(|process| &process.queues).find(|queue| queue.drops > 0.0);
    assert!(queue.is_some_and(|queue| queue.depth == 0.0) && gateway.net.listen_drops > 100.0);
    let (storm, well) = victim(Scenario::Storm, Role::Chat);
    assert!(storm.net.segments_in > 3.0 * well.net.segments_in && mailbox(&storm, "group_fanout") > 3_000.0);
}

#[test]
fn who_does_not_read_looks_well_and_its_senders_are_suspended() {
    let ill = world(Plan::One(Scenario::Dist));
    let hurt = bent(Scenario::Dist, 68.0);
    let values = |n: &usize| ill.values(&ill.cluster.nodes[*n], 68.0);
    let (suspended, stuck): (Vec<_>, Vec<_>) = hurt.iter().partition(|n| values(n).vm.n_suspended > 0.0);
    assert_eq!(stuck.len(), 1);
    for victim in suspended {
        let busy: Vec<usize> =
            values(victim).vm.links.iter().filter(|link| link.is_busy).map(|link| link.peer).collect();
        assert_eq!(busy, [*stuck[0]], "all busy links lead there");
        assert!(values(victim).vm.actors.iter().any(|actor| actor.state == TaskState::Suspended));
    }
}

#[test]
fn a_clock_a_hypervisor_and_a_rack_bend_what_is_theirs() {
    let (ill, well) = (world(Plan::One(Scenario::Clock)), world(Plan::Healthy));
    let node = &ill.cluster.nodes[bent(Scenario::Clock, 68.0)[0]];
    assert_eq!(ill.values(node, 68.0), Values { ahead_us: 7_000_000, ..well.values(node, 68.0) });
    let steal = world(Plan::One(Scenario::Steal));
    let node = &steal.cluster.nodes[bent(Scenario::Steal, 68.0)[0]];
    assert!(steal.values(node, 68.0).cpu.steal > 0.35 * f64::from(node.n_cpus));
    let rack = world(Plan::One(Scenario::Rack));
    let cut: Vec<_> = rack.cluster.nodes.iter().filter(|node| rack.values(node, 68.0).is_cut).collect();
    assert!(cut.len() == 20 && cut.iter().all(|node| node.rack == cut[0].rack));
    for at_s in [5.0, 68.0, 90.0, 130.0] {
        let nodes = rack.cluster.nodes.iter();
        assert!(nodes.into_iter().all(|node| rack.is_cut(node, at_s) == rack.values(node, at_s).is_cut), "at {at_s}");
    }
}

#[test]
fn on_the_schedule_each_comes_before_any_comes_again_and_all_end() {
    let script = Script::new(SEED, Plan::Schedule);
    let first: std::collections::HashSet<Scenario> =
        script.incidents().iter().take(11).map(|incident| incident.scenario).collect();
    assert_eq!(first.len(), 11);
    assert_eq!(script.at(20.0).count(), 0);
    for incident in script.incidents().iter().take(50) {
        let is_told = |at_s: f64| script.at(at_s).any(|(told, _)| told == incident);
        assert!(
            is_told(incident.onset_s + incident.length_s - 1.0)
                && !is_told(incident.onset_s + incident.length_s + 21.0)
        );
    }
}
