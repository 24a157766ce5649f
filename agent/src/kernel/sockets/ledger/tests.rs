use super::*;
use crate::kernel::sockets::socket::{LISTEN, Protocol};

fn connection(inode: u64, segs_in: u32, segs_out: u32) -> Socket {
    Socket {
        protocol: Protocol::Tcp,
        state: 1,
        inode,
        local: "127.0.0.1:1".parse().unwrap(),
        remote: "127.0.0.1:2".parse().unwrap(),
        n_unread: 0,
        n_unsent: 0,
        receive_limit: None,
        send_limit: None,
        drops: None,
        tcp: Some(TcpCounters { segs_in, segs_out, data_segs_in: segs_in, ..TcpCounters::default() }),
    }
}

fn flow(ledger: &Ledger) -> (u64, u64) {
    let flow = ledger.flows(10)[0];
    (flow.n_in.unwrap(), flow.n_out.unwrap())
}

#[test]
fn a_closed_socket_takes_nothing_away() {
    let mut ledger = Ledger::default();
    assert!(ledger.flows(10).is_empty());
    for (sockets, expected) in [
        (vec![connection(1, 5, 6), connection(2, 1, 1)], (6, 7)),
        (vec![connection(1, 9, 6), connection(2, 1, 1)], (10, 7)),
        (vec![connection(1, 9, 7)], (10, 8)),
        (vec![connection(3, 100, 0)], (110, 8)),
    ] {
        ledger.book(&sockets);
        for socket in &sockets {
            ledger.credit(socket.inode, (10, 1));
        }
        assert_eq!(flow(&ledger), expected);
    }
    ledger.credit(3, (10, 2));
    assert_eq!(flow(&ledger), (100, 0), "another process under the same number starts anew");
    ledger.keep(|pid, start| (pid, start) != (10, 2));
    assert!(ledger.flows(10).is_empty());
}

#[test]
fn a_counter_that_wraps_goes_on() {
    let mut ledger = Ledger::default();
    ledger.book(&[connection(1, u32::MAX - 1, 0)]);
    let now = connection(1, 8, 0);
    ledger.book(std::slice::from_ref(&now));
    ledger.credit(1, (10, 1));
    assert_eq!(flow(&ledger), (10, 0));
    let mut queue = now.queues().next().unwrap();
    ledger.complete(&now, &mut queue);
    assert_eq!(queue.segments_in, Some(u64::from(u32::MAX) + 9));
}

#[test]
fn an_owner_found_late_is_no_burst() {
    let mut ledger = Ledger::default();
    ledger.book(&[connection(1, 1_000_000, 0)]);
    ledger.book(&[connection(1, 1_000_001, 0)]);
    ledger.credit(1, (10, 1));
    assert_eq!(flow(&ledger), (1, 0));
}

#[test]
fn drops_outlive_their_socket() {
    let mut ledger = Ledger::default();
    let listener = |drops| Socket { state: LISTEN, drops: Some(drops), tcp: None, ..connection(1, 0, 0) };
    ledger.book(&[listener(3)]);
    assert!(ledger.has_new_drops(1));
    ledger.book(&[listener(3)]);
    assert!(!ledger.has_new_drops(1));
    ledger.book(&[listener(5)]);
    ledger.book(&[]);
    assert_eq!((ledger.drops(QueueKind::Listen), ledger.drops(QueueKind::UdpReceive)), (5, 0));
}

#[test]
fn a_socket_connected_anew_brings_no_burst() {
    let mut ledger = Ledger::default();
    for (segs_in, expected) in [(1_000, 1_000), (3, 1_003), (4, 1_004)] {
        ledger.book(&[connection(1, segs_in, 0)]);
        ledger.credit(1, (10, 1));
        assert_eq!(flow(&ledger).0, expected);
    }
    assert_eq!(gained(u32::MAX, 4), 5, "a counter that wrapped is no other connection");
}

#[test]
fn drops_that_one_listing_does_not_tell_are_not_counted_twice() {
    let mut ledger = Ledger::default();
    let listener = |drops| Socket { state: LISTEN, drops, tcp: None, ..connection(1, 0, 0) };
    for (drops, expected) in [(Some(7), 7), (None, 7), (Some(7), 7), (Some(9), 9)] {
        ledger.book(&[listener(drops)]);
        assert_eq!(ledger.drops(QueueKind::Listen), expected);
    }
}
