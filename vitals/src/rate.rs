//! Counters to rates: the only place where one counter is subtracted from another.

/// Change of a cumulative counter from one reading to the next.
///
/// `None` when either is unknown or the counter went back (a reset, or another task under the same number): a rate that
/// was not measured is not invented.
pub fn advance(before: Option<u64>, now: Option<u64>) -> Option<u64> {
    now?.checked_sub(before?)
}

/// Change of a counter per second, given the time between the two readings in microseconds.
///
/// `None` also when no time has passed or the clock went back. A lost sample in between only widens the interval.
pub fn per_second(before: Option<u64>, now: Option<u64>, before_us: u64, now_us: u64) -> Option<f64> {
    let elapsed_us = now_us.checked_sub(before_us).filter(|us| *us > 0)?;
    advance(before, now).map(|n| n as f64 * 1e6 / elapsed_us as f64)
}

/// Share of one second, 0 to 1 and beyond for several CPUs, of a counter that itself counts microseconds.
pub fn share(before: Option<u64>, now: Option<u64>, before_us: u64, now_us: u64) -> Option<f64> {
    per_second(before, now, before_us, now_us).map(|us_per_second| us_per_second / 1e6)
}

/// Sum of what is known; `None` when nothing is.
pub fn sum(parts: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    parts.into_iter().flatten().fold(None, |total, part| Some(total.unwrap_or(0.0) + part))
}

#[cfg(test)]
mod tests;
