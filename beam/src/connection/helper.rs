//! A process there that works for us: its messages, its end, and that it ends with us.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, watch};

use super::{
    CallError, Connection, HelperEnded,
    core::Command,
    owners::{Mailbox, Number},
};
use crate::term::{Pid, Term};

/// A process on the node that is linked to us. Dropped, it kills the process.
#[derive(Debug)]
pub struct Helper {
    connection: Connection,
    ours: Pid,
    number: Number,
    theirs: Pid,
    inbox: mpsc::Receiver<Term>,
    ended: watch::Receiver<Option<HelperEnded>>,
    n_dropped: Arc<AtomicU64>,
}

impl Helper {
    pub(super) fn new(connection: Connection, ours: Pid, number: Number, parts: (Pid, Mailbox)) -> Self {
        let (theirs, Mailbox { inbox, ended, n_dropped }) = parts;
        Self { connection, ours, number, theirs, inbox, ended, n_dropped }
    }

    /// Our pid, to which the process sends.
    pub fn pid(&self) -> &Pid {
        &self.ours
    }

    /// The pid of the process.
    pub fn process(&self) -> &Pid {
        &self.theirs
    }

    /// The next message; those that came before the end come before the end is told.
    pub async fn next(&mut self) -> Result<Term, HelperEnded> {
        if let Some(message) = self.inbox.recv().await {
            return Ok(message);
        }
        // The task drops its end of the mailbox after it has said why, or when it ends itself.
        let ended = self.ended.borrow().clone();
        match ended {
            Some(ended) => Err(ended),
            None => Err(self.connection.ended().await.into()),
        }
    }

    /// Sends a message to the process.
    pub async fn send(&self, message: Term) -> Result<(), CallError> {
        let frame = super::control::frame(&super::control::send(self.theirs.clone()), Some(&message))?;
        self.connection.tell(Command::Frame(frame)).await.map_err(CallError::from)
    }

    /// Messages that were lost since nobody took those before them.
    pub fn n_dropped(&self) -> u64 {
        self.n_dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // When the channel is full, the task finds at its next tick that nobody listens, and kills the process then.
        drop(self.connection.commands.try_send(Command::Kill(self.number)));
    }
}
