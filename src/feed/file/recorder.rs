//! Writes what passes a feed into a file, on a thread of its own: a disk that hangs holds up no screen.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::Context as _;
use midair_proto::v1::{RecordingHeader, RecordingOrder};
use midair_recording::WriteError;

use super::Scribe;
use crate::{
    entry::{Entry, Item},
    event::Stamp,
    feed::local,
    wire::Carries,
};

/// Entries that wait for the disk at most; when full, the next ones are lost, and counted in the file.
const N_WAITING: usize = 16_384;

/// What was written outlives a crash after so long at most.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// How a recorder does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecorderState {
    /// Bytes in the file.
    pub n_bytes: u64,
    /// Entries that the disk was too slow for.
    pub n_lost: u64,
    /// Why it has stopped, in words.
    pub failed: Option<String>,
}

/// Records until it is dropped or [`Recorder::finish`]ed.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    entries: Option<SyncSender<Entry>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    n_bytes: AtomicU64,
    n_lost: AtomicU64,
    has_failed: AtomicBool,
    failed: Mutex<Option<String>>,
}

impl RecorderState {
    /// What the disk was too slow for, as the end of a sentence; nothing where it was not.
    pub fn lost(&self) -> String {
        if self.n_lost > 0 { format!(", {} entries lost: the disk is too slow", self.n_lost) } else { String::new() }
    }
}

impl Recorder {
    /// Begins a file, in the name of the user of this program.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be made.
    pub fn start(path: &Path, why: &str, at: Stamp) -> anyhow::Result<Self> {
        Self::start_after(Vec::new(), path, why, at)
    }

    /// The same, after what is known already: however much that is, nothing of it is lost.
    ///
    /// # Errors
    /// As `start`.
    pub fn start_after(known: Vec<Entry>, path: &Path, why: &str, at: Stamp) -> anyhow::Result<Self> {
        let header = RecordingHeader {
            program: Some(concat!("midair ", env!("CARGO_PKG_VERSION")).to_owned()),
            author: Some(local::user()),
            why: Some(why.to_owned()),
            wall_us: Some(at.0),
            order: Some(RecordingOrder::AsSeen.into()),
            masked: vec!["state and dictionaries of Erlang processes".to_owned()],
            ..RecordingHeader::default()
        };
        let scribe = Scribe::create(path, &header, at)?;
        let (entries, inbox) = sync_channel(N_WAITING);
        let shared = Arc::new(Shared::default());
        let (theirs, place) = (Arc::clone(&shared), path.to_owned());
        let thread = std::thread::Builder::new()
            .name("midair-record".into())
            .spawn(move || {
                if let Err(error) = write_all(scribe, known, &inbox, &theirs) {
                    tracing::warn!(path = %place.display(), %error, "recording stopped");
                    *theirs.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    theirs.has_failed.store(true, Ordering::Relaxed);
                }
            })
            .context("cannot start the thread that records")?;
        Ok(Self { path: path.to_owned(), entries: Some(entries), shared, thread: Some(thread) })
    }

    /// Where it records to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes an entry; it waits for nobody. What an Erlang process keeps is shown to who asked for it, and is not for a
    /// file that goes from hand to hand.
    pub fn push(&self, entry: &Entry) {
        let Some(entries) = self.entries.as_ref().filter(|_| is_for_files(entry)) else { return };
        match entries.try_send(entry.clone()) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.shared.n_lost.fetch_add(1, Ordering::Relaxed);
            }
            // Its thread has ended, and said why.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// How it does.
    pub fn state(&self) -> RecorderState {
        let failed = || self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        RecorderState {
            n_bytes: self.shared.n_bytes.load(Ordering::Relaxed),
            n_lost: self.shared.n_lost.load(Ordering::Relaxed),
            failed: if self.shared.has_failed.load(Ordering::Relaxed) { failed() } else { None },
        }
    }

    /// Writes the rest and the index, and closes the file; how it went.
    pub fn finish(mut self) -> RecorderState {
        self.close();
        self.state()
    }

    fn close(&mut self) {
        self.entries = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that records ended in a panic");
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
    }
}

fn is_for_files(entry: &Entry) -> bool {
    !matches!(&entry.item, Item::Envelope(_, envelope) if Carries::of(envelope) == Carries::Kept)
}

/// Writes what is known, and then what comes until nobody is left to send it.
fn write_all(
    mut scribe: Scribe,
    known: Vec<Entry>,
    inbox: &Receiver<Entry>,
    shared: &Shared,
) -> Result<(), WriteError> {
    known.iter().filter(|entry| is_for_files(entry)).try_for_each(|entry| scribe.take(entry))?;
    drop(known);
    let mut n_told = 0;
    loop {
        match inbox.recv_timeout(FLUSH_EVERY) {
            Ok(entry) => {
                let n_lost = shared.n_lost.load(Ordering::Relaxed);
                if n_lost > n_told {
                    scribe.lost(entry.at, n_lost - n_told, "the disk was too slow")?;
                    n_told = n_lost;
                }
                scribe.take(&entry)?;
                // What waits already goes into the same chunk, up to a bound.
                for _ in 0..1_024 {
                    let Ok(entry) = inbox.try_recv() else { break };
                    scribe.take(&entry)?;
                }
            }
            Err(RecvTimeoutError::Timeout) => scribe.flush()?,
            Err(RecvTimeoutError::Disconnected) => {
                shared.n_bytes.store(scribe.finish()?, Ordering::Relaxed);
                return Ok(());
            }
        }
        shared.n_bytes.store(scribe.n_bytes(), Ordering::Relaxed);
    }
}
