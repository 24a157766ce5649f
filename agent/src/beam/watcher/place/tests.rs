use super::*;

#[test]
fn a_vm_says_its_name_its_protocol_and_its_cookie_in_its_arguments() {
    let line = "/usr/lib/erlang/bin/beam.smp -S 2:2 -- -root /usr -- -home /var/lib/chat -- -noinput -name old@h \
                -name chat@h -proto_dist inet_tls -setcookie s3cret -extra -name none@h";
    let args = Arguments::from_words(line);
    assert_eq!(args.name(), Some("chat@h"), "the last one holds, and none behind -extra");
    assert_eq!(args.value(&["-home"]), Some("/var/lib/chat"));
    assert_eq!(args.value(&["-setcookie"]), Some("s3cret"));
    assert!(args.is_tls());
    let plain = Arguments::from_words("beam.smp -- -noshell -sname");
    assert_eq!((plain.name(), plain.is_tls()), (None, false), "an option without its value says nothing");
}

#[test]
fn sockets_that_listen_are_told_from_those_that_do_not() {
    let line = |address: &str, state: &str| {
        format!("   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0")
    };
    let loopback = u32::from_ne_bytes([127, 0, 0, 1]);
    let found = listener(&line(&format!("{loopback:08X}:1F90"), "0A"));
    assert_eq!(found, Some((4711, "127.0.0.1:8080".parse().unwrap())));
    assert_eq!(listener(&line(&format!("{loopback:08X}:1F90"), "01")), None, "established");
    let any = listener(&line("00000000000000000000000000000000:1F90", "0A")).unwrap();
    assert_eq!(reachable(any.1).to_string(), "[::1]:8080");
    assert_eq!(reachable("0.0.0.0:9".parse().unwrap()).to_string(), "127.0.0.1:9");
    for damaged in ["", "0: x", "0: 7F:1 2 0A", "0: 0100007F:ZZZZ 0:0 0A 0:0 0:0 0 0 0 4711"] {
        assert_eq!(listener(damaged), None, "{damaged}");
    }
}

#[test]
fn this_process_knows_its_own_number() {
    assert_eq!(own_pid(std::process::id()), Some(std::process::id()));
    assert_eq!(own_pid(0), None);
}
