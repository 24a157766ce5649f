use super::*;

fn tree(root: &str, own: Option<&str>) -> Tree {
    Tree { folder: open_folder(Path::new("/")).unwrap(), root: root.to_owned(), own: own.map(Into::into) }
}

#[track_caller]
fn check(tree: &Tree, path: &str, expected: Option<&str>) {
    assert_eq!(tree.directory(path).as_deref(), expected, "{path} in {tree:?}");
}

#[test]
fn the_whole_tree_is_mounted() {
    let tree = tree("/", None);
    check(&tree, "/", Some("."));
    check(&tree, "/a/b", Some("a/b"));
    check(&tree, "/../b", None);
}

#[test]
fn a_container_without_a_namespace_sees_its_own_part() {
    let tree = tree("/docker/1", None);
    check(&tree, "/docker/1", Some("."));
    check(&tree, "/docker/1/x", Some("x"));
    check(&tree, "/docker/12", None);
    check(&tree, "/docker", None);
}

#[test]
fn the_hosts_tree_in_a_namespace_of_its_own() {
    let tree = tree("/../..", Some("kubepods/agent"));
    check(&tree, "/../../system.slice/x", Some("system.slice/x"));
    check(&tree, "/../other", Some("kubepods/other"));
    check(&tree, "/", Some("kubepods/agent"));
    check(&tree, "/sub", Some("kubepods/agent/sub"));
    check(&tree, "/../..", Some("."));
    check(&tree, "/../../../x", None);
}

#[test]
fn where_the_own_place_was_not_found_the_others_still_are() {
    let tree = tree("/..", None);
    check(&tree, "/../other", Some("other"));
    check(&tree, "/sub", None);
}

#[test]
fn the_mount_that_shows_most_is_taken_and_the_own_place_found_in_it() {
    let host = tempfile::tempdir().unwrap();
    let folder = |path: &str| {
        let path = host.path().join(path);
        std::fs::create_dir_all(&path).unwrap();
        path
    };
    let own = folder("kubepods/agent");
    folder("system.slice");
    let text = mount_line("/", &own, "cgroup2", "nsdelegate")
        + &mount_line("/../..", host.path(), "cgroup2", "")
        + &mount_line("/", &own, "cgroup", "cpu,cpuacct")
        + &mount_line("/", Path::new("/nowhere"), "cgroup", "memory")
        + &mount_line("/", &own, "tmpfs", "memory")
        + &mount_line("/", host.path(), "cgroup", "memory").replacen(' ', "0 ", 1);
    let trees = Trees::find(text.as_bytes());
    let directory = |hierarchy, path| trees.directory(hierarchy, path);
    assert_eq!(directory(Hierarchy::Unified, "/sub").as_deref(), Some("kubepods/agent/sub"));
    assert_eq!(directory(Hierarchy::Unified, "/../../system.slice").as_deref(), Some("system.slice"));
    assert_eq!(directory(Hierarchy::Cpu, "/sub").as_deref(), Some("sub"));
    assert_eq!(directory(Hierarchy::Cpuacct, "/../../system.slice"), None);
    assert!(
        trees.has(Hierarchy::Cpuacct) && !trees.has(Hierarchy::Memory),
        "no mount, or one that is covered by another"
    );
    assert!(Trees::find(b"").is_empty() && !trees.is_empty());
}
