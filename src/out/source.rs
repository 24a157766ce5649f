//! A recording as what comes out of it reads it: entries in order, and what is damaged, counted.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use midair_proto::v1::{RecordedNode, RecordingHeader};
use midair_recording::{Entry, Piece, Reader};

use super::{Losses, Lost, progress::warn};
use crate::{app, event::Stamp};

/// A recording that is read from a moment on.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    reader: Reader<BufReader<File>>,
    losses: Losses,
}

impl Source {
    /// Opens a recording, at its beginning.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let reader = Reader::open(BufReader::with_capacity(1 << 18, file));
        let reader = reader.with_context(|| path.display().to_string())?.by_wall();
        anyhow::ensure!(reader.range().is_some(), "{}: nothing was recorded in it yet", path.display());
        let losses = Losses::on_opening(reader.damage());
        Ok(Self { path: path.to_owned(), reader, losses })
    }

    /// Who recorded, and why; nothing where that is damaged.
    pub(super) fn header(&self) -> RecordingHeader {
        self.reader.header().cloned().unwrap_or_default()
    }

    /// Its id, by which it is known under any name.
    pub(super) fn id(&self) -> String {
        format!("{:016x}", self.reader.file_id().unwrap_or(0))
    }

    /// The nodes that it says it holds; of a file that was not closed only those that were asked for.
    pub(super) fn nodes(&self) -> &[RecordedNode] {
        self.reader.nodes()
    }

    /// True for a file that was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.reader.is_closed()
    }

    /// Its first and last moment by the wall clock of who recorded.
    pub(super) fn range(&self) -> (Stamp, Stamp) {
        let (from, to) = self.reader.range().unwrap_or_default();
        // What is known of an unfinished block ends up to a millisecond early.
        let slack_us = if self.reader.is_closed() { 0 } else { 1_000 };
        (Stamp(from), Stamp(to.saturating_add(slack_us)))
    }

    /// The range that two words name, as `replay --at` takes them; all of it without them.
    pub(super) fn between(&self, from: Option<&str>, to: Option<&str>) -> anyhow::Result<(Stamp, Stamp)> {
        let (first, last, is_asked) = (self.range().0, self.range().1, from.is_some() || to.is_some());
        let moment = |text: Option<&str>, or: Stamp| text.map_or(Ok(or), |text| app::within(text, first, last));
        let from = moment(from, first).map_err(anyhow::Error::msg).context("--from")?;
        let to = moment(to, last).map_err(anyhow::Error::msg).context("--to")?;
        anyhow::ensure!(from <= to, "the range ends before it begins: {} to {}", app::utc(from), app::utc(to));
        if is_asked {
            // Words like 14:03 may mean more than one day.
            warn(&format!("{} to {}", app::utc(from), app::utc(to)));
        }
        Ok((from, to))
    }

    /// Goes to the block from which a moment can be understood.
    pub(super) fn seek(&mut self, at: Stamp) -> anyhow::Result<()> {
        let block = self.reader.seek(at.0).with_context(|| format!("cannot read {}", self.path.display()))?;
        self.losses.go(Some(block.map_or(self.range().0, Stamp)));
        Ok(())
    }

    /// What it tells next, by the wall clock of who recorded. Damage is passed over and counted.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Entry>> {
        while let Some(piece) = self.reader.next() {
            match piece.with_context(|| format!("cannot read {}", self.path.display()))? {
                Piece::Entry(entry) => {
                    self.losses.pass(&entry);
                    return Ok(Some(entry));
                }
                Piece::Damage(damage) => self.losses.meet(damage),
            }
        }
        self.reader.torn().cloned().into_iter().for_each(|torn| self.losses.meet(torn));
        Ok(None)
    }

    /// What was found damaged so far, with the time that it took.
    pub(super) fn damage(&self) -> &[Lost] {
        self.losses.met()
    }
}
