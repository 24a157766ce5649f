//! Links to other nodes: what went through, what waits, and who waits because of it.

use std::{fs, time::Instant};

use midair_beam::{
    Connection, Mfa, ServerCheck, Term, Tls,
    watch::{DistWatch, dist::Link},
};

use tempfile::TempDir;
use tokio::time::{Duration, sleep};

use crate::{
    node::{LONG, Node, call, eval, options, until},
    pair::{Pair, ping, stop},
};

async fn watch(connection: &Connection) -> DistWatch {
    DistWatch::start(connection, LONG).await.unwrap()
}

async fn link_to_b(watch: &mut DistWatch) -> Link {
    let reading = watch.read().await.unwrap();
    reading.links.into_iter().find(|link| link.node == "b@127.0.0.1").expect("a link to b")
}

#[tokio::test]
async fn a_link_tells_what_went_through_it() {
    let pair = Pair::start(&[]).await;
    let a = pair.connect("a").await;
    ping(&a).await;
    let mut watch = watch(&a).await;
    let before = link_to_b(&mut watch).await;
    eval(&a, "{x, 'b@127.0.0.1'} ! binary:copy(<<7>>, 100000), rpc:call('b@127.0.0.1', erlang, node, []).").await;
    let after = link_to_b(&mut watch).await;
    let told = eval(
        &a,
        "[{_, P}] = [C || {'b@127.0.0.1', _} = C <- erlang:system_info(dist_ctrl)], element(2, inet:getstat(P)).",
    )
    .await;
    for (value, name) in [
        (after.in_bytes, "recv_oct"),
        (after.out_bytes, "send_oct"),
        (after.in_packets, "recv_cnt"),
        (after.out_packets, "send_cnt"),
    ] {
        assert!(value > Some(0));
        assert_eq!(value, told.get(name).and_then(Term::as_count), "{name}");
    }
    assert!(after.out_bytes.unwrap() - before.out_bytes.unwrap() > 100_000);
    assert_eq!((after.pending_bytes, after.is_busy), (Some(0), Some(false)));
    assert_eq!((after.is_hidden, after.is_ours, after.state.as_deref()), (Some(false), false, Some("up")));
    assert_eq!(after.carrier.as_deref(), Some("tcp"));
    assert!(after.address.unwrap().starts_with("127.0.0.1:"));
    let reading = watch.read().await.unwrap();
    assert_eq!(reading.n_links, Some(2));
    let ours: Vec<_> = reading.links.iter().filter(|link| link.is_ours).collect();
    assert!(ours.len() == 1 && ours[0].node == a.agreed().name.as_str() && ours[0].is_hidden == Some(true));
    assert!(reading.helper_us > Some(0));
}

#[tokio::test]
async fn a_link_to_a_node_that_stands_still_fills_and_suspends_who_sends() {
    let pair = Pair::start(&[]).await;
    let (a, b) = (pair.connect("a").await, pair.connect("b").await);
    ping(&a).await;
    let mut watch = watch(&a).await;
    stop(&b).await;
    let sender = eval(
        &a,
        "Big = binary:copy(<<7>>, 100000), spawn(fun() -> (fun Loop() -> {x, 'b@127.0.0.1'} ! Big, Loop() end)() end).",
    )
    .await;
    // The buffers of the system fill first, in turns: only then it stays so.
    let start = Instant::now();
    while link_to_b(&mut watch).await.is_busy != Some(true) {
        assert!(start.elapsed() < LONG);
        sleep(Duration::from_millis(20)).await;
    }
    let status = [sender, Term::atom("status")];
    until(&a, "erlang", "process_info", &status, &Term::tuple([Term::atom("status"), Term::atom("suspended")])).await;
    // Less than the limit may wait by then, and stay: what was said is whether who sends there is suspended.
    let link = link_to_b(&mut watch).await;
    assert!(link.is_busy == Some(true) && link.pending_bytes > Some(100_000), "{link:?}");
    let reading = watch.read().await.unwrap();
    let ours = reading.links.iter().find(|link| link.is_ours).unwrap();
    assert_eq!(ours.is_busy, Some(false));
}

#[tokio::test]
async fn the_helper_of_links_is_gone_after_the_cut() {
    let node = Node::start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let mut watch = watch(&connection).await;
    assert_eq!(watch.read().await.unwrap().links.len(), 2);
    let process = Term::from(watch.process().clone());
    call(&other, "erlang", "disconnect_node", vec![connection.agreed().name.clone().into()]).await;
    until(&other, "erlang", "is_process_alive", &[process], &Term::atom("false")).await;
    watch.read().await.unwrap_err();
}

#[tokio::test]
async fn a_thousand_readings_leave_the_helper_as_small_as_it_was() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let mut watch = watch(&connection).await;
    let start = Instant::now();
    for _ in 0..1000 {
        watch.read().await.unwrap();
        assert!(start.elapsed() < LONG);
    }
    let memory = [Term::from(watch.process().clone()), Term::atom("memory")];
    let memory = connection.call(Mfa::new("erlang", "process_info"), memory.to_vec(), LONG).await.unwrap();
    let bytes = memory.as_tuple().unwrap()[1].as_count().unwrap();
    assert!(bytes < 400_000, "{bytes} bytes");
}

/// A node whose links go through TLS, and a connection to it.
async fn over_tls() -> (Node, Connection, TempDir) {
    let files = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap().pem();
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let (certificate_file, key_file) = (path("certificate.pem"), path("key.pem"));
    fs::write(&certificate_file, &certificate).unwrap();
    fs::write(&key_file, key.serialize_pem()).unwrap();
    let pair = ["server_certfile", &certificate_file, "server_keyfile", &key_file];
    let node = Node::start_with(&[&["-proto_dist", "inet_tls", "-ssl_dist_opt"][..], &pair].concat()).await;
    let mut options = options();
    options.tls = Some(Tls::new(certificate.as_bytes(), &ServerCheck::Pinned, None).unwrap());
    let connection = node.try_connect(&options).await.unwrap();
    (node, connection, files)
}

#[tokio::test]
async fn a_link_over_tls_tells_as_much_as_one_over_tcp() {
    let (_node, connection, _files) = over_tls().await;
    let mut watch = watch(&connection).await;
    let before = watch.read().await.unwrap().links.remove(0);
    call(&connection, "binary", "copy", vec![Term::binary("x"), 1_000_000.into()]).await;
    let after = watch.read().await.unwrap().links.remove(0);
    assert_eq!((after.is_ours, after.carrier.as_deref(), after.state.as_deref()), (true, Some("tls"), Some("up")));
    assert_eq!((after.pending_bytes, after.is_busy), (Some(0), Some(false)));
    let sent = after.out_bytes.unwrap() - before.out_bytes.unwrap();
    assert!((1_000_000..1_100_000).contains(&sent), "{sent}");
    assert!(after.in_bytes > before.in_bytes && after.out_packets > before.out_packets && before.in_packets > Some(0));
}
