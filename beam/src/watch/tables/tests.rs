use super::*;

#[test]
fn memory_is_told_in_bytes_where_the_word_is_known() {
    let pair = |name, value| Term::tuple([Term::atom(name), value]);
    let info = Term::list([pair("name", Term::atom("a_table")), pair("memory", 305.into()), pair("size", 2.into())]);
    let table = Term::tuple([info, Term::List(vec![])]);
    let told = row(&table, Some(8)).unwrap();
    let expected =
        TableRow { name: Some("a_table".into()), bytes: Some(2440), n_objects: Some(2), ..TableRow::default() };
    assert_eq!(told, expected);
    assert_eq!(row(&table, None).unwrap().bytes, None);
    assert_eq!(row(&table, Some(u64::MAX)).unwrap().bytes, None);
}

#[test]
fn garbage_is_no_table() {
    for garbage in [Term::atom("undefined"), Term::tuple([]), Term::from(7), Term::List(vec![])] {
        assert_eq!(row(&garbage, Some(8)), None);
        let nothing = row(&Term::tuple([garbage.clone(), garbage.clone()]), Some(8)).map(|row| (row.bytes, row.owner));
        assert_eq!(nothing, Some((None, None)));
        assert_eq!(reading(&garbage, Some(8)), None);
    }
}
