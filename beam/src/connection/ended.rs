//! How connections, calls and helpers end, in words.

use std::time::Duration;

use super::spawn::Mfa;
use crate::term::{DecodeError, EncodeError, Term};

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// Nobody holds it any more.
    #[error("the connection was given up on our side")]
    Dropped,
    /// The node, or its host, closed it.
    #[error("the node closed the connection: it stopped, or takes us for gone")]
    Closed,
    /// Nothing came for longer than its tick time allows.
    #[error("the node was silent for {} s: it hangs, or its host does", .0.as_secs())]
    Silent(Duration),
    /// It does not read.
    #[error("the node does not read: {0} bytes of answers wait for it")]
    Deaf(usize),
    /// The stream broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// A frame beyond the limit; nothing of it was read.
    #[error("the node announced a frame of {length} bytes, and at most {limit} are taken")]
    LargeFrame {
        /// What it announced.
        length: usize,
        /// What is taken.
        limit: usize,
    },
    /// Bytes that are no distribution.
    #[error("the node sent what is no message: {0}")]
    Garbage(#[from] Garbage),
}

/// What was wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Garbage {
    /// It does not start as all do.
    #[error("a frame that starts with {0}, where 112 is agreed")]
    Start(u8),
    /// Its control message is no term.
    #[error(transparent)]
    Control(#[from] DecodeError),
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// It took too long, and its process was killed, if it was started at all.
    #[error("{mfa} did not answer within {} ms; its process was killed", within.as_millis())]
    Timeout {
        /// What was called.
        mfa: Mfa,
        /// How long we waited.
        within: Duration,
    },
    /// The function failed.
    #[error("{mfa} failed: {class}: {reason}")]
    Failed {
        /// What was called.
        mfa: Mfa,
        /// `error`, `exit` or `throw`.
        class: String,
        /// Its reason; the stack is left out.
        reason: Box<Term>,
    },
    /// Its process was ended by something else: by its limit of heap for one (`killed`).
    #[error("the process of {mfa} was ended: {reason}")]
    Exited {
        /// What was called.
        mfa: Mfa,
        /// The exit reason.
        reason: Box<Term>,
    },
    /// The node started no process.
    #[error("the node starts no process for {mfa}: {reason}")]
    NotStarted {
        /// What was called.
        mfa: Mfa,
        /// `system_limit`, `badopt`, `notsup`.
        reason: Box<Term>,
    },
    /// The result came, but cannot be taken.
    #[error("the result of {mfa} cannot be read: {source}")]
    Unreadable {
        /// What was called.
        mfa: Mfa,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The arguments cannot be sent.
    #[error(transparent)]
    Unsayable(#[from] EncodeError),
    /// The connection ended.
    #[error(transparent)]
    Connection(#[from] Ended),
}

/// How a helper ended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HelperEnded {
    /// Its process ended.
    #[error("the helper ended: {0}")]
    Exited(Term),
    /// Its process ended for a reason that cannot be read.
    #[error("the helper ended for a reason that cannot be read: {0}")]
    Unreadable(DecodeError),
    /// The connection ended, and the process with it.
    #[error(transparent)]
    Connection(#[from] Ended),
}
