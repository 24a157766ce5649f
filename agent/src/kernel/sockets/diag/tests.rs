use std::net::{TcpListener, UdpSocket};

use super::*;

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

#[test]
fn a_socket_is_read_with_its_attributes() {
    let datagram = message(1, SOCK_DIAG_BY_FAMILY, &[(7, numbers(9)), (8, vec![1]), (2, numbers(60))]);
    let mut into = Vec::new();
    assert_eq!(parse_datagram(&datagram, 1, Protocol::Tcp, &mut into), Ok(false));
    let socket = &into[0];
    assert_eq!(
        (socket.local.to_string(), socket.remote.to_string()),
        ("127.0.0.1:7070".into(), "10.0.0.2:40112".into())
    );
    assert_eq!((socket.n_unread, socket.inode), (5000, 77));
    assert_eq!((socket.receive_limit, socket.send_limit, socket.drops), (Some(101), Some(103), Some(108)));
    let tcp = socket.tcp.unwrap();
    assert_eq!((tcp.segs_out, tcp.segs_in, tcp.data_segs_in, tcp.data_segs_out), (134, 135, 138, 139));
    assert_eq!(tcp.bytes_acked as u32, 130);
}

#[test]
fn a_short_tcp_info_of_an_old_kernel_leaves_the_counters_unknown() {
    let mut into = Vec::new();
    parse_datagram(&message(1, SOCK_DIAG_BY_FAMILY, &[(2, numbers(26))]), 1, Protocol::Tcp, &mut into).unwrap();
    assert_eq!(into[0].tcp, None);
}

#[test]
fn answers_to_another_request_are_passed_over_and_errors_are_told() {
    let mut into = Vec::new();
    let stale = message(1, SOCK_DIAG_BY_FAMILY, &[]);
    let done = message(2, NLMSG_DONE, &[]);
    assert_eq!(parse_datagram(&[stale, done].concat(), 2, Protocol::Tcp, &mut into), Ok(true));
    assert!(into.is_empty());
    let mut refused = message(2, NLMSG_ERROR, &[]);
    refused[HEADER..HEADER + 4].copy_from_slice(&(-2i32).to_ne_bytes());
    assert_eq!(parse_datagram(&refused, 2, Protocol::Tcp, &mut into), Err(Errno::NOENT));
}

#[test]
fn a_cut_datagram_is_no_panic() {
    let whole = message(1, SOCK_DIAG_BY_FAMILY, &[(7, numbers(9)), (2, numbers(60))]);
    for end in 0..whole.len() {
        let mut cut = whole[..end].to_vec();
        // Once with a length that lies, once with an honest one.
        let _ = parse_datagram(&cut, 1, Protocol::Tcp, &mut Vec::new());
        if end >= 4 {
            cut[..4].copy_from_slice(&(end as u32).to_ne_bytes());
            let _ = parse_datagram(&cut, 1, Protocol::Tcp, &mut Vec::new());
        }
    }
    assert_eq!(parse_datagram(&[0; 64], 1, Protocol::Tcp, &mut Vec::new()), Err(Errno::BADMSG));
}

#[test]
fn each_way_of_asking_finds_the_same_socket_and_no_way_asks_for_what_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut diag = Diag::open().unwrap();
    let mut at = |protocol, local, in_use| {
        let mut into = Vec::new();
        diag.dump(protocol, in_use, &mut into).unwrap();
        into.into_iter().find(|socket: &Socket| socket.local == local)
    };
    let local = listener.local_addr().unwrap();
    let alone = at(Protocol::Tcp, local, [Some(1), Some(0)]);
    assert_eq!(alone.as_ref().map(|socket| socket.state), Some(LISTEN));
    assert!(alone.as_ref().is_some_and(|socket| socket.drops == Some(0) && socket.n_unsent > 0));
    assert_eq!(at(Protocol::Tcp, local, [Some(1), Some(1)]), alone, "by the request for both families");
    assert_eq!(at(Protocol::Tcp, local, [None, None]), alone);
    assert_eq!(at(Protocol::Tcp, local, [Some(0), Some(1)]), None);
    let local = datagrams.local_addr().unwrap();
    assert!(at(Protocol::Udp, local, [None, None]).is_some());
    assert_eq!(at(Protocol::Udp, local, [Some(0), Some(0)]), None);
}
