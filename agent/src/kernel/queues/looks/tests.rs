use std::{fs, os::unix::fs::symlink, path::Path};

use super::*;
use crate::kernel::queues::{book::Sight, object::Object};

/// A `/proc` of links, a book of sockets, and looks.
struct Host {
    root: tempfile::TempDir,
    files: Files,
    book: Book,
    looks: Looks,
    now_us: u64,
}

impl Host {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let files = Files::open(root.path()).unwrap();
        Self { root, files, book: Book::default(), looks: Looks::default(), now_us: 1_000_000 }
    }

    fn process(&self, pid: u32, links: &[&str]) {
        let folder = self.root.path().join(format!("{pid}/fd"));
        fs::create_dir_all(&folder).unwrap();
        for (n, link) in links.iter().enumerate() {
            symlink(link, folder.join(n.to_string())).unwrap();
        }
    }

    /// A process with so many descriptors of which none is a socket.
    fn large_process(&self, pid: u32, n: usize) {
        let many: Vec<String> = (0..n).map(|n| format!("pipe:[{n}]")).collect();
        self.process(pid, &many.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        Path::new(self.root.path()).join(path)
    }

    /// A tick `after_us` later with these processes (pid, start) and sockets: inode, port, and whether something waits.
    fn tick(&mut self, after_us: u64, processes: &[(u32, u64)], sockets: &[(u64, u16, bool)]) {
        self.now_us += after_us;
        self.book.begin(self.now_us, processes, std::iter::empty());
        for (inode, port, is_urgent) in sockets {
            let ends = (([127, 0, 0, 1], *port).into(), ([127, 0, 0, 1], 1).into());
            let object = Object::tcp(*inode, 1, ends, (u64::from(*is_urgent), 0));
            self.book.see(object, Sight { namespace: 0, is_proof: true });
        }
        assert!(self.book.sweep(usize::MAX, &|_, _| Some(true)));
        self.looks.find(&mut self.files, &mut self.book, self.now_us);
        self.book.end();
    }

    fn of(&self, inode: u64) -> Option<u32> {
        self.book.owner_of(inode).map(|holder| holder.pid)
    }
}

#[test]
fn a_waiting_socket_is_found_at_once_and_the_oldest_owns_it() {
    let mut host = Host::new();
    let links = ["/dev/null", "pipe:[5]", "socket:[101]", "socket:[999]", "socket:[x]", "anon_inode:[eventpoll]"];
    host.process(30, &links);
    host.process(20, &["socket:[101]", "socket:[102]"]);
    let all = [(20, 1), (30, 1), (40, 1)];
    host.tick(0, &all, &[(101, 1, true), (102, 2, false), (103, 3, true)]);
    assert_eq!((host.of(101), host.of(102), host.of(103), host.of(999)), (Some(20), Some(20), None, None));
    host.tick(1, &all[1..], &[(101, 1, true)]);
    assert_eq!(host.of(101), Some(30), "the other owner stays when the first has ended");
}

#[test]
fn a_socket_that_nobody_holds_is_looked_for_again_only_after_a_while() {
    let mut host = Host::new();
    // So many descriptors that the rolling look is busy with them.
    host.large_process(10, 1_900);
    host.process(20, &[]);
    let all = [(10, 1), (20, 1)];
    let socket = [(101, 1, true)];
    host.tick(0, &all, &socket);
    host.tick(100_000, &all, &socket);
    host.tick(100_000, &all, &socket);
    symlink("socket:[101]", host.path("20/fd/7")).unwrap();
    host.looks.rolling_credit = -1_000_000;
    host.tick(100_000, &all, &socket);
    assert_eq!(host.of(101), None, "not every tick");
    host.tick(RETRY_US, &all, &socket);
    assert_eq!(host.of(101), Some(20));
}

#[test]
fn looking_everywhere_takes_a_rest_after_much_work() {
    let mut host = Host::new();
    host.large_process(10, 1_500);
    host.process(20, &["socket:[1]"]);
    let all = [(10, 1), (20, 1)];
    host.tick(0, &all, &[(1, 80, false), (2, 81, true)]);
    assert!(!host.looks.is_everywhere, "it was one look");
    // A connection with data that came after that: not of this port's owner, and nobody's turn.
    symlink("socket:[3]", host.path("20/fd/1")).unwrap();
    let later = [(1, 80, false), (3, 82, true)];
    host.looks.rolling_credit = -1_000_000;
    host.tick(1_501 * REST_US - 1, &all, &later);
    assert_eq!(host.of(3), None);
    host.tick(100 * REST_US, &all, &later);
    assert_eq!(host.of(3), Some(20));
}

#[test]
fn a_new_connection_is_found_at_its_listener() {
    let mut host = Host::new();
    host.process(10, &["socket:[1]"]);
    host.process(20, &["socket:[2]"]);
    let all = [(10, 1), (20, 1)];
    host.tick(0, &all, &[(1, 80, false), (2, 90, false)]);
    symlink("socket:[3]", host.path("20/fd/1")).unwrap();
    host.looks.rolling_credit = -1_000_000;
    host.tick(1_000_000, &all, &[(1, 80, false), (2, 90, false), (3, 90, false)]);
    assert_eq!(host.of(3), Some(20));
}

#[test]
fn the_rolling_look_notices_a_socket_that_was_handed_over() {
    let mut host = Host::new();
    host.process(10, &["socket:[1]"]);
    host.process(20, &[]);
    let all = [(10, 1), (20, 1)];
    host.tick(0, &all, &[(1, 80, false)]);
    assert_eq!(host.of(1), Some(10));
    fs::rename(host.path("10/fd/0"), host.path("20/fd/0")).unwrap();
    for _ in 0..3 {
        host.tick(1_000_000, &all, &[(1, 80, false)]);
    }
    assert_eq!(host.of(1), Some(20));
}

#[test]
fn a_reused_pid_owns_nothing_of_the_old_process() {
    let mut host = Host::new();
    host.process(10, &["socket:[1]"]);
    host.tick(0, &[(10, 1)], &[(1, 80, false)]);
    assert_eq!(host.of(1), Some(10));
    fs::remove_file(host.path("10/fd/0")).unwrap();
    host.tick(0, &[(10, 2)], &[(1, 80, false)]);
    assert_eq!(host.of(1), None);
}

#[test]
fn many_descriptors_are_read_over_several_ticks() {
    let mut host = Host::new();
    host.large_process(10, 5_000);
    symlink("socket:[101]", host.path("10/fd/6000")).unwrap();
    let mut n_ticks = 0;
    while host.book.holders.of_pid(10).is_none_or(|holder| holder.n_looks == 0) {
        host.looks.rolling_credit = -1_000_000;
        let before = host.looks.credit;
        host.tick(1_000_000, &[(10, 1)], &[(101, 1, true)]);
        assert!(before - host.looks.credit <= PER_TICK + 200, "about two thousand a tick");
        n_ticks += 1;
    }
    assert_eq!((n_ticks, host.of(101)), (3, Some(10)));
}

#[test]
fn a_process_with_very_many_descriptors_delays_nobody() {
    let mut host = Host::new();
    host.large_process(10, 12_000);
    symlink("socket:[1]", host.path("10/fd/13000")).unwrap();
    host.process(20, &[]);
    let all = [(10, 1), (20, 2)];
    let mut sockets = vec![(1, 80, true)];
    let mut n_ticks = 0;
    // A kernel before 6.2 does not say how many there are: it is found out by counting.
    while host.of(1).is_none() || !host.book.holders.of_pid(10).unwrap().is_slow() {
        host.tick(1_000_000, &all, &sockets);
        n_ticks += 1;
        assert!(n_ticks < 30, "the slow lane comes to its end");
    }
    assert_eq!(host.looks.slow_period_us(), None, "it has not come round yet");
    // From now on nobody waits for it.
    for inode in 100..120 {
        symlink(format!("socket:[{inode}]"), host.path(&format!("20/fd/{inode}"))).unwrap();
        sockets.push((inode, 90, true));
        host.tick(3_000_000, &all, &sockets);
        assert_eq!(host.of(inode), Some(20), "at once");
        assert_eq!(host.of(1), Some(10));
    }
    while host.looks.slow_period_us().is_none() {
        host.tick(1_000_000, &all, &sockets);
        n_ticks += 1;
        assert!(n_ticks < 100, "it comes round");
    }
    assert!(host.looks.slow_period_us() > Some(10_000_000));
    fs::remove_dir_all(host.path("10/fd")).unwrap();
    host.process(10, &["socket:[1]"]);
    for _ in 0..60 {
        host.tick(1_000_000, &all, &sockets);
    }
    assert_eq!((host.looks.slow_period_us(), host.of(1)), (None, Some(10)), "it is back among the others");
}

#[test]
fn processes_with_long_tables_are_looked_at_last() {
    let mut host = Host::new();
    host.large_process(10, 5_000);
    host.process(20, &["/dev/null"]);
    let all = [(10, 1), (20, 1)];
    // Both are looked at once, for a socket that nobody has.
    for _ in 0..8 {
        host.tick(1_000_000, &all, &[(99, 1, true)]);
    }
    symlink("socket:[101]", host.path("20/fd/1")).unwrap();
    host.tick(60_000_000, &all, &[(101, 2, true)]);
    assert_eq!(host.of(101), Some(20), "found before 5,000 others have been read");
    // And who holds it in a long table is found all the same.
    fs::remove_file(host.path("20/fd/1")).unwrap();
    symlink("socket:[102]", host.path("10/fd/5000")).unwrap();
    let n_ticks = (1..20).find(|_| {
        host.tick(1_000_000, &all, &[(102, 3, true)]);
        host.of(102).is_some()
    });
    assert_eq!((host.of(102), n_ticks.is_some_and(|n| n <= 8)), (Some(10), true), "{n_ticks:?}");
}
