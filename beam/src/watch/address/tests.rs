use super::*;

fn ints(words: &[i64]) -> Term {
    Term::Tuple(words.iter().map(|word| Term::from(*word)).collect())
}

#[test]
fn an_address_is_told_as_people_write_it() {
    let told = |host, port: i64| host_and_port(&Term::tuple([host, port.into()]));
    assert_eq!(told(ints(&[127, 0, 0, 1]), 4369).as_deref(), Some("127.0.0.1:4369"));
    assert_eq!(told(ints(&[0, 0, 0, 0, 0, 0, 0, 1]), 80).as_deref(), Some("[::1]:80"));
    assert_eq!(host_and_port(&Term::tuple([Term::atom("local"), Term::binary("/run/x")])).as_deref(), Some("/run/x"));
    let map = |pairs: [(&'static str, Term); 2]| Term::Map(pairs.map(|(key, value)| (Term::atom(key), value)).to_vec());
    let socket = map([("addr", ints(&[10, 0, 0, 7])), ("port", 80.into())]);
    assert_eq!(host_and_port(&socket).as_deref(), Some("10.0.0.7:80"));
    let local = map([("family", Term::atom("local")), ("path", Term::string("/run/y"))]);
    assert_eq!(host_and_port(&local).as_deref(), Some("/run/y"));
}

#[test]
fn what_is_no_address_is_unknown() {
    let told = |host, port: i64| host_and_port(&Term::tuple([host, port.into()]));
    assert_eq!(told(ints(&[127, 0, 0, 256]), 80), None);
    assert_eq!(told(ints(&[127, 0, 0, 1]), 65_536), None);
    assert_eq!(told(ints(&[1, 2, 3]), 80), None);
    assert_eq!(host_and_port(&Term::atom("undefined")), None);
    assert_eq!(host_and_port(&Term::Map(vec![])), None);
}
