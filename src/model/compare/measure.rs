//! In what a value is counted, from where on its change means something, and how far two of them are apart: one scale for
//! all, so that what changed most can come first.

use midair_vitals::{Severity, Unit};

use super::spread::Spread;

/// In what a value is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// A severity, as a share of one.
    Severity,
    /// CPUs: 1.0 is one core.
    Cores,
    /// A share of one.
    Share,
    /// Seconds waited per second.
    Delay,
    /// Seconds that one request takes.
    Latency,
    /// Bytes held.
    Bytes,
    /// Bytes per second.
    ByteRate,
    /// Something else per second.
    Rate(Option<Unit>),
    /// What waits in queues.
    Depth(Unit),
    /// What was dropped over the last seconds.
    Drops,
    /// A number of things.
    Count,
}

impl Measure {
    /// A change smaller than this is noise, and what is smaller than this is next to nothing.
    pub fn floor(self) -> f64 {
        match self {
            Self::Cores => 0.05,
            Self::Severity | Self::Share => 0.03,
            Self::Delay => 0.005,
            Self::Latency => 0.002,
            Self::Bytes => 16.0 * 1024.0 * 1024.0,
            Self::ByteRate => 16.0 * 1024.0,
            Self::Rate(Some(Unit::Reductions)) => 10_000.0,
            Self::Rate(_) => 20.0,
            Self::Depth(Unit::Bytes) => 16.0 * 1024.0,
            Self::Depth(_) => 8.0,
            Self::Drops => 1.0,
            Self::Count => 4.0,
        }
    }
}

/// From here on a change is one: half as much again, five per cent of severity, or of groups one of their spreads.
pub const CHANGED: f64 = 0.5;

/// The most that a change counts: a thousand times as much is enough.
pub const MOST: f64 = 10.0;

/// Per mille of severity that weigh as much as a doubling.
const DOUBLING_PER_MILLE: f64 = 100.0;

/// Distance of two medians, in spreads, that weighs as much as a doubling.
const DOUBLING_SPREADS: f64 = 2.0;

/// How much of the larger median a group is taken to be spread at least: nodes that agree to the byte are no scale.
const LEAST_SPREAD: f64 = 0.05;

/// A median absolute deviation as a standard deviation, of what is spread normally.
const MAD_TO_SIGMA: f64 = 1.4826;

/// How far two values are apart, in doublings: by their severities where both have one, else by their ratio.
pub fn of_pair(measure: Measure, a: f64, b: f64, severities: Option<(Severity, Severity)>) -> f64 {
    if let Some((a, b)) = severities {
        return (f64::from(b.per_mille()) - f64::from(a.per_mille())).abs() / DOUBLING_PER_MILLE;
    }
    let floor = measure.floor();
    // Counters that went backwards are no business of the rank: nothing below zero is compared.
    let (a, b) = (a.max(0.0), b.max(0.0));
    if (b - a).abs() < floor {
        return 0.0;
    }
    ((b + floor) / (a + floor)).log2().abs().min(MOST)
}

/// How far two groups are apart: the distance of their medians in units of the wider of their spreads.
pub fn of_groups(measure: Measure, a: &Spread, b: &Spread) -> f64 {
    let distance = (b.median - a.median).abs();
    if distance < measure.floor() {
        return 0.0;
    }
    let n_spreads = distance / spread_of(measure, a, b);
    (n_spreads / DOUBLING_SPREADS).min(MOST)
}

/// The wider of two spreads, as a standard deviation.
pub fn spread_of(measure: Measure, a: &Spread, b: &Spread) -> f64 {
    let least = LEAST_SPREAD * a.median.abs().max(b.median.abs());
    (a.mad.max(b.mad) * MAD_TO_SIGMA).max(least).max(measure.floor() / 2.0)
}

impl Measure {
    /// The unit of the bare number.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Cores => " cores",
            Self::Severity | Self::Share => " of 1",
            Self::Delay => " s/s",
            Self::Latency => " s",
            Self::Bytes | Self::Depth(Unit::Bytes) => " B",
            Self::ByteRate => " B/s",
            Self::Rate(_) => "/s",
            Self::Depth(_) => " waiting",
            Self::Drops => " dropped",
            Self::Count => "",
        }
    }
}
