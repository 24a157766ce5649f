//! Where a black box lives: in a directory, or in memory where there is none to be had.

use std::path::{Path, PathBuf};

use midair_proto::v1::{RecordedNode, RecordingHeader, RecordingOrder};
use midair_recording::{Bounds, Options, Ring, State};

use super::summaries::Summaries;
use crate::{
    config::{BlackBoxConfig, Place},
    encode,
    identity::Identity,
};

/// A minute of what is kept is hardly above the window, so that its keys are found to be alike. Tables of 128 KiB in place of
/// level 3's 768 KiB, and a window of half the size, cost a two-hundredth more bytes.
const PACKING: Options = Options { level: 3, window_log: 17, table_log: Some(15) };

/// In memory at most so much, and so old.
const MEMORY_BYTES: u64 = 16 << 20;
const MEMORY_AGE_US: u64 = 30 * 60 * 1_000_000;

/// A minute of rollups is well below this window.
const PACKING_SUMMARIES: Options = Options { level: 3, window_log: 14, table_log: Some(11) };

/// Directories of the summaries, and at most so many bytes of each: over 10 s, over 5 min. They outlive the rest.
const SUMMARIES: [(&str, u64); 2] = [("10s", 7 << 20), ("5min", 1 << 20)];

/// And at most this part of all.
const SUMMARY_PART: u64 = 16;

/// What is needed to open a ring, again if need be.
#[derive(Debug)]
pub(super) struct Home {
    places: Vec<PathBuf>,
    /// Memory will do where no directory can be had.
    is_memory_enough: bool,
    disk: Bounds,
    header: RecordingHeader,
    seed: u64,
}

/// A ring, and why it is not where it should be.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) ring: Ring,
    pub(super) summaries: Summaries,
    pub(super) instead_of: Option<String>,
    /// Its directory, where it has one.
    place: Option<PathBuf>,
}

impl Opened {
    /// By an agent that has been running: see [`Ring::again`].
    pub(super) fn again(self) -> Self {
        Self { ring: self.ring.again(), summaries: self.summaries.again(), ..self }
    }

    /// Whether it keeps nothing. Without a summary it goes on.
    pub(super) fn is_off(&self) -> bool {
        matches!(self.ring.state(), State::Off(_))
    }

    /// Which summaries are not kept and why, in words.
    pub(super) fn missing(&self) -> Option<String> {
        let words = |(n, why): (usize, &str)| format!("summaries over {} are off: {why}", SUMMARIES[n].0);
        let words: Vec<String> = self.summaries.off().map(words).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

impl Home {
    /// `None`: there is to be no black box.
    pub(super) fn of(config: &BlackBoxConfig, identity: &Identity) -> Option<Self> {
        let (places, is_memory_enough) = match &config.place {
            Place::Off => return None,
            Place::Memory => (Vec::new(), true),
            Place::FirstOf(places) => (places.clone(), true),
            Place::Directory(place) => (vec![place.clone()], false),
        };
        let age_us = u64::try_from(config.age.as_micros()).unwrap_or(u64::MAX);
        let disk = Bounds { disk_bytes: config.bytes, memory_bytes: MEMORY_BYTES, age_us };
        let node = RecordedNode { node: Some(identity.node.clone()), name: Some(identity.name.clone()), link: None };
        let header = RecordingHeader {
            program: Some(encode::PROGRAM.to_owned()),
            author: Some(identity.user.clone()),
            why: Some("black box".into()),
            wall_us: None,
            order: Some(RecordingOrder::AsMeasured.into()),
            nodes: vec![node],
            masked: Vec::new(),
        };
        Some(Self { places, is_memory_enough, disk, header, seed: identity.epoch })
    }

    /// A ring that holds nothing.
    pub(super) fn nowhere(&self) -> Opened {
        self.opened(None, self.disk.age_us, None)
    }

    /// Opens the ring in the first place that can be had.
    pub(super) fn open(&self) -> Opened {
        let mut instead_of = None;
        for place in &self.places {
            let opened = self.opened(Some(place), self.disk.age_us, None);
            let State::Off(why) = opened.ring.state() else { return opened };
            if !self.is_memory_enough {
                return opened;
            }
            // The first is the one that was meant.
            instead_of.get_or_insert(why.clone());
        }
        self.opened(None, self.disk.age_us.min(MEMORY_AGE_US), instead_of)
    }

    /// Opens those summaries once more that keep nothing, and begins a block in each: what cannot be written is not well.
    pub(super) fn mend(&self, opened: &mut Opened, at_us: u64, wall_us: u64) {
        let off: Vec<usize> = opened.summaries.off().map(|(n, _)| n).collect();
        for n in off {
            // The old one goes first: it holds the directory.
            opened.summaries.put(n, self.summary(n, None));
            let mut ring = self.summary(n, opened.place.as_deref()).again();
            ring.begin_block(at_us, wall_us);
            ring.flush();
            opened.summaries.put(n, ring);
        }
    }

    fn opened(&self, place: Option<&Path>, age_us: u64, instead_of: Option<String>) -> Opened {
        let all: u64 = SUMMARIES.iter().map(|(_, most)| self.part(*most)).sum();
        let bounds = Bounds { disk_bytes: self.disk.disk_bytes - all, age_us, ..self.disk };
        let ring = Ring::open(place, self.header.clone(), bounds, PACKING, self.seed);
        let place = place.filter(|_| !matches!(ring.state(), State::Off(_)));
        let summaries = Summaries::new([0, 1].map(|n| self.summary(n, place)));
        Opened { ring, summaries, instead_of, place: place.map(Path::to_path_buf) }
    }

    /// The ring of the summaries of a number, in its directory of a place, or in memory.
    fn summary(&self, n: usize, place: Option<&Path>) -> Ring {
        let (name, most) = SUMMARIES[n];
        let place = place.map(|place| place.join(name));
        let most = self.part(most);
        let bounds = Bounds { disk_bytes: most, memory_bytes: most / 4, age_us: self.disk.age_us };
        let seed = self.seed.wrapping_add(n as u64 + 1);
        Ring::open(place.as_deref(), self.header.clone(), bounds, PACKING_SUMMARIES, seed)
    }

    /// So many bytes, or the part of all that a summary may take.
    fn part(&self, most: u64) -> u64 {
        most.min(self.disk.disk_bytes / SUMMARY_PART)
    }
}
