use super::*;

/// Inodes as the kernel gives them: in rising order, those of several CPUs mixed, with gaps.
fn inodes(n: u32) -> impl Iterator<Item = u32> {
    (0..n).map(|n| 10_000 + n / 3 * 7 + n % 3 * 1_048_576)
}

#[test]
fn an_entry_is_24_bytes_and_places_take_no_room() {
    assert_eq!(size_of::<Entry>(), 24);
    assert_eq!((Place::new(0).at(), Place::new(77).at()), (0, 77));
}

#[test]
fn what_was_put_in_is_found_and_nothing_else() {
    let mut table = Table::default();
    for inode in inodes(20_000) {
        let (entry, is_new) = table.get_or_add(inode);
        assert!(is_new);
        entry.segments = (inode, !inode);
    }
    assert_eq!((table.len(), table.iter().count()), (20_000, 20_000));
    for inode in inodes(20_000) {
        assert_eq!(table.get(inode).map(|entry| entry.segments), Some((inode, !inode)));
        assert!(!table.get_or_add(inode).1);
    }
    assert_eq!(table.get(1), None);
    assert!(table.get_mut(u32::MAX).is_none());
}

#[test]
fn a_large_table_takes_little_more_than_its_entries() {
    let mut table = Table::default();
    for n in [1_000, 30_000, 170_000, 200_000] {
        for inode in inodes(n) {
            table.get_or_add(inode);
        }
        let room: usize =
            table.runs.iter().map(|run| run.capacity() * size_of::<Entry>() + size_of::<Vec<Entry>>()).sum();
        assert!(room < n as usize * 30, "{} bytes each at {n}", room / n as usize);
        let longest = table.runs.iter().map(Vec::len).max().unwrap();
        assert!(longest < RUN * 3, "{longest} in a run at {n}");
    }
}

#[test]
fn memory_is_given_back() {
    let mut table = Table::default();
    for inode in inodes(50_000) {
        table.get_or_add(inode);
    }
    for run in 0..table.n_runs() {
        table.retain_run(run, |entry| entry.inode < 10_100);
    }
    table.settle();
    let left = inodes(50_000).filter(|inode| *inode < 10_100).count();
    assert_eq!((table.len(), table.iter().count(), table.n_runs()), (left, left, 1));
    assert!(table.iter().all(|entry| entry.inode < 10_100));
    assert!(table.get(10_000).is_some());
}

#[test]
fn marks_do_not_touch_each_other() {
    let mut entry = Entry::new(7);
    for kind in Kind::ALL {
        entry.set_kind(kind);
        entry.set_namespace(NAMESPACES - 1);
        entry.mark_seen(6);
        entry.mark_claimed(5);
        entry.set_fresh(true);
        entry.set_absent(false);
        assert_eq!((entry.kind(), entry.namespace()), (kind, NAMESPACES - 1));
        assert_eq!((entry.unseen_for(6), entry.unseen_for(7), entry.unseen_for(8)), (0, 1, 2));
        assert!(entry.is_held(5) && entry.is_held(4) && !entry.is_held(6) && !entry.is_held(7));
        assert!(entry.is_fresh() && !entry.is_absent());
        entry.set_fresh(false);
        entry.set_absent(true);
        entry.set_namespace(0);
        assert!(!entry.is_fresh() && entry.is_absent() && entry.kind() == kind && entry.namespace() == 0);
    }
}
