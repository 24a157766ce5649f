use super::*;

fn tcp(state: u8, n_unread: u64, n_unsent: u64) -> Object {
    let ends = ("127.0.0.1:7070".parse().unwrap(), "10.0.0.2:40112".parse().unwrap());
    let counters = TcpCounters { bytes_acked: 100, bytes_received: 5000, ..TcpCounters::default() };
    let mut object = Object::tcp(7, state, ends, (n_unread, n_unsent));
    object.drops = Some(3);
    if object.kind == Kind::Tcp {
        object.receive.limit = Some(1000);
        object.send.limit = Some(2000);
        object.tcp = Some(counters);
    }
    object
}

fn depths(object: &Object) -> Vec<(QueueKind, u64)> {
    object.queues().map(|queue| (queue.kind, queue.depth.unwrap())).collect()
}

#[test]
fn a_connection_has_two_queues_and_says_what_was_read() {
    let object = tcp(1, 500, 40);
    assert_eq!(depths(&object), [(QueueKind::TcpReceive, 500), (QueueKind::TcpSend, 40)]);
    let moved: Vec<_> = object.queues().map(|q| (q.n_in, q.n_out, q.limit, q.drops)).collect();
    assert_eq!(moved[0], (Some(5000), Some(4500), Some(1000), None));
    assert_eq!(moved[1], (Some(140), Some(100), Some(2000), None));
    assert_eq!(object.label(QueueKind::TcpReceive).as_deref(), Some("127.0.0.1:7070 < 10.0.0.2:40112"));
    assert_eq!(object.label(QueueKind::TcpSend).as_deref(), Some("127.0.0.1:7070 > 10.0.0.2:40112"));
}

#[test]
fn a_listener_has_one_whose_limit_is_its_backlog() {
    let object = tcp(LISTEN, 64, 64);
    let queue = object.queues().next().unwrap();
    assert_eq!((queue.unit, queue.depth, queue.limit, queue.drops), (Unit::Connections, Some(64), Some(64), Some(3)));
    let listener =
        Object { ends: Ends::Inet { local: "[::]:80".parse().unwrap(), remote: "[::]:0".parse().unwrap() }, ..object };
    assert_eq!(listener.label(QueueKind::Listen).as_deref(), Some("[::]:80"));
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

#[test]
fn of_a_bare_object_nothing_is_made_up() {
    for kind in Kind::ALL {
        let queues: Vec<Queue> = Object::bare(kind, 7).queues().collect();
        assert_eq!(queues.len() as u32, kind.n_queues());
        assert_eq!(queues[0].kind, kind.queue_kind());
        assert!(queues.iter().all(|queue| queue.depth.is_none() && queue.n_in.is_none() && queue.number == Some(7)));
    }
}
