//! A minute of damage by chance: what a fuzzer does, on a stable compiler, in every run of the tests.
//!
//! Other than the tests beside it this one is bounded in time, for more is better; what it asserts is of each file.

use std::{
    collections::HashSet,
    io::Cursor,
    time::{Duration, Instant},
};

use midair_recording::{Damage, Piece, Reader};
use proptest::{
    prelude::{Rng, any},
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};

use crate::sample::{FIRST_US, Said, blocks, said, write};

/// How long it looks.
const FOR: Duration = Duration::from_secs(60);

/// So many files at least, however slow the machine.
const FILES_MIN: u32 = 500;

/// Changes bytes, as disks, copies and people do.
fn damage(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    for _ in 0..=rng.next_u32() % 6 {
        if bytes.is_empty() {
            return;
        }
        let at = rng.next_u64() as usize % bytes.len();
        let end = (at + 1 + rng.next_u64() as usize % 400).min(bytes.len());
        match rng.next_u32() % 8 {
            0 | 1 => bytes[at] ^= 1 << (rng.next_u32() % 8),
            2 => bytes[at] = rng.next_u32() as u8,
            3 => drop(bytes.drain(at..end)),
            4 => bytes[at..end].fill(0),
            5 => {
                let part = bytes[at..end].to_vec();
                let to = rng.next_u64() as usize % bytes.len();
                drop(bytes.splice(to..to, part));
            }
            6 => rng.fill_bytes(&mut bytes[at..end]),
            _ => bytes.truncate(at),
        }
    }
}

/// All that a reader tells from where it stands.
fn all(reader: &mut Reader<Cursor<Vec<u8>>>) -> (Vec<Said>, Vec<Damage>) {
    let (mut told, mut damage) = (Vec::new(), Vec::new());
    for piece in reader {
        match piece.expect("memory can be read") {
            Piece::Entry(entry) => told.push(said(entry)),
            Piece::Damage(found) => damage.push(found),
        }
    }
    (told, damage)
}

#[test]
fn a_minute_of_damaged_files_tells_nothing_that_nobody_said() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let blocks = blocks(3);
    let files = [write(&blocks, true).0, write(&blocks, false).0];
    let said_once: HashSet<String> = blocks.iter().flatten().flatten().map(|said| format!("{said:?}")).collect();
    #[expect(clippy::disallowed_methods, reason = "how long it looks is how long a person waits")]
    let started = Instant::now();
    let (mut n_files, mut n_opened, mut n_damaged) = (0, 0, 0);
    while n_files < FILES_MIN || started.elapsed() < FOR {
        n_files += 1;
        let seed: u64 = any::<u64>().new_tree(&mut runner).expect("a number").current();
        let mut bytes = files[seed as usize % files.len()].clone();
        damage(&mut bytes, runner.rng());
        let Ok(mut reader) = Reader::open(Cursor::new(bytes)) else { continue };
        n_opened += 1;
        let (told, found) = all(&mut reader);
        n_damaged += u32::from(!found.is_empty());
        for said in &told {
            assert!(said_once.contains(&format!("{said:?}")), "nobody said {said:?}");
        }
        drop(reader.marks().expect("memory can be read"));
        // From anywhere on it tells the same, or less.
        let at_us = FIRST_US + seed % 200_000_000;
        reader.seek(at_us).expect("memory can be read");
        let (from_there, _) = all(&mut reader);
        assert!(from_there.iter().all(|said| said_once.contains(&format!("{said:?}"))), "after a seek to {at_us}");
    }
    println!("{n_files} files, {n_opened} opened, {n_damaged} with damage inside");
    assert!(n_opened > n_files / 2 && n_damaged > n_files / 10, "{n_opened} and {n_damaged} of {n_files}");
}
