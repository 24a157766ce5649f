use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::out::cut::part::Roster;

fn set(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn mask() -> Mask {
    let mut roster = Roster {
        names: BTreeMap::from([
            ("id-77".into(), set(&["Web1.acme.example"])),
            ("id-78".into(), set(&["ÅKE.acme.example"])),
        ]),
        links: BTreeMap::from([("edge9.other.example:7070".into(), set(&["id-78"]))]),
        labels: set(&["b", "acme corp"]),
        keys: set(&["tenant"]),
        users: set(&["carol", "dave@laptop", AGENT, "root"]),
        ..Roster::default()
    };
    roster.uses.insert(Use::Group, "/jobs/acme");
    Mask::new(roster)
}

fn masked(mask: &Mask, text: &str, focus: &str, by: &str) -> (String, Option<String>) {
    let mark = v1::Mark {
        text: Some(text.into()),
        author: Some(by.into()),
        focus: Some(focus.into()),
        automatic: Some(by == AGENT),
        ..v1::Mark::default()
    };
    let mark = mask.mark(mark);
    assert_eq!(mark.author.as_deref() == Some(AGENT), by == AGENT);
    (mark.text.unwrap(), mark.focus)
}

#[test]
fn what_agents_note_by_rule_says_neither_who_nor_where() {
    let mask = mask();
    for (text, expected) in [
        (
            "out of memory: the kernel killed web (pid 7, 9 MiB) in \
             /kubepods/pod5f8e2c1a-1b2c-4d3e-8f90-a1b2c3d4e5f6/0123456789abcdef0123456789abcdef",
            "out of memory: the kernel killed web (pid 7, 9 MiB) in /kubepods/podid-1/id-2",
        ),
        (
            "out of memory: the kernel killed a process in /user.slice/user-1000.slice/of ann.service",
            "out of memory: the kernel killed a process in /user.slice/user-uid-1.slice/group-1 ann.service",
        ),
        (
            "out of memory: the kernel killed 3 processes in 2 places: 2 cc, ld",
            "out of memory: the kernel killed 3 processes in 2 places: 2 cc, ld",
        ),
        (
            "{acme,<<\"7 of 8\">>} of chat@web1.acme.example ended; at last 3 % of a core, 9 MiB",
            "label-1 of chat@node-1 ended; at last 3 % of a core, 9 MiB",
        ),
        ("acme of carol of chat@web1 ended", "label-2 of chat@node-1 ended"),
        ("chat_server of chat@web1 ended", "chat_server of chat@node-1 ended"),
        ("cc (pid 9) ended; at last 3 MiB", "cc (pid 9) ended; at last 3 MiB"),
        ("3 tasks ended that were hot: 2 chat_server, cc ...", "3 tasks ended that were hot: 2 chat_server, cc ..."),
        ("3 tasks ended that were hot: [a, acme, b], cc", "3 tasks ended that were hot: label-3"),
        (
            "labels: tenant=old one -> acme corp, role=x is gone, tenant=b is new, y",
            "labels: tenant=value-2 -> value-1, key-1=value-3 is gone, tenant=value-4 is new, value-5",
        ),
    ] {
        assert_eq!(masked(&mask, text, "", AGENT).0, expected, "{text}");
    }
}

#[test]
fn what_people_note_is_masked_where_it_is_known() {
    let mask = mask();
    for (text, expected) in [
        ("tenant=old -> acme corp: see", "tenant=value-2 -> value-1: see"),
        ("moved tenant='old, one'; the tenant = fine", "moved tenant=value-3; the tenant = fine"),
        ("see (/jobs/acme), /jobs/other", "see (/group-1/group-2), /jobs/other"),
        ("in /user.slice/user-1000.slice.", "in /user.slice/user-uid-1.slice."),
        ("web1 and WEB1:7 and edge9", "node-1 and node-1:7 and node-2"),
        ("ÅKE is down", "node-2 is down"),
        ("carol and dave asked root", "user-1 and user-2 asked root"),
    ] {
        assert_eq!(masked(&mask, text, "", "carol").0, expected, "{text}");
    }
}

#[test]
fn a_focus_is_a_place_that_is_understood_or_none() {
    let mask = mask();
    for (focus, expected) in [
        ("Web1.acme.example/cgroup/user.slice/user-1000.slice", Some("node-1/cgroup/user.slice/user-uid-1.slice")),
        ("id-77/cgroup/jobs/acme", Some("node-1/cgroup/group-1/group-2")),
        ("id-77", Some("node-1")),
        ("id-77/os/900.17", Some("node-1/os/900.17")),
        ("id-77/chat@web1/<0.812.0>", Some("node-1/chat@node-1/<0.812.0>")),
        ("id-77/netns/4026531840", Some("node-1/netns/4026531840")),
        ("id-77/os/acme", None),
        ("acme/os/900", None),
        ("", None),
    ] {
        assert_eq!(masked(&mask, "", focus, AGENT).1.as_deref(), expected, "{focus}");
    }
}
