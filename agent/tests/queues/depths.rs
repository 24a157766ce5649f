//! How much waits, by kind of queue.

use std::{
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{fd::OwnedFd, unix::net::UnixDatagram, unix::net::UnixStream},
};

use midair_agent::config::Collector;
use midair_vitals::{Queue, QueueKind, Unit};
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, accept_with, bind, connect, getsockname, listen, socket_with, sockopt,
};

use crate::{
    host::{Host, collectors, inode, queue_in, queue_of},
    role::Working,
};

fn own() -> u32 {
    std::process::id()
}

/// A queue of this process, as each collector reads it.
fn read_by_each(kind: QueueKind, number: u64, is_there: impl Fn(&Queue) -> bool) -> Vec<(Collector, Queue)> {
    let read = |collector| {
        let found = Host::new(collector).close_until(own(), "the queue", |close| {
            queue_in(close, kind, number).filter(|queue| is_there(queue)).cloned()
        });
        (collector, found)
    };
    collectors().into_iter().map(read).collect()
}

/// What two collectors must agree on.
fn facts(queue: &Queue) -> (QueueKind, Unit, Option<u64>, Option<u64>, Option<u64>, Option<u64>) {
    (queue.kind, queue.unit, queue.depth, queue.limit, queue.drops, queue.number)
}

fn agreed(read: &[(Collector, Queue)]) -> Queue {
    for pair in read.windows(2) {
        assert_eq!(facts(&pair[0].1), facts(&pair[1].1), "{:?} and {:?} disagree", pair[0].0, pair[1].0);
        assert_eq!(pair[0].1.fd, pair[1].1.fd);
        assert_eq!(pair[0].1.label, pair[1].1.label);
    }
    read[0].1.clone()
}

fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[test]
fn connections_that_nobody_accepts() {
    let (load, _) = Working::start("listen 64 6");
    for collector in collectors() {
        let queue = Host::new(collector).until("the backlog", |reading| {
            queue_of(reading, load.pid(), QueueKind::Listen).filter(|queue| queue.depth > Some(0)).cloned()
        });
        assert_eq!((queue.unit, queue.depth, queue.limit), (Unit::Connections, Some(6), Some(64)), "{collector:?}");
        assert_eq!(queue.drops, Some(0));
    }
}

#[test]
fn a_listen_queue_that_overflows_between_two_looks_shows_its_drops_and_no_depth() {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let open = || socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    let listener = open();
    bind(&listener, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
    listen(&listener, 8).unwrap();
    let local: SocketAddr = getsockname(&listener).unwrap().try_into().unwrap();
    for _ in 0..3 {
        let clients: Vec<OwnedFd> = (0..20).map(|_| open()).collect();
        for client in &clients {
            let _in_progress = connect(client, &local);
        }
        while accept_with(&listener, flags).is_ok() {}
    }
    let queue = agreed(&read_by_each(QueueKind::Listen, inode(&listener), |_| true));
    assert_eq!((queue.depth, queue.limit), (Some(0), Some(8)));
    // The kernel lets one more than the backlog in.
    assert!(queue.drops >= Some(33), "{queue:?}");
}

#[test]
fn datagrams_unread_and_datagrams_dropped() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let local = socket.local_addr().unwrap();
    sockopt::set_socket_recv_buffer_size(&socket, 8192).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..200 {
        sender.send_to(&[7; 1000], local).unwrap();
    }
    let read = read_by_each(QueueKind::UdpReceive, inode(&socket), |_| true);
    socket.set_nonblocking(true).unwrap();
    let n_read = std::iter::from_fn(|| socket.recv(&mut [0; 2000]).ok()).count() as u64;
    let queue = agreed(&read);
    assert_eq!(queue.drops, Some(200 - n_read));
    assert!(queue.depth >= Some(n_read * 1000) && queue.limit >= Some(8192), "{queue:?}");
}

#[test]
fn unread_and_unsent_bytes_of_a_connection() {
    let (mut near, far) = connection();
    near.write_all(&[7; 5000]).unwrap();
    let unread = agreed(&read_by_each(QueueKind::TcpReceive, inode(&far), |queue| queue.depth > Some(0)));
    assert_eq!((unread.depth, unread.n_in, unread.n_out), (Some(5000), Some(5000), Some(0)));
    near.set_nonblocking(true).unwrap();
    while near.write(&[7; 65536]).is_ok() {}
    // It may still go over to the other side while it is read.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let unsent = agreed(&read_by_each(QueueKind::TcpSend, inode(&near), |queue| queue.depth > Some(0)));
    assert!(unsent.limit.is_some() && unsent.n_in > unsent.n_out, "{unsent:?}");
}

#[test]
fn bytes_in_a_unix_stream_and_connections_that_wait_for_a_unix_listener() {
    let (mut near, far) = UnixStream::pair().unwrap();
    near.write_all(&[7; 1234]).unwrap();
    let queue = agreed(&read_by_each(QueueKind::Unix, inode(&far), |queue| queue.depth > Some(0)));
    assert_eq!((queue.unit, queue.depth), (Unit::Bytes, Some(1234)));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("door");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let _waiting: Vec<UnixStream> = (0..3).map(|_| UnixStream::connect(&path).unwrap()).collect();
    let queue = agreed(&read_by_each(QueueKind::Listen, inode(&listener), |queue| queue.depth > Some(0)));
    assert_eq!((queue.unit, queue.depth, queue.label.as_deref()), (Unit::Connections, Some(3), path.to_str()));
}

#[test]
fn messages_in_a_unix_socket_of_datagrams() {
    let (near, far) = UnixDatagram::pair().unwrap();
    for _ in 0..7 {
        near.send(&[7; 100]).unwrap();
    }
    let read = read_by_each(QueueKind::Unix, inode(&far), |_| true);
    for (collector, queue) in &read {
        match collector {
            // Netlink does not say how many, but what their senders wait for, overhead included.
            Collector::Proc => assert!(queue.unit == Unit::Bytes && queue.depth >= Some(700), "{queue:?}"),
            Collector::Bpf | Collector::Auto => assert_eq!((queue.unit, queue.depth), (Unit::Messages, Some(7))),
        }
    }
    while far.recv(&mut [0; 200]).is_ok_and(|_| far.set_nonblocking(true).is_ok()) {}
    for (_, queue) in read_by_each(QueueKind::Unix, inode(&far), |_| true) {
        assert_eq!(queue.depth, Some(0), "that there are none, both say");
    }
}

#[test]
fn bytes_in_a_pipe() {
    let (load, number) = Working::start("pipe 12345");
    let (full, _) = Working::start("pipe 65536");
    for collector in collectors().into_iter().filter(|collector| *collector == Collector::Bpf) {
        let mut host = Host::new(collector);
        let worst = |pid| {
            move |reading: &_| queue_of(reading, pid, QueueKind::Pipe).filter(|queue| queue.depth > Some(0)).cloned()
        };
        let queue = host.until("the pipe", worst(load.pid()));
        assert_eq!((queue.unit, queue.depth, queue.limit), (Unit::Bytes, Some(12345), Some(65536)));
        assert_eq!(queue.number, Some(number.parse().unwrap()));
        let queue = host.until("the full pipe", worst(full.pid()));
        assert_eq!((queue.depth, queue.limit), (Some(65536), Some(65536)));
    }
}

#[test]
fn an_event_counter_that_two_processes_hold_is_one_queue() {
    use std::os::fd::AsRawFd;

    use rustix::event::{EventfdFlags, eventfd};
    let counter = eventfd(5, EventfdFlags::NONBLOCK).unwrap();
    let other = eventfd(9, EventfdFlags::NONBLOCK).unwrap();
    let mut child = std::process::Command::new("sleep").arg("60").stdin(counter.try_clone().unwrap()).spawn().unwrap();
    for collector in collectors().into_iter().filter(|collector| *collector == Collector::Bpf) {
        let mut host = Host::new(collector);
        let of_each = |close: &midair_agent::reading::Close| {
            let queues = close.task.queues().iter().filter(|queue| queue.kind == QueueKind::Event);
            let found: Vec<_> = queues.map(|queue| (queue.unit, queue.depth, queue.number, queue.fd)).collect();
            [5, 9].map(|depth| found.iter().find(|(_, d, ..)| *d == Some(depth)).copied()).into_iter().collect()
        };
        let found: Vec<_> = host.close_until(own(), "the counters", of_each);
        assert_eq!((found[0].0, found[1].0), (Unit::Events, Unit::Events));
        assert_ne!(found[0].2, found[1].2, "each has its own number");
        let fds = [&counter, &other].map(|fd| u32::try_from(fd.as_raw_fd()).ok());
        assert_eq!([found[0].3, found[1].3], fds);
        let row = host.until("the child", |reading| crate::host::row(reading, child.id())?.queues.clone());
        assert!(row.iter().all(|queue| queue.kind != QueueKind::Event), "it is counted where it was made");
    }
    drop((counter, other));
    child.kill().unwrap();
    child.wait().unwrap();
}
