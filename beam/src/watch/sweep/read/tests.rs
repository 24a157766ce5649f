use super::*;
use crate::{term::Atom, watch::sweep::Order};

fn pid(id: u32) -> Pid {
    Pid { node: Atom::fixed("target@127.0.0.1"), creation: 1, id, serial: 0 }
}

fn int(n: u64) -> Term {
    n.into()
}

fn found(id: u32, mailbox: u64, before: u64, status: &'static str) -> Term {
    let looks = int(before << 36 | 0b10);
    let found = [pid(id).into(), int(mailbox), looks, int(5000), int(1000), Term::atom(status)];
    Term::tuple([Term::tuple(found), Term::tuple([Term::Int(-500), Term::Int(-2_000_500)])])
}

fn report(statuses: Term, rows: Vec<Term>) -> Term {
    let time = Term::tuple([Term::Int(-600), Term::Int(-400), int(1_000_000), int(70)]);
    let counts = Term::tuple([int(10), int(777), statuses]);
    let which = Term::tuple([int(2), int(8), int(4)]);
    Term::tuple([Term::atom("report"), which, time, counts, Term::List(rows), Term::list([pid(99).into()])])
}

#[test]
fn rates_come_from_both_looks() {
    let rows = vec![found(1, 30, 10, "waiting"), found(2, 5, 9, "running"), found(1, 30, 10, "waiting")];
    let pass = pass(&report(int(1), rows), 20).unwrap();
    assert_eq!((pass.n_swept, pass.n_messages, pass.own_work_us), (10, 777, 70));
    assert_eq!(pass.rows.len(), 3, "the one that is left out is the third");
    let first = pass.first(Order::MailboxGrowth);
    assert_eq!(first.iter().map(|row| row.pid.id).collect::<Vec<_>>(), [1]);
    assert_eq!(first[0].mailbox_growth(), Some(10.0));
    assert_eq!(first[0].reductions_rate(), Some(2000.0));
    let active = pass.first(Order::ActiveShare);
    assert_eq!(active.iter().map(|row| row.pid.id).collect::<Vec<_>>(), [2]);
    assert_eq!(active[0].looks.and_then(|looks| looks.share()), Some(0.5));
}

#[test]
fn statuses_are_fields_of_their_sum() {
    // 1 running, 2 runnable, 4 suspended: beyond 64 bits.
    let mut bytes = [0_u8; 15];
    (bytes[0], bytes[3], bytes[9]) = (1, 2, 4);
    let sum = crate::term::BigInt::from_bytes(false, &bytes);
    let statuses = pass(&report(sum, vec![]), 20).unwrap().statuses;
    let expected = Statuses { running: 1, runnable: 2, suspended: 4, waiting: 3, ..Statuses::default() };
    assert_eq!(statuses, expected);
}

fn held(id: u32, memory: u64, before: u64) -> Term {
    let looks = int(7 << 36 | 0b1010);
    let found = [pid(id).into(), int(5000), looks, int(memory), int(before), int(30), int(NO_SIZE)];
    Term::tuple([Term::tuple(found), Term::tuple([Term::Int(-500), Term::Int(-1_000_500)])])
}

#[test]
fn what_a_process_holds_is_in_bytes_and_joins_its_row() {
    let pass = pass(&report(int(0), vec![held(1, 100, 60), held(2, 50, 50), found(1, 1, 1, "waiting")]), 20).unwrap();
    assert_eq!(pass.rows.len(), 3);
    let first = pass.first(Order::Memory);
    assert_eq!(first.iter().map(|row| row.pid.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(first[0].size.map(|size| (size.memory_bytes, size.binary_bytes)), Some((800, 240)));
    assert_eq!((first[0].now.status, first[0].now.mailbox), (Some(Status::Waiting), Some(1)));
    assert_eq!((first[1].now.status, first[1].now.mailbox), (None, Some(7)));
    assert_eq!(first[1].looks, Some(crate::watch::sweep::Looks { active: 1, of: 3 }));
    // What they held before is unknown, since one of the numbers is.
    assert_eq!((first[0].size_before, first[0].memory_growth()), (None, None));
}

#[test]
fn those_left_out_are_rows_of_which_nothing_is_known() {
    let pass = pass(&report(int(0), vec![]), 20).unwrap();
    assert_eq!(pass.left_out, [pid(99)]);
    assert_eq!((&pass.rows[0].pid, pass.rows[0].now, pass.rows[0].looks), (&pid(99), Look::default(), None));
}

#[test]
fn a_process_that_is_new_has_no_look_before() {
    let looks = int(1 << 58 | 1);
    let new = [pid(1).into(), int(3), looks, int(9), int(1 << 58), Term::atom("waiting")];
    let row = Term::tuple([Term::tuple(new), Term::tuple([Term::Int(2), Term::Int(1)])]);
    let row = looked(&row).unwrap();
    assert_eq!((row.before, row.mailbox_growth(), row.reductions_rate()), (None, None, None));
    assert_eq!(row.looks, Some(crate::watch::sweep::Looks { active: 0, of: 1 }));
}

#[test]
fn what_is_no_report_is_none_and_rows_that_are_none_are_left_out() {
    assert_eq!(pass(&Term::Int(1), 20), None);
    assert_eq!(pass(&report(Term::atom("garbage"), vec![]), 20), None);
    let rows = vec![Term::Int(1), found(1, 1, 1, "no such status")];
    let pass = pass(&report(int(0), rows), 20).unwrap();
    let row = pass.rows.iter().find(|row| row.pid == pid(1)).unwrap();
    assert_eq!(pass.rows.len(), 2);
    assert_eq!((row.now.status, row.looks), (None, None));
}

#[test]
fn who_holds_it_up_is_said_in_words() {
    let told = Term::tuple([Term::atom("timeout"), Term::list([pid(7).into(), pid(8).into()]), int(2_700_000)]);
    let said = stuck(&told).unwrap().unwrap();
    assert_eq!(said.to_string(), "stuck behind <0.7.0>, <0.8.0> for 2 s");
    let over = Term::tuple([Term::atom("timeout"), Term::list([]), int(0)]);
    assert_eq!(stuck(&over), Some(None));
    assert_eq!(stuck(&report(int(0), vec![])), None);
}

#[test]
fn what_is_told_early_is_no_pass_and_garbage_is_neither() {
    let message = |rows| Term::tuple([Term::atom("first"), int(3), rows]);
    let rows = Term::List(vec![found(1, 3000, 10, "running"), int(7), held(2, 100, 60)]);
    let told = early(&message(rows)).unwrap();
    assert_eq!((told.pass, told.rows.len()), (3, 1));
    assert_eq!((told.rows[0].pid.id, told.rows[0].now.mailbox), (1, Some(3000)));
    for garbage in [message(int(1)), Term::tuple([Term::atom("timeout"), int(3), Term::List(vec![])]), int(3)] {
        assert_eq!(early(&garbage), None);
    }
}
