//! One number per vital: how bad it is, 0 to 100 %.

use crate::queue::{Queue, Unit};
use crate::window::{RATE_FLOOR, SCHED_FLOOR};

/// How bad something is, from 0 (well) to 1000 (as bad as it gets), in per mille.
///
/// INVARIANT: never above 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Severity(u16);

impl Severity {
    /// From a share of 0 to 1; what lies outside is clamped, what is no number is `None`.
    pub fn from_share(share: f64) -> Option<Self> {
        (!share.is_nan()).then(|| Self((share.clamp(0.0, 1.0) * 1000.0).round() as u16))
    }

    /// From per mille; clamped.
    pub fn from_per_mille(per_mille: u32) -> Self {
        Self(per_mille.min(1000) as u16)
    }

    /// In per mille.
    pub fn per_mille(self) -> u32 {
        u32::from(self.0)
    }

    /// In whole per cent, rounded.
    pub fn percent(self) -> u32 {
        (u32::from(self.0) + 5) / 10
    }
}

/// The severities of a node or a task; unknown is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Severities {
    /// Share of wanted CPU that was not given.
    pub sched: Option<Severity>,
    /// How near the nearest memory limit is.
    pub mem: Option<Severity>,
    /// The worst queue.
    pub queue: Option<Severity>,
    /// Fall of the rate against its own past.
    pub rate: Option<Severity>,
}

impl Severities {
    /// In the order sched, mem, queue, rate.
    pub fn all(self) -> [Option<Severity>; 4] {
        [self.sched, self.mem, self.queue, self.rate]
    }

    /// The worst of those that are known.
    pub fn worst(self) -> Option<Severity> {
        self.all().into_iter().flatten().max()
    }
}

/// Share of wanted CPU that was not given: (delay + steal + throttled) / (cpu + delay + steal + throttled), all over
/// the same interval and in the same unit. Steal and throttled count nothing where they are unknown; `throttled` is
/// only what is not in the run delay already.
///
/// Less than [`SCHED_FLOOR`] wanted counts as the floor: what ran for 1 ms and waited for 1 ms is not starved.
pub fn sched(cpu: Option<f64>, delay: Option<f64>, steal: Option<f64>, throttled: Option<f64>) -> Option<Severity> {
    let missed = delay? + steal.unwrap_or(0.0) + throttled.unwrap_or(0.0);
    let wanted = cpu? + missed;
    Severity::from_share(missed / wanted.max(SCHED_FLOOR))
}

/// How near a limit is: used / limit. A limit of zero is no limit.
pub fn mem(used: Option<u64>, limit: Option<u64>) -> Option<Severity> {
    let limit = limit.filter(|l| *l > 0)?;
    Severity::from_share(used? as f64 / limit as f64)
}

/// How bad a queue is: the worst of fill (depth / limit), drain (log10(1 + seconds to drain) / 3, where the rate out is
/// known and not zero) and, where there is no limit, level (log10(depth) / 6, bytes counted in KiB).
///
/// A rate out of zero says nothing by itself: a consumer that sleeps beside 48 KB is not worse than a mailbox of a million.
/// The count of an eventfd says nothing either: those that only wake a poller (mio, libuv) are never read and count up for
/// ever, and nothing waits in them.
pub fn queue(queue: &Queue, rate_out: Option<f64>) -> Option<Severity> {
    let depth = queue.depth.filter(|_| queue.unit != Unit::Events)?;
    if depth == 0 {
        return Some(Severity(0));
    }
    let limit = queue.limit.filter(|l| *l > 0);
    let fill = limit.map(|limit| depth as f64 / limit as f64);
    let drain = rate_out.filter(|r| *r > 0.0).map(|rate| (1.0 + depth as f64 / rate).log10() / 3.0);
    let level = limit.is_none().then(|| {
        let n = if queue.unit == Unit::Bytes { depth as f64 / 1024.0 } else { depth as f64 };
        n.log10() / 6.0
    });
    let worst = [fill, drain, level].into_iter().flatten().fold(0.0, f64::max);
    Severity::from_share(worst)
}

/// Fall of a rate against what was usual over the last ten minutes (the lesser of mean and median); `None` where that is too
/// small to mean anything.
pub fn rate(now: Option<f64>, mean: Option<f64>) -> Option<Severity> {
    let mean = mean.filter(|m| *m > RATE_FLOOR)?;
    Severity::from_share(1.0 - now? / mean)
}

#[cfg(test)]
mod tests;
