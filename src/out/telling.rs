//! A recording told through decoder and model, from a moment to another.

use std::{collections::VecDeque, path::Path};

use midair_proto::v1::{self, RecordedMark, payload::Kind};
use midair_recording::{Body, Entry as Recorded};

use super::{progress::Progress, source::Source};
use crate::{
    entry::{Entry, Item},
    event::{Mark, NodeId, Stamp, Stamped},
    feed::{
        file::{self, Note, Notebook},
        tape::WARM_UP_US,
    },
    model::Model,
    wire::{Carries, Decoder},
};

/// How often samples are asked for where nothing says it, microseconds: silence is judged by it.
const ASKED_INTERVAL_US: u64 = 1_000_000;

/// Something that a recording tells, at a moment of the range.
#[derive(Debug)]
pub(super) enum Told<'a> {
    /// An event, which the model has just folded in.
    Event(&'a Stamped),
    /// A note of who recorded.
    Mark(&'a RecordedMark),
    /// A note that stands beside the recording, or in the user's own file.
    Note(&'a Mark),
    /// The summary of a window, whole: with what the model does not keep.
    Rollup(&'a NodeId, &'a v1::Rollup),
}

/// What a recording says next, as yet unread.
#[derive(Clone, Debug)]
pub(super) enum Said {
    /// An entry, and whether it lies in the range that is asked for: what comes before it is folded in, and told to nobody.
    Entry(Entry, bool),
    /// A note of who recorded.
    Mark(Stamp, RecordedMark),
    /// A note that stands beside the recording, or in the user's own file.
    Note(Stamp, Mark),
}

/// A recording that is told, the range that is asked for, and what was noted on it.
#[derive(Debug)]
pub(super) struct Telling {
    source: Source,
    teller: Teller,
    from: Stamp,
    to: Stamp,
    /// Notes that are not told yet, by when.
    notes: VecDeque<(Stamp, Mark)>,
    /// What was read, and comes after a note.
    held: Option<Recorded>,
    way: Way,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Before,
    Within,
    Over,
}

impl Telling {
    /// Opens a recording for a range of it, with what was noted on it; all of it without words.
    pub(super) fn open(path: &Path, from: Option<&str>, to: Option<&str>, notebook: &Notebook) -> anyhow::Result<Self> {
        let source = Source::open(path)?;
        let (from, to) = source.between(from, to)?;
        let notes = notebook.clone().on(path, source.id()).read();
        let marks = |note: &Note| note.marks().into_iter().map(|mark| (note.at, mark)).collect::<Vec<_>>();
        let mut notes: Vec<(Stamp, Mark)> = notes.iter().flat_map(marks).collect();
        notes.retain(|(at, _)| (from..=to).contains(at));
        notes.sort_by_key(|(at, _)| *at);
        let teller = Teller::default();
        Ok(Self { source, teller, from, to, notes: notes.into(), held: None, way: Way::Before })
    }

    /// The recording.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The range that is told.
    pub(super) fn range(&self) -> (Stamp, Stamp) {
        (self.from, self.to)
    }

    /// What is known at the place up to which [`Telling::tell`] told it.
    pub(super) fn model(&self) -> &Model {
        &self.teller.model
    }

    /// Tells the range. What comes before it is folded in as far as charts and rates need it, and told to nobody: so all
    /// is as a replay shows it.
    pub(super) fn tell(
        &mut self,
        progress: &mut Progress,
        mut take: impl FnMut(&Model, Stamp, Told<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        while let Some(said) = self.next(progress)? {
            self.teller.tell(&said, &mut take)?;
        }
        Ok(())
    }

    /// What it says next, for who folds it in themselves.
    pub(super) fn next(&mut self, progress: &mut Progress) -> anyhow::Result<Option<Said>> {
        if self.way == Way::Before {
            self.source.seek(Stamp(self.from.0.saturating_sub(WARM_UP_US)))?;
            self.way = Way::Within;
        }
        loop {
            let recorded = self.read()?;
            let now = recorded.as_ref().map_or(self.to, |recorded| Stamp(recorded.at_us));
            if let Some((at, mark)) = self.notes.pop_front_if(|(at, _)| *at <= now) {
                self.held = recorded;
                return Ok(Some(Said::Note(at, mark)));
            }
            let Some(recorded) = recorded else {
                progress.end();
                return Ok(None);
            };
            progress.at(now)?;
            let is_asked = now >= self.from && !recorded.is_standing;
            match recorded.body {
                Body::Mark(mark) if is_asked => return Ok(Some(Said::Mark(now, mark))),
                _ => {
                    if let Some(entry) = file::entry(recorded) {
                        return Ok(Some(Said::Entry(entry, is_asked)));
                    }
                }
            }
        }
    }

    /// What stands there next, up to the end of the range.
    fn read(&mut self) -> anyhow::Result<Option<Recorded>> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        if self.way == Way::Over {
            return Ok(None);
        }
        let next = self.source.next()?.filter(|recorded| Stamp(recorded.at_us) <= self.to);
        if next.is_none() {
            self.way = Way::Over;
        }
        Ok(next)
    }
}

/// Decoder and model: what was said so far, and what follows from what is said next.
#[derive(Debug)]
pub(super) struct Teller {
    decoder: Decoder,
    model: Model,
}

impl Default for Teller {
    fn default() -> Self {
        Self { decoder: Decoder::default(), model: Model::new(ASKED_INTERVAL_US) }
    }
}

impl Teller {
    /// Folds it in, and tells it where it is asked for.
    pub(super) fn tell(
        &mut self,
        said: &Said,
        take: &mut impl FnMut(&Model, Stamp, Told<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (entry, is_asked) = match said {
            Said::Note(at, mark) => return take(&self.model, *at, Told::Note(mark)),
            Said::Mark(at, mark) => return take(&self.model, *at, Told::Mark(mark)),
            Said::Entry(entry, is_asked) => (entry, *is_asked),
        };
        for stamped in self.decoder.decode(entry) {
            self.model.apply(&stamped);
            if is_asked {
                take(&self.model, entry.at, Told::Event(&stamped))?;
            }
        }
        if let Some((node, rollup)) = rollup(entry).filter(|_| is_asked) {
            take(&self.model, entry.at, Told::Rollup(&node, &rollup))?;
        }
        Ok(())
    }
}

fn rollup(entry: &Entry) -> Option<(NodeId, v1::Rollup)> {
    let Item::Envelope(_, envelope) = &entry.item else { return None };
    if Carries::of(envelope) != Carries::Rollup {
        return None;
    }
    let Kind::Rollup(rollup) = envelope.kind()? else { return None };
    Some((NodeId::new(envelope.node.as_deref()?), rollup))
}
