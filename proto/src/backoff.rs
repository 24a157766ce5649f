//! When to dial again, for dashboards, hubs and agents that call in: pure, with chance as an argument.

use std::time::Duration;

/// The first wait at most.
pub const FIRST: Duration = Duration::from_millis(250);
/// No wait is longer.
pub const LONGEST: Duration = Duration::from_secs(4);
/// The wait after a refusal that only a person can mend: version or role.
pub const PATIENT: Duration = Duration::from_secs(60);

/// The wait after so many failures in a row: full jitter, so a share from 0 to 1 of a bound that doubles. Thousands of
/// dashboards that lost one agent at the same moment must not come back at the same moment.
pub fn wait(n_failures: u32, jitter: f64) -> Duration {
    let doublings = n_failures.saturating_sub(1).min(8);
    (FIRST * 2_u32.pow(doublings)).min(LONGEST).mul_f64(jitter.clamp(0.0, 1.0))
}

/// A stream of numbers from 0 to 1 out of a seed (splitmix64; good enough to spread dials).
#[derive(Clone, Copy, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// The next number: at least 0, below 1.
    pub fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests;
