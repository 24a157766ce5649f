//! Damage inside: never a wrong value, and at most the rest of a block is lost.

use midair_recording::{Body, Entry, Why, read_all};

use crate::sample::{FIRST_US, Said, blocks, said, told, write};

/// To which block an entry belongs.
fn block_of(said: &Said) -> u64 {
    (said.0 + 1_000 - FIRST_US) / 60_000_000
}

/// Checks what is left: nothing that was not said, and all but what stands from the damage to the end of its block.
fn check(entries: Vec<Entry>, blocks: &[Vec<Vec<Said>>], what: &str) -> usize {
    let entries: Vec<Said> = entries.into_iter().map(said).collect();
    let all: Vec<Said> = told(blocks);
    let standing: Vec<Said> = blocks.iter().flatten().flatten().filter(|said| said.1).cloned().collect();
    for entry in &entries {
        assert!(all.contains(entry) || standing.contains(entry), "{what}: nobody said {entry:?}");
    }
    let lost: Vec<&Said> = all.iter().filter(|said| !said.1 && !entries.contains(said)).collect();
    let touched: Vec<u64> = lost.iter().map(|said| block_of(said)).collect();
    assert!(touched.windows(2).all(|pair| pair[0] == pair[1]), "{what}: more than one block is lost: {lost:?}");
    if let Some(first) = lost.first() {
        let rest = all.iter().filter(|said| !said.1 && block_of(said) == touched[0] && said.0 >= first.0);
        assert_eq!(lost.len(), rest.count(), "{what}: all after the damage, and nothing before it");
        let next = blocks.get(usize::try_from(touched[0]).unwrap() + 1).and_then(|block| block[0].first());
        assert!(next.is_none_or(|standing| entries.contains(standing)), "{what}: what stands is told anew");
    }
    let mut sorted = entries.clone();
    sorted.sort_by_key(|said| said.0);
    let in_order = |said: &&Said| !said.1;
    assert!(entries.iter().filter(in_order).eq(sorted.iter().filter(in_order)), "{what}: in order");
    lost.len()
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_costs_the_rest_of_its_block() {
    let blocks = blocks(3);
    let (bytes, ends) = write(&blocks, true);
    let n_all = told(&blocks).len();
    let mut n_costly = 0;
    // Each bit of the block in the middle, and one of each byte elsewhere.
    let middle = ends[4]..ends[9];
    for bit in (0..bytes.len() * 8).filter(|bit| middle.contains(&(bit / 8)) || bit % 8 == bit / 8 % 8) {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (entries, damage) = read_all(&damaged).unwrap_or_else(|error| panic!("bit {bit}: {error}"));
        let n_lost = check(entries, &blocks, &format!("bit {bit}"));
        assert!(n_lost < n_all / 2);
        assert!(n_lost == 0 || !damage.is_empty(), "bit {bit}: {n_lost} are lost, and nothing is said of it");
        n_costly += usize::from(n_lost > 0);
        let said: u64 = damage.iter().filter_map(|found| found.n_lost).sum();
        assert!(
            n_lost == 0 || said == n_lost as u64 || damage.iter().any(|d| d.n_lost.is_none()),
            "bit {bit}: {damage:?}"
        );
    }
    assert!(n_costly > middle.len() * 8, "most bits matter");
}

#[test]
fn a_stretch_of_zeros_costs_the_blocks_that_it_touches() {
    let blocks = blocks(3);
    let (bytes, ends) = write(&blocks, true);
    // From the first chunk of the second block on, sixteen bytes at a time.
    for from in (ends[4]..ends[9] - 16).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[from..from + 16].fill(0);
        let (entries, damage) = read_all(&damaged).unwrap();
        check(entries, &blocks, &format!("zeros at {from}"));
        assert_eq!(damage.len(), 1, "zeros at {from}: {damage:?}");
    }
}

#[test]
fn a_lost_block_is_missed_and_counted() {
    let blocks = blocks(3);
    let (bytes, ends) = write(&blocks, false);
    let without: Vec<u8> = [&bytes[..ends[4]], &bytes[ends[9]..]].concat();
    let (_, damage) = read_all(&without).unwrap();
    let n_lost = blocks[1].iter().flatten().filter(|said| !said.1).count() as u64;
    assert_eq!((damage[0].why, damage[0].n_lost), (Why::Missing, Some(n_lost)), "{damage:?}");
    assert_eq!(damage[0].to_string(), format!("blocks are missing at byte {}, {n_lost} entries are lost", ends[4]));
}

#[test]
fn a_chunk_of_another_place_is_not_taken_for_the_next() {
    let blocks = blocks(2);
    let (bytes, ends) = write(&blocks, false);
    // The last chunk of the first block is left out: the one before fits the next, but for the chain.
    let mut moved = bytes[..ends[2]].to_vec();
    moved.extend(&bytes[ends[3]..]);
    let (entries, damage) = read_all(&moved).unwrap();
    check(entries, &blocks, "a chunk is gone");
    assert_eq!((damage[0].why, damage[0].n_lost), (Why::Head, Some(2)));
}

#[test]
fn a_block_of_another_file_is_passed_over() {
    let blocks = blocks(2);
    let (bytes, ends) = write(&blocks, false);
    let mut other = midair_recording::Writer::new(
        Vec::new(),
        &crate::sample::header(),
        crate::sample::FILE_ID + 1,
        midair_recording::Options::default(),
    )
    .unwrap();
    other.push(FIRST_US + 1, false, &Body::Tick).unwrap();
    other.flush_chunk().unwrap();
    let start = other.get_ref().windows(8).position(|w| w == b"\xF1midblk\n").unwrap();
    let mixed = [&bytes[..ends[4]], &other.get_ref()[start..], &bytes[ends[4]..]].concat();
    let (entries, damage) = read_all(&mixed).unwrap();
    let entries: Vec<Said> = entries.into_iter().map(said).filter(|said| !said.1).collect();
    assert_eq!(entries, told(&blocks).into_iter().filter(|said| !said.1).collect::<Vec<_>>());
    assert_eq!((damage[0].why, damage[0].n_lost), (Why::Foreign, Some(0)));
}

#[test]
fn a_block_that_stands_there_again_is_told_once() {
    let blocks = blocks(3);
    let (bytes, ends) = write(&blocks, false);
    // The second after the third, as a copy of a part of the file would have it.
    let again = [bytes.as_slice(), &bytes[ends[4]..ends[9]]].concat();
    let (entries, damage) = read_all(&again).unwrap();
    assert_eq!(entries.into_iter().map(said).collect::<Vec<_>>(), told(&blocks));
    let [found] = damage.as_slice() else { panic!("{damage:?}") };
    assert_eq!((found.why, found.from), (Why::Backwards, bytes.len() as u64));
    assert!(found.to_string().starts_with("a block stands after later ones at byte"), "{found}");
}
