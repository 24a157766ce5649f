use super::*;

const OWN: u32 = 40;

fn never(_: u32) -> bool {
    false
}

#[test]
fn what_is_listed_twice_and_never_seen_is_hidden() {
    let mut hidden = Hidden::default();
    let seen = |pid| [2, 40].contains(&pid);
    hidden.compare(vec![1, 2, 7, 8, 40], OWN, &seen);
    assert_eq!(hidden.words(), None, "it may have been born since");
    // By now 7 was seen, and 8 has ended.
    let seen = |pid| [2, 7, 40].contains(&pid);
    hidden.confirm(&seen, |pid| *pid != 8);
    let words = hidden.words().unwrap();
    assert!(words.starts_with("process 1 "), "{words}");
}

#[test]
fn what_is_seen_again_is_no_longer_hidden() {
    let mut hidden = Hidden::default();
    hidden.compare(vec![1, 3, 40], OWN, &|pid| pid == 40);
    hidden.confirm(&never, |_| true);
    assert!(hidden.words().unwrap().starts_with("2 processes"));
    hidden.compare(vec![1, 3, 40], OWN, &|_| true);
    assert_eq!(hidden.words(), None);
}

#[test]
fn a_list_of_another_namespace_says_nothing() {
    let mut hidden = Hidden::default();
    hidden.compare(vec![1, 3, 5], OWN, &never);
    assert!(hidden.suspects.is_empty());
}

#[test]
fn a_list_is_made_seldom_and_its_suspects_are_looked_at_once_more() {
    let mut files = Files::open("/proc".as_ref()).unwrap();
    let (mut hidden, own) = (Hidden::default(), std::process::id());
    hidden.look(&mut files, 1, never);
    assert_eq!((hidden.looked, hidden.suspects.len()), (None, 0));
    // A pass that shows all but this process.
    let all_but_own = |pid| pid != own;
    hidden.look(&mut files, 2, all_but_own);
    assert_eq!((hidden.looked, &*hidden.suspects), (Some(2), &[own][..]));
    hidden.look(&mut files, 3, all_but_own);
    assert_eq!((&*hidden.found, hidden.suspects.len()), (&[own][..], 0));
    hidden.look(&mut files, 61, |_| true);
    assert_eq!(hidden.found, [own], "not looked at again yet");
    hidden.look(&mut files, 62, |_| true);
    assert_eq!((hidden.looked, hidden.words()), (Some(62), None));
}
