//! An authority in a folder, and both ends of a connection.

use std::{net::SocketAddr, sync::Arc};

use midair_tls::{
    Accepted, Acceptor, Connected, Connector, Credentials, Failure, Files, Role, Roles, Unaccepted,
    authority::{self, Wanted},
    refused,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Seconds since 1970 now.
pub(crate) fn now_s() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// A folder with an authority.
pub(crate) struct Pki(pub(crate) TempDir);

impl Pki {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        authority::init(folder.path(), false, now_s()).unwrap();
        Self(folder)
    }

    /// Signs, as of so many days ago.
    pub(crate) fn issue(&self, role: Role, name: &str, hosts: &[&str], (days, days_ago): (u32, u64)) -> Files {
        let hosts = hosts.iter().map(ToString::to_string).collect();
        let wanted = Wanted { role, name: name.into(), hosts, days };
        let made = authority::issue(self.0.path(), &wanted, true, now_s() - days_ago * 86_400).unwrap();
        Files { ca: self.0.path().join("ca.pem"), cert: made.cert, key: made.key }
    }

    pub(crate) fn year(&self, role: Role, name: &str) -> Files {
        self.issue(role, name, &[], (365, 0))
    }
}

pub(crate) fn credentials(files: Files) -> Arc<Credentials> {
    with_roles(files, &[])
}

pub(crate) fn with_roles(files: Files, rules: &[&str]) -> Arc<Credentials> {
    Arc::new(Credentials::load(files, Roles::new(rules).unwrap(), 0).unwrap())
}

/// A listener on loopback.
pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Takes one connection.
pub(crate) async fn accept(listener: &TcpListener, acceptor: &Acceptor, now_us: u64) -> Result<Accepted, Unaccepted> {
    let (stream, _) = listener.accept().await.unwrap();
    acceptor.enter().accept(stream, now_us).await
}

/// Makes one, and reads a word on it: whether we are let in is said after the handshake. The error is what a person is told.
pub(crate) async fn dial(
    address: SocketAddr,
    connector: &Connector,
    now_us: u64,
) -> Result<Connected<TcpStream>, String> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut connected = match connector.connect(&address.to_string(), stream, now_us, now_s() as i64).await {
        Ok(connected) => connected,
        Err(Failure::Refused(words)) => return Err(words),
        Err(Failure::Io(error)) => return Err(format!("io: {error}")),
    };
    match connected.stream.read_u8().await {
        Ok(_) => Ok(connected),
        Err(error) => Err(refused(&error).unwrap_or_else(|| format!("io: {error}"))),
    }
}

/// Both ends at one moment: who answers says a word to whom it lets in.
pub(crate) async fn meet(
    server: &Arc<Credentials>,
    client: &Arc<Credentials>,
    now_us: u64,
) -> (Result<Accepted, Unaccepted>, Result<Connected<TcpStream>, String>) {
    let (listener, address) = listener().await;
    let (acceptor, connector) = (Acceptor::new(Arc::clone(server)), Connector::new(Arc::clone(client)));
    let served = async {
        let mut accepted = accept(&listener, &acceptor, now_us).await?;
        accepted.stream.write_u8(1).await.unwrap();
        accepted.stream.flush().await.unwrap();
        Ok(accepted)
    };
    tokio::join!(served, dial(address, &connector, now_us))
}
