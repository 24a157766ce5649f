//! A long range in few points: the rollups that were kept, as fine as fits, and merged where that is not enough; and its
//! marks.

use std::collections::BTreeMap;

use midair_proto::v1::{Envelope, Mark, Rollup, Summary, payload::Kind};
use midair_vitals::window::ROLLUPS_US;

/// Gathers rollups of a range.
#[derive(Debug)]
pub(super) struct Thin {
    /// The window that is taken; others are passed over.
    window_us: u64,
    /// The length of a point: a multiple of the window.
    point_us: u64,
    from_us: u64,
    to_us: u64,
    points: BTreeMap<u64, Point>,
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
        if envelope.seq.is_some() {
            return;
        }
        let rollup = match envelope.kind() {
            Some(Kind::Rollup(rollup)) => rollup,
            Some(Kind::Mark(mark)) => {
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
        self.points.entry(number).or_default().add(&rollup);
    }

    fn holds(&self, wall_us: u64) -> bool {
        (self.from_us..=self.to_us).contains(&wall_us)
    }

    /// The points and the marks, in order, each with its wall time in microseconds.
    pub(super) fn told(self) -> Vec<(u64, Kind)> {
        let points = self.points.into_values().map(|point| (point.wall_us, Kind::Rollup(point.rollup())));
        let marks = self.marks.into_iter().map(|mark| (mark.wall_us(), Kind::Mark(mark)));
        let mut told: Vec<(u64, Kind)> = points.chain(marks).collect();
        told.sort_by_key(|(wall_us, _)| *wall_us);
        told
    }
}

/// Windows as one, which ends with the last of them. Means are made of sums, once: they would drift with each rounding.
#[derive(Debug, Default)]
struct Point {
    window_us: u64,
    wall_us: u64,
    /// By vital, in their order.
    sums: [Option<Sum>; 4],
}

/// All summaries of a vital that came; of what was counted otherwise than by all of its fields there is no mean.
#[derive(Clone, Copy, Debug)]
struct Sum {
    min: Option<u32>,
    max: Option<u32>,
    /// The sum of all values, and how many there were.
    total: Option<(u64, u64)>,
}

impl Point {
    fn add(&mut self, rollup: &Rollup) {
        self.window_us = self.window_us.saturating_add(rollup.window_us());
        self.wall_us = self.wall_us.max(rollup.wall_us());
        let vitals = [rollup.sched, rollup.mem, rollup.queue, rollup.rate];
        for (sum, summary) in self.sums.iter_mut().zip(vitals) {
            let of = summary.map(Sum::of);
            *sum = match (*sum, of) {
                (Some(sum), Some(of)) => Some(sum.and(of)),
                (sum, of) => sum.or(of),
            };
        }
    }

    fn rollup(&self) -> Rollup {
        let [sched, mem, queue, rate] = self.sums.map(|sum| sum.map(Sum::summary));
        let (window_us, wall_us) = (Some(self.window_us), Some(self.wall_us));
        Rollup { window_us, wall_us, sched, mem, queue, rate, ..Rollup::default() }
    }
}

impl Sum {
    fn of(summary: Summary) -> Self {
        let total = |(mean, n): (u32, u32)| (u64::from(mean) * u64::from(n), u64::from(n));
        Self { min: summary.min, max: summary.max, total: summary.mean.zip(summary.n).map(total) }
    }

    fn and(self, other: Self) -> Self {
        let total = self.total.zip(other.total);
        Self {
            min: self.min.zip(other.min).map(|(a, b)| a.min(b)),
            max: self.max.zip(other.max).map(|(a, b)| a.max(b)),
            total: total.map(|(a, b)| (a.0.saturating_add(b.0), a.1.saturating_add(b.1))),
        }
    }

    fn summary(self) -> Summary {
        let mean = self.total.and_then(|(total, n)| total.saturating_add(n / 2).checked_div(n));
        let n = self.total.and_then(|(_, n)| u32::try_from(n).ok());
        Summary { min: self.min, mean: mean.and_then(|mean| u32::try_from(mean).ok()), max: self.max, n }
    }
}

#[cfg(test)]
mod tests;
