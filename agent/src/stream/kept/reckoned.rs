//! Where a reader takes counters to be that it was not told of: as far as their last rates have led.

/// Counters as they were told last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reckoned<const N: usize> {
    at_us: u64,
    counters: [Option<u64>; N],
    /// By which the reader takes the counters to go on, a microsecond.
    rates: [f64; N],
}

/// A row is told again after so long, however right its reader is.
const TELL_US: u64 = 10_000_000;

impl<const N: usize> Reckoned<N> {
    /// Counters that are told for the first time: nothing is known of their rates.
    pub(super) fn begin(at_us: u64, counters: [Option<u64>; N]) -> Self {
        Self { at_us, counters, rates: [0.0; N] }
    }

    /// They are told again.
    pub(super) fn tell(&mut self, at_us: u64, counters: [Option<u64>; N]) {
        let over_us = at_us.saturating_sub(self.at_us).max(1) as f64;
        for (n, rate) in self.rates.iter_mut().enumerate() {
            let gained = counters[n].zip(self.counters[n]).map_or(0, |(now, then)| now.saturating_sub(then));
            *rate = gained as f64 / over_us;
        }
        (self.at_us, self.counters) = (at_us, counters);
    }

    /// Whether the reader is off by so much, and this part of what it takes to have gone by, or has not heard for long.
    pub(super) fn is_off(&self, at_us: u64, counters: [Option<u64>; N], by: [f64; N], part: f64) -> bool {
        let over_us = at_us.saturating_sub(self.at_us);
        let is_off = (0..N).any(|n| match (self.counters[n], counters[n]) {
            (Some(then), Some(now)) => {
                let gone_on = self.rates[n] * over_us as f64;
                (now as f64 - then as f64 - gone_on).abs() >= by[n] + gone_on * part
            }
            (then, now) => then.is_some() != now.is_some(),
        });
        is_off || over_us >= TELL_US
    }
}
