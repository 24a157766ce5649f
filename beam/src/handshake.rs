//! The distribution handshake, version 6, as OTP 25 to 29 speak it (`erl_dist_protocol`), from the side that connects.
//!
//! Name and flags, status, challenge, the proof that we know the cookie, the proof that the peer does. Over TCP each
//! message has a length of two bytes before it, over TLS one of four.

mod error;
mod flags;
mod message;

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

pub use error::{HandshakeError, Phase};
use message::{Challenge, Status, read};

use crate::{cookie::Cookie, term::Atom};

/// How we are called on the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LocalName {
    /// The target gives us a name from its pool, so that however often we come it learns no new atom.
    #[default]
    Dynamic,
    /// This one, `midair@host`: for people to see, and for nodes that allow some names alone (`net_kernel:allow/1`).
    Static(String),
}

/// How long a length is before a message of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Two bytes, over TCP.
    Tcp,
    /// Four bytes, over TLS (`{packet, 4}` of `inet_tls_dist`).
    Tls,
}

/// Who we are to each other, once both know that the other has the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The name of the peer.
    pub peer: String,
    /// What the peer can do.
    pub peer_flags: u64,
    /// Our name there.
    pub name: Atom,
    /// Which life of that name is ours.
    pub creation: u32,
}

/// Shakes hands over an open stream, within a time.
pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    framing: Framing,
    name: &LocalName,
    cookie: &Cookie,
    within: Duration,
) -> Result<Agreed, HandshakeError> {
    let mut phase = Phase::Name;
    match timeout(within, shake(stream, framing, name, cookie, &mut phase)).await {
        Ok(agreed) => agreed,
        Err(_) => Err(HandshakeError::Timeout { phase, within }),
    }
}

async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    framing: Framing,
    name: &LocalName,
    cookie: &Cookie,
    phase: &mut Phase,
) -> Result<Agreed, HandshakeError> {
    let mine = random()?;
    // A creation of 0 is none, and the VM knows only the lower bits of small ones as "old".
    let creation = random()? | 0x100;
    let ours = message::name(name, creation)?;
    send(stream, framing, &ours, *phase).await?;

    *phase = Phase::Status;
    let status = Status::parse(&read(stream, framing, *phase).await?)?;
    let (name, creation) = settle(stream, framing, status, name, creation).await?;

    *phase = Phase::Challenge;
    let challenge = Challenge::parse(&read(stream, framing, *phase).await?)?;
    let lacks = flags::lacking(challenge.flags);
    if lacks != 0 {
        return Err(HandshakeError::Incompatible { peer: challenge.name, lacks });
    }
    send(stream, framing, &message::reply(mine, cookie.digest(challenge.challenge)), *phase).await?;

    *phase = Phase::Proof;
    if !message::is_ack(&read(stream, framing, *phase).await?, cookie.digest(mine))? {
        return Err(HandshakeError::Impostor { peer: challenge.name });
    }
    Ok(Agreed { peer: challenge.name, peer_flags: challenge.flags, name, creation })
}

/// What the status makes of our name.
async fn settle<S: AsyncWrite + Unpin>(
    stream: &mut S,
    framing: Framing,
    status: Status,
    asked: &LocalName,
    creation: u32,
) -> Result<(Atom, u32), HandshakeError> {
    match (status, asked) {
        (Status::Named { name, creation }, LocalName::Dynamic) => Ok((Atom::known(&name), creation)),
        (Status::Ok, LocalName::Static(name)) => Ok((Atom::known(name), creation)),
        (Status::NotAllowed, asked) => Err(HandshakeError::NotAllowed(asked.clone())),
        (Status::Nok, asked) => Err(HandshakeError::NameInUse(asked.clone())),
        (Status::Alive, asked) => {
            // Whoever has the name may be another agent that lives: it is not thrown out.
            send(stream, framing, b"sfalse", Phase::Status).await?;
            Err(HandshakeError::NameInUse(asked.clone()))
        }
        (Status::Ok, LocalName::Dynamic) => Err(HandshakeError::NoName),
        (Status::Named { .. }, LocalName::Static(_)) => {
            Err(HandshakeError::Garbage { phase: Phase::Status, what: "a name that nobody asked for" })
        }
    }
}

async fn send<S: AsyncWrite + Unpin>(
    stream: &mut S,
    framing: Framing,
    body: &[u8],
    phase: Phase,
) -> Result<(), HandshakeError> {
    let framed = message::framed(body, framing);
    let sent = async {
        stream.write_all(&framed).await?;
        stream.flush().await
    };
    sent.await.map_err(|source| HandshakeError::io(phase, source))
}

fn random() -> Result<u32, HandshakeError> {
    getrandom::u32().map_err(|_| HandshakeError::NoChance)
}
