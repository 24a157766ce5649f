//! How large a recording of what an agent keeps will be: what some of it takes, written as it will be written.

use midair_proto::v1::{Envelope, Payload, RecordingHeader, payload::Kind};
use prost::Message as _;

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

/// How many bytes all of a range takes, from what was told of its pieces, each with its stamps; `None` where nothing was kept
/// of any of them.
///
/// # Errors
/// When it cannot be written, in words.
pub(super) fn estimated(
    range: (Stamp, Stamp),
    described: &Envelope,
    pieces: &[Vec<(Stamp, Envelope)>],
) -> Result<Option<u64>, String> {
    let (mut n_bytes, mut covered_us, mut n_censuses, mut census_bytes, mut n_told) = (0, 0, 0, 0, 0);
    for piece in pieces {
        // What an answer begins with may have been said long before: it is known there, and takes no time.
        let Some((first, _)) = piece.iter().find(|(_, told)| told.seq.is_some()) else { continue };
        let piece: Vec<(Stamp, Envelope)> = piece.iter().map(|(at, told)| (*at.max(first), told.clone())).collect();
        let last = piece.last().map_or(*first, |(at, _)| *at);
        n_told += 1;
        let (threads, rest): (Vec<_>, Vec<_>) = piece.iter().cloned().partition(|(_, told)| counts_threads(told));
        let without = written(described, &rest)?;
        n_bytes += without;
        covered_us += last.since_us(*first) + 1;
        if !threads.is_empty() {
            n_censuses += threads.iter().filter(|(_, told)| begins_census(told)).count() as u64;
            census_bytes += written(described, &piece)?.saturating_sub(without);
        }
    }
    if n_told == 0 {
        return Ok(None);
    }
    if pieces.len() == 1 {
        return Ok(Some(n_bytes + census_bytes));
    }
    // Of what was not kept in some pieces, so much less is there.
    let total_us = range.1.since_us(range.0) * n_told / pieces.len() as u64;
    let scaled = u128::from(n_bytes) * u128::from(total_us) / u128::from(covered_us.max(1));
    let of_threads = census_bytes * (total_us / THREADS_US).max(n_censuses) / n_censuses.max(1);
    Ok(Some(u64::try_from(scaled).unwrap_or(u64::MAX).saturating_add(of_threads)))
}

/// How many bytes these take beside what every recording has.
pub(super) fn written(described: &Envelope, told: &[(Stamp, Envelope)]) -> Result<u64, String> {
    let Some((first, _)) = told.first() else { return Ok(0) };
    Ok(file_bytes(described, told, *first)?.saturating_sub(file_bytes(described, &[], *first)?))
}

fn file_bytes(described: &Envelope, told: &[(Stamp, Envelope)], first: Stamp) -> Result<u64, String> {
    let write = || {
        let mut scribe = Scribe::onto(tempfile::tempfile()?, &RecordingHeader::default(), first)?;
        let address: std::sync::Arc<str> = "".into();
        let envelope = |envelope: &Envelope| Item::Envelope(address.clone(), envelope.clone().into());
        let link = Link { address: address.clone(), state: LinkState::Up { note: "black box".into() } };
        scribe.take(&Entry { at: first, item: Item::Link(link) })?;
        scribe.take(&Entry { at: first, item: envelope(described) })?;
        let mut tick = first;
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
    matches!(kind_of(envelope), Some(Kind::Census(census)) if census.threads())
}

fn begins_census(envelope: &Envelope) -> bool {
    matches!(kind_of(envelope), Some(Kind::Census(census)) if census.part() == 0)
}

fn kind_of(envelope: &Envelope) -> Option<Kind> {
    // A sample is none; there are many.
    if envelope.seq.is_some() {
        return None;
    }
    Payload::decode(envelope.payload.clone()?).ok()?.kind
}
