use super::*;

#[test]
fn names_pass_through_the_words_of_the_map() {
    let (name, parent) = (*b"hostile\x1b[2J\xff\n\0\0\0", *b"exactly fifteen\0");
    assert_eq!(names(&pair(&name, &parent)), (name, parent));
}

#[test]
fn where_the_loader_has_left_something_out_nothing_is_counted() {
    let fd = || std::fs::File::open("/dev/null").expect("it opens").into();
    let mut loaded = Loaded(vec![("process_exit".into(), fd()), (BY_NAME.into(), fd())]);
    assert!(Exits::of(&mut loaded).is_none());
    let all = ["process_exit", "process_free", BY_NAME, TOTALS, SWEPT];
    let mut loaded = Loaded(all.map(|name| (name.into(), fd())).into());
    assert!(Exits::of(&mut loaded).is_none(), "what is no map is not taken for one");
}
