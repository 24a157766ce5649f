//! What does a process wait for? Concluded from a few looks at its status and the top of its stack.
//!
//! A call of `gen` monitors whom it calls as long as it waits (`gen:do_call/4`, OTP's `gen.erl`), so the one monitor that a
//! process has only while it is in such a call names the callee. Where it monitors several, the arguments of the call on
//! its stack tell them apart, if the stack is small.

use super::look::{Function, Neighbour, Party, ProcessLook, Status, Tally};
use crate::{term::Port, watch::look};

/// What a process waits for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Waits {
    /// Nothing can be said: no look, or none that is like others.
    #[default]
    Unknown,
    /// For a processor: it ran or could have run in most looks.
    Computing,
    /// For any message, in the `receive` of this function.
    Message(Function),
    /// For time to pass.
    Sleep,
    /// For the answer of another process.
    Call {
        /// The function that waits: `gen:do_call/4`.
        through: Function,
        /// Whom it calls, where that is known.
        callee: Option<Neighbour>,
        /// How many it may be, where it is one of several that it monitors: 1 where it is known.
        n_candidates: usize,
    },
    /// For a port or socket.
    Port {
        /// The function that waits: `prim_inet:recv0/3`.
        through: Function,
        /// The port, where it has only one.
        port: Option<Port>,
        /// Bytes that wait in that port to be sent, where they were asked.
        queued: Option<u64>,
    },
    /// To send: a link or a port over which it sends is busy. With neither, another process may have suspended it.
    Suspended {
        /// Distribution links that take nothing more.
        links: Vec<BusyLink>,
        /// Ports among its links that have something queued.
        ports: Vec<BusyPort>,
    },
}

/// A distribution link that has taken as much as the VM lets wait (`dist_buf_busy_limit`): who sends over it is suspended,
/// until some of it has gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyLink {
    /// The node at its other end.
    pub node: String,
    /// Bytes that wait to be sent, where they are told.
    pub pending: Option<u64>,
}

/// A port that does not take what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyPort {
    /// The port.
    pub port: Port,
    /// Bytes that wait in it.
    pub queued: u64,
}

/// How one look is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Computing,
    Message,
    Sleep,
    Call,
    Port,
    Suspended,
}

const KINDS: [Kind; 6] = [Kind::Suspended, Kind::Call, Kind::Port, Kind::Sleep, Kind::Message, Kind::Computing];

/// Functions in which a process waits for something else than any message; an empty name: all of the module.
const WAITING_IN: [(&str, &str, Kind); 20] = [
    ("gen", "do_call", Kind::Call),
    ("gen_server", "rec_nodes", Kind::Call),
    ("erpc", "", Kind::Call),
    ("rpc", "", Kind::Call),
    ("code_server", "call", Kind::Call),
    ("io", "wait_io_mon_reply", Kind::Call),
    ("supervisor", "shutdown", Kind::Call),
    ("proc_lib", "sync_start", Kind::Call),
    ("proc_lib", "sync_start_link", Kind::Call),
    ("proc_lib", "sync_start_monitor", Kind::Call),
    ("Elixir.Task", "", Kind::Call),
    ("prim_inet", "", Kind::Port),
    ("gen_tcp", "", Kind::Port),
    ("gen_udp", "", Kind::Port),
    ("gen_sctp", "", Kind::Port),
    ("gen_tcp_socket", "", Kind::Port),
    ("socket", "", Kind::Port),
    ("os", "", Kind::Port),
    ("erts_internal", "port_command", Kind::Port),
    ("timer", "sleep", Kind::Sleep),
];

fn kind(glance: &look::Glance) -> Option<Kind> {
    match glance.status.as_ref()? {
        status if status.is_active() => Some(Kind::Computing),
        Status::Suspended => Some(Kind::Suspended),
        Status::Waiting => Some(glance.top.as_ref().map_or(Kind::Message, waiting_in)),
        _ => None,
    }
}

fn waiting_in(top: &Function) -> Kind {
    let is = |(module, function, _): &&(&str, &str, Kind)| {
        top.module.as_str() == *module && (function.is_empty() || top.function.as_str() == *function)
    };
    WAITING_IN.iter().find(is).map_or(Kind::Message, |(_, _, kind)| *kind)
}

/// What is busy, as far as it was told: ports that hold something.
fn suspended(look: &ProcessLook) -> Waits {
    let Waits::Suspended { links, ports } = &look.waits else {
        return Waits::Suspended { links: Vec::new(), ports: Vec::new() };
    };
    let ports = ports.iter().filter(|port| port.queued > 0).cloned().collect();
    Waits::Suspended { links: links.clone(), ports }
}

/// The port that a process has, if that is one, and what is queued there.
fn for_port(look: &ProcessLook, through: Function) -> Waits {
    let mut ports = look.links.some.iter().chain(&look.monitors.some).filter_map(|near| match &near.party {
        Party::Port(port) => Some(port),
        Party::Process(_) | Party::Name(_) | Party::Other(_) => None,
    });
    let first = ports.next();
    let port = first.filter(|first| ports.all(|port| port == *first));
    let queued = match &look.waits {
        Waits::Suspended { ports, .. } => ports.iter().find(|busy| Some(&busy.port) == port).map(|busy| busy.queued),
        _ => None,
    };
    Waits::Port { through, port: port.cloned(), queued }
}

/// What a process monitors while it calls nobody.
#[derive(Debug, Default)]
pub(super) struct Standing {
    monitors: Vec<Neighbour>,
    callee: Option<(Option<Neighbour>, usize)>,
}

impl Standing {
    /// What the latest looks say, of which the last one is `look`; and in how many of all it was so.
    pub(super) fn concluded(&mut self, look: &ProcessLook, tally: &Tally, n_latest: usize) -> (Waits, usize) {
        let now = look::Glance { status: look.status.clone(), top: look.stack.first().map(|top| top.function.clone()) };
        // Each message that comes wakes who waits for an answer: it runs then, and calls all the same.
        let calls = look.stack.iter().any(|frame| {
            let waiting = look::Glance { status: Some(Status::Waiting), top: Some(frame.function.clone()) };
            kind(&waiting) == Some(Kind::Call)
        });
        match kind(&now) {
            _ if calls => {
                let told = match &look.waits {
                    Waits::Call { callee: Some(callee), .. } => Some((Some(callee.clone()), 1)),
                    _ => None,
                };
                self.callee = Some(told.unwrap_or_else(|| self.callee(&look.monitors.some)));
            }
            Some(_) if look.neighbours_age == 0 => self.monitors.clone_from(&look.monitors.some),
            Some(_) | None => {}
        }
        let latest = tally.latest(n_latest);
        let count = |of: Kind| latest.clone().filter(|glance| kind(glance) == Some(of)).count();
        // Of equal ones the first in the list.
        let Some(kind) = KINDS.into_iter().rev().max_by_key(|of| count(*of)).filter(|of| count(*of) > 0) else {
            return (Waits::Unknown, 0);
        };
        let n = tally.all().filter(|glance| self::kind(glance) == Some(kind)).count();
        let newest = latest.clone().filter(|glance| self::kind(glance) == Some(kind)).last();
        let top = newest.and_then(|glance| glance.top.clone());
        let waits = match (kind, top) {
            (Kind::Computing, _) => Waits::Computing,
            (Kind::Sleep, _) => Waits::Sleep,
            (Kind::Suspended, _) => suspended(look),
            (Kind::Call, Some(through)) => {
                let (callee, n_candidates) = self.callee.clone().unwrap_or_default();
                Waits::Call { through, callee, n_candidates }
            }
            (Kind::Port, Some(through)) => for_port(look, through),
            (Kind::Message, Some(function)) => Waits::Message(function),
            (Kind::Call | Kind::Port | Kind::Message, None) => Waits::Unknown,
        };
        (waits, n)
    }

    /// Whom it calls: the one that it monitors now and not otherwise, and how many that may be.
    fn callee(&self, monitors: &[Neighbour]) -> (Option<Neighbour>, usize) {
        let mut standing = self.monitors.clone();
        let mut candidates: Vec<&Neighbour> = Vec::new();
        for monitor in monitors {
            if let Some(at) = standing.iter().position(|other| other == monitor) {
                standing.swap_remove(at);
            } else if !candidates.contains(&monitor) {
                candidates.push(monitor);
            }
        }
        match candidates[..] {
            [one] => (Some(one.clone()), 1),
            _ => (None, candidates.len()),
        }
    }
}

#[cfg(test)]
mod tests;
