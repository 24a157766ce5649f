//! The index: of use where it is right, and without harm where it is not.

use std::io::Cursor;

use midair_recording::{Reader, Why};

use crate::sample::{FIRST_US, blocks, mark, node, rest, told, write};

/// The blocks as a look at every head finds them.
fn summary(bytes: &[u8]) -> Vec<(u64, u64, u64)> {
    let reader = Reader::open(Cursor::new(bytes)).unwrap();
    reader.blocks().iter().map(|block| (block.offset, block.first_us, block.n_entries)).collect()
}

#[test]
fn without_an_index_the_same_blocks_and_marks_are_found() {
    let blocks = blocks(3);
    let (closed, _) = write(&blocks, true);
    let (open, _) = write(&blocks, false);
    assert_eq!(summary(&closed), summary(&open));
    let marks = |bytes: &[u8]| Reader::open(Cursor::new(bytes)).unwrap().marks().unwrap();
    assert_eq!(marks(&closed), marks(&open));
    assert_eq!(marks(&open).len(), 3, "those that are repeated are not counted again");
    let last = Reader::open(Cursor::new(&open)).unwrap().range().unwrap().1;
    assert_eq!(last / 1_000, (FIRST_US + 123_000_000) / 1_000);
}

#[test]
fn a_damaged_index_is_made_anew() {
    let blocks = blocks(3);
    let (bytes, ends) = write(&blocks, true);
    let expected = summary(&bytes);
    for at in *ends.last().unwrap()..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xFF;
        assert_eq!(summary(&damaged), expected, "byte {at}");
        let mut reader = Reader::open(Cursor::new(damaged)).unwrap();
        assert_eq!(reader.marks().unwrap().len(), 3);
        assert_eq!(rest(&mut reader).0, told(&blocks), "byte {at}");
    }
}

#[test]
fn an_index_of_another_file_is_found_wrong_and_made_anew() {
    let few = blocks(3);
    let (bytes, ends) = write(&few, true);
    // The same file with something before its blocks: offsets are wrong, checksums right.
    let header = bytes.windows(8).position(|w| w == b"\xF1midblk\n").unwrap();
    let moved = [&bytes[..header], &[0; 100], &bytes[header..]].concat();
    let mut reader = Reader::open(Cursor::new(moved)).unwrap();
    reader.seek(FIRST_US + 61_000_000).unwrap();
    assert!(reader.damage().iter().any(|found| found.why == Why::Index), "{:?}", reader.damage());
    assert_eq!(rest(&mut reader).0, told(&few[1..]));
    // An index that stays when blocks were appended behind it is no index any more.
    let appended = [&bytes[..], &bytes[ends[4]..]].concat();
    let reader = Reader::open(Cursor::new(appended)).unwrap();
    assert_eq!(reader.blocks().len(), 3);
}

#[test]
fn it_lists_marks_that_only_their_writer_has_read_and_nodes() {
    use midair_recording::{Body, Options, Writer};
    let mut writer =
        Writer::new(Vec::new(), &crate::sample::header(), crate::sample::FILE_ID, Options::default()).unwrap();
    writer.push(1, false, &crate::sample::envelope("a", "holds a mark")).unwrap();
    let Body::Mark(noted) = mark(1, "noted") else { panic!("a mark") };
    writer.note_mark(noted.clone());
    writer.note_node(node("a"));
    writer.note_node(node("c"));
    let mut reader = Reader::open(Cursor::new(writer.finish().unwrap())).unwrap();
    assert_eq!(reader.marks().unwrap(), [noted]);
    assert_eq!(reader.nodes().len(), 3, "a and b were in the header");
}

#[test]
fn a_mark_in_an_envelope_is_found_without_an_index() {
    use midair_proto::v1::{Envelope, Mark, Payload, payload};
    use midair_recording::{Options, Writer};
    use prost::Message;
    let mut writer =
        Writer::new(Vec::new(), &crate::sample::header(), crate::sample::FILE_ID, Options::default()).unwrap();
    let mark = Mark { text: Some("disk replaced".into()), ..Mark::default() };
    let payload = Payload { kind: Some(payload::Kind::Mark(mark.clone())) };
    let envelope =
        Envelope { node: Some("a".into()), payload: Some(payload.encode_to_vec().into()), ..Envelope::default() };
    writer.envelope(7, "a:7070", &envelope.encode_to_vec()).unwrap();
    writer.note_mark(midair_proto::v1::RecordedMark::default());
    writer.flush_chunk().unwrap();
    let mut reader = Reader::open(Cursor::new(writer.get_ref().clone())).unwrap();
    let found = reader.marks().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].at_us, found[0].mark.as_ref()), (Some(7), Some(&mark)));
}
