use super::*;
use crate::term::Atom;

fn said(fields: [Term; 9]) -> Term {
    let port = Port { node: Atom::known("a@host"), creation: 1, id: 7 };
    Term::Tuple([vec![Term::Port(Box::new(port))], fields.to_vec()].concat())
}

fn unknown() -> Term {
    Term::List(vec![])
}

#[test]
fn a_row_tells_what_is_known_and_no_more() {
    let peer = Term::tuple([Term::tuple([127.into(), 0.into(), 0.into(), 1.into()]), 80.into()]);
    let whole = said([
        9.into(),
        1.into(),
        2.into(),
        3.into(),
        Term::string("tcp_inet"),
        unknown(),
        Term::atom("a_name"),
        Term::atom("true"),
        peer,
    ]);
    let row = row(&whole).unwrap();
    assert_eq!((row.port.id, row.name.as_deref(), row.is_dist), (7, Some("tcp_inet"), Some(true)));
    assert_eq!((row.owner_name.as_deref(), row.peer.as_deref()), (Some("a_name"), Some("127.0.0.1:80")));
    let counts = [row.queue_bytes, row.in_bytes, row.out_bytes, row.moved_bytes];
    assert_eq!(counts, [Some(9), Some(1), Some(2), Some(3)]);

    let bare = super::row(&said(std::array::from_fn(|_| unknown()))).unwrap();
    assert_eq!((bare.name, bare.owner, bare.owner_name, bare.is_dist, bare.peer), (None, None, None, None, None));
    assert_eq!((bare.queue_bytes, bare.in_bytes, bare.moved_bytes), (None, None, None));
}

#[test]
fn garbage_is_no_row() {
    for garbage in [Term::atom("x"), Term::tuple([]), Term::tuple([1.into()]), Term::tuple(vec![Term::from(1); 10])] {
        assert_eq!(row(&garbage), None);
        let reading = reading(&[1.into(), garbage.clone(), garbage.clone(), garbage.clone(), garbage.clone(), garbage]);
        assert_eq!(reading, Some(PortReading { at_us: 1, ..PortReading::default() }));
    }
    assert_eq!(reading(&[]), None);
}
