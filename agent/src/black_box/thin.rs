//! A long range in few points: the rollups that were kept, as fine as fits, and merged where that is not enough; and its
//! marks.

use std::collections::BTreeMap;

use midair_proto::v1::{Envelope, Mark, Payload, Rollup, Summary, payload::Kind};
use midair_vitals::window::ROLLUPS_US;
use prost::Message;

/// Gathers rollups of a range.
#[derive(Debug)]
pub(super) struct Thin {
    /// The window that is taken; others are passed over.
    window_us: u64,
    /// The length of a point: a multiple of the window.
    point_us: u64,
    from_us: u64,
    to_us: u64,
    points: BTreeMap<u64, Rollup>,
    marks: Vec<Mark>,
}

impl Thin {
    /// At most `most` points of a range, of which that in `kept_us` is there at all.
    pub(super) fn new(most: u32, (from_us, to_us): (u64, u64), kept_us: Option<(u64, u64)>) -> Self {
        let (first_us, last_us) = kept_us.unwrap_or((from_us, to_us));
        let from_us = from_us.max(first_us);
        let to_us = to_us.min(last_us).max(from_us);
        let most = u64::from(most.max(1));
        let length_us = (to_us - from_us).saturating_add(1);
        let [fine_us, coarse_us] = ROLLUPS_US;
        let window_us = if length_us.div_ceil(fine_us) <= most { fine_us } else { coarse_us };
        let point_us = length_us.div_ceil(most).div_ceil(window_us).max(1).saturating_mul(window_us);
        Self { window_us, point_us, from_us, to_us, points: BTreeMap::new(), marks: Vec::new() }
    }

    /// Takes an event where it is a rollup or a mark of the range.
    pub(super) fn take(&mut self, envelope: &Envelope) {
        let Some(payload) = envelope.payload.clone().filter(|_| envelope.seq.is_none()) else { return };
        let rollup = match Payload::decode(payload) {
            Ok(Payload { kind: Some(Kind::Rollup(rollup)) }) => rollup,
            Ok(Payload { kind: Some(Kind::Mark(mark)) }) => {
                self.marks.extend(Some(mark).filter(|m| m.wall_us.is_some_and(|us| self.holds(us))));
                return;
            }
            _ => return,
        };
        let Some(end_us) = rollup.wall_us.filter(|end| self.holds(*end)) else { return };
        if rollup.window_us != Some(self.window_us) {
            return;
        }
        let number = (end_us - self.from_us) / self.point_us;
        let point = match self.points.remove(&number) {
            None => rollup,
            Some(before) => merge(&before, &rollup),
        };
        self.points.insert(number, point);
    }

    fn holds(&self, wall_us: u64) -> bool {
        (self.from_us..=self.to_us).contains(&wall_us)
    }

    /// The points and the marks, in order, each with its wall time in microseconds.
    pub(super) fn told(self) -> Vec<(u64, Kind)> {
        let points = self.points.into_values().map(|point| (point.wall_us(), Kind::Rollup(point)));
        let marks = self.marks.into_iter().map(|mark| (mark.wall_us(), Kind::Mark(mark)));
        let mut told: Vec<(u64, Kind)> = points.chain(marks).collect();
        told.sort_by_key(|(wall_us, _)| *wall_us);
        told
    }
}

/// Two windows as one, which ends with the later.
fn merge(earlier: &Rollup, later: &Rollup) -> Rollup {
    Rollup {
        window_us: Some(earlier.window_us.unwrap_or(0).saturating_add(later.window_us.unwrap_or(0))),
        wall_us: later.wall_us.max(earlier.wall_us),
        sched: both(earlier.sched, later.sched),
        mem: both(earlier.mem, later.mem),
        queue: both(earlier.queue, later.queue),
        rate: both(earlier.rate, later.rate),
        ..Rollup::default()
    }
}

fn both(one: Option<Summary>, other: Option<Summary>) -> Option<Summary> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other) };
    let n = u64::from(a.n?) + u64::from(b.n?);
    let sum = |s: Summary| Some(u64::from(s.mean?) * u64::from(s.n?));
    let total = sum(a)?.saturating_add(sum(b)?);
    let mean = u32::try_from(total.saturating_add(n / 2).checked_div(n)?).ok();
    Some(Summary { min: a.min.min(b.min), mean, max: a.max.max(b.max), n: u32::try_from(n).ok() })
}

#[cfg(test)]
mod tests;
