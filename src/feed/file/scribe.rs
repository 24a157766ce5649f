//! Writes entries into a recording: what must be known stands at the start of each block.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
};

use anyhow::Context as _;
use midair_proto::v1::{RecordedLoss, RecordedMark, RecordedNode, RecordedRollup, RecordingHeader, payload::Kind};
use midair_recording::{Body, Options, WriteError, Writer};

use super::codec;
use crate::{
    entry::{Entry, Item},
    event::Stamp,
    feed::tape::{self, Standing},
    wire::Carries,
};

/// What was written outlives a crash after so long at most.
const FLUSH_EVERY_US: u64 = 1_000_000;

/// A key begins a block where the one before is so old: then little has to be repeated.
const BLOCK_FROM_US: u64 = 25_000_000;

/// One stream of one agent, by link.
type StreamId = (Arc<str>, Option<String>, Option<u64>, Option<i32>);

/// Writes entries into a file, in blocks that can be understood alone.
#[derive(Debug)]
pub struct Scribe {
    writer: Writer<File>,
    /// What stays true until it is said anew: repeated at the start of each block.
    standing: Standing,
    /// Of each stream its last key, and what came since: the next block begins with it.
    since_key: BTreeMap<StreamId, Vec<Entry>>,
    /// When the block began that is being written.
    block_from: Option<Stamp>,
    flushed: Stamp,
}

impl Scribe {
    /// Begins a file. What is recorded is for who records, as black boxes and notes are.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be made.
    pub fn create(path: &Path, header: &RecordingHeader, at: Stamp) -> anyhow::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("cannot record into {}", path.display()))?;
        Self::onto(file, header, at).with_context(|| format!("cannot record into {}", path.display()))
    }

    /// Begins a recording in an empty file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn onto(file: File, header: &RecordingHeader, at: Stamp) -> Result<Self, WriteError> {
        // Tells its blocks from those of other files.
        let file_id = at.0 ^ u64::from(std::process::id());
        let writer = Writer::new(file, header, file_id, Options::default())?;
        Ok(Self { writer, standing: Standing::default(), since_key: BTreeMap::new(), block_from: None, flushed: at })
    }

    /// How many bytes were written.
    pub fn n_bytes(&self) -> u64 {
        self.writer.n_bytes()
    }

    /// Writes what has gathered: from now on a crash does not lose it.
    ///
    /// # Errors
    /// When it cannot be written; as all that follow.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.writer.flush_chunk()
    }

    /// Writes the rest and the index; how many bytes the file has.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<u64, WriteError> {
        Ok(self.writer.finish()?.metadata()?.len())
    }

    /// Says that entries were left out here.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn lost(&mut self, at: Stamp, n_entries: u64, why: &str) -> Result<(), WriteError> {
        let loss = RecordedLoss { n_entries: Some(n_entries), node: None, why: Some(why.to_owned()) };
        self.writer.push(at.0, false, &Body::Loss(loss))
    }

    /// Writes an entry, after what must be known before it where a block begins with it.
    ///
    /// # Errors
    /// When it cannot be written; one that is too large is left out, and the file says so.
    pub fn take(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let Some(body) = codec::body(&entry.item) else { return Ok(()) };
        let stream = key_of(entry);
        let is_fleet = tape::is_fleet_key(entry);
        let begins = (is_fleet || stream.as_ref().is_some_and(|(_, is_key)| *is_key))
            && self.block_from.is_some_and(|from| entry.at.since_us(from) >= BLOCK_FROM_US);
        if let (true, true, Item::Envelope(hub, _)) = (begins, is_fleet, &entry.item) {
            self.standing.forget_fleet(hub);
        }
        if begins || self.writer.needs_block(entry.at.0) {
            self.block_from = Some(entry.at);
            self.begin_block(entry.at)?;
        }
        match self.writer.push(entry.at.0, false, &body) {
            Err(error @ (WriteError::TooLarge { .. } | WriteError::Links)) => {
                self.lost(entry.at, 1, &error.to_string())?
            }
            written => written?,
        }
        self.keep(entry, stream);
        if entry.at.since_us(self.flushed) >= FLUSH_EVERY_US {
            self.flushed = entry.at;
            self.writer.flush_chunk()?;
        }
        Ok(())
    }

    /// Begins the file at a moment with what must be known there, which is older.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(&mut self, at: Stamp, known: &[Entry]) -> Result<(), WriteError> {
        self.writer.begin_block(at.0, at.0, true)?;
        self.block_from = Some(at);
        for entry in known {
            let Some(body) = codec::body(&entry.item) else { continue };
            match self.writer.push(entry.at.0, true, &body) {
                Err(WriteError::TooLarge { .. } | WriteError::Links) => self.lost(at, 1, "too large")?,
                written => written?,
            }
            self.keep(entry, key_of(entry));
        }
        Ok(())
    }

    /// Writes what is for no screen: a note of who recorded, a focus, what a newer midair wrote.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_body(&mut self, at: Stamp, body: &Body) -> Result<(), WriteError> {
        self.writer.push(at.0, false, body)
    }

    /// All that is needed to understand what follows comes first.
    fn begin_block(&mut self, at: Stamp) -> Result<(), WriteError> {
        self.writer.begin_block(at.0, at.0, true)?;
        let mut all = self.standing.clone().entries();
        all.extend(self.since_key.values().flatten().cloned());
        all.sort_by_key(|entry| entry.at);
        for entry in &all {
            if let Some(body) = codec::body(&entry.item) {
                self.writer.push(entry.at.0, true, &body)?;
            }
        }
        Ok(())
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
        let Some(kind) = envelope.kind() else { return };
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
