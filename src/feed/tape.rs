//! The tape: what was received in the last minutes, so that one can look back.
//!
//! A pure ring in memory. While the playhead is in the past, what arrives is kept and not passed on.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
};

use midair_proto::v1::Envelope;

use crate::{
    entry::{Entry, Item, Part},
    event::{Link, LinkState, Stamp},
    wire::Carries,
};

/// How long entries are kept.
pub const KEEP_US: u64 = 20 * 60 * 1_000_000;
/// How much of the time before the playhead is told anew: the ten minutes that charts show, and what a key every 30 s
/// and ten seconds of growth need before that.
pub const WARM_UP_US: u64 = (600 + 60) * 1_000_000;
/// How many bytes are kept, roughly.
pub const BYTES_MAX: usize = 64 << 20;
/// How many bytes of what a hub has told of its nodes outlive their place on the tape, roughly: it tells of all of them every
/// half minute.
const FLEET_BYTES_MAX: usize = 48 << 20;
/// How many marks outlive their place on the tape.
const MARKS_MAX: usize = 1_024;
/// What an entry costs beside its payload, roughly.
const ENTRY_BYTES: usize = 160;

/// The last minutes of a feed.
///
/// INVARIANT: `entries` is in rising order of stamps, and `n_bytes` is the sum of their weights. Who listens has been told
/// all entries before number `n_told`, counted from the first that ever came, of which `n_dropped` are gone.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    entries: VecDeque<Entry>,
    n_bytes: usize,
    n_dropped: usize,
    n_told: usize,
    standing: Standing,
    playhead: Option<Stamp>,
    /// What stands now, whatever was told.
    known: Standing,
}

impl Tape {
    /// Keeps an entry. True when it is to be passed on: the playhead is live, or the entry is an input, which acts on
    /// the screen and has no place on the tape.
    pub fn push(&mut self, entry: &Entry) -> bool {
        if matches!(entry.item, Item::Input(_) | Item::Page(_) | Item::Notice(_)) {
            return true;
        }
        self.known.keep(entry);
        let newest = self.entries.back().map_or(Stamp(0), |e| e.at);
        self.n_bytes += weight(entry);
        self.entries.push_back(Entry { at: entry.at.max(newest), item: entry.item.clone() });
        self.drop_old();
        if self.playhead.is_none() {
            self.n_told = self.n_dropped + self.entries.len();
        }
        self.playhead.is_none()
    }

    /// Moves the playhead to a moment of the past and tells what the screen needs for it: the rest up to there when
    /// that lies ahead of what was told, else a reset and all anew.
    pub fn seek(&mut self, to: Stamp) -> Vec<Entry> {
        self.playhead = Some(to);
        self.told_up_to(self.entries.partition_point(|e| e.at <= to))
    }

    /// Lets the playhead run with the feed again and tells what has come since.
    pub fn live(&mut self) -> Vec<Entry> {
        self.playhead = None;
        self.told_up_to(self.entries.len())
    }

    /// How many entries have been told, of all that ever came.
    pub fn n_told(&self) -> usize {
        self.n_told
    }

    /// How many entries of all that ever came lie at or before a moment.
    pub fn n_until(&self, to: Stamp) -> usize {
        self.n_dropped + self.entries.partition_point(|e| e.at <= to)
    }

    /// How many entries have left the tape.
    pub fn n_dropped(&self) -> usize {
        self.n_dropped
    }

    /// Who listens knows what it knew when so many entries had been told: the next are told from there.
    pub fn resume(&mut self, n_told: usize) {
        self.n_told = n_told;
    }

    /// The playhead goes to a moment before the tape: what is told of it comes from elsewhere, and what is told next of the
    /// tape is told anew.
    pub fn leave(&mut self, to: Stamp) {
        (self.playhead, self.n_told) = (Some(to), usize::MAX);
    }

    /// Who has described itself so far, by address: the description, and what its clock was last.
    pub fn introductions(&self) -> impl Iterator<Item = (&Arc<str>, &Entry, Option<&Entry>)> {
        let clock = |address| self.known.clocks.get(address);
        self.known.descriptions.iter().map(move |(address, entry)| (address, entry, clock(address)))
    }

    /// All that it holds, and before it what is still true of what it does not hold any more.
    pub fn all(&self) -> Vec<Entry> {
        let mut all = self.standing.clone().entries();
        all.extend(grounded(self.entries.iter()));
        all
    }

    /// Where the playhead stands; `None` when it is live.
    pub fn playhead(&self) -> Option<Stamp> {
        self.playhead
    }

    /// The oldest and newest moment on the tape.
    pub fn range(&self) -> Option<(Stamp, Stamp)> {
        Some((self.entries.front()?.at, self.entries.back()?.at))
    }

    /// What is to be told so that the entries before this one are known.
    fn told_up_to(&mut self, end: usize) -> Vec<Entry> {
        // What was told last may have left the tape, and what followed it as well.
        let known = self.n_told.checked_sub(self.n_dropped).filter(|known| *known <= end);
        self.n_told = self.n_dropped + end;
        match known {
            Some(known) => self.entries.range(known..end).cloned().collect(),
            None => self.anew(end),
        }
    }

    /// A reset, then what stood before the window, then the window.
    fn anew(&self, end: usize) -> Vec<Entry> {
        let last = end.checked_sub(1).map_or(Stamp(0), |n| self.entries[n].at);
        let from = Stamp(last.0.saturating_sub(WARM_UP_US));
        let start = self.entries.partition_point(|e| e.at < from).min(end);
        let mut standing = self.standing.clone();
        for entry in self.entries.range(..start) {
            standing.keep(entry);
        }
        let mut told = vec![Entry { at: from, item: Item::Reset }];
        told.extend(standing.entries());
        told.extend(grounded(self.entries.range(start..end)));
        told
    }

    fn drop_old(&mut self) {
        let newest = self.entries.back().map_or(Stamp(0), |e| e.at);
        while let Some(oldest) = self.entries.front() {
            if self.n_bytes <= BYTES_MAX && newest.since_us(oldest.at) <= KEEP_US {
                return;
            }
            self.n_bytes -= weight(oldest);
            self.standing.keep(oldest);
            self.entries.pop_front();
            self.n_dropped += 1;
        }
    }
}

/// What an entry costs to keep, in bytes, roughly.
pub fn weight(entry: &Entry) -> usize {
    let carried = match &entry.item {
        Item::Envelope(_, envelope) => {
            envelope.payload.as_ref().map_or(0, |p| p.len()) + envelope.node.as_ref().map_or(0, String::len)
        }
        Item::Page(page) => match &page.part {
            Part::Told(told) => told.iter().filter_map(|e| e.payload.as_ref()).map(|p| ENTRY_BYTES + p.len()).sum(),
            Part::End(_) => 0,
        },
        Item::Notice(words) => words.len(),
        Item::Link(_) | Item::Clock(..) | Item::Gap(_) | Item::Tick | Item::Reset | Item::Input(_) => 0,
    };
    ENTRY_BYTES + carried
}

/// What stays true until it is said anew, and so must outlive its place on the tape.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    links: BTreeMap<Arc<str>, Entry>,
    descriptions: BTreeMap<Arc<str>, Entry>,
    clocks: BTreeMap<Arc<str>, Entry>,
    marks: VecDeque<Entry>,
    fleets: BTreeMap<Arc<str>, Batches>,
}

impl Standing {
    /// Takes in what passes.
    pub fn keep(&mut self, entry: &Entry) {
        match &entry.item {
            Item::Link(Link { address, state: LinkState::Left { .. } }) => {
                self.links.remove(address);
                self.descriptions.remove(address);
                self.clocks.remove(address);
            }
            Item::Link(link) => {
                self.links.insert(link.address.clone(), entry.clone());
            }
            Item::Clock(address, ..) => {
                self.clocks.insert(address.clone(), entry.clone());
            }
            Item::Envelope(address, envelope) => match Carries::of(envelope) {
                Carries::Description => {
                    self.descriptions.insert(address.clone(), entry.clone());
                }
                Carries::Mark => {
                    self.marks.push_back(entry.clone());
                    self.marks.drain(..self.marks.len().saturating_sub(MARKS_MAX));
                }
                Carries::Fleet => self.fleets.entry(address.clone()).or_default().keep(entry, envelope),
                Carries::Sample
                | Carries::Echo
                | Carries::Refusal
                | Carries::Rollup
                | Carries::Kept
                | Carries::Other => {}
            },
            Item::Gap(_) | Item::Page(_) | Item::Notice(_) | Item::Tick | Item::Reset | Item::Input(_) => {}
        }
    }

    /// All of it, in order of arrival.
    pub fn entries(self) -> Vec<Entry> {
        let maps = [self.links, self.descriptions, self.clocks];
        let mut all: Vec<Entry> = maps.into_iter().flat_map(BTreeMap::into_values).chain(self.marks).collect();
        all.extend(self.fleets.into_values().flat_map(|batches| batches.since_key.into_iter().chain(batches.key)));
        all.sort_by_key(|entry| entry.at);
        all
    }

    /// A hub tells of all its nodes anew: what it said before is not needed to understand what follows.
    pub fn forget_fleet(&mut self, address: &str) {
        self.fleets.remove(address);
    }
}

/// Of what a hub told of its nodes a key, and all since.
#[derive(Clone, Debug, Default)]
struct Batches {
    since_key: Vec<Entry>,
    n_bytes: usize,
    /// Parts of a newer key, until what follows tells that all have come.
    key: Vec<Entry>,
}

impl Batches {
    fn keep(&mut self, entry: &Entry, envelope: &Envelope) {
        if envelope.key.unwrap_or(false) {
            self.key.push(entry.clone());
            return;
        }
        if !self.key.is_empty() {
            self.since_key = std::mem::take(&mut self.key);
            self.n_bytes = self.since_key.iter().map(weight).sum();
        }
        self.n_bytes += weight(entry);
        if self.n_bytes <= FLEET_BYTES_MAX {
            self.since_key.push(entry.clone());
        } else {
            // A hub that tells of all but once: what it said is not known any more, until it does again.
            self.since_key = Vec::new();
        }
    }
}

/// Whether a hub begins with it to tell of all its nodes.
pub fn is_fleet_key(entry: &Entry) -> bool {
    matches!(&entry.item, Item::Envelope(_, envelope)
        if Carries::of(envelope) == Carries::Fleet && envelope.key.unwrap_or(false))
}

/// Leaves out samples that need a key which has left the tape: they were not lost, they are only not known any more.
pub(super) fn grounded<'a>(entries: impl Iterator<Item = &'a Entry>) -> impl Iterator<Item = Entry> {
    let mut with_key = HashSet::new();
    entries
        .filter(move |entry| {
            let Item::Envelope(address, envelope) = &entry.item else { return true };
            if Carries::of(envelope) != Carries::Sample {
                return true;
            }
            let stream = (address.clone(), envelope.node.clone(), envelope.epoch, envelope.stream);
            if envelope.key.unwrap_or(false) {
                with_key.insert(stream);
                return true;
            }
            with_key.contains(&stream)
        })
        .cloned()
}

#[cfg(test)]
mod tests;
