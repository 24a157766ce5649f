//! A file that is read while it is written.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
};

use midair_proto::v1::{RecordedRollup, Rollup};
use midair_recording::{Body, Options, Reader, Writer};

use crate::sample::{FILE_ID, FIRST_US, WALL_US, blocks, envelope, header, mark, node, rest, told, write};

#[test]
fn what_is_flushed_is_read_and_more_when_there_is_more() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = Writer::new(file.reopen().unwrap(), &header(), FILE_ID, Options::default()).unwrap();
    let mut reader = Reader::open(File::open(file.path()).unwrap()).unwrap();
    assert!(reader.next().is_none());
    for n in 0..3 {
        let first = FIRST_US + n * 60_000_000;
        writer.begin_block(first, WALL_US, true).unwrap();
        for s in 0..5 {
            let said = envelope("a", &format!("{n} {s}"));
            writer.push(first + s, false, &said).unwrap();
            assert!(reader.next().is_none(), "not flushed yet");
            writer.flush_chunk().unwrap();
            assert_eq!(rest(&mut reader), (vec![(first + s, false, said)], vec![]));
        }
        reader.refresh().unwrap();
        assert_eq!(reader.blocks().len() as u64, n + 1);
    }
    assert!(!reader.is_closed());
    let said = mark(FIRST_US + 120_000_010, "the end");
    let Body::Mark(noted) = said.clone() else { panic!() };
    writer.push(FIRST_US + 120_000_010, false, &said).unwrap();
    writer.note_node(node("c"));
    let rollup = RecordedRollup { at_us: Some(FIRST_US), node: None, rollup: Some(Rollup::default()) };
    writer.note_rollup(rollup.clone());
    writer.finish().unwrap();
    assert_eq!(rest(&mut reader).0.len(), 1);
    assert!(!reader.is_closed(), "not looked at yet");
    reader.refresh().unwrap();
    assert!(reader.is_closed());
    let mut opened = Reader::open(File::open(file.path()).unwrap()).unwrap();
    assert!(opened.is_closed());
    assert_eq!(reader.blocks(), opened.blocks());
    assert_eq!((reader.nodes(), reader.rollups()), (opened.nodes(), &[rollup][..]));
    assert_eq!((reader.marks().unwrap(), opened.marks().unwrap()), (vec![noted.clone()], vec![noted]));
}

#[test]
fn bytes_that_come_one_by_one_tell_each_chunk_once() {
    let blocks = blocks(2);
    let (bytes, _) = write(&blocks, true);
    let mut file = tempfile::tempfile().unwrap();
    let header = bytes.windows(8).position(|w| w == b"\xF1midblk\n").unwrap();
    file.write_all(&bytes[..header]).unwrap();
    let mut reader = Reader::open(Shared(file.try_clone().unwrap())).unwrap();
    let mut entries = Vec::new();
    for n in header..bytes.len() {
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(&bytes[n..=n]).unwrap();
        let (told, damage) = rest(&mut reader);
        assert_eq!(damage, [], "byte {n}");
        entries.extend(told);
        reader.refresh().unwrap();
    }
    assert_eq!(entries, told(&blocks));
    assert_eq!(reader.blocks().len(), 2);
    assert_eq!(reader.torn(), None);
    assert!(reader.is_closed());
}

/// A file whose place is shared with its writer, who always goes to the end first.
struct Shared(File);

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_torn_tail_is_told_as_such_and_a_later_block_is_found() {
    let blocks = blocks(2);
    let (bytes, ends) = write(&blocks, false);
    // The first block lacks the end of its last chunk, and then another goes on: a copy that lost a part.
    let cut = ends[4] - 3;
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes[..cut]).unwrap();
    let mut reader = Reader::open(Shared(file.try_clone().unwrap())).unwrap();
    let (entries, damage) = rest(&mut reader);
    assert_eq!((entries.len(), damage), (told(&blocks[..1]).len() - 1, vec![]));
    let torn = reader.torn().unwrap();
    assert_eq!(torn.from, ends[3] as u64);
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&bytes[ends[4]..]).unwrap();
    let (entries, damage) = rest(&mut reader);
    assert_eq!(entries, told(&blocks[1..]));
    assert_eq!(damage[0].n_lost, Some(1), "{damage:?}");
}
