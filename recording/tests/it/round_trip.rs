//! What is written is read.

use std::io::Cursor;

use midair_recording::{Body, ENTRY_MAX, Options, Reader, WriteError, Writer, read_all};

use crate::sample::{FILE_ID, FIRST_US, WALL_US, blocks, envelope, header, rest, said, told, write};

#[test]
fn every_kind_comes_back_as_it_went() {
    let blocks = blocks(3);
    for closes in [true, false] {
        let (bytes, _) = write(&blocks, closes);
        let (entries, damage) = read_all(&bytes).unwrap();
        assert_eq!(entries.into_iter().map(said).collect::<Vec<_>>(), told(&blocks), "closed: {closes}");
        assert_eq!(damage, []);
    }
}

#[test]
fn an_entry_has_the_wall_time_of_its_block() {
    let (bytes, _) = write(&blocks(2), true);
    let (entries, _) = read_all(&bytes).unwrap();
    for entry in entries {
        assert_eq!(entry.wall_us, WALL_US + entry.at_us - FIRST_US);
    }
}

#[test]
fn who_recorded_and_why_stands_first() {
    let (bytes, _) = write(&blocks(1), true);
    let reader = Reader::open(Cursor::new(bytes)).unwrap();
    assert_eq!(reader.header(), Some(&header()));
    assert!(reader.is_closed());
    assert_eq!(reader.nodes(), header().nodes);
}

#[test]
fn a_seek_begins_at_the_block_that_holds_the_moment_with_what_stands() {
    let blocks = blocks(4);
    for closes in [true, false] {
        let (bytes, _) = write(&blocks, closes);
        let mut reader = Reader::open(Cursor::new(bytes)).unwrap();
        for n in [2, 0, 3, 1] {
            let first = FIRST_US + n * 60_000_000;
            assert_eq!(reader.seek(first + 2_500_000).unwrap(), Some(first));
            let (entries, damage) = rest(&mut reader);
            assert_eq!(entries, told(&blocks[usize::try_from(n).unwrap()..]), "block {n}, closed: {closes}");
            assert_eq!(damage, []);
        }
        assert_eq!(reader.seek(0).unwrap(), Some(FIRST_US), "before the first");
    }
}

#[test]
fn a_seek_goes_back_to_a_block_that_can_be_read_alone() {
    let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
    for (n, is_keyed) in [(0, true), (1, false), (2, false)] {
        writer.begin_block(n * 60_000_000, WALL_US, is_keyed).unwrap();
        writer.push(n * 60_000_000, false, &envelope("a", "x")).unwrap();
    }
    let mut reader = Reader::open(Cursor::new(writer.finish().unwrap())).unwrap();
    assert_eq!(reader.seek(150_000_000).unwrap(), Some(0));
}

#[test]
fn a_writer_that_is_told_of_no_blocks_begins_them_by_itself() {
    let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
    for s in 0..300_u64 {
        writer.envelope(s * 1_000_000, "a", b"sample").unwrap();
        writer.flush_chunk().unwrap();
    }
    let mut reader = Reader::open(Cursor::new(writer.finish().unwrap())).unwrap();
    assert_eq!(reader.blocks().len(), 5);
    assert!(reader.blocks().iter().all(|block| block.last_us - block.first_us <= 65_000_000));
    assert_eq!(rest(&mut reader).0.len(), 300);
}

#[test]
fn moments_only_rise() {
    let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
    for at_us in [10, 5, 20] {
        writer.push(at_us, false, &Body::Tick).unwrap();
    }
    let (entries, _) = read_all(&writer.finish().unwrap()).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.at_us).collect::<Vec<_>>(), [10, 10, 20]);
}

#[test]
fn large_entries_are_kept_and_larger_ones_refused() {
    let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
    let mut noise = 1_u32;
    let mut large = || {
        let byte = |_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        };
        (0..1 << 20).map(byte).collect::<Vec<u8>>()
    };
    let all: Vec<Vec<u8>> = (0..20).map(|_| large()).collect();
    for bytes in &all {
        writer.envelope(1, "a", bytes).unwrap();
    }
    let refused = writer.envelope(1, "a", &vec![0; ENTRY_MAX + 1]);
    assert!(matches!(refused, Err(WriteError::TooLarge { .. })));
    writer.push(2, false, &Body::Tick).unwrap();
    let (entries, damage) = read_all(&writer.finish().unwrap()).unwrap();
    assert_eq!(damage, []);
    assert_eq!(entries.len(), 21);
    for (entry, bytes) in entries.iter().zip(&all) {
        assert!(matches!(&entry.body, Body::Envelope { bytes: read, .. } if read == bytes));
    }
}

#[test]
fn ten_thousand_links_have_a_number_each() {
    let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
    for n in 0..10_000 {
        writer.envelope(n, &format!("10.0.{}.{}:7070", n / 256, n % 256), b"sample").unwrap();
    }
    let (entries, _) = read_all(&writer.finish().unwrap()).unwrap();
    let Body::Envelope { link, .. } = &entries[9_999].body else { panic!("an envelope: {:?}", entries[9_999]) };
    assert_eq!((entries.len(), &**link), (10_000, "10.0.39.15:7070"));
}

#[test]
fn an_empty_recording_has_no_range_and_ends() {
    let writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
    let mut reader = Reader::open(Cursor::new(writer.finish().unwrap())).unwrap();
    assert_eq!(reader.range(), None);
    assert_eq!(reader.seek(5).unwrap(), None);
    assert!(reader.next().is_none());
}

#[test]
fn however_much_stands_a_block_is_one_and_all_of_it_is_told() {
    for n_mib in [12, 20] {
        let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
        writer.begin_block(FIRST_US, WALL_US, true).unwrap();
        let large = |n: u64| envelope("a", &format!("{n}").repeat(1_000_000));
        for n in 0..n_mib {
            writer.push(FIRST_US - 1, true, &large(n % 10)).unwrap();
        }
        for s in 0..60 {
            let at_us = FIRST_US + s * 1_000_000;
            assert!(!writer.needs_block(at_us), "{n_mib} MiB stand, second {s}");
            writer.push(at_us, false, &envelope("a", &format!("{s}"))).unwrap();
            writer.flush_chunk().unwrap();
        }
        assert!(writer.needs_block(FIRST_US + 60_000_000));
        let mut reader = Reader::open(Cursor::new(writer.finish().unwrap())).unwrap();
        assert_eq!(reader.blocks().len(), 1);
        reader.seek(FIRST_US + 30_000_000).unwrap();
        let (entries, damage) = rest(&mut reader);
        assert_eq!(damage, []);
        let standing: Vec<_> = entries.iter().filter(|said| said.1).collect();
        assert_eq!(standing.len() as u64, n_mib);
        assert!(standing.iter().zip(0..).all(|(said, n)| said.2 == large(n % 10)));
        assert_eq!(entries.len() as u64, n_mib + 60);
    }
}

#[test]
fn what_is_said_fills_a_block_beside_what_stands() {
    let mut writer = Writer::new(Vec::new(), &header(), FILE_ID, Options::default()).unwrap();
    writer.begin_block(FIRST_US, WALL_US, true).unwrap();
    let large = envelope("a", &"x".repeat(1 << 20));
    writer.push(FIRST_US, true, &large).unwrap();
    for n in 0..8 {
        assert!(!writer.needs_block(FIRST_US), "{n} MiB");
        writer.push(FIRST_US, false, &large).unwrap();
    }
    assert!(writer.needs_block(FIRST_US));
    // Who has no key to begin with goes on for as much again.
    (8..17).for_each(|_| writer.push(FIRST_US, false, &large).unwrap());
    let reader = Reader::open(Cursor::new(writer.finish().unwrap())).unwrap();
    assert_eq!(reader.blocks().iter().map(|block| block.is_keyed).collect::<Vec<_>>(), [true, false]);
}
