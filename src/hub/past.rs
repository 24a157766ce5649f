//! The last ten minutes of a node's severities, a byte for each second and vital.

use midair_proto::v1;

/// Seconds that are kept.
pub(super) const KEPT_S: u64 = 600;

/// Length of the windows that are told, seconds: that of an agent's own.
pub(super) const WINDOW_S: u64 = 10;

/// Per mille that one step of a byte stands for, and the byte that stands for nothing known.
const STEP: u32 = 4;
const UNKNOWN: u8 = u8::MAX;

/// Severities of one second: sched, mem, queue, rate.
type Second = [u8; 4];

/// By second of the hub's wall clock.
///
/// INVARIANT: `seconds` is empty or holds [`KEPT_S`], each at its number modulo that; what is not between `last_s` less these
/// and `last_s` is overwritten before it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    seconds: Vec<Second>,
    last_s: u64,
}

impl Past {
    /// Severities in per mille, at a second.
    pub(super) fn push(&mut self, at_s: u64, per_mille: [Option<u32>; 4]) {
        if self.seconds.is_empty() {
            self.seconds = vec![[UNKNOWN; 4]; KEPT_S as usize];
            self.last_s = at_s;
        }
        // One that is older than all that is kept says nothing any more.
        if at_s + KEPT_S <= self.last_s {
            return;
        }
        let n_passed = at_s.saturating_sub(self.last_s).min(KEPT_S);
        for passed in at_s + 1 - n_passed..=at_s {
            self.seconds[(passed % KEPT_S) as usize] = [UNKNOWN; 4];
        }
        self.last_s = self.last_s.max(at_s);
        self.seconds[(at_s % KEPT_S) as usize] = per_mille.map(byte);
    }

    /// What was the mean of a window that ended before a second, where nothing else is known of it.
    pub(super) fn fill(&mut self, end_s: u64, per_mille: [Option<u32>; 4]) {
        for s in end_s.saturating_sub(WINDOW_S)..end_s {
            let is_kept = s <= self.last_s && s + KEPT_S > self.last_s;
            let second = self.seconds.get_mut((s % KEPT_S) as usize).filter(|_| is_kept);
            if let Some(second) = second.filter(|second| **second == [UNKNOWN; 4]) {
                *second = per_mille.map(byte);
            }
        }
    }

    /// Summaries of the windows that lie within these seconds and of which something is known, oldest first, each with the
    /// second in which it ends.
    pub(super) fn rollups(&self, from_s: u64, to_s: u64) -> Vec<(u64, v1::Rollup)> {
        if self.seconds.is_empty() {
            return Vec::new();
        }
        let first = (self.last_s + 1).saturating_sub(KEPT_S).max(from_s).div_ceil(WINDOW_S) * WINDOW_S;
        let last = self.last_s.min(to_s);
        let ends = (first..).step_by(WINDOW_S as usize).map(|from| from + WINDOW_S).take_while(|end| *end <= last + 1);
        ends.filter_map(|end| Some((end, self.rollup(end)?))).collect()
    }

    fn rollup(&self, end_s: u64) -> Option<v1::Rollup> {
        let seconds = || (end_s - WINDOW_S..end_s).map(|s| self.seconds[(s % KEPT_S) as usize]);
        let of = |vital: usize| summary(seconds().map(|second| second[vital]));
        let rollup = v1::Rollup {
            window_us: Some(WINDOW_S * 1_000_000),
            sched: of(0),
            mem: of(1),
            queue: of(2),
            rate: of(3),
            ..v1::Rollup::default()
        };
        [rollup.sched, rollup.mem, rollup.queue, rollup.rate].iter().any(Option::is_some).then_some(rollup)
    }
}

fn byte(per_mille: Option<u32>) -> u8 {
    per_mille.map_or(UNKNOWN, |n| (n.min(1_000) / STEP) as u8)
}

fn summary(bytes: impl Iterator<Item = u8>) -> Option<v1::Summary> {
    let (mut n, mut sum, mut min, mut max) = (0, 0, u32::MAX, 0);
    for per_mille in bytes.filter(|byte| *byte != UNKNOWN).map(|byte| u32::from(byte) * STEP) {
        (n, sum, min, max) = (n + 1, sum + per_mille, min.min(per_mille), max.max(per_mille));
    }
    (n > 0).then(|| v1::Summary { min: Some(min), mean: Some(sum / n), max: Some(max), n: Some(n) })
}

#[cfg(test)]
mod tests;
