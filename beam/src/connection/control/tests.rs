use super::*;
use crate::term::{Decoder, Words};

fn pid_of(id: u32) -> Pid {
    Pid { node: Atom::fixed("a@b"), creation: 1, id, serial: 0 }
}

fn of(op: i64, items: Vec<Term>, payload: Option<Term>) -> Signal {
    let control = [vec![op.into()], items].concat();
    signal(Term::Tuple(control), payload.map(Ok))
}

#[test]
fn an_exit_is_read_from_all_its_forms() {
    let (from, to, token) = (Term::from(pid_of(1)), Term::from(pid_of(2)), Term::List(vec![]));
    let reference = Term::from(Reference { node: Atom::fixed("a@b"), creation: 1, words: Words::new(&[1]).unwrap() });
    let reason = Term::atom("killed");
    let both = || vec![from.clone(), to.clone()];
    let forms = [
        of(EXIT, [both(), vec![reason.clone()]].concat(), None),
        of(EXIT2, [both(), vec![reason.clone()]].concat(), None),
        of(EXIT_TT, [both(), vec![token.clone(), reason.clone()]].concat(), None),
        of(PAYLOAD_EXIT, both(), Some(reason.clone())),
        of(PAYLOAD_EXIT_TT, [both(), vec![token]].concat(), Some(reason.clone())),
        of(MONITOR_P_EXIT, [both(), vec![reference.clone(), reason.clone()]].concat(), None),
        of(PAYLOAD_MONITOR_P_EXIT, [both(), vec![reference]].concat(), Some(reason)),
    ];
    for form in forms {
        let Signal::Exit { from, to, reason } = form else { panic!("{form:?} is no exit") };
        assert_eq!((from, to, reason), (pid_of(1), pid_of(2), Ok(Term::atom("killed"))));
    }
}

#[test]
fn what_is_not_known_or_half_there_asks_nothing() {
    for op in -1..60 {
        for n in 0..5 {
            let is_other = matches!(of(op, vec![Term::atom("x"); n], None), Signal::Other);
            assert!(is_other, "{op} with {n} atoms");
        }
    }
    assert!(matches!(signal(Term::atom("x"), None), Signal::Other));
    assert!(matches!(of(SEND, vec![Term::atom(""), pid_of(1).into()], None), Signal::Other));
}

#[test]
fn a_frame_has_its_length_before_it() {
    let bytes = frame(&send(pid_of(1)), Some(&Term::atom("hi"))).unwrap();
    assert_eq!(u32::from_be_bytes(*bytes.first_chunk().unwrap()) as usize, bytes.len() - 4);
    let mut decoder = Decoder::default();
    let (control, rest) = decoder.decode(&bytes[5..]).unwrap();
    assert_eq!(control.as_tuple().map(<[Term]>::len), Some(3));
    assert_eq!(decoder.decode(rest).map(|(term, _)| term), Ok(Term::atom("hi")));
}
