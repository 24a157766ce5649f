//! The hot set: a few hundred processes that are read each second, and those that are met for the first time by name.
//!
//! A helper on the target (`forms/hot.erl`, `forms/hot_read.erl`) answers a reading in one message; what did not change since the last one
//! does not travel.

mod read;

use std::time::Duration;

use tokio::time::timeout;

pub use self::read::{Introduction, Parent, Reading, Seen};
use crate::{
    connection::{CallError, Connection, Helper, HelperEnded, Mfa, SpawnOptions},
    term::{Pid, Term},
    watch::form::{Form, INTERPRETER},
};

const FORM: Form = Form(include_bytes!("../../forms/hot.etf"));
const READER: Form = Form(include_bytes!("../../forms/hot_read.etf"));
const WORD: Mfa = Mfa::new("erlang", "system_info");

/// Processes that are read at once.
pub const MOST: usize = 500;

const READ: i64 = 1;
const INTRODUCE: i64 = 2;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HotError {
    /// The helper ended, or the connection.
    #[error("the hot set ended: {0}")]
    Ended(#[from] HelperEnded),
    /// It could not be asked.
    #[error("the hot set cannot be asked: {0}")]
    Unasked(#[from] CallError),
    /// It took too long. What it answers later is left unread.
    #[error("the hot set did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// An answer that is none.
    #[error("the hot set answered what cannot be read: {0}")]
    Unreadable(Box<Term>),
}

/// A helper that reads processes. Dropped, it ends, and leaves nothing on the target.
#[derive(Debug)]
pub struct Hot {
    helper: Helper,
    within: Duration,
    number: i64,
    asked: Vec<Pid>,
    last: Vec<Option<Seen>>,
    word_bytes: u64,
    work_us: u64,
}

impl Hot {
    /// Starts the helper. It and each of its answers may take so long: more than the 2 s that it takes itself to find
    /// out who does not answer.
    pub async fn start(connection: &Connection, within: Duration) -> Result<Self, CallError> {
        let word = connection.call(WORD, vec![Term::atom("wordsize")], within).await?;
        let args = |us: &Pid| {
            let us = Term::from(us.clone());
            let keys = [Term::binary(*b"$process_label"), Term::binary(*b"process_name")];
            // 0: what the one that starts it knows alone.
            let reader = READER.applied_to([vec![Term::Int(0), us.clone()], keys.to_vec()].concat());
            FORM.applied_to(vec![us, Term::List(reader)])
        };
        let helper = connection.spawn_linked(INTERPRETER, args, SpawnOptions::default(), within).await?;
        let word_bytes = word.as_count().unwrap_or(8);
        Ok(Self { helper, within, number: 0, asked: Vec::new(), last: Vec::new(), word_bytes, work_us: 0 })
    }

    /// Reads these, in this order; what is beyond [`MOST`] of them is left out.
    pub async fn read(&mut self, pids: &[Pid]) -> Result<Reading, HotError> {
        let pids = &pids[..pids.len().min(MOST)];
        let is_same = self.asked == pids && !self.last.is_empty();
        // Until it has answered, nobody knows what the helper holds.
        self.asked.clear();
        let answer = self.ask(READ, (!is_same).then_some(pids)).await?;
        let before = if is_same { &self.last[..] } else { &[] };
        let reading = read::reading(&answer, pids, before, self.word_bytes);
        let reading = reading.ok_or_else(|| HotError::Unreadable(Box::new(answer)))?;
        self.asked = pids.to_vec();
        self.last = reading.rows.iter().map(|(_, seen)| *seen).collect();
        self.work_us = reading.own_work_us;
        Ok(reading)
    }

    /// Who these are, in this order: once for each that is new, for it is dearer. Those that ended are left out.
    pub async fn introduce(&mut self, pids: &[Pid]) -> Result<Vec<Introduction>, HotError> {
        let pids = &pids[..pids.len().min(MOST)];
        let answer = self.ask(INTRODUCE, Some(pids)).await?;
        let (work_us, introductions) =
            read::introductions(&answer, pids).ok_or_else(|| HotError::Unreadable(Box::new(answer)))?;
        self.work_us = work_us;
        Ok(introductions)
    }

    /// What it took on the target so far, in microseconds.
    pub fn own_work_us(&self) -> u64 {
        self.work_us
    }

    /// The process on the target.
    pub fn process(&self) -> &Pid {
        self.helper.process()
    }

    async fn ask(&mut self, what: i64, pids: Option<&[Pid]>) -> Result<Term, HotError> {
        self.number += 1;
        let pids = match pids {
            Some(pids) => Term::List(pids.iter().cloned().map(Term::from).collect()),
            None => Term::Int(0),
        };
        self.helper.send(Term::tuple([Term::Int(self.number), Term::Int(what), pids])).await?;
        let answered = async {
            loop {
                let answer = self.helper.next().await?;
                let number = answer.as_tuple().and_then(|items| items.first()).and_then(Term::as_int);
                // Answers that came too late are passed over.
                if number == Some(self.number) {
                    return Ok(answer);
                }
            }
        };
        timeout(self.within, answered).await.unwrap_or(Err(HotError::Timeout(self.within)))
    }
}
