use super::*;

fn tcp(state: u8, n_unread: u64, n_unsent: u64) -> Socket {
    Socket {
        protocol: Protocol::Tcp,
        state,
        inode: 7,
        local: "127.0.0.1:7070".parse().unwrap(),
        remote: "10.0.0.2:40112".parse().unwrap(),
        n_unread,
        n_unsent,
        receive_limit: Some(1000),
        send_limit: Some(2000),
        drops: Some(3),
        tcp: Some(TcpCounters { bytes_acked: 100, bytes_received: 5000, ..TcpCounters::default() }),
    }
}

fn depths(socket: &Socket) -> Vec<(QueueKind, u64)> {
    socket.queues().map(|queue| (queue.kind, queue.depth.unwrap())).collect()
}

#[test]
fn a_connection_has_two_queues_and_says_what_was_read() {
    let socket = tcp(1, 500, 40);
    assert_eq!(depths(&socket), [(QueueKind::TcpReceive, 500), (QueueKind::TcpSend, 40)]);
    let moved: Vec<_> = socket.queues().map(|q| (q.n_in, q.n_out, q.limit, q.drops)).collect();
    assert_eq!(moved[0], (Some(5000), Some(4500), Some(1000), None));
    assert_eq!(moved[1], (Some(140), Some(100), Some(2000), None));
    assert_eq!(socket.label(QueueKind::TcpReceive), "127.0.0.1:7070 < 10.0.0.2:40112");
    assert_eq!(socket.label(QueueKind::TcpSend), "127.0.0.1:7070 > 10.0.0.2:40112");
}

#[test]
fn a_listener_has_one_whose_limit_is_its_backlog() {
    let socket = tcp(LISTEN, 64, 64);
    let queue = socket.queues().next().unwrap();
    assert_eq!((queue.unit, queue.depth, queue.limit, queue.drops), (Unit::Connections, Some(64), Some(64), Some(3)));
    assert_eq!(socket.label(QueueKind::Listen), "127.0.0.1:7070");
    assert_eq!(tcp(LISTEN, 1, 0).queues().next().unwrap().limit, None, "no limit is known, not a limit of none");
}

#[test]
fn a_fin_is_no_byte() {
    assert_eq!(depths(&tcp(CLOSE_WAIT, 1, 0))[0].1, 0);
    assert_eq!(depths(&tcp(CLOSE_WAIT, 0, 0))[0].1, 0);
    assert_eq!(depths(&tcp(CLOSE_WAIT, 5001, 0))[0].1, 5000);
    assert_eq!(depths(&tcp(FIN_WAIT1, 0, 11))[1].1, 10);
    assert_eq!(depths(&tcp(SYN_SENT, 0, 1))[1].1, 0);
    assert!(!tcp(CLOSE_WAIT, 1, 0).has_waiting());
}
