use tokio::net::TcpListener;

use super::*;

const SOON: Duration = Duration::from_secs(5);

/// An epmd that answers so, whatever it is asked, and then closes.
async fn answering(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = stream.read_u16().await.unwrap();
        stream.read_exact(&mut vec![0; length.into()]).await.unwrap();
        stream.write_all(answer).await.unwrap();
    });
    at
}

#[tokio::test]
async fn nodes_are_listed() {
    let at = answering(b"\0\0\x11\x11name rabbit at port 25672\nname a b at port 1\n").await;
    let expected = [("rabbit", 25672), ("a b", 1)].map(|(name, port)| Registered { name: name.into(), port });
    assert_eq!(names(&at, SOON).await.unwrap(), expected);
}

#[tokio::test]
async fn a_port_is_told() {
    let at = answering(b"\x77\0\x64\x48M\0\0\x06\0\x05\0\x06rabbit\0\0").await;
    assert_eq!(port(&at, "rabbit", SOON).await.unwrap(), 25672);
}

#[tokio::test]
async fn a_node_that_is_not_there_is_said() {
    let at = answering(b"\x77\x01").await;
    let error = port(&at, "rabbit", SOON).await.unwrap_err().to_string();
    assert!(error.ends_with("knows no node rabbit: is it running, and registered there?"), "{error}");
    assert!(matches!(port(&at, &"x".repeat(70_000), SOON).await, Err(EpmdError::Unknown { .. })));
}

#[tokio::test]
async fn what_is_no_epmd_is_said() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"", b"\0\0\0\0\xff\xfe"] {
        let at = answering(answer).await;
        assert!(matches!(names(&at, SOON).await, Err(EpmdError::Garbage { .. })), "{answer:?}");
    }
    let at = answering(b"SSH-2.0").await;
    assert!(matches!(port(&at, "rabbit", SOON).await, Err(EpmdError::Garbage { .. })));
}

#[tokio::test]
async fn a_silent_one_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let error = names(&at, Duration::from_millis(20)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("epmd at {at} did not answer within 20 ms"));
}

#[tokio::test]
async fn an_epmd_without_end_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    });
    assert!(matches!(names(&at, SOON).await, Err(EpmdError::Garbage { .. })));
}
