use super::*;
use crate::term::Atom;

fn pid(id: u32) -> Pid {
    Pid { node: Atom::fixed("target@127.0.0.1"), creation: 1, id, serial: 0 }
}

fn answer(stuck: Vec<Term>, rows: Vec<Term>) -> Term {
    Term::tuple([Term::Int(1), Term::Int(-500), Term::Int(70), Term::List(stuck), Term::List(rows)])
}

fn row(rest: &[i64]) -> Term {
    let mut items = vec![Term::Int(3), Term::Int(1000), Term::atom("waiting")];
    items.extend(rest.iter().map(|n| Term::Int(*n)));
    Term::Tuple(items)
}

#[test]
fn a_row_is_what_was_seen_and_sizes_are_bytes() {
    let reading = reading(&answer(vec![], vec![row(&[10, 20]), row(&[])]), &[pid(1), pid(2)], &[], 8).unwrap();
    let [(_, Some(first)), (_, Some(second))] = &reading.rows[..] else { panic!("{reading:?}") };
    assert_eq!(first.size, Some(Size { at_us: -500, memory_bytes: 80, binary_bytes: 160 }));
    assert_eq!((first.look.mailbox, first.look.status), (Some(3), Some(Status::Waiting)));
    assert_eq!(second.size, None);
}

#[test]
fn what_did_not_change_is_as_before_but_seen_now() {
    let pids = [pid(1), pid(2)];
    let first = reading(&answer(vec![], vec![row(&[10, 20]), Term::List(vec![])]), &pids, &[], 8).unwrap();
    let before: Vec<_> = first.rows.iter().map(|(_, seen)| *seen).collect();
    let mut later = answer(vec![], vec![Term::Int(1), Term::Int(1)]);
    if let Term::Tuple(items) = &mut later {
        items[1] = Term::Int(900);
    }
    let later = reading(&later, &pids, &before, 8).unwrap();
    assert_eq!(later.rows[0].1.unwrap().look.at_us, 900);
    assert_eq!(later.rows[0].1.unwrap().size.map(|size| (size.at_us, size.memory_bytes)), Some((900, 80)));
    assert_eq!(later.rows[1].1, None);
}

#[test]
fn those_that_are_stuck_or_missing_or_garbage_are_unknown() {
    let rows = vec![row(&[1, 1]), row(&[-1, 1]), Term::Int(7)];
    let pids = [pid(1), pid(2), pid(3), pid(4)];
    let reading = reading(&answer(vec![pid(1).into()], rows), &pids, &[], 8).unwrap();
    assert_eq!(reading.rows[0].1, None);
    assert_eq!(reading.rows[1].1.unwrap().size, None);
    assert_eq!((reading.rows[2].1, reading.rows[3].1), (None, None));
    assert_eq!(super::reading(&Term::Int(1), &pids, &[], 8), None);
}

#[test]
fn introductions_are_text_and_those_that_ended_are_left_out() {
    let long = "x".repeat(300);
    let call = Term::tuple([Term::atom("gen_server"), Term::atom("init"), Term::Int(1)]);
    let row = Term::list([
        Term::atom("q"),
        call,
        Term::list([]),
        Term::binary(long.as_bytes()),
        pid(9).into(),
        Term::atom("false"),
    ]);
    let answer = answer(vec![], vec![Term::List(vec![]), row]);
    let (work_us, rows) = introductions(&answer, &[pid(1), pid(2)]).unwrap();
    assert_eq!((work_us, rows.len()), (70, 1));
    let Introduction { pid: who, registered, initial_call, label, name, parent, is_ours } = &rows[0];
    assert_eq!((who, registered.as_deref(), label), (&pid(2), Some("q"), &None));
    assert_eq!(initial_call.as_deref(), Some("gen_server:init/1"));
    assert_eq!(name.as_ref().map(String::len), Some(MOST_CHARS));
    assert_eq!((parent, *is_ours), (&Some(Parent::Pid(pid(9))), false));
}
