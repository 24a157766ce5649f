use super::*;

#[test]
fn a_socket_tells_what_is_known() {
    let map = |pairs: &[(&'static str, Term)]| {
        Term::Map(pairs.iter().map(|(key, value)| (Term::atom(key), value.clone())).collect())
    };
    let counters = map(&[("read_byte", 5.into()), ("write_byte", 6.into())]);
    let info = map(&[("counters", counters), ("num_writers", 1.into()), ("protocol", Term::atom("tcp"))]);
    let told = row(&Term::tuple([info, Term::List(vec![]), Term::atom("a_name")])).unwrap();
    let expected = SocketRow {
        owner_name: Some("a_name".into()),
        protocol: Some("tcp".into()),
        in_bytes: Some(5),
        out_bytes: Some(6),
        n_writers: Some(1),
        ..SocketRow::default()
    };
    assert_eq!(told, expected);
}

#[test]
fn garbage_is_no_socket() {
    for garbage in [Term::atom("undefined"), Term::tuple([]), Term::from(7), Term::List(vec![])] {
        assert_eq!(row(&garbage), None);
        assert_eq!(row(&Term::Tuple(vec![garbage.clone(); 3])).and_then(|row| row.in_bytes), None);
        assert_eq!(reading(&garbage), None);
    }
}
