//! How we come, as whom, and what is said where we are not taken.

use std::time::Duration;

use midair_beam::{Address, ConnectError, Cookie, HandshakeError, LocalName, Term, Trouble, connect, epmd};
use tokio::time::sleep;

use crate::{
    mapper::Mapper,
    node::{LONG, Node, call, eval, free_port, launch, names, options},
};

fn handshake_error(error: ConnectError) -> HandshakeError {
    match error {
        ConnectError::Handshake { source, .. } => source,
        other => panic!("no error of the handshake: {other}"),
    }
}

#[tokio::test]
async fn a_dynamic_name_is_hidden_and_given_by_the_node() {
    let node = Node::start().await;
    let connection = node.connect().await;
    assert_eq!(connection.agreed().peer, node.name);
    assert_eq!(call(&connection, "erlang", "node", vec![]).await.as_atom(), Some("target@127.0.0.1"));
    assert_eq!(names(&call(&connection, "erlang", "nodes", vec![]).await), [""; 0]);
    let hidden = names(&call(&connection, "erlang", "nodes", vec![Term::atom("hidden")]).await);
    assert_eq!(hidden, [connection.agreed().name.as_str()]);
}

#[tokio::test]
async fn a_static_name_is_ours_and_taken_once() {
    let node = Node::start().await;
    let mut named = options();
    named.name = LocalName::Static("midair@127.0.0.1".into());
    let first = node.try_connect(&named).await.unwrap();
    let hidden = names(&call(&first, "erlang", "nodes", vec![Term::atom("hidden")]).await);
    assert_eq!(hidden, ["midair@127.0.0.1"]);

    let error = node.try_connect(&named).await.unwrap_err();
    assert!(error.to_string().contains("the name is in use"), "{error}");
    call(&first, "erlang", "node", vec![]).await;
    assert!(first.is_up());

    drop(first);
    let mut tries = 0;
    while let Err(error) = node.try_connect(&named).await {
        tries += 1;
        assert!(tries < 100, "the name stays taken: {error}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_wrong_cookie_is_said_as_such() {
    let node = Node::start().await;
    let mut wrong = options();
    wrong.cookie = Cookie::from_text("not-the-secret").unwrap();
    let error = node.try_connect(&wrong).await.unwrap_err();
    assert_eq!(error.trouble(), Trouble::Refused);
    let text = error.to_string();
    assert!(matches!(handshake_error(error), HandshakeError::WrongCookie), "{text}");
    assert!(text.contains("wrong cookie") && !text.contains("not-the-secret"), "{text}");
    node.connect().await;
}

#[tokio::test]
async fn a_node_that_allows_others_says_so_and_takes_those() {
    let node = Node::start_with(&["-eval", "net_kernel:allow(['friend@127.0.0.1'])."]).await;
    let error = handshake_error(node.try_connect(&options()).await.unwrap_err());
    assert!(matches!(error, HandshakeError::NotAllowed(LocalName::Dynamic)), "{error}");
    let mut named = options();
    named.name = LocalName::Static("friend@127.0.0.1".into());
    node.try_connect(&named).await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_before_anything_is_sent() {
    let node = Node::start().await;
    for name in ["midair", "@host", "midair@", &"x".repeat(300)] {
        let mut named = options();
        named.name = LocalName::Static(name.into());
        let error = handshake_error(node.try_connect(&named).await.unwrap_err());
        assert!(matches!(error, HandshakeError::BadName(_)), "{error}");
    }
}

#[tokio::test]
async fn a_node_is_found_through_epmd() {
    let mapper = Mapper::start().await;
    let at = mapper.at.clone();
    let _node = launch("mapped", &[], Some(mapper.port)).await.expect("a node with epmd starts");
    let known = epmd::names(&at, LONG).await.unwrap();
    assert_eq!(known.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["mapped"]);
    let address = |name: &str| Address::Epmd { epmd: at.clone(), name: name.into() };
    let connection = connect(&address("mapped"), &options()).await.unwrap();
    assert_eq!(connection.agreed().peer, "mapped@127.0.0.1");
    let error = connect(&address("absent"), &options()).await.unwrap_err();
    assert!(error.to_string().contains("knows no node absent"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_said() {
    let error = connect(&Address::Direct(format!("127.0.0.1:{}", free_port())), &options()).await.unwrap_err();
    assert!(error.to_string().contains("cannot reach the node"), "{error}");
    assert_eq!(error.trouble(), Trouble::Absent);
}

#[tokio::test]
async fn two_hundred_connections_leave_few_atoms() {
    let node = Node::start().await;
    let watch = node.connect().await;
    let atoms = || async { eval(&watch, "erlang:system_info(atom_count).").await.as_int().unwrap() };
    // What a first connection and a first call load is there whoever comes.
    let once = || async {
        let connection = node.connect().await;
        call(&connection, "erlang", "system_info", vec![Term::atom("atom_count")]).await;
    };
    once().await;
    let before = atoms().await;
    for _ in 0..200 {
        once().await;
    }
    let made = atoms().await - before;
    eprintln!("{made} atoms after 200 connections");
    assert!(made <= 5, "{made} atoms after 200 connections");
}
