//! Sockets of this very kernel: what is put into them is what is read.
//!
//! Other tests open and close sockets meanwhile, and on a busy host the kernel delivers what was sent a while after `send` has
//! returned. So a test waits until what it needs is so by another way of asking than the one it tests, and looks again where a
//! dump has missed a socket.

use std::{
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::{AsFd, OwnedFd},
    process::{Command, Stdio},
};

use midair_vitals::{Queue, QueueKind, TaskReading, Unit};
use rustix::io::ioctl_fionread;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, accept_with, bind, connect, getsockname, listen, socket_with, sockopt,
};

use super::*;

/// Looks at most; each is made at another moment.
const LOOKS: usize = 50;

/// What is found in the end.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let again = |n: usize| {
        if n > 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        look()
    };
    (0..LOOKS).find_map(again).expect("it comes to be so")
}

/// Waits until so many bytes can be read from a socket.
fn arrive(socket: &impl AsFd, n_bytes: u64) {
    eventually(|| (ioctl_fionread(socket).unwrap() == n_bytes).then_some(()));
}

/// The queue of a kind of a process, in its row.
fn queue_in_row(reading: &Reading, pid: u32, kind: QueueKind) -> Option<(TaskReading, Queue)> {
    let row = reading.tasks.iter().find(|row| row.id.number == u64::from(pid))?;
    let queue = row.queues.as_deref()?.iter().find(|queue| queue.kind == kind)?.clone();
    Some((row.clone(), queue))
}

/// All queues of a process in a close look.
fn queues_of(kernel: &mut Kernel, pid: u32) -> Vec<Queue> {
    let first = read(kernel, &Wants::default());
    let id = first.tasks.iter().find(|row| row.id.number == u64::from(pid)).expect("it runs").id;
    let reading = read(kernel, &Wants { close: vec![id], ..Wants::default() });
    reading.close[&id].task.queues.as_deref().expect("own descriptors can be read").to_vec()
}

/// The queues of this process, those named here among them. Tests run side by side, and while others close sockets one
/// look may miss one: the kernel goes on with a dump by counting what came before.
fn own_queues(kernel: &mut Kernel, named: &[(QueueKind, SocketAddr)]) -> Vec<Queue> {
    let look = |_| queues_of(kernel, std::process::id());
    let is_whole = |queues: &Vec<Queue>| named.iter().all(|(kind, local)| queue_at(queues, *kind, *local).is_some());
    (0..LOOKS).map(look).find(is_whole).expect("fifty looks find what is there")
}

/// The queue of a kind at a local address.
fn queue_at(queues: &[Queue], kind: QueueKind, local: SocketAddr) -> Option<Queue> {
    let label = local.to_string();
    let is_here = |q: &&Queue| q.kind == kind && q.label.as_ref().unwrap().split(' ').next() == Some(&label);
    queues.iter().find(is_here).cloned()
}

fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[test]
fn unread_bytes_are_counted_and_their_sleeping_owner_is_named() {
    let (mut client, server) = connection();
    let local = server.local_addr().unwrap();
    client.write_all(&[7; 5000]).unwrap();
    arrive(&server, 5000);
    // The owner sleeps since before the source has started, and never reads.
    let mut owner = Command::new("sleep").arg("60").stdin(Stdio::from(OwnedFd::from(server))).spawn().unwrap();
    // Beside very many processes the owner is found after some readings. A socket that the first dump has missed is taken for
    // a younger one: then another source looks.
    let is_first = |(_, _, (row, _)): &(Kernel, Reading, (TaskReading, Queue))| {
        row.flows.as_ref().is_some_and(|flows| flows[0].n_in == Some(0))
    };
    let named = |_| {
        let mut kernel = kernel();
        let (reading, found) = eventually(|| {
            let reading = read(&mut kernel, &Wants::default());
            let found = queue_in_row(&reading, owner.id(), QueueKind::TcpReceive)?;
            Some((reading, found))
        });
        (kernel, reading, found)
    };
    let (mut kernel, reading, (row, unread)) =
        (0..5).map(named).find(is_first).expect("what was moved before the first look is not known to be new");
    let closely = eventually(|| queue_at(&queues_of(&mut kernel, owner.id()), QueueKind::TcpReceive, local));
    owner.kill().unwrap();
    owner.wait().unwrap();

    assert_eq!((unread.depth, unread.n_in, unread.n_out), (Some(5000), Some(5000), Some(0)));
    assert!(unread.limit.unwrap() > 5000 && unread.segments_in >= Some(1));
    assert_eq!(row.n_queues, Some(2));
    assert_eq!(closely.number, unread.number);
    let sum = reading.sums.iter().find(|q| q.kind == QueueKind::TcpReceive).unwrap();
    assert!(sum.depth.unwrap() >= 5000 && sum.number.is_none());
    assert!(reading.orphans.iter().all(|q| q.number != unread.number));
    let state = reading.sources.iter().find(|s| s.name == "sockets").unwrap();
    assert_eq!(state.health, Health::Ok);
}

#[test]
fn unsent_bytes_of_a_reader_that_does_not_read_are_counted() {
    let (mut client, server) = connection();
    client.set_nonblocking(true).unwrap();
    let mut sent = 0;
    while let Ok(n) = client.write(&[7; 65536]) {
        sent += n;
    }
    let (near, far) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    let mut kernel = kernel();
    // Both ends are read one after the other: of a moment in which nothing arrived between them.
    let (unsent, unread) = eventually(|| {
        let before = ioctl_fionread(&server).unwrap();
        let queues = own_queues(&mut kernel, &[(QueueKind::TcpSend, near), (QueueKind::TcpReceive, far)]);
        let is_at_rest = before > 0 && ioctl_fionread(&server).unwrap() == before;
        let both = queue_at(&queues, QueueKind::TcpSend, near).zip(queue_at(&queues, QueueKind::TcpReceive, far));
        both.filter(|_| is_at_rest)
    });
    assert!(unsent.depth.unwrap() > 0);
    // The kernel counts its SYN as an acknowledged byte.
    assert!(unsent.n_in.unwrap() - sent as u64 <= 1, "{unsent:?} of {sent}");
    assert_eq!(unsent.n_in.unwrap() - unsent.n_out.unwrap(), unsent.depth.unwrap());
    // What has arrived and is not acknowledged yet waits on both sides.
    let both = unread.depth.unwrap() + unsent.depth.unwrap();
    assert!(unread.depth.unwrap() <= sent as u64 && both >= sent as u64, "{unread:?} {unsent:?} of {sent}");
}

#[test]
fn a_listener_that_overflowed_shows_its_drops_though_it_is_empty_again() {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let open = || socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    let listener = open();
    bind(&listener, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
    listen(&listener, 8).unwrap();
    let local: SocketAddr = getsockname(&listener).unwrap().try_into().unwrap();
    let mut kernel = kernel();
    let mut of =
        || queue_at(&own_queues(&mut kernel, &[(QueueKind::Listen, local)]), QueueKind::Listen, local).unwrap();
    let before = of();
    assert_eq!((before.depth, before.limit, before.drops), (Some(0), Some(8), Some(0)));

    let clients: Vec<OwnedFd> = (0..20).map(|_| open()).collect();
    for client in &clients {
        let _ = connect(client, &local);
    }
    // Each of the twenty is either in or was turned away.
    eventually(|| {
        let now = of();
        assert!(now.depth <= Some(9), "the kernel lets one more than the backlog in: {now:?}");
        (now.depth == Some(9) && now.drops >= Some(11)).then_some(())
    });
    // Those that were turned away would come again.
    drop(clients);
    while accept_with(&listener, flags).is_ok() {}
    let after = of();
    assert_eq!(after.depth, Some(0));
    assert!(after.drops.unwrap() >= 11, "{after:?}");
    eventually(|| {
        let reading = read(&mut kernel, &Wants::default());
        let sum = reading.sums.iter().find(|q| q.kind == QueueKind::Listen)?;
        (sum.drops >= after.drops).then_some(())
    });
}

#[test]
fn a_full_udp_socket_shows_what_waits_and_what_was_dropped() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let local = socket.local_addr().unwrap();
    sockopt::set_socket_recv_buffer_size(&socket, 8192).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..200 {
        sender.send_to(&[7; 1000], local).unwrap();
    }
    socket.set_nonblocking(true).unwrap();
    let mut kernel = kernel();
    let mut of = || {
        let queues = own_queues(&mut kernel, &[(QueueKind::UdpReceive, local)]);
        queue_at(&queues, QueueKind::UdpReceive, local).unwrap()
    };
    let full = eventually(|| Some(of()).filter(|queue| queue.depth >= Some(1000)));
    assert!(full.limit.unwrap() >= 8192, "{full:?}");
    // Each of the two hundred is either read or dropped, and none is both.
    let mut n_read = 0;
    eventually(|| {
        n_read += std::iter::from_fn(|| socket.recv(&mut [0; 2000]).ok()).count() as u64;
        let drops = of().drops.unwrap();
        assert!(drops <= 200 - n_read, "{drops} dropped, {n_read} read");
        (drops > 0 && drops == 200 - n_read).then_some(())
    });
}

#[test]
fn without_netlink_the_files_of_proc_say_the_same() {
    let (mut client, server) = connection();
    let listener = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0")).unwrap();
    client.write_all(&[7; 333]).unwrap();
    arrive(&server, 333);
    // The same files, under a name that is not the kernel's own.
    let mut kernel = Kernel::new("/proc/self/..".into(), now_us);
    let (far, ear) = (server.local_addr().unwrap(), listener.local_addr().unwrap());
    let queues = own_queues(&mut kernel, &[(QueueKind::TcpReceive, far), (QueueKind::Listen, ear)]);
    let unread = queue_at(&queues, QueueKind::TcpReceive, far).unwrap();
    assert_eq!((unread.depth, unread.limit, unread.n_in), (Some(333), None, None));
    let reading = read(&mut kernel, &Wants::default());
    let state = reading.sources.iter().find(|s| s.name == "sockets").unwrap();
    assert!(matches!(&state.health, Health::Degraded(why) if why.contains("limits")), "{state:?}");
}

#[test]
fn closing_a_connection_takes_nothing_from_what_its_process_moved() {
    // Time flies, for looks at all processes are not made one right after the other.
    let mut kernel = Kernel::new("/proc".into(), || now_us() * 1000);
    let mut n_in = || {
        let reading = read(&mut kernel, &Wants::default());
        let flows = own_row(&reading).flows.clone();
        let segments = flows.iter().flat_map(|flows| flows.iter()).find(|flow| flow.unit == Unit::Segments).cloned();
        segments.map_or(0, |flow| flow.n_in.unwrap())
    };
    n_in();
    let (mut client, server) = connection();
    client.write_all(&[7; 333]).unwrap();
    arrive(&server, 333);
    let before = eventually(|| Some(n_in()).filter(|n| *n > 0));
    drop((client, server));
    assert!(n_in() >= before, "what is younger than the last look counts in full, and goes on counting");
}
