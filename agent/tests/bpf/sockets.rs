//! What waits in sockets is what was put there.

use std::{
    io::{Read, Write},
    net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::MetadataExt,
            net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener, UnixStream},
        },
    },
    time::Duration,
};

use midair_agent::kernel::bpf::{Backlog, Bpf, FileKind, FileRecord};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, SocketFlags, SocketType, bind, connect, listen, socket_with,
        sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size},
    },
};

use crate::support::{files_of, load, own_file};

const LOOPBACK: &str = "127.0.0.1:0";

/// What is sent over loopback is there at once, but for what the kernel does later in a softirq.
fn when(bpf: &Bpf, fd: &impl std::os::fd::AsRawFd, is_so: impl Fn(&FileRecord<'_>) -> bool) -> FileRecord<'static> {
    let mut last = own_file(bpf, fd);
    for _ in 0..100 {
        if is_so(&last) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
        last = own_file(bpf, fd);
    }
    last
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(LOOPBACK).expect("loopback has ports");
    let near = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
    (near, listener.accept().expect("somebody came").0)
}

#[test]
fn connections_that_nobody_accepts_stand_in_the_backlog() {
    let Some(bpf) = load() else { return };
    let listener = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket");
    let address: SocketAddr = LOOPBACK.parse().expect("an address");
    bind(&listener, &address).and_then(|()| listen(&listener, 16)).expect("it listens");
    let listener = TcpListener::from(listener);
    let address = listener.local_addr().expect("it is bound");
    let waiting: Vec<_> = (0..6).map(|_| TcpStream::connect(address).expect("there is room")).collect();
    let found = own_file(&bpf, &listener);
    assert_eq!(found.backlog, Some(Backlog { depth: waiting.len() as u32, limit: 16 }));
    assert_eq!((found.kind, found.state, found.local, found.remote), (FileKind::Tcp, 10, Some(address), None));
    assert_eq!((found.receive.bytes, found.tcp, found.drops), (None, None, Some(0)));
    assert_eq!(found.netns, Some(std::fs::metadata("/proc/self/ns/net").expect("own").ino() as u32));
}

#[test]
fn a_backlog_that_overflows_counts_its_drops() {
    let Some(bpf) = load() else { return };
    let listener = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket");
    let address: SocketAddr = LOOPBACK.parse().expect("an address");
    bind(&listener, &address).and_then(|()| listen(&listener, 1)).expect("it listens");
    let listener = TcpListener::from(listener);
    let address = listener.local_addr().expect("it is bound");
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let many: Vec<_> = (0..8)
        .map(|_| {
            let one = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).expect("a socket");
            let on_its_way = connect(&one, &address);
            assert_eq!(on_its_way, Err(Errno::INPROGRESS));
            one
        })
        .collect();
    let found = when(&bpf, &listener, |file| file.drops.is_some_and(|n| n > 0));
    // The kernel takes one more than it was asked to.
    assert_eq!(found.backlog, Some(Backlog { depth: 2, limit: 1 }));
    assert!(found.drops.is_some_and(|n| n >= 1), "{found:?} of {}", many.len());
}

#[test]
fn bytes_that_nobody_reads_stand_in_a_connection() {
    let Some(bpf) = load() else { return };
    let (mut near, mut far) = tcp_pair();
    near.write_all(&[1; 5_000]).expect("the kernel takes it");
    far.write_all(&[1; 300]).expect("the kernel takes it");
    near.read_exact(&mut [0; 100]).expect("it has come");
    let found = when(&bpf, &far, |file| file.receive.bytes == Some(5_000));
    assert_eq!((found.receive.bytes, found.send.bytes, found.unsent_bytes), (Some(5_000), Some(0), Some(0)));
    assert_eq!((found.local, found.remote), (far.local_addr().ok(), far.peer_addr().ok()));
    let tcp = found.tcp.expect("a connection counts");
    assert_eq!((tcp.bytes_received, tcp.bytes_acked, tcp.retransmits), (5_000, 300, 0));
    assert!(tcp.data_segs_in >= 1 && tcp.data_segs_out == 1 && tcp.segs_in >= tcp.data_segs_in, "{tcp:?}");
    let found = own_file(&bpf, &near);
    assert_eq!((found.receive.bytes, found.state, found.socket_type), (Some(200), 1, 1));
    assert!(found.receive.limit_bytes.is_some_and(|n| n > 0) && found.send.limit_bytes.is_some_and(|n| n > 0));
}

#[test]
fn the_end_of_a_connection_is_no_byte() {
    let Some(bpf) = load() else { return };
    let (mut near, far) = tcp_pair();
    near.write_all(&[1; 10]).expect("the kernel takes it");
    near.shutdown(std::net::Shutdown::Write).expect("it is open");
    let found = when(&bpf, &far, |file| file.state == 8);
    assert_eq!((found.receive.bytes, found.state), (Some(10), 8));
    assert_eq!(own_file(&bpf, &near).send.bytes, Some(0));
}

#[test]
fn what_the_peer_has_no_room_for_stands_unsent() {
    let Some(bpf) = load() else { return };
    let (near, far) = tcp_pair();
    near.set_nonblocking(true).expect("own socket");
    let mut n = 0;
    while let Ok(written) = (&near).write(&[1; 16 * 1024]) {
        n += written as u64;
    }
    let (sent, unread) = (own_file(&bpf, &near), own_file(&bpf, &far));
    let (Some(waiting), Some(unsent), Some(arrived)) = (sent.send.bytes, sent.unsent_bytes, unread.receive.bytes)
    else {
        panic!("{sent:?} {unread:?}")
    };
    // What is on its way may have arrived between the two looks.
    assert!(unsent > 0 && unsent <= waiting, "{sent:?}");
    assert!((waiting + arrived).abs_diff(n) <= n / 20, "{n} written: {sent:?} {unread:?}");
}

#[test]
fn datagrams_are_counted_unread_or_dropped() {
    let Some(bpf) = load() else { return };
    let (near, far) = (UdpSocket::bind(LOOPBACK).expect("a port"), UdpSocket::bind(LOOPBACK).expect("a port"));
    let to = far.local_addr().expect("it is bound");
    for _ in 0..17 {
        near.send_to(&[1; 100], to).expect("loopback takes it");
    }
    let found = when(&bpf, &far, |file| file.receive.messages == Some(17));
    assert_eq!((found.kind, found.receive.messages, found.drops), (FileKind::Udp, Some(17), Some(0)));
    assert!(found.receive.bytes >= Some(1_700), "{found:?}");
    far.recv(&mut [0; 100]).expect("it has some");
    assert_eq!(own_file(&bpf, &far).receive.messages, Some(16));

    set_socket_recv_buffer_size(&far, 4096).expect("own socket");
    for _ in 0..100 {
        near.send_to(&[1; 100], to).expect("loopback takes it");
    }
    let found = when(&bpf, &far, |file| file.drops.is_some_and(|n| n > 0));
    let (Some(unread), Some(drops)) = (found.receive.messages, found.drops) else { panic!("{found:?}") };
    assert_eq!(unread + drops, 116, "{found:?}");
    assert!(drops > 50 && found.receive.limit_bytes == Some(8192), "{found:?}");
}

#[test]
fn addresses_of_version_six_are_whole() {
    let Some(bpf) = load() else { return };
    let socket = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).expect("::1 has ports");
    let peer = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).expect("::1 has ports");
    socket.connect(peer.local_addr().expect("it is bound")).expect("it is there");
    let found = own_file(&bpf, &socket);
    assert_eq!((found.local, found.remote), (socket.local_addr().ok(), peer.local_addr().ok()));
}

#[test]
fn a_unix_stream_has_its_bytes_and_its_peer() {
    let Some(bpf) = load() else { return };
    let (mut near, mut far) = UnixStream::pair().expect("a pair");
    for n in [10, 200, 3_000] {
        near.write_all(&vec![1; n]).expect("there is room");
    }
    far.read_exact(&mut [0; 60]).expect("it has more");
    let (reader, writer) = (own_file(&bpf, &far), own_file(&bpf, &near));
    assert_eq!((reader.kind, reader.socket_type, reader.receive.bytes), (FileKind::Unix, 1, Some(3_150)));
    assert_eq!(reader.receive.messages, Some(2));
    assert_eq!((reader.peer_inode, writer.peer_inode), (Some(writer.inode), Some(reader.inode)));
    assert!(writer.send.bytes >= Some(3_150) && writer.send.limit_bytes.is_some(), "{writer:?}");
}

#[test]
fn unix_datagrams_are_counted_with_their_bytes_and_their_limit() {
    let Some(bpf) = load() else { return };
    let (near, far) = UnixDatagram::pair().expect("a pair");
    for n in [10, 200, 3_000] {
        near.send(&vec![1; n]).expect("there is room");
    }
    let found = own_file(&bpf, &far);
    assert_eq!((found.socket_type, found.receive.messages, found.receive.bytes), (2, Some(3), Some(3_210)));
    let limit = std::fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen").expect("the kernel has unix sockets");
    assert_eq!(found.receive.limit_messages.map(|n| n.to_string()).as_deref(), Some(limit.trim()));
}

#[test]
fn a_unix_listener_has_a_name_and_a_backlog() {
    let Some(bpf) = load() else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("s");
    let by_path = UnixListener::bind(&path).expect("the name is free");
    let abstract_name = format!("midair-{}", std::process::id());
    let address = UnixAddr::from_abstract_name(&abstract_name).expect("a short name");
    let by_name = UnixListener::bind_addr(&address).expect("the name is free");
    let waiting: Vec<_> = (0..5).map(|_| UnixStream::connect(&path).expect("there is room")).collect();
    let found = files_of(&bpf, std::process::id());
    let of = |fd: i32| found.iter().find(|(file, _)| file.fd == fd as u32).expect("own descriptor");
    use std::os::fd::AsRawFd;
    let (file, name) = of(by_path.as_raw_fd());
    assert_eq!(file.backlog.map(|backlog| backlog.depth), Some(waiting.len() as u32));
    assert!(file.backlog.is_some_and(|backlog| backlog.limit >= 128), "{file:?}");
    // The kernel counts the NUL at the end of a path, which it adds itself.
    assert_eq!(name.strip_suffix(b"\0").unwrap_or(name), path.as_os_str().as_encoded_bytes());
    let (file, name) = of(by_name.as_raw_fd());
    assert_eq!((file.state, &name[..]), (10, format!("\0{abstract_name}").as_bytes()));
}

#[test]
fn a_socket_of_another_kind_has_its_messages_too() {
    let Some(bpf) = load() else { return };
    let (near, far) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .expect("a pair");
    set_socket_send_buffer_size(&near, 65_536).expect("own socket");
    for _ in 0..4 {
        rustix::net::send(&near, &[1; 50], rustix::net::SendFlags::empty()).expect("there is room");
    }
    let found = own_file(&bpf, &far);
    assert_eq!((found.socket_type, found.receive.messages, found.receive.bytes), (5, Some(4), Some(200)));
    let netlink = rustix::net::socket(AddressFamily::NETLINK, SocketType::RAW, None).expect("a socket");
    let found = own_file(&bpf, &netlink);
    assert_eq!((found.kind, found.family, found.receive.messages), (FileKind::Socket, 16, Some(0)));
    assert_eq!((found.local, found.drops), (None, Some(0)));
}
