use super::*;

fn counted(n: i64, module: &'static str) -> Term {
    Term::tuple([n.into(), Term::tuple([Term::atom(module), Term::atom("lookup"), 2.into()])])
}

fn said(functions: Term) -> Term {
    Term::tuple([Term::Int(-5), 9.into(), 100.into(), 90.into(), 17.into(), 16.into(), functions])
}

#[test]
fn functions_are_text_with_their_counts() {
    let reading = reading(&said(Term::list([counted(12, "ets"), counted(4, "lists")]))).unwrap();
    assert_eq!(reading.functions, [("ets:lookup/2".to_owned(), 12), ("lists:lookup/2".to_owned(), 4)]);
    assert_eq!((reading.at_us, reading.n_active, reading.n_answered), (-5, Some(17), Some(16)));
}

#[test]
fn garbage_is_left_out() {
    let functions =
        Term::list([counted(-1, "ets"), 7.into(), Term::tuple([1.into(), Term::tuple([])]), counted(1, "ets")]);
    assert_eq!(reading(&said(functions)).unwrap().functions, [("ets:lookup/2".to_owned(), 1)]);
    assert_eq!(reading(&said(Term::atom("x"))).unwrap().functions, []);
    assert_eq!(reading(&Term::tuple([1.into()])), None);
}
