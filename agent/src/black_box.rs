//! The black box: a watcher inside of the agent that keeps what the desk says, so that it can be asked for afterwards.
//!
//! It is told the detail stream like any other watcher and writes it, unread, into a bounded ring of recordings, on a
//! thread of its own: a disk that is slow costs it samples, like a reader that is slow, and nobody else anything. A disk
//! that takes nothing turns it off in words; it tries again each minute.

mod histories;
mod home;
mod keeper;
mod status;
mod summaries;
mod thin;

use std::{
    sync::{Mutex, PoisonError, mpsc},
    thread::{JoinHandle, Thread},
    time::Duration,
};

use anyhow::Context;
use midair_recording::History;
use tokio::sync::oneshot;

use crate::{clock::Clock, config::BlackBoxConfig, cost::ThreadTimes, desk::Command, identity::Identity, outbox};

pub use histories::{BYTES_PER_SECOND, Histories, N_HISTORIES, Told};
use home::Home;
use keeper::Keeper;
pub use status::{NAME, Status};

/// Packing needs no deep stack.
const STACK_BYTES: usize = 512 * 1024;

/// Questions that wait; when full, the next is refused.
const N_ASKED: usize = 4;

/// A disk that hangs does not keep an agent from ending.
const END_WITHIN: Duration = Duration::from_secs(2);

/// A range that somebody asks for.
#[derive(Debug)]
struct Asked {
    from_wall_us: u64,
    to_wall_us: u64,
    reply: oneshot::Sender<Found>,
}

/// What the black box has of a range.
#[derive(Debug)]
pub struct Found {
    /// What was kept, to be read without the black box.
    pub history: History,
    /// What was kept of its rollups and marks, by the length of their windows.
    pub summaries: [History; 2],
    /// Wall time of the first and the last of these that it keeps, of whatever range, microseconds.
    pub kept_us: Option<(u64, u64)>,
}

/// A running black box.
#[derive(Debug)]
pub struct BlackBox {
    asker: Asker,
    /// In a lock for the sake of those who share the agent; only who ends it looks.
    ended: Mutex<mpsc::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Who can ask the black box.
#[derive(Clone, Debug)]
pub struct Asker {
    asked: mpsc::SyncSender<Asked>,
    thread: Thread,
}

impl BlackBox {
    /// Starts it; it is told what happens from the next sample on. It ends when the desk has.
    pub fn start(
        config: &BlackBoxConfig,
        identity: &Identity,
        clock: Clock,
        threads: ThreadTimes,
        desk: mpsc::SyncSender<Command>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(home) = Home::of(config, identity) else { return Ok(None) };
        let status = Status::default();
        let (outbox, outgoing) = outbox::outbox();
        desk.send(Command::Keep { outbox, status: status.clone() }).context("the desk has ended already")?;
        let (asked, inbox) = mpsc::sync_channel(N_ASKED);
        let (ending, ended) = mpsc::sync_channel(1);
        let keeper = Keeper::new(home, clock, status, threads, desk, inbox);
        let thread = std::thread::Builder::new()
            .name("midair-blackbox".into())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                keeper.run(outgoing);
                // That it goes away is the message.
                drop(ending);
            })
            .context("cannot start the thread of the black box")?;
        let asker = Asker { asked, thread: thread.thread().clone() };
        Ok(Some(Self { asker, ended: Mutex::new(ended), thread: Some(thread) }))
    }

    /// For those who want to ask it.
    pub fn asker(&self) -> Asker {
        self.asker.clone()
    }

    /// Waits until all is written, once the desk has ended; not for ever.
    pub fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(END_WITHIN) == Err(mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the black box still writes; its last second may be lost");
        } else if thread.join().is_err() {
            tracing::error!("the black box ended in a panic");
        }
    }
}

impl Asker {
    /// What was kept of a range of the node's wall time, microseconds; the error is in words.
    pub async fn ask(&self, from_wall_us: u64, to_wall_us: u64, within: Duration) -> Result<Found, String> {
        let (reply, found) = oneshot::channel();
        let asked = Asked { from_wall_us, to_wall_us, reply };
        self.asked.try_send(asked).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => "the black box is busy writing; ask again in a moment".to_owned(),
            mpsc::TrySendError::Disconnected(_) => "the agent is stopping".to_owned(),
        })?;
        self.thread.unpark();
        match tokio::time::timeout(within, found).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) => Err("the agent is stopping".into()),
            Err(_) => Err(format!("the black box has not answered for {} s: its disk hangs", within.as_secs())),
        }
    }
}
