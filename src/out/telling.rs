//! A recording told through decoder and model, from a moment to another.

use std::path::Path;

use midair_proto::v1::RecordedMark;
use midair_recording::Body;

use super::{progress::Progress, source::Source};
use crate::{
    event::{Stamp, Stamped},
    feed::{file, tape::WARM_UP_US},
    model::Model,
    wire::Decoder,
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
}

/// A recording, what is known at the place up to which it was told, and the range that is asked for.
#[derive(Debug)]
pub(super) struct Telling {
    source: Source,
    decoder: Decoder,
    model: Model,
    from: Stamp,
    to: Stamp,
}

impl Telling {
    /// Opens a recording for a range of it; all of it without words.
    pub(super) fn open(path: &Path, from: Option<&str>, to: Option<&str>) -> anyhow::Result<Self> {
        let source = Source::open(path)?;
        let (from, to) = source.between(from, to)?;
        Ok(Self { source, decoder: Decoder::default(), model: Model::new(ASKED_INTERVAL_US), from, to })
    }

    /// The recording.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The range that is told.
    pub(super) fn range(&self) -> (Stamp, Stamp) {
        (self.from, self.to)
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
        }
        progress.end();
        Ok(())
    }
}
