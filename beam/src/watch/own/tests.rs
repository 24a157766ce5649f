use super::*;
use crate::term::Atom;

fn pair(name: &'static str, value: Term) -> Term {
    Term::tuple([Term::atom(name), value])
}

#[test]
fn links_to_other_nodes_and_ports_are_no_helpers_of_ours() {
    let pid = |node: &'static str| Pid { node: Atom::fixed(node), id: 7, serial: 0, creation: 1 };
    let links = Term::List(vec![pid("a@b").into(), pid("midair@c").into(), Term::atom("port")]);
    let told = Term::List(vec![pair("memory", 100.into()), pair("links", links)]);
    let held = read(&told, "a@b").unwrap();
    assert_eq!((held.memory_bytes, held.reductions), (Some(100), None));
    assert_eq!(held.links, [pid("a@b")]);
}

#[test]
fn whoever_is_gone_holds_nothing_and_garbage_is_no_answer() {
    for told in [Term::atom("undefined"), Term::from(7), Term::tuple([Term::atom("memory"), 1.into()])] {
        assert_eq!(read(&told, "a@b"), None);
    }
    let odd = Term::List(vec![Term::from(1), pair("memory", Term::atom("much"))]);
    assert_eq!(read(&odd, "a@b"), Some(Held::default()));
}
