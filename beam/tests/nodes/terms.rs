//! Terms of all kinds, there and back, against the VM's own codec.

use midair_beam::{
    Connection, Term,
    term::{Decoder, encode},
};

use crate::node::{Node, call, eval};

async fn comes_back(connection: &Connection, term: Term) {
    // Out and in as part of messages.
    let echo = call(connection, "erlang", "hd", vec![Term::list([term.clone()])]).await;
    assert_eq!(echo, term);
    // The VM's bytes, read by us.
    let theirs = call(connection, "erlang", "term_to_binary", vec![term.clone()]).await;
    let mut decoder = Decoder::default();
    let (read, rest) = decoder.decode(theirs.as_binary().unwrap()).unwrap();
    // A fun stays unread, and to a file the VM writes the atoms within it in an older form than to us.
    assert!(read == term || matches!((&read, &term), (Term::Fun(_), Term::Fun(_))), "{read}");
    assert!(rest.is_empty());
    // Our bytes, read by the VM.
    let mut ours = Vec::new();
    encode(&term, &mut ours).unwrap();
    let read = call(connection, "erlang", "binary_to_term", vec![Term::binary(ours)]).await;
    assert_eq!(call(connection, "erlang", "=:=", vec![read, term.clone()]).await, Term::atom("true"), "{term}");
}

#[tokio::test]
async fn terms_of_all_kinds_come_back() {
    let node = Node::start().await;
    let connection = node.connect().await;
    for expression in [
        "[0, 255, 256, -1, 1 bsl 31, -(1 bsl 31), (1 bsl 31) - 1, 1 bsl 59, 1 bsl 63, -(1 bsl 63), (1 bsl 64) - 1].",
        "[1 bsl 64, -(1 bsl 64), 1 bsl 2039, 1 bsl 2040, -(1 bsl 5000)].",
        "[0.0, -1.5, 1.0e300, 1.0e-300].",
        "[ok, '', 'with space', 'größe', list_to_atom(lists:duplicate(255, 223))].",
        "[<<>>, <<1,2,3>>, <<5:3>>, <<1,2,1:1>>, <<\"text\">>].",
        "[{}, {a}, {a,{b,[c]}}, list_to_tuple(lists:seq(1, 300))].",
        "[[], \"string\", [1|2], [a,b|c], [[[]]], lists:duplicate(70000, 7), lists:seq(250, 260)].",
        "[#{}, #{a => 1, <<\"b\">> => [#{}], {c} => 2.5}].",
        "[self(), make_ref(), erlang:alias([reply]), group_leader()] ++ lists:sublist(erlang:ports(), 3).",
        "[fun erlang:node/0, fun lists:map/2].",
        "X = 7, [fun() -> X end, fun(Y) -> X + Y end].",
    ] {
        let term = eval(&connection, expression).await;
        for item in term.as_list().unwrap() {
            comes_back(&connection, item.clone()).await;
        }
    }
}
