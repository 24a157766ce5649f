use super::*;

#[track_caller]
fn known_by(text: &str, expected: &str) {
    assert_eq!(Paths::read(text.as_bytes()).map(|p| p.known_by).as_deref(), Some(expected), "{text}");
}

#[track_caller]
fn hierarchies(text: &str, path: &str, expected: [bool; 4]) {
    assert_eq!(Paths::read(text.as_bytes()).unwrap().hierarchies_of(path, [false; 4]), expected, "{path} in {text}");
}

#[test]
fn the_unified_hierarchy_has_one_line() {
    known_by("0::/system.slice/chat.service\n", "/system.slice/chat.service");
    known_by("0::/\n", "/");
    known_by("0::/user.slice/gone.scope (deleted)\n", "/user.slice/gone.scope");
    hierarchies("0::/a\n", "/a", [true, false, false, false]);
}

#[test]
fn controllers_of_the_old_kind_share_or_have_their_own() {
    let text = "4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n0::/\n";
    known_by(text, "/docker/1");
    hierarchies(text, "/docker/1", [false, true, true, true]);
    hierarchies(text, "/docker", [false, true, true, true]);
    let text = "3:cpuset:/c\n2:cpuacct:/b\n1:cpu:/a\n";
    known_by(text, "/a");
    hierarchies(text, "/a", [false, true, false, false]);
}

#[test]
fn the_root_is_everybodys() {
    hierarchies("0::/a\n", "/", [false; 4]);
    let of_container = Paths::read(b"1:cpu:/\n0::/a\n").unwrap();
    assert_eq!(of_container.hierarchies_of("/", [true, false, true, true]), [true, false, false, false]);
    let of_neighbour = Paths::read(b"0::/../a\n").unwrap();
    assert_eq!(of_neighbour.hierarchies_of("/", [true; 4]), [false; 4], "one outside is not below");
}

#[test]
fn the_deepest_of_one_tree_is_the_name() {
    let chat = "/system.slice/chat.service";
    let text = format!("4:memory:{chat}\n3:cpu:/system.slice\n1:name=systemd:{chat}\n0::/\n");
    known_by(&text, chat);
    hierarchies(&text, chat, [false, false, false, true]);
    hierarchies(&text, "/system.slice", [false, true, false, true]);
    known_by("4:memory:/process/1\n3:cpu:/\n0::/\n", "/process/1");
}

#[test]
fn a_container_of_a_hybrid_host_is_no_part_of_its_runtime() {
    let id = "0123456789abcdef".repeat(4);
    let text = format!("4:memory:/docker/{id}\n3:cpu,cpuacct:/docker/{id}\n0::/system.slice/containerd.service\n");
    known_by(&text, &format!("/docker/{id}"));
    hierarchies(&text, &format!("/docker/{id}"), [false, true, true, true]);
}

#[test]
fn a_path_may_hold_colons() {
    known_by("0::/with:colon\n", "/with:colon");
}

#[test]
fn of_trees_that_differ_the_one_that_schedules_counts() {
    known_by("4:memory:/a/long/path/of/memory\n3:cpu:/burners\n0::/\n", "/burners");
    known_by("4:memory:/a/very/long/one\n0::/x\n", "/x");
    known_by("4:memory:/chat-with-more\n3:cpu:/chat\n", "/chat");
}

#[test]
fn a_text_without_cgroups_is_none() {
    assert_eq!(Paths::read(b""), None);
    assert_eq!(Paths::read(b"nonsense\n1:cpu\n"), None);
}

#[test]
fn parents_end_at_the_root_and_at_the_edge_of_a_namespace() {
    let all = |path: &'static str| std::iter::successors(Some(path), |path| parent(path)).collect::<Vec<_>>();
    assert_eq!(all("/a/b"), ["/a/b", "/a", "/"]);
    assert_eq!(all("/"), ["/"]);
    assert_eq!(all("/../../x/y"), ["/../../x/y", "/../../x"]);
}
