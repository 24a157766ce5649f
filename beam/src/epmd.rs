//! epmd, the port mapper of Erlang: which nodes are on a host, and on which ports. It asks for no cookie.

use std::{future::Future, io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// epmd's port, unless `ERL_EPMD_PORT` says another.
pub const PORT: u16 = 4369;
/// What an answer may hold: a thousand nodes of the longest names.
const MOST_BYTES: u64 = 512 << 10;

const NAMES_REQ: u8 = 110;
const PORT_PLEASE2_REQ: u8 = 122;
const PORT2_RESP: u8 = 119;

/// A node that epmd knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its name before the `@`.
    pub name: String,
    /// Where its distribution listens.
    pub port: u16,
}

/// Why epmd gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum EpmdError {
    /// Not there, or it broke off.
    #[error("cannot ask epmd at {at}: {source}; is a named Erlang node running there?")]
    Io {
        /// Host and port.
        at: String,
        /// What the system says.
        source: io::Error,
    },
    /// No answer in time.
    #[error("epmd at {at} did not answer within {} ms", within.as_millis())]
    Timeout {
        /// Host and port.
        at: String,
        /// How long we waited.
        within: Duration,
    },
    /// It knows no such node.
    #[error("epmd at {at} knows no node {name}: is it running, and registered there?")]
    Unknown {
        /// Host and port.
        at: String,
        /// The name before the `@`.
        name: String,
    },
    /// Not the protocol of epmd.
    #[error("what listens at {at} does not speak as epmd does: {what}")]
    Garbage {
        /// Host and port.
        at: String,
        /// What was wrong.
        what: &'static str,
    },
}

/// All nodes that an epmd (`host:port`) knows.
pub async fn names(at: &str, within: Duration) -> Result<Vec<Registered>, EpmdError> {
    let answer = bounded(at, within, ask(at, &[0, 1, NAMES_REQ])).await?;
    let garbage = |what| EpmdError::Garbage { at: at.into(), what };
    let lines = answer.get(4..).ok_or_else(|| garbage("no port of its own"))?;
    let lines = std::str::from_utf8(lines).map_err(|_| garbage("names that are no text"))?;
    lines.lines().map(|line| registered(line).ok_or_else(|| garbage("a line that names no node"))).collect()
}

/// `name NAME at port PORT`
fn registered(line: &str) -> Option<Registered> {
    let (name, port) = line.strip_prefix("name ")?.rsplit_once(" at port ")?;
    Some(Registered { name: name.into(), port: port.trim().parse().ok()? }) // What is no port makes no line.
}

/// The port of one node, by its name before the `@`.
pub async fn port(at: &str, name: &str, within: Duration) -> Result<u16, EpmdError> {
    let unknown = || EpmdError::Unknown { at: at.into(), name: name.into() };
    // No node has such a name, and the request has 16 bits for its length.
    let n = u16::try_from(name.len() + 1).ok().filter(|n| *n < 1024).ok_or_else(unknown)?; // Too long is unknown.
    let request = [&n.to_be_bytes()[..], &[PORT_PLEASE2_REQ], name.as_bytes()].concat();
    match *bounded(at, within, ask(at, &request)).await? {
        [PORT2_RESP, 0, high, low, ..] => Ok(u16::from_be_bytes([high, low])),
        [PORT2_RESP, result, ..] if result != 0 => Err(unknown()),
        _ => Err(EpmdError::Garbage { at: at.into(), what: "no port in its answer" }),
    }
}

async fn bounded<T>(at: &str, within: Duration, asked: impl Future<Output = io::Result<T>>) -> Result<T, EpmdError> {
    match timeout(within, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(source)) => Err(EpmdError::Io { at: at.into(), source }),
        Err(_) => Err(EpmdError::Timeout { at: at.into(), within }),
    }
}

/// epmd ends each answer by closing.
async fn ask(at: &str, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(at).await?;
    // One write: a length and a body in two would wait for each other (Nagle).
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests;
