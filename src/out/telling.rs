//! A recording told through decoder and model, from a moment to another.

use std::{collections::VecDeque, path::Path};

use midair_proto::v1::{self, RecordedMark, payload::Kind};
use midair_recording::Body;

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

/// A recording, what is known at the place up to which it was told, and the range that is asked for.
#[derive(Debug)]
pub(super) struct Telling {
    source: Source,
    decoder: Decoder,
    model: Model,
    from: Stamp,
    to: Stamp,
    /// Notes that are told yet, by when.
    notes: VecDeque<(Stamp, Mark)>,
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
        let (decoder, model) = (Decoder::default(), Model::new(ASKED_INTERVAL_US));
        Ok(Self { source, decoder, model, from, to, notes: notes.into() })
    }

    /// The recording.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The range that is told.
    pub(super) fn range(&self) -> (Stamp, Stamp) {
        (self.from, self.to)
    }

    /// What is known at the place up to which it was told.
    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    /// Tells the range. What comes before it is folded in as far as charts and rates need it, and told to nobody: so all
    /// is as a replay shows it.
    pub(super) fn tell(
        &mut self,
        progress: &mut Progress,
        mut take: impl FnMut(&Model, Stamp, Told<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.source.seek(Stamp(self.from.0.saturating_sub(WARM_UP_US)))?;
        while let Some(recorded) = self.source.next()? {
            let now = Stamp(recorded.at_us);
            if now > self.to {
                break;
            }
            progress.at(now)?;
            self.tell_notes(now, &mut take)?;
            let is_asked = now >= self.from && !recorded.is_standing;
            if let Body::Mark(mark) = &recorded.body
                && is_asked
            {
                take(&self.model, now, Told::Mark(mark))?;
            }
            let Some(entry) = file::entry(recorded) else { continue };
            for stamped in self.decoder.decode(&entry) {
                self.model.apply(&stamped);
                if is_asked {
                    take(&self.model, now, Told::Event(&stamped))?;
                }
            }
            if let Some((node, rollup)) = rollup(&entry).filter(|_| is_asked) {
                take(&self.model, now, Told::Rollup(&node, &rollup))?;
            }
        }
        self.tell_notes(self.to, &mut take)?;
        progress.end();
        Ok(())
    }

    fn tell_notes(
        &mut self,
        to: Stamp,
        take: &mut impl FnMut(&Model, Stamp, Told<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        while let Some((at, mark)) = self.notes.pop_front_if(|(at, _)| *at <= to) {
            take(&self.model, at, Told::Note(&mark))?;
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
