//! Peers that are no Erlang nodes, or wish us ill: an error in words each time, no panic, and no memory for mere claims.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{future::Future, time::Duration};

use md5::{Digest, Md5};
use midair_beam::{Address, CallError, Connection, Cookie, LocalName, Mfa, Options, Term, connect};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const LONG: Duration = Duration::from_secs(20);

/// Somebody on a port who does this with whoever comes.
async fn peer<F: Future<Output = ()> + Send + 'static>(act: impl FnOnce(TcpStream) -> F + Send + 'static) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { act(listener.accept().await.unwrap().0).await });
    Address::Direct(at)
}

/// Sends these bytes after it has read our name, and closes.
async fn answering(bytes: Vec<u8>) -> Address {
    peer(move |mut stream| async move {
        receive(&mut stream).await;
        stream.write_all(&bytes).await.unwrap();
    })
    .await
}

async fn receive(stream: &mut TcpStream) -> Vec<u8> {
    let length = stream.read_u16().await.unwrap();
    let mut body = vec![0; length.into()];
    stream.read_exact(&mut body).await.unwrap();
    body
}

fn options() -> Options {
    let mut options = Options::new(Cookie::from_text("secret").unwrap());
    options.within = Duration::from_secs(2);
    options.name = LocalName::Static("midair@localhost".into());
    options
}

async fn refusal(address: &Address) -> String {
    let refused = timeout(LONG, connect(address, &options())).await.expect("connecting is bounded");
    let text = refused.map(|_| ()).unwrap_err().to_string();
    assert!(!text.contains("secret") && !text.chars().any(char::is_control), "{text:?}");
    text
}

/// A peer that knows the cookie and shakes hands.
async fn greet(stream: &mut TcpStream) {
    receive(stream).await;
    stream.write_all(b"\0\x03sok").await.unwrap();
    stream.write_all(&challenge(u64::MAX, b"evil@host")).await.unwrap();
    let reply = receive(stream).await;
    let theirs = u32::from_be_bytes(*reply[1..].first_chunk().unwrap());
    let digest = Md5::digest(format!("secret{theirs}"));
    stream.write_all(&[&b"\0\x11a"[..], &digest].concat()).await.unwrap();
}

/// A connection to one that then sends these bytes and closes.
async fn greeted(bytes: Vec<u8>) -> Connection {
    let address = peer(move |mut stream| async move {
        greet(&mut stream).await;
        stream.write_all(&bytes).await.unwrap();
        // It goes when all was read: a reset would take away what was not.
        stream.shutdown().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap_or(0);
    })
    .await;
    connect(&address, &options()).await.unwrap()
}

fn challenge(flags: u64, name: &[u8]) -> Vec<u8> {
    let length = (19 + name.len()) as u16;
    let (length, n) = (length.to_be_bytes(), (name.len() as u16).to_be_bytes());
    [&length[..], b"N", &flags.to_be_bytes(), &[0; 8], &n, name].concat()
}

async fn ending(bytes: Vec<u8>) -> String {
    timeout(LONG, greeted(bytes).await.ended()).await.expect("it ends").to_string()
}

#[tokio::test]
async fn what_is_no_node_is_said_so() {
    for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH\r\n", b"\xff\xff", b"\0\0", b"\0\x02xx"] {
        let text = refusal(&answering(bytes.to_vec()).await).await;
        assert!(text.contains("handshake with the node at 127.0.0.1"), "{text}");
    }
    let text = refusal(&answering(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await).await;
    assert!(text.contains("does not speak Erlang distribution"), "{text}");
    let silent = peer(|stream| async move {
        tokio::time::sleep(LONG).await;
        drop(stream);
    });
    let text = refusal(&silent.await).await;
    assert!(text.contains("no answer within 2000 ms while we waited for its status"), "{text}");
}

#[tokio::test]
async fn half_a_handshake_is_said() {
    let ok = b"\0\x03sok".to_vec();
    let full = [ok.clone(), challenge(u64::MAX, b"a@b")].concat();
    for n in 0..full.len() {
        let text = refusal(&answering(full[..n].to_vec()).await).await;
        assert!(text.contains("the node closed while we waited for its"), "{n}: {text}");
    }
    assert!(refusal(&answering(full).await).await.contains("wrong cookie"));
    let old = [ok.clone(), b"\0\x09n\0\x05\0\0\0\0\0\0".to_vec()].concat();
    assert!(refusal(&answering(old).await).await.contains("from before OTP 23"));
    let lame = [ok.clone(), challenge(0x4, b"a@b")].concat();
    assert!(refusal(&answering(lame).await).await.contains("a@b is incompatible: it lacks"));
    let escape = [ok, challenge(u64::MAX, b"\x1b[2J@b")].concat();
    assert!(refusal(&answering(escape).await).await.contains("no challenge"));
}

#[tokio::test]
async fn one_that_does_not_prove_the_cookie_is_not_believed() {
    let address = peer(|mut stream| async move {
        receive(&mut stream).await;
        stream.write_all(&[b"\0\x03sok".to_vec(), challenge(u64::MAX, b"evil@host")].concat()).await.unwrap();
        receive(&mut stream).await;
        stream.write_all(&[&b"\0\x11a"[..], &[7; 16]].concat()).await.unwrap();
    });
    let text = refusal(&address.await).await;
    assert!(text.contains("evil@host did not prove that it knows the cookie"), "{text}");
}

#[tokio::test]
async fn frames_that_are_none_end_the_connection_in_words() {
    let frame = |body: &[u8]| [&(body.len() as u32).to_be_bytes()[..], body].concat();
    assert!(ending(vec![0xff; 64]).await.contains("a frame of 4294967295 bytes"));
    assert!(ending(frame(b"x")).await.contains("starts with 120, where 112 is agreed"));
    assert!(ending(frame(b"p")).await.contains("cut off"));
    assert!(ending(frame(b"p\x83h\xff")).await.contains("cut off"));
    assert!(ending(frame(&[&b"p\x83"[..], &b"h\x01".repeat(100_000)].concat())).await.contains("nested too deeply"));
    assert!(ending(frame(b"p\x83P\0\0\0\0")).await.contains("unknown tag 80"));
    assert!(ending(b"\0\0\0\x10p\x83".to_vec()).await.contains("closed the connection"));
}

#[tokio::test]
async fn messages_that_ask_for_nothing_known_are_skipped() {
    // {99, a, b}, {}, an atom, and a tick: then it closes, and only that ends it.
    let body = [&b"p\x83h\x03acw\x01aw\x01b"[..], b"p\x83h\0", b"p\x83w\x01x", b""];
    let bytes = body.iter().flat_map(|body| [&(body.len() as u32).to_be_bytes()[..], body].concat()).collect();
    assert!(ending(bytes).await.contains("closed the connection"));
}

#[tokio::test]
async fn garbage_at_random_never_panics() {
    let mut state = 0x1234_5678_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    for n in 0..100_u32 {
        let body: Vec<u8> = (0..n * 3).map(|_| byte()).collect();
        let body = [&b"p\x83h\x04a"[..], &body].concat();
        let connection = greeted([&(body.len() as u32).to_be_bytes()[..], &body].concat()).await;
        let call = connection.call(Mfa::new("erlang", "node"), vec![], LONG);
        timeout(LONG, call).await.expect("it ends").unwrap_err();
        // A panic of the task would leave no reason behind.
        let ended = connection.ended().await;
        assert!(!matches!(ended, midair_beam::Ended::Dropped), "after {n}");
    }
}

#[tokio::test]
async fn one_that_does_not_read_holds_nobody_up() {
    let address = peer(|mut stream| async move {
        greet(&mut stream).await;
        tokio::time::sleep(LONG).await;
    });
    let connection = connect(&address.await, &options()).await.unwrap();
    let call = || {
        let large = vec![Term::binary(vec![0; 4 << 20])];
        connection.call(Mfa::new("erlang", "byte_size"), large, Duration::from_millis(20))
    };
    // Many more than the task takes while it cannot write, and than wait for it.
    for _ in 0..100 {
        let error = timeout(LONG, call()).await.expect("a call is bounded").unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    }
}

#[tokio::test]
async fn one_that_asks_without_reading_is_given_up() {
    // {19, <p.1.0>, x, #Ref<1>}: who monitors a process that is not there is answered.
    let pid = b"Xw\x03e@h\0\0\0\x01\0\0\0\0\0\0\0\x01";
    let reference = b"Z\0\x01w\x03e@h\0\0\0\x01\0\0\0\x01";
    let body = [&b"p\x83h\x04a\x13"[..], pid, b"w\x01x", reference].concat();
    let frames = [&(body.len() as u32).to_be_bytes()[..], &body].concat().repeat(1_000);
    let address = peer(move |mut stream| async move {
        greet(&mut stream).await;
        while stream.write_all(&frames).await.is_ok() {}
    });
    let connection = connect(&address.await, &options()).await.unwrap();
    let ended = timeout(LONG, connection.ended()).await.expect("it ends").to_string();
    assert!(ended.starts_with("the node does not read"), "{ended}");
}
