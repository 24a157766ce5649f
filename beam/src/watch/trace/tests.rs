//! What a node may tell after a trace, and what is made of it.

use super::*;

fn atom(name: &'static str) -> Term {
    Term::atom(name)
}

fn told(senders: Vec<Term>) -> Term {
    Term::tuple([atom("ok"), 3.into(), 2.into(), 1_000_000.into(), Term::List(senders), Term::Map(Vec::new())])
}

fn row(node: Term, sender: Term, tag: Term, n: i64) -> Term {
    Term::tuple([Term::tuple([Term::tuple([node, sender]), tag]), n.into()])
}

#[test]
fn counts_are_read_with_their_senders_and_tags() {
    let tags = [
        (atom("tick"), "tick"),
        (Term::tuple([atom("tcp")]), "{tcp, ..}"),
        (Term::tuple([9.into()]), "{reference, ..}"),
        (4.into(), "list"),
        (Term::tuple([atom("$gen_call"), Term::tuple([atom("get")])]), "call {get, ..}"),
        (Term::tuple([atom("$gen_cast"), 6.into()]), "cast map"),
        (77.into(), "?"),
    ];
    for (tag, text) in tags {
        let read = read(&told(vec![row(atom("clock_service"), atom("undefined"), tag, 3)]), 9, "home@h").unwrap();
        assert_eq!(read.counts[0].tag.as_deref(), Some(text));
        assert_eq!(read.counts[0].sender, Sender::Vm("clock_service".into()));
        assert_eq!((read.n, read.is_cut, read.per_second()), (5, false, Some(5.0)));
    }
    let many = vec![Term::tuple([Term::List(vec![]), 9.into()]), row(atom("a@b"), atom("undefined"), 1.into(), 10)];
    let read = read(&told(many), 3, "home@h").unwrap();
    assert!(read.is_cut);
    let senders: Vec<_> = read.counts.iter().map(|count| (count.sender.clone(), count.n)).collect();
    assert_eq!(senders, [(Sender::Node("a@b".into()), 10), (Sender::Others, 9)]);
}

#[test]
fn refusals_and_garbage_are_told_apart() {
    let error = |parts: Vec<Term>| read(&Term::Tuple(parts), 1, "home@h").unwrap_err();
    assert_eq!(error(vec![atom("error"), atom("undefined")]), TraceError::Gone);
    assert_eq!(error(vec![atom("error"), atom("match_spec")]), TraceError::Pattern);
    assert!(matches!(error(vec![atom("error"), 1.into(), 2.into()]), TraceError::Traced(_)));
    assert_eq!(error(vec![]), TraceError::Garbled);
    assert_eq!(error(vec![atom("ok"); 6]), TraceError::Garbled);
    let rows = vec![1.into(), Term::tuple([1.into(), 2.into()]), Term::tuple([Term::tuple([]), 2.into()])];
    assert_eq!(read(&told(rows), 9, "home@h").unwrap().counts, []);
}
