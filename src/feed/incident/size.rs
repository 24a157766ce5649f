//! How large a recording of what an agent keeps will be: what some of it takes, written as it will be written.

use midair_proto::v1::{Envelope, RecordingHeader, payload::Kind};

use crate::{
    entry::{Entry, Item},
    event::{Link, LinkState, Stamp},
    feed::file::Scribe,
};

/// Up to so much time all of it is asked for, microseconds.
const WHOLE_US: u64 = 180_000_000;

/// Of a longer time so long a piece is asked for at its beginning, its middle and its end, microseconds: what agents keep is
/// thinner the older it is, and each minute has one census of processes.
const PIECE_US: u64 = 60_000_000;

/// Time passes in a recording as it does live.
pub(super) const TICK_US: u64 = 500_000;

/// What begins so soon after its piece is there from its beginning on, microseconds.
const AT_ONCE_US: u64 = 5_000_000;

const SECOND_US: u64 = 1_000_000;

/// Threads are counted so often, microseconds.
const THREADS_US: u64 = 600_000_000;

/// The pieces of a range that are asked for.
pub(super) fn pieces((from, to): (Stamp, Stamp)) -> Vec<(Stamp, Stamp)> {
    let length_us = to.since_us(from);
    if length_us <= WHOLE_US {
        return vec![(from, to)];
    }
    let starts = [from.0, from.0 + (length_us - PIECE_US) / 2, to.0 - PIECE_US];
    starts.map(|start| (Stamp(start), Stamp(start + PIECE_US))).into()
}

/// What an agent told of a piece, in order, each with its moment: from the key before it on.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    pub(super) told: Vec<(Stamp, Envelope)>,
}

/// How many bytes all of a range takes, from its pieces; `None` where nothing was kept of any of them.
///
/// # Errors
/// When it cannot be written, in words.
pub(super) fn estimated(described: &Envelope, pieces: &[Piece]) -> Result<Option<u64>, String> {
    let Some(end) = pieces.iter().filter_map(Piece::last).max() else { return Ok(None) };
    if let [whole] = pieces {
        return written(described, &whole.told, whole.from).map(Some);
    }
    let (mut n_bytes, mut covered_us, mut n_censuses, mut census_bytes) = (0, 0, 0, 0);
    for piece in pieces {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else { continue };
        let (threads, rest): (Vec<_>, Vec<_>) = piece.told.iter().cloned().partition(|(_, told)| counts_threads(told));
        // What stands before the piece is told once in the recording, not with each piece.
        let before: Vec<_> = rest.iter().filter(|(at, _)| *at < piece.from).cloned().collect();
        let of_rest = written(described, &rest, piece.from)?;
        n_bytes += of_rest.saturating_sub(written(described, &before, piece.from)?);
        covered_us += last.since_us(first.max(piece.from)).max(SECOND_US);
        if !threads.is_empty() {
            n_censuses += threads.iter().filter(|(_, told)| begins_census(told)).count().max(1) as u64;
            census_bytes += written(described, &piece.told, piece.from)?.saturating_sub(of_rest);
        }
    }
    let total_us = end.since_us(kept_from(pieces)).max(SECOND_US);
    let scaled = u128::from(n_bytes) * u128::from(total_us) / u128::from(covered_us.max(1));
    let of_threads = census_bytes / n_censuses.max(1) * (total_us / THREADS_US).max(1);
    Ok(Some(u64::try_from(scaled).unwrap_or(u64::MAX).saturating_add(of_threads)))
}

impl Piece {
    /// The first sample.
    fn first(&self) -> Option<Stamp> {
        self.told.iter().find(|(_, told)| told.seq.is_some()).map(|(at, _)| *at)
    }

    /// The last of all, where there is a sample.
    fn last(&self) -> Option<Stamp> {
        self.first().and(self.told.last()).map(|(at, _)| *at)
    }
}

/// From when on something was kept: where that lies between two pieces, from half way between them.
fn kept_from(pieces: &[Piece]) -> Stamp {
    let known = pieces.iter().enumerate().find_map(|(n, piece)| Some((n, piece, piece.first()?)));
    let Some((n, piece, first)) = known else { return Stamp(u64::MAX) };
    match n.checked_sub(1) {
        Some(before) if first.since_us(piece.from) < AT_ONCE_US => {
            let before = pieces[before].to;
            Stamp(before.0 + piece.from.since_us(before) / 2)
        }
        Some(_) | None => first.max(piece.from),
    }
}

/// How many bytes these take, told from a moment on, beside what every recording has.
pub(super) fn written(described: &Envelope, told: &[(Stamp, Envelope)], from: Stamp) -> Result<u64, String> {
    Ok(file_bytes(described, told, from)?.saturating_sub(file_bytes(described, &[], from)?))
}

fn file_bytes(described: &Envelope, told: &[(Stamp, Envelope)], from: Stamp) -> Result<u64, String> {
    let write = || {
        let mut scribe = Scribe::onto(tempfile::tempfile()?, &RecordingHeader::default(), from)?;
        let address: std::sync::Arc<str> = "".into();
        let envelope = |envelope: &Envelope| Item::Envelope(address.clone(), envelope.clone().into());
        let link = Link { address: address.clone(), state: LinkState::Up { note: "black box".into() } };
        scribe.take(&Entry { at: from, item: Item::Link(link) })?;
        scribe.take(&Entry { at: from, item: envelope(described) })?;
        let mut tick = told.first().map_or(from, |(first, _)| from.max(*first));
        for (at, told) in told {
            while tick < *at {
                scribe.take(&Entry { at: tick, item: Item::Tick })?;
                tick.0 += TICK_US;
            }
            scribe.take(&Entry { at: *at, item: envelope(told) })?;
        }
        anyhow::Ok(scribe.finish()?)
    };
    write().map_err(|error| format!("how large it will be cannot be told: {error:#}"))
}

fn counts_threads(envelope: &Envelope) -> bool {
    matches!(word(envelope), Some(Kind::Census(census)) if census.threads())
}

fn begins_census(envelope: &Envelope) -> bool {
    matches!(word(envelope), Some(Kind::Census(census)) if census.part() == 0)
}

/// What an envelope says that is no sample; there are many of those.
fn word(envelope: &Envelope) -> Option<Kind> {
    if envelope.seq.is_some() { None } else { envelope.kind() }
}
