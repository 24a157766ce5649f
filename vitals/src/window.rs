//! The windows over which values are derived, all in one place.

/// Growth is the difference over this many microseconds.
pub const GROWTH_US: u64 = 10_000_000;

/// A row stays in a base stream this many ticks after it last ranked.
pub const HOLD_TICKS: u32 = 10;

/// The rate severity compares with the mean, or the median where that is less, over this many microseconds.
pub const RATE_MEAN_US: u64 = 600_000_000;

/// Below this mean (per second) a rate has no severity: its fall means nothing.
pub const RATE_FLOOR: f64 = 10.0;

/// The two lengths of rollups, in microseconds.
pub const ROLLUPS_US: [u64; 2] = [10_000_000, 300_000_000];

/// CPUs: whoever wants less than this is not starved, however little of it is given.
pub const SCHED_FLOOR: f64 = 0.1;
