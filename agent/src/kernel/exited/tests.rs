use super::*;

fn name(text: &[u8]) -> Name {
    let mut name = Name::default();
    name[..text.len()].copy_from_slice(text);
    name
}

fn ended(of: &[u8], n: u64, cpu_ns: u64) -> Ended {
    Ended { name: name(of), parent: name(b"cron"), n, cpu_ns }
}

/// Reads what the map holds, as of a second.
fn read(book: &mut Book, at_s: u64, map: &[Ended]) -> Vec<(String, Option<u64>)> {
    if book.is_news(&Totals { n_runs: map.iter().map(|one| one.n).sum(), ..Totals::default() }) {
        map.iter().for_each(|one| book.add(one, at_s * 1_000_000));
        book.list();
    }
    book.listed.iter().map(|one| (one.name.to_string(), one.n)).collect()
}

fn names(listed: Vec<(String, Option<u64>)>) -> Vec<String> {
    listed.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn those_of_the_last_interval_come_first_by_number_or_by_cpu() {
    let mut book = Book::default();
    let mut map: Vec<Ended> = (0..20u64).map(|n| ended(format!("old{n:02}").as_bytes(), 1_000 + n, 0)).collect();
    assert_eq!(read(&mut book, 1, &map).len(), SHORT_LIVED_MOST);
    map[3].n += 100;
    map[5].n += 10;
    map[7].cpu_ns += 1_000_000_000;
    let listed = names(read(&mut book, 2, &map));
    assert_eq!(listed.len(), SHORT_LIVED_MOST);
    assert_eq!(listed[..3], ["old07", "old03", "old05"], "one that used all the CPU is as much as many that used none");
}

#[test]
fn without_a_new_end_the_list_stays() {
    let mut book = Book::default();
    let map = [ended(b"sh", 5, 0), ended(b"grep", 9, 0)];
    let listed = read(&mut book, 1, &map);
    assert_eq!(listed, [("grep".into(), Some(9)), ("sh".into(), Some(5))]);
    assert_eq!(read(&mut book, 2, &map), listed);
}

#[test]
fn a_name_that_rests_for_a_minute_is_forgotten_and_begins_anew() {
    let mut book = Book::default();
    read(&mut book, 1, &[ended(b"sh", 5, 0), ended(b"grep", 1, 0)]);
    read(&mut book, 60, &[ended(b"sh", 5, 0), ended(b"grep", 2, 0)]);
    assert_eq!(book.idle(60_999_999), []);
    let idle = book.idle(61_000_000);
    assert_eq!(idle, [(name(b"sh"), name(b"cron"))]);
    book.forget(&idle[0]);
    assert_eq!(read(&mut book, 61, &[ended(b"grep", 2, 0)]), [("grep".into(), Some(2))]);
    let listed = read(&mut book, 62, &[ended(b"grep", 2, 0), ended(b"sh", 3, 0)]);
    assert_eq!(listed[0], ("sh".into(), Some(3)));
}

#[test]
fn where_the_map_is_crowded_those_that_rest_make_room() {
    let mut book = Book::default();
    let map: Vec<Ended> = (0..CROWDED as u64 + 1).map(|n| ended(format!("job-{n}").as_bytes(), 1, 0)).collect();
    read(&mut book, 1, &map);
    assert_eq!(book.idle(1_000_000), [], "all of them are new");
    let busy: Vec<Ended> = map.iter().map(|one| Ended { n: one.n + u64::from(one.name[4] == b'7'), ..*one }).collect();
    read(&mut book, 2, &busy);
    let idle = book.idle(2_000_000);
    assert!(idle.len() > 100 && idle.iter().all(|(name, _)| name[4] != b'7'), "{idle:?}");
}

#[test]
fn names_that_look_the_same_are_one() {
    let mut book = Book::default();
    let map = [ended(b"a\xfe", 2, 0), ended(b"a\xff", 3, 0)];
    assert_eq!(read(&mut book, 1, &map), [("a\u{fffd}".into(), Some(5))]);
}

#[test]
fn where_nothing_counts_nothing_is_known() {
    assert_eq!(Exited::default().read(None, 1, &Off::default()), None);
}
