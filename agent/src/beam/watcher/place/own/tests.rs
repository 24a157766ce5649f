use std::net::TcpListener;

use super::*;

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
    assert_eq!(any.1.to_string(), "[::]:8080");
    for damaged in ["", "0: x", "0: 7F:1 2 0A", "0: 0100007F:ZZZZ 0:0 0A 0:0 0:0 0 0 0 4711"] {
        assert_eq!(listener(damaged), None, "{damaged}");
    }
}

#[test]
fn descriptors_are_looked_through_when_somebody_new_listens_and_seldom() {
    let (mut own, pid) = (Own::new(std::process::id()), std::process::id());
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(own.listening(1).contains(&first.local_addr().unwrap()));
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = second.local_addr().unwrap();
    assert!(!own.listening(2).contains(&at), "too soon");
    assert!(own.listening(1 + PAUSE_US).contains(&at));
    assert_eq!((own.next_us, own.pid), (1 + 3 * PAUSE_US, pid), "the next time it waits longer");
}
