//! The way in to the desk, for the service: commands wait here, bounded, without blocking the runtime.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
    time::Duration,
};

use midair_proto::v1::{Envelope, payload};
use tonic::Status;

use super::{Command, WatcherId, event};
use crate::{black_box::Histories, clock::Clock, identity::Identity};

/// How long a command waits before it tries again at a full desk.
const RETRY: Duration = Duration::from_millis(2);

/// The way in to the desk.
#[derive(Clone, Debug)]
pub struct Door {
    commands: SyncSender<Command>,
    identity: Arc<Identity>,
    clock: Clock,
    n_watchers: Arc<AtomicU64>,
    histories: Option<Histories>,
}

impl Door {
    /// To the desk that reads from the other end.
    pub fn new(commands: SyncSender<Command>, identity: Arc<Identity>, clock: Clock) -> Self {
        Self { commands, identity, clock, n_watchers: Arc::default(), histories: None }
    }

    /// The same, with a past to ask for.
    pub fn with_histories(self, histories: Option<Histories>) -> Self {
        Self { histories, ..self }
    }

    /// The past; `None`: there is no black box.
    pub fn histories(&self) -> Option<&Histories> {
        self.histories.as_ref()
    }

    /// Sends a command. While the desk is full the caller waits, and so does its client: nothing piles up here.
    pub async fn send(&self, mut command: Command) -> Result<(), Status> {
        loop {
            match self.commands.try_send(command) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(Status::unavailable("the agent is stopping")),
                Err(TrySendError::Full(back)) => command = back,
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Sends a command, and blocks while the desk is full: for the end of the agent alone. The desk waits for nobody, so
    /// this is short on a runtime, too.
    pub fn send_now(&self, command: Command) {
        // A desk that is gone needs no more commands.
        drop(self.commands.send(command));
    }

    /// A number for a new watcher.
    pub fn next_watcher(&self) -> WatcherId {
        WatcherId(self.n_watchers.fetch_add(1, Ordering::Relaxed))
    }

    /// An event that is no sample, stamped now.
    pub fn envelope(&self, kind: payload::Kind) -> Envelope {
        event(&self.identity, &self.clock, kind)
    }

    /// Who the agent is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The agent's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}
