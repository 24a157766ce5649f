//! What can go wrong before two nodes know each other, in words.

use std::{fmt, io, time::Duration};

use super::LocalName;
use crate::retry::Trouble;

/// How far a handshake got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// We say who we are.
    Name,
    /// The target says what it makes of that.
    Status,
    /// The target asks for proof of the cookie.
    Challenge,
    /// The target judges our proof, and gives its own.
    Proof,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "our name",
            Self::Status => "its status",
            Self::Challenge => "its challenge",
            Self::Proof => "its proof of the cookie",
        })
    }
}

/// Why there was no handshake.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The target closed when it saw our proof: so it does where the cookie is another.
    #[error("wrong cookie: the node closed when it saw our proof; each try is an error in its log, so mend the cookie")]
    WrongCookie,
    /// The target's proof is wrong: it has another cookie, and took ours for right.
    #[error("{peer} did not prove that it knows the cookie: it is not the node it says it is")]
    Impostor {
        /// Who it says it is.
        peer: String,
    },
    /// `net_kernel:allow/1` there names others.
    #[error("{} is not allowed there (net_kernel:allow/1): use a static name that is", called(.0))]
    NotAllowed(LocalName),
    /// Another connection has the name.
    #[error("the node refuses {}: the name is in use, by another agent or by a connection it has not given up yet", called(.0))]
    NameInUse(LocalName),
    /// Before OTP 23 there were no dynamic names.
    #[error("the node gave us no name: it is older than OTP 23; OTP 25 or newer is needed")]
    NoName,
    /// Version 5 of the handshake.
    #[error("the node speaks the handshake from before OTP 23; OTP 25 or newer is needed")]
    Old,
    /// It lacks what we cannot do without.
    #[error("{peer} is incompatible: it lacks the distribution flags {lacks:#x}; OTP 25 or newer is needed")]
    Incompatible {
        /// Who it says it is.
        peer: String,
        /// The bits that it lacks (`dist.hrl`).
        lacks: u64,
    },
    /// No name of a node.
    #[error("{0:?} is no name of a node: it reads like midair@host")]
    BadName(String),
    /// It closed without a word.
    #[error("the node closed while we waited for {phase}{}", hint(*.phase))]
    Closed {
        /// What we waited for.
        phase: Phase,
    },
    /// It did not answer in time.
    #[error("no answer within {} ms while we waited for {phase}: the node hangs, or is no Erlang node", within.as_millis())]
    Timeout {
        /// What we waited for.
        phase: Phase,
        /// For how long.
        within: Duration,
    },
    /// Not the protocol.
    #[error("what listens there does not speak Erlang distribution: {what} while we waited for {phase}")]
    Garbage {
        /// What we waited for.
        phase: Phase,
        /// What came.
        what: &'static str,
    },
    /// The stream broke.
    #[error("the connection broke while we waited for {phase}: {source}")]
    Io {
        /// What we waited for.
        phase: Phase,
        /// What the system, or TLS, says.
        source: io::Error,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers, so there can be no safe challenge")]
    NoChance,
}

impl HandshakeError {
    /// An error of the stream: a close means something else in each phase.
    pub(super) fn io(phase: Phase, source: io::Error) -> Self {
        let is_tls = source.get_ref().is_some_and(|inner| inner.is::<tokio_rustls::rustls::Error>());
        match source.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe if !is_tls => {
                if phase == Phase::Proof {
                    Self::WrongCookie
                } else {
                    Self::Closed { phase }
                }
            }
            _ => Self::Io { phase, source },
        }
    }

    /// How soon another try makes sense.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::NameInUse(_) => Trouble::NameInUse,
            // A certificate that is not taken: with TLS 1.3 it is said only now.
            Self::Io { source, .. } if is_tls(source) => Trouble::Refused,
            Self::Timeout { .. } | Self::Io { .. } | Self::Closed { .. } | Self::NoChance => Trouble::Absent,
            Self::WrongCookie
            | Self::Impostor { .. }
            | Self::NotAllowed(_)
            | Self::NoName
            | Self::Old
            | Self::Incompatible { .. }
            | Self::BadName(_)
            | Self::Garbage { .. } => Trouble::Refused,
        }
    }
}

fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<tokio_rustls::rustls::Error>())
}

fn called(name: &LocalName) -> &str {
    match name {
        LocalName::Dynamic => "a node without a name of its own",
        LocalName::Static(name) => name,
    }
}

/// A VM closes without a status where our name is alive there, or where it wants TLS.
fn hint(phase: Phase) -> &'static str {
    match phase {
        Phase::Status => ": the name is in use there, or it speaks TLS alone, or it is no Erlang node",
        Phase::Name | Phase::Challenge | Phase::Proof => "",
    }
}
