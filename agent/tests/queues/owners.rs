//! Whose a queue is, and who is at its other end.

use std::{
    io::{self, Write},
    net::{TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Command, Stdio},
};

use midair_agent::{config::Collector, reading::Wants};
use midair_vitals::QueueKind;

use crate::{
    host::{Host, collectors, inode, queue_in, queue_of, row, state},
    role::Working,
};

/// A process that sleeps with something as its standard input.
struct Sleeper(Child);

impl Sleeper {
    fn on(input: OwnedFd) -> Self {
        Self(Command::new("sleep").arg("120").stdin(Stdio::from(input)).stdout(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ended_meanwhile = self.0.kill();
        let _waited = self.0.wait();
    }
}

#[test]
fn what_several_processes_hold_belongs_to_the_first_and_then_to_the_next() {
    for collector in collectors() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        near.write_all(&[7; 4444]).unwrap();
        let number = inode(&far);
        let child = Sleeper::on(far.try_clone().unwrap().into());
        let mut host = Host::new(collector);
        let queue = host.close_until(std::process::id(), "the queue", |close| {
            queue_in(close, QueueKind::TcpReceive, number).cloned()
        });
        assert_eq!(queue.depth, Some(4444), "{collector:?}");
        // The child holds it too: a close look says so, its row does not.
        let shared = host.close_until(child.pid(), "the shared queue", |close| {
            queue_in(close, QueueKind::TcpReceive, number).cloned()
        });
        assert_eq!((shared.depth, shared.fd), (Some(4444), Some(0)));
        let own = host.until("the child", |reading| row(reading, child.pid())?.queues.clone());
        assert!(own.iter().all(|queue| queue.number != Some(number)), "{collector:?}: counted once");
        drop(far);
        let handed_over = host.until("the queue at the child", |reading| {
            queue_of(reading, child.pid(), QueueKind::TcpReceive).filter(|q| q.number == Some(number)).cloned()
        });
        assert_eq!(handed_over.depth, Some(4444), "{collector:?}");
    }
}

#[test]
fn the_other_end_of_a_connection_and_of_a_unix_socket_is_named() {
    for collector in collectors() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        let (one, other) = UnixStream::pair().unwrap();
        let numbers = [inode(&near), inode(&one)];
        let children = [Sleeper::on(far.into()), Sleeper::on(other.into())];
        for (number, kind, child) in
            [(numbers[0], QueueKind::TcpSend, &children[0]), (numbers[1], QueueKind::Unix, &children[1])]
        {
            let queue = Host::new(collector).close_until(std::process::id(), "the peer", |close| {
                queue_in(close, kind, number).filter(|queue| queue.peer.is_some()).cloned()
            });
            assert_eq!(queue.peer.map(|peer| peer.number), Some(child.pid().into()), "{collector:?}: {kind:?}");
            assert_eq!(queue.peer_name.as_deref(), Some("sleep"));
        }
    }
}

#[test]
fn who_waits_to_be_accepted_is_led_to_who_listens() {
    for collector in collectors() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        near.set_nonblocking(true).unwrap();
        while near.write(&[7; 65536]).is_ok() {}
        let number = inode(&near);
        let child = Sleeper::on(listener.into());
        let queue = Host::new(collector).close_until(std::process::id(), "who listens", |close| {
            queue_in(close, QueueKind::TcpSend, number).filter(|queue| queue.peer.is_some()).cloned()
        });
        assert_eq!(queue.peer.map(|peer| peer.number), Some(child.pid().into()), "{collector:?}");
        assert!(queue.depth > Some(0), "{collector:?}");
    }
}

#[test]
fn a_full_pipe_belongs_to_who_does_not_read_and_names_who_cannot_write() {
    for collector in collectors().into_iter().filter(|collector| *collector == Collector::Bpf) {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(&[7; 65536]).unwrap();
        let number = inode(&reader);
        let child = Sleeper::on(reader.into());
        let mut host = Host::new(collector);
        let queue = host.close_until(child.pid(), "the writer", |close| {
            queue_in(close, QueueKind::Pipe, number).filter(|queue| queue.peer.is_some()).cloned()
        });
        assert_eq!((queue.depth, queue.limit, queue.fd), (Some(65536), Some(65536), Some(0)));
        assert_eq!(queue.peer.map(|peer| peer.number), Some(std::process::id().into()));
        let queues = host.until("own queues", |reading| row(reading, std::process::id())?.queues.clone());
        assert!(queues.iter().all(|queue| queue.number != Some(number)), "the writer's row does not have it");
        // A close look at the writer lists it all the same, and leads to the reader.
        let written = host.close_until(std::process::id(), "the reader", |close| {
            queue_in(close, QueueKind::Pipe, number).filter(|queue| queue.peer.is_some()).cloned()
        });
        assert_eq!((written.depth, written.peer.map(|peer| peer.number)), (Some(65536), Some(child.pid().into())));
        assert_eq!(written.label.as_deref(), Some(&*format!("> pipe:[{number}]")));
        drop(writer);
        let orphaned = host.close_until(child.pid(), "the pipe without a writer", |close| {
            queue_in(close, QueueKind::Pipe, number).filter(|queue| queue.peer.is_none()).cloned()
        });
        assert_eq!(orphaned.depth, Some(65536));
    }
}

#[test]
fn a_process_with_very_many_descriptors_delays_nobody() {
    let (large, _) = Working::start("hold 19000");
    for collector in collectors() {
        let mut host = Host::new(collector);
        // It is found out to be large, and read as a whole all the same.
        let queue = host.until("what waits in it", |reading| {
            queue_of(reading, large.pid(), QueueKind::UdpReceive).filter(|queue| queue.depth > Some(0)).cloned()
        });
        assert_eq!(queue.drops, Some(0));
        host.until("the slow lane", |reading| state(reading).slow_period_ms);
        // From now on a few readings find what is new elsewhere, while that takes far more.
        let (load, _) = Working::start("listen 64 6");
        let n_readings = (1..).find(|_| {
            let reading = host.read(&Wants::default());
            queue_of(&reading, load.pid(), QueueKind::Listen).is_some_and(|queue| queue.depth == Some(6))
        });
        assert!(n_readings <= Some(8), "{collector:?}: {n_readings:?} readings");
    }
}

#[test]
fn a_long_table_is_read_after_the_short_ones() {
    // Since Linux 6.2 the folder says how many descriptors there are (proc(5)).
    let says_how_many = std::fs::metadata("/proc/self/fd").unwrap().len() > 0;
    let (long, _) = Working::start("hold 9000");
    let (load, _) = Working::start("listen 64 6");
    let mut host = Host::new(Collector::Proc);
    let n_readings = (1..).find(|_| {
        let reading = host.read(&Wants::default());
        queue_of(&reading, load.pid(), QueueKind::Listen).is_some_and(|queue| queue.depth == Some(6))
    });
    assert!(n_readings <= Some(if says_how_many { 3 } else { 10 }), "{n_readings:?} readings");
    host.until("what waits in the long one", |reading| {
        queue_of(reading, long.pid(), QueueKind::UdpReceive).filter(|queue| queue.depth > Some(0)).cloned()
    });
}
