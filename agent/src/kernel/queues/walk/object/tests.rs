use midair_vitals::QueueKind;

use super::*;
use crate::kernel::bpf::Backlog;

fn file(kind: FileKind) -> FileRecord<'static> {
    FileRecord {
        pid: 10,
        fd: 3,
        kind,
        can_read: true,
        can_write: true,
        inode: 77,
        device: None,
        counter: None,
        netns: None,
        state: 1,
        socket_type: 1,
        protocol: 0,
        family: 2,
        local: Some("127.0.0.1:80".parse().unwrap()),
        remote: None,
        peer_inode: None,
        name: b"",
        receive: Depth::default(),
        send: Depth::default(),
        unsent_bytes: None,
        backlog: None,
        drops: None,
        tcp: None,
    }
}

fn messages(depth: u64, limit: u64) -> Depth {
    Depth { messages: Some(depth), limit_messages: Some(limit), ..Depth::default() }
}

/// Unit, depth and limit of the first queue.
fn level(file: &FileRecord<'_>) -> (Unit, Option<u64>, Option<u64>) {
    let queue = object(file, false).unwrap().queues().next().unwrap();
    (queue.unit, queue.depth, queue.limit)
}

#[test]
fn what_each_kind_counts() {
    let listener = FileRecord { backlog: Some(Backlog { depth: 6, limit: 64 }), ..file(FileKind::Tcp) };
    assert_eq!(level(&listener), (Unit::Connections, Some(6), Some(64)));
    let listener = FileRecord { kind: FileKind::Unix, ..listener };
    assert_eq!(level(&listener), (Unit::Connections, Some(6), Some(64)));
    let bytes = Depth { bytes: Some(500), limit_bytes: Some(9000), ..messages(2, 9) };
    let stream = FileRecord { receive: bytes, ..file(FileKind::Unix) };
    assert_eq!(level(&stream), (Unit::Bytes, Some(500), None), "what fits is for the sender's side to say");
    assert_eq!(level(&FileRecord { socket_type: DATAGRAM, ..stream }), (Unit::Messages, Some(2), Some(9)));
    assert_eq!(level(&FileRecord { kind: FileKind::Udp, ..stream }), (Unit::Bytes, Some(500), Some(9000)));
    assert_eq!(level(&FileRecord { kind: FileKind::Tcp, ..stream }), (Unit::Bytes, Some(500), Some(9000)));
    assert_eq!(level(&FileRecord { receive: messages(3, 10), ..file(FileKind::MessageQueue) }).1, Some(3));
    let counter = FileRecord { receive: Depth { messages: Some(7), ..Depth::default() }, ..file(FileKind::EventFd) };
    assert_eq!(level(&counter), (Unit::Events, Some(7), None));
    assert_eq!(object(&file(FileKind::Socket), false), None);
}

#[test]
fn a_connection_has_its_counters_and_an_unconnected_socket_waits_for_nothing() {
    let tcp = TcpRecord { bytes_received: 900, bytes_acked: 100, segs_in: 9, data_segs_in: 5, ..TcpRecord::default() };
    let receive = Depth { bytes: Some(400), ..Depth::default() };
    let object = object(&FileRecord { tcp: Some(tcp), receive, ..file(FileKind::Tcp) }, false).unwrap();
    let queues: Vec<_> = object.queues().collect();
    assert_eq!((queues[0].n_in, queues[0].n_out), (Some(900), Some(500)));
    assert_eq!((queues[1].kind, queues[1].n_out, queues[1].depth), (QueueKind::TcpSend, Some(100), Some(0)));
    assert_eq!(object.tcp.unwrap().segs_in, 9);
    assert_eq!(level(&file(FileKind::Tcp)).1, Some(0));
}

#[test]
fn a_pipe_is_full_when_its_buffers_are() {
    let page = page_size() as u64;
    let pipe =
        |bytes, used| level(&FileRecord { receive: Depth { bytes, ..messages(used, 16) }, ..file(FileKind::Pipe) });
    assert_eq!(pipe(Some(20_000), 5), (Unit::Bytes, Some(20_000), Some(16 * page)));
    assert_eq!(pipe(Some(16), 16), (Unit::Bytes, Some(16), Some(16)), "of one byte each");
    assert_eq!(pipe(None, 3), (Unit::Bytes, None, Some(16 * page)));
}

#[test]
fn ends_are_named_where_they_are_asked_for() {
    let socket = FileRecord { name: b"/run/a\0", peer_inode: Some(5), ..file(FileKind::Unix) };
    let ends = |has_name| object(&socket, has_name).unwrap().ends;
    assert_eq!(ends(true), Ends::Unix { peer: Some(5), name: Some("/run/a".into()) });
    assert_eq!(ends(false), Ends::Unix { peer: Some(5), name: None });
    let mapped = FileRecord { local: Some("[::ffff:127.0.0.1]:53".parse().unwrap()), ..file(FileKind::Udp) };
    let label = object(&mapped, false).unwrap().label(QueueKind::UdpReceive);
    assert_eq!(label.as_deref(), Some("127.0.0.1:53"));
}
