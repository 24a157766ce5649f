//! The messages of the handshake, to and from bytes.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Framing, HandshakeError, LocalName, Phase, flags};

/// No message of a handshake is longer: names have at most 255 characters.
const MOST_BYTES: usize = 2048;
/// A TLS record of an alert starts so: what a node that speaks TLS answers to one that does not.
const TLS_ALERT: usize = 0x1503;
/// The host part of a name that the target chooses: a fixed one, so that the names of its pool serve again, and one that
/// says in its log and its list of nodes who we are: `2HZR1GFH@midair`.
const HOST: &str = "midair";

/// `send_name`.
pub(super) fn name(name: &LocalName, creation: u32) -> Result<Vec<u8>, HandshakeError> {
    let (flags, name) = match name {
        LocalName::Dynamic => (flags::OURS_WITHOUT_NAME, HOST),
        LocalName::Static(name) => (flags::OURS, name.as_str()),
    };
    let is_name = flags == flags::OURS_WITHOUT_NAME
        || (name.chars().count() <= 255 && name.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()));
    if !is_name {
        return Err(HandshakeError::BadName(name.into()));
    }
    let length = name.len() as u16; // At most 255 characters of 4 bytes.
    Ok([&b"N"[..], &flags.to_be_bytes(), &creation.to_be_bytes(), &length.to_be_bytes(), name.as_bytes()].concat())
}

/// `send_challenge_reply`.
pub(super) fn reply(challenge: u32, digest: [u8; 16]) -> Vec<u8> {
    [&b"r"[..], &challenge.to_be_bytes(), &digest].concat()
}

/// `send_challenge_ack`, and whether it proves what it must.
pub(super) fn is_ack(body: &[u8], digest: [u8; 16]) -> Result<bool, HandshakeError> {
    match body.strip_prefix(b"a") {
        Some(theirs) if theirs.len() == digest.len() => Ok(theirs == digest),
        _ => Err(HandshakeError::Garbage { phase: Phase::Proof, what: "no proof" }),
    }
}

/// A message with its length before it, for one write.
pub(super) fn framed(body: &[u8], framing: Framing) -> Vec<u8> {
    let length = body.len() as u32; // A few hundred bytes of ours.
    let head = length.to_be_bytes();
    let head = if framing == Framing::Tcp { &head[2..] } else { &head[..] };
    [head, body].concat()
}

/// The next message. A length beyond any handshake is not waited for.
pub(super) async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    framing: Framing,
    phase: Phase,
) -> Result<Vec<u8>, HandshakeError> {
    let failed = |source: io::Error| HandshakeError::io(phase, source);
    let n = match framing {
        Framing::Tcp => stream.read_u16().await.map(u32::from),
        Framing::Tls => stream.read_u32().await,
    };
    let n = n.map_err(failed)? as usize;
    if framing == Framing::Tcp && n == TLS_ALERT {
        return Err(HandshakeError::Garbage { phase, what: "a TLS alert (the node speaks TLS)" });
    }
    if n > MOST_BYTES {
        return Err(HandshakeError::Garbage { phase, what: "a message longer than any of a handshake" });
    }
    let mut body = vec![0; n];
    stream.read_exact(&mut body).await.map_err(failed)?;
    Ok(body)
}

/// `send_status`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    Nok,
    NotAllowed,
    Alive,
    Named { name: String, creation: u32 },
}

impl Status {
    pub(super) fn parse(body: &[u8]) -> Result<Self, HandshakeError> {
        let garbage = |what| HandshakeError::Garbage { phase: Phase::Status, what };
        let status = body.strip_prefix(b"s").ok_or_else(|| garbage("no status"))?;
        match status {
            b"ok" | b"ok_simultaneous" => Ok(Self::Ok),
            b"nok" => Ok(Self::Nok),
            b"not_allowed" => Ok(Self::NotAllowed),
            b"alive" => Ok(Self::Alive),
            _ => status.strip_prefix(b"named:").and_then(named).ok_or_else(|| garbage("a status that is not known")),
        }
    }
}

fn named(body: &[u8]) -> Option<Status> {
    let (length, rest) = body.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    let (creation, _) = rest.split_first_chunk()?;
    Some(Status::Named { name: text(name)?, creation: u32::from_be_bytes(*creation) })
}

/// `send_challenge`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) flags: u64,
    pub(super) challenge: u32,
    pub(super) name: String,
}

impl Challenge {
    pub(super) fn parse(body: &[u8]) -> Result<Self, HandshakeError> {
        match body.first() {
            Some(b'N') => challenge(&body[1..]),
            // Version 5, from before OTP 23.
            Some(b'n') => return Err(HandshakeError::Old),
            _ => None,
        }
        .ok_or(HandshakeError::Garbage { phase: Phase::Challenge, what: "no challenge" })
    }
}

fn challenge(body: &[u8]) -> Option<Challenge> {
    let (flags, rest) = body.split_first_chunk()?;
    let (challenge, rest) = rest.split_first_chunk()?;
    let (_creation, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk()?;
    let name = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    Some(Challenge { flags: u64::from_be_bytes(*flags), challenge: u32::from_be_bytes(*challenge), name: text(name)? })
}

/// A name as text that can be shown: a peer could put anything there, escape sequences of a terminal too.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?; // What is no text is no name.
    (text.chars().count() <= 255 && !text.chars().any(char::is_control)).then(|| text.into())
}
