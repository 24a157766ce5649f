use std::{
    net::{TcpListener, TcpStream, UdpSocket},
    os::{
        fd::AsFd,
        unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener, UnixStream},
    },
};

use midair_vitals::Unit;

use super::{
    inet::{AF_INET, INET_DIAG_INFO, INET_DIAG_SKMEMINFO, MESSAGE},
    *,
};
use crate::kernel::queues::object::{Ends, Kind};

/// A message of the kernel's: header, socket, and attributes by number.
fn message(sequence: u32, kind: u16, attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = vec![0; MESSAGE];
    body[0] = AF_INET;
    body[1] = 1;
    body[4..8].copy_from_slice(&[0x1b, 0x9e, 0x9c, 0xb0]);
    body[8..12].copy_from_slice(&[127, 0, 0, 1]);
    body[24..28].copy_from_slice(&[10, 0, 0, 2]);
    body[56..60].copy_from_slice(&5000u32.to_ne_bytes());
    body[68..72].copy_from_slice(&77u32.to_ne_bytes());
    for (number, value) in attributes {
        body.extend(((value.len() + 4) as u16).to_ne_bytes());
        body.extend(number.to_ne_bytes());
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut out = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
    out.extend(kind.to_ne_bytes());
    out.extend([0, 0]);
    out.extend(sequence.to_ne_bytes());
    out.extend([0; 4]);
    out.extend(body);
    out
}

fn numbers(n: usize) -> Vec<u8> {
    (0..n as u32).flat_map(|n| (100 + n).to_ne_bytes()).collect()
}

fn parsed(datagram: &[u8], sequence: u32) -> (Result<bool, Errno>, Vec<Object>) {
    let mut into = Vec::new();
    let outcome = parse_datagram(datagram, sequence, &mut |message| {
        into.push(inet::parse(message, true)?);
        Some(())
    });
    (outcome, into)
}

#[test]
fn a_socket_is_read_with_its_attributes() {
    let attributes = [(INET_DIAG_SKMEMINFO, numbers(9)), (8, vec![1]), (INET_DIAG_INFO, numbers(60))];
    let (outcome, sockets) = parsed(&message(1, SOCK_DIAG_BY_FAMILY, &attributes), 1);
    assert_eq!(outcome, Ok(false));
    let socket = &sockets[0];
    let ends = Ends::Inet { local: "127.0.0.1:7070".parse().unwrap(), remote: "10.0.0.2:40112".parse().unwrap() };
    assert_eq!((&socket.ends, socket.receive.depth, socket.inode), (&ends, Some(5000), 77));
    assert_eq!((socket.receive.limit, socket.send.limit, socket.drops), (Some(101), Some(103), Some(108)));
    let tcp = socket.tcp.unwrap();
    assert_eq!((tcp.segs_out, tcp.segs_in, tcp.data_segs_in, tcp.data_segs_out), (134, 135, 138, 139));
    assert_eq!(tcp.bytes_acked as u32, 130);
}

#[test]
fn a_short_tcp_info_of_an_old_kernel_leaves_the_counters_unknown() {
    let (_, sockets) = parsed(&message(1, SOCK_DIAG_BY_FAMILY, &[(INET_DIAG_INFO, numbers(26))]), 1);
    assert_eq!(sockets[0].tcp, None);
}

#[test]
fn answers_to_another_request_are_passed_over_and_errors_are_told() {
    let stale = message(1, SOCK_DIAG_BY_FAMILY, &[]);
    let done = message(2, NLMSG_DONE, &[]);
    assert_eq!(parsed(&[stale, done].concat(), 2), (Ok(true), vec![]));
    let mut refused = message(2, NLMSG_ERROR, &[]);
    refused[HEADER..HEADER + 4].copy_from_slice(&(-2i32).to_ne_bytes());
    assert_eq!(parsed(&refused, 2).0, Err(Errno::NOENT));
}

#[test]
fn a_cut_datagram_is_no_panic() {
    let attributes = [(INET_DIAG_SKMEMINFO, numbers(9)), (INET_DIAG_INFO, numbers(60))];
    let whole = message(1, SOCK_DIAG_BY_FAMILY, &attributes);
    for end in 0..whole.len() {
        let mut cut = whole[..end].to_vec();
        // Once with a length that lies, once with an honest one.
        parsed(&cut, 1).1.iter().for_each(|socket| assert_eq!(socket.inode, 77));
        if end >= 4 {
            cut[..4].copy_from_slice(&(end as u32).to_ne_bytes());
            parsed(&cut, 1).1.iter().for_each(|socket| assert_eq!(socket.inode, 77));
            let mut unix = Vec::new();
            unix.extend(unix::parse(cut.get(HEADER..).unwrap_or_default()));
            assert!(unix.len() <= 1);
        }
    }
    assert_eq!(parsed(&[0; 64], 1).0, Err(Errno::BADMSG));
}

/// All that a dump finds.
fn dumped(dump: Dump) -> Vec<Object> {
    let mut into = Vec::new();
    Diag::open().unwrap().read(dump, &mut |object| into.push(object)).unwrap();
    into
}

fn local(object: &Object) -> Option<SocketAddr> {
    if let Ends::Inet { local, .. } = object.ends { Some(local) } else { None }
}

fn inode(socket: &impl AsFd) -> u64 {
    rustix::fs::fstat(socket).unwrap().st_ino
}

#[test]
fn each_way_of_asking_finds_the_same_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = |dump, address| dumped(dump).into_iter().find(|socket| local(socket) == Some(address));
    let address = listener.local_addr().unwrap();
    let alone = at(Dump::Tcp(Family::V4), address);
    assert_eq!(alone.as_ref().map(|socket| (socket.kind, socket.inode)), Some((Kind::TcpListener, inode(&listener))));
    assert!(alone.as_ref().is_some_and(|socket| socket.drops == Some(0) && socket.receive.limit > Some(0)));
    for dump in [Dump::Tcp(Family::Both), Dump::Listeners(Family::Both), Dump::Listeners(Family::V4)] {
        assert_eq!(at(dump, address), alone, "{dump:?}");
    }
    assert_eq!(at(Dump::Tcp(Family::V6), address), None);
    let only_listeners = dumped(Dump::Listeners(Family::Both));
    assert!(only_listeners.iter().all(|socket| socket.kind == Kind::TcpListener));
    let found = at(Dump::Udp(Family::V4), datagrams.local_addr().unwrap());
    assert_eq!(found.map(|socket| socket.inode), Some(inode(&datagrams)));
}

#[test]
fn a_large_dump_is_read_in_parts_and_another_socket_may_ask_in_between() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let pairs: Vec<(TcpStream, TcpStream)> = (0..400)
        .map(|_| (TcpStream::connect(listener.local_addr().unwrap()).unwrap(), listener.accept().unwrap().0))
        .collect();
    let (mut diag, mut other) = (Diag::open().unwrap(), Diag::open().unwrap());
    let (mut n_parts, mut found) = (0, std::collections::HashSet::new());
    diag.begin(Dump::Tcp(Family::V4)).unwrap();
    loop {
        n_parts += 1;
        let is_done = diag.go_on(&mut |object| found.extend([object.inode])).unwrap();
        let (client, _) = &pairs[n_parts % pairs.len()];
        let which = Which::Tcp(client.local_addr().unwrap(), client.peer_addr().unwrap());
        assert_eq!(other.look(which).unwrap().map(|object| object.inode), Some(inode(client)));
        if is_done {
            break;
        }
    }
    assert!(n_parts > 5, "{n_parts}");
    // Tests beside this one close sockets, and so hide a few from the walk.
    let n_found = pairs.iter().flat_map(|(a, b)| [inode(a), inode(b)]).filter(|inode| found.contains(inode)).count();
    assert!(n_found >= 790, "{n_found} of 800");
}

#[test]
fn one_socket_is_found_by_its_addresses_and_one_that_is_gone_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    let (near, far) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    let mut diag = Diag::open().unwrap();
    let found = diag.look(Which::Tcp(far, near)).unwrap().unwrap();
    assert_eq!((found.inode, found.kind, local(&found)), (inode(&server), Kind::Tcp, Some(far)));
    drop((client, server, listener));
    let gone = diag.look(Which::Tcp(far, near)).unwrap();
    assert!(gone.is_none_or(|left| left.inode == 0), "what waits out its time belongs to nobody");
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let which = Which::Udp(datagrams.local_addr().unwrap(), "0.0.0.0:0".parse().unwrap());
    assert_eq!(diag.look(which).unwrap().map(|object| object.inode), Some(inode(&datagrams)));
}

#[test]
fn unix_sockets_say_what_waits_in_them_and_who_is_at_the_other_end() {
    use std::{io::Write, os::linux::net::SocketAddrExt};
    let name = format!("midair-test-{}", std::process::id());
    let listener = UnixListener::bind_addr(&UnixAddr::from_abstract_name(&name).unwrap()).unwrap();
    let _waiting: Vec<UnixStream> =
        (0..3).map(|_| UnixStream::connect_addr(&UnixAddr::from_abstract_name(&name).unwrap()).unwrap()).collect();
    let (mut a, b) = UnixStream::pair().unwrap();
    a.write_all(&[7; 1234]).unwrap();
    let (from, to) = UnixDatagram::pair().unwrap();
    let mut diag = Diag::open().unwrap();
    let mut look = |inode: u64| diag.look(Which::Unix(inode as u32)).unwrap().unwrap();

    let found = look(inode(&listener));
    assert_eq!((found.kind, found.receive.unit, found.receive.depth), (Kind::UnixListener, Unit::Connections, Some(3)));
    assert!(found.receive.limit > Some(3));
    assert_eq!(found.ends, Ends::Unix { peer: None, name: Some(format!("@{name}").into()) });
    let found = look(inode(&b));
    assert_eq!((found.kind, found.receive.unit, found.receive.depth), (Kind::Unix, Unit::Bytes, Some(1234)));
    assert_eq!(found.ends, Ends::Unix { peer: Some(inode(&a)), name: None });
    assert_eq!(look(inode(&to)).receive.depth, Some(0));
    from.send(&[7; 100]).unwrap();
    from.send(&[7; 100]).unwrap();
    assert_eq!(look(inode(&to)).receive.depth, Some(100), "of the first alone");
    assert!(look(inode(&from)).send.depth >= Some(200), "of both, and of what the kernel adds");
    assert_eq!(diag.look(Which::Unix(1)).unwrap(), None);
    let all = dumped(Dump::Unix);
    for socket in [inode(&listener), inode(&a), inode(&b), inode(&to)] {
        assert!(all.iter().any(|object| object.inode == socket));
    }
}

#[test]
fn a_path_ends_at_a_nul_and_an_abstract_name_is_marked() {
    assert_eq!(unix::path(b"/run/a\0").as_deref(), Some("/run/a"));
    assert_eq!(unix::path(b"\0abc").as_deref(), Some("@abc"));
    assert_eq!(unix::path(b""), None);
}
