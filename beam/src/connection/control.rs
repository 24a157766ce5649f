//! Control messages (`erl_dist_protocol`): what the peer says, and what we say.

use crate::term::{Atom, DecodeError, EncodeError, Pid, Reference, Term, encode};

/// Every frame with a message starts with this ("pass through").
pub(super) const PASS_THROUGH: u8 = 112;

const LINK: i64 = 1;
const SEND: i64 = 2;
const EXIT: i64 = 3;
const UNLINK: i64 = 4;
const EXIT2: i64 = 8;
const SEND_TT: i64 = 12;
const EXIT_TT: i64 = 13;
const EXIT2_TT: i64 = 18;
const MONITOR_P: i64 = 19;
const DEMONITOR_P: i64 = 20;
const MONITOR_P_EXIT: i64 = 21;
const SEND_SENDER: i64 = 22;
const SEND_SENDER_TT: i64 = 23;
const PAYLOAD_EXIT: i64 = 24;
const PAYLOAD_EXIT_TT: i64 = 25;
const PAYLOAD_EXIT2: i64 = 26;
const PAYLOAD_EXIT2_TT: i64 = 27;
const PAYLOAD_MONITOR_P_EXIT: i64 = 28;
const SPAWN_REQUEST: i64 = 29;
const SPAWN_REPLY: i64 = 31;
const SPAWN_REPLY_TT: i64 = 32;
const UNLINK_ID: i64 = 35;
const UNLINK_ID_ACK: i64 = 36;

/// A term that came with a signal, or why it cannot be read.
pub(super) type Payload = Result<Term, DecodeError>;

/// What the peer says to us.
#[derive(Debug)]
pub(super) enum Signal {
    /// A message to a process of ours.
    Send { to: Pid, message: Payload },
    /// A process linked to or monitored by ours ended, or sent an exit signal.
    Exit { from: Pid, to: Pid, reason: Payload },
    /// A request to spawn was done or refused.
    Spawned { request: Reference, result: Result<Pid, Term> },
    /// A process links itself to ours.
    Link { from: Pid, to: Pid },
    /// A process takes its link away, and waits to hear that we know.
    Unlink { id: Term, from: Pid, to: Pid },
    /// A process monitors ours, or a name of ours.
    Monitor { from: Pid, to: Term, reference: Reference },
    /// Something that asks nothing of us, or that is not known.
    Other,
}

/// Reads a control message and what came with it. What is not understood is [`Signal::Other`].
pub(super) fn signal(control: Term, payload: Option<Payload>) -> Signal {
    let Term::Tuple(items) = control else { return Signal::Other };
    understood(items, payload).unwrap_or(Signal::Other)
}

fn understood(items: Vec<Term>, payload: Option<Payload>) -> Option<Signal> {
    let mut items = items.into_iter();
    let op = items.next()?.as_int()?;
    let (a, b) = (items.next()?, items.next()?);
    Some(match op {
        SEND | SEND_TT | SEND_SENDER | SEND_SENDER_TT => Signal::Send { to: pid(b)?, message: payload? },
        EXIT | EXIT2 => exit(a, b, Ok(items.next()?))?,
        // {Op, From, To, Token, Reason}
        EXIT_TT | EXIT2_TT => exit(a, b, Ok(items.nth(1)?))?,
        PAYLOAD_EXIT | PAYLOAD_EXIT_TT | PAYLOAD_EXIT2 | PAYLOAD_EXIT2_TT => exit(a, b, payload?)?,
        // {Op, From, To, Reference, Reason}
        MONITOR_P_EXIT => exit(a, b, Ok(items.nth(1)?))?,
        PAYLOAD_MONITOR_P_EXIT => exit(a, b, payload?)?,
        // {Op, Request, To, Flags, PidOrReason}
        SPAWN_REPLY | SPAWN_REPLY_TT => {
            let Term::Reference(request) = a else { return None };
            let result = match items.nth(1)? {
                Term::Pid(pid) => Ok(pid),
                reason => Err(reason),
            };
            Signal::Spawned { request: *request, result }
        }
        LINK => Signal::Link { from: pid(a)?, to: pid(b)? },
        UNLINK_ID => Signal::Unlink { id: a, from: pid(b)?, to: pid(items.next()?)? },
        MONITOR_P => {
            let Term::Reference(reference) = items.next()? else { return None };
            Signal::Monitor { from: pid(a)?, to: b, reference: *reference }
        }
        UNLINK | UNLINK_ID_ACK | DEMONITOR_P => Signal::Other,
        _ => Signal::Other,
    })
}

fn pid(term: Term) -> Option<Pid> {
    if let Term::Pid(pid) = term { Some(pid) } else { None }
}

fn exit(from: Term, to: Term, reason: Payload) -> Option<Signal> {
    Some(Signal::Exit { from: pid(from)?, to: pid(to)?, reason })
}

/// `SPAWN_REQUEST`; its payload are the arguments.
pub(super) fn spawn_request(
    request: Reference,
    from: Pid,
    group_leader: Pid,
    (module, function, arity): (Atom, Atom, i64),
    options: Vec<Term>,
) -> Term {
    let mfa = Term::tuple([module.into(), function.into(), arity.into()]);
    Term::tuple([SPAWN_REQUEST.into(), request.into(), from.into(), group_leader.into(), mfa, Term::List(options)])
}

/// `SEND`; the second element is unused.
pub(super) fn send(to: Pid) -> Term {
    Term::tuple([SEND.into(), Term::atom(""), to.into()])
}

/// `EXIT2` with `kill`: what a process cannot trap, linked or not.
pub(super) fn kill(from: Pid, to: Pid) -> Term {
    Term::tuple([EXIT2.into(), from.into(), to.into(), Term::atom("kill")])
}

/// `EXIT`: there is no process that could be linked to.
pub(super) fn no_process_to_link(from: Pid, to: Pid) -> Term {
    Term::tuple([EXIT.into(), from.into(), to.into(), Term::atom("noproc")])
}

/// `MONITOR_P_EXIT`: there is no process that could be monitored.
pub(super) fn no_process_to_monitor(from: Term, to: Pid, reference: Reference) -> Term {
    Term::tuple([MONITOR_P_EXIT.into(), from, to.into(), reference.into(), Term::atom("noproc")])
}

/// `UNLINK_ID_ACK`
pub(super) fn unlinked(id: Term, from: Pid, to: Pid) -> Term {
    Term::tuple([UNLINK_ID_ACK.into(), id, from.into(), to.into()])
}

/// A whole frame: length, mark, control message, payload.
pub(super) fn frame(control: &Term, payload: Option<&Term>) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = vec![0, 0, 0, 0, PASS_THROUGH];
    encode(control, &mut bytes)?;
    if let Some(payload) = payload {
        encode(payload, &mut bytes)?;
    }
    let length = u32::try_from(bytes.len() - 4).map_err(|_| EncodeError::Large)?;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests;
