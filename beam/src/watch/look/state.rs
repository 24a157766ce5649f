//! What does a process keep? Its state or its dictionary, printed, on request alone.
//!
//! Both may hold what is secret: they are never asked by themselves. They are refused, in words, where asking could harm:
//! `sys:get_state` makes the process copy its state, and one that knows no system messages keeps the request in its mailbox
//! for ever. Where a state shares much with itself, its copy can be far larger than its heap was; so the heap that is
//! taken is small.

use std::time::Duration;

use super::tally::function;
use crate::{
    connection::{CallError, Connection},
    term::{Pid, Term},
    watch::form::{Form, INTERPRETER},
};

const STATE: Form = Form(include_bytes!("../../../forms/look_state.etf"));

/// A term, printed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// At most 4 KiB. Data from outside: any character.
    pub text: String,
    /// Whether there is more of it, as far as is known: what is nested deeply is left out as `...` besides.
    pub is_cut: bool,
}

/// Why it is not shown.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StateError {
    /// The process is no more.
    #[error("the process is gone")]
    Gone,
    /// It lives on another node than that at the other end.
    #[error("the process lives on {0}: ask there")]
    Elsewhere(String),
    /// Its mailbox is long.
    #[error("{0} messages are in its mailbox, and it is asked only where at most 100 are")]
    Mailbox(u64),
    /// Its heap is large: what it copies may be too.
    #[error("its heap holds {} KiB, and it is copied only up to 256", .0 / 1024)]
    Heap(u64),
    /// It is not a server that waits for requests.
    #[error("it is in {0}: only servers of OTP that wait in their loop answer such a request")]
    Elsewise(String),
    /// It did not answer as servers do.
    #[error("it did not tell its state: {0}")]
    Unwilling(String),
    /// An answer that is none.
    #[error("the node answers something else than was asked")]
    Garbled,
    /// The node does not answer. Or the process does not: inside of a BIF or NIF it answers nothing.
    #[error("cannot ask the process: {0}")]
    Call(#[from] CallError),
}

/// The state of a server, as `sys:get_state/2` has it: what its `format_status` would hide is in it.
pub async fn state(connection: &Connection, pid: &Pid, within: Duration) -> Result<Printed, StateError> {
    ask(connection, pid, 1, within).await
}

/// The dictionary of a process.
pub async fn dictionary(connection: &Connection, pid: &Pid, within: Duration) -> Result<Printed, StateError> {
    ask(connection, pid, 2, within).await
}

async fn ask(connection: &Connection, pid: &Pid, what: i64, within: Duration) -> Result<Printed, StateError> {
    if pid.node.as_str() != connection.agreed().peer {
        return Err(StateError::Elsewhere(pid.node.to_string()));
    }
    // It gives up before we do, so that its reason is heard.
    let patience = i64::try_from(within.as_millis() / 2).unwrap_or(i64::from(i32::MAX));
    let args = STATE.applied_to(vec![pid.clone().into(), what.into(), patience.into()]);
    let told = connection.call(INTERPRETER, args, within).await?;
    // `{value, Value, Bindings}`.
    read(told.as_tuple().and_then(|parts| parts.get(1)).ok_or(StateError::Garbled)?)
}

fn read(told: &Term) -> Result<Printed, StateError> {
    let count = |of: &Term| of.as_count().ok_or(StateError::Garbled);
    match told.as_tuple().ok_or(StateError::Garbled)? {
        [_, Term::Binary(text), is_cut] => {
            let text = String::from_utf8_lossy(text).into_owned();
            Ok(Printed { text, is_cut: is_cut.as_atom() == Some("true") })
        }
        [Term::Int(1), _] => Err(StateError::Gone),
        [Term::Int(2), n] => Err(StateError::Mailbox(count(n)?)),
        [Term::Int(3), bytes] => Err(StateError::Heap(count(bytes)?)),
        [Term::Int(4), top] => {
            let place = function(top).map_or_else(|| "an unknown place".to_owned(), |top| top.to_string());
            Err(StateError::Elsewise(place))
        }
        [Term::Int(5), reason] => Err(StateError::Unwilling(reason.to_string())),
        _ => Err(StateError::Garbled),
    }
}

#[cfg(test)]
mod tests;
