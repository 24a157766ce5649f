use super::*;
use crate::kernel::tally::{Member, Run};

struct Shelf {
    book: Book,
    tally: Tally,
}

impl Shelf {
    fn new() -> Self {
        Self { book: Book::default(), tally: Tally::default() }
    }

    fn find(&mut self, path: &str) -> u32 {
        self.book.find(format!("0::{path}\n").as_bytes(), &Trees::default()).unwrap()
    }

    /// A tick with one process in each of these, which runs for so long.
    fn tick(&mut self, runs: &[(u32, u64)]) {
        self.tally.clear();
        for (n, cpu_ns) in runs {
            self.tally.process(Member { cgroup: Some(CgroupId(*n)), n_threads: 2, ..Member::default() });
            self.tally.ran(Run { cgroup: Some(CgroupId(*n)), cpu_ns: *cpu_ns, ..Run::default() });
        }
        self.book.count(&self.tally);
    }

    fn counts(&self, path: &str) -> (u64, u64, u32, u64) {
        let entry = self.book.entry(self.book.by_path(path).unwrap()).unwrap();
        (entry.n_processes, entry.n_threads, entry.n_below, entry.used.cpu_ns)
    }
}

#[test]
fn processes_are_counted_where_they_are_and_time_also_above() {
    let mut shelf = Shelf::new();
    let (web, db, deep, root) = (
        shelf.find("/chat.slice/web"),
        shelf.find("/chat.slice/db"),
        shelf.find("/chat.slice/web/x/y"),
        shelf.find("/"),
    );
    shelf.tick(&[(web, 10), (web, 20), (db, 5), (deep, 1), (root, 7)]);
    assert_eq!(shelf.counts("/chat.slice/web"), (2, 4, 1, 31));
    assert_eq!(shelf.counts("/chat.slice/web/x"), (0, 0, 1, 1));
    assert_eq!(shelf.counts("/chat.slice"), (0, 0, 2, 36), "web and db are below it");
    assert_eq!(shelf.counts("/"), (1, 2, 0, 7), "the root speaks of its own tasks alone");
    shelf.tick(&[(db, 5)]);
    assert_eq!(shelf.counts("/chat.slice"), (0, 0, 1, 41));
    assert_eq!(shelf.counts("/chat.slice/web"), (0, 0, 0, 31));
}

#[test]
fn a_text_that_was_seen_is_not_read_again() {
    let mut shelf = Shelf::new();
    let n = shelf.find("/a");
    assert_eq!(shelf.find("/a"), n);
    assert_eq!(shelf.book.find(b"", &Trees::default()), None);
    assert_eq!(shelf.book.by_text.len(), 1);
}

#[test]
fn cgroups_without_processes_are_forgotten_and_their_places_used_again() {
    let mut shelf = Shelf::new();
    let stays = shelf.find("/chat.slice/web");
    for n in 0..1_000 {
        let comes_and_goes = shelf.find(&format!("/run.slice/run-{n}.scope"));
        shelf.tick(&[(stays, 1), (comes_and_goes, 1)]);
    }
    let n_most = FORGET_AFTER as usize + 5;
    assert!(shelf.book.by_path.len() <= n_most && shelf.book.by_text.len() <= n_most, "{}", shelf.book.by_path.len());
    assert!(shelf.book.n_slots() as usize <= n_most, "{}", shelf.book.n_slots());
    assert_eq!(shelf.counts("/chat.slice/web").3, 1_000);
    assert_eq!(shelf.counts("/run.slice").3, 1_000, "the slice stands as long as anybody is in it");
}

#[test]
fn one_that_comes_back_soon_goes_on() {
    let mut shelf = Shelf::new();
    let n = shelf.find("/chat.service");
    shelf.tick(&[(n, 10)]);
    for _ in 0..FORGET_AFTER {
        shelf.tick(&[]);
    }
    assert_eq!(shelf.find("/chat.service"), n);
    shelf.tick(&[(n, 10)]);
    assert_eq!(shelf.counts("/chat.service"), (1, 2, 0, 20));
}

#[test]
fn ids_of_bpf_find_the_place_unless_only_another_hierarchy_tells() {
    let mut shelf = Shelf::new();
    let (a, root) = (shelf.find("/a"), shelf.find("/"));
    let named = shelf.book.find(b"2:name=systemd:/b\n1:cpu:/\n0::/\n", &Trees::default()).unwrap();
    assert_eq!(shelf.book.entry(named).map(|e| &*e.path), Some("/b"));
    for (ids, n, expected) in [(1, a, Some(a)), (2, root, None), (3, named, None)] {
        let ids = [Some(ids), None, None];
        shelf.book.learn(ids, n);
        assert_eq!(shelf.book.find_by_ids(&ids), expected);
    }
    for _ in 0..FORGET_AFTER + 2 {
        shelf.tick(&[]);
    }
    assert_eq!(shelf.book.find_by_ids(&[Some(1), None, None]), None, "what is forgotten is not found by its ids");
}
