//! A recording that is played: what it holds up to a moment, told from the nearest place from which it can be understood.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use midair_proto::v1::{Envelope, Payload, RecordedMark, RecordedRollup, payload::Kind};
use midair_recording::{Piece, Reader};
use prost::Message as _;

use super::codec;
use crate::{
    entry::{Entry, Item},
    event::{Mark, NodeId, Stamp},
};

/// A recording in a file, and a place in it: what it told up to there.
///
/// It holds no more than a few blocks of the file, however long that is.
#[derive(Debug)]
pub struct Film {
    path: PathBuf,
    reader: Reader<BufReader<File>>,
    /// The next entry, read and not told yet.
    next: Option<Entry>,
    /// What is told first: a reset, after a step back.
    reset: Option<Entry>,
    /// Entries up to there are known, and passed over.
    known: Option<Stamp>,
    /// Damage was met since it was moved.
    is_broken: bool,
    damage: Vec<String>,
}

impl Film {
    /// Opens a recording, at its beginning.
    ///
    /// # Errors
    /// When there is no such file, it is no recording, one of a newer version, or an empty one.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let reader = Reader::open(BufReader::new(file)).with_context(|| path.display().to_string())?;
        anyhow::ensure!(reader.range().is_some(), "{}: nothing was recorded in it yet", path.display());
        let damage = reader.damage().iter().map(ToString::to_string).collect();
        Ok(Self {
            path: path.to_owned(),
            reader: reader.by_wall(),
            next: None,
            reset: None,
            known: None,
            is_broken: false,
            damage,
        })
    }

    /// The name of the file.
    pub fn name(&self) -> Arc<str> {
        self.path.file_name().map_or_else(|| self.path.to_string_lossy(), |name| name.to_string_lossy()).into()
    }

    /// Its first and last moment.
    pub fn range(&self) -> (Stamp, Stamp) {
        self.reader.range().map_or_else(Default::default, |(first, last)| (Stamp(first), Stamp(last)))
    }

    /// True for a file that was closed: nothing more comes.
    pub fn is_closed(&self) -> bool {
        self.reader.is_closed()
    }

    /// Looks whether it has grown since; its first and last moment now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn refresh(&mut self) -> anyhow::Result<(Stamp, Stamp)> {
        self.reader.refresh().with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(self.range())
    }

    /// Its id, by which it is known under any name.
    pub fn id(&self) -> String {
        format!("{:016x}", self.reader.file_id().unwrap_or(0))
    }

    /// Its marks, each with the moment at which it was told.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn marks(&mut self) -> anyhow::Result<Vec<(Stamp, Mark)>> {
        let marks = self.reader.marks().with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(marks.into_iter().filter_map(mark).collect())
    }

    /// The rollups of all nodes, in order, where the recording was closed: its whole time line, without reading it.
    pub fn rollups(&self) -> Vec<Entry> {
        let entry = |listed: &RecordedRollup| {
            let payload = Payload { kind: Some(Kind::Rollup(listed.rollup.clone()?)) };
            let envelope = Envelope {
                node: listed.node.clone(),
                wall_us: listed.at_us,
                payload: Some(payload.encode_to_vec().into()),
                ..Envelope::default()
            };
            Some(Entry { at: Stamp(listed.at_us?), item: Item::Envelope("".into(), Arc::new(envelope)) })
        };
        self.reader.rollups().iter().filter_map(entry).collect()
    }

    /// How many nodes it is known to hold; at least one.
    pub fn n_nodes(&self) -> usize {
        self.reader.nodes().len().max(1)
    }

    /// What was found damaged since this was asked last, in words.
    pub fn take_damage(&mut self) -> Vec<String> {
        std::mem::take(&mut self.damage)
    }

    /// The same recording, to be told on its own.
    ///
    /// # Errors
    /// When it cannot be opened again.
    pub fn beside(&self) -> anyhow::Result<Self> {
        let file = File::open(&self.path).with_context(|| format!("cannot open {}", self.path.display()))?;
        let reader = self.reader.beside(BufReader::new(file));
        Ok(Self {
            path: self.path.clone(),
            reader,
            next: None,
            reset: None,
            known: None,
            is_broken: false,
            damage: Vec::new(),
        })
    }

    /// To the block of a moment, which begins with all that is needed to understand it: a reset comes first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn tell_anew(&mut self, from: Stamp) -> anyhow::Result<()> {
        self.go(from)?;
        (self.reset, self.known) = (Some(Entry { at: from, item: Item::Reset }), None);
        Ok(())
    }

    /// To a moment up to which all is known: what comes after it is told next.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn go_on_from(&mut self, known: Stamp) -> anyhow::Result<()> {
        self.go(known)?;
        (self.reset, self.known) = (None, Some(known));
        Ok(())
    }

    fn go(&mut self, at: Stamp) -> anyhow::Result<()> {
        (self.next, self.is_broken) = (None, false);
        self.reader.seek(at.0).with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(())
    }

    /// The next entry up to a moment; `None` when all up to there have been told.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn next_until(&mut self, to: Stamp) -> anyhow::Result<Option<Entry>> {
        if let Some(reset) = self.reset.take() {
            return Ok(Some(reset));
        }
        if self.next.is_none() {
            self.next = self.read()?;
        }
        Ok(self.next.take_if(|entry| entry.at <= to))
    }

    fn read(&mut self) -> anyhow::Result<Option<Entry>> {
        while let Some(piece) = self.reader.next() {
            match piece.with_context(|| format!("cannot read {}", self.path.display()))? {
                Piece::Entry(entry) if self.is_known(&entry) => {}
                Piece::Entry(entry) => {
                    if !entry.is_standing {
                        self.known = None;
                    }
                    match codec::entry(entry) {
                        // What a person did then is not done again: one who looks now has hands of their own.
                        Some(Entry { item: Item::Input(_), .. }) | None => {}
                        told => return Ok(told),
                    }
                }
                Piece::Damage(damage) => {
                    self.is_broken = true;
                    self.damage.push(damage.to_string());
                }
            }
        }
        Ok(None)
    }

    /// What stands after damage is new again, wherever that was.
    fn is_known(&self, entry: &midair_recording::Entry) -> bool {
        self.known.is_some_and(|known| if entry.is_standing { !self.is_broken } else { entry.at_us <= known.0 })
    }
}

/// A mark of the index; one without a moment stands nowhere.
fn mark(recorded: RecordedMark) -> Option<(Stamp, Mark)> {
    let (at, mark) = (Stamp(recorded.at_us?), recorded.mark?);
    let mark = Mark {
        node: recorded.node.as_deref().map(NodeId::new),
        wall_us: mark.wall_us.unwrap_or(at.0),
        text: mark.text.unwrap_or_default().into(),
        author: mark.author.map(Into::into),
        focus: mark.focus.map(Into::into),
        is_automatic: mark.automatic.unwrap_or(false),
    };
    Some((at, mark))
}

#[cfg(test)]
mod tests;
