//! Maps by numbers that the kernel gives: tids, pids. Nobody chooses them to collide, so their hash may be a cheap one.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A map by tid or pid.
pub(super) type NumberMap<T> = HashMap<u32, T, BuildHasherDefault<NumberHasher>>;

/// One multiplication per number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumberHasher(u64);

/// 2^64 divided by the golden ratio: neighbouring numbers end up far apart.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(SPREAD);
    }
}

/// Gives memory back after a burst of short-lived tasks.
pub(super) fn release<T>(known: &mut NumberMap<T>) {
    if known.capacity() > 1024 && known.capacity() / 4 > known.len() {
        known.shrink_to(known.len() * 2);
    }
}
