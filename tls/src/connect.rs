//! Making connections: we show who we are, and check who answers.

use std::{io, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::pki_types::ServerName};

use crate::{credentials::Credentials, identity::Identity, refusal::refused, role::Role};

/// Makes connections with credentials.
#[derive(Clone, Debug)]
pub struct Connector {
    credentials: Arc<Credentials>,
}

/// A connection, and who answers.
#[derive(Debug)]
pub struct Connected<S> {
    /// What is said on it is between the two of us.
    pub stream: TlsStream<S>,
    /// Who answers.
    pub peer: Identity,
    /// What of certificates ends soon, in words.
    pub ends_soon: Option<String>,
}

/// Why there is none.
#[derive(Debug)]
pub enum Failure {
    /// One of the two does not let the other in: in words.
    Refused(String),
    /// The connection itself.
    Io(io::Error),
}

impl Connector {
    /// Shows and checks by these.
    pub fn new(credentials: Arc<Credentials>) -> Self {
        Self { credentials }
    }

    /// What somebody is here, by the names in their certificate.
    pub fn role_of(&self, peer: &Identity) -> Option<Role> {
        self.credentials.roles().of(peer)
    }

    /// Speaks TLS over a connection to "host:port". The clocks: microseconds that only go forward, seconds since 1970.
    pub async fn connect<S>(&self, address: &str, stream: S, now_us: u64, now_s: i64) -> Result<Connected<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = name(address).ok_or_else(|| Failure::Refused(format!("{address} is no name to check")))?;
        let material = self.credentials.current(now_us);
        let connector = TlsConnector::from(Arc::clone(&material.client));
        let stream = connector.connect(name, stream).await.map_err(failure)?;
        let peer = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).and_then(Identity::of);
        let peer = peer.ok_or_else(|| Failure::Refused("it shows no certificate".to_owned()))?;
        let theirs = peer.ends_soon(now_s).map(|words| format!("its certificate {words}"));
        let ours = material.own.ends_soon(now_s).map(|words| format!("our certificate {words}"));
        let trouble = self.credentials.trouble();
        let ends_soon = [ours, theirs, trouble].into_iter().flatten().reduce(|all, one| format!("{all}, {one}"));
        Ok(Connected { stream, peer, ends_soon })
    }
}

fn failure(error: io::Error) -> Failure {
    match refused(&error) {
        Some(words) => Failure::Refused(words),
        None => Failure::Io(error),
    }
}

/// The host of "host:port", which a certificate must name.
fn name(address: &str) -> Option<ServerName<'static>> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // The zone of an address is a matter of this host.
    let bare = bare.split('%').next().unwrap_or(bare);
    ServerName::try_from(bare.to_owned()).ok()
}
