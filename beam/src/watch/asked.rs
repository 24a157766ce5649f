//! A helper that answers numbers: asked one thing at a time, each with a deadline.

use std::time::Duration;

use tokio::time::timeout;

use super::form::{self, Form};
use crate::{
    connection::{CallError, Connection, Helper, HelperEnded, SpawnOptions},
    term::{Pid, Term},
};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WatchError {
    /// The helper could not be started or asked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It is gone, and what it held with it: start another.
    #[error(transparent)]
    Ended(#[from] HelperEnded),
    /// Not yet: the VM is busy or hangs. The question stands, and the next one waits for its answer.
    #[error("the VM did not answer for {what} within {} ms", within.as_millis())]
    Late {
        /// What was asked for.
        what: &'static str,
        /// How long we waited.
        within: Duration,
    },
    /// An answer that is none.
    #[error("the VM answered {what} with what is no answer")]
    Garbage {
        /// What was asked for.
        what: &'static str,
    },
}

/// A helper on the VM that takes a number and sends back a tuple that starts with it.
#[derive(Debug)]
pub(crate) struct Asked {
    helper: Helper,
    what: &'static str,
    within: Duration,
    number: i64,
    /// Whether `number` was sent, and its answer not yet taken.
    ///
    /// INVARIANT: at most one question waits there, however long the VM takes.
    is_open: bool,
}

impl Asked {
    /// Starts the helper of a form that takes our pid and these. Each question waits for `within` at most.
    pub(crate) async fn start(
        connection: &Connection,
        (what, form): (&'static str, Form),
        args: Vec<Term>,
        within: Duration,
    ) -> Result<Self, WatchError> {
        let with_us = |ours: &Pid| form.applied_to([vec![ours.clone().into()], args].concat());
        let helper = connection.spawn_linked(form::INTERPRETER, with_us, SpawnOptions::default(), within).await?;
        Ok(Self { helper, what, within, number: 0, is_open: false })
    }

    /// What it says before it is asked.
    pub(crate) async fn greeting(&mut self) -> Result<Term, WatchError> {
        let next = timeout(self.within, self.helper.next()).await;
        Ok(next.map_err(|_| WatchError::Late { what: self.what, within: self.within })??)
    }

    /// Asks, and gives what comes after the number.
    pub(crate) async fn ask(&mut self) -> Result<Vec<Term>, WatchError> {
        let (what, within) = (self.what, self.within);
        timeout(within, self.answer()).await.unwrap_or(Err(WatchError::Late { what, within }))
    }

    /// May be dropped half way: then the question stands.
    async fn answer(&mut self) -> Result<Vec<Term>, WatchError> {
        if !self.is_open {
            // Sending is taken whole or not at all; an unsent number would only be one that is never answered.
            self.helper.send((self.number + 1).into()).await?;
            self.number += 1;
            self.is_open = true;
        }
        loop {
            let Term::Tuple(mut items) = self.helper.next().await? else { continue };
            if items.first().and_then(Term::as_int) == Some(self.number) {
                self.is_open = false;
                items.remove(0);
                return Ok(items);
            }
        }
    }

    pub(crate) fn garbage(&self) -> WatchError {
        WatchError::Garbage { what: self.what }
    }

    pub(crate) fn process(&self) -> &Pid {
        self.helper.process()
    }
}
