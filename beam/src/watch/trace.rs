//! Who sends to a process, and what kind of messages? Counted on its node, for a few seconds, on request alone.
//!
//! A trace of `receive` is what the VM offers (`erlang:trace/3`). While it is on, the process is slower, by up to 6 times
//! where its messages are small and it does little else; so it ends after a few seconds or messages, whatever happens: the
//! tracer is a helper of ours, and its flags die with it. Messages are copied to the tracer and go no further: what leaves
//! are counts by sender and tag. It is refused where somebody else traces the process.

use std::{fmt, time::Duration};

use tokio::time::timeout;

use super::{
    form::{Form, INTERPRETER},
    look::Neighbour,
    names::Around,
};
use crate::{
    connection::{CallError, Connection, HelperEnded, SpawnOptions},
    term::{Pid, Term},
};

const TRACE: Form = Form(include_bytes!("../../forms/trace.etf"));
/// The longest trace.
pub const MOST_TIME: Duration = Duration::from_secs(5);
/// The most messages that one trace counts.
pub const MOST_MESSAGES: u32 = 5000;
/// 64 MB of messages in the tracer: then it is killed.
const MOST_WORDS: u64 = 8 << 20;
/// What a trace may take beyond its time: to be started, and to count what has arrived.
const GRACE: Duration = Duration::from_secs(5);

/// What was received.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// By whom and what, the most first; at most 256, the rest in one without either.
    pub counts: Vec<Count>,
    /// Messages that arrived while it was on; more than the sum of the counts where it was cut short.
    pub n: u64,
    /// How long it was on.
    pub lasted: Duration,
    /// Whether it ended at its most messages, before its time.
    pub is_cut: bool,
}

impl Received {
    /// Messages in a second; `None` where it was not on for long enough to say.
    pub fn per_second(&self) -> Option<f64> {
        let seconds = self.lasted.as_secs_f64();
        (seconds > 0.0).then(|| self.n as f64 / seconds)
    }
}

/// Messages of one kind from one sender.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// Who sent them.
    pub sender: Sender,
    /// What they are called: the first element of the tuple, and within calls and casts that of the request. `None` for
    /// those that are counted together since there are too many kinds.
    pub tag: Option<String>,
    /// How many.
    pub n: u64,
}

/// Who sent messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Sender {
    /// A process or a port.
    Known(Neighbour),
    /// Some process of this node: what was sent did not say which.
    Node(String),
    /// The VM itself: a timer, for one (`clock_service`).
    Vm(String),
    /// Several, counted together.
    Others,
}

/// Why there is no trace.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TraceError {
    /// The process is no more.
    #[error("the process is gone")]
    Gone,
    /// It lives on another node than that at the other end.
    #[error("the process lives on {0}: ask there")]
    Elsewhere(String),
    /// Somebody traces it.
    #[error("somebody else traces this process ({0}): two traces would disturb each other")]
    Traced(String),
    /// Somebody has set a pattern for all traces of `receive` on the node.
    #[error("somebody else traces what is received on this node: its pattern would be overwritten")]
    Pattern,
    /// Its messages are too much for the tracer.
    #[error("its messages are too large to be counted: the trace was ended at 64 MB")]
    Large,
    /// It did not end.
    #[error("the trace did not end in time, and was killed: is the process inside a BIF or NIF that does not yield?")]
    Late,
    /// An answer that is none.
    #[error("the node answers something else than was asked")]
    Garbled,
    /// The node does not answer, or takes no helper.
    #[error("cannot trace the process: {0}")]
    Call(#[from] CallError),
    /// The tracer ended.
    #[error("the trace ended before its time: {0}")]
    Helper(HelperEnded),
}

/// Counts what a process of the node at the other end receives, whose OTP release this is. At most [`MOST_TIME`] and
/// [`MOST_MESSAGES`]; more of either is cut. Dropped half way, nothing of it is left.
pub async fn receive_trace(
    connection: &Connection,
    pid: &Pid,
    release: u32,
    time: Duration,
    most: u32,
) -> Result<Received, TraceError> {
    let home = &connection.agreed().peer;
    if pid.node.as_str() != home {
        return Err(TraceError::Elsewhere(pid.node.to_string()));
    }
    let (time, most) = (time.min(MOST_TIME), most.clamp(1, MOST_MESSAGES));
    let session = match release {
        // Names that only those who know them get to see: each would stay in an older one for ever.
        27.. => Term::tuple(["session_create", "session_destroy", "delivered"].map(Term::atom)),
        _ => Term::List(Vec::new()),
    };
    let ms = i64::try_from(time.as_millis()).expect("five seconds are few milliseconds");
    let args = |us: &Pid| {
        TRACE.applied_to(vec![us.clone().into(), pid.clone().into(), ms.into(), i64::from(most).into(), session])
    };
    let options = SpawnOptions { max_heap_words: Some(MOST_WORDS), ..SpawnOptions::default() };
    let mut tracer = connection.spawn_linked(INTERPRETER, args, options, GRACE).await?;
    let Ok(told) = timeout(time + GRACE, tracer.next()).await else { return Err(TraceError::Late) };
    match told {
        Ok(told) => read(&told, most, home),
        Err(HelperEnded::Exited(reason)) if reason.as_atom() == Some("killed") => Err(TraceError::Large),
        Err(ended) => Err(TraceError::Helper(ended)),
    }
}

/// `{ok, Counted, Left, Microseconds, Senders, Names}`, `{error, Why}` or `{error, Tracer, Flags}`.
fn read(told: &Term, most: u32, home: &str) -> Result<Received, TraceError> {
    let told = told.as_tuple().ok_or(TraceError::Garbled)?;
    match told {
        [Term::Atom(ok), counted, left, lasted, senders, names] if ok.as_str() == "ok" => {
            let number = |term: &Term| term.as_count().ok_or(TraceError::Garbled);
            let (counted, left) = (number(counted)?, number(left)?);
            let local = Term::List(Vec::new());
            let around = Around { names, local: &local, home };
            let senders = senders.as_list().ok_or(TraceError::Garbled)?;
            let mut counts: Vec<Count> = senders.iter().filter_map(|one| count(one, &around)).collect();
            counts.sort_by_key(|count| std::cmp::Reverse(count.n));
            Ok(Received {
                counts,
                n: counted.saturating_add(left),
                lasted: Duration::from_micros(number(lasted)?),
                is_cut: counted >= u64::from(most),
            })
        }
        [_, why] if why.as_atom() == Some("undefined") => Err(TraceError::Gone),
        [_, why] if why.as_atom() == Some("match_spec") => Err(TraceError::Pattern),
        [_, tracer, _] => Err(TraceError::Traced(tracer.to_string())),
        _ => Err(TraceError::Garbled),
    }
}

/// `{{{Node, Sender}, Tag}, N}`, or `{[], N}` for those beyond the most kinds.
fn count(term: &Term, around: &Around<'_>) -> Option<Count> {
    let [key, n] = term.as_tuple()? else { return None };
    let n = n.as_count()?;
    if key.as_list().is_some() {
        return Some(Count { sender: Sender::Others, tag: None, n });
    }
    let [from, tag] = key.as_tuple()? else { return None };
    let [node, sender] = from.as_tuple()? else { return None };
    let sender = match (node, sender) {
        (_, Term::Pid(_)) => Sender::Known(around.neighbour(sender)?),
        (Term::Port(_), _) => Sender::Known(around.neighbour(node)?),
        // A node has a host in its name.
        (Term::Atom(node), _) if node.as_str().contains('@') => Sender::Node(node.as_str().to_owned()),
        _ => Sender::Vm(node.to_string()),
    };
    Some(Count { sender, tag: Some(Tag(tag).to_string()), n })
}

/// What a message is called: an atom, a type, `{First}` of a tuple, `{'$gen_call', OfRequest}`.
struct Tag<'a>(&'a Term);

/// The types that `forms/trace.erl` numbers, from 1.
const TYPES: [&str; 10] =
    ["integer", "float", "binary", "list", "tuple", "map", "pid", "port", "reference", "function"];

impl fmt::Display for Tag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Term::Tuple(items) => match &items[..] {
                [first] => write!(f, "{{{}, ..}}", Tag(first)),
                [Term::Atom(how), request] => {
                    let how = how.as_str().strip_prefix("$gen_").unwrap_or(how.as_str());
                    write!(f, "{how} {}", Tag(request))
                }
                _ => f.write_str("tuple"),
            },
            Term::Int(n) => {
                let name = usize::try_from(*n).ok().and_then(|n| TYPES.get(n.checked_sub(1)?)); // Else it is no type.
                f.write_str(name.unwrap_or(&"?"))
            }
            other => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests;
