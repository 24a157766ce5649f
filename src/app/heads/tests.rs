use super::*;

fn width_of(title: &str, heads: &[Head], width: u16, longest: u16) -> Option<u16> {
    let n = heads.iter().position(|head| head.title == title)?;
    arrange(heads, width, 0, longest).into_iter().find(|(place, ..)| *place == n).map(|(.., width)| width)
}

#[test]
fn names_of_nodes_have_room_where_there_is_some() {
    assert_eq!(width_of("node", OF_CLUSTER, 78, 40), Some(12), "numbers come first in a narrow table");
    assert_eq!(width_of("node", OF_CLUSTER, 118, 24), Some(24));
    assert_eq!(width_of("node", OF_CLUSTER, 118, 6), Some(12));
    assert_eq!(width_of("node", OF_CLUSTER, 118, 400), Some(NAME_MAX));
    assert!(width_of("node", NODES, 118, 24) >= Some(24));
}

/// Every table.
const TABLES: [&[Head]; 22] = [
    NODES,
    GROUPS,
    PEERS,
    OF_CLUSTER,
    OF_NODE,
    OF_CLUSTER_MIXED,
    OF_NODE_MIXED,
    CHILDREN,
    QUEUES,
    ALL_QUEUES,
    CGROUPS,
    NAMESPACES,
    CPUS,
    HOST,
    erlang::VMS,
    erlang::PROCESSES,
    erlang::SCHEDULERS,
    erlang::FUNCTIONS,
    erlang::LINKS,
    erlang::PORTS,
    erlang::TABLES,
    erlang::RELATIVES,
];

#[test]
fn a_head_has_room_for_its_unit_and_for_the_sign_of_what_is_sorted_by() {
    for head in TABLES.into_iter().flatten() {
        let sign = usize::from(head.sort.is_some());
        assert!(head.title.len() + sign <= usize::from(head.width), "{:?}", head);
    }
}

/// No head is cut, and none stands in another.
#[test]
fn columns_stand_apart_at_every_width() {
    for heads in TABLES {
        for width in 1..300 {
            let mut end = 0;
            for (n, x, wide) in arrange(heads, width, 0, width) {
                assert!(x >= end && x + wide <= width, "{:?} at {x} of {width}", heads[n].title);
                end = x + wide;
            }
        }
    }
}
