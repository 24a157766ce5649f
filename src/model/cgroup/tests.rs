use super::*;
use crate::model::script::S;

fn reading(path: &str, s: u64, cpu_s: u64) -> CgroupReading {
    CgroupReading { path: path.into(), at_us: s * S, cpu_us: Some(cpu_s * S), ..CgroupReading::default() }
}

#[test]
fn vitals_follow_from_two_readings() {
    let first = Cgroup::fold(None, &reading("/backup.slice", 1, 10), Stamp(1));
    assert_eq!(first.vitals.cpu, None);
    let second = Cgroup::fold(Some(first), &reading("/backup.slice", 2, 41), Stamp(2));
    assert_eq!(second.vitals.cpu, Some(31.0));
    let again = Cgroup::fold(Some(second), &reading("/backup.slice", 2, 41), Stamp(3));
    assert_eq!(again.vitals.cpu, Some(31.0), "one look told twice keeps its rates");
}

#[test]
fn a_cgroup_is_called_by_its_unit_else_by_the_end_of_its_path() {
    let mut cgroup = Cgroup::fold(None, &reading("/kubepods/burstable/pod12", 1, 0), Stamp(1));
    assert_eq!(cgroup.title(), "pod12");
    cgroup.reading.name = Some("chat-7f9".into());
    assert_eq!(cgroup.title(), "chat-7f9");
    assert_eq!((short("/"), short("/a/b/")), ("/", "b"));
    cgroup.reading.name = Some("166bd218c405e2feac4cef6cac414153".into());
    assert_eq!((cgroup.title(), without_digest("deadbeef")), ("166bd218c405", "deadbeef"));
}

#[test]
fn a_cgroup_that_is_but_a_number_is_called_one() {
    let said = ["1234", "166bd218c405", "chat.service", "/", "", "cafe", "12a"].map(called);
    assert_eq!(said, ["cgroup 1234", "cgroup 166bd218c405", "chat.service", "/", "", "cafe", "12a"]);
}

#[test]
fn what_is_below_a_cgroup_is_within_it() {
    assert!(is_within("/system.slice/chat.service", "/system.slice"));
    assert!(is_within("/system.slice", "/system.slice"));
    assert!(is_within("/anything", "/"));
    assert!(!is_within("/system.slices", "/system.slice"));
    assert!(!is_within("/system.slice", "/system.slice/chat.service"));
}

#[test]
fn a_namespace_remembers_a_burst_of_drops() {
    let at = |s: u64, drops: u64| NetNamespace {
        inode: 7,
        at_us: s * S,
        listen_drops: Some(drops),
        listen_overflows: Some(drops),
        ..NetNamespace::default()
    };
    let mut known = None;
    for (s, drops) in [(1, 5), (2, 439), (3, 439)] {
        known = Some(Namespace::fold(known, &at(s, drops), Stamp(s)));
    }
    let namespace = known.unwrap();
    assert_eq!((namespace.vitals.listen_drops, namespace.listen_drops.sum()), (Some(0), Some(434)));
    assert_eq!((&*namespace.title(), namespace.udp_drops.sum()), ("7", None));
}
