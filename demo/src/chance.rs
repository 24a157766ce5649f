//! Chance out of a seed: the same question has the same answer for ever.

/// A number that belongs to a seed and a place (splitmix64, a round for each part).
pub fn mix(seed: u64, parts: [u64; 2]) -> u64 {
    parts.into_iter().fold(round(seed), |state, part| round(state ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn round(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// At least 0, below 1.
pub fn share(seed: u64, parts: [u64; 2]) -> f64 {
    (mix(seed, parts) >> 11) as f64 / (1_u64 << 53) as f64
}

/// One of so many: 0 to `n` - 1, and 0 of none.
pub fn one_of(seed: u64, parts: [u64; 2], n: usize) -> usize {
    (mix(seed, parts) % n.max(1) as u64) as usize
}

/// Wanders between -1 and 1, smoothly, from one value to the next within a period in seconds.
pub fn drift(seed: u64, at_s: f64, period_s: f64) -> f64 {
    let place = (at_s / period_s).max(0.0);
    let (step, part) = (place as u64, place.fract());
    let value = |step: u64| share(seed, [step, 0]) * 2.0 - 1.0;
    let smooth = part * part * (3.0 - 2.0 * part);
    value(step) + (value(step + 1) - value(step)) * smooth
}

/// From 0 to 1 while `at` goes from 0 to `over`.
pub fn ramp(at: f64, over: f64) -> f64 {
    (at / over).clamp(0.0, 1.0)
}
