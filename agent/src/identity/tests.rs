use super::*;

#[test]
fn node_ids_are_stable_and_carry_the_machine() {
    assert_eq!(node_id("chat-7", Some("0123456789abcdef")), "chat-7-01234567");
    assert_eq!(node_id("chat-7", None), "chat-7");
}

#[test]
fn a_configured_name_is_the_node_and_two_agents_have_two_epochs() {
    let config = Config { node: Some("edge-1".into()), ..Config::default() };
    let (a, b) = (Identity::read(&config).unwrap(), Identity::read(&config).unwrap());
    assert_eq!((a.node.as_str(), a.name.as_str()), ("edge-1", "edge-1"));
    assert_eq!(a.boot_id, b.boot_id);
    assert_ne!(a.epoch, b.epoch);
}

#[test]
fn the_epoch_follows_the_boot_too() {
    assert_ne!(fnv(&[b"boot-a", b"1"]), fnv(&[b"boot-b", b"1"]));
    assert_eq!(fnv(&[b""]), 0xcbf2_9ce4_8422_2325);
}
