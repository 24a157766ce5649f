//! Taking connections: who comes shows a certificate soon, or goes.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    credentials::Credentials,
    identity::Identity,
    role::Role,
    waiting::{Place, Waiting},
};

/// Handshakes at once. When one more begins, the oldest is let go.
pub const N_HANDSHAKES: usize = 64;

/// A handshake takes at most so long.
pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);

/// Whoever was refused has so long, and so many bytes, to read why.
const FAREWELL_WITHIN: Duration = Duration::from_millis(500);
const FAREWELL_BYTES: usize = 16 << 10;

/// The first byte of whatever begins TLS: a record of a handshake (RFC 8446, section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// An alert, fatal: an unexpected message (RFC 8446, section 6). Who speaks something else learns what is spoken here.
const UNEXPECTED: [u8; 7] = [21, 3, 3, 0, 2, 2, 10];

/// Takes connections with credentials.
#[derive(Clone, Debug)]
pub struct Acceptor {
    credentials: Arc<Credentials>,
    waiting: Waiting,
    within: Duration,
}

/// A connection, and who has come.
#[derive(Debug)]
pub struct Accepted {
    /// What is said on it is between the two of us.
    pub stream: TlsStream<TcpStream>,
    /// Whom the certificate names, which was checked.
    pub peer: Identity,
    /// What they are here; `None`: the map has no name of them.
    pub role: Option<Role>,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum Unaccepted {
    /// The connection ended by itself.
    #[error("it ended: {0}")]
    Ended(io::Error),
    /// What came was no TLS.
    #[error("it does not begin with TLS")]
    NotTls,
    /// TLS or the certificate.
    #[error("{0}")]
    Refused(io::Error),
    /// It took too long.
    #[error("it does not finish its handshake")]
    Slow,
    /// Others came, and this one had waited longest.
    #[error("its place was needed: too many handshakes")]
    Crowded,
}

impl Acceptor {
    /// Shows and checks by these.
    pub fn new(credentials: Arc<Credentials>) -> Self {
        Self { credentials, waiting: Waiting::new(N_HANDSHAKES), within: HANDSHAKE_WITHIN }
    }

    /// The same, with other bounds: so many handshakes at once, each so long.
    pub fn bounded(self, n_handshakes: usize, within: Duration) -> Self {
        Self { waiting: Waiting::new(n_handshakes), within, ..self }
    }

    /// By what it shows and checks.
    pub fn credentials(&self) -> &Arc<Credentials> {
        &self.credentials
    }

    /// Takes a place among those who wait. To be called in the order in which connections come.
    pub fn enter(&self) -> Entered {
        Entered { acceptor: self.clone(), place: self.waiting.enter() }
    }
}

/// A place for one handshake.
#[derive(Debug)]
pub struct Entered {
    acceptor: Acceptor,
    place: Place,
}

impl Entered {
    /// The handshake. `now_us` is the clock that the credentials were loaded by.
    pub async fn accept(self, stream: TcpStream, now_us: u64) -> Result<Accepted, Unaccepted> {
        let Self { acceptor, mut place } = self;
        tokio::select! {
            done = timeout(acceptor.within, acceptor.handshake(stream, now_us)) => match done {
                Ok(done) => done,
                Err(_) => Err(Unaccepted::Slow),
            },
            _ = &mut place.taken_away => Err(Unaccepted::Crowded),
        }
    }
}

impl Acceptor {
    async fn handshake(&self, stream: TcpStream, now_us: u64) -> Result<Accepted, Unaccepted> {
        // Whoever says nothing costs a socket, and no state of TLS.
        let mut first = [0];
        let n = stream.peek(&mut first).await.map_err(Unaccepted::Ended)?;
        if n == 0 {
            return Err(Unaccepted::Ended(io::ErrorKind::UnexpectedEof.into()));
        }
        if first != [HANDSHAKE_RECORD] {
            farewell(stream, &UNEXPECTED).await;
            return Err(Unaccepted::NotTls);
        }
        let material = self.credentials.current(now_us);
        let accepting = TlsAcceptor::from(Arc::clone(&material.server)).accept(stream).into_fallible();
        let stream = match accepting.await {
            Ok(stream) => stream,
            Err((error, stream)) => {
                farewell(stream, &[]).await;
                return Err(Unaccepted::Refused(error));
            }
        };
        let chain = stream.get_ref().1.peer_certificates();
        let Some(peer) = chain.and_then(|chain| chain.first()).and_then(Identity::of) else {
            return Err(Unaccepted::Refused(io::Error::other("a certificate that cannot be read")));
        };
        let role = self.credentials.roles().of(&peer);
        Ok(Accepted { stream, peer, role })
    }
}

/// Ends a connection so that the other end reads why: one that is closed with something unread is reset, and with it goes
/// what was said last.
async fn farewell(mut stream: TcpStream, last: &[u8]) {
    let unread = async {
        stream.write_all(last).await?;
        stream.shutdown().await?;
        let mut bytes = [0; 1024];
        for _ in 0..FAREWELL_BYTES / bytes.len() {
            if stream.read(&mut bytes).await? == 0 {
                break;
            }
        }
        io::Result::Ok(())
    };
    // However it ends, it is over.
    drop(timeout(FAREWELL_WITHIN, unread).await);
}
