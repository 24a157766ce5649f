use std::collections::HashSet;

use super::*;

#[test]
fn each_node_has_a_name_and_an_address_of_its_own() {
    let cluster = Cluster::new(1, 20_000);
    let names: HashSet<_> = cluster.nodes.iter().map(|node| node.name.clone()).collect();
    let addresses: HashSet<_> = cluster.nodes.iter().map(Node::address).collect();
    assert_eq!((names.len(), addresses.len()), (20_000, 20_000));
    assert!(addresses.iter().all(|address| address.is_loopback() && address.octets()[3] > 0));
}

#[test]
fn one_node_in_twenty_has_the_new_release_and_all_roles_are_there() {
    let cluster = Cluster::new(1, 200);
    assert_eq!(cluster.nodes.iter().filter(|node| node.release() == "417").count(), 10);
    let centres: HashSet<&str> = cluster.nodes.iter().map(Node::centre).collect();
    assert_eq!(centres.len(), 3);
    let roles: HashSet<Role> = cluster.nodes.iter().map(|node| node.role).collect();
    assert_eq!(roles.len(), 5);
    assert_eq!(Cluster::new(1, 8).nodes.iter().map(|node| node.role).collect::<HashSet<_>>().len(), 5);
}

#[test]
fn no_two_racks_have_one_name_however_many_there_are() {
    let cluster = Cluster::new(1, 4_000);
    let names: HashSet<(usize, String)> =
        cluster.nodes.iter().map(|node| (node.rack, node.labels().swap_remove(2).1)).collect();
    let distinct: HashSet<&String> = names.iter().map(|(_, name)| name).collect();
    assert_eq!((names.len(), distinct.len()), (200, 200));
}

#[test]
fn links_lead_both_ways() {
    let cluster = Cluster::new(1, 200);
    for node in &cluster.nodes {
        for near in cluster.peers(node).filter(|peer| peer.number.abs_diff(node.number) <= 2) {
            assert!(cluster.peers(near).any(|back| back.number == node.number), "{} and {}", node.name, near.name);
        }
    }
}
