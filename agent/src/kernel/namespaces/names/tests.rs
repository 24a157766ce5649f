use super::*;

fn unit(name: &str, kind: CgroupKind) -> Option<(Arc<str>, CgroupKind)> {
    Some((name.into(), kind))
}

#[test]
fn a_pod_names_what_its_containers_share() {
    let mut mounted = Mounted::at("/nonexistent".into());
    let mut name = |unit| mounted.name(7, unit, Some(1), 1);
    let pod = unit("pod 5f8e2c1a/0123456789ab", CgroupKind::Container);
    assert_eq!(name(pod.clone()).as_deref(), Some("pod 5f8e2c1a"));
    assert_eq!(name(unit("docker 0123456789ab", CgroupKind::Container)).as_deref(), Some("docker 0123456789ab"));
    assert_eq!(name(unit("chat.service", CgroupKind::Unit)).as_deref(), Some("chat.service"));
    assert_eq!(name(None), None);
    assert_eq!(mounted.name(1, pod, Some(1), 1).as_deref(), Some("host"));
}

#[test]
fn a_name_under_run_is_more_than_who_happens_to_run_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("blue"), "").unwrap();
    let inode = std::fs::metadata(folder.path().join("blue")).unwrap().ino();
    let mut mounted = Mounted::at(folder.path().into());
    let session = unit("session-3.scope", CgroupKind::Session);
    assert_eq!(mounted.name(inode, session.clone(), None, 1).as_deref(), Some("blue"));
    std::fs::write(folder.path().join("green"), "").unwrap();
    let inode = std::fs::metadata(folder.path().join("green")).unwrap().ino();
    assert_eq!(mounted.name(inode, session.clone(), None, LOOK_AGAIN).as_deref(), Some("session-3.scope"));
    assert_eq!(mounted.name(inode, session, None, LOOK_AGAIN + 1).as_deref(), Some("green"), "looked at again");
}
