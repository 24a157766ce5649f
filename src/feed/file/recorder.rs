//! Writes what passes a feed into a file, on a thread of its own: a disk that hangs holds up no screen.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
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
use midair_proto::v1::{
    Payload, RecordedLoss, RecordedMark, RecordedNode, RecordedRollup, RecordingHeader, RecordingOrder, payload::Kind,
};
use midair_recording::{Body, Options, WriteError, Writer};
use prost::Message as _;

use super::codec;
use crate::{
    entry::{Entry, Item},
    event::Stamp,
    feed::{local, tape::Standing},
    wire::Carries,
};

/// Entries that wait for the disk at most; when full, the next ones are lost, and counted in the file.
const N_WAITING: usize = 16_384;

/// What was written outlives a crash after so long at most.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
const FLUSH_EVERY_US: u64 = 1_000_000;

/// A key begins a block where the one before is so old: then little has to be repeated.
const BLOCK_FROM_US: u64 = 25_000_000;

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
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.with_context(|| format!("cannot record into {}", path.display()))?;
        let header = RecordingHeader {
            program: Some(concat!("midair ", env!("CARGO_PKG_VERSION")).to_owned()),
            author: Some(local::user()),
            why: Some(why.to_owned()),
            wall_us: Some(at.0),
            order: Some(RecordingOrder::AsSeen.into()),
            masked: vec!["state and dictionaries of Erlang processes".to_owned()],
            ..RecordingHeader::default()
        };
        // Tells its blocks from those of other files.
        let file_id = at.0 ^ u64::from(std::process::id());
        let writer = Writer::new(file, &header, file_id, Options::default());
        let writer = writer.with_context(|| format!("cannot record into {}", path.display()))?;
        let (entries, inbox) = sync_channel(N_WAITING);
        let shared = Arc::new(Shared::default());
        let scribe = Scribe {
            writer,
            standing: Standing::default(),
            since_key: BTreeMap::new(),
            block_from: None,
            flushed: at,
            n_lost: 0,
        };
        let (theirs, place) = (Arc::clone(&shared), path.to_owned());
        let thread = std::thread::Builder::new()
            .name("midair-record".into())
            .spawn(move || {
                if let Err(error) = scribe.run(&inbox, &theirs) {
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
        let Some(entries) = &self.entries else { return };
        if matches!(&entry.item, Item::Envelope(_, envelope) if Carries::of(envelope) == Carries::Kept) {
            return;
        }
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

/// One stream of one agent, by link.
type StreamId = (Arc<str>, Option<String>, Option<u64>, Option<i32>);

/// What writes.
struct Scribe {
    writer: Writer<File>,
    /// What stays true until it is said anew: repeated at the start of each block.
    standing: Standing,
    /// Of each stream its last key, and what came since: the next block begins with it.
    since_key: BTreeMap<StreamId, Vec<Entry>>,
    /// When the block began that is being written.
    block_from: Option<Stamp>,
    flushed: Stamp,
    n_lost: u64,
}

impl Scribe {
    fn run(mut self, inbox: &Receiver<Entry>, shared: &Shared) -> Result<(), WriteError> {
        loop {
            match inbox.recv_timeout(FLUSH_EVERY) {
                Ok(entry) => {
                    self.take(&entry, shared)?;
                    // What waits already goes into the same chunk, up to a bound.
                    for _ in 0..1_024 {
                        let Ok(entry) = inbox.try_recv() else { break };
                        self.take(&entry, shared)?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.writer.flush_chunk()?,
                Err(RecvTimeoutError::Disconnected) => {
                    let file = self.writer.finish()?;
                    let length = file.metadata()?.len();
                    shared.n_bytes.store(length, Ordering::Relaxed);
                    return Ok(());
                }
            }
            shared.n_bytes.store(self.writer.n_bytes(), Ordering::Relaxed);
        }
    }

    fn take(&mut self, entry: &Entry, shared: &Shared) -> Result<(), WriteError> {
        let stream = key_of(entry);
        let begins = stream.as_ref().is_some_and(|(_, is_key)| *is_key)
            && self.block_from.is_some_and(|from| entry.at.since_us(from) >= BLOCK_FROM_US);
        if begins || self.writer.needs_block(entry.at.0) {
            self.block_from = Some(entry.at);
            self.begin_block(entry.at)?;
        }
        self.say_lost(entry.at, shared)?;
        match self.writer.push(entry.at.0, false, &codec::body(&entry.item)) {
            Err(WriteError::TooLarge { .. } | WriteError::Links) => self.n_lost += 1,
            written => written?,
        }
        self.keep(entry, stream);
        if entry.at.since_us(self.flushed) >= FLUSH_EVERY_US {
            self.flushed = entry.at;
            self.writer.flush_chunk()?;
        }
        Ok(())
    }

    /// All that is needed to understand what follows comes first.
    fn begin_block(&mut self, at: Stamp) -> Result<(), WriteError> {
        self.writer.begin_block(at.0, at.0, true)?;
        let mut all = self.standing.clone().entries();
        all.extend(self.since_key.values().flatten().cloned());
        all.sort_by_key(|entry| entry.at);
        for entry in &all {
            self.writer.push(entry.at.0, true, &codec::body(&entry.item))?;
        }
        Ok(())
    }

    fn say_lost(&mut self, at: Stamp, shared: &Shared) -> Result<(), WriteError> {
        let n_lost = shared.n_lost.load(Ordering::Relaxed);
        if n_lost == self.n_lost {
            return Ok(());
        }
        let n_entries = Some(n_lost.saturating_sub(self.n_lost));
        self.n_lost = n_lost;
        let why = Some("the disk was too slow".to_owned());
        self.writer.push(at.0, false, &Body::Loss(RecordedLoss { n_entries, node: None, why }))
    }

    fn keep(&mut self, entry: &Entry, stream: Option<(StreamId, bool)>) {
        if matches!(entry.item, Item::Reset) {
            self.standing = Standing::default();
            self.since_key.clear();
        }
        self.standing.keep(entry);
        match stream {
            Some((id, true)) => {
                // A link carries one stream of one epoch at a time: others that it carried have ended.
                self.since_key.retain(|(link, node, ..), _| *link != id.0 || *node != id.1);
                self.since_key.insert(id, vec![entry.clone()]);
            }
            Some((id, false)) => {
                if let Some(since) = self.since_key.get_mut(&id) {
                    since.push(entry.clone());
                }
            }
            None => self.note(entry),
        }
    }

    /// Lists nodes, marks and rollups in the index, so that they are found without reading all.
    fn note(&mut self, entry: &Entry) {
        let Item::Envelope(link, envelope) = &entry.item else { return };
        let carried = Carries::of(envelope);
        if !matches!(carried, Carries::Description | Carries::Mark | Carries::Rollup) {
            return;
        }
        let payload = envelope.payload.clone().unwrap_or_default();
        let Ok(Payload { kind: Some(kind) }) = Payload::decode(payload) else { return };
        match kind {
            Kind::Described(described) => self.writer.note_node(RecordedNode {
                node: described.node,
                name: described.name,
                link: Some(link.to_string()),
            }),
            Kind::Mark(mark) => self.writer.note_mark(RecordedMark {
                at_us: Some(entry.at.0),
                node: envelope.node.clone(),
                mark: Some(mark),
            }),
            Kind::Rollup(rollup) => self.writer.note_rollup(RecordedRollup {
                at_us: Some(entry.at.0),
                node: envelope.node.clone(),
                rollup: Some(rollup),
            }),
            _ => {}
        }
    }
}

/// The stream of a sample, and whether it is a key.
fn key_of(entry: &Entry) -> Option<(StreamId, bool)> {
    let Item::Envelope(link, envelope) = &entry.item else { return None };
    if Carries::of(envelope) != Carries::Sample {
        return None;
    }
    let id = (Arc::clone(link), envelope.node.clone(), envelope.epoch, envelope.stream);
    Some((id, envelope.key.unwrap_or(false)))
}
