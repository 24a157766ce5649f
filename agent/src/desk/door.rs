//! The way in to the desk, for the service: commands wait here, bounded, without blocking the runtime.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use midair_proto::v1::{Envelope, payload};
use tonic::Status;

use super::{Command, WatcherId, event};
use crate::{black_box::Histories, clock::Clock, identity::Identity};

/// How long a command waits before it tries again at a full desk.
const RETRY: Duration = Duration::from_millis(2);

/// The way in to the desk.
#[derive(Clone, Debug)]
pub struct Door {
    way: Way,
    identity: Arc<Identity>,
    clock: Clock,
    n_watchers: Arc<AtomicU64>,
    histories: Option<Histories>,
}

/// Where commands wait.
#[derive(Clone, Debug)]
enum Way {
    /// For a desk on a thread of its own.
    Own(SyncSender<Command>),
    /// For one of many desks on one runtime, with its number among them.
    Shared(mpsc::Sender<(usize, Command)>, usize),
}

impl Door {
    /// To the desk that reads from the other end.
    pub fn new(commands: SyncSender<Command>, identity: Arc<Identity>, clock: Clock) -> Self {
        Self { way: Way::Own(commands), identity, clock, n_watchers: Arc::default(), histories: None }
    }

    /// To one of the desks that read from the other end.
    pub fn shared(to: (mpsc::Sender<(usize, Command)>, usize), identity: Arc<Identity>, clock: Clock) -> Self {
        Self { way: Way::Shared(to.0, to.1), identity, clock, n_watchers: Arc::default(), histories: None }
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
        let is_stopping = || Status::unavailable("the agent is stopping");
        let commands = match &self.way {
            Way::Own(commands) => commands,
            Way::Shared(commands, n) => return commands.send((*n, command)).await.map_err(|_| is_stopping()),
        };
        loop {
            match commands.try_send(command) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(is_stopping()),
                Err(TrySendError::Full(back)) => command = back,
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Sends a command, and blocks while the desk is full: for the end of the agent alone. The desk waits for nobody, so
    /// this is short on a runtime, too.
    pub fn send_now(&self, command: Command) {
        // A desk that is gone needs no more commands.
        match &self.way {
            Way::Own(commands) => drop(commands.send(command)),
            // Nobody may block the runtime on which the desks are.
            Way::Shared(commands, n) => drop(commands.try_send((*n, command))),
        }
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
