use super::*;
use crate::term::Atom;

fn ints(words: &[i64]) -> Term {
    Term::Tuple(words.iter().map(|word| Term::from(*word)).collect())
}

fn said(stat: Term, socket: Term) -> Term {
    let address = Term::tuple([
        Term::atom("net_address"),
        Term::tuple([ints(&[10, 0, 0, 7]), 9100.into()]),
        Term::string("10.0.0.7"),
        Term::atom("tcp"),
        Term::atom("inet"),
    ]);
    let head = Term::tuple([Term::Atom(Atom::known("b@host")), Term::atom("up"), Term::atom("hidden"), address]);
    Term::tuple([head, stat, socket])
}

#[test]
fn a_link_is_busy_where_the_vm_says_so() {
    let stat = Term::tuple([Term::atom("ok"), 1.into(), 2.into(), 99.into()]);
    let with = |busy| {
        let links = Term::list([said(stat.clone(), Term::List(vec![])), said(stat.clone(), Term::List(vec![]))]);
        let mut reading = reading(&[1.into(), 2.into(), 7.into(), links, busy], "a@host").unwrap();
        assert_eq!((reading.at_us, reading.helper_us, reading.n_links), (1, Some(2), Some(7)));
        assert_eq!(reading.links.len(), 1);
        reading.links.remove(0)
    };
    assert_eq!(with(Term::list([Term::Atom(Atom::known("b@host"))])).is_busy, Some(true));
    assert_eq!(with(Term::list([Term::Atom(Atom::known("c@host"))])).is_busy, Some(false));
    assert_eq!(with(Term::atom("x")).is_busy, None);
    let link = with(Term::List(vec![]));
    assert_eq!((link.is_hidden, link.is_ours, link.carrier.as_deref()), (Some(true), false, Some("tcp")));
    assert_eq!((link.address.as_deref(), link.pending_bytes), (Some("10.0.0.7:9100"), Some(99)));
}

#[test]
fn what_a_link_does_not_say_is_unknown() {
    for garbage in [Term::atom("none"), Term::List(vec![]), Term::tuple([]), Term::tuple([Term::atom("error")])] {
        let link = link(&said(garbage.clone(), garbage.clone()), "b@host", None).unwrap();
        assert!(link.is_ours);
        assert_eq!((link.pending_bytes, link.is_busy, link.in_bytes, link.out_packets), (None, None, None, None));
        assert_eq!(super::link(&garbage, "b@host", None), None);
        assert_eq!(reading(std::slice::from_ref(&garbage), "b@host"), None);
    }
}
