//! A connection to one node: calls with a deadline, and linked helpers whose messages arrive here.
//!
//! One task (`core`) owns the socket and everything that waits for an answer. All else talks to it through a bounded
//! channel, and learns from it how the connection ended.

mod control;
mod core;
mod ended;
mod helper;
mod owners;
mod spawn;
mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use self::core::{Command, Core};
pub use self::{
    ended::{CallError, Ended, HelperEnded},
    helper::Helper,
    spawn::{Mfa, Priority, SpawnOptions},
};
use crate::{
    handshake::Agreed,
    term::{Bounds, Pid, Term},
};

/// Commands that wait for the task. When it is full, callers wait: it is only so while the node does not read.
const MOST_COMMANDS: usize = 64;

/// What is taken from a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one frame. A frame beyond ends the connection before it is read.
    pub frame: usize,
    /// Depth and memory of the terms of one frame.
    pub bounds: Bounds,
    /// Messages of one helper that wait to be taken. Those that come when it is full are dropped and counted.
    pub inbox: usize,
}

impl Default for Limits {
    /// 64 MiB, the bounds of the decoder, 64 messages.
    fn default() -> Self {
        Self { frame: 64 << 20, bounds: Bounds::default(), inbox: 64 }
    }
}

/// Bytes of frames, lengths included, since the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From the node.
    pub received: u64,
    /// To the node.
    pub sent: u64,
}

#[derive(Debug, Default)]
struct Counters {
    received: AtomicU64,
    sent: AtomicU64,
}

/// A connection to a node. It ends when the last clone and the last [`Helper`] are dropped, and every process that was
/// spawned through it dies with it, since all are linked.
#[derive(Clone, Debug)]
pub struct Connection {
    commands: mpsc::Sender<Command>,
    ended: watch::Receiver<Option<Ended>>,
    agreed: Arc<Agreed>,
    counters: Arc<Counters>,
}

impl Connection {
    /// Takes over a stream after its handshake.
    pub(crate) fn start<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        stream: S,
        agreed: Agreed,
        tick_time: Duration,
        limits: Limits,
    ) -> Self {
        let (commands, receiver) = mpsc::channel(MOST_COMMANDS);
        let (end, ended) = watch::channel(None);
        let (agreed, counters) = (Arc::new(agreed), Arc::new(Counters::default()));
        let core = Core::new(agreed.clone(), counters.clone(), tick_time, limits);
        tokio::spawn(core.run(stream, receiver, end));
        Self { commands, ended, agreed, counters }
    }

    /// Who we are to each other.
    pub fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The peer has said what its `net_ticktime` is: we tick four times in it from now on.
    pub async fn set_tick_time(&self, tick_time: Duration) -> Result<(), Ended> {
        self.tell(Command::TickTime(tick_time)).await
    }

    /// Bytes so far.
    pub fn traffic(&self) -> Traffic {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic { received: read(&self.counters.received), sent: read(&self.counters.sent) }
    }

    /// Calls a function there in a process of its own, and waits for its result for so long. Then the process is killed,
    /// and so it is when the connection ends.
    pub async fn call(&self, mfa: Mfa, args: Vec<Term>, within: Duration) -> Result<Term, CallError> {
        self.call_with(mfa, args, SpawnOptions::default(), within).await
    }

    /// The same with options for the process.
    pub async fn call_with(
        &self,
        mfa: Mfa,
        args: Vec<Term>,
        options: SpawnOptions,
        within: Duration,
    ) -> Result<Term, CallError> {
        let (answer, answered) = oneshot::channel();
        let asked = async {
            self.tell(Command::Call { mfa, args, options, within, answer }).await?;
            answered.await.unwrap_or_else(|_| Err(self.why().into()))
        };
        bounded(mfa, within, asked).await
    }

    /// Starts a function there in a process that is linked to the helper handed out: it gets messages that the process
    /// sends to [`Helper::pid`], learns how it ended, and kills it when dropped. `make_args` is told that pid.
    pub async fn spawn_linked(
        &self,
        mfa: Mfa,
        make_args: impl FnOnce(&Pid) -> Vec<Term>,
        options: SpawnOptions,
        within: Duration,
    ) -> Result<Helper, CallError> {
        let started = async {
            let (named, name) = oneshot::channel();
            self.tell(Command::Name { named }).await?;
            let (number, pid) = name.await.map_err(|_| self.why())?;
            let args = make_args(&pid);
            let (started, start) = oneshot::channel();
            self.tell(Command::Spawn { number, mfa, args, options, within, started }).await?;
            let parts = start.await.map_err(|_| self.why())??;
            Ok(Helper::new(self.clone(), pid, number, parts))
        };
        bounded(mfa, within, started).await
    }

    /// Waits until the connection has ended, and says why.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().unwrap_or(Ended::Dropped),
            Err(_) => Ended::Dropped,
        }
    }

    /// Whether it still stands, as far as is known.
    pub fn is_up(&self) -> bool {
        self.ended.borrow().is_none() && !self.commands.is_closed()
    }

    async fn tell(&self, command: Command) -> Result<(), Ended> {
        self.commands.send(command).await.map_err(|_| self.why())
    }

    fn why(&self) -> Ended {
        self.ended.borrow().clone().unwrap_or(Ended::Dropped)
    }
}

/// The task keeps the deadline too, to kill what runs; but while a node does not read it takes no commands.
async fn bounded<T>(
    mfa: Mfa,
    within: Duration,
    asked: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    timeout(within, asked).await.unwrap_or(Err(CallError::Timeout { mfa, within }))
}
