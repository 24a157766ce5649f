use midair_vitals::{QueueKind, Unit};

use super::*;
use crate::kernel::queues::object::{LISTEN, TcpCounters};

const OWN: Sight = Sight { namespace: 0, is_proof: true };

fn ends() -> (std::net::SocketAddr, std::net::SocketAddr) {
    ("127.0.0.1:80".parse().unwrap(), "127.0.0.1:2".parse().unwrap())
}

fn connection(inode: u64, segs_in: u32, segs_out: u32) -> Object {
    let tcp = TcpCounters { segs_in, segs_out, ..TcpCounters::default() };
    Object { tcp: Some(tcp), ..Object::tcp(inode, 1, ends(), (0, 0)) }
}

fn waiting(inode: u64, n_unread: u64) -> Object {
    Object::tcp(inode, 1, ends(), (n_unread, 0))
}

fn listener(inode: u64, drops: Option<u64>) -> Object {
    Object { drops, ..Object::tcp(inode, LISTEN, ends(), (0, 8)) }
}

/// A tick in which a round sees all these, and the process 10 is seen to hold them.
fn tick(book: &mut Book, objects: &[Object]) {
    tick_of(book, objects, &[(10, 1)], 10);
}

fn tick_of(book: &mut Book, objects: &[Object], processes: &[Candidate], holder: u32) {
    begin(book, processes);
    let by = book.holders.find(holder);
    for object in objects {
        book.see(object.clone(), OWN);
    }
    assert!(book.sweep(usize::MAX, &|_, _| Some(true)));
    for object in objects {
        by.map(|by| book.claim(object.inode, by));
    }
    end(book);
}

fn begin(book: &mut Book, processes: &[Candidate]) {
    let now_us = (book.tick() + 1) * 1_000_000;
    book.begin(now_us, processes, std::iter::empty());
}

fn end(book: &mut Book) {
    let tick = book.tick();
    book.holders.iter_mut().for_each(|holder| holder.deliver(tick));
    book.holders.tell();
    book.end();
}

fn moved(book: &Book) -> Option<(u64, u64)> {
    book.holders.of_pid(10).unwrap().moved()
}

fn shown(book: &mut Book) -> Arc<[Queue]> {
    let at = book.holders.find(10).unwrap();
    let [queues, again] = [(); 2].map(|()| book.show(at).unwrap().queues);
    assert!(Arc::ptr_eq(&queues, &again), "what has not changed is not made anew");
    queues
}

fn depth(book: &Book, kind: QueueKind) -> Option<u64> {
    book.sums().iter().find(|sum| sum.kind == kind).unwrap().depth
}

#[test]
fn a_closed_socket_takes_nothing_away() {
    let mut book = Book::default();
    for (objects, expected) in [
        (vec![], None),
        (vec![connection(1, 5, 6), connection(2, 1, 1)], Some((6, 7))),
        (vec![connection(1, 9, 6), connection(2, 1, 1)], Some((10, 7))),
        (vec![connection(1, 9, 7)], Some((10, 8))),
        (vec![connection(3, 100, 0)], Some((110, 8))),
    ] {
        tick(&mut book, &objects);
        assert_eq!(moved(&book), expected);
    }
    tick_of(&mut book, &[connection(3, 100, 0)], &[(10, 2)], 10);
    assert_eq!(moved(&book), Some((0, 0)), "another process under the same number starts anew");
    tick_of(&mut book, &[], &[], 10);
    assert!(book.holders.of_pid(10).is_none());
}

#[test]
fn a_connection_that_may_be_old_counts_from_first_sight() {
    let mut book = Book::default();
    begin(&mut book, &[(10, 1)]);
    let by = book.holders.find(10).unwrap();
    book.see(connection(1, 1_000_000, 0), Sight { namespace: 0, is_proof: false });
    book.sweep(usize::MAX, &|_, _| Some(true));
    book.claim(1, by);
    end(&mut book);
    assert_eq!(moved(&book), Some((0, 0)));
    tick(&mut book, &[connection(1, 1_000_003, 0)]);
    assert_eq!(moved(&book), Some((3, 0)));
}

#[test]
fn an_owner_found_late_is_no_burst() {
    let mut book = Book::default();
    tick_of(&mut book, &[], &[(10, 1)], 0);
    for segs_in in [1_000_000, 1_000_001, 1_000_002, 1_000_003] {
        tick_of(&mut book, &[connection(1, segs_in, 0)], &[(10, 1)], 0);
    }
    tick(&mut book, &[connection(1, 1_000_004, 0)]);
    assert_eq!(moved(&book), Some((0, 0)));
    tick(&mut book, &[connection(1, 1_000_006, 0)]);
    assert_eq!(moved(&book), Some((2, 0)));
}

#[test]
fn an_owner_found_soon_has_moved_all_that_a_young_connection_moved() {
    let mut book = Book::default();
    tick_of(&mut book, &[connection(1, 5, 0)], &[(10, 1)], 0);
    tick_of(&mut book, &[connection(1, 7, 0)], &[(10, 1)], 0);
    tick(&mut book, &[connection(1, 9, 3)]);
    assert_eq!(moved(&book), Some((9, 3)));
    tick(&mut book, &[connection(1, 9, 4)]);
    assert_eq!(moved(&book), Some((9, 4)));
}

#[test]
fn a_socket_connected_anew_brings_no_burst() {
    let mut book = Book::default();
    for (segs_in, expected) in [(1_000, 1_000), (3, 1_003), (4, 1_004)] {
        tick(&mut book, &[connection(1, segs_in, 0)]);
        assert_eq!(moved(&book), Some((expected, 0)));
    }
}

#[test]
fn a_socket_that_one_round_passes_over_is_hidden_and_not_forgotten() {
    let mut book = Book::default();
    tick(&mut book, &[connection(1, 5, 0)]);
    tick(&mut book, &[]);
    assert_eq!((book.holders.of_pid(10).unwrap().n_queues(), book.fulls().count()), (0, 0));
    tick(&mut book, &[connection(1, 7, 0)]);
    assert_eq!((book.holders.of_pid(10).unwrap().n_queues(), moved(&book)), (2, Some((7, 0))), "it is no new one");
    tick(&mut book, &[]);
    tick(&mut book, &[]);
    assert_eq!(book.n_sockets(), 0);
}

#[test]
fn sockets_that_come_back_are_counted_once_each() {
    let mut book = Book::default();
    let both = [connection(1, 5, 0), connection(2, 5, 0)];
    let n_queues = |book: &Book| book.holders.of_pid(10).unwrap().n_queues();
    tick(&mut book, &both);
    assert_eq!(n_queues(&book), 4);
    for _ in 0..3 {
        tick(&mut book, &both[..1]);
        assert_eq!(n_queues(&book), 2);
        tick(&mut book, &both);
        assert_eq!(n_queues(&book), 4);
    }
}

#[test]
fn drops_outlive_their_socket() {
    let mut book = Book::default();
    let drops = |book: &Book| book.sums().iter().find(|sum| sum.kind == QueueKind::Listen).unwrap().drops;
    tick(&mut book, &[listener(1, Some(3))]);
    assert!(book.fulls().next().unwrap().has_dropped_in(book.tick()));
    tick(&mut book, &[listener(1, Some(3))]);
    assert!(!book.fulls().next().unwrap().has_dropped_in(book.tick()));
    tick(&mut book, &[listener(1, None)]);
    tick(&mut book, &[listener(1, Some(5))]);
    tick(&mut book, &[]);
    assert_eq!(drops(&book), Some(5));
    tick(&mut book, &[listener(1, Some(6))]);
    assert_eq!(drops(&book), Some(5), "what was passed over for a round does not count twice");
    tick(&mut book, &[]);
    tick(&mut book, &[Object { drops: Some(9), ..waiting(2, 1) }]);
    assert_eq!(drops(&book), Some(5), "those of connections are no dropped connections");
}

#[test]
fn the_oldest_of_several_holders_owns_and_the_next_when_it_lets_go() {
    let mut book = Book::default();
    let both = [(20, 5), (30, 4)];
    begin(&mut book, &both);
    let [young, old] = [20, 30].map(|pid| book.holders.find(pid).unwrap());
    book.see(waiting(1, 7), OWN);
    assert!(book.claim(1, young) && book.claim(1, old) && book.claim(1, young));
    assert!(!book.claim(2, young));
    assert_eq!(book.owner_of(1).unwrap().pid, 30);
    assert_eq!((book.holders.get(young).unwrap().n_queues(), book.holders.get(old).unwrap().n_queues()), (0, 2));

    book.end_look(old, Look::Open { n_files: 3 });
    assert!(book.claim(1, young));
    assert_eq!(book.owner_of(1).unwrap().pid, 30, "it was seen in that look");
    book.end_look(old, Look::Open { n_files: 2 });
    assert!(book.claim(1, young));
    assert_eq!(book.owner_of(1).unwrap().pid, 20, "the first was looked at and does not hold it any more");
    assert_eq!((book.holders.get(young).unwrap().n_queues(), book.holders.get(old).unwrap().n_queues()), (2, 0));
}

#[test]
fn what_its_owner_was_not_seen_to_hold_has_none_after_the_round() {
    let mut book = Book::default();
    tick(&mut book, &[waiting(1, 7)]);
    assert!(book.owner_of(1).is_some());
    begin(&mut book, &[(10, 1)]);
    for _ in 0..2 {
        book.end_look(book.holders.find(10).unwrap(), Look::Open { n_files: 0 });
    }
    book.see(waiting(1, 7), OWN);
    book.sweep(usize::MAX, &|_, _| Some(true));
    assert!(book.owner_of(1).is_none());
    assert_eq!(book.unowned(), [Wanted { inode: 1, port: 80, is_urgent: true }]);
    book.claim(1, book.holders.find(10).unwrap());
    book.settle_unowned();
    assert_eq!((book.unowned().len(), book.n_unowned()), (0, 0));
}

#[test]
fn on_a_host_with_many_connections_only_what_waits_is_kept_in_full() {
    let mut book = Book::default();
    let n = KEEP_ALL as u64 + 1_000;
    let mut all: Vec<Object> = (1..=n).map(|inode| connection(inode, 1, 1)).collect();
    all[77] = waiting(78, 500);
    all[78] = listener(79, Some(0));
    for _ in 0..3 {
        tick(&mut book, &all);
    }
    let kept: Vec<u64> = book.fulls().map(|full| full.object.inode).collect();
    assert_eq!(kept, [78, 79]);
    assert_eq!(u64::from(book.holders.of_pid(10).unwrap().n_queues()), 2 * (n - 1) + 1);
    let worst = shown(&mut book);
    let of = |kind| worst.iter().find(|queue| queue.kind == kind).unwrap();
    assert_eq!((of(QueueKind::TcpReceive).depth, of(QueueKind::TcpReceive).number), (Some(500), Some(78)));
    assert_eq!(depth(&book, QueueKind::TcpReceive), Some(500));

    all[77] = connection(78, 1, 1);
    tick(&mut book, &all);
    let worst = shown(&mut book);
    let receive = worst.iter().find(|queue| queue.kind == QueueKind::TcpReceive).unwrap();
    assert_eq!((receive.depth, receive.number), (Some(0), Some(1)), "the first of those that are empty stands for all");
    all.truncate(5);
    for _ in 0..3 {
        tick(&mut book, &all);
    }
    assert_eq!((book.n_sockets(), book.fulls().count()), (5, 5));
}

#[test]
fn drops_of_a_socket_that_was_not_worth_keeping_are_all_new() {
    let mut book = Book::default();
    let udp = |inode, drops| Object { drops: Some(drops), ..Object::udp(inode, ends(), 0) };
    let mut all: Vec<Object> = (1..=KEEP_ALL as u64 + 10).map(|inode| udp(inode, 0)).collect();
    for _ in 0..2 {
        tick(&mut book, &all);
    }
    assert_eq!(book.fulls().count(), 0);
    all[5] = udp(6, 4);
    for _ in 0..3 {
        tick(&mut book, &all);
        let sums = book.sums();
        assert_eq!(sums.iter().find(|sum| sum.kind == QueueKind::UdpReceive).unwrap().drops, Some(4));
        assert_eq!(book.fulls().map(|full| full.object.inode).collect::<Vec<_>>(), [6]);
    }
}

#[test]
fn connections_of_a_close_look_are_kept_though_they_are_idle() {
    let mut book = Book::default();
    let all: Vec<Object> = (1..=KEEP_ALL as u64 + 10).map(|inode| connection(inode, 1, 1)).collect();
    for _ in 0..2 {
        tick(&mut book, &all);
    }
    assert_eq!(book.fulls().count(), 0);
    book.begin(9_000_000, &[(10, 1)], std::iter::once(10));
    for object in &all {
        book.see(object.clone(), OWN);
    }
    book.sweep(usize::MAX, &|_, _| Some(true));
    assert_eq!(book.fulls().count(), all.len());
}

#[test]
fn what_nobody_holds_any_more_still_counts_in_the_sum() {
    let mut book = Book::default();
    let lost = Object::tcp(0, 4, ends(), (0, 301));
    tick(&mut book, std::slice::from_ref(&lost));
    assert_eq!((depth(&book, QueueKind::TcpSend), book.n_sockets()), (Some(300), 0));
    tick(&mut book, &[]);
    assert_eq!(depth(&book, QueueKind::TcpSend), Some(0));
}

#[test]
fn what_an_unread_namespace_holds_stays_as_it_was() {
    let mut book = Book::default();
    let elsewhere = Sight { namespace: 3, is_proof: false };
    begin(&mut book, &[(10, 1)]);
    book.see(waiting(1, 7), elsewhere);
    for _ in 0..5 {
        book.sweep(usize::MAX, &|place, _| Some(place != 3));
        end(&mut book);
        begin(&mut book, &[(10, 1)]);
    }
    assert_eq!(depth(&book, QueueKind::TcpReceive), Some(7));
    let queue = book.queues(book.fulls().next().unwrap()).next().unwrap();
    assert_eq!(queue.at_us, Some(1_000_000), "and says when that was");
    book.sweep(usize::MAX, &|place, _| (place != 3).then_some(true));
    assert_eq!(book.n_sockets(), 0, "it is gone with its namespace");
}

#[test]
fn different_units_of_a_kind_are_not_added() {
    let mut book = Book::default();
    let unix = |inode, unit| {
        let mut object = Object::bare(Kind::Unix, inode);
        (object.receive.unit, object.receive.depth) = (unit, Some(5));
        object
    };
    tick(&mut book, &[unix(1, Unit::Bytes), unix(2, Unit::Messages), unix(3, Unit::Messages)]);
    let sums = book.sums();
    let unix: Vec<_> = sums.iter().filter(|sum| sum.kind == QueueKind::Unix).map(|sum| (sum.unit, sum.depth)).collect();
    assert_eq!(unix, [(Unit::Bytes, Some(5)), (Unit::Messages, Some(10))]);
}

#[test]
fn a_sweep_in_parts_ends_as_one_in_one_go() {
    let all: Vec<Object> = (1..=3_000).map(|inode| connection(inode, 1, 1)).collect();
    let mut book = Book::default();
    tick(&mut book, &all);
    for kept in [&all[..100], &all[..100]] {
        begin(&mut book, &[(10, 1)]);
        kept.iter().for_each(|object| book.see(object.clone(), OWN));
        let mut n_parts = 1;
        while !book.sweep(100, &|_, _| Some(true)) {
            n_parts += 1;
        }
        assert!(n_parts > 1);
        end(&mut book);
    }
    assert_eq!((book.n_sockets(), book.holders.of_pid(10).unwrap().n_queues()), (100, 200));
}

#[test]
fn a_socket_that_begins_to_listen_is_counted_once() {
    let mut book = Book::default();
    tick(&mut book, &[Object::tcp(1, 7, ends(), (0, 0))]);
    assert_eq!(book.holders.of_pid(10).unwrap().n_queues(), 2);
    tick(&mut book, &[listener(1, Some(0))]);
    assert_eq!(book.holders.of_pid(10).unwrap().n_queues(), 1);
    tick(&mut book, &[]);
    assert_eq!(book.holders.of_pid(10).unwrap().n_queues(), 0);
}

#[test]
fn beyond_what_is_kept_a_socket_of_several_holders_is_summed_once() {
    let mut book = Book::default();
    book.begin(1_000_000, &[(10, 1), (20, 1)], std::iter::empty());
    let waiting = |inode: u64| {
        let ends = (([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
        Object::tcp(inode, 1, ends, (1, 0))
    };
    let sight = Sight { namespace: 0, is_proof: true };
    let n = MOST_FULL as u64 + 10;
    for inode in (1..=n).flat_map(|inode| [inode; 3]) {
        book.see(waiting(inode), sight);
    }
    assert!(book.sweep(usize::MAX, &|_, _| Some(true)));
    book.end();
    let sum = book.sums().into_iter().find(|sum| sum.kind == QueueKind::TcpReceive && sum.unit == Unit::Bytes);
    assert_eq!(sum.unwrap().depth, Some(n));
}
