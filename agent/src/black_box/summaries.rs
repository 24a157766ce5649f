//! Small rings of their own for what is asked of a whole day: rollups over 10 s, rollups over 5 min, and marks.
//!
//! They hold a day beside the rest, each within 1/16 of its bound, and a curve over a day is read from them in milliseconds.

use midair_proto::v1::{Envelope, payload::Kind};
use midair_recording::{History, Ring, State};
use midair_vitals::window::ROLLUPS_US;

/// Rollups by the length of their windows; marks stand with the longer ones.
#[derive(Debug)]
pub(super) struct Summaries([Ring; 2]);

impl Summaries {
    /// Over the windows in their order.
    pub(super) fn new(rings: [Ring; 2]) -> Self {
        Self(rings)
    }

    /// By an agent that has been running: see [`Ring::again`].
    pub(super) fn again(self) -> Self {
        Self(self.0.map(Ring::again))
    }

    /// Keeps what is a rollup or a mark. Each is written at once: they are few.
    pub(super) fn take(&mut self, envelope: &Envelope, bytes: &[u8], kind: &Kind) {
        let number = match kind {
            Kind::Rollup(rollup) => ROLLUPS_US.iter().position(|us| rollup.window_us == Some(*us)),
            Kind::Mark(_) => Some(1),
            _ => None,
        };
        let Some(ring) = number.and_then(|n| self.0.get_mut(n)) else { return };
        let (at_us, wall_us) = (envelope.mono_us.unwrap_or(0), envelope.wall_us.unwrap_or(0));
        if ring.needs_block(at_us) {
            ring.begin_block(at_us, wall_us);
        }
        ring.envelope(at_us, wall_us, bytes);
        ring.flush();
    }

    /// What was kept of a range of wall time, microseconds.
    pub(super) fn histories(&self, from_wall_us: u64, to_wall_us: u64) -> [History; 2] {
        [self.0[0].history(from_wall_us, to_wall_us), self.0[1].history(from_wall_us, to_wall_us)]
    }

    /// The wall time of the first and the last that is kept, microseconds.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        let ranges = self.0.iter().filter_map(Ring::range);
        ranges.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// Of how long a time the shorter windows are kept, microseconds.
    pub(super) fn held_us(&self) -> u64 {
        self.0[0].held_us()
    }

    /// The numbers of those that keep nothing, and why.
    pub(super) fn off(&self) -> impl Iterator<Item = (usize, &str)> {
        self.0.iter().enumerate().filter_map(|(n, ring)| match ring.state() {
            State::Off(why) => Some((n, why.as_str())),
            State::Disk | State::Memory => None,
        })
    }

    /// Puts a ring in the place of the one of this number.
    pub(super) fn put(&mut self, n: usize, ring: Ring) {
        self.0[n] = ring;
    }

    /// How many bytes they hold.
    pub(super) fn n_bytes(&self) -> u64 {
        self.0.iter().map(Ring::n_bytes).sum()
    }

    /// The program ends.
    pub(super) fn close(&mut self) {
        self.0.iter_mut().for_each(Ring::close);
    }
}
