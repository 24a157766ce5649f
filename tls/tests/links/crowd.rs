//! What those can do who never finish: nothing to those who do.

use std::{io::Write as _, time::Duration};

use midair_tls::{Acceptor, Connector, Role, Unaccepted};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::host::{Pki, accept, credentials, dial, listener};

/// Far longer than any test.
const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_crowd_that_never_finishes_goes_oldest_first_and_who_finishes_comes_in() {
    const N_PLACES: usize = 4;
    const N_CROWD: usize = 50;
    let pki = Pki::new();
    let acceptor = Acceptor::new(credentials(pki.year(Role::Agent, "n7"))).bounded(N_PLACES, LONG);
    let connector = Connector::new(credentials(pki.year(Role::Viewer, "ann")));
    let (listener, address) = listener().await;
    let mut handshakes = JoinSet::new();
    let mut crowd = Vec::new();
    for n in 0..N_CROWD {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        // Half of them begin.
        if n % 2 == 0 {
            stream.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
        }
        crowd.push(stream);
        let (stream, _) = listener.accept().await.unwrap();
        handshakes.spawn(acceptor.enter().accept(stream, 0));
    }
    let served = async {
        let mut accepted = accept(&listener, &acceptor, 0).await.unwrap();
        accepted.stream.write_u8(1).await.unwrap();
        accepted.stream.flush().await.unwrap();
    };
    let ((), dialled) = tokio::join!(served, dial(address, &connector, 0));
    dialled.expect("it comes in though all places are taken");
    for _ in 0..N_CROWD - (N_PLACES - 1) {
        let ended = handshakes.join_next().await.unwrap().unwrap();
        assert!(matches!(ended, Err(Unaccepted::Crowded)), "{ended:?}");
    }
    assert!(handshakes.try_join_next().is_none(), "the last to come still wait");
}

#[tokio::test]
async fn who_does_not_finish_in_time_is_let_go() {
    let pki = Pki::new();
    let acceptor = Acceptor::new(credentials(pki.year(Role::Agent, "n7"))).bounded(4, Duration::from_millis(1));
    let (listener, address) = listener().await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let accepted = accept(&listener, &acceptor, 0).await;
    assert!(matches!(accepted, Err(Unaccepted::Slow)), "{accepted:?}");
    assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn noise_is_let_go_at_its_first_byte() {
    let pki = Pki::new();
    let acceptor = Acceptor::new(credentials(pki.year(Role::Agent, "n7"))).bounded(4, LONG);
    let (listener, address) = listener().await;
    for noise in [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"GET / HTTP/1.1\r\n\r\n", &[0xff; 64]] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(noise).await.unwrap();
        let mut said = Vec::new();
        let (accepted, _) = tokio::join!(accept(&listener, &acceptor, 0), stream.read_to_end(&mut said));
        assert!(matches!(accepted, Err(Unaccepted::NotTls)), "{accepted:?}");
        assert_eq!(said, [21, 3, 3, 0, 2, 2, 10], "an alert of TLS");
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[22; 64]).await.unwrap();
    let accepted = accept(&listener, &acceptor, 0).await;
    assert!(matches!(accepted, Err(Unaccepted::Refused(_))), "{accepted:?}");
}
