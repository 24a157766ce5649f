//! What a node may tell when it is asked for a state.

use super::*;

#[test]
fn refusals_are_said_and_garbage_is_none() {
    let said = |parts: Vec<Term>| read(&Term::Tuple(parts)).unwrap_err().to_string();
    assert_eq!(said(vec![1.into(), Term::atom("undefined")]), "the process is gone");
    assert!(said(vec![2.into(), 500.into()]).contains("500 messages"));
    assert!(said(vec![3.into(), 1_048_576.into()]).contains("1024 KiB"));
    let place = Term::tuple([Term::atom("m"), Term::atom("f"), 2.into(), Term::List(vec![])]);
    assert!(said(vec![4.into(), place]).contains("it is in m:f/2"));
    assert!(said(vec![5.into(), Term::atom("timeout")]).ends_with("timeout"));
    for garbage in [vec![], vec![2.into(), Term::atom("x")], vec![9.into(), 1.into()], vec![Term::atom("ok"); 3]] {
        assert_eq!(read(&Term::Tuple(garbage)), Err(StateError::Garbled));
    }
    let printed = read(&Term::tuple([Term::atom("ok"), Term::binary(*b"{a,\xff}"), Term::atom("true")])).unwrap();
    assert_eq!(printed, Printed { text: "{a,\u{fffd}}".into(), is_cut: true });
}
