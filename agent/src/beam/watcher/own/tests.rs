use midair_beam::Atom;

use super::*;

fn pid(id: u32) -> Pid {
    Pid { node: Atom::fixed("a@b"), id, serial: 0, creation: 1 }
}

fn seen(reductions: u64) -> Option<Held> {
    Some(Held { reductions: Some(reductions), ..Held::default() })
}

#[test]
fn looks_are_booked_once_and_those_that_ended_are_not_taken_back() {
    let mut own = Own { node_reductions: 1000, ..Own::default() };
    own.take_looks(&[pid(1), pid(2)], &[seen(1000), seen(500)]);
    assert_eq!(own.take_looks_us(100), 150);
    own.take_looks(&[pid(1), pid(2)], &[seen(3000), None]);
    assert_eq!(own.take_looks_us(100), 200);
    own.take_looks(&[], &[]);
    assert_eq!(own.take_looks_us(100), 0);
}
