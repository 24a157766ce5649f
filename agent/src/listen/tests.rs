use super::*;

const NOBODY: u32 = 65_534;

#[test]
fn the_same_user_root_and_the_group_may_look_and_nobody_else() {
    let own = rustix::process::geteuid().as_raw();
    let socket_gid = 54_321;
    assert!(may_look(own, 1, socket_gid));
    assert!(may_look(0, 1, socket_gid));
    assert!(may_look(NOBODY - 1, socket_gid, socket_gid));
    assert!(!may_look(NOBODY - 1, NOBODY, socket_gid));
    assert!(!is_let_in(Err(io::ErrorKind::Other.into()), socket_gid), "a peer without credentials is nobody");
}

#[test]
fn groups_go_by_name_or_number() {
    assert_eq!(group_id("root").unwrap(), 0);
    assert_eq!(group_id("4242").unwrap(), 4242);
    assert!(group_id("no-such-group").is_err());
}

#[test]
fn a_directory_that_others_may_write_to_is_no_place_for_a_socket() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("midair/agent.sock");
    prepare_directory(&socket).unwrap();
    let parent = socket.parent().unwrap();
    assert_eq!(std::fs::metadata(parent).unwrap().mode() & 0o777, 0o700);
    std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(prepare_directory(&socket).unwrap_err().to_string().contains("--socket"));
}

#[test]
fn peers_are_named_for_the_log() {
    assert_eq!(Peer::Unix(Some(1000), None).to_string(), "uid 1000 pid -");
    assert_eq!(Peer::Embedded.to_string(), "embedded");
    assert_eq!(Peer::Tcp("127.0.0.1:7".parse().ok()).to_string(), "127.0.0.1:7");
}
