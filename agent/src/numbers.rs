//! Maps by numbers that the kernel gives: tids, pids, starts. Nobody can choose them so that they collide, so that a cheap
//! hash will do: at each tick tens of thousands are looked up.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
};

use midair_vitals::TaskId;

/// A map by tid or pid.
pub type NumberMap<T> = HashMap<u32, T, BuildHasherDefault<NumberHasher>>;

/// A set of numbers.
pub type NumberSet = HashSet<u32, BuildHasherDefault<NumberHasher>>;

/// A map by task.
pub type TaskMap<T> = HashMap<TaskId, T, BuildHasherDefault<NumberHasher>>;

/// A set of tasks.
pub type TaskSet = HashSet<TaskId, BuildHasherDefault<NumberHasher>>;

/// One multiplication per number.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberHasher(u64);

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
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(SPREAD);
    }
}

/// Gives memory back after a burst of short-lived tasks.
pub fn release<T>(known: &mut NumberMap<T>) {
    if known.capacity() > 1024 && known.capacity() / 4 > known.len() {
        known.shrink_to(known.len() * 2);
    }
}
