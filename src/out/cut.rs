//! A part of a recording as a recording that stands alone: `midair cut`.

mod mask;
mod part;
mod scrub;
mod warm_up;

use std::path::PathBuf;

use anyhow::Context as _;
use midair_proto::v1::RecordingHeader;
use midair_recording::Body;

use self::{
    mask::Mask,
    part::{Part, Roster},
    warm_up::WarmUp,
};
use super::{
    place::Place,
    progress::{Progress, warn},
    source::Source,
};
use crate::{
    app,
    clock::Clock,
    entry::Item,
    event::Stamp,
    feed::file::{self, Scribe},
};

/// Which part of a recording, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The recording.
    pub file: PathBuf,
    /// The new one.
    pub out: PathBuf,
    /// Whether a file that is there is replaced.
    pub is_forced: bool,
    /// From this moment, as `replay --at` takes it.
    pub from: Option<String>,
    /// To this moment.
    pub to: Option<String>,
    /// Only these nodes, by name or id; empty: all.
    pub nodes: Vec<String>,
    /// Whether arguments, addresses, users, labels and names of nodes are masked.
    pub is_redacted: bool,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Entries.
    pub n_entries: u64,
    /// Entries that were left out because nobody here knows what they say, or because they say what is masked.
    pub n_left_out: u64,
    /// Bytes of the new file.
    pub n_bytes: u64,
}

/// Writes the part.
///
/// # Errors
/// When the recording cannot be read, the place cannot be written, or nothing of what was asked for is there.
pub fn cut(options: &Options, clock: Clock) -> anyhow::Result<Cut> {
    let mut source = Source::open(&options.file)?;
    let (from, to) = source.between(options.from.as_deref(), options.to.as_deref())?;
    let mut progress = Progress::new("cut", clock)?;
    let part = Part::new(&options.nodes, &mut source, &mut progress)?;
    let mask = match options.is_redacted {
        true => Some(Mask::new(Roster::read(&mut source, &mut progress, true)?)),
        false => None,
    };
    let place = Place::reserve(&options.out, options.is_forced)?;
    let header = header(options, source.header(), (from, to), &part);
    let header = mask.iter().fold(header, |header, mask| mask.header(header));
    let scribe = Scribe::create(place.partial(), &header, clock.now())?;
    progress.through(from, to);
    let written = write(&mut source, (from, to), (&part, mask.as_ref()), scribe, &mut progress);
    let cut = written.with_context(|| format!("cannot write {}", options.out.display()))?;
    anyhow::ensure!(
        cut.n_entries > 0,
        "nothing was recorded between {} and {}; nothing was written",
        app::utc(from),
        app::utc(to)
    );
    place.finish()?;
    for damage in source.damage() {
        warn(&format!("{}: damaged: {damage}; all the rest is there", options.file.display()));
    }
    if cut.n_left_out > 0 {
        warn(&format!(
            "{} entries were left out: this midair does not know what they say, or they say what is masked",
            cut.n_left_out
        ));
    }
    progress.say(&format!("{}: {} entries, {} bytes", options.out.display(), cut.n_entries, cut.n_bytes));
    Ok(cut)
}

/// Who cut what from what; the words of who recorded stay.
fn header(options: &Options, of: RecordingHeader, (from, to): (Stamp, Stamp), part: &Part) -> RecordingHeader {
    let name = options.file.file_name().unwrap_or_default().to_string_lossy();
    // A name of a file may say of whom it is.
    let what = if options.is_redacted { "cut".to_owned() } else { format!("cut from {name}") };
    let whole = of.why.as_deref().unwrap_or("-");
    RecordingHeader {
        program: Some(concat!("midair ", env!("CARGO_PKG_VERSION")).to_owned()),
        why: Some(format!("{whole} ({what}, {} to {})", app::utc(from), app::utc(to))),
        wall_us: Some(from.0),
        nodes: of.nodes.into_iter().filter(|node| part.holds(node.node.as_deref().unwrap_or_default())).collect(),
        ..RecordingHeader { nodes: Vec::new(), ..of }
    }
}

fn write(
    source: &mut Source,
    (from, to): (Stamp, Stamp),
    (part, mask): (&Part, Option<&Mask>),
    mut scribe: Scribe,
    progress: &mut Progress,
) -> anyhow::Result<Cut> {
    let mut cut = Cut::default();
    let mut before = Some(WarmUp::default());
    source.seek(Stamp(from.0.saturating_sub(warm_up::LEAST_US)))?;
    while let Some(recorded) = source.next()? {
        let at = Stamp(recorded.at_us);
        if at > to {
            break;
        }
        progress.at(at)?;
        let is_inside = at >= from && !recorded.is_standing;
        if is_inside && let Some(known) = before.take() {
            scribe.begin(at, &known.entries())?;
        }
        // What is for no screen goes along as it is, where it is known whom it is about.
        if let body @ (Body::Mark(_) | Body::Focus(_) | Body::Unknown { .. }) = &recorded.body {
            if is_inside && part.takes_body(body) != Some(false) {
                let is_known = part.takes_body(body).is_some();
                let body = mask.map_or_else(|| Some(body.clone()), |mask| mask.body(body)).filter(|_| is_known);
                cut.n_entries += u64::from(body.is_some());
                cut.n_left_out += u64::from(body.is_none());
                body.map_or(Ok(()), |body| scribe.note_body(at, &body))?;
            }
            continue;
        }
        let Some(entry) = file::entry(recorded) else {
            cut.n_left_out += u64::from(is_inside);
            continue;
        };
        if !part.takes(&entry) {
            continue;
        }
        let Some(entry) = mask.map_or_else(|| Some(entry.clone()), |mask| mask.entry(&entry)) else {
            cut.n_left_out += u64::from(is_inside);
            continue;
        };
        match &mut before {
            Some(known) => known.keep(&entry),
            None => {
                scribe.take(&entry)?;
                cut.n_entries += u64::from(entry.item != Item::Tick);
            }
        }
    }
    progress.end();
    cut.n_bytes = scribe.finish()?;
    Ok(cut)
}

#[cfg(test)]
mod tests;
