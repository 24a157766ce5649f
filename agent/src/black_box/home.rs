//! Where a black box lives: in a directory, or in memory where there is none to be had.

use std::path::PathBuf;

use midair_proto::v1::{RecordedNode, RecordingHeader, RecordingOrder};
use midair_recording::{Bounds, Options, Ring, State};

use crate::{
    config::{BlackBoxConfig, Place},
    encode,
    identity::Identity,
};

/// Level 1 packs within a few per cent of level 3, for half of the time. A minute of the detail stream is well below the
/// window, so that its keys are found to be alike.
const PACKING: Options = Options { level: 1, window_log: 19 };

/// In memory at most so much, and so old.
const MEMORY_BYTES: u64 = 16 << 20;
const MEMORY_AGE_US: u64 = 30 * 60 * 1_000_000;

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
    pub(super) instead_of: Option<String>,
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
    pub(super) fn nowhere(&self) -> Ring {
        Ring::open(None, self.header.clone(), self.disk, PACKING, self.seed)
    }

    /// Opens the ring in the first place that can be had.
    pub(super) fn open(&self) -> Opened {
        let mut instead_of = None;
        for place in &self.places {
            let ring = Ring::open(Some(place), self.header.clone(), self.disk, PACKING, self.seed);
            let State::Off(why) = ring.state() else { return Opened { ring, instead_of: None } };
            if !self.is_memory_enough {
                return Opened { ring, instead_of: None };
            }
            // The first is the one that was meant.
            instead_of.get_or_insert(why.clone());
        }
        let bounds = Bounds { age_us: self.disk.age_us.min(MEMORY_AGE_US), ..self.disk };
        Opened { ring: Ring::open(None, self.header.clone(), bounds, PACKING, self.seed), instead_of }
    }
}
