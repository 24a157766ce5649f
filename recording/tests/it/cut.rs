//! A file that ends anywhere: a crash, a full disk, a power cut.

use midair_recording::{OpenError, Why, read_all};

use crate::sample::{blocks, said, told, write};

#[test]
fn cut_at_every_byte_all_before_the_last_whole_chunk_is_read() {
    let blocks = blocks(2);
    let (bytes, ends) = write(&blocks, true);
    let all = told(&blocks);
    // How many entries are told by the time that each chunk is whole.
    let mut n_told = 0;
    let mut after = Vec::new();
    for (n, chunks) in blocks.iter().enumerate() {
        for chunk in chunks {
            n_told += chunk.iter().filter(|said| n == 0 || !said.1).count();
            after.push(n_told);
        }
    }
    let header = bytes.windows(8).position(|w| w == b"\xF1midblk\n").unwrap();
    for length in 0..=bytes.len() {
        let n_whole = ends.iter().filter(|end| **end <= length).count();
        let expected = n_whole.checked_sub(1).map_or(0, |n| after[n]);
        match read_all(&bytes[..length]) {
            Ok((entries, damage)) => {
                let entries: Vec<_> = entries.into_iter().map(said).collect();
                assert_eq!(entries, all[..expected], "cut at {length}");
                assert!(damage.iter().all(|found| found.why == Why::Torn), "cut at {length}: {damage:?}");
                assert!(damage.len() <= 1, "cut at {length}: {damage:?}");
            }
            Err(error) => {
                assert!(matches!(error, OpenError::NotARecording), "cut at {length}: {error}");
                assert!(length < header, "cut at {length}: {error}");
            }
        }
    }
}

#[test]
fn what_is_missing_at_the_front_costs_the_blocks_that_it_touches() {
    let blocks = blocks(3);
    let (bytes, ends) = write(&blocks, true);
    for n in [1, 10, ends[0], ends[2]] {
        let (entries, damage) = read_all(&bytes[n..]).unwrap();
        let from = if n < 28 { 0 } else { 1 };
        assert_eq!(entries.into_iter().map(said).collect::<Vec<_>>(), told(&blocks[from..]), "without {n} bytes");
        assert_eq!(damage[0].why, Why::Header, "without {n} bytes: {damage:?}");
    }
}
