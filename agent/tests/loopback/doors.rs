//! Sockets and ports: who gets in, what is in the way, what is left behind.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use hyper_util::rt::TokioIo;
use midair_agent::listen::{self, N_CONNECTIONS, Socket};
use midair_proto::v1::{DescribeRequest, Interest, agent_client::AgentClient, control};
use tokio::{net::UnixStream, sync::oneshot};
use tonic::transport::{Channel, Endpoint};

use crate::host::{SOON, agent, watch};

pub(crate) async fn over_unix(path: PathBuf) -> AgentClient<Channel> {
    try_over_unix(path).await.unwrap()
}

pub(crate) async fn try_over_unix(path: PathBuf) -> Result<AgentClient<Channel>, tonic::transport::Error> {
    let connect = move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    };
    let endpoint = Endpoint::from_static("http://unix.invalid");
    endpoint.connect_with_connector(tower::service_fn(connect)).await.map(AgentClient::new)
}

#[tokio::test]
async fn a_unix_socket_is_private_and_goes_with_the_agent() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.sock");
    let agent = agent(3);
    let socket = Socket::open(&path, None).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(listen::serve_unix(agent.door(), socket, async { drop(stopped.await) }));
    let mut client = over_unix(path.clone()).await;
    let open = watch(&mut client).await;
    let twice = Socket::open(&path, None).await.unwrap_err().to_string();
    assert!(twice.contains("already answers"), "{twice}");
    agent.stop();
    drop((open, client));
    stop.send(()).unwrap();
    tokio::time::timeout(SOON, server).await.unwrap().unwrap().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_that_was_left_over_is_replaced_and_other_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    Socket::open(&path, None).await.unwrap();
    let file = dir.path().join("notes.txt");
    std::fs::write(&file, "mine").unwrap();
    let refused = Socket::open(&file, None).await.unwrap_err().to_string();
    assert!(refused.contains("is no socket"), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let nowhere = Socket::open(Path::new("/nowhere/agent.sock"), None).await.unwrap_err().to_string();
    assert!(nowhere.contains("--socket"), "{nowhere}");
    let nobody = Socket::open(&path, Some("no-such-group")).await.unwrap_err().to_string();
    assert!(nobody.contains("there is no group no-such-group"), "{nobody}");
}

#[tokio::test]
async fn tcp_says_that_it_is_insecure_and_a_port_in_use_is_a_sentence() {
    let agent = agent(3);
    let listener = listen::open_tcp("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(listen::serve_tcp(agent.door(), listener, async { drop(stopped.await) }));
    let mut client = AgentClient::connect(format!("http://{address}")).await.unwrap();
    let described = client.describe(DescribeRequest::default()).await.unwrap().into_inner();
    assert_eq!(described.insecure, Some(true));
    let in_use = listen::open_tcp(&address.to_string()).await.unwrap_err().to_string();
    assert!(in_use.contains("is in use") && in_use.contains("--listen"), "{in_use}");
    let wrong = listen::open_tcp("nonsense").await.unwrap_err().to_string();
    assert!(wrong.contains("HOST:PORT"), "{wrong}");
    drop(client);
    stop.send(()).unwrap();
    tokio::time::timeout(SOON, server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn noise_on_the_port_harms_nobody() {
    use tokio::io::AsyncWriteExt;
    let agent = agent(3);
    let listener = listen::open_tcp("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(listen::serve_tcp(agent.door(), listener, std::future::pending()));
    for noise in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4096], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\xff\xff"] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(noise).await.unwrap();
    }
    let mut client = AgentClient::connect(format!("http://{address}")).await.unwrap();
    watch(&mut client).await;
    server.abort();
}

#[tokio::test]
async fn a_crowd_that_says_nothing_is_let_go_and_whoever_watches_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.sock");
    let agent = agent(3);
    let socket = Socket::open(&path, None).await.unwrap();
    let server = tokio::spawn(listen::serve_unix(agent.door(), socket, std::future::pending()));
    let mut client = over_unix(path.clone()).await;
    let mut open = watch(&mut client).await;
    let mut crowd = Vec::new();
    for _ in 1..N_CONNECTIONS {
        crowd.push(UnixStream::connect(&path).await.unwrap());
    }
    let mut one_more = UnixStream::connect(&path).await.unwrap();
    let said = tokio::time::timeout(SOON, tokio::io::AsyncReadExt::read(&mut one_more, &mut [0; 16])).await.unwrap();
    assert!(matches!(said, Ok(0) | Err(_)), "{said:?}");
    open.ask(control::Kind::Interest(Interest::default())).await;
    assert!(open.next().await.is_some());
    drop(crowd);
    let asked = async {
        loop {
            let Ok(mut client) = try_over_unix(path.clone()).await else { continue };
            if client.describe(DescribeRequest::default()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, asked).await.expect("seats of those who left are free again");
    server.abort();
}
