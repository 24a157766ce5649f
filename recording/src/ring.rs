//! The black box: a ring of recordings, bounded in bytes and age, that outlives its agent.
//!
//! A segment is a whole `*.midair` file of about a sixteenth of the bound; the oldest go. With a directory a crash costs
//! what was not flushed; without one the ring lives in memory. A disk that takes no more turns it off, in words, and
//! that is all that happens: whoever writes to it need not care.

mod before;
mod directory;
mod history;
mod segment;

use std::{collections::VecDeque, fmt, path::Path};

use midair_proto::v1::{RecordedGap, RecordedMark, RecordingHeader};

use crate::{
    entry::Body,
    writer::{Options, WriteError, Writer},
};

pub use before::Before;
use directory::Directory;
pub use history::History;
use segment::{Segment, Sink};

/// In how many parts a ring is kept, at least: what is removed at once is one of them.
const PARTS: u64 = 16;

/// What was kept of so long says how much of a time costs, microseconds.
const MEASURED_US: u64 = 600_000_000;

/// Why there is a gap: before a program began, and before it could keep something again.
const NOT_RUNNING: &str = "the agent was not running";
const NOT_KEPT: &str = "nothing was kept";

/// How much a ring keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most bytes on disk.
    pub disk_bytes: u64,
    /// Most bytes in memory, where there is no directory.
    pub memory_bytes: u64,
    /// How old an entry gets, in microseconds of the wall clock.
    pub age_us: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { disk_bytes: 128 << 20, memory_bytes: 4 << 20, age_us: 24 * 3_600_000_000 }
    }
}

/// Whether a ring keeps anything, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// In a directory.
    Disk,
    /// In memory, until the program ends.
    Memory,
    /// Nothing any more: why, in words. What it kept before can still be read.
    Off(String),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk => f.write_str("on disk"),
            Self::Memory => f.write_str("in memory only"),
            Self::Off(why) => write!(f, "off: {why}"),
        }
    }
}

/// The last hours of what an agent measured.
///
/// Moments, `at_us`, are on a clock that only rises while the program runs; ranges are asked for in wall time.
#[derive(Debug)]
pub struct Ring {
    directory: Option<Directory>,
    state: State,
    bounds: Bounds,
    options: Options,
    header: RecordingHeader,
    seed: u64,
    next: u64,
    closed: VecDeque<Segment>,
    open: Option<Open>,
    /// Wall time at which what was there before ends.
    left_at_us: Option<u64>,
    /// Why nothing was kept from then on, as far as that is known.
    left_why: &'static str,
    n_refused: u64,
}

/// The segment that is being written.
#[derive(Debug)]
struct Open {
    number: u64,
    writer: Writer<Sink>,
    began_us: u64,
    first_wall_us: u64,
    last_wall_us: u64,
}

impl Ring {
    /// Opens a ring: in a directory, whose earlier segments are kept, or in memory. Never fails: see [`Ring::state`].
    /// `seed` is a random number.
    pub fn open(
        directory: Option<&Path>,
        header: RecordingHeader,
        bounds: Bounds,
        options: Options,
        seed: u64,
    ) -> Self {
        let mut ring = Self {
            directory: None,
            state: State::Memory,
            bounds,
            options,
            header,
            seed,
            next: 0,
            closed: VecDeque::new(),
            open: None,
            left_at_us: None,
            left_why: NOT_RUNNING,
            n_refused: 0,
        };
        let Some(path) = directory else { return ring };
        match Directory::open(path) {
            Ok((directory, segments)) => {
                ring.directory = Some(directory);
                ring.state = State::Disk;
                ring.next = segments.last().map_or(0, |last| last.number + 1);
                ring.left_at_us = segments.last().map(|last| last.last_wall_us);
                ring.closed = segments.into();
                // A bound that was lowered holds from now on.
                ring.shrink();
            }
            Err(why) => ring.state = State::Off(why),
        }
        ring
    }

    /// It was opened once more by a program that ran on meanwhile: of the gap before it no more is known than that.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.left_why = NOT_KEPT;
        self
    }

    /// Whether it keeps anything, and where.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// True when [`Ring::begin_block`] is to be called, and a key to be written after it; never when it is off.
    pub fn needs_block(&self, at_us: u64) -> bool {
        !matches!(self.state, State::Off(_)) && self.open.as_ref().is_none_or(|open| open.writer.needs_block(at_us))
    }

    /// Begins a block that can be read alone; see [`Writer::begin_block`].
    pub fn begin_block(&mut self, at_us: u64, wall_us: u64) {
        if matches!(self.state, State::Off(_)) {
            return;
        }
        let begun = self.rotate(at_us, wall_us).and_then(|()| match &mut self.open {
            Some(open) => open.writer.begin_block(at_us, wall_us, true),
            None => Ok(()),
        });
        self.settle(begun);
        self.expire(wall_us);
        let Some(from_us) = self.left_at_us.take() else { return };
        let why = Some(self.left_why.into());
        let gap = RecordedGap { from_us: Some(from_us), to_us: Some(wall_us), node: None, why };
        self.push(at_us, wall_us, false, &Body::Gap(gap));
    }

    /// Keeps an encoded `Envelope`.
    pub fn envelope(&mut self, at_us: u64, wall_us: u64, bytes: &[u8]) {
        self.write(at_us, wall_us, |writer| writer.envelope(at_us, "", bytes));
    }

    /// Keeps an entry; see [`Writer::push`].
    pub fn push(&mut self, at_us: u64, wall_us: u64, is_standing: bool, body: &Body) {
        self.write(at_us, wall_us, |writer| writer.push(at_us, is_standing, body));
    }

    /// Lists a mark that stands in the last envelope; see [`Writer::note_mark`].
    pub fn note_mark(&mut self, mark: RecordedMark) {
        if let Some(open) = &mut self.open {
            open.writer.note_mark(mark);
        }
    }

    /// Writes what has gathered; to be called about once a second.
    pub fn flush(&mut self) {
        if let Some(open) = &mut self.open {
            let flushed = open.writer.flush_chunk();
            self.settle(flushed);
            self.shrink();
        }
    }

    /// Closes the open segment with its index: the program ends.
    pub fn close(&mut self) {
        let closed = self.seal();
        self.settle(closed);
    }

    /// What was flushed of a range of wall time, as it is now: reading it needs neither the ring nor a lock.
    ///
    /// It begins with the block that holds the start of the range, for its key must be known, and ends at the first
    /// entry after the range.
    pub fn history(&self, from_wall_us: u64, to_wall_us: u64) -> History {
        let is_in = |first: u64, last: u64| first <= to_wall_us && last >= from_wall_us;
        let closed = self.closed.iter().filter(|s| is_in(s.first_wall_us, s.last_wall_us)).map(|s| s.place.clone());
        let open = self.open.as_ref().filter(|open| is_in(open.first_wall_us, open.last_wall_us));
        let places = closed.chain(open.map(|open| open.writer.get_ref().place())).collect();
        History::new(places, from_wall_us, to_wall_us)
    }

    /// The wall time of the first and the last entry.
    pub fn range(&self) -> Option<(u64, u64)> {
        let open = self.open.as_ref();
        let first = self.closed.front().map(|s| s.first_wall_us).or(open.map(|o| o.first_wall_us))?;
        let last = open.map(|o| o.last_wall_us).or(self.closed.back().map(|s| s.last_wall_us))?;
        Some((first, last))
    }

    /// How long a time it holds, microseconds, without the gaps in which no program ran: those lie between segments.
    pub fn held_us(&self) -> u64 {
        let closed = self.closed.iter().map(|s| (s.first_wall_us, s.last_wall_us));
        let open = self.open.iter().map(|open| (open.first_wall_us, open.last_wall_us));
        closed.chain(open).map(|(first, last)| last.saturating_sub(first)).fold(0, u64::saturating_add)
    }

    /// How many bytes it holds.
    pub fn n_bytes(&self) -> u64 {
        self.closed.iter().map(|s| s.n_bytes).sum::<u64>() + self.open.as_ref().map_or(0, |o| o.writer.n_bytes())
    }

    /// How long a time fits its bounds, microseconds, if what comes is as dear as what it holds; `None` while that is of
    /// less than ten minutes.
    pub fn fits_us(&self) -> Option<u64> {
        let held_us = Some(self.held_us()).filter(|us| *us >= MEASURED_US)?;
        // Of the bound as much is used as `shrink` leaves, less the part that goes at once.
        let most = self.bytes_max() - self.bytes_max() / PARTS;
        let fit_us = u128::from(held_us) * u128::from(most) / u128::from(self.n_bytes().max(1));
        Some(u64::try_from(fit_us).unwrap_or(u64::MAX).min(self.bounds.age_us))
    }

    /// How many entries were refused by themselves: too large.
    pub fn n_refused(&self) -> u64 {
        self.n_refused
    }

    fn write(&mut self, at_us: u64, wall_us: u64, write: impl FnOnce(&mut Writer<Sink>) -> Result<(), WriteError>) {
        if self.open.is_none() && !matches!(self.state, State::Off(_)) {
            let rotated = self.rotate(at_us, wall_us);
            self.settle(rotated);
        }
        let Some(open) = &mut self.open else { return };
        open.last_wall_us = wall_us;
        let written = write(&mut open.writer);
        self.settle(written);
    }

    /// Opens a segment where there is none, or where the one that is open has had its part of bytes or time.
    fn rotate(&mut self, at_us: u64, wall_us: u64) -> Result<(), WriteError> {
        let is_full = |open: &Open| {
            open.writer.n_bytes() >= self.bytes_max() / PARTS
                || at_us.saturating_sub(open.began_us) >= self.bounds.age_us / PARTS
        };
        match &self.open {
            Some(open) if !is_full(open) => return Ok(()),
            Some(_) => self.seal()?,
            None => {}
        }
        let number = self.next;
        let sink = match &self.directory {
            Some(directory) => directory.create(number)?,
            None => Sink::memory(),
        };
        self.next += 1;
        let header = RecordingHeader { wall_us: Some(wall_us), ..self.header.clone() };
        let file_id = self.seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let writer = Writer::new(sink, &header, file_id, self.options)?;
        self.open = Some(Open { number, writer, began_us: at_us, first_wall_us: wall_us, last_wall_us: wall_us });
        Ok(())
    }

    fn seal(&mut self) -> Result<(), WriteError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let Open { number, first_wall_us, last_wall_us, .. } = open;
        let sink = open.writer.finish()?;
        let n_bytes = sink.length()?;
        self.closed.push_back(Segment { number, place: sink.place(), n_bytes, first_wall_us, last_wall_us });
        Ok(())
    }

    /// Turns it off where nothing more can be written.
    fn settle(&mut self, written: Result<(), WriteError>) {
        match written {
            Ok(()) => {}
            Err(WriteError::TooLarge { .. } | WriteError::Links) => self.n_refused += 1,
            Err(WriteError::Stopped) if matches!(self.state, State::Off(_)) => {}
            Err(error @ (WriteError::Io(_) | WriteError::Stopped)) => self.turn_off(&error),
        }
    }

    fn turn_off(&mut self, error: &WriteError) {
        let place = self.directory.as_ref().map_or_else(|| "memory".into(), |d| d.path().display().to_string());
        self.state = State::Off(format!("{place}: {error}"));
        // What was flushed stays readable.
        if let Some(open) = self.open.take() {
            let Open { number, first_wall_us, last_wall_us, writer, .. } = open;
            let (place, n_bytes) = (writer.get_ref().place(), writer.n_bytes());
            self.closed.push_back(Segment { number, place, n_bytes, first_wall_us, last_wall_us });
        }
    }

    fn bytes_max(&self) -> u64 {
        if self.directory.is_some() { self.bounds.disk_bytes } else { self.bounds.memory_bytes }
    }

    /// Removes the oldest until the next second fits as well.
    fn shrink(&mut self) {
        let most = self.bytes_max() - self.bytes_max() / (2 * PARTS);
        while self.n_bytes() > most && self.drop_oldest() {}
    }

    /// Removes what is too old; one segment at a time, so that a wall clock that is wrong for a minute costs no more.
    fn expire(&mut self, wall_us: u64) {
        let is_old = |s: &Segment| wall_us.saturating_sub(s.last_wall_us) > self.bounds.age_us;
        if self.closed.front().is_some_and(is_old) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(oldest) = self.closed.pop_front() else { return false };
        if let Err(error) = oldest.remove() {
            let path = self.directory.as_ref().map(|d| d.path().display().to_string()).unwrap_or_default();
            // It would grow without bound.
            self.state = State::Off(format!("{path}: cannot remove the oldest segment: {error}"));
            self.closed.push_front(oldest);
            self.open = None;
            return false;
        }
        true
    }
}
