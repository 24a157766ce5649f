use super::*;

#[test]
fn a_line_is_an_address_and_what_follows_a_hash_is_not() {
    let text =
        "# the fleet\n127.64.0.1:7070\n\n  10.0.0.7  # without a port\nunix:/run/midair/agent.sock\n127.64.0.1:7070\n";
    let tcp = |address: &str| Place::Tcp(address.to_owned());
    let expected = [tcp("127.64.0.1:7070"), tcp("10.0.0.7:7070"), Place::Socket("/run/midair/agent.sock".into())];
    assert_eq!(parse(text).unwrap(), expected);
    assert!(parse("a:b:c]\n").is_err());
    assert!(parse("# nobody\n").is_err(), "an empty list is one that is being written, not this host");
}
