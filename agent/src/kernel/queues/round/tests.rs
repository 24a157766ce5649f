use std::{
    collections::HashSet,
    net::{TcpListener, TcpStream},
};

use midair_vitals::QueueKind;

use super::*;

fn inode(socket: &impl std::os::fd::AsFd) -> u64 {
    rustix::fs::fstat(socket).unwrap().st_ino
}

/// Goes on with a round until it is over; says over how many ticks.
fn run(round: &mut Round, book: &mut Book, namespaces: &mut Namespaces, is_spent: &dyn Fn() -> bool) -> u64 {
    let mut files = Files::open(std::path::Path::new("/proc")).unwrap();
    for n in 1..10_000 {
        book.begin(n, &[], std::iter::empty());
        let in_use = InUse::default();
        let mut tools = Tools { files: &mut files, book, namespaces, in_use, now: (n, n), is_spent };
        if round.go_on(&mut tools).unwrap() {
            assert!(!round.is_going());
            return n;
        }
        assert!(round.is_going());
    }
    panic!("the round does not end");
}

fn seen(book: &Book) -> HashSet<u64> {
    book.fulls().map(|full| full.object.inode).collect()
}

#[test]
fn a_round_in_slices_sees_what_a_round_in_one_go_sees() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let pairs: Vec<(TcpStream, TcpStream)> = (0..300)
        .map(|_| (TcpStream::connect(listener.local_addr().unwrap()).unwrap(), listener.accept().unwrap().0))
        .collect();
    let own: Vec<u64> = pairs.iter().flat_map(|(near, far)| [inode(near), inode(far)]).collect();
    for is_own in [true, false] {
        for (is_spent, least) in [(&(|| false) as &dyn Fn() -> bool, 1), (&|| true, 5)] {
            let (mut round, mut book, mut namespaces) = (Round::default(), Book::default(), Namespaces::new(is_own));
            let n_ticks = run(&mut round, &mut book, &mut namespaces, is_spent);
            assert!(n_ticks == least || least > 1 && n_ticks >= least, "{n_ticks} ticks");
            // Tests beside this one close sockets, and so hide a few from a walk.
            let seen = seen(&book);
            let n_seen = own.iter().filter(|inode| seen.contains(inode)).count();
            assert!(n_seen > 580, "{n_seen} of 600, netlink: {is_own}");
            assert!(seen.contains(&inode(&listener)));
            assert_eq!(round.last_fault().is_some(), !is_own, "without netlink it is said");
        }
    }
}

#[test]
fn a_namespace_whose_process_has_ended_stops_nothing() {
    let (mut round, mut book, mut namespaces) = (Round::default(), Book::default(), Namespaces::new(true));
    // No process has this number.
    namespaces.sync(&[(1, u32::MAX >> 1)]);
    run(&mut round, &mut book, &mut namespaces, &|| false);
    assert!(book.sums().iter().any(|sum| sum.kind == QueueKind::TcpReceive && sum.depth.is_some()));
    assert_eq!(namespaces.was_read(1), Some(false));
    namespaces.sync(&[]);
    assert_eq!(namespaces.was_read(1), None);
}
