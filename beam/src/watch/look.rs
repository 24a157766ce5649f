//! What is one Erlang process, and what does it do? A close look at one, as long as somebody looks.
//!
//! A helper there asks `process_info` about it and counts what it does between two reads ([`Tally`]); what that means is
//! [`Waits`]. Asked is what is bounded: never its messages, and what walks the mailbox only while that is short. A process
//! inside of native code that does not yield answers nothing: then the last look stays, with its age.

mod answer;
mod process;
mod state;
mod tally;

use std::{fmt, time::Duration};

use tokio::time::{Instant, timeout};

pub(super) use self::tally::Glance;
pub use self::{
    process::{Frame, Function, Heap, Neighbour, Neighbours, Party, ProcessLook, Status},
    state::{Printed, StateError, dictionary, state},
    tally::Tally,
};
use super::{
    form::{Form, INTERPRETER},
    wait::Standing,
};
use crate::{
    connection::{CallError, Connection, Helper, HelperEnded, Mfa, SpawnOptions},
    term::{Pid, Term},
};

const LOOK: Form = Form(include_bytes!("../../forms/look.etf"));
/// Between two looks of the helper: 10 of them in a second. What they cost is that a scheduler wakes up, where all sleep
/// (100 us were measured each); so more of them would cost more than all else here.
const GAP_MS: i64 = 96;
/// 128 MB: what a million links take, and a dictionary. Beyond, the helper is killed.
const MOST_WORDS: u64 = 16 << 20;
/// A helper that waited for so long is replaced: a VM may have lost its request, and it would never know.
const REPLACED_AFTER: Duration = Duration::from_secs(30);

/// What a read gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// It answered.
    Answered(Box<ProcessLook>),
    /// It does not.
    Silent(Silence),
    /// It is no more.
    Gone,
}

/// A process that does not answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// What was seen last, `lasts` ago or a little longer; `None` where it never answered.
    pub last: Option<Box<ProcessLook>>,
    /// For how long it has not answered.
    pub lasts: Duration,
    /// Whether its node answers: a call that has nothing to do with it.
    pub does_node_answer: bool,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.lasts.as_secs();
        match self.does_node_answer {
            true => write!(f, "it has not answered for {seconds} s; it is inside a BIF or NIF that does not yield"),
            false => write!(f, "neither it nor its node has answered for {seconds} s"),
        }
    }
}

/// Why there is no look.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LookError {
    /// The node does not answer, or takes no helper.
    #[error("cannot look at the process: {0}")]
    Call(#[from] CallError),
    /// The helper ended; the next read starts another one.
    #[error("cannot look at the process: {0}")]
    Helper(#[from] HelperEnded),
    /// The process lives on another node than that at the other end.
    #[error("the process lives on {0}: ask there")]
    Elsewhere(String),
    /// An answer that is none. It is left alone, and the next one may be better.
    #[error("the node says something else about the process than was asked")]
    Garbled,
}

/// One process in focus. Dropped, nothing of it is left there.
#[derive(Debug)]
pub struct Look {
    connection: Connection,
    pid: Pid,
    release: u32,
    within: Duration,
    helper: Option<Helper>,
    number: i64,
    /// Since when the request `number` has waited for its answer.
    asked: Option<Instant>,
    /// Since when the process has not answered, over all helpers.
    silent: Option<Instant>,
    known: Known,
}

/// What is kept between two reads.
#[derive(Debug, Default)]
struct Known {
    last: Option<ProcessLook>,
    tally: Tally,
    standing: Standing,
}

impl Look {
    /// Begins to look at a process of the node at the other end, whose OTP release this is (25, 27). `within` bounds the
    /// start, and later each read.
    pub async fn start(connection: &Connection, pid: Pid, release: u32, within: Duration) -> Result<Self, LookError> {
        if pid.node.as_str() != connection.agreed().peer {
            return Err(LookError::Elsewhere(pid.node.to_string()));
        }
        let (connection, known) = (connection.clone(), Known::default());
        let mut look =
            Self { connection, pid, release, within, helper: None, number: 0, asked: None, silent: None, known };
        look.helper = Some(look.new_helper().await?);
        Ok(look)
    }

    /// The process.
    pub fn pid(&self) -> &Pid {
        &self.pid
    }

    /// Our helper there, where one runs.
    pub fn helper(&self) -> Option<&Pid> {
        self.helper.as_ref().map(Helper::process)
    }

    /// What it is and does now. Takes at most twice the time given at the start, and less than a millisecond mostly. Reads
    /// a second apart know 10 looks more each. Dropped half way, the next one goes on with the same request.
    pub async fn read(&mut self) -> Result<Seen, LookError> {
        let helper = match self.helper.take() {
            Some(helper) => helper,
            None => self.new_helper().await?,
        };
        if self.asked.is_none() {
            self.number += 1;
            let request = Term::tuple([self.number.into(), GAP_MS.into()]);
            helper.send(request).await?;
            self.asked = Some(Instant::now());
        }
        self.helper = Some(helper);
        match timeout(self.within, self.answer()).await {
            Ok(answer) => self.take_in(answer?),
            Err(_) => self.silence().await,
        }
    }

    async fn new_helper(&mut self) -> Result<Helper, LookError> {
        self.asked = None;
        let (pid, release) = (self.pid.clone(), self.release);
        let args = |us: &Pid| LOOK.applied_to(vec![us.clone().into(), pid.into(), i64::from(release).into()]);
        let options = SpawnOptions { max_heap_words: Some(MOST_WORDS), ..SpawnOptions::default() };
        Ok(self.connection.spawn_linked(INTERPRETER, args, options, self.within).await?)
    }

    /// The answer to the request that waits; older ones are left behind.
    async fn answer(&mut self) -> Result<Vec<Term>, LookError> {
        let Some(helper) = &mut self.helper else { return Err(LookError::Garbled) };
        loop {
            match helper.next().await {
                Ok(Term::Tuple(parts)) if parts.first().and_then(Term::as_int) == Some(self.number) => {
                    self.asked = None;
                    return Ok(parts);
                }
                Ok(_) => {}
                Err(ended) => {
                    self.helper = None;
                    return Err(ended.into());
                }
            }
        }
    }

    fn take_in(&mut self, answer: Vec<Term>) -> Result<Seen, LookError> {
        self.silent = None;
        let [_, looks, seen] = &answer[..] else { return Err(LookError::Garbled) };
        if seen.as_atom() == Some("undefined") {
            return Ok(Seen::Gone);
        }
        let home = &self.connection.agreed().peer;
        let n_looks = self.known.tally.add(looks.as_list().unwrap_or_default());
        let look = answer::read(seen, self.known.last.take(), home).ok_or(LookError::Garbled)?;
        let look = self.known.concluded(look, n_looks);
        Ok(Seen::Answered(Box::new(look)))
    }

    /// No answer came: whose fault is that? A call tells whether the node answers others.
    async fn silence(&mut self) -> Result<Seen, LookError> {
        let now = Instant::now();
        let since = *self.silent.get_or_insert_with(|| self.asked.unwrap_or(now));
        let does_node_answer = match self.connection.call(Mfa::new("erlang", "node"), Vec::new(), self.within).await {
            Ok(_) => true,
            Err(CallError::Timeout { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        if self.asked.is_some_and(|asked| now - asked > REPLACED_AFTER) {
            self.helper = None;
        }
        let (last, lasts) = (self.known.last.clone().map(Box::new), now - since);
        Ok(Seen::Silent(Silence { last, lasts, does_node_answer }))
    }
}

impl Known {
    /// A look with what follows from it and those before.
    fn concluded(&mut self, mut look: ProcessLook, n_looks: usize) -> ProcessLook {
        self.tally.add_one(look.status.clone(), look.stack.first().map(|frame| frame.function.clone()));
        (look.waits, look.n_waits) = self.standing.concluded(&look, &self.tally, n_looks + 1);
        look.tally = self.tally.clone();
        self.last = Some(look.clone());
        look
    }
}

#[cfg(test)]
mod tests;
