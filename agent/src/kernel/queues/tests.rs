use std::{
    cell::Cell,
    io::Write,
    net::{TcpListener, TcpStream, UdpSocket},
    path::Path,
};

use midair_vitals::{QueueKind, TaskKind};

use super::*;

/// Queues of this host, read at a price that each reading exceeds at once.
struct Dear {
    queues: Queues,
    files: Files,
    now_us: u64,
    off: Off,
    thrift: Thrift,
}

impl Dear {
    fn new() -> Self {
        let files = Files::open(Path::new("/proc")).unwrap();
        Self { queues: Queues::new(true), files, now_us: 0, off: Off::default(), thrift: Thrift::default() }
    }

    fn read(&mut self) -> SourceState {
        self.now_us += 1_000_000;
        let spent_us = Cell::new(0);
        let own = (std::process::id(), 1);
        self.queues.read(&mut Look {
            files: &mut self.files,
            bpf: None,
            in_use: InUse::default(),
            processes: &[own],
            large: &[],
            own_netns: None,
            other_netns: &[],
            close: &[],
            now_us: self.now_us,
            cpu_us: &|| spent_us.replace(spent_us.get() + 20_000),
            thrift: self.thrift,
            off: &self.off,
        })
    }

    /// Reads until something is so.
    fn until(&mut self, is_so: impl Fn(&mut Self) -> bool) {
        for _ in 0..2_000 {
            self.read();
            if is_so(self) {
                return;
            }
        }
        panic!("it never is so");
    }

    fn row(&mut self) -> TaskReading {
        let id = TaskId { runtime: 0, number: std::process::id().into(), start: 1 };
        let mut row = TaskReading::unknown(id, TaskKind::Process, self.now_us);
        self.queues.add_to(&mut row);
        row
    }

    fn listener(&self, inode: u64) -> Option<Queue> {
        let full = self.queues.book.fulls().find(|full| full.object.inode == inode)?;
        self.queues.book.queues(full).next()
    }
}

fn inode(socket: &impl std::os::fd::AsFd) -> u64 {
    rustix::fs::fstat(socket).unwrap().st_ino
}

#[test]
fn while_a_round_takes_many_ticks_listeners_and_what_is_busy_are_fresh_in_each() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let local = listener.local_addr().unwrap();
    let pairs: Vec<(TcpStream, TcpStream)> =
        (0..500).map(|_| (TcpStream::connect(local).unwrap(), listener.accept().unwrap().0)).collect();
    let (mut near, far) = (&pairs[0].0, &pairs[0].1);
    near.write_all(&[7; 100]).unwrap();
    let mut host = Dear::new();
    let busy = |host: &Dear| {
        let full = host.queues.book.fulls().find(|full| full.object.inode == inode(far))?;
        host.queues.book.queues(full).next().filter(|queue| queue.depth > Some(0))
    };
    let n_aged = |host: &Dear| {
        let at_us = |full| host.queues.book.queues(full).next()?.at_us;
        host.queues.book.fulls().filter_map(at_us).count()
    };
    // It is found in a first round, however long that takes; what is older than the tick says so.
    host.until(|host| busy(host).is_some() && n_aged(host) > 100);
    assert!(host.read().period_ms >= Some(2_000));
    let mut waiting = Vec::new();
    for n in 1..10 {
        waiting.push(TcpStream::connect(local).unwrap());
        near.write_all(&[7; 100]).unwrap();
        host.read();
        let queue = host.listener(inode(&listener)).unwrap();
        assert_eq!((queue.depth, queue.at_us), (Some(n), None), "as of this tick");
        let queue = busy(&host).unwrap();
        assert_eq!((queue.depth, queue.at_us), (Some(100 + n * 100), None));
    }
}

#[test]
fn what_waits_has_its_owner_long_before_a_first_round_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let local = listener.local_addr().unwrap();
    let _pairs: Vec<(TcpStream, TcpStream)> =
        (0..400).map(|_| (TcpStream::connect(local).unwrap(), listener.accept().unwrap().0)).collect();
    let _waiting = TcpStream::connect(local).unwrap();
    let unread = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(&[7; 100], unread.local_addr().unwrap()).unwrap();
    let mut host = Dear::new();
    let depth = |host: &mut Dear, kind| {
        let queues = host.row().queues?;
        queues.iter().find(|queue| queue.kind == kind)?.depth.filter(|depth| *depth > 0)
    };
    host.until(|host| depth(host, QueueKind::Listen).is_some() && depth(host, QueueKind::UdpReceive).is_some());
    assert_eq!(host.queues.round.period_us((0, 0)), None, "no round is over yet");
    let before = depth(&mut host, QueueKind::UdpReceive);
    sender.send_to(&[7; 100], unread.local_addr().unwrap()).unwrap();
    host.read();
    assert!(depth(&mut host, QueueKind::UdpReceive) > before, "few sockets are read at each tick");
    assert!(host.queues.round.is_going());
}

#[test]
fn what_is_switched_off_is_not_read_and_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut host = Dear::new();
    host.until(|host| host.listener(inode(&listener)).is_some());
    host.off = Off::of([("sockets".to_owned(), "switched off by a test".into())]);
    assert_eq!(host.read().health, Health::Off("switched off by a test".into()));
    assert!(host.listener(inode(&listener)).is_none());
    assert_eq!(host.row().queues, None);
}

#[test]
fn between_two_rounds_that_are_to_be_rare_nothing_is_read_and_all_says_how_old_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut host = Dear::new();
    host.until(|host| !host.queues.round.is_going());
    host.thrift.sockets_every = std::time::Duration::from_secs(3600);
    let _waiting = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    for _ in 0..50 {
        host.read();
        assert!(!host.queues.round.is_going());
        let old = host.listener(inode(&listener));
        assert!(old.is_none_or(|queue| queue.depth == Some(0) && queue.at_us.is_some()));
    }
    host.thrift = Thrift::default();
    host.until(|host| host.listener(inode(&listener)).is_some_and(|queue| queue.depth == Some(1)));
}
